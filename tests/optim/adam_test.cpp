#include <nib/optim/adam.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "torch_optim.hpp"

#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
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

TEST_CASE_TEMPLATE("Adam is torch.optim.Adam, with weight decay too", T, float, double) {
    support::check_like_torch<Adam, T>("adam", AdamOptions{});
    support::check_like_torch<Adam, T>(
        "adam_decay",
        AdamOptions{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .weight_decay = 0.3});
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

TEST_CASE_TEMPLATE("Adam shows its moments, under PyTorch's names", T, float, double) {
    Net<T> net;
    Adam adam{net};
    step(adam, net, 4);
    REQUIRE(adam.state_names().size() == 2);
    CHECK(adam.state_names()[0] == std::string_view("exp_avg"));
    CHECK(adam.state_names()[1] == std::string_view("exp_avg_sq"));
    REQUIRE(adam.state(0).size() == 7);
    REQUIRE(adam.state(1).size() == 7);
    for (const T mean : adam.state(0)) CHECK(static_cast<double>(mean) == doctest::Approx(0.4).epsilon(tolerance<T>));
    for (const T square : adam.state(1))
        CHECK(static_cast<double>(square) == doctest::Approx(0.016).epsilon(tolerance<T>));
}

TEST_CASE_TEMPLATE("a restored Adam goes on to the same bits", T, float, double) {
    Net<T> net;
    Adam adam{net};
    step(adam, net, 1);
    step(adam, net, 0.5);
    Net<T> other_net = net;
    Adam other{other_net};
    const std::span<const T> states[] = {adam.state(0), adam.state(1)};
    other.restore(adam.steps(), states);
    CHECK(other.steps() == 2);
    step(adam, net, -2);
    step(other, other_net, -2);
    CHECK(reference::same_bits<T>(std::as_const(net).parameters(), std::as_const(other_net).parameters()));
}

TEST_CASE("options out of their ranges are refused") {
    const nib::Mlp net{{1, 1}};
    const auto error = [&](nib::AdamOptions options) { return support::error_of([&] { nib::Adam{net, options}; }); };
    CHECK(error({.learning_rate = -1}) == "Adam: expected a learning rate of at least 0");
    CHECK(error({.learning_rate = std::numeric_limits<double>::quiet_NaN()}) != "");
    CHECK(error({.beta1 = 1}) == "Adam: expected betas in [0, 1)");
    CHECK(error({.beta2 = -0.1}) == "Adam: expected betas in [0, 1)");
    CHECK(error({.epsilon = 0}) == "Adam: expected an epsilon above 0");
    CHECK(error({.epsilon = std::numeric_limits<double>::infinity()}) == "Adam: expected an epsilon below 1e37");
    CHECK(error({.weight_decay = -1}) == "Adam: expected a weight decay of at least 0");
    CHECK(error({.learning_rate = 0}) == "");
}

// Gradients from far above to far below a small epsilon, against the paper's formula in double.
TEST_CASE_TEMPLATE("Adam is right with a small epsilon", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        for (const double epsilon : {1e-8, 1e-12, 1e-15, 1e-16})
            for (const double gradient : {1.0, 1e-8, 1e-10, 1e-12, 1e-14, 1e-16, 1e-17}) {
                CAPTURE(epsilon);
                CAPTURE(gradient);
                Net<T> net;
                Adam adam{net, {.epsilon = epsilon}};
                double m = 0, v = 0, p = 0;
                for (int t = 1; t <= 10; ++t) {
                    step(adam, net, gradient);
                    m = 0.9 * m + 0.1 * gradient;
                    v = 0.999 * v + 0.001 * gradient * gradient;
                    p -= 1e-3 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + epsilon);
                }
                CHECK(static_cast<double>(net.parameters()[0]) == doctest::Approx(p).epsilon(1e-3).scale(0));
            }
    });
}

TEST_CASE("an epsilon beside which squares of gradients vanish is refused, when Adam is made and at a step") {
    Net<float> net;
    constexpr auto expected = "Adam: expected an epsilon of at least 2.8e-17, or a network of double";
    CHECK(support::error_of([&] { Adam{net, {.epsilon = 1e-20}}; }) == expected);
    Adam adam{net};
    adam.options().epsilon = 1e-30;
    CHECK(support::error_of([&] { adam.step(net, std::vector<float>(7)); }) == expected);
    CHECK(adam.steps() == 0);
    const Net<double> wide;
    CHECK(support::error_of([&] { Adam{wide, {.epsilon = 1e-150}}; }) == "");
    CHECK(support::error_of([&] { Adam{wide, {.epsilon = 1e-153}}; }) != "");
}

TEST_CASE_TEMPLATE("Adam survives gradients whose squares vanish or overflow", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        Net<T> net;
        fill(net, T{1});
        Adam adam{net, {.learning_rate = 0.01}};
        step(adam, net, static_cast<double>(std::numeric_limits<T>::min()));
        for (const T parameter : net.parameters()) CHECK(static_cast<double>(parameter) == doctest::Approx(1.0));
        for (const T square : adam.state(1)) CHECK(square >= 0);
        Adam other{net, {.learning_rate = 0.01}};
        adam.step(net, std::vector<T>(7, std::sqrt(std::numeric_limits<T>::max()) * 4));
        other.step(net, std::vector<T>(7, std::sqrt(std::numeric_limits<T>::max()) * 100));
        for (const T parameter : net.parameters()) CHECK(std::abs(static_cast<double>(parameter) - 1) <= 0.02);
        CHECK(std::isinf(other.state(1)[0]));
    });
}

TEST_CASE_TEMPLATE("moments without gradients never become subnormal, and small ones lose nothing that counts", T,
                   float, double) {
    constexpr T smallest = std::numeric_limits<T>::min();
    reference::for_each_isa([&](nib::Isa) {
        constexpr std::size_t count = 7;
        std::vector<T> parameters(count, T(0.5)), means(count), squares(count);
        const std::vector<T> gradients(count);
        for (std::size_t i = 0; i < count; ++i) {
            means[i] = (i % 2 == 0 ? T{1} : T{-1}) * std::ldexp(T{1}, -static_cast<int>(12 * i));
            squares[i] = std::ldexp(T{1}, -static_cast<int>(24 * i));
        }
        means[1] = std::numeric_limits<T>::denorm_min();
        squares[2] = std::numeric_limits<T>::denorm_min();
        double expected = static_cast<double>(means[0]);
        Net<T> net;
        Adam adam{net};
        const std::span<const T> states[] = {means, squares};
        adam.restore(1000, states);
        for (int i = 0; i < 9000; ++i) {
            step(adam, net, 0);
            expected -= 0.1 * expected;
            if (i == 99) CHECK(static_cast<double>(adam.state(0)[0]) == doctest::Approx(expected).epsilon(1e-4));
            for (const std::size_t s : {0u, 1u})
                for (const T moment : adam.state(s)) REQUIRE((moment == 0 || std::abs(moment) >= smallest));
            // Nor is the product of a mean with a small learning rate.
            for (const T mean : adam.state(0)) REQUIRE((mean == 0 || std::abs(mean) * T(1e-7) >= smallest));
        }
    });
}
