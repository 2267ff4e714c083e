// ELU<Alpha>: y = x where x > 0, else Alpha (exp(x) - 1), element by element; torch.nn.ELU (Clevert et al. 2016).
// x, y: [B, F] for any F.
//
// The derivative is taken from x: by y, which is close to -Alpha far below 0, it would lose its digits.
#pragma once

#include <nib/core/detail/constant.hpp>
#include <nib/layers/elementwise.hpp>

#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {
std::string elu_description(double alpha);
}  // namespace detail

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

    static std::string description() { return detail::elu_description(Alpha.value()); }
    static std::vector<Operator> operators() { return {{"Elu", {"x"}, {"y"}, {{"alpha", Alpha.value()}}}}; }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/text.hpp>

namespace nib::inline NIB_ABI {

NIB_API std::string detail::elu_description(double alpha) { return "ELU(alpha=" + format_shortest(alpha) + ")"; }

}  // namespace nib::inline NIB_ABI

#endif
