#include <nib/layers/elu.hpp>

#include "activation.hpp"

TEST_CASE("ELU is x above 0 and alpha (exp(x) - 1) below") {
    reference::check_activation<nib::ELU<>>([](long double x) { return x > 0 ? x : std::expm1(x); },
                                            [](long double x) { return x > 0 ? 1 : std::exp(x); });
    reference::check_activation<nib::ELU<0.3>>([](long double x) { return x > 0 ? x : 0.3L * std::expm1(x); },
                                               [](long double x) { return x > 0 ? 1 : 0.3L * std::exp(x); });
    CHECK(nib::ELU<>::description() == "ELU(alpha=1)");
    CHECK(nib::ELU<0.3>::operators()[0].attributes[0].numbers[0] == 0.3);
}

TEST_CASE("ELU's derivative keeps its digits far below 0") {
    nib::Matrix<float> x(1, 1), dy(1, 1), dx(1, 1);
    x(0, 0) = -40;
    dy(0, 0) = 1;
    nib::ELU<>::backward_input<float>({}, x.view(), {}, dy.view(), dx.view());
    CHECK(static_cast<double>(dx(0, 0)) == doctest::Approx(std::exp(-40.0)).epsilon(1e-6).scale(0));
}
