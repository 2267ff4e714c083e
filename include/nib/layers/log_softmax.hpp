// LogSoftmax: y = x - log(sum(exp(x))), row by row.  x, y: [B, F] for any F; y holds the logarithms of probabilities.
// Stable for every finite x.
#pragma once

#include <nib/kernels/elementwise.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

struct LogSoftmax {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T> /*parameters*/, MatrixView<const T> x, MatrixView<T> y) {
        kernels::log_softmax<T>(x, y);
    }

    // dx = dy - softmax(x) sum(dy), with softmax(x) = exp(y).
    template <class T>
    static void backward(std::span<const T> /*parameters*/, MatrixView<const T> /*x*/, MatrixView<const T> y,
                         MatrixView<const T> dy, MatrixView<T> dx, std::span<T> /*dparameters*/) {
        kernels::log_softmax_gradient<T>(y, dy, dx);
    }

    static std::vector<OnnxOperator> operators();
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI {

NIB_API std::vector<OnnxOperator> LogSoftmax::operators() { return {{"LogSoftmax", {"x"}, {"y"}, {{"axis", 1}}}}; }

}  // namespace nib::inline NIB_ABI

#endif
