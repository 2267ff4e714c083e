#include <nib/layers/tanh.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

namespace {

using nib::Matrix;
using nib::Tanh;

}  // namespace

TEST_CASE("Tanh has no parameters, keeps the shape of its input, and runs in place") {
    static_assert(nib::Layer<Tanh> && nib::Layer<Tanh, double> && !nib::SizedLayer<Tanh>);
    static_assert(Tanh::runs_in_place && !Tanh::backward_reads_input && Tanh::backward_reads_output);
    CHECK(Tanh::operators()[0].type == "Tanh");
}

TEST_CASE_TEMPLATE("Tanh is std::tanh", T, float, double) {
    nib::Rng rng{1};
    Matrix<T> x = reference::random_matrix<T>(5, 19, rng), y(5, 19);
    for (T& value : x.values()) value *= 5;
    reference::for_each_isa([&](nib::Isa) {
        Tanh::forward(nib::Pass<T>{}, std::as_const(x).view(), y.view());
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(static_cast<double>(y.values()[i]) ==
                  doctest::Approx(std::tanh(static_cast<double>(x.values()[i]))).epsilon(2e-7).scale(0));
    });
}

TEST_CASE("central differences confirm the gradient of Tanh") {
    nib::Rng rng{2};
    Matrix<double> x = reference::random_matrix<double>(6, 21, rng);
    for (double& value : x.values()) value *= 3;
    reference::for_each_isa([&](nib::Isa) { CHECK(reference::gradient_errors<Tanh>(x, 21, rng).by_inputs < 1e-7); });
}
