#include <nib/optim/adam.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using nib::Adam;
using nib::AdamOptions;

// A network of seven parameters in four tensors.
template <class T>
using Net = nib::BasicSequential<T, nib::Dense<2, 1>, nib::ReLU, nib::Dense<1, 2>>;

template <class T>
constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-12;

template <class T>
void fill(Net<T>& net, T value) {
    for (T& parameter : net.parameters()) parameter = value;
}

// One step with the same gradient for every parameter.
template <class T>
void step(Adam<T>& adam, Net<T>& net, double gradient) {
    adam.step(net, std::vector<T>(net.parameters().size(), static_cast<T>(gradient)));
}

template <class T>
void check_all(const Net<T>& net, double expected) {
    for (const T parameter : net.parameters())
        CHECK(static_cast<double>(parameter) == doctest::Approx(expected).scale(0).epsilon(tolerance<T>));
}

}  // namespace

// The expected numbers of the next three tests are Algorithm 1 of the paper, in decimal arithmetic of 40 digits:
//   def adam(grads, lrs, p=D(1), b1=D('0.9'), b2=D('0.999'), eps=D('1e-8')):
//       m = v = D(0)
//       for t, (g, lr) in enumerate(zip(grads, lrs), 1):
//           m = b1 * m + (1 - b1) * g
//           v = b2 * v + (1 - b2) * g * g
//           p -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)
//           print(p)

TEST_CASE_TEMPLATE("three steps of Adam are the paper's", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        Net<T> net;
        fill(net, T{1});
        Adam adam{net, {.learning_rate = 0.1}};
        step(adam, net, 0.1);
        check_all(net, 0.900000009999999000);
        step(adam, net, -0.2);
        check_all(net, 0.936610360388489105);
        step(adam, net, 0.3);
        check_all(net, 0.902286253947743100);
    });
}

TEST_CASE_TEMPLATE("Adam follows its options", T, float, double) {
    Net<T> net;
    fill(net, T{1});
    Adam adam{net, {.learning_rate = 0.1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.01}};
    step(adam, net, 0.1);
    check_all(net, 0.909090909090909091);
    step(adam, net, -0.2);
    check_all(net, 0.966315222850395599);
    step(adam, net, 0.3);
    check_all(net, 0.913421667275840169);
}

TEST_CASE_TEMPLATE("Adam's learning rate may change between steps", T, float, double) {
    Net<T> net;
    fill(net, T{1});
    Adam adam{net, {.learning_rate = 0.1}};
    step(adam, net, 0.1);
    adam.options().learning_rate = 0.02;
    step(adam, net, -0.2);
    check_all(net, 0.907322080077697021);
    adam.options().learning_rate = 0.5;
    step(adam, net, 0.3);
    check_all(net, 0.735701547873966996);
    CHECK(std::as_const(adam).options().learning_rate == 0.5);
}

TEST_CASE_TEMPLATE("ten steps of Adam are torch.optim.Adam's", T, float, double) {
    // x = torch.tensor([[1, 2, -1], [0.5, -1, 2], [-2, 1, 0.25], [3, 0, 1]], dtype=torch.float64)
    // target = torch.tensor([1, -2, 0.5, 3], dtype=torch.float64)
    // w = torch.tensor([0.5, -0.25, 1], dtype=torch.float64, requires_grad=True)
    // adam = torch.optim.Adam([w], lr=0.1)
    // for _ in range(10):
    //     adam.zero_grad(); ((x @ w - target) ** 2).mean().backward(); adam.step()
    // print(w)
    constexpr T x[4][3] = {{1, 2, -1}, {T(0.5), -1, 2}, {-2, 1, T(0.25)}, {3, 0, 1}};
    constexpr T target[4] = {1, -2, T(0.5), 3};
    constexpr double expected[3] = {0.62977042713756692, 0.67718174828167932, 0.07327601445459332};
    reference::for_each_isa([&](nib::Isa) {
        nib::BasicSequential<T, nib::Dense<2, 1>> net;  // three parameters, whatever they are used for here
        const std::span<T> w = net.parameters();
        w[0] = T(0.5), w[1] = T(-0.25), w[2] = 1;
        Adam adam{net, {.learning_rate = 0.1}};
        for (int i = 0; i < 10; ++i) {
            std::array<T, 3> gradients{};
            for (std::size_t b = 0; b < 4; ++b) {
                const T residual = x[b][0] * w[0] + x[b][1] * w[1] + x[b][2] * w[2] - target[b];
                for (std::size_t j = 0; j < 3; ++j) gradients[j] += 2 * residual * x[b][j] / 4;
            }
            adam.step(net, gradients);
        }
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(static_cast<double>(w[j]) == doctest::Approx(expected[j]).scale(0).epsilon(5 * tolerance<T>));
        CHECK(adam.steps() == 10);
    });
}

TEST_CASE_TEMPLATE("a step is one step, however many tensors the network has", T, float, double) {
    Net<T> net;
    Adam adam{net, {.learning_rate = 0.01}};
    // Under a constant gradient g the bias corrections cancel out: every step is learning_rate g / (|g| + epsilon).
    for (int t = 1; t <= 5; ++t) {
        step(adam, net, -4);
        CHECK(adam.steps() == static_cast<std::uint64_t>(t));
        check_all(net, 0.01 * t * 4 / (4 + 1e-8));
    }
}

TEST_CASE_TEMPLATE("Adam leaves a parameter where it is while all its gradients are 0", T, float, double) {
    Net<T> net;
    fill(net, T(0.7));
    Adam adam{net};
    for (int t = 0; t < 3; ++t) step(adam, net, 0);
    for (const T parameter : net.parameters()) CHECK(parameter == T(0.7));
    step(adam, net, 1);
    for (const T parameter : net.parameters()) CHECK(parameter < T(0.7));
}

TEST_CASE_TEMPLATE("after a long training Adam still takes steps", T, float, double) {
    Net<T> net;
    Adam adam{net};
    for (int t = 0; t < 20'000; ++t) step(adam, net, 1);
    CHECK(static_cast<double>(net.parameters()[0]) == doctest::Approx(-20.0).epsilon(1e-4));
}

TEST_CASE("Adam's moments belong to it and not to the network's address") {
    Net<double> net;
    Adam adam{net};
    step(adam, net, 1);
    Net<double> copy = net;
    Adam adam_of_copy = adam;
    step(adam, net, -3);
    Net<double> moved = std::move(copy);
    step(adam_of_copy, moved, -3);
    CHECK(reference::same_bits<double>(std::as_const(net).parameters(), std::as_const(moved).parameters()));
    CHECK(adam.steps() == 2);
    CHECK(adam_of_copy.steps() == 2);
}

TEST_CASE("Adam's defaults are PyTorch's") {
    constexpr AdamOptions options;
    CHECK(options.learning_rate == 1e-3);
    CHECK(options.beta1 == 0.9);
    CHECK(options.beta2 == 0.999);
    CHECK(options.epsilon == 1e-8);
    const Net<float> net;
    CHECK(Adam{net}.options().learning_rate == 1e-3);
    CHECK(Adam{net}.steps() == 0);
}

TEST_CASE("Adam takes its number type from the network") {
    static_assert(std::is_same_v<decltype(Adam{std::declval<const Net<float>&>()}), Adam<float>>);
    static_assert(std::is_same_v<decltype(Adam{std::declval<const Net<double>&>(), {}}), Adam<double>>);
}

TEST_CASE("Adam refuses parameters or gradients of another number, and then takes no step") {
    Net<float> net;
    Adam adam{net};
    REQUIRE(net.parameters().size() == 7);
    const std::vector<float> six(6), seven(7), eight(8);
    std::vector<float> six_parameters(6);
    CHECK(support::error_of([&] { adam.step(net, six); }) == "Adam: made for 7 parameters, got 7 and 6 gradients");
    CHECK(support::error_of([&] { adam.step(net, eight); }) == "Adam: made for 7 parameters, got 7 and 8 gradients");
    CHECK(support::error_of([&] { adam.step(std::span{six_parameters}, seven); }) ==
          "Adam: made for 7 parameters, got 6 and 7 gradients");
    CHECK(support::error_of([&] { adam.step(std::span{six_parameters}, six); }) ==
          "Adam: made for 7 parameters, got 6 and 6 gradients");
    CHECK(adam.steps() == 0);
    CHECK(support::error_of([&] { adam.step(net, seven); }) == "");
}

TEST_CASE_TEMPLATE("Adam shows its moments", T, float, double) {
    Net<T> net;
    Adam adam{net};
    step(adam, net, 4);
    REQUIRE(adam.means().size() == 7);
    REQUIRE(adam.squares().size() == 7);
    for (const T mean : adam.means()) CHECK(static_cast<double>(mean) == doctest::Approx(0.4).epsilon(tolerance<T>));
    for (const T square : adam.squares())
        CHECK(static_cast<double>(square) == doctest::Approx(0.016).epsilon(tolerance<T>));
}

TEST_CASE_TEMPLATE("a restored Adam goes on to the same bits", T, float, double) {
    Net<T> net;
    Adam adam{net};
    step(adam, net, 1);
    step(adam, net, 0.5);
    Net<T> other_net = net;
    Adam other{other_net};
    other.restore(adam.steps(), adam.means(), adam.squares());
    CHECK(other.steps() == 2);
    step(adam, net, -2);
    step(other, other_net, -2);
    CHECK(reference::same_bits<T>(std::as_const(net).parameters(), std::as_const(other_net).parameters()));
}

TEST_CASE("Adam refuses moments of another number, and stays as it was") {
    Net<float> net;
    Adam adam{net};
    const std::vector<float> six(6, 9.0f), seven(7, 9.0f);
    CHECK(support::error_of([&] { adam.restore(3, six, seven); }) ==
          "Adam: made for 7 parameters, got 6 means and 7 squares");
    CHECK(support::error_of([&] { adam.restore(3, seven, six); }) ==
          "Adam: made for 7 parameters, got 7 means and 6 squares");
    CHECK(adam.steps() == 0);
    CHECK(adam.means()[0] == 0);
    CHECK(adam.squares()[0] == 0);
}

TEST_CASE("options out of their ranges are refused") {
    const nib::Mlp net{{1, 1}};
    const auto error = [&](nib::AdamOptions options) { return support::error_of([&] { nib::Adam{net, options}; }); };
    CHECK(error({.learning_rate = -1}) == "Adam: expected a learning rate of at least 0");
    CHECK(error({.learning_rate = std::numeric_limits<double>::quiet_NaN()}) != "");
    CHECK(error({.beta1 = 1}) == "Adam: expected betas in [0, 1)");
    CHECK(error({.beta2 = -0.1}) == "Adam: expected betas in [0, 1)");
    CHECK(error({.epsilon = 0}) == "Adam: expected an epsilon above 0");
    CHECK(error({.learning_rate = 0}) == "");
}
