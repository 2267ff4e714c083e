#include <nib/train/fit.hpp>

#include "../support.hpp"
#include "circle.hpp"

#include <nib/data/augmentation.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

using support::Circle;
using support::Learner;
using support::RandomPoints;

TEST_CASE("a user's own matrix and labels are learned") {
    const Circle circle;
    nib::Rng rng{52};
    nib::Sequential<nib::Dense<2, 32>, nib::ReLU, nib::Dense<32, 2>, nib::LogSoftmax> net{rng};
    nib::Adam adam{net, {.learning_rate = 1e-2}};
    CHECK(nib::accuracy(net, circle.examples()) < 0.8);
    std::vector<double> losses;
    std::vector<int> epochs;
    std::size_t batches = 0;
    nib::Progress last;
    nib::fit(
        net, adam, circle.examples(), {.epochs = 60, .batch_size = 32}, rng,
        [&](const nib::EpochReport& epoch) {
            losses.push_back(epoch.loss);
            epochs.push_back(epoch.epoch);
            CHECK(epoch.seconds >= 0);
        },
        [&](const nib::Progress& progress) {
            ++batches;
            last = progress;
        });
    CHECK(nib::accuracy(net, circle.examples()) > 0.97);
    REQUIRE(losses.size() == 60);
    CHECK(losses.back() < 0.25 * losses.front());
    CHECK(epochs.front() == 1);
    CHECK(epochs.back() == 60);
    CHECK(batches == 60 * 16);
    CHECK(last.examples == 60 * 500);
    CHECK(last.all_examples() == 60 * 500);
}

TEST_CASE("fit does what its loop written by hand does, to the bit") {
    const Circle circle;
    nib::Rng rng{53}, by_hand_rng{53};
    nib::Mlp net{{2, 8, 2}, rng}, by_hand{{2, 8, 2}, by_hand_rng};
    nib::Adam adam{net}, by_hand_adam{by_hand};
    nib::fit(net, adam, circle.examples(), {.epochs = 2, .batch_size = 15}, rng);

    nib::Gradients gradients{by_hand, nib::NllLoss{}};
    for (int epoch = 0; epoch < 2; ++epoch)
        for (const auto& batch : nib::batches(circle.examples(), 15, by_hand_rng))
            by_hand_adam.step(by_hand, gradients(by_hand, batch));
    CHECK(std::ranges::equal(net.parameters(), by_hand.parameters()));
}

TEST_CASE("rows of targets are learned with MseLoss") {
    nib::Rng rng{57};
    nib::Matrix<float> x(300, 2), y(300, 2);
    for (std::size_t i = 0; i < x.rows(); ++i) {
        for (float& value : x.row(i)) value = static_cast<float>(rng.uniform(-1, 1));
        y(i, 0) = x(i, 0) * x(i, 1);
        y(i, 1) = x(i, 0) - 0.5f;
    }
    const nib::Examples examples{x, y};
    nib::Sequential<nib::Dense<2, 32>, nib::ReLU, nib::Dense<32, 2>> net{rng};
    nib::Adam adam{net, {.learning_rate = 1e-2}};
    const double before = nib::evaluate(net, examples, nib::MseLoss{}).loss;
    double last = 0;
    nib::fit(net, adam, examples, {.epochs = 50}, rng, nib::MseLoss{},
             [&](const nib::EpochReport& epoch) { last = epoch.loss; });
    CHECK(nib::evaluate(net, examples, nib::MseLoss{}).loss < 0.01 * before);
    CHECK(last < 0.02 * before);

    y(200, 1) = std::numeric_limits<float>::quiet_NaN();
    const std::string message =
        support::error_of([&] { nib::fit(net, adam, examples, {.epochs = 1}, rng, nib::MseLoss{}); });
    CHECK(support::contains(message, "found a loss of NaN: example 200 of the data has NaN as target 1; this step"));
    const nib::Matrix<float> narrow(300, 1);
    CHECK(support::error_of([&] {
              nib::fit(net, adam, nib::Examples{x, narrow}, {}, rng, nib::MseLoss{});
          }) == "the data: expected rows of 2 targets, the network's outputs, found 1");
}

TEST_CASE("a network that cannot learn is refused: moved from, all 0, or of logits with NllLoss") {
    const Circle circle;
    nib::Rng rng{55};
    nib::Mlp net{{2, 3, 2}};
    nib::Adam adam{net};
    const auto error = [&](const nib::FitOptions& options) {
        return support::error_of([&] { nib::fit(net, adam, circle.examples(), options, rng); });
    };
    CHECK(support::contains(error({}), "all parameters of the network are 0"));
    CHECK(error({.epochs = 1, .allow_zero_parameters = true}) == "");
    const nib::Mlp other = std::move(net);
    CHECK(error({}) == "the network was moved from: it has no parameters");
}

TEST_CASE("a callback that returns Training::stop ends the training") {
    const Circle circle;
    using nib::Training;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        nib::Rng rng{58};
        nib::Mlp net{{2, 4, 2}, rng};
        nib::Adam adam{net, {.learning_rate = 1e-2}};
        const nib::FitOptions options{
            .epochs = 9, .batch_size = 100, .threads = threads, .schedule = nib::WarmupCosine{}};
        std::vector<int> epochs;
        nib::fit(net, adam, circle.examples(), options, rng, [&](const nib::EpochReport& epoch) {
            epochs.push_back(epoch.epoch);
            return epoch.epoch == 3 ? Training::stop : Training::proceed;
        });
        CHECK(epochs == std::vector<int>{1, 2, 3});
        CHECK(adam.steps() == 15);
        CHECK(adam.options().learning_rate == 1e-2);
        nib::fit(
            net, adam, circle.examples(), options, rng,
            [&](const nib::EpochReport& epoch) { epochs.push_back(epoch.epoch); },
            [&](const nib::Progress& progress) {
                return progress.examples == 700 ? Training::stop : Training::proceed;
            });
        CHECK(epochs == std::vector<int>{1, 2, 3, 1});
        CHECK(adam.steps() == 22);
        CHECK(adam.options().learning_rate == 1e-2);
    }
}

TEST_CASE("fit begins with the epoch that it is told, and does nothing when that is past the last") {
    const Circle circle;
    nib::Rng rng{56};
    nib::Mlp net{{2, 4, 2}, rng};
    nib::Adam adam{net};
    std::vector<int> epochs;
    const auto note = [&](const nib::EpochReport& epoch) { epochs.push_back(epoch.epoch); };
    nib::fit(net, adam, circle.examples(), {.epochs = 4, .first_epoch = 3}, rng, note);
    CHECK(epochs == std::vector<int>{3, 4});
    nib::fit(net, adam, circle.examples(), {.epochs = 4, .first_epoch = 5}, rng, note);
    CHECK(epochs.size() == 2);
}

TEST_CASE("the same seed gives the same bits, another seed others") {
    const Circle circle;
    const auto train = [&](std::uint64_t seed) {
        nib::Rng rng{seed};
        nib::Mlp net{{2, 8, 2}, rng};
        nib::Adam adam{net};
        nib::fit(net, adam, circle.examples(), {.epochs = 1}, rng);
        return std::vector<float>(net.parameters().begin(), net.parameters().end());
    };
    CHECK(train(1) == train(1));
    CHECK(train(1) != train(2));
}

TEST_CASE("training goes on from a loaded model") {
    const Circle circle;
    const support::TemporaryDirectory directory;
    nib::Rng rng{54};
    nib::Mlp net{{2, 16, 2}, rng};
    nib::Adam adam{net, {.learning_rate = 1e-2}};
    nib::fit(net, adam, circle.examples(), {.epochs = 10}, rng);
    nib::save(net, directory.path("model"));
    const double before = nib::evaluate(net, circle.examples()).loss;

    nib::Mlp again = nib::load_mlp(directory.path("model"));
    CHECK(nib::evaluate(again, circle.examples()).loss == before);
    nib::Adam fresh{again, {.learning_rate = 1e-2}};
    nib::fit(again, fresh, circle.examples(), {.epochs = 10}, rng);
    CHECK(nib::evaluate(again, circle.examples()).loss < before);
}

