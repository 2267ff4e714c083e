#include <nib/optim/schedule.hpp>

#include "../support.hpp"

#include <nib/io/npz.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace {

using nib::Schedule;
using nib::ScheduleTime;

double factor(const Schedule& schedule, double progress) {
    return schedule.factor({.progress = progress, .epochs_done = 20 * progress, .epochs = 20});
}

double half(const ScheduleTime& time) { return 0.5 * time.progress; }

}  // namespace

TEST_CASE("schedules are PyTorch's") {
    nib::TensorFile file = nib::open_npz(support::fixture("torch_schedules.npz"));
    const auto check = [&](const char* name, const Schedule& schedule, const auto& time) {
        const std::vector<double> expected = nib::values<double>(file, file.at(name));
        for (std::size_t i = 0; i < expected.size(); ++i) {
            CAPTURE(name);
            CAPTURE(i);
            CHECK(schedule.factor(time(static_cast<double>(i))) ==
                  doctest::Approx(expected[i]).epsilon(1e-10).scale(0));
        }
    };
    const auto at_start = [](double step) {
        return ScheduleTime{.progress = step / 20, .epochs_done = step, .epochs = 20};
    };
    const auto in_epoch = [](double step) {
        return ScheduleTime{.progress = (step + 0.9) / 20, .epochs_done = step + 0.8, .epochs = 20};
    };
    const auto at_end = [](double step) { return ScheduleTime{.progress = (step + 1) / 20, .steps = 20}; };
    const nib::LinearWarmup warmup;
    const nib::StepLR steps{.step_size = 6, .gamma = 0.3};
    const nib::CosineAnnealingLR cosine{.eta_min = 0.01};
    for (const auto time : {+at_start, +in_epoch}) {
        check("step", steps, time);
        check("exponential", nib::ExponentialLR{.gamma = 0.8}, time);
    }
    check("cosine", cosine, at_start);
    check("one_cycle", nib::OneCycleLR{}, at_end);
    check("one_cycle_other", nib::OneCycleLR{.pct_start = 0.45, .div_factor = 4, .final_div_factor = 50}, at_end);
    check("warmup", warmup, at_start);
    check("warmup_step", warmup.then(steps), at_start);
    check("warmup_cosine", warmup.then(cosine), at_start);
    check("warmup_cosine", nib::LinearWarmup{.epochs = 99, .part = 0.25}.then(cosine), at_start);

    const std::vector<double> losses = nib::values<double>(file, file.at("losses"));
    const auto check_plateau = [&](const char* name, const Schedule& schedule) {
        nib::PlateauState state;
        check(name, schedule, [&](double step) {
            if (step > 0) {
                const double before = state.factor;
                const bool reduced = state.update(schedule, losses[static_cast<std::size_t>(step) - 1]);
                CHECK(reduced == (state.factor < before));
            }
            return ScheduleTime{.plateau_factor = state.factor};
        });
    };
    check_plateau("plateau", nib::ReduceLROnPlateau{.factor = 0.5, .patience = 1, .cooldown = 2});
    check_plateau("plateau_floor", nib::ReduceLROnPlateau{.patience = 0, .threshold = 0.1, .min_factor = 0.02});
    nib::PlateauState state;
    const Schedule none;
    for (int epoch = 0; epoch < 20; ++epoch) CHECK(!state.update(none, 1));
    CHECK(state.factor == 1);
    const Schedule impatient = nib::ReduceLROnPlateau{.patience = 0};
    CHECK(state.update(impatient, std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("a schedule is 1 unless it is made of something, and may be a function") {
    CHECK(Schedule{}.is_constant());
    CHECK(!Schedule{nib::LinearWarmup{}}.is_constant());
    CHECK(!Schedule{nib::StepLR{}}.is_constant());
    for (const double progress : {0.0, 0.3, 1.0}) CHECK(factor({}, progress) == 1);
    CHECK(factor(half, 0.3) == 0.15);
    CHECK(factor([](const ScheduleTime& time) { return time.epochs_done; }, 0.5) == 10);
}

TEST_CASE("schedules stay in their ranges at the ends") {
    for (const double pct_start : {0.0, 1.0, 0.01})
        for (const double steps : {0.0, 1.0, 2.0})
            for (const double progress : {0.0, 0.5, 1.0}) {
                const Schedule schedule = nib::OneCycleLR{.pct_start = pct_start};
                const double found = schedule.factor({.progress = progress, .steps = steps});
                CHECK(found >= 0.9 / 25 / 1e4);
                CHECK(found <= 1);
            }
    // With very many steps, as by the formula.
    CHECK(factor(nib::OneCycleLR{}, 0) == doctest::Approx(0.04));
    CHECK(factor(nib::OneCycleLR{}, 0.15) == doctest::Approx(0.52));
    CHECK(factor(nib::OneCycleLR{}, 0.3) == doctest::Approx(1));
    CHECK(factor(nib::OneCycleLR{}, 1) == doctest::Approx(0.04 / 1e4));
    CHECK(factor(nib::CosineAnnealingLR{}, 1.5) == doctest::Approx(0));
    CHECK(factor(nib::LinearWarmup{.start_factor = 0, .epochs = 40}, 1) == 0.5);
    CHECK(factor(nib::LinearWarmup{.start_factor = 0, .epochs = 40}.then(nib::OneCycleLR{}), 1) ==
          doctest::Approx(0.5 / 25));
    CHECK(factor(nib::LinearWarmup{.epochs = 0}, 0) == 1);
    CHECK(factor(nib::LinearWarmup{.part = 1}.then(nib::CosineAnnealingLR{}), 1) == doctest::Approx(1));
}

TEST_CASE("WarmupCosine goes up in a twentieth, and down to a hundredth along half a cosine") {
    const Schedule schedule = nib::WarmupCosine{};
    CHECK(factor(schedule, 0) == 0);
    CHECK(factor(schedule, 0.025) == doctest::Approx(0.5));
    CHECK(factor(schedule, 0.05) == doctest::Approx(1));
    CHECK(factor(schedule, 1) == doctest::Approx(0.01));
    CHECK(factor(schedule, 1.5) == factor(schedule, 1));
    for (double progress = 0.05; progress <= 1; progress += 0.01) {
        const double place = (progress - 0.05) / 0.95;
        const double expected = 0.01 + 0.99 * (1 + std::cos(std::numbers::pi * place)) / 2;
        CHECK(std::abs(factor(schedule, progress) - expected) < 1e-6);
    }
}

TEST_CASE("a schedule says what it is") {
    CHECK(Schedule{}.description() == "constant");
    CHECK(Schedule{half}.description() == "function");
    CHECK(Schedule{nib::WarmupCosine{}}.description() == "WarmupCosine");
    CHECK(Schedule{nib::StepLR{.step_size = 30}}.description() == "StepLR(step_size=30, gamma=0.1)");
    CHECK(Schedule{nib::ExponentialLR{}}.description() == "ExponentialLR(gamma=0.9)");
    CHECK(Schedule{nib::CosineAnnealingLR{.eta_min = 0.01}}.description() == "CosineAnnealingLR(eta_min=0.01)");
    CHECK(Schedule{nib::OneCycleLR{}}.description() ==
          "OneCycleLR(pct_start=0.3, div_factor=25, final_div_factor=10000)");
    CHECK(Schedule{nib::ReduceLROnPlateau{}}.description() ==
          "ReduceLROnPlateau(factor=0.1, patience=10, threshold=0.0001, cooldown=0, min_factor=0)");
    CHECK(Schedule{nib::LinearWarmup{.start_factor = 0.5}}.description() == "LinearWarmup(start_factor=0.5, epochs=5)");
    CHECK(nib::LinearWarmup{.start_factor = 0, .part = 0.1}.then(nib::ExponentialLR{}).description() ==
          "LinearWarmup(start_factor=0, part=0.1), then ExponentialLR(gamma=0.9)");
}

TEST_CASE("options of schedules out of their ranges are refused") {
    const auto error = [](const auto& options) { return support::error_of([&] { return Schedule{options}; }); };
    CHECK(error(nib::StepLR{.step_size = 0}) == "StepLR: expected a step_size of at least 1, found 0");
    CHECK(error(nib::StepLR{.gamma = -1}) == "StepLR: expected a gamma of at least 0, found -1");
    CHECK(error(nib::ExponentialLR{.gamma = std::nan("")}) ==
          "ExponentialLR: expected a gamma of at least 0, found NaN");
    CHECK(error(nib::CosineAnnealingLR{.eta_min = -0.1}) ==
          "CosineAnnealingLR: expected an eta_min of at least 0, found -0.1");
    CHECK(error(nib::OneCycleLR{.pct_start = 1.5}) == "OneCycleLR: expected a pct_start in [0, 1], found 1.5");
    CHECK(error(nib::OneCycleLR{.div_factor = 0.5}) == "OneCycleLR: expected a div_factor of at least 1, found 0.5");
    CHECK(error(nib::OneCycleLR{.final_div_factor = 0}) == "OneCycleLR: expected a final_div_factor above 0, found 0");
    CHECK(error(nib::ReduceLROnPlateau{.factor = 1}) == "ReduceLROnPlateau: expected a factor in [0, 1), found 1");
    CHECK(error(nib::ReduceLROnPlateau{.patience = -1}) ==
          "ReduceLROnPlateau: expected a patience of at least 0, found -1");
    CHECK(error(nib::ReduceLROnPlateau{.threshold = 1}) != "");
    CHECK(error(nib::ReduceLROnPlateau{.cooldown = -1}) != "");
    CHECK(error(nib::ReduceLROnPlateau{.min_factor = 2}) != "");
    CHECK(error(nib::LinearWarmup{.start_factor = -1}) ==
          "LinearWarmup: expected a start_factor of at least 0, found -1");
    CHECK(error(nib::LinearWarmup{.epochs = -1}) == "LinearWarmup: expected at least 0 epochs, found -1");
    CHECK(error(nib::LinearWarmup{.part = 2}) == "LinearWarmup: expected a part in [0, 1], found 2");
    CHECK(support::error_of([] { return nib::LinearWarmup{}.then(nib::LinearWarmup{}); }) ==
          "LinearWarmup: expected a schedule without a warm-up to follow");
}
