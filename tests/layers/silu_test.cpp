#include <nib/layers/silu.hpp>

#include "activation.hpp"

TEST_CASE("SiLU is x sigmoid(x)") {
    reference::check_activation<nib::SiLU>(
        [](long double x) { return x * reference::exact_sigmoid(x); },
        [](long double x) { return reference::exact_sigmoid(x) * (1 + x * reference::exact_sigmoid(-x)); });
    CHECK(nib::SiLU::operators().size() == 2);
}
