#include <nib/layers/softplus.hpp>

#include "activation.hpp"

TEST_CASE("Softplus is log(1 + exp(x)), and x above 20") {
    reference::check_activation<nib::Softplus>([](long double x) { return x > 20 ? x : std::log1p(std::exp(x)); },
                                               [](long double x) { return x > 20 ? 1 : reference::exact_sigmoid(x); });
    CHECK(nib::Softplus::operators()[0].type == "Softplus");
}

TEST_CASE("Softplus keeps its digits, and so does its derivative, far below 0") {
    nib::Matrix<float> x(1, 1), y(1, 1), dy(1, 1), dx(1, 1);
    x(0, 0) = -40;
    dy(0, 0) = 1;
    nib::Softplus::forward<float>({}, x.view(), y.view());
    nib::Softplus::backward_input<float>({}, x.view(), y.view(), dy.view(), dx.view());
    CHECK(static_cast<double>(y(0, 0)) == doctest::Approx(std::exp(-40.0)).epsilon(1e-6).scale(0));
    CHECK(static_cast<double>(dx(0, 0)) == doctest::Approx(std::exp(-40.0)).epsilon(1e-6).scale(0));
}
