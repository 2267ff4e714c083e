#include <nib/train/gradients.hpp>

#include "../kernels/listed.hpp"
#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/loss/bce_with_logits.hpp>
#include <nib/loss/cross_entropy.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

// Mean squared distance of the outputs from onehot(target): a loss that knows nothing of log-softmax.
struct SquaredLoss {
    template <class T>
    using Targets = std::span<const int>;
    template <class T>
    static double value(nib::MatrixView<const T> y, std::span<const int> targets) {
        double sum = 0;
        for (std::size_t b = 0; b < y.rows(); ++b)
            for (std::size_t c = 0; c < y.cols(); ++c) {
                const double error = static_cast<double>(y(b, c)) - (targets[b] == static_cast<int>(c) ? 1 : 0);
                sum += error * error;
            }
        return sum / static_cast<double>(y.rows());
    }
    template <class T>
    static void gradient(nib::MatrixView<const T> y, std::span<const int> targets, nib::MatrixView<T> dy) {
        for (std::size_t b = 0; b < y.rows(); ++b)
            for (std::size_t c = 0; c < y.cols(); ++c)
                dy(b, c) = 2 * (y(b, c) - (targets[b] == static_cast<int>(c) ? T{1} : T{0})) / static_cast<T>(y.rows());
    }
};

// Five examples, and targets for a network of three outputs.
template <class Target>
struct FiveExamples {
    nib::Matrix<double> x, rows;
    std::vector<int> classes{0, 2, 1, 1, 0};

    explicit FiveExamples(std::size_t features) : x(5, features), rows(5, 3) {
        nib::Rng rng{41};
        for (double& value : x.values()) value = rng.uniform(-1, 1);
        for (double& value : rows.values()) value = rng.uniform(-1, 1);
    }
    nib::Batch<double, Target> batch() const {
        if constexpr (std::is_same_v<Target, int>)
            return {x, classes};
        else
            return {x, rows};
    }
};

template <class Net, class LossFunction>
void check_against_differences(Net& net, LossFunction loss) {
    const FiveExamples<std::conditional_t<nib::has_class_targets<LossFunction, double>, int, double>> examples{
        net.input_size()};
    const auto batch = examples.batch();
    nib::Gradients gradients{net, loss};
    const auto computed = gradients(net, batch).multiply_out();
    const std::vector<double> analytic(computed.begin(), computed.end());
    nib::Workspace<double> workspace;
    const auto loss_of_net = [&] { return loss.value(net.forward(batch.inputs, workspace), batch.targets); };
    CHECK(gradients.loss() == loss_of_net());
    CHECK(reference::gradient_error(net.parameters(), std::span{analytic}, loss_of_net) < 1e-7);
}

}  // namespace

TEST_CASE("gradients are those of central differences, with either network and any loss") {
    nib::Rng rng{42};
    nib::BasicMlp<double> mlp{{4, 6, 3}, rng};
    check_against_differences(mlp, nib::NllLoss{});
    check_against_differences(mlp, SquaredLoss{});
    check_against_differences(mlp, nib::CrossEntropyLoss{});
    check_against_differences(mlp, nib::MseLoss{});
    nib::BasicSequential<double, nib::Dense<4, 6>, nib::ReLU, nib::Dense<6, 3>> plain{rng};
    check_against_differences(plain, SquaredLoss{});
    check_against_differences(plain, nib::CrossEntropyLoss{});
    check_against_differences(plain, nib::MseLoss{});
}

TEST_CASE("an Mlp of logits is an error with NllLoss") {
    nib::Rng rng{42};
    const nib::Mlp net{{4, 6, 3}, rng, {.output = {}}};
    CHECK(
        support::error_of([&] { nib::Gradients{net}; }) ==
        "the loss expects logarithms of probabilities: end the network in a LogSoftmax, or give a loss that takes its "
        "outputs as they are, such as nib::CrossEntropyLoss{}");
    CHECK(support::error_of([&] { nib::Gradients{net, nib::CrossEntropyLoss{}}; }) == "");
}

TEST_CASE("an Mlp that ends in Softmax is an error with a loss of logits or logarithms") {
    nib::Rng rng{42};
    const nib::Mlp net{{4, 6, 3}, rng, {.output = nib::Softmax{}}}, logarithms{{4, 6, 3}, rng};
    const auto error = [&](const auto& loss) { return support::error_of([&] { nib::Gradients{net, loss}; }); };
    const char* const expected =
        "the network ends in Softmax: end it in LogSoftmax for NllLoss, or in nothing for CrossEntropyLoss";
    CHECK(error(nib::CrossEntropyLoss{}) == expected);
    CHECK(error(nib::BceWithLogitsLoss{}) == expected);
    CHECK(error(nib::NllLoss{}) == expected);
    CHECK(error(nib::MseLoss{}) == "");
    CHECK(support::error_of([&] { nib::Gradients{logarithms, nib::CrossEntropyLoss{}}; }) == "");
}

TEST_CASE("an Mlp with a softmax over one output, which learns nothing, is an error") {
    nib::Rng rng{42};
    const nib::Mlp logarithm{{1, 16, 1}, rng}, probability{{1, 16, 1}, rng, {.output = nib::Softmax{}}};
    const std::string zero =
        "the network ends in LogSoftmax over one output, which is always 0: give the Mlp {.output = {}}";
    CHECK(support::error_of([&] { nib::Gradients{logarithm, nib::MseLoss{}}; }) == zero);
    CHECK(support::error_of([&] { nib::Gradients{logarithm, nib::BceWithLogitsLoss{}}; }) == zero);
    CHECK(support::error_of([&] {
              nib::Gradients{probability, nib::MseLoss{}};
          }) == "the network ends in Softmax over one output, which is always 1: give the Mlp {.output = {}}");
    const nib::Mlp plain{{1, 16, 1}, rng, {.output = {}}};
    CHECK(support::error_of([&] { nib::Gradients{plain, nib::BceWithLogitsLoss{}}; }) == "");
}

TEST_CASE("logits with CrossEntropyLoss have the gradients of log-softmax with NllLoss, to the bit") {
    nib::Rng rng{42}, same{42};
    nib::Sequential<nib::Dense<4, 6>, nib::ReLU, nib::Dense<6, 3>> logits{rng};
    nib::Sequential<nib::Dense<4, 6>, nib::ReLU, nib::Dense<6, 3>, nib::LogSoftmax> net{same};
    const nib::Matrix<float> x = reference::random_matrix<float>(9, 4, rng);
    const std::vector<int> classes{0, 1, 2, 0, 1, 2, 0, 1, 2};
    nib::Gradients of_logits{logits, nib::CrossEntropyLoss{}};
    nib::Gradients of_net{net};
    const auto a = of_logits(logits, {x, classes}).multiply_out(), b = of_net(net, {x, classes}).multiply_out();
    CHECK(reference::same_bits<float>(a, b));
    CHECK(of_logits.loss() == of_net.loss());
}

namespace {

// What trains a network of one's own.
template <class Net>
struct Trainer {
    Net net;
    nib::Adam<float> adam{net, {.learning_rate = 0.01}};
    nib::Gradients<Net> gradients{net};

    void step(const nib::Batch<float>& batch) { adam.step(net, gradients(net, batch)); }
};

template <class Net>
void check_moves(const Net& start) {
    nib::Rng rng{44};
    const nib::Matrix<float> x = reference::random_matrix<float>(20, 2, rng);
    const std::vector<int> classes(20, 1);
    const nib::Batch<float> batch{x, classes};
    Trainer<Net> expected{start}, other{start};
    for (float& parameter : other.net.parameters()) parameter *= 0.5f;
    std::vector<Trainer<Net>> trainers;
    trainers.push_back(Trainer<Net>{start});
    trainers.push_back(std::move(other));
    for (int step = 0; step < 3; ++step) {
        trainers[static_cast<std::size_t>(step % 2)].step(batch);
        expected.step(batch);
        std::swap(trainers[0], trainers[1]);
        trainers.reserve(2 * trainers.capacity());
    }
    CHECK(reference::same_bits<float>(trainers[1].net.parameters(), expected.net.parameters()));
    CHECK(!reference::same_bits<float>(trainers[0].net.parameters(), expected.net.parameters()));
}

}  // namespace

