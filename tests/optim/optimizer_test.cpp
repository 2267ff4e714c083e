#include <nib/optim/optimizer.hpp>

#include "../kernels/listed.hpp"
#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adagrad.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/adamw.hpp>
#include <nib/optim/amsgrad.hpp>
#include <nib/optim/rmsprop.hpp>
#include <nib/optim/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using nib::Matrix;

// A user's optimiser, as optimizer.hpp tells, without a state.
struct SignSgdMethod {
    struct Options {
        double learning_rate = 1e-3;
    };
    static constexpr const char* name = "SignSgd";

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 0;
        T learning_rate;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* /*state*/) const {
            parameter -= learning_rate * where(gradient > 0, 1, where(gradient < 0, -1, 0));
        }
    };
    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t /*step*/) {
        return {static_cast<T>(options.learning_rate)};
    }
};

// With two states, options that are checked, and steps that it counts.
struct CountingMethod {
    struct Options {
        double learning_rate = 1;
        double factor = 1;
    };
    static constexpr const char* name = "Counting";
    static constexpr const char* state_names[] = {"sum", "count"};

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 2;
        T step;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            state[0] += gradient;
            state[1] += 1;
            parameter -= state[0] / state[1] * step;
        }
    };
    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step) {
        if (!(options.factor > 0)) nib::fail("Counting: expected a factor above 0");
        return {static_cast<T>(options.learning_rate * options.factor * static_cast<double>(step))};
    }
};

template <class T>
using Net = nib::BasicSequential<T, nib::Dense<5, 3>>;

template <class T>
using SignSgd = nib::Optimizer<T, SignSgdMethod>;
template <class T>
using Counting = nib::Optimizer<T, CountingMethod>;

template <class T>
void step(Counting<T>& optimizer, Net<T>& net, double gradient) {
    optimizer.step(net, std::vector<T>(18, static_cast<T>(gradient)));
}

}  // namespace

TEST_CASE_TEMPLATE("a user's method moves the parameters, whether or not it keeps a state", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        Net<T> net;
        SignSgd<T> sign{net, {.learning_rate = 0.25}};
        std::vector<T> gradients(18, T{-3});
        gradients[17] = 0;
        gradients[16] = 1;
        sign.step(net, gradients);
        sign.step(net, gradients);
        CHECK(net.parameters()[0] == T{0.5});
        CHECK(net.parameters()[16] == T{-0.5});
        CHECK(net.parameters()[17] == 0);
        CHECK(sign.state_names().empty());

        Net<T> other;
        Counting<T> counting{other, {.factor = 2}};
        step(counting, other, 1);  // -= 1 / 1 * 2
        step(counting, other, 3);  // -= 4 / 2 * 4
        for (const T parameter : other.parameters()) CHECK(parameter == -10);
        for (const T sum : counting.state(0)) CHECK(sum == 4);
        for (const T count : counting.state(1)) CHECK(count == 2);
        CHECK(counting.steps() == 2);
        CHECK(counting.state_names()[1] == std::string_view("count"));
        CHECK(counting.name() == std::string_view("Counting"));
    });
}

TEST_CASE("options are checked when the optimiser is made and at each step") {
    Net<float> net;
    CHECK(support::error_of([&] { Counting<float>{net, {.factor = -1}}; }) == "Counting: expected a factor above 0");
    Counting<float> counting{net};
    step(counting, net, 1);
    counting.options().factor = 0;
    const float before = net.parameters()[0];
    CHECK(support::error_of([&] { step(counting, net, 1); }) == "Counting: expected a factor above 0");
    CHECK(net.parameters()[0] == before);
    CHECK(counting.steps() == 1);
    counting.options().factor = 1;
    step(counting, net, 1);
    CHECK(counting.steps() == 2);
}

TEST_CASE("parameters or gradients of another number are refused, and then no step is taken") {
    Net<float> net;
    Counting<float> counting{net};
    const std::vector<float> few(17), right(18), many(19);
    std::vector<float> few_parameters(17);
    CHECK(support::error_of([&] { counting.step(net, few); }) ==
          "Counting: made for 18 parameters, got 18 and 17 gradients");
    CHECK(support::error_of([&] { counting.step(net, many); }) ==
          "Counting: made for 18 parameters, got 18 and 19 gradients");
    CHECK(support::error_of([&] { counting.step(std::span{few_parameters}, right); }) ==
          "Counting: made for 18 parameters, got 17 and 18 gradients");
    CHECK(support::error_of([&] { counting.step(std::span{few_parameters}, few); }) ==
          "Counting: made for 18 parameters, got 17 and 17 gradients");
    CHECK(counting.steps() == 0);
    CHECK(support::error_of([&] { counting.step(net, right); }) == "");
}

TEST_CASE_TEMPLATE("a restored optimiser goes on to the same bits", T, float, double) {
    Net<T> net;
    Counting<T> counting{net};
    step(counting, net, 0.3);
    step(counting, net, -0.7);
    Net<T> other_net = net;
    Counting<T> other{other_net};
    const std::span<const T> states[] = {counting.state(0), counting.state(1)};
    other.restore(counting.steps(), states);
    CHECK(other.steps() == 2);
    step(counting, net, 0.1);
    step(other, other_net, 0.1);
    CHECK(reference::same_bits<T>(std::as_const(net).parameters(), std::as_const(other_net).parameters()));
}

