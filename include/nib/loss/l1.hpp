// L1Loss: the mean of the absolute errors over all numbers of the batch; torch.nn.L1Loss.
//
//   loss = 1/(B C) sum of |y - targets|     y, targets: [B, C]
//
// Other reductions and weights of examples: loss/reduction.hpp.
#pragma once

#include <nib/core/detail/math.hpp>
#include <nib/core/matrix.hpp>
#include <nib/loss/reduction.hpp>

#include <span>

namespace nib::inline NIB_ABI {

struct L1Loss {
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = MatrixView<const T>;

    template <class T>
    double value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights = {}) const {
        return detail::reduced_sum(reduction, y, targets, weights,
                                   [](double output, double target) { return magnitude(output - target); });
    }

    // dy = sign(y - targets) / (B C), 0 where they are the same.
    template <class T>
    void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const {
        detail::reduced_gradient(reduction, y, targets, dy, weights, [](T output, T target, T scale) {
            return scale * static_cast<T>(int{output > target} - int{output < target});
        });
    }
};

}  // namespace nib::inline NIB_ABI
