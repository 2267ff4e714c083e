// Softplus: y = log(1 + exp(x)), and x where x > 20, element by element; torch.nn.Softplus with its defaults.
// x, y: [B, F] for any F.
#pragma once

#include <nib/layers/elementwise.hpp>

#include <vector>

namespace nib::inline NIB_ABI {

struct Softplus : Elementwise<Softplus> {
    template <class V>
    static V value(const V& x) {
        return where(x > 20, x, log1p(exp(x)));
    }
    // The derivative sigmoid(x) is 1 - exp(-y).
    template <class V>
    static V derivative_from_output(const V& y) {
        return where(y > 20, 1, -expm1(-y));
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Softplus", {"x"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI
