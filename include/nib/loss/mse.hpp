// MseLoss: the mean of the squared errors over all numbers of the batch; torch.nn.MSELoss.
//
//   loss = 1/(B C) sum of (y - targets)^2     y, targets: [B, C]
//
// Other reductions and weights of examples: loss/reduction.hpp.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/loss/reduction.hpp>

#include <span>

namespace nib::inline NIB_ABI {

struct MseLoss {
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = MatrixView<const T>;

    template <class T>
    double value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights = {}) const {
        return detail::reduced_sum(reduction, y, targets, weights,
                                   [](double output, double target) { return (output - target) * (output - target); });
    }

    // dy = 2 (y - targets) / (B C).
    template <class T>
    void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const {
        detail::reduced_gradient(reduction, y, targets, dy, weights,
                                 [](T output, T target, T scale) { return 2 * scale * (output - target); });
    }
};

}  // namespace nib::inline NIB_ABI
