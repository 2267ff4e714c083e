#include <nib/train/gradients.hpp>

#include "../kernels/listed.hpp"
#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

// Mean squared distance of the outputs from onehot(target): a loss that knows nothing of log-softmax.
struct SquaredLoss {
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

template <class Net, class Loss>
void check_against_differences(Net& net, Loss loss) {
    nib::Rng rng{41};
    nib::Matrix<double> x(5, net.input_size());
    for (double& value : x.values()) value = rng.uniform(-1, 1);
    const std::vector<int> targets{0, 2, 1, 1, 0};
    const nib::Batch<double> batch{x, targets};
    nib::Gradients gradients{net, loss};
    const auto computed = gradients(batch).values();
    const std::vector<double> analytic(computed.begin(), computed.end());
    nib::Workspace<double> workspace;
    CHECK(gradients.loss() == loss.value(net.forward(x, workspace), targets));
    double error = 0, largest = 0;
    for (std::size_t i = 0; i < analytic.size(); ++i) {
        constexpr double step = 1e-5;
        double& parameter = net.parameters()[i];
        const double before = parameter;
        parameter = before + step;
        const double above = loss.value(net.forward(x, workspace), targets);
        parameter = before - step;
        const double below = loss.value(net.forward(x, workspace), targets);
        parameter = before;
        error = std::max(error, std::abs((above - below) / (2 * step) - analytic[i]));
        largest = std::max(largest, std::abs(analytic[i]));
    }
    CHECK(error < 1e-7 * largest);
}

}  // namespace

TEST_CASE("gradients are those of central differences, with either network and any loss") {
    nib::Rng rng{42};
    nib::BasicMlp<double> mlp{{4, 6, 3}, rng};
    check_against_differences(mlp, nib::NllLoss{});
    check_against_differences(mlp, SquaredLoss{});
    nib::BasicSequential<double, nib::Dense<4, 6>, nib::ReLU, nib::Dense<6, 3>> plain{rng};
    check_against_differences(plain, SquaredLoss{});
    check_against_differences(plain, nib::NllLoss{});  // defined, if not wise, without a log-softmax
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
    static_cast<void>(used(all));
    const auto a = fresh(two).values();
    const auto b = used(two).values();
    CHECK(std::ranges::equal(a, b));
    CHECK(fresh.loss() == used.loss());
}

TEST_CASE("a batch that does not fit the network is refused") {
    const nib::Mlp net{{2, 3}};
    nib::Gradients gradients{net};
    const nib::Matrix<float> x(1, 2), wide(1, 5);
    const std::vector<int> three{3}, negative{-1}, none, two{0, 0};
    const auto error = [&](const nib::Matrix<float>& inputs, const std::vector<int>& targets) {
        return support::error_of([&] { gradients({inputs.view(), targets}); });
    };
    CHECK(error(x, three) == "the network has 3 outputs, example 0 of the batch is of class 3");
    CHECK(error(x, negative) == "the network has 3 outputs, example 0 of the batch is of class -1");
    CHECK(error(wide, {0}) == "the network takes 2 features, the batch has 5");
    CHECK(error(x, two) == "the batch has 1 examples and 2 classes");
    CHECK(error(x, none) == "Gradients: the batch is empty");
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
        for (int step = 0; step < 2; ++step) adam.step(expected, gradients(batch).values());
        for (nib::Executor* const executor : {static_cast<nib::Executor*>(nullptr), static_cast<nib::Executor*>(&two),
                                              static_cast<nib::Executor*>(&three)}) {
            nib::BasicMlp<T> net = start;
            nib::Adam own{net};
            nib::Gradients own_gradients{net, nib::NllLoss{}, executor};
            for (int step = 0; step < 2; ++step) own.step(net, own_gradients(batch));
            CHECK(reference::same_bits<T>(net.parameters(), expected.parameters()));
        }
    }
}
