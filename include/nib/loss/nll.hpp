// NllLoss: the negative log-likelihood of the right classes, averaged over the batch; torch.nn.NLLLoss.
//
//   loss = -1/B sum over b of y[b, target[b]]     y: [B, C] log-probabilities, targets: [B] in 0..C-1
//
//   NllLoss{.class_weights = {1, 5, 2}, .label_smoothing = 0.1, .reduction = nib::Reduction::sum}
//
// With class weights w and label smoothing s (other reductions and weights of examples: loss/reduction.hpp), the
// formula of torch.nn.CrossEntropyLoss:
//
//   loss = sum over b of l[b] / sum over b of w[target[b]]
//   l[b] = -(1 - s) w[target[b]] y[b, target[b]] - s/C sum over c of w[c] y[b, c]
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/elementwise.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/loss/reduction.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// A loss of classes by its options, once for NllLoss and CrossEntropyLoss. Out of the way of a loss without options,
// which asks once for a batch whether it has any.
struct ClassLoss {
    const std::vector<double>& class_weights;
    double label_smoothing;
    Reduction reduction;

    bool is_plain(bool unweighted) const {
        return unweighted && class_weights.empty() && label_smoothing == 0 && reduction == Reduction::mean;
    }

    // sum_of(b): what is taken from the numbers of row b to make log-probabilities of them.
    template <class T, class Logarithms>
    [[gnu::noinline, gnu::cold]] double value(MatrixView<const T> x, std::span<const int> targets,
                                              std::span<const T> weights, const Logarithms& sum_of) const {
        double total = 0;
        for (std::size_t b = 0; b < x.rows(); ++b) {
            const double weight = weights.empty() ? 1 : static_cast<double>(weights[b]);
            if (weight == 0) continue;
            const LogSum<T> parts = sum_of(b);
            const auto log_probability = [&](std::size_t c) {
                return static_cast<double>((x(b, c) - parts.largest) - parts.rest);
            };
            const std::size_t target = static_cast<std::size_t>(targets[b]);
            double loss = (1 - label_smoothing) * weight_of(target) * log_probability(target);
            for (std::size_t c = 0; label_smoothing > 0 && c < x.cols(); ++c)
                loss += label_smoothing / static_cast<double>(x.cols()) * weight_of(c) * log_probability(c);
            total -= weight * loss;
        }
        return divided(total, divisor(targets, weights));
    }

    // By the log-probabilities y, or through a last log-softmax by its inputs. y and d may be the same.
    template <class T>
    [[gnu::noinline, gnu::cold]] void gradient(MatrixView<const T> y, std::span<const int> targets, MatrixView<T> d,
                                               std::span<const T> weights, bool through) const {
        if (through)
            kernels::scaled_exponentials<T>(y.values(), T{1}, d.values());
        else
            fill_values(d.data(), d.size(), T{0});
        const double total = divisor(targets, weights), smoothing = label_smoothing / static_cast<double>(y.cols());
        double sum = 0;  // of all class weights
        for (std::size_t c = 0; c < y.cols(); ++c) sum += weight_of(c);
        for (std::size_t b = 0; b < y.rows(); ++b) {
            const double weight = weights.empty() ? 1 : static_cast<double>(weights[b]);
            if (weight == 0) {
                fill_values(d.row(b).data(), d.cols(), T{0});
                continue;
            }
            const double scale = divided(weight, total);
            const std::size_t target = static_cast<std::size_t>(targets[b]);
            const double of_target = (1 - label_smoothing) * weight_of(target);
            const T factor = static_cast<T>(scale * (of_target + smoothing * sum));
            for (std::size_t c = 0; c < y.cols(); ++c)
                d(b, c) = factor * d(b, c) - static_cast<T>(scale * smoothing * weight_of(c));
            d(b, target) -= static_cast<T>(scale * of_target);
        }
    }

    double weight_of(std::size_t c) const { return class_weights.empty() ? 1 : class_weights[c]; }

