// Sigmoid: y = 1 / (1 + exp(-x)), element by element; torch.nn.Sigmoid.  x, y: [B, F] for any F.
#pragma once

#include <nib/layers/elementwise.hpp>

#include <vector>

namespace nib::inline NIB_ABI {

struct Sigmoid : Elementwise<Sigmoid> {
    template <class V>
    static V value(const V& x) {
        return sigmoid(x);
    }
    template <class V>
    static V derivative_from_output(const V& y) {
        return y * (1 - y);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Sigmoid", {"x"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI
