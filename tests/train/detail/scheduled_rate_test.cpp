#include <nib/train/detail/scheduled_rate.hpp>

#include "../../support.hpp"
#include "../circle.hpp"

#include <nib/model/mlp.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

// Notes the learning rate of each step, and learns nothing.
struct RateRecorder {
    nib::AdamOptions& options() { return options_; }
    template <class Net>
    void step(Net&, const nib::DeferredGradient<float>&) {
        rates.push_back(options_.learning_rate);
    }
    std::vector<double> rates;

private:
    nib::AdamOptions options_{.learning_rate = 2};
};

// The learning rate is a member that counts how often it is written.
struct CountedRate {
    struct Rate {
        double value = 1;
        int written = 0;
        operator double() const { return value; }
        Rate& operator=(double to) {
            value = to;
            ++written;
            return *this;
        }
    };
    struct Options {
        Rate learning_rate;
    } options_;
    Options& options() { return options_; }
    template <class Net>
    void step(Net&, const nib::DeferredGradient<float>&) {}
};

struct NoRate {
    template <class Net>
    void step(Net&, const nib::DeferredGradient<float>&) {}
};

}  // namespace

TEST_CASE("a schedule sets the learning rate of each step, also after a checkpoint, and the first one comes back") {
    nib::Rng rng{11};
    nib::Mlp net{{3, 2}, rng};
    const nib::Matrix<float> x(10, 3);
    const std::vector<int> classes(10);
    const nib::Examples examples{x, classes};
    RateRecorder recorder;
    const nib::FitOptions options{.epochs = 3, .batch_size = 4, .schedule = nib::WarmupCosine{}};
    std::vector<double> after_epochs;
    const auto on_epoch = [&](const nib::EpochReport&) { after_epochs.push_back(recorder.options().learning_rate); };
    nib::fit(net, recorder, examples, options, rng, on_epoch);
    CHECK(after_epochs == std::vector<double>{2, 2, 2});
    std::vector<double> expected;
    for (int epoch = 0; epoch < 3; ++epoch)
        for (const int done : {4, 8, 10})
            expected.push_back(2 * options.schedule.factor({.progress = (10 * epoch + done) / 30.0}));
    CHECK(recorder.rates == expected);

    RateRecorder later;
    nib::FitOptions rest = options;
    rest.first_epoch = 3;
    nib::fit(net, later, examples, rest, rng);
    CHECK(later.rates == std::vector<double>(expected.begin() + 6, expected.end()));

    RateRecorder constant;
    nib::fit(net, constant, examples, {.epochs = 1, .batch_size = 5}, rng);
    CHECK(constant.rates == std::vector<double>{2, 2});

    CountedRate counted;
    nib::fit(net, counted, examples, {.epochs = 2, .batch_size = 5}, rng);
    CHECK(counted.options().learning_rate.written == 0);

    // Between epochs the caller's changes count.
    RateRecorder changed;
    nib::fit(net, changed, examples, {.epochs = 2, .batch_size = 10, .schedule = nib::WarmupCosine{}}, rng,
             [&](const nib::EpochReport&) { changed.options().learning_rate = 5; });
    CHECK(changed.rates == std::vector<double>{2 * nib::Schedule{nib::WarmupCosine{}}.factor({.progress = 0.5}),
                                               5 * nib::Schedule{nib::WarmupCosine{}}.factor({.progress = 1})});
    CHECK(changed.options().learning_rate == 5);

    // It is that of all groups.
    nib::Adam adam{net};
    adam.add_group(nib::parameters_named(net, "bias"), {.learning_rate = 2});
    const std::vector<float> before(net.parameters().begin(), net.parameters().end());
    const auto train_by = [&](const nib::Schedule& schedule) {
        nib::fit(net, adam, examples, {.epochs = 1, .schedule = schedule}, rng);
        return std::equal(before.begin(), before.end(), net.parameters().begin());
    };
    CHECK(train_by([](const nib::ScheduleTime&) { return 0.0; }));
    CHECK(!train_by({}));

    NoRate none;
    nib::fit(net, none, examples, {.epochs = 1}, rng);
    CHECK(support::error_of([&] { nib::fit(net, none, examples, options, rng); }) ==
          "fit: the optimiser has no options().learning_rate for a schedule to set");
}

TEST_CASE("the learning rate comes back where a callback throws") {
    const support::Circle circle;
    struct Stop {};
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        support::Learner learner;
        const nib::FitOptions options{.threads = threads, .schedule = nib::WarmupCosine{}};
        const auto stop = [](const auto&) { throw Stop{}; };
        CHECK_THROWS_AS(
            nib::fit(learner.net, learner.adam, circle.examples(), options, learner.rng, nib::NoCallback{}, stop),
            Stop);
        CHECK(learner.adam.options().learning_rate == 1e-2);
        CHECK_THROWS_AS(nib::fit(learner.net, learner.adam, circle.examples(), options, learner.rng, stop), Stop);
        CHECK(learner.adam.options().learning_rate == 1e-2);
    }
}
