// Elementwise<Rule> turns an activation's rule into a layer (kernels/detail/elementwise.hpp lists what a rule may
// have). V is a SIMD vector: write where(x > 0, a, b) instead of `if` and `?:`. kernels/lanes.hpp lists the functions
// of vectors.
//
//   struct Swish : nib::Elementwise<Swish> {  // y = x sigmoid(x)
//       template <class V>
//       static V value(const V& x) { return x * sigmoid(x); }
//       template <class V>
//       static V derivative(const V& x) {
//           const V s = sigmoid(x);
//           return s + x * s * (1 - s);
//       }
//   };
//
// x, y: [B, F] for any F. It runs over rows that the layer before has just finished, while they are in the cache, with
// the best instruction set of the machine. A rule whose derivative is simpler in terms of the output has
// derivative_from_output(y) instead, and runs in place. save_onnx asks for operators() (layers/layer.hpp; silu.hpp is
// an example).
#pragma once

#include <nib/kernels/detail/elementwise.hpp>
#include <nib/layers/layer.hpp>

namespace nib::inline NIB_ABI {

template <class Rule>
struct Elementwise {
    static constexpr bool backward_reads_output = kernels::derives_from_output<Rule>;
    static constexpr bool backward_reads_input = !backward_reads_output;
    static constexpr bool runs_in_place = backward_reads_output;

    template <class T>
    static void forward(const Pass<T>& /*pass*/, MatrixView<const T> x, MatrixView<T> y) {
        kernels::map<Rule>(x.values(), y.values());
    }

    template <class T>
    static void backward_input(const Pass<T>& /*pass*/, [[maybe_unused]] MatrixView<const T> x,
                               [[maybe_unused]] MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx) {
        if constexpr (backward_reads_output)
            kernels::map_gradient<Rule>(y.values(), dy.values(), dx.values());
        else
            kernels::map_gradient<Rule>(x.values(), dy.values(), dx.values());
    }
};

}  // namespace nib::inline NIB_ABI
