// SiLU: y = x sigmoid(x), element by element, which is also called Swish; torch.nn.SiLU (Elfwing et al. 2018).
// x, y: [B, F] for any F.
#pragma once

#include <nib/layers/elementwise.hpp>

#include <vector>

namespace nib::inline NIB_ABI {

struct SiLU : Elementwise<SiLU> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    // sigmoid(-x) in place of 1 - sigmoid(x), which loses its digits far above 0.
    template <class V>
    static V derivative(const V& x) {
        return sigmoid(x) * fma(x, sigmoid(-x), 1);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI
