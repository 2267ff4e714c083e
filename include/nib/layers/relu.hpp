// ReLU: y = max(x, 0), element by element.  x, y: [B, F] for any F. NaN stays NaN.
//
// After a Dense layer it costs nothing: a Sequential folds it into the matrix product.
#pragma once

#include <nib/kernels/elementwise.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

struct ReLU {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T> /*parameters*/, MatrixView<const T> x, MatrixView<T> y) {
        kernels::relu<T>(x.values(), y.values());
    }

    // dx = dy where y > 0, else 0; dy where y is NaN. x is not looked at: where ReLU was folded into a product, there
    // is none.
    template <class T>
    static void backward(std::span<const T> /*parameters*/, MatrixView<const T> /*x*/, MatrixView<const T> y,
                         MatrixView<const T> dy, MatrixView<T> dx, std::span<T> /*dparameters*/) {
        kernels::relu_gradient<T>(y.values(), dy.values(), dx.values());
    }

    static std::vector<OnnxOperator> operators();
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI {

NIB_API std::vector<OnnxOperator> ReLU::operators() { return {{"Relu", {"x"}, {"y"}}}; }

}  // namespace nib::inline NIB_ABI

#endif
