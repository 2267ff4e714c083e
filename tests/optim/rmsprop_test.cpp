#include <nib/optim/rmsprop.hpp>

#include "torch_optim.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

TEST_CASE_TEMPLATE("RmsProp is torch.optim.RMSprop", T, float, double) {
    const auto check = [](const char* name, const nib::RmsPropOptions& options) {
        support::check_like_torch<nib::RmsProp, T>(name, options);
    };
    check("rmsprop", {});
    check("rmsprop_momentum",
          {.learning_rate = 0.003, .alpha = 0.9, .epsilon = 1e-4, .momentum = 0.9, .weight_decay = 0.1});
    check("rmsprop_centered", {.learning_rate = 0.02, .centered = true});
    check("rmsprop_all",
          {.learning_rate = 0.003, .alpha = 0.8, .momentum = 0.7, .centered = true, .weight_decay = 0.1});

    // Averages without gradients never become subnormal.
    const std::vector<T> gradients(8);
    std::vector<T> parameters(8);
    nib::RmsProp<T> optimizer{8, {.alpha = 0.5, .momentum = 0.5, .centered = true}};
    const std::vector<T> ones(8, T{1});
    const std::span<const T> states[] = {ones, ones, ones};
    optimizer.restore(1, states);
    for (int step = 0; step < 1200; ++step) {
        optimizer.step(std::span<T>{parameters}, gradients);
        for (const std::size_t s : {0u, 1u, 2u})
            for (const T x : optimizer.state(s)) REQUIRE((x == 0 || std::abs(x) >= std::numeric_limits<T>::min()));
    }
}

TEST_CASE("RmsProp's options and states are PyTorch's, and checked") {
    const nib::Sequential<nib::Dense<5, 3>> net;
    const nib::RmsProp optimizer{net};
    CHECK(optimizer.options().learning_rate == 0.01);
    CHECK(optimizer.state_names()[0] == std::string_view("square_avg"));
    CHECK(optimizer.state_names()[1] == std::string_view("momentum_buffer"));
    CHECK(optimizer.state_names()[2] == std::string_view("grad_avg"));
    const auto error = [&](const nib::RmsPropOptions& options) {
        return support::error_of([&] { nib::RmsProp{net, options}; });
    };
    CHECK(error({.learning_rate = -1}) == "RmsProp: expected a learning rate of at least 0");
    CHECK(error({.alpha = 1}) == "RmsProp: expected an alpha in [0, 1)");
    CHECK(error({.epsilon = 0}) == "RmsProp: expected an epsilon above 0");
    CHECK(error({.momentum = -1}) == "RmsProp: expected a momentum of at least 0");
    CHECK(error({.weight_decay = -1}) == "RmsProp: expected a weight decay of at least 0");
}
