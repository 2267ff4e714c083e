#include <nib/layers/gelu.hpp>

#include "activation.hpp"

TEST_CASE("GELU is x times the normal distribution's integral") {
    const auto phi = [](long double x) { return std::erfc(-x * std::sqrt(0.5L)) / 2; };
    reference::check_activation<nib::GELU>(
        [&](long double x) { return x * phi(x); },
        [&](long double x) { return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0L)); });
    CHECK(nib::GELU::operators().back().type == "Mul");
}

TEST_CASE("GELUTanh is its approximation by tanh") {
    const auto inner = [](long double x) { return std::sqrt(2 / std::acos(-1.0L)) * (x + 0.044715L * x * x * x); };
    reference::check_activation<nib::GELUTanh>(
        [&](long double x) { return x * reference::exact_sigmoid(2 * inner(x)); },
        [&](long double x) {
            const long double s = reference::exact_sigmoid(2 * inner(x)),
                              rest = reference::exact_sigmoid(-2 * inner(x));
            const long double slope = 2 * std::sqrt(2 / std::acos(-1.0L)) * (1 + 3 * 0.044715L * x * x);
            return s + x * s * rest * slope;
        });
    CHECK(nib::GELUTanh::description() == "GELU(approximate=tanh)");
}
