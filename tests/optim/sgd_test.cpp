#include <nib/optim/sgd.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "torch_optim.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using nib::Sgd;
using nib::SgdOptions;

template <class T>
using Net = nib::BasicSequential<T, nib::Dense<5, 3>>;  // 18 parameters: some whole vectors and a rest

// torch.optim.SGD's documented algorithm, for one number.
struct Reference {
    SgdOptions options;
    double parameter = 0, buffer = 0;
    int steps = 0;

    void step(double gradient) {
        gradient += options.weight_decay * parameter;
        if (options.momentum != 0) {
            buffer = steps == 0 ? gradient : options.momentum * buffer + (1 - options.dampening) * gradient;
            gradient = options.nesterov ? gradient + options.momentum * buffer : buffer;
        }
        parameter -= options.learning_rate * gradient;
        ++steps;
    }
};

}  // namespace

TEST_CASE_TEMPLATE("Sgd is torch.optim.SGD, with every option", T, float, double) {
    constexpr double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
    for (const SgdOptions& options :
         {SgdOptions{}, SgdOptions{.learning_rate = 0.1}, SgdOptions{.learning_rate = 0.1, .weight_decay = 0.25},
          SgdOptions{.learning_rate = 0.1, .dampening = 0.5}, SgdOptions{.learning_rate = 0.1, .momentum = 0.9},
          SgdOptions{.learning_rate = 0.1, .momentum = 0.9, .dampening = 0.25},
          SgdOptions{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
          SgdOptions{.learning_rate = 0.1, .momentum = 0.8, .dampening = 0.1, .weight_decay = 0.01},
          SgdOptions{.learning_rate = 0.05, .momentum = 0.8, .nesterov = true, .weight_decay = 0.01}})
        reference::for_each_isa([&](nib::Isa) {
            nib::Rng rng{1};
            Net<T> net{rng};
            std::vector<Reference> expected;
            for (const T parameter : net.parameters())
                expected.push_back({.options = options, .parameter = static_cast<double>(parameter)});
            Sgd sgd{net, options};
            for (int step = 0; step < 6; ++step) {
                const nib::Matrix<T> gradients = reference::random_matrix<T>(1, expected.size(), rng);
                sgd.step(net, gradients.values());
                for (std::size_t i = 0; i < expected.size(); ++i) {
                    expected[i].step(static_cast<double>(gradients.values()[i]));
                    CHECK(static_cast<double>(net.parameters()[i]) ==
                          doctest::Approx(expected[i].parameter).epsilon(tolerance).scale(1));
                    if (options.momentum != 0)
                        CHECK(static_cast<double>(sgd.state(0)[i]) ==
                              doctest::Approx(expected[i].buffer).epsilon(tolerance).scale(1));
                }
            }
            CHECK(sgd.steps() == 6);
        });
}

TEST_CASE_TEMPLATE("twenty steps of Sgd are torch.optim.SGD's", T, float, double) {
    support::check_like_torch<Sgd, T>("sgd", SgdOptions{.learning_rate = 0.1});
    support::check_like_torch<Sgd, T>(
        "sgd_momentum", SgdOptions{.learning_rate = 0.1, .momentum = 0.9, .dampening = 0.2, .weight_decay = 0.05});
    support::check_like_torch<Sgd, T>(
        "sgd_nesterov", SgdOptions{.learning_rate = 0.1, .momentum = 0.8, .nesterov = true, .weight_decay = 0.01});
}

TEST_CASE("five steps of Sgd are torch.optim.SGD's on a parabola") {
    // The gradient of p^2 / 2 is p. Without momentum p is multiplied by 1 - lr at each step.
    nib::BasicSequential<double, nib::Dense<1, 1>> net;
    for (double& parameter : net.parameters()) parameter = 1;
    Sgd sgd{net, {.learning_rate = 0.5}};
    for (int step = 0; step < 5; ++step) {
        const std::vector<double> gradients(net.parameters().begin(), net.parameters().end());
        sgd.step(net, gradients);
    }
    CHECK(net.parameters()[0] == 1.0 / 32);
}

TEST_CASE("Sgd's defaults are PyTorch's, and its number type the network's") {
    constexpr SgdOptions options;
    CHECK(options.learning_rate == 1e-3);
    CHECK(options.momentum == 0);
    CHECK(options.dampening == 0);
    CHECK(options.weight_decay == 0);
    CHECK(!options.nesterov);
    static_assert(std::is_same_v<decltype(Sgd{std::declval<const Net<float>&>()}), Sgd<float>>);
    static_assert(std::is_same_v<decltype(Sgd{std::declval<const Net<double>&>(), {}}), Sgd<double>>);
    CHECK(Sgd<float>::state_names()[0] == std::string_view("momentum_buffer"));
}

TEST_CASE("Sgd's options out of their ranges are refused") {
    const Net<float> net;
    const auto error = [&](SgdOptions options) { return support::error_of([&] { Sgd{net, options}; }); };
    CHECK(error({.learning_rate = -1}) == "Sgd: expected a learning rate of at least 0");
    CHECK(error({.learning_rate = std::numeric_limits<double>::quiet_NaN()}) != "");
    CHECK(error({.momentum = -0.1}) == "Sgd: expected a momentum of at least 0");
    CHECK(error({.weight_decay = -1}) == "Sgd: expected a weight decay of at least 0");
    CHECK(error({.dampening = std::numeric_limits<double>::infinity()}) == "Sgd: expected a finite dampening");
    constexpr auto nesterov = "Sgd: Nesterov's momentum needs a momentum above 0, and no dampening";
    CHECK(error({.nesterov = true}) == nesterov);
    CHECK(error({.momentum = 0.9, .dampening = 0.1, .nesterov = true}) == nesterov);
    CHECK(error({.momentum = 0.9, .nesterov = true}) == "");
}
