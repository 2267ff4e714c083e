// GELU: y = x Phi(x), where Phi is the normal distribution's: (1 + erf(x / sqrt(2))) / 2. GELUTanh: its approximation
// y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. Both element by element; torch.nn.GELU, by default and with
// approximate="tanh" (Hendrycks & Gimpel 2016).  x, y: [B, F] for any F.
#pragma once

#include <nib/layers/elementwise.hpp>

#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct GELU : Elementwise<GELU> {
    static constexpr double sqrt_half = 0.70710678118654752440;
    static constexpr double density = 0.39894228040143267794;  // of the normal distribution at 0: 1 / sqrt(2 pi)

    template <class V>
    static V value(const V& x) {
        return 0.5 * x * (1 + erf(sqrt_half * x));
    }
    template <class V>
    static V derivative(const V& x) {
        return 0.5 * (1 + erf(sqrt_half * x)) + density * x * exp(-0.5 * x * x);
    }

    template <class List = std::vector<Operator>>
    static List operators();
};

struct GELUTanh : Elementwise<GELUTanh> {
    static constexpr double scale = 0.79788456080286535588;  // sqrt(2 / pi)
    static constexpr double cubic = 0.044715;

    // (1 + tanh(u)) / 2 is sigmoid(2 u), which keeps its digits far below 0.
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(twice_inner(x));
    }
    template <class V>
    static V derivative(const V& x) {
        const V bounded = smaller(larger(x, -30), 30);  // beyond, it is 0 and 1; and nothing overflows
        const V u = twice_inner(bounded);
        const V slope = 2 * scale * (1 + 3 * cubic * bounded * bounded);
        return sigmoid(u) * (1 + bounded * slope * sigmoid(-u));
    }

    static std::string description() { return "GELU(approximate=tanh)"; }
    template <class List = std::vector<Operator>>
    static List operators();

private:
    template <class V>
    static V twice_inner(const V& x) {
        return 2 * scale * x * (1 + cubic * x * x);
    }
};

template <class List>
List GELU::operators() {
    return {{"Constant", {}, {"sqrt_half"}, {{"value_float", sqrt_half}}},
            {"Constant", {}, {"half"}, {{"value_float", 0.5}}},
            {"Mul", {"x", "sqrt_half"}, {"scaled"}},
            {"Erf", {"scaled"}, {"erf"}},
            {"Mul", {"erf", "half"}, {"half_erf"}},
            {"Add", {"half_erf", "half"}, {"phi"}},
            {"Mul", {"x", "phi"}, {"y"}}};
}

template <class List>
List GELUTanh::operators() {
    return {{"Constant", {}, {"scale"}, {{"value_float", 2 * scale}}},
            {"Constant", {}, {"cubic"}, {{"value_float", cubic}}},
            {"Constant", {}, {"one"}, {{"value_float", 1.0}}},
            {"Mul", {"x", "x"}, {"square"}},
            {"Mul", {"square", "cubic"}, {"cubic_square"}},
            {"Add", {"cubic_square", "one"}, {"bent"}},
            {"Mul", {"x", "bent"}, {"inner"}},
            {"Mul", {"inner", "scale"}, {"twice"}},
            {"Sigmoid", {"twice"}, {"phi"}},
            {"Mul", {"x", "phi"}, {"y"}}};
}

}  // namespace nib::inline NIB_ABI
