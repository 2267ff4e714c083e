#include <nib/optim/schedule.hpp>

#include "../support.hpp"

#include <cmath>
#include <numbers>

using nib::Schedule;
using nib::schedule_factor;

TEST_CASE("a constant schedule is 1 throughout") {
    for (const double progress : {0.0, 0.3, 1.0}) CHECK(schedule_factor(Schedule::constant, progress) == 1);
}

TEST_CASE("warm-up and cosine go up in a twentieth, and down to a hundredth along half a cosine") {
    const auto factor = [](double progress) { return schedule_factor(Schedule::warmup_cosine, progress); };
    CHECK(factor(0) == 0);
    CHECK(factor(0.025) == doctest::Approx(0.5));
    CHECK(factor(0.05) == doctest::Approx(1));
    CHECK(factor(1) == doctest::Approx(0.01));
    CHECK(factor(1.5) == factor(1));
    for (double progress = 0.05; progress <= 1; progress += 0.01) {
        const double place = (progress - 0.05) / 0.95;
        const double expected = 0.01 + 0.99 * (1 + std::cos(std::numbers::pi * place)) / 2;
        CHECK(std::abs(factor(progress) - expected) < 1e-6);
    }
}
