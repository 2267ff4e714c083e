// ELU<Alpha>: y = x where x > 0, else Alpha (exp(x) - 1), element by element; torch.nn.ELU (Clevert et al. 2016).
// x, y: [B, F] for any F.
//
// The derivative is taken from x: by y, which is close to -Alpha far below 0, it would lose its digits.
#pragma once

#include <nib/core/detail/constant.hpp>
#include <nib/core/text.hpp>
#include <nib/layers/elementwise.hpp>

#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

template <Constant Alpha = 1.0>
struct ELU : Elementwise<ELU<Alpha>> {
    template <class V>
    static V value(const V& x) {
        return where(x > 0, x, Alpha.value() * expm1(x));
    }
    template <class V>
    static V derivative(const V& x) {
        return where(x > 0, 1, Alpha.value() * exp(x));
    }

    static std::string description() { return "ELU(alpha=" + format_shortest(Alpha.value()) + ")"; }
    static std::vector<Operator> operators() { return {{"Elu", {"x"}, {"y"}, {{"alpha", Alpha.value()}}}}; }
};

}  // namespace nib::inline NIB_ABI
