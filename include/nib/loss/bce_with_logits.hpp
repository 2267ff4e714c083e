// BceWithLogitsLoss: the binary cross-entropy of independent binary targets, for a network that ends in logits y;
// torch.nn.BCEWithLogitsLoss.
//
//   loss = -1/(B C) sum of p t log(sigmoid(y)) + (1 - t) log(1 - sigmoid(y))     y, targets t in [0, 1]: [B, C]
//
// p, the weight of positive targets, is 1 unless pos_weight has a number for each column. Stable for every finite y.
// Targets outside [0, 1] are not refused; the loss then has no lower bound. Other reductions and weights of examples:
// loss/reduction.hpp.
#pragma once

#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/text.hpp>
#include <nib/loss/reduction.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct BceWithLogitsLoss {
    std::vector<double> pos_weight = {};  // > 0; empty: 1 for each column
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = MatrixView<const T>;
    static constexpr bool needs_logits = true;

    template <class T>
    double value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights = {}) const;

    // dy = ((1 - t + p t) sigmoid(y) - p t) / (B C).
    template <class T>
    void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const;

    // Fails unless there are no weights or one for each output, finite and above 0.
    void check_options(std::size_t outputs) const {
        if (!pos_weight.empty() && pos_weight.size() != outputs)
            fail({"BceWithLogitsLoss: expected ", outputs,
                  " numbers as pos_weight, one for each of the network's outputs, found ", pos_weight.size()});
        for (const double weight : pos_weight)
            if (!is_finite(weight) || !(weight > 0))
                fail({"BceWithLogitsLoss: expected finite numbers above 0 as pos_weight, found ",
                      format_shortest(weight)});
    }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/lanes.hpp>

#include <cassert>

namespace nib::inline NIB_ABI {

namespace detail {

// losses = (1 - t) x + (1 - t + p t) log(1 + exp(-x)), where that logarithm is log(1 + exp(-|x|)) + max(-x, 0).
struct BceValues {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* x, const T* targets, const T* p, T* losses, std::size_t size) {
        kernels::for_each_vector<V, 1>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            const V logit = V::load(x + i, count), t = V::load(targets + i, count), no = 1 - t;
            const V logarithm = log1p(exp(-magnitude(logit))) + larger(-logit, 0);
            fma(fma(V::load(p + i, count), t, no), logarithm, no * logit).store(losses + i, count);
        });
    }
};

struct BceGradient {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* x, const T* targets, const T* p, T scale, T* dx, std::size_t size) {
        kernels::for_each_vector<V, 1>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            const V t = V::load(targets + i, count), yes = V::load(p + i, count) * t;
            const V y = sigmoid(V::load(x + i, count));
            (fma(1 - t + yes, y, -yes) * scale).store(dx + i, count);
        });
    }
};

// Calls f(first, count, p) for pieces of `count` numbers of a matrix from `first` on, p: their answers' weights.
template <class T, class F>
void for_each_bce_piece(std::span<const double> pos_weight, std::size_t cols, std::size_t first, std::size_t count,
                        const F& f) {
    constexpr std::size_t piece = 256;
    T p[piece];
    fill_values(p, piece, T{1});
    for (const std::size_t end = first + count; first < end;) {
        std::size_t part = smaller(piece, end - first);
        if (!pos_weight.empty()) {
            part = smaller(part, cols - first % cols);
            for (std::size_t i = 0; i < part; ++i) p[i] = static_cast<T>(pos_weight[first % cols + i]);
        }
        f(first, part, p);
        first += part;
    }
}

}  // namespace detail

template <class T>
double BceWithLogitsLoss::value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights) const {
    assert(y.rows() == targets.rows() && y.cols() == targets.cols() && !y.empty());
    double sum = 0;
    detail::for_each_weight(y.rows(), y.cols(), weights, [&](std::size_t row, std::size_t numbers, double weight) {
        if (weight == 0) return;
        const auto add = [&](std::size_t first, std::size_t count, const T* p) {
            T losses[256];
            kernels::run_lanes<detail::BceValues, T>(y.data() + first, targets.data() + first, p, losses, count);
            sum +=
                weight * detail::sum_of_numbers(count, [&](std::size_t i) { return static_cast<double>(losses[i]); });
        };
        detail::for_each_bce_piece<T>(pos_weight, y.cols(), row, numbers, add);
    });
    return detail::divided(sum, detail::reduction_divisor(reduction, y.rows(), y.cols(), weights));
}

template <class T>
void BceWithLogitsLoss::gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                                 std::span<const T> weights) const {
    assert(y.rows() == targets.rows() && y.cols() == targets.cols() && y.size() == dy.size());
    const double divisor = detail::reduction_divisor(reduction, y.rows(), y.cols(), weights);
    detail::for_each_weight(y.rows(), y.cols(), weights, [&](std::size_t row, std::size_t numbers, double weight) {
        if (weight == 0) return fill_values(dy.data() + row, numbers, T{0});
        const T scale = static_cast<T>(detail::divided(weight, divisor));
        const auto write = [&](std::size_t first, std::size_t count, const T* p) {
            kernels::run_lanes<detail::BceGradient, T>(y.data() + first, targets.data() + first, p, scale,
                                                       dy.data() + first, count);
        };
        detail::for_each_bce_piece<T>(pos_weight, y.cols(), row, numbers, write);
    });
}

}  // namespace nib::inline NIB_ABI

#endif
