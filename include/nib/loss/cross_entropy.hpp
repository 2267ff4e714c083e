// CrossEntropyLoss: NllLoss of log_softmax(x), for a network that ends in logits x; torch.nn.CrossEntropyLoss.
//
//   loss = 1/B sum over b of log(sum over c of exp(x[b, c])) - x[b, target[b]]     x: [B, C], targets: [B] in 0..C-1
//
// Stable for every finite x, and the same to the bit as NllLoss behind a LogSoftmax. The options are NllLoss's, too:
//
//   CrossEntropyLoss{.class_weights = {1, 5, 2}, .label_smoothing = 0.1, .reduction = nib::Reduction::sum}
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/loss/nll.hpp>
#include <nib/loss/reduction.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

struct CrossEntropyLoss {
    std::vector<double> class_weights = {};  // >= 0; empty: 1 for each class
    double label_smoothing = 0;              // in [0, 1]
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = std::span<const int>;
    static constexpr bool needs_logits = true;

    template <class T>
    double value(MatrixView<const T> x, std::span<const int> targets, std::span<const T> weights = {}) const {
        assert(x.rows() == targets.size() && x.rows() > 0);
        return options().value(x, targets, weights, [&](std::size_t b) { return detail::log_sum<T>(x.row(b)); });
    }

    // dx = (softmax(x) - onehot(targets)) / B.
    template <class T>
    void gradient(MatrixView<const T> x, std::span<const int> targets, MatrixView<T> dx,
                  std::span<const T> weights = {}) const {
        log_softmax<T>(x, dx);
        if (options().is_plain(weights.empty()))
            NllLoss{}.gradient_through<T>(dx, targets, dx);
        else
            options().gradient<T>(dx, targets, dx, weights, true);
    }

    // Fails where the options do not suit a network of so many outputs.
    void check_options(std::size_t outputs) const { detail::check_class_loss("CrossEntropyLoss", options(), outputs); }

private:
    detail::ClassLoss options() const { return {class_weights, label_smoothing, reduction}; }
};

}  // namespace nib::inline NIB_ABI
