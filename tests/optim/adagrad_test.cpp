#include <nib/optim/adagrad.hpp>

#include "torch_optim.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <span>
#include <string_view>

TEST_CASE_TEMPLATE("Adagrad is torch.optim.Adagrad", T, float, double) {
    support::check_like_torch<nib::Adagrad, T>("adagrad", nib::AdagradOptions{});
    support::check_like_torch<nib::Adagrad, T>("adagrad_all", nib::AdagradOptions{.learning_rate = 0.1,
                                                                                  .lr_decay = 0.2,
                                                                                  .weight_decay = 0.1,
                                                                                  .initial_accumulator_value = 0.5,
                                                                                  .epsilon = 1e-5});
}

TEST_CASE("a parameter that was frozen at the first step begins with the initial accumulator value, too") {
    nib::Adagrad<double> adagrad{std::size_t{2}, {.learning_rate = 1, .initial_accumulator_value = 3}};
    double parameters[2] = {};
    const double gradients[] = {1, 1};
    const nib::Range second{1, 1};
    adagrad.freeze({&second, 1});
    adagrad.step(std::span{parameters}, std::span{gradients});
    adagrad.unfreeze({&second, 1});
    adagrad.step(std::span{parameters}, std::span{gradients});
    CHECK(adagrad.state(0)[0] == 5);
    CHECK(adagrad.state(0)[1] == 4);
    CHECK(parameters[1] == doctest::Approx(-0.5));
}

TEST_CASE("Adagrad's options and states are PyTorch's, and checked") {
    const nib::Sequential<nib::Dense<5, 3>> net;
    const nib::Adagrad optimizer{net};
    CHECK(optimizer.options().learning_rate == 0.01);
    CHECK(optimizer.state_names()[0] == std::string_view("sum"));
    const auto error = [&](const nib::AdagradOptions& options) {
        return support::error_of([&] { nib::Adagrad{net, options}; });
    };
    CHECK(error({.learning_rate = -1}) == "Adagrad: expected a learning rate of at least 0");
    CHECK(error({.lr_decay = -1}) == "Adagrad: expected an lr_decay of at least 0");
    CHECK(error({.weight_decay = -1}) == "Adagrad: expected a weight decay of at least 0");
    CHECK(error({.initial_accumulator_value = -1}) == "Adagrad: expected an initial_accumulator_value of at least 0");
    CHECK(error({.epsilon = 0}) == "Adagrad: expected an epsilon above 0");
}
