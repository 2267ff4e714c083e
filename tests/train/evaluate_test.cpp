#include <nib/train/evaluate.hpp>

#include "../support.hpp"

#include <nib/loss/mse.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/train/calibration.hpp>
#include <nib/train/regression.hpp>

#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

// Logits x and 0: class 0 where x > 0.
nib::Mlp sign_network() {
    nib::Mlp net{{1, 2}};
    net.parameters()[0] = 1;
    return net;
}

}  // namespace

TEST_CASE("evaluate gives the mean loss and the confusion matrix, whatever the pieces it works in") {
    const nib::Mlp net = sign_network();
    constexpr std::size_t count = 1000;  // four pieces, the last one short
    nib::Matrix<float> x(count, 1);
    std::vector<int> classes(count);
    double loss = 0;
    std::size_t correct = 0;
    nib::Rng rng{31};
    for (std::size_t i = 0; i < count; ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-2, 2));
        classes[i] = static_cast<int>(rng.below(2));
        const double logit = classes[i] == 0 ? static_cast<double>(x(i, 0)) : -static_cast<double>(x(i, 0));
        loss += std::log1p(std::exp(-logit));
        correct += logit > 0 ? 1 : 0;
    }
    const auto result = nib::evaluate(net, nib::Examples{x, classes});
    CHECK(result.loss == doctest::Approx(loss / count).epsilon(1e-6));
    CHECK(result.correct() == correct);
    CHECK(result.total() == count);
    CHECK(nib::accuracy(net, nib::Examples{x, classes}) == static_cast<double>(correct) / count);
    CHECK(result.confusion().count(0, 0) + result.confusion().count(1, 1) == correct);

    // Any metrics, in one pass.
    nib::ConfusionMatrix confusion{2};
    nib::TopKAccuracy top2{2};
    nib::Calibration calibration, one_piece;
    nib::measure(net, nib::Examples{x, classes}, confusion, top2, calibration);
    CHECK(confusion.correct() == correct);
    CHECK(confusion.count(1, 0) == result.confusion().count(1, 0));
    CHECK(top2.accuracy() == 1);
    CHECK(top2.total() == count);
    nib::Workspace<float> workspace;
    one_piece.add(net.forward(x, workspace), classes);
    CHECK(calibration.total() == count);
    CHECK(calibration.error() == doctest::Approx(one_piece.error()));
    CHECK(nib::top_k_accuracy(net, nib::Examples{x, classes}, 1) == static_cast<double>(correct) / count);
    CHECK(nib::top_k_accuracy(net, nib::Examples{x, classes}, 2) == 1);
}

TEST_CASE("rows of targets have a loss alone") {
    nib::Rng rng{32};
    nib::Matrix<float> x(700, 1), y(700, 2);
    const nib::Mlp net = sign_network();
    double sum = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-2, 2));
        const double normaliser = std::log(std::exp(static_cast<double>(x(i, 0))) + 1);
        y(i, 0) = 1;
        sum += std::pow(static_cast<double>(x(i, 0)) - normaliser - 1, 2) + std::pow(normaliser, 2);
    }
    const auto result = nib::evaluate(net, nib::Examples{x, y}, nib::MseLoss{});
    static_assert(std::is_same_v<decltype(result), const nib::LossEvaluation>);
    CHECK(result.loss == doctest::Approx(sum / 1400).epsilon(1e-6));
    CHECK(result.total == 700);
    nib::RegressionScores scores;
    nib::measure(net, nib::Examples{x, y}, scores);
    CHECK(scores.total() == 700);
    CHECK(scores.mse() == doctest::Approx(result.loss).epsilon(1e-9));
    const nib::Matrix<float> wide(700, 3);
    CHECK(support::error_of([&] {
              return nib::evaluate(net, nib::Examples{x, wide}, nib::MseLoss{});
          }) == "the data: expected rows of 2 targets, the network's outputs, found 3");
}

TEST_CASE("a network that was moved from is an error") {
    nib::Mlp net = sign_network();
    const nib::Mlp moved = std::move(net);
    const nib::Matrix<float> x(1, 1);
    const std::vector<int> classes{0};
    CHECK(support::error_of([&] {
              return nib::accuracy(net, nib::Examples{x, classes});
          }) == "the network was moved from: it has no parameters");
    CHECK(support::error_of([&] {
              return nib::evaluate(net, nib::Examples{x, classes});
          }) == "the network was moved from: it has no parameters");
    CHECK(support::error_of([&] { return nib::predict(net, x.row(0)); }) ==
          "the network was moved from: it has no parameters");
    CHECK(support::error_of([&] { return nib::predict(net, x); }) ==
          "the network was moved from: it has no parameters");
}

