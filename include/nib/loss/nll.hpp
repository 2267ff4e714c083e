// NllLoss: the negative log-likelihood of the right classes, averaged over the batch; torch.nn.NLLLoss.
//
//   loss = -1/B sum over b of y[b, target[b]]     y: [B, C] log-probabilities, targets: [B] in 0..C-1
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/elementwise.hpp>
#include <nib/layers/log_softmax.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

struct NllLoss {
    template <class T>
    using Targets = std::span<const int>;
    using Through = LogSoftmax;
    static constexpr bool needs_log_probabilities = true;

    template <class T>
    static double value(MatrixView<const T> y, std::span<const int> targets) {
        assert(y.rows() == targets.size() && y.rows() > 0);
        double sum = 0;
        for (std::size_t b = 0; b < y.rows(); ++b) sum -= static_cast<double>(y(b, index(targets[b])));
        return sum / static_cast<double>(y.rows());
    }

    template <class T>
    static void gradient(MatrixView<const T> y, std::span<const int> targets, MatrixView<T> dy) {
        assert(y.rows() == targets.size() && y.rows() == dy.rows() && y.cols() == dy.cols());
        fill_values(dy.data(), dy.size(), T{0});
        for (std::size_t b = 0; b < y.rows(); ++b) dy(b, index(targets[b])) = T{-1} / static_cast<T>(y.rows());
    }

    // dx = (softmax(x) - onehot(targets)) / B, where y = log_softmax(x). y and dx may be the same.
    template <class T>
    static void gradient_through(MatrixView<const T> y, std::span<const int> targets, MatrixView<T> dx) {
        assert(y.rows() == targets.size() && y.rows() == dx.rows() && y.cols() == dx.cols());
        const T scale = T{1} / static_cast<T>(y.rows());
        kernels::scaled_exponentials<T>(y.values(), scale, dx.values());
        for (std::size_t b = 0; b < y.rows(); ++b) dx(b, index(targets[b])) -= scale;
    }

private:
    static std::size_t index(int target) { return static_cast<std::size_t>(target); }
};

}  // namespace nib::inline NIB_ABI
