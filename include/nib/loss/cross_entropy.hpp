// CrossEntropyLoss: NllLoss of log_softmax(x), for a network that ends in logits x; torch.nn.CrossEntropyLoss.
//
//   loss = 1/B sum over b of log(sum over c of exp(x[b, c])) - x[b, target[b]]     x: [B, C], targets: [B] in 0..C-1
//
// Stable for every finite x, and the same to the bit as NllLoss behind a LogSoftmax.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/loss/nll.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

struct CrossEntropyLoss {
    template <class T>
    using Targets = std::span<const int>;

    template <class T>
    static double value(MatrixView<const T> x, std::span<const int> targets) {
        assert(x.rows() == targets.size() && x.rows() > 0);
        double sum = 0;
        for (std::size_t b = 0; b < x.rows(); ++b) {
            const detail::LogSum<T> parts = detail::log_sum<T>(x.row(b));
            sum -= static_cast<double>((x(b, static_cast<std::size_t>(targets[b])) - parts.largest) - parts.rest);
        }
        return sum / static_cast<double>(x.rows());
    }

    // dx = (softmax(x) - onehot(targets)) / B.
    template <class T>
    static void gradient(MatrixView<const T> x, std::span<const int> targets, MatrixView<T> dx) {
        log_softmax<T>(x, dx);
        NllLoss::gradient_through<T>(dx, targets, dx);
    }
};

}  // namespace nib::inline NIB_ABI
