#include <nib/layers/sigmoid.hpp>

#include "activation.hpp"

TEST_CASE("Sigmoid is 1 / (1 + exp(-x))") {
    reference::check_activation<nib::Sigmoid>(reference::exact_sigmoid, [](long double x) {
        return reference::exact_sigmoid(x) * reference::exact_sigmoid(-x);
    });
    CHECK(nib::Sigmoid::operators()[0].type == "Sigmoid");
}
