// The same 200 steps as PyTorch: from its initial parameters, on its batches, to its losses and its final parameters.
#include <nib/all.hpp>

#include "../support.hpp"

#include <algorithm>
#include <cmath>

namespace {

using Digits = nib::Sequential<nib::Dense<784, 64, "fc1">, nib::ReLU, nib::Dense<64, 64, "fc2">, nib::ReLU,
                               nib::Dense<64, 64, "fc3">, nib::ReLU, nib::Dense<64, 10, "fc4">, nib::LogSoftmax>;

}  // namespace

TEST_CASE("200 steps of Adam on MNIST follow PyTorch's losses and end in its parameters") {
    const auto mnist = support::real_data("mnist");
    const auto torch = support::real_data("torch");
    if (!mnist || !torch) return;
    const auto train = nib::load_mnist(*mnist, nib::Split::train);
    const auto order = nib::load_npy<std::int32_t>(*torch + "/trace_batches.npy");
    const auto losses = nib::load_npy<float>(*torch + "/trace_losses.npy");
    REQUIRE(order.shape == std::vector<std::size_t>{200, 15});
    REQUIRE(losses.shape == std::vector<std::size_t>{200});

    Digits net, expected;
    nib::load(net, support::fixture("trace_init.safetensors"));
    nib::load(expected, support::fixture("trace_final.safetensors"));
    nib::Adam adam{net, {.learning_rate = 1e-3}};
    nib::Gradients gradients{net, nib::NllLoss{}};

    const std::vector<std::uint32_t> indices(order.values.begin(), order.values.end());
    double worst_early = 0, worst = 0;
    std::size_t step = 0;
    for (const auto& batch : nib::batches(train, 15, indices)) {
        adam.step(net, gradients(net, batch));
        const double difference = std::abs(gradients.loss() - static_cast<double>(losses.values[step]));
        worst = std::max(worst, difference);
        if (step < 100) worst_early = std::max(worst_early, difference);
        ++step;
    }
    CHECK(step == 200);

    double worst_parameter = 0, sum = 0;
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
        const double difference = std::abs(static_cast<double>(net.parameters()[i] - expected.parameters()[i]));
        worst_parameter = std::max(worst_parameter, difference);
        sum += difference;
    }
    const double mean_parameter = sum / static_cast<double>(net.parameters().size());
    MESSAGE("largest difference of the loss from PyTorch's: " << worst_early << " in steps 1-100, " << worst
                                                              << " in steps 1-200");
    MESSAGE("difference of the final parameters from PyTorch's: " << worst_parameter << " at most, " << mean_parameter
                                                                  << " on average");
    CHECK(worst_early <= 2e-6);
    CHECK(worst <= 5e-4);
    CHECK(worst_parameter <= 2e-3);
    CHECK(mean_parameter <= 1e-5);
}
