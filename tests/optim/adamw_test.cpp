#include <nib/optim/adamw.hpp>

#include "torch_optim.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <string_view>

TEST_CASE_TEMPLATE("AdamW is torch.optim.AdamW", T, float, double) {
    support::check_like_torch<nib::AdamW, T>("adamw", nib::AdamWOptions{});
    support::check_like_torch<nib::AdamW, T>(
        "adamw_decay",
        nib::AdamWOptions{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .weight_decay = 0.3});
}

TEST_CASE("AdamW's options and states are PyTorch's, and checked") {
    const nib::Sequential<nib::Dense<5, 3>> net;
    const nib::AdamW optimizer{net};
    CHECK(optimizer.options().learning_rate == 0.001);
    CHECK(optimizer.options().weight_decay == 0.01);
    CHECK(optimizer.state_names()[0] == std::string_view("exp_avg"));
    CHECK(optimizer.state_names()[1] == std::string_view("exp_avg_sq"));
    const auto error = [&](const nib::AdamWOptions& options) {
        return support::error_of([&] { nib::AdamW{net, options}; });
    };
    CHECK(error({.learning_rate = -1}) == "AdamW: expected a learning rate of at least 0");
    CHECK(error({.beta2 = 1}) == "AdamW: expected betas in [0, 1)");
    CHECK(error({.weight_decay = -1}) == "AdamW: expected a weight decay of at least 0");
}