TEST_CASE("states of another number are refused, and the optimiser stays as it was") {
    Net<float> net;
    Counting<float> counting{net};
    const std::vector<float> few(17, 9.0f), right(18, 9.0f);
    const std::span<const float> wrong[] = {right, few};
    CHECK(support::error_of([&] { counting.restore(3, wrong); }) ==
          "Counting: made for 18 parameters, got a state of 17");
    CHECK(support::error_of([&] { counting.restore(3, std::span{wrong}.first(1)); }) ==
          "Counting: keeps 2 states, got 1");
    CHECK(counting.steps() == 0);
    CHECK(counting.state(0)[0] == 0);
}

// Of 64 columns of floats the gradients go from registers into the rule; of 3, 10 and 130 they do not.
TEST_CASE_TEMPLATE_DEFINE("a DeferredGradient whose products are yet to be multiplied out gives the bits of an array",
                          Method, products) {
    const auto check = []<class T>(T) {
        nib::Rng rng{5};
        for (const std::size_t outputs : reference::Sizes{3, 10, 64, 130})
            for (const double zeros : {0.0, 0.85}) {
                CAPTURE(outputs);
                CAPTURE(zeros);
                const std::size_t features = 150, weights = features * outputs, count = weights + outputs;
                const Matrix<T> x = reference::random_matrix<T>(15, features, rng, zeros);
                const Matrix<T> dy = reference::random_matrix<T>(15, outputs, rng);
                const reference::Listed<T> listed{x};
                std::vector<T> values(count);
                for (T& value : values) value = static_cast<T>(rng.uniform(-1, 1));
                const nib::DeferredProduct<T> product{.offset = 0, .x = listed.inputs, .dy = dy};
                nib::ListPositions<T> positions;
                const nib::DeferredGradient<T> gradient{values, {&product, 1}, positions};
                std::vector<T> start(count);
                for (T& value : start) value = static_cast<T>(rng.uniform(-1, 1));
                reference::for_each_isa([&](nib::Isa) {
                    const std::span<const T> out = gradient.multiply_out();
                    const std::vector<T> all(out.begin(), out.end());
                    std::vector<T> a = start, b = start;
                    nib::Optimizer<T, Method> first{count}, second{count};
                    for (int step = 0; step < 3; ++step) {
                        first.step(std::span<T>{a}, all);
                        second.step(std::span<T>{b}, gradient);
                    }
                    CHECK(a == b);
                });
            }
    };
    check(float{});
    check(double{});
}
TEST_CASE_TEMPLATE_INVOKE(products, nib::AdamMethod, nib::SgdMethod, SignSgdMethod);

TEST_CASE_TEMPLATE("an optimiser that divides by roots has the same bits where the divider is slow", Method,
                   nib::AdamMethod, nib::AdamWMethod, nib::AmsgradMethod, nib::RmsPropMethod, nib::AdagradMethod) {
    nib::Rng rng{6};
    const std::size_t features = 100, outputs = 64, count = (features + 1) * outputs;
    const Matrix<float> x = reference::random_matrix<float>(15, features, rng, 0.85);
    const Matrix<float> dy = reference::random_matrix<float>(15, outputs, rng);
    const reference::Listed<float> listed{x};
    std::vector<float> start(count), values(count);
    for (float& value : start) value = static_cast<float>(rng.uniform(-1, 1));
    for (float& value : values) value = static_cast<float>(std::exp(rng.uniform(-60, 20)));  // the biases'
    const nib::DeferredProduct<float> product{.offset = 0, .x = listed.inputs, .dy = dy};
    nib::ListPositions<float> positions;
    const nib::DeferredGradient<float> gradient{values, {&product, 1}, positions};
    const auto train = [&](bool slow_divider) {
        static_cast<void>(nib::kernels::active_isa());  // which finds out what this machine's is
        const bool own = nib::kernels::detail::slow_divider.load_relaxed();
        nib::kernels::detail::slow_divider.store_relaxed(slow_divider);
        std::vector<float> parameters = start;
        nib::Optimizer<float, Method> optimizer{count};
        for (int step = 0; step < 50; ++step) optimizer.step(std::span<float>{parameters}, gradient);
        nib::kernels::detail::slow_divider.store_relaxed(own);
        return parameters;
    };
    CHECK(train(true) == train(false));
}

TEST_CASE("an optimiser that was moved from says so") {
    nib::Rng rng{9};
    nib::Mlp net{{3, 2}, rng};
    nib::Adam adam{net};
    const nib::Adam moved = std::move(adam);
    const std::vector<float> gradients(net.parameters().size());
    CHECK(support::error_of([&] {
              adam.step(net, gradients);
              return 0;
          }) == "Adam: made for 0 parameters, got 8 and 8 gradients");
}