TEST_CASE("what holds a network, its optimiser and its gradients can be moved and swapped") {
    nib::Rng rng{43};
    check_moves(nib::Mlp{{2, 16, 2}, rng});
    check_moves(nib::Sequential<nib::Dense<2, 16>, nib::ReLU, nib::Dense<16, 2>, nib::LogSoftmax>{rng});
}

TEST_CASE("a network that was moved from is an error") {
    nib::Rng rng{43};
    const nib::Matrix<float> x(1, 2);
    const std::vector<int> classes{1};
    const auto check = [&](auto net) {
        nib::Gradients gradients{net};
        const auto moved = std::move(net);
        CHECK(support::error_of([&] {
                  gradients(net, {x, classes});
              }) == "the network was moved from: it has no parameters");
        CHECK(gradients(moved, {x, classes}).size() == moved.parameters().size());
    };
    check(nib::Mlp{{2, 16, 2}, rng});
    check(nib::Sequential<nib::Dense<2, 2>, nib::LogSoftmax>{rng});
}

TEST_CASE("the first gradients of a network whose parameters are all 0 are an error, unless they are allowed") {
    nib::Mlp net{{2, 3, 2}};
    const nib::Matrix<float> x(1, 2);
    const std::vector<int> classes{1};
    const auto error = [&](auto& gradients) { return support::error_of([&] { gradients(net, {x, classes}); }); };
    nib::Gradients gradients{net};
    CHECK(error(gradients) ==
          "all parameters of the network are 0, from which hidden layers learn nothing: initialise it with a "
          "generator, as in `Net net{rng}`, or load a model (allow_zero_parameters allows it)");
    net.parameters()[3] = 1;
    CHECK(error(gradients) == "");
    net.parameters()[3] = 0;
    CHECK(error(gradients) == "");
    nib::Gradients allowed{net};
    allowed.allow_zero_parameters();
    CHECK(error(allowed) == "");
}

TEST_CASE("buffers take up a batch with a finite loss, and only so") {
    nib::Rng rng{45};
    using Net = nib::Sequential<nib::Dense<3, 4>, nib::BatchNorm, nib::Dense<4, 2>, nib::LogSoftmax>;
    const Net start{rng};
    nib::Matrix<float> x = reference::random_matrix<float>(6, 3, rng);
    const std::vector<int> classes{0, 1, 0, 1, 0, 1};
    const auto buffers_after = [&](int batches) {
        Net net = start;
        nib::Gradients gradients{net};
        for (int i = 0; i < batches; ++i) static_cast<void>(gradients(net, {x, classes}));
        CHECK(reference::same_bits<float>(net.parameters(), start.parameters()));
        return std::vector<float>(net.buffers().begin(), net.buffers().end());
    };
    const std::vector<float> none = buffers_after(0), one = buffers_after(1);
    CHECK(one != none);
    CHECK(buffers_after(2) != one);
    // running = 0.9 running + 0.1 of the batch, whose values are those of the dense layer.
    const float* const w = start.parameters().data();
    double mean = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        mean += static_cast<double>(w[12]) / 6;
        for (std::size_t j = 0; j < 3; ++j) mean += static_cast<double>(x(i, j) * w[4 * j]) / 6;
    }
    CHECK(static_cast<double>(one[0]) == doctest::Approx(0.1 * mean).epsilon(1e-5));
    x(2, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK(buffers_after(1) == none);

    const nib::Mlp mlp{{3, 4, 2}, rng, {.activation = nib::BatchNorm{}}};
    nib::Gradients gradients{mlp};
    CHECK(support::error_of([&] {
              gradients(mlp, {x, classes});
          }) == "Gradients: training changes the network's buffers: it cannot be const");
}

