#include <nib/layers/prelu.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cstddef>
#include <vector>

TEST_CASE_TEMPLATE("PReLU is x above 0 and the weight's part of it below, and its weight begins at 0.25", T, float,
                   double) {
    static_assert(nib::Layer<nib::PReLU, T>);
    nib::Rng rng{1};
    T weight = 0;
    nib::PReLU::initialize<T>({&weight, 1}, {5, 5}, rng);
    CHECK(weight == T{0.25});
    const nib::Matrix<T> x = reference::random_matrix<T>(5, 19, rng, 0.1);
    nib::Matrix<T> y(5, 19);
    nib::Pass<T> pass;
    pass.parameters = {&weight, 1};
    reference::for_each_isa([&](nib::Isa) {
        nib::PReLU::forward(pass, x.view(), y.view());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const T value = x.values()[i];
            CHECK(y.values()[i] == (value > 0 ? value : value / 4));
        }
    });
}

TEST_CASE("central differences confirm the gradients of PReLU") {
    nib::Rng rng{2};
    for (const std::size_t cols : reference::Sizes{1, 21, 32}) {
        nib::Matrix<double> x = reference::random_matrix<double>(6, cols, rng);
        for (double& value : x.values()) value += value < 0 ? -0.1 : 0.1;
        reference::for_each_isa([&](nib::Isa) {
            const auto errors = reference::gradient_errors<nib::PReLU>(x, cols, rng);
            CHECK(errors.by_inputs < 1e-7);
            CHECK(errors.by_parameters < 1e-7);
        });
    }
    CHECK(nib::PReLU::tensors({4, 4})[0].shape == std::vector<std::size_t>{1});
}
