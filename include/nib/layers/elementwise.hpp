// Elementwise<Rule> turns an activation's rule into a layer. A rule is its value and its derivative, written over a
// SIMD vector V: where(x > 0, a, b) stands for `if` and `?:`, and kernels/lanes.hpp lists the functions of vectors.
//
//   struct Softsign : nib::Elementwise<Softsign> {  // y = x / (1 + |x|)
//       template <class V>
//       static V value(const V& x) { return x / (1 + abs(x)); }
//       template <class V>
//       static V derivative(const V& x) { return 1 / ((1 + abs(x)) * (1 + abs(x))); }
//   };
//
// x, y: [B, F] for any F. The rule is compiled for every instruction set, and its bits do not depend on where a number
// stands. It runs over rows that the layer before has just finished, while they are in the cache.
//
// Where the derivative is as simple in terms of y = value(x), tell it by that: the input need not be kept, and the
// layer runs in place. A derivative of 1 or 0 may be a comparison; the gradient 0 is then 0 whatever flows in:
//
//   struct Threshold : nib::Elementwise<Threshold> {
//       template <class V>
//       static V value(const V& x) { return where(x > 0.5, x, 0); }
//       template <class V>
//       static auto derivative_from_output(const V& y) { return y > 0.5; }
//   };
//
// save_onnx asks for operators() (layers/layer.hpp; silu.hpp is an example).
#pragma once

#include <nib/kernels/detail/elementwise.hpp>
#include <nib/layers/layer.hpp>

namespace nib::inline NIB_ABI {

template <class Rule>
struct Elementwise {
    using self = Rule;  // a layer derived from an activation has functions of its own
    static constexpr bool backward_reads_output = kernels::derives_from_output<Rule>;
    static constexpr bool backward_reads_input = !backward_reads_output;
    static constexpr bool runs_in_place = backward_reads_output;
    static constexpr Sharing sharing = Sharing::elements;

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