TEST_CASE("data that do not fit the network are refused before the first step") {
    nib::Rng rng{55};
    nib::Mlp net{{3, 2}, rng};
    nib::Adam adam{net};
    CHECK(support::contains(support::error_of([&] { nib::fit(net, adam, Circle{}.examples(), {.epochs = 1}, rng); }),
                            "found 2"));
    const nib::Matrix<float> x(2, 3);
    const std::vector<int> classes{0, 2};
    CHECK(support::contains(support::error_of([&] {
                                nib::fit(net, adam, nib::Examples<float>{x, classes}, {.epochs = 1}, rng);
                            }),
                            "found 2 at example 1"));
    CHECK(adam.steps() == 0);
    const std::vector<int> good{0, 1};
    CHECK(support::contains(support::error_of([&] {
                                nib::fit(net, adam, nib::Examples<float>{x, good}, {.epochs = 1, .batch_size = 0}, rng);
                            }),
                            "batch_size"));
}

namespace {

// The parameters of a network after an epoch on random inputs.
template <class Net>
std::vector<float> learned(Net net, std::size_t threads, std::size_t batch_size, double zeros) {
    nib::Rng rng{7};
    nib::Matrix<float> x(260, net.input_size());
    std::vector<int> classes(x.rows());
    for (std::size_t i = 0; i < x.rows(); ++i) {
        classes[i] = static_cast<int>(rng.below(10));
        for (float& value : x.row(i)) value = rng.uniform() < zeros ? 0.0f : static_cast<float>(rng.normal());
    }
    nib::Adam adam{net};
    nib::fit(net, adam, nib::Examples{x, classes}, {.epochs = 1, .batch_size = batch_size, .threads = threads}, rng);
    return {net.parameters().begin(), net.parameters().end()};
}

template <class Net>
void check_threads(const Net& net, std::size_t batch_size, double zeros) {
    CAPTURE(batch_size);
    CAPTURE(zeros);
    const std::vector<float> one = learned(net, 1, batch_size, zeros);
    CHECK(learned(net, 2, batch_size, zeros) == one);
    CHECK(learned(net, 3, batch_size, zeros) == one);
}

}  // namespace

TEST_CASE("threads change no bit of what is learned, whether batches are shared out or not") {
    nib::Rng rng{7};
    const nib::Mlp net{{500, 256, 64, 10}, rng};
    for (const double zeros : {0.0, 0.8})
        for (const std::size_t batch_size : {std::size_t{15}, std::size_t{128}}) check_threads(net, batch_size, zeros);
}

TEST_CASE("nor where the threads gather batches and pass a first layer's sums on, for both kinds of network") {
    nib::Rng rng{8};
    check_threads(nib::Mlp{{700, 600, 10}, rng}, 128, 0.8);
    check_threads(nib::Sequential<nib::Dense<700, 600>, nib::ReLU, nib::Dense<600, 10>, nib::LogSoftmax>{rng}, 128,
                  0.8);
    check_threads(nib::Sequential<nib::Dense<700, 600>, nib::Dense<600, 10>, nib::LogSoftmax>{rng}, 128, 0.8);
}

namespace {

using Random = nib::Sequential<nib::Dense<200, 300>, nib::BatchNorm, nib::ReLU, nib::Dropout<0.3>, nib::Dense<300, 10>,
                               nib::LogSoftmax>;

std::vector<float> numbers_of(const Random& net) {
    std::vector<float> numbers(net.parameters().begin(), net.parameters().end());
    numbers.insert(numbers.end(), net.buffers().begin(), net.buffers().end());
    return numbers;
}

}  // namespace

TEST_CASE("dropout and running means are the same for every number of threads, and where training goes on") {
    nib::Rng start{12};
    nib::Matrix<float> x(300, 200);
    std::vector<int> classes(x.rows());
    for (float& value : x.values()) value = static_cast<float>(start.normal());
    for (int& target : classes) target = static_cast<int>(start.below(10));
    const nib::Examples examples{x, classes};
    const auto learn = [&](std::size_t threads, bool in_two) {
        nib::Rng rng{13};
        Random net{rng};
        nib::Adam adam{net};
        nib::fit(net, adam, examples, {.epochs = in_two ? 2 : 4, .batch_size = 100, .threads = threads}, rng);
        nib::Rng later{rng.state()};
        if (in_two)
            nib::fit(net, adam, examples, {.epochs = 4, .batch_size = 100, .first_epoch = 3, .threads = threads},
                     later);
        CHECK(net.buffers()[0] != 0);
        return numbers_of(net);
    };
    const std::vector<float> expected = learn(1, false);
    CHECK(learn(2, false) == expected);
    CHECK(learn(3, false) == expected);
    CHECK(learn(1, true) == expected);
    CHECK(learn(3, true) == expected);
}