// What a step with groups does, against an optimiser of its own for each part. Groups stand within and across products.
TEST_CASE_TEMPLATE("groups move by their options, and frozen parameters not at all", Method, nib::AdamMethod,
                   nib::SgdMethod) {
    using Optimizer = nib::Optimizer<float, Method>;
    using Options = typename Method::Options;
    nib::Rng rng{7};
    for (const std::size_t outputs : {std::size_t{3}, std::size_t{64}})
        for (const double zeros : {0.0, 0.85})
            for (const double weight_decay : {0.0, 0.5}) {
                CAPTURE(outputs);
                CAPTURE(zeros);
                CAPTURE(weight_decay);
                const std::size_t features = 50, weights = features * outputs, count = weights + outputs;
                const Matrix<float> x = reference::random_matrix<float>(15, features, rng, zeros);
                const Matrix<float> dy = reference::random_matrix<float>(15, outputs, rng);
                const reference::Listed<float> listed{x};
                const nib::DeferredProduct<float> product{.offset = 0, .x = listed.inputs, .dy = dy};
                std::vector<float> values(count, 0.25f), start(count);
                for (float& value : start) value = static_cast<float>(rng.uniform(-1, 1));
                nib::ListPositions<float> positions;
                const nib::DeferredGradient<float> gradient{values, {&product, 1}, positions};
                const std::span<float> out = gradient.multiply_out();
                const std::vector<float> all(out.begin(), out.end());

                const Options options{.learning_rate = 0.1, .weight_decay = weight_decay};
                Options other{.learning_rate = 0.3};
                other.weight_decay = 0.1;
                const auto check = [&](const std::vector<nib::Range>& group, const std::vector<nib::Range>& frozen) {
                    Optimizer whole{count, options}, by_array{count, options}, plain{count, options};
                    Optimizer second{count, other};
                    for (Optimizer* const optimizer : {&whole, &by_array}) {
                        CHECK(optimizer->add_group(group, other) == 1);
                        optimizer->freeze(frozen);
                    }
                    std::vector<float> a = start, b = start, c = start, d = start;
                    for (int step = 0; step < 3; ++step) {
                        whole.step(std::span{a}, gradient);
                        by_array.step(std::span{b}, all);
                        plain.step(std::span{c}, all);
                        second.step(std::span{d}, all);
                    }
                    for (const nib::Range range : group)
                        for (std::size_t i = range.first; i < range.first + range.count; ++i) c[i] = d[i];
                    for (const nib::Range range : frozen)
                        for (std::size_t i = range.first; i < range.first + range.count; ++i) {
                            c[i] = start[i];
                            CHECK(whole.state(0)[i] == 0);
                        }
                    CHECK(a == c);
                    CHECK(b == c);
                };
                check({{weights, outputs}}, {});
                check({{0, weights}}, {{weights, outputs}});
                check({{1, 2}, {weights - 4, 5}}, {{weights / 2, outputs + 1}});
                for (float& value : out.first(weights)) value = 9;
                check({{weights, 1}}, {{0, weights}});
                CHECK(values[0] == 9);  // no product of a frozen matrix
            }
}

TEST_CASE("a group's options are checked and may change, and no parameter is in two groups") {
    Net<float> net;
    const nib::Optimizer<float, CountingMethod> fresh{net};
    nib::Optimizer<float, CountingMethod> counting = fresh;
    const std::vector<nib::Range> bias = nib::parameters_named(net, "bias");
    CHECK(support::error_of([&] { return counting.add_group(bias, {.factor = -1}); }) ==
          "Counting: expected a factor above 0");
    CHECK(counting.add_group(nib::parameters_named(net, "bias"), {.factor = 2}) == 1);
    CHECK(support::error_of([&] { return counting.add_group(nib::layer_parameters(net, "0"), {}); }) ==
          "Counting: expected parameters that are in no group yet, found parameter 15 in group 1");
    CHECK(counting.options(0).factor == 1);
    CHECK(std::as_const(counting).options(1).factor == 2);
    step(counting, net, 1);
    CHECK(net.parameters()[0] == -1);
    CHECK(net.parameters()[17] == -2);
    counting.options(1).factor = 0;
    CHECK(support::error_of([&] { step(counting, net, 1); }) == "Counting: expected a factor above 0");
    CHECK(net.parameters()[0] == -1);
    CHECK(counting.steps() == 1);
}

TEST_CASE("learning rates of all groups are scaled, and options stay") {
    Net<float> net;
    Counting<float> counting{net, {.learning_rate = 2}};
    counting.add_group(nib::parameters_named(net, "bias"), {.learning_rate = 8});
    counting.scale_learning_rate(0.5);
    step(counting, net, 1);
    CHECK(net.parameters()[0] == -1);
    CHECK(net.parameters()[17] == -4);
    counting.scale_learning_rate(1);
    step(counting, net, 1);
    CHECK(net.parameters()[0] == -5);
    CHECK(net.parameters()[17] == -20);
    CHECK(counting.options().learning_rate == 2);
    CHECK(counting.options(1).learning_rate == 8);
}
