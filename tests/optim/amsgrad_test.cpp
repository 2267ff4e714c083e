#include <nib/optim/amsgrad.hpp>

#include "torch_optim.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <string_view>

TEST_CASE_TEMPLATE("Amsgrad is torch.optim.Adam with amsgrad=True", T, float, double) {
    support::check_like_torch<nib::Amsgrad, T>("amsgrad", nib::AdamOptions{});
    support::check_like_torch<nib::Amsgrad, T>(
        "amsgrad_decay", nib::AdamOptions{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.9, .weight_decay = 0.1});
}

TEST_CASE("Amsgrad's states are PyTorch's, and its options checked") {
    const nib::Sequential<nib::Dense<5, 3>> net;
    const nib::Amsgrad optimizer{net};
    CHECK(optimizer.state_names().size() == 3);
    CHECK(optimizer.state_names()[2] == std::string_view("max_exp_avg_sq"));
    CHECK(support::error_of([&] { nib::Amsgrad{net, {.beta1 = 1}}; }) == "Amsgrad: expected betas in [0, 1)");
    CHECK(support::error_of([&] {
              nib::Amsgrad{net, {.weight_decay = -1}};
          }) == "Amsgrad: expected a weight decay of at least 0");
}
