#include <nib/train/detail/fit_checks.hpp>

#include "../../support.hpp"
#include "../circle.hpp"

#include <nib/train/fit.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace std::string_literals;
using support::Circle;
using support::Learner;
using support::RandomPoints;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

// Its value is finite, its gradient is not.
struct SteepLoss : nib::NllLoss {
    template <class T>
    static void gradient_through(nib::MatrixView<const T>, std::span<const int>, nib::MatrixView<T> dx) {
        for (T& value : dx.values()) value = std::numeric_limits<T>::infinity();
    }
};

}  // namespace

TEST_CASE("a number in the data that is not finite stops training before its step, and is named") {
    const std::vector<float> odd{not_a_number, infinity, -infinity};
    for (std::size_t i = 0; i < odd.size(); ++i)
        for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
            CAPTURE(odd[i]);
            CAPTURE(threads);
            Circle circle;
            Learner learner, expected;
            nib::fit(learner.net, learner.adam, circle.examples(), {.epochs = 1, .batch_size = 40}, learner.rng);
            // What comes before the example in the second epoch, by hand.
            expected = learner;
            circle.x(123, 1) = odd[i];
            std::size_t step = 0;
            {
                nib::Gradients gradients{expected.net};
                auto batches = nib::batches(circle.examples(), 40, expected.rng);
                bool reached = false;
                for (const auto& batch : batches) {
                    for (std::size_t row = 0; row < batch.targets.size(); ++row)
                        reached = reached || batches.example(step, row) == 123;
                    ++step;
                    if (reached) break;
                    expected.adam.step(expected.net, gradients(expected.net, batch));
                }
                REQUIRE(reached);
                REQUIRE(step > 1);
            }
            std::size_t batches = 0;
            const auto count = [&](const nib::Progress&) { ++batches; };
            const nib::FitOptions options{.epochs = 3, .batch_size = 40, .first_epoch = 2, .threads = threads};
            const std::string message = support::error_of([&] {
                nib::fit(learner.net, learner.adam, circle.examples(), options, learner.rng, nib::NoCallback{}, count);
            });
            CHECK(message.starts_with("fit: epoch 2, step " + std::to_string(step) +
                                      " of 13: expected a finite loss and finite gradients, found a loss of "));
            CHECK(message.ends_with(": example 123 of the data has "s + (i == 0 ? "NaN" : "infinity") +
                                    " as feature 1; this step was not taken"));
            CHECK(batches == step - 1);
            CHECK(learner == expected);
        }
}

TEST_CASE("so it is where examples are made on a thread of their own") {
    Circle circle;
    circle.x(7, 0) = not_a_number;
    const nib::Examples points = circle.examples();
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        Learner learner;
        const std::string message = support::error_of([&] {
            nib::fit(learner.net, learner.adam, RandomPoints{&points}, {.batch_size = 40, .threads = threads},
                     learner.rng);
        });
        CHECK(support::contains(message, "fit: epoch 1, step "));
        CHECK(support::contains(message, ": example 7 of the data has NaN as feature 0; this step was not taken"));
        CHECK(learner.adam.steps() < 13);
        for (const float parameter : learner.net.parameters()) CHECK(nib::is_finite(parameter));
    }
}

TEST_CASE("a rate that is too high stops training while all parameters are finite, and comes back") {
    const Circle circle;
    for (const double rate : {1e20, 1e30 - 1e14}) {
        Learner learner;
        learner.adam.options().learning_rate = rate;
        int epochs = 0;
        const std::string message = support::error_of([&] {
            nib::fit(learner.net, learner.adam, circle.examples(), {.epochs = 50, .schedule = nib::WarmupCosine{}},
                     learner.rng, [&](const nib::EpochReport& epoch) { epochs = epoch.epoch; });
        });
        CAPTURE(message);
        CHECK(message.starts_with("fit: epoch " + std::to_string(epochs + 1) + ", "));
        CHECK(support::contains(message, ": the learning rate, "));
        CHECK(support::contains(message, ", may be too high"));
        CHECK(learner.adam.options().learning_rate == rate);
    }
}

TEST_CASE("gradients that are not finite stop training where the loss is") {
    const Circle circle;
    Learner learner;
    const Learner before = learner;
    const std::string message = support::error_of(
        [&] { nib::fit(learner.net, learner.adam, circle.examples(), {}, learner.rng, SteepLoss{}); });
    CHECK(message ==
          "fit: epoch 1, step 1 of 34: expected a finite loss and finite gradients, found gradients that are not finite"
          ": the learning rate, 0.01, may be too high; this step was not taken");
    CHECK(learner == before);
}

TEST_CASE("a parameter or a moment that is not finite is found at the end of an epoch, before on_epoch is called") {
    const Circle circle;
    // A step that breaks a parameter.
    struct Breaker {
        void step(nib::Mlp& net, const nib::DeferredGradient<float>&) { net.parameters().back() = not_a_number; }
    } breaker;
    Learner learner;
    bool called = false;
    const auto on_epoch = [&](const nib::EpochReport&) { called = true; };
    CHECK(support::error_of([&] {
              nib::fit(learner.net, breaker, circle.examples(), {.batch_size = 500}, learner.rng, on_epoch);
          }) == "fit: epoch 1, after its last step: tensor \"2.bias\": expected finite numbers, found NaN at index 1");
    CHECK(!called);
    CHECK(support::error_of([&] { nib::fit(learner.net, breaker, circle.examples(), {}, learner.rng, on_epoch); }) ==
          "fit: epoch 1, step 1 of 34: expected a finite loss and finite gradients, found a loss of NaN: before this "
          "step, tensor "
          "\"2.bias\": expected finite numbers, found NaN at index 1; this step was not taken");

    // Gradients whose squares are too large for a float, which leave the loss finite.
    Circle large;
    for (float& value : large.x.values()) value *= 1e30f;
    Learner other;
    const std::string message = support::error_of(
        [&] { nib::fit(other.net, other.adam, large.examples(), {.batch_size = 500}, other.rng, on_epoch); });
    CHECK(support::contains(message, "tensor \"exp_avg_sq.0.weight\": expected finite numbers, found infinity at"));
    CHECK(!called);
}