TEST_CASE("augmented images teach the same to the bit, whether a thread of its own makes them or not") {
    nib::Dataset data{.rows = 20, .cols = 20, .pixels = {}, .labels = {}, .name = ""};
    nib::Rng rng{9};
    for (std::size_t i = 0; i < 150; ++i) {
        data.labels.push_back(static_cast<int>(i % 10));
        for (std::size_t k = 0; k < 400; ++k)
            data.pixels.push_back(rng.uniform() < 0.8 ? std::uint8_t{0} : static_cast<std::uint8_t>(rng.below(256)));
    }
    const nib::Augmented augmented{data};
    const auto learned_with = [&](std::size_t threads, std::size_t batch_size) {
        nib::Rng own{10};
        nib::Mlp net{{400, 40, 10}, own};
        nib::Adam adam{net};
        nib::fit(net, adam, augmented, {.epochs = 2, .batch_size = batch_size, .threads = threads}, own);
        return std::vector<float>(net.parameters().begin(), net.parameters().end());
    };
    for (const std::size_t batch_size : {std::size_t{1}, std::size_t{64}, std::size_t{150}, std::size_t{1000}}) {
        const std::vector<float> one = learned_with(1, batch_size);
        CHECK(learned_with(2, batch_size) == one);
        CHECK(learned_with(3, batch_size) == one);
    }
}

TEST_CASE("what making an example throws reaches the caller, also from a thread of its own") {
    const Circle circle;
    const nib::Examples points = circle.examples();
    std::uint64_t steps = 0;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        Learner learner;
        CHECK(support::error_of([&] {
                  nib::fit(learner.net, learner.adam, RandomPoints{&points, 7}, {.batch_size = 40, .threads = threads},
                           learner.rng);
              }) == "no such example");
        if (threads == 1) steps = learner.adam.steps();
        CHECK(learner.adam.steps() == steps);
        learner.adam.options().learning_rate = -1;
        CHECK(support::contains(support::error_of([&] {
                                    nib::fit(learner.net, learner.adam, RandomPoints{&points, 500},
                                             {.batch_size = 40, .threads = threads}, learner.rng);
                                }),
                                "Adam: expected a learning rate"));
    }
}

TEST_CASE("weights of examples are trained with, on several threads too, and a sum is told as the mean") {
    Circle circle;
    std::vector<float> weights(circle.classes.size());
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 3);
    const auto trained = [&](const nib::Examples<float>& examples, const nib::NllLoss& loss, std::size_t threads,
                             double& first_loss) {
        nib::Rng rng{58};
        nib::Mlp net{{2, 300, 2}, rng};
        nib::Adam adam{net};
        first_loss = 0;
        nib::fit(net, adam, examples, {.epochs = 2, .batch_size = 500, .threads = threads}, rng, loss,
                 [&](const nib::EpochReport& epoch) { first_loss += epoch.epoch == 1 ? epoch.loss : 0; });
        return std::vector<float>(net.parameters().begin(), net.parameters().end());
    };
    double plain = 0, weighted = 0, same = 0, sum = 0;
    const auto expected = trained(circle.examples(), {}, 1, plain);
    const auto found = trained(circle.examples().weighted_by(weights), {}, 1, weighted);
    CHECK(found != expected);
    CHECK(weighted != plain);
    CHECK(trained(circle.examples().weighted_by(weights), {}, 2, same) == found);
    CHECK(same == weighted);
    trained(circle.examples(), {.reduction = nib::Reduction::sum}, 1, sum);
    CHECK(sum == doctest::Approx(plain).epsilon(1e-12));

    weights[7] = -1;
    CHECK(support::error_of([&] { trained(circle.examples().weighted_by(weights), {}, 1, sum); }) ==
          "the data: expected weights that are finite and not negative, found -1 at example 7");
}
