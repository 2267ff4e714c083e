// Tanh: y = tanh(x), element by element.  x, y: [B, F] for any F.
#pragma once

#include <nib/layers/elementwise.hpp>

namespace nib::inline NIB_ABI {

struct Tanh : Elementwise<Tanh> {
    template <class V>
    static V value(const V& x) {
        return tanh(x);
    }
    template <class V>
    static V derivative_from_output(const V& y) {
        return fma(-y, y, 1);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Tanh", {"x"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI
