// ReLU: y = max(x, 0), element by element.  x, y: [B, F] for any F. NaN stays NaN, and dx is dy there, as in PyTorch.
#pragma once

#include <nib/layers/elementwise.hpp>

namespace nib::inline NIB_ABI {

struct ReLU : Elementwise<ReLU> {
    template <class V>
    static V value(const V& x) {
        return where(x < 0, 0, x);
    }
    template <class V>
    static auto derivative_from_output(const V& y) {
        return !(y <= 0);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Relu", {"x"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI
