// MseLoss: the mean of the squared errors over all numbers of the batch; torch.nn.MSELoss.
//
//   loss = 1/(B C) sum of (y - targets)^2     y, targets: [B, C]
#pragma once

#include <nib/core/matrix.hpp>

#include <cassert>
#include <cstddef>

namespace nib::inline NIB_ABI {

struct MseLoss {
    template <class T>
    using Targets = MatrixView<const T>;

    template <class T>
    static double value(MatrixView<const T> y, MatrixView<const T> targets) {
        assert(y.rows() == targets.rows() && y.cols() == targets.cols() && !y.empty());
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double error = static_cast<double>(y.data()[i]) - static_cast<double>(targets.data()[i]);
            sum += error * error;
        }
        return sum / static_cast<double>(y.size());
    }

    // dy = 2 (y - targets) / (B C).
    template <class T>
    static void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy) {
        assert(y.rows() == targets.rows() && y.cols() == targets.cols() && y.size() == dy.size());
        const T scale = T{2} / static_cast<T>(y.size());
        for (std::size_t i = 0; i < y.size(); ++i) dy.data()[i] = scale * (y.data()[i] - targets.data()[i]);
    }
};

}  // namespace nib::inline NIB_ABI
