// Through fit, which shows what a course does to a network.
#include <nib/train/detail/course.hpp>

#include "../../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using Net = nib::BasicSequential<double, nib::Dense<2, 8>, nib::BatchNorm, nib::Tanh, nib::Dropout<0.2>,
                                 nib::Dense<8, 2>, nib::LogSoftmax>;

// Two classes: inside and outside of a circle.
struct Circle {
    nib::Matrix<double> x;
    std::vector<int> classes;

    Circle(std::size_t count, std::uint64_t seed) : x{count, 2}, classes(count) {
        nib::Rng rng{seed};
        for (double& value : x.values()) value = rng.uniform(-1, 1);
        for (std::size_t i = 0; i < count; ++i) classes[i] = x(i, 0) * x(i, 0) + x(i, 1) * x(i, 1) < 0.5 ? 1 : 0;
    }
    nib::Examples<double> examples() const { return {x, classes}; }
};

struct Learner {
    nib::Rng rng{71};
    Net net{rng};
    nib::Adam<double> adam;

    Learner() : adam{net, {.learning_rate = 1e-2}} {}
};

// One number, which is its own loss: y = b for x = 0, (b - 0)^2. A step sets b to what a script says.
using One = nib::BasicSequential<double, nib::Dense<1, 1>>;
struct Zeros {
    nib::Matrix<double> x{4, 1}, y{4, 1};
    nib::Examples<double, double> examples() const { return {x, y}; }
};
struct Scripted {
    struct Options {
        double learning_rate = 1;
    };
    Options options_{};
    std::vector<double> losses;
    std::vector<double> rates{};

    Options& options() { return options_; }
    void step(One& net, const nib::DeferredGradient<double>&) {
        net.parameters()[1] = std::sqrt(losses[rates.size()]);
        rates.push_back(options_.learning_rate);
    }
};

}  // namespace

TEST_CASE("validation data are reported of after each epoch, and the history holds all reports") {
    const Circle circle(90, 1), other(40, 2);
    Learner learner;
    std::vector<double> losses;
    const nib::FitResult result = nib::fit(
        learner.net, learner.adam, circle.examples(), {.epochs = 5, .schedule = nib::ExponentialLR{.gamma = 0.5}},
        learner.rng, nib::Validation{other.examples()}, [&](const nib::EpochReport& report) {
            const nib::Evaluation expected = nib::evaluate(learner.net, other.examples());
            REQUIRE(report.validation_loss);
            REQUIRE(report.validation_accuracy);
            CHECK(*report.validation_loss == expected.loss);
            CHECK(*report.validation_accuracy == expected.accuracy());
            CHECK(report.learning_rate == 1e-2 * std::pow(0.5, report.epoch - 1));
            losses.push_back(expected.loss);
        });
    CHECK(result.end == nib::FitResult::End::all_epochs);
    REQUIRE(result.history.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(result.history[i].validation_loss == losses[i]);
    CHECK(result.best_epoch == std::ranges::min_element(losses) - losses.begin() + 1);

    // It changes nothing of what is learned.
    Learner without;
    const nib::FitResult quiet = nib::fit(without.net, without.adam, circle.examples(),
                                          {.epochs = 5, .schedule = nib::ExponentialLR{.gamma = 0.5}}, without.rng);
    CHECK(std::ranges::equal(without.net.parameters(), learner.net.parameters()));
    CHECK(quiet.best_epoch == 0);
    CHECK(!quiet.history[4].validation_loss);
    CHECK(quiet.history[4].loss == result.history[4].loss);
}

TEST_CASE("with patience training ends where nothing better comes, and the best network is kept") {
    const Zeros zeros;
    struct Row {
        std::vector<double> losses;
        int patience;
        double min_delta;
        std::size_t epochs;
        int best;
        nib::FitResult::End end;
    };
    using End = nib::FitResult::End;
    const std::vector<double> losses{9, 4, 5, 4, 3.75, 6, 7, 8, 1, 1};
    for (const Row& row : {Row{losses, 0, 0, 10, 9, End::all_epochs}, Row{losses, 3, 0, 8, 5, End::patience},
                           Row{losses, 2, 0, 4, 2, End::patience}, Row{losses, 3, 0.5, 5, 2, End::patience},
                           Row{losses, 4, 0, 10, 9, End::all_epochs}}) {
        CAPTURE(row.patience);
        nib::Rng rng{1};
        One net{rng};
        Scripted scripted{.losses = row.losses};
        double shown = 0;
        nib::TrainingState<double> state;
        const nib::FitOptions options{
            .epochs = 10, .batch_size = 4, .patience = row.patience, .min_delta = row.min_delta};
        const auto on_epoch = [&](const nib::EpochReport& report) {
            shown = net.parameters()[1] * net.parameters()[1];
            CHECK(*report.validation_loss == doctest::Approx(shown));
            CHECK(!report.validation_accuracy);
        };
        const auto result = nib::fit(net, scripted, zeros.examples(), options, rng, nib::MseLoss{},
                                     nib::Validation{zeros.examples()}, state, on_epoch);
        CHECK(result.end == row.end);
        CHECK(result.stopped_early() == (row.end == End::patience));
        CHECK(result.history.size() == row.epochs);
        CHECK(result.best_epoch == row.best);
        CHECK(shown == doctest::Approx(losses[row.epochs - 1]));
        const std::size_t last = row.patience > 0 ? static_cast<std::size_t>(row.best) : row.epochs;
        CHECK(net.parameters()[1] * net.parameters()[1] == doctest::Approx(losses[last - 1]));
        if (row.patience != 3 || row.min_delta > 0) continue;

        // With more patience the same run goes on where it was, not from the best.
        nib::FitOptions more = options;
        more.first_epoch = 9;
        CHECK(nib::fit(net, scripted, zeros.examples(), more, rng, nib::MseLoss{}, nib::Validation{zeros.examples()},
                       state, on_epoch)
                  .stopped_early());
        CHECK(state.epochs() == 8);
        more.patience = 4;
        bool first = true;
        const auto again = nib::fit(
            net, scripted, zeros.examples(), more, rng, nib::MseLoss{}, nib::Validation{zeros.examples()}, state,
            [](const nib::EpochReport&) {},
            [&](const nib::Progress&) {
                if (first) CHECK(scripted.rates.size() == 9);
                first = false;
            });
        CHECK(again.best_epoch == 9);
        CHECK(again.history.size() == 10);
    }
}

TEST_CASE("a run that had no patience goes on with it, and keeps the best network from there") {
    const Zeros zeros;
    nib::Rng rng{1};
    One net{rng};
    Scripted scripted{.losses = {9, 1, 5, 5, 5, 4, 6, 6}};
    nib::TrainingState<double> state;
    const auto fit = [&](const nib::FitOptions& options) {
        return nib::fit(net, scripted, zeros.examples(), options, rng, nib::MseLoss{},
                        nib::Validation{zeros.examples()}, state);
    };
    CHECK(fit({.epochs = 4, .batch_size = 4}).best_epoch == 2);
    const auto result = fit({.epochs = 8, .batch_size = 4, .first_epoch = 5, .patience = 2});
    CHECK(result.history.size() == 8);
    CHECK(result.best_epoch == 6);
    CHECK(net.parameters()[1] * net.parameters()[1] == doctest::Approx(4));
}

TEST_CASE("early stopping looks at the accuracy where it is told to") {
    const Circle circle(90, 1), other(40, 2);
    Learner learner;
    std::vector<double> accuracies;
    std::vector<std::vector<double>> numbers;
    const nib::FitOptions options{.epochs = 200, .patience = 6, .monitor = nib::Monitor::accuracy};
    const auto result = nib::fit(
        learner.net, learner.adam, circle.examples(), options, learner.rng, nib::NllLoss{},
        nib::Validation{other.examples()}, [&](const nib::EpochReport& report) {
            accuracies.push_back(*report.validation_accuracy);
            numbers.emplace_back(learner.net.parameters().begin(), learner.net.parameters().end());
            numbers.back().insert(numbers.back().end(), learner.net.buffers().begin(), learner.net.buffers().end());
        });
    CHECK(result.stopped_early());
    const auto best = static_cast<std::size_t>(std::ranges::max_element(accuracies) - accuracies.begin());
    CHECK(result.best_epoch == static_cast<int>(best) + 1);
    CHECK(result.history.size() == best + 7);
    std::vector<double> now(learner.net.parameters().begin(), learner.net.parameters().end());
    now.insert(now.end(), learner.net.buffers().begin(), learner.net.buffers().end());
    CHECK(now == numbers[best]);
}

TEST_CASE("a rate is reduced on a plateau of the validation loss, or of the training loss where there is none") {
    const Zeros zeros;
    const nib::FitOptions options{
        .epochs = 6, .batch_size = 4, .schedule = nib::ReduceLROnPlateau{.factor = 0.5, .patience = 1}};
    for (const bool validated : {true, false}) {
        nib::Rng rng{1};
        One net{rng};
        net.parameters()[1] = 3;
        Scripted scripted{.losses = {4, 4, 4, 1, 1, 1}};
        if (validated)
            nib::fit(net, scripted, zeros.examples(), options, rng, nib::MseLoss{}, nib::Validation{zeros.examples()});
        else
            nib::fit(net, scripted, zeros.examples(), options, rng, nib::MseLoss{});
        // The training loss is that before the step: 9, 4, 4, 4, 1, 1.
        CHECK(scripted.rates ==
              (validated ? std::vector<double>{1, 1, 1, 0.5, 0.5, 0.5} : std::vector<double>{1, 1, 1, 1, 0.5, 0.5}));
        CHECK(scripted.options().learning_rate == 1);
    }
}

TEST_CASE("with ema_decay the network is the average of the parameters over steps; training goes on with its own") {
    const Circle circle(90, 1), other(40, 2);
    Learner by_hand;
    nib::Gradients gradients{by_hand.net};
    std::vector<double> average(by_hand.net.parameters().size());
    int t = 0;
    std::vector<std::vector<double>> expected;
    for (int epoch = 0; epoch < 3; ++epoch) {
        for (const auto& batch : nib::batches(circle.examples(), 20, by_hand.rng)) {
            by_hand.adam.step(by_hand.net, gradients(by_hand.net, batch));
            const double decay = t == 0 ? 0 : std::min(0.7, (1.0 + t) / (10.0 + t));
            for (std::size_t i = 0; i < average.size(); ++i)
                average[i] = decay * average[i] + (1 - decay) * by_hand.net.parameters()[i];
            ++t;
        }
        expected.push_back(average);
    }
    Learner learner;
    const auto is_average = [&](std::size_t epoch) {
        for (std::size_t i = 0; i < average.size(); ++i)
            CHECK(std::abs(learner.net.parameters()[i] - expected[epoch][i]) < 1e-14);
    };
    nib::TrainingState<double> state;
    nib::fit(learner.net, learner.adam, circle.examples(), {.epochs = 3, .batch_size = 20, .ema_decay = 0.7},
             learner.rng, nib::Validation{other.examples()}, state, [&](const nib::EpochReport& report) {
                 is_average(static_cast<std::size_t>(report.epoch) - 1);
                 CHECK(*report.validation_loss == nib::evaluate(learner.net, other.examples()).loss);
             });
    is_average(2);
    CHECK(std::ranges::equal(learner.adam.state(1), by_hand.adam.state(1)));
    CHECK(std::ranges::equal(state.training.parameters, by_hand.net.parameters()));
    CHECK(std::ranges::equal(learner.net.buffers(), by_hand.net.buffers()));
}

TEST_CASE("batches are accumulated to steps of larger ones, also at the end of an epoch, whatever the threads") {
    using Plain = nib::BasicSequential<double, nib::Dense<2, 40>, nib::Tanh, nib::Dense<40, 2>, nib::LogSoftmax>;
    const Circle circle(250, 1);
    const auto learned = [&](const nib::FitOptions& options) {
        nib::Rng rng{71};
        Plain net{rng};
        nib::Adam<double> adam{net};
        nib::fit(net, adam, circle.examples(), options, rng);
        CHECK(adam.steps() == 6);
        return std::vector<double>(net.parameters().begin(), net.parameters().end());
    };
    const std::vector<double> expected = learned({.epochs = 2, .batch_size = 100});
    const std::vector<double> found = learned({.epochs = 2, .batch_size = 50, .accumulate = 2});
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-12);
    CHECK(learned({.epochs = 2, .batch_size = 50, .threads = 2, .accumulate = 2}) == found);
}