TEST_CASE("random layers draw others in each step and epoch, and the same again for the same batch") {
    nib::Rng rng{46};
    nib::Sequential<nib::Dropout<0.5>, nib::Dense<40, 2>, nib::LogSoftmax> net{rng};
    const nib::Matrix<float> x = reference::random_matrix<float>(6, 40, rng);
    const std::vector<int> classes{0, 1, 0, 1, 0, 1};
    nib::Gradients gradients{net};
    const auto loss = [&](std::uint64_t key, std::uint64_t step, std::uint64_t first_row) {
        static_cast<void>(gradients(net, {x, classes, key, step, first_row}));
        return gradients.loss();
    };
    const double first = loss(7, 0, 0);
    CHECK(loss(7, 0, 0) == first);
    CHECK(loss(8, 0, 0) != first);
    CHECK(loss(7, 1, 0) != first);
    CHECK(loss(7, 0, 6) != first);
    // Without a key each call is a step of its own.
    CHECK(loss(0, 0, 0) != loss(0, 0, 0));
}

TEST_CASE("a short batch after a long one gives the gradients of the short one alone") {
    nib::Rng rng{43};
    const nib::Mlp net{{4, 8, 3}, rng};
    nib::Matrix<float> x(7, 4);
    for (float& value : x.values()) value = static_cast<float>(rng.uniform(-1, 1));
    const std::vector<int> targets{0, 1, 2, 0, 1, 2, 0};
    const nib::Batch<float> all{x, targets};
    const nib::Batch<float> two{x.view().middle_rows(0, 2), std::span{targets}.first(2)};
    nib::Gradients fresh{net}, used{net};
    static_cast<void>(used(net, all));
    const auto a = fresh(net, two).multiply_out();
    const auto b = used(net, two).multiply_out();
    CHECK(std::ranges::equal(a, b));
    CHECK(fresh.loss() == used.loss());
}

TEST_CASE("a batch that does not fit the network is refused") {
    nib::Rng rng{1};
    const nib::Mlp net{{2, 3}, rng};
    nib::Gradients gradients{net};
    const nib::Matrix<float> x(1, 2), wide(1, 5), two_columns(1, 2), three_columns(2, 3);
    const std::vector<int> three{3}, negative{-1}, none, two{0, 0};
    const auto error = [&](const nib::Matrix<float>& inputs, const std::vector<int>& targets) {
        return support::error_of([&] { gradients(net, {inputs.view(), targets}); });
    };
    CHECK(error(x, three) == "the network has 3 outputs, example 0 of the batch is of class 3");
    CHECK(error(x, negative) == "the network has 3 outputs, example 0 of the batch is of class -1");
    CHECK(error(wide, {0}) == "the network takes 2 features, the batch has 5");
    CHECK(error(x, two) == "the batch has 1 examples and 2 classes");
    CHECK(error(x, none) == "Gradients: the batch is empty");
    nib::Gradients by_rows{net, nib::MseLoss{}};
    CHECK(support::error_of([&] {
              by_rows(net, {x, two_columns});
          }) == "the batch: expected rows of 3 targets, the network's outputs, found 2");
    CHECK(support::error_of([&] {
              by_rows(net, {x, three_columns});
          }) == "the batch has 1 examples and 2 rows of targets");
}

