#include <nib/layers/leaky_relu.hpp>

#include "activation.hpp"

TEST_CASE("LeakyReLU is x above 0 and a part of it below") {
    reference::check_activation<nib::LeakyReLU<>>([](long double x) { return x > 0 ? x : x * 0.01L; },
                                                  [](long double x) { return x > 0 ? 1 : 0.01L; });
    reference::check_activation<nib::LeakyReLU<0>>([](long double x) { return x > 0 ? x : 0; },
                                                   [](long double x) { return x > 0 ? 1 : 0; });
    CHECK(nib::LeakyReLU<>::description() == "LeakyReLU(negative_slope=0.01)");
    CHECK(nib::LeakyReLU<0.25>::operators()[0].attributes[0].numbers[0] == 0.25);
}