TEST_CASE("accumulated gradients of a loss that is a sum are added") {
    const Circle circle(250, 1);
    const auto learned = [&](const nib::FitOptions& options) {
        nib::Rng rng{72};
        nib::BasicSequential<double, nib::Dense<2, 2>, nib::LogSoftmax> net{rng};
        nib::Sgd<double> sgd{net, {.learning_rate = 1e-3}};
        nib::fit(net, sgd, circle.examples(), options, rng, nib::NllLoss{.reduction = nib::Reduction::sum});
        return std::vector<double>(net.parameters().begin(), net.parameters().end());
    };
    const std::vector<double> expected = learned({.epochs = 2, .batch_size = 100});
    const std::vector<double> found = learned({.epochs = 2, .batch_size = 50, .accumulate = 2});
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-12);
}

TEST_CASE("gradients are clipped before each step, by value and then by their norm, as in a loop by hand") {
    const Circle circle(90, 1);
    struct Row {
        double clip_value, clip_norm;
        std::size_t accumulate;
    };
    for (const Row& row : {Row{0, 0.1, 1}, Row{0.02, 0, 1}, Row{0.05, 0.08, 2}}) {
        CAPTURE(row.clip_norm);
        Learner by_hand;
        nib::Gradients gradients{by_hand.net};
        for (int epoch = 0; epoch < 2; ++epoch) {
            std::vector<double> sums(by_hand.net.parameters().size());
            double examples = 0;
            std::size_t left = 9, count = 0;
            for (const auto& batch : nib::batches(circle.examples(), 10, by_hand.rng)) {
                const std::span<const double> found = gradients(by_hand.net, batch).multiply_out();
                for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += 10 * found[i];
                examples += 10;
                --left;
                if (++count < row.accumulate && left > 0) continue;
                double squares = 0;
                for (double& sum : sums) {
                    sum /= examples;
                    if (row.clip_value > 0) sum = std::min(std::max(sum, -row.clip_value), row.clip_value);
                    squares += sum * sum;
                }
                const double factor = row.clip_norm / (std::sqrt(squares) + 1e-6);
                if (row.clip_norm > 0 && factor < 1)
                    for (double& sum : sums) sum *= factor;
                by_hand.adam.step(by_hand.net, std::span<const double>{sums});
                std::ranges::fill(sums, 0.0);
                examples = 0;
                count = 0;
            }
        }
        Learner learner;
        nib::fit(learner.net, learner.adam, circle.examples(),
                 {.epochs = 2,
                  .batch_size = 10,
                  .accumulate = row.accumulate,
                  .clip_value = row.clip_value,
                  .clip_norm = row.clip_norm},
                 learner.rng);
        CHECK(learner.adam.steps() == by_hand.adam.steps());
        for (std::size_t i = 0; i < learner.net.parameters().size(); ++i)
            CHECK(std::abs(learner.net.parameters()[i] - by_hand.net.parameters()[i]) < 1e-9);
    }
}