TEST_CASE_TEMPLATE("an optimiser's steps by gradients that are multiplied out on the way have the same bits", T, float,
                   double) {
    nib::Rng rng{42};
    nib::ThreadPool two{2}, three{3};
    const nib::Matrix<T> x = reference::random_matrix<T>(70, 1301, rng, 0.8);
    const std::vector<int> targets(x.rows(), 1);
    const reference::Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    const nib::Batch<T> batch{listed.inputs, targets};
    for (const std::size_t width : reference::Sizes{10, 32, 40, 64, 130}) {
        CAPTURE(width);
        const nib::BasicMlp<T> start{{1301, width, 3}, rng};
        nib::BasicMlp<T> expected = start;
        nib::Adam adam{expected};
        nib::Gradients gradients{expected};
        for (int step = 0; step < 2; ++step) adam.step(expected, gradients(expected, batch).multiply_out());
        for (nib::Executor* const executor : {static_cast<nib::Executor*>(nullptr), static_cast<nib::Executor*>(&two),
                                              static_cast<nib::Executor*>(&three)}) {
            nib::BasicMlp<T> net = start;
            nib::Adam own{net};
            nib::Gradients own_gradients{net, nib::NllLoss{}, executor};
            for (int step = 0; step < 2; ++step) own.step(net, own_gradients(net, batch));
            CHECK(reference::same_bits<T>(net.parameters(), expected.parameters()));
        }
    }
}

TEST_CASE("an example of weight 2 counts as two") {
    nib::Rng rng{43};
    nib::BasicMlp<double> net{{4, 6, 3}, rng};
    nib::Matrix<double> x = reference::random_matrix<double>(3, 4, rng), twice(4, 4);
    const std::vector<int> classes{2, 0, 1}, classes_twice{2, 0, 0, 1};
    const std::vector<double> weights{1, 2, 1};
    for (std::size_t i = 0; i < 4; ++i) std::ranges::copy(x.row(i < 2 ? i : i - 1), twice.row(i).begin());
    const auto check = [&](auto loss) {
        nib::Gradients gradients{net, loss};
        const auto plain = gradients(net, {.inputs = twice, .targets = classes_twice}).multiply_out();
        const std::vector<double> expected(plain.begin(), plain.end());
        const double value = gradients.loss();
        const auto found = gradients(net, {.inputs = x, .targets = classes, .weights = weights}).multiply_out();
        CHECK(gradients.loss() == doctest::Approx(value).epsilon(1e-14));
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-15);
    };
    check(nib::NllLoss{});
    check(nib::NllLoss{.class_weights = {1, 5, 2}, .label_smoothing = 0.1});
    nib::Gradients of_squares{net, SquaredLoss{}};
    CHECK(support::error_of([&] { of_squares(net, {.inputs = x, .targets = classes, .weights = weights}); }) ==
          "expected a loss that takes weights of examples, such as nib::CrossEntropyLoss{}, as there are some");
}

TEST_CASE("options of a loss that do not suit the network are refused") {
    nib::Rng rng{44};
    nib::BasicMlp<double> net{{4, 3}, rng};
    const auto error = [&](const auto& loss) { return support::error_of([&] { nib::Gradients{net, loss}; }); };
    const std::string nll = "NllLoss: expected ", cross_entropy = "CrossEntropyLoss: expected ";
    CHECK(error(nib::NllLoss{.class_weights = {1, 2, 0}}) == "");
    CHECK(error(nib::NllLoss{.class_weights = {1, 2}}) ==
          nll + "3 class weights, one for each of the network's outputs, found 2");
    CHECK(error(nib::CrossEntropyLoss{.class_weights = {1, 2, 3, 4}}) ==
          cross_entropy + "3 class weights, one for each of the network's outputs, found 4");
    CHECK(error(nib::CrossEntropyLoss{.class_weights = {1, -2, 3}}) ==
          cross_entropy + "class weights that are finite and not negative, found -2");
    CHECK(error(nib::NllLoss{.label_smoothing = 1}) == "");
    CHECK(error(nib::NllLoss{.label_smoothing = 1.5}) == nll + "a label smoothing in [0, 1], found 1.5");
    CHECK(error(nib::CrossEntropyLoss{.label_smoothing = -0.1}) ==
          cross_entropy + "a label smoothing in [0, 1], found -0.1");
}