    template <class T>
    double divisor(std::span<const int> targets, std::span<const T> weights) const {
        double mean = 0;
        for (std::size_t b = 0; b < targets.size(); ++b)
            mean += (weights.empty() ? 1 : static_cast<double>(weights[b])) *
                    weight_of(static_cast<std::size_t>(targets[b]));
        return reduction_divisor(reduction, mean, sum_of_weights(weights, targets.size()));
    }
};

// Fails unless there are no class weights or one for each output, finite and not negative, and the smoothing lies in
// [0, 1].
void check_class_loss(const char* loss, const ClassLoss& options, std::size_t outputs);

}  // namespace detail

struct NllLoss {
    std::vector<double> class_weights = {};  // >= 0; empty: 1 for each class
    double label_smoothing = 0;              // in [0, 1]
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = std::span<const int>;
    using Through = LogSoftmax;
    static constexpr bool needs_log_probabilities = true;

    template <class T>
    double value(MatrixView<const T> y, std::span<const int> targets, std::span<const T> weights = {}) const {
        assert(y.rows() == targets.size() && y.rows() > 0);
        if (!is_plain(weights.empty()))
            return options().value(y, targets, weights, [](std::size_t) { return detail::LogSum<T>{}; });
        double sum = 0;
        for (std::size_t b = 0; b < y.rows(); ++b) sum -= static_cast<double>(y(b, index(targets[b])));
        return sum / static_cast<double>(y.rows());
    }

    template <class T>
    void gradient(MatrixView<const T> y, std::span<const int> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const {
        assert(y.rows() == targets.size() && y.rows() == dy.rows() && y.cols() == dy.cols());
        if (!is_plain(weights.empty())) return options().gradient(y, targets, dy, weights, false);
        fill_values(dy.data(), dy.size(), T{0});
        for (std::size_t b = 0; b < y.rows(); ++b) dy(b, index(targets[b])) = T{-1} / static_cast<T>(y.rows());
    }

    // dx = (softmax(x) - onehot(targets)) / B, where y = log_softmax(x). y and dx may be the same.
    template <class T>
    void gradient_through(MatrixView<const T> y, std::span<const int> targets, MatrixView<T> dx,
                          std::span<const T> weights = {}) const {
        assert(y.rows() == targets.size() && y.rows() == dx.rows() && y.cols() == dx.cols());
        if (!is_plain(weights.empty())) return options().gradient(y, targets, dx, weights, true);
        const T scale = T{1} / static_cast<T>(y.rows());
        kernels::scaled_exponentials<T>(y.values(), scale, dx.values());
        for (std::size_t b = 0; b < y.rows(); ++b) dx(b, index(targets[b])) -= scale;
    }

    // Fails where the options do not suit a network of so many outputs.
    void check_options(std::size_t outputs) const {
        if (!is_plain(true)) detail::check_class_loss("NllLoss", options(), outputs);
    }

private:
    bool is_plain(bool unweighted) const { return options().is_plain(unweighted); }
    detail::ClassLoss options() const { return {class_weights, label_smoothing, reduction}; }
    static std::size_t index(int target) { return static_cast<std::size_t>(target); }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <string>

namespace nib::inline NIB_ABI::detail {

NIB_API void check_class_loss(const char* loss, const ClassLoss& options, std::size_t outputs) {
    const std::size_t count = options.class_weights.size();
    if (count != 0 && count != outputs)
        fail({loss, ": expected ", outputs, " class weights, one for each of the network's outputs, found ", count});
    for (const double weight : options.class_weights)
        if (!is_finite(weight) || weight < 0)
            fail({loss, ": expected class weights that are finite and not negative, found ", format_shortest(weight)});
    if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
        fail({loss, ": expected a label smoothing in [0, 1], found ", format_shortest(options.label_smoothing)});
}

}  // namespace nib::inline NIB_ABI::detail

#endif