TEST_CASE("data that do not fit the network are refused, and the message names them") {
    const nib::Mlp net = sign_network();
    nib::Dataset data;
    data.rows = data.cols = 1;
    data.name = "some-images";
    CHECK(support::error_of([&] { return nib::evaluate(net, data); }) ==
          "some-images: expected at least one example, found none");
    data.pixels = {0, 255, 0};
    data.labels = {0, 1, 2};
    CHECK(support::error_of([&] { return nib::evaluate(net, data); }) ==
          "some-images: expected classes below 2, the network's outputs, found 2 at example 2");
    data.labels = {0, 1, -1};
    CHECK(support::contains(support::error_of([&] { return nib::evaluate(net, data); }), "found -1 at example 2"));
    const nib::Mlp wide{{784, 2}};
    CHECK(support::error_of([&] { return nib::evaluate(wide, data); }) ==
          "some-images: expected examples of 784 features, as the network takes, found 1");
    const nib::Matrix<float> x(1, 3);
    const std::vector<int> one{0};
    CHECK(support::error_of([&] {
              return nib::evaluate(net, nib::Examples{x, one});
          }) == "the data: expected examples of 1 features, as the network takes, found 3");
}

TEST_CASE("a confusion matrix is made up to a bound, and beyond it what was counted is there all the same") {
    for (const std::size_t classes : {nib::most_confusion_classes, nib::most_confusion_classes + 1}) {
        nib::Rng rng{3};
        const nib::Mlp net{{2, classes}, rng};
        nib::Matrix<float> x(50, 2);
        for (float& value : x.values()) value = static_cast<float>(rng.normal());
        std::vector<int> answers = nib::predict(net, x);
        answers[7] = answers[7] == 0 ? 1 : 0;
        const nib::Evaluation result = nib::evaluate(net, nib::Examples{x, answers});
        CHECK(result.correct() == 49);
        CHECK(result.total() == 50);
        CHECK(result.classes() == classes);
        CHECK(result.accuracy() == 49 / 50.0);
        CHECK(nib::accuracy(net, nib::Examples{x, answers}) == 49 / 50.0);
        CHECK(result.loss > 0);
        CHECK(result.has_confusion() == (classes == nib::most_confusion_classes));
        if (result.has_confusion()) {
            CHECK(result.confusion().correct() == 49);
            CHECK(result.confusion().total() == 50);
        } else {
            CHECK(support::error_of([&] { return result.confusion().total(); }) ==
                  "Evaluation: expected at most 1024 classes for a table of which was taken for which, found 1025; "
                  "loss, correct() and accuracy() are there");
        }
    }
    CHECK(nib::Evaluation{}.accuracy() == 0);
}

TEST_CASE("memory does not grow with the square of the classes, nor pieces with their number") {
    constexpr std::size_t classes = 300'000;  // a table of them would be of 720 GB
    nib::Mlp net{{1, classes}};
    const std::vector<int> targets{int{classes} - 1, 5, int{classes} - 1};
    net.parameters()[classes - 1] = 1;
    nib::Matrix<float> x(3, 1);
    for (float& value : x.values()) value = 1;
    const nib::Evaluation result = nib::evaluate(net, nib::Examples{x, targets});
    CHECK(result.correct() == 2);
    CHECK(result.loss == doctest::Approx(std::log(double{classes}) - 2.0 / 3).epsilon(1e-3));
    CHECK(nib::accuracy(net, nib::Examples{x, targets}) == 2 / 3.0);
}

TEST_CASE("a loss that is a sum is told as the mean over the examples; weights count in each piece") {
    const nib::Mlp net = sign_network();
    constexpr std::size_t count = 600;
    nib::Matrix<float> x(count, 1);
    std::vector<int> classes(count);
    std::vector<float> weights(count);
    nib::Rng rng{33};
    for (std::size_t i = 0; i < count; ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-2, 2));
        classes[i] = static_cast<int>(rng.below(2));
        weights[i] = i < 256 || i >= 512 ? 1.0f : 3.0f;  // the same in a piece
    }
    const nib::Examples examples{x, classes};
    const double mean = nib::evaluate(net, examples).loss;
    const auto loss_of = [&](const auto& data, nib::NllLoss loss) { return nib::evaluate(net, data, loss).loss; };
    CHECK(loss_of(examples, {.reduction = nib::Reduction::sum}) == doctest::Approx(mean).epsilon(1e-12));
    CHECK(loss_of(examples.weighted_by(weights), {}) == doctest::Approx(mean).epsilon(1e-12));
    const nib::Evaluation middle = nib::evaluate(
        net, nib::Examples{x.view().middle_rows(256, 256), std::span<const int>{classes}.subspan(256, 256)});
    CHECK(loss_of(examples.weighted_by(weights), {.reduction = nib::Reduction::sum}) ==
          doctest::Approx(mean + 2 * middle.loss * 256 / count).epsilon(1e-12));

    // But for the loss, each example counts once.
    const nib::Evaluation weighted = nib::evaluate(net, examples.weighted_by(weights));
    CHECK(weighted.accuracy() == nib::evaluate(net, examples).accuracy());
    CHECK(weighted.confusion().total() == count);
    CHECK(nib::accuracy(net, examples.weighted_by(weights)) == weighted.accuracy());
    nib::ConfusionMatrix measured{2};
    nib::measure(net, examples.weighted_by(weights), measured);
    CHECK(measured.total() == count);
    CHECK(measured.correct() == weighted.correct());

    CHECK(support::error_of([&] { return loss_of(examples, {.class_weights = {1}}); }) ==
          "NllLoss: expected 2 class weights, one for each of the network's outputs, found 1");
}
