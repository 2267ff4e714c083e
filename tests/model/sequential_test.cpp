#include <nib/model/sequential.hpp>

#include "../support.hpp"

#include <nib/loss/nll.hpp>
#include <nib/model/mlp.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

namespace {

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
static_assert(nib::Network<Digits>);
static_assert(Digits::parameter_count() == 59'210);  // PyTorch's count for this network
static_assert(Digits::input_size() == 784 && Digits::output_size() == 10);
static_assert(Digits::ends_in_log_softmax());
static_assert(!nib::Sequential<nib::Dense<3, 2>>::ends_in_log_softmax());

// A user's own layers: one without parameters, one with a parameter for each feature.
struct Softplus {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T>, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = std::log1p(std::exp(x.values()[i]));
    }
    template <class T>
    static void backward(std::span<const T>, nib::MatrixView<const T> x, nib::MatrixView<const T>,
                         nib::MatrixView<const T> dy, nib::MatrixView<T> dx, std::span<T>) {
        for (std::size_t i = 0; i < x.size(); ++i) dx.values()[i] = dy.values()[i] / (T{1} + std::exp(-x.values()[i]));
    }
};

template <std::size_t Features>
struct Scale {
    static constexpr std::size_t input_size = Features;
    static constexpr std::size_t output_size = Features;
    static constexpr std::size_t parameter_count = Features;

    template <class T>
    static void forward(std::span<const T> scale, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < Features; ++j) y(i, j) = scale[j] * x(i, j);
    }
    template <class T>
    static void backward(std::span<const T> scale, nib::MatrixView<const T> x, nib::MatrixView<const T>,
                         nib::MatrixView<const T> dy, nib::MatrixView<T> dx, std::span<T> dscale) {
        std::fill(dscale.begin(), dscale.end(), T{0});
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < Features; ++j) {
                dx(i, j) = scale[j] * dy(i, j);
                dscale[j] += x(i, j) * dy(i, j);
            }
    }
    template <class T>
    static void initialize(std::span<T> scale, nib::Rng&) {
        std::fill(scale.begin(), scale.end(), T{1});
    }
};

template <class T>
nib::Matrix<T> random_inputs(std::size_t rows, std::size_t cols, nib::Rng& rng) {
    nib::Matrix<T> x(rows, cols);
    for (T& value : x.values()) value = static_cast<T>(rng.uniform(-1, 1));
    return x;
}

// The mean NLL of a batch, from the outputs alone.
template <class Net>
double loss_of(const Net& net, nib::MatrixView<const double> x, std::span<const int> targets) {
    nib::Workspace<double> workspace;
    return nib::NllLoss::value(net.forward(x, workspace), targets);
}

// Compares all gradients of `net` with central differences of its loss: the largest error, as a part of the largest
// gradient.
template <class Net>
double gradient_error(Net& net, nib::MatrixView<const double> x, std::span<const int> targets, nib::BackwardFrom from) {
    nib::Workspace<double> workspace;
    const auto y = net.forward(x, workspace);
    nib::Matrix<double> dy(y.rows(), y.cols());
    if (from == nib::BackwardFrom::logits)
        nib::NllLoss::gradient_before_log_softmax<double>(y, targets, dy);
    else
        nib::NllLoss::gradient<double>(y, targets, dy);
    std::vector<double> gradients(net.parameters().size());
    net.backward(dy, from, workspace, gradients).values();

    double error = 0, largest = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        constexpr double step = 1e-5;
        double& parameter = net.parameters()[i];
        const double before = parameter;
        parameter = before + step;
        const double above = loss_of(net, x, targets);
        parameter = before - step;
        const double below = loss_of(net, x, targets);
        parameter = before;
        error = std::max(error, std::abs((above - below) / (2 * step) - gradients[i]));
        largest = std::max(largest, std::abs(gradients[i]));
    }
    return error / largest;
}

}  // namespace

TEST_CASE("a Sequential's parameters are one contiguous array that starts on a cache line") {
    nib::Rng rng{1};
    const Digits net{rng};
    CHECK(net.parameters().size() == 59'210);
    CHECK(reinterpret_cast<std::uintptr_t>(net.parameters().data()) % 64 == 0);
}

TEST_CASE("a Sequential computes what its layers do one after the other") {
    nib::Rng rng{2};
    using Net = nib::Sequential<nib::Dense<5, 7>, nib::ReLU, nib::Dense<7, 3>, nib::LogSoftmax>;
    const Net net{rng};
    const auto x = random_inputs<float>(4, 5, rng);
    nib::Workspace<float> workspace;
    const auto y = net.forward(x, workspace);
    const float* const p = net.parameters().data();
    for (std::size_t b = 0; b < 4; ++b) {
        double hidden[7], logits[3], sum = 0;
        for (std::size_t j = 0; j < 7; ++j) {
            hidden[j] = static_cast<double>(p[35 + j]);
            for (std::size_t i = 0; i < 5; ++i) hidden[j] += static_cast<double>(x(b, i) * p[i * 7 + j]);
            hidden[j] = std::max(hidden[j], 0.0);
        }
        for (std::size_t j = 0; j < 3; ++j) {
            logits[j] = static_cast<double>(p[42 + 21 + j]);
            for (std::size_t i = 0; i < 7; ++i) logits[j] += hidden[i] * static_cast<double>(p[42 + i * 3 + j]);
            sum += std::exp(logits[j]);
        }
        for (std::size_t j = 0; j < 3; ++j)
            CHECK(static_cast<double>(y(b, j)) == doctest::Approx(logits[j] - std::log(sum)).epsilon(1e-5));
    }
}

TEST_CASE("one example alone gives the bits that it gives in a batch") {
    nib::Rng rng{3};
    const Digits net{rng};
    for (const double zeros : {0.0, 0.8, 1.0}) {
        auto x = random_inputs<float>(15, 784, rng);
        for (float& value : x.values())
            if (rng.uniform() < zeros) value = 0;
        nib::Workspace<float> workspace;
        const auto y = net.forward(x, workspace);
        for (std::size_t b = 0; b < 15; ++b) {
            const auto alone = net(x.row(b));
            CHECK(std::equal(alone.begin(), alone.end(), y.row(b).begin()));
        }
    }
}

TEST_CASE("apply runs a network over parameters that lie anywhere") {
    nib::Rng rng{4};
    const Digits net{rng};
    const std::vector<float> elsewhere(net.parameters().begin(), net.parameters().end());
    const auto x = random_inputs<float>(1, 784, rng);
    CHECK(Digits::apply(elsewhere, x.values()) == net(x.values()));
}

TEST_CASE("a Sequential's gradients are those of central differences") {
    nib::Rng rng{5};
    using Net = nib::BasicSequential<double, nib::Dense<6, 9>, nib::ReLU, nib::Dense<9, 8>, nib::ReLU, nib::Dense<8, 4>,
                                     nib::LogSoftmax>;
    Net net{rng};
    const auto x = random_inputs<double>(5, 6, rng);
    const std::vector<int> targets{0, 3, 1, 2, 3};
    CHECK(gradient_error(net, x, targets, nib::BackwardFrom::logits) < 1e-7);
    CHECK(gradient_error(net, x, targets, nib::BackwardFrom::outputs) < 1e-7);
}

TEST_CASE("a user's own layers stand first, last and between, and are trained") {
    nib::Rng rng{6};
    using Net = nib::BasicSequential<double, Softplus, Scale<6>, nib::Dense<6, 5>, Softplus, Scale<5>, nib::ReLU,
                                     nib::Dense<5, 3>, nib::LogSoftmax>;
    static_assert(nib::Network<Net> && Net::input_size() == 6);
    Net net{rng};
    const auto x = random_inputs<double>(4, 6, rng);
    const std::vector<int> targets{2, 0, 1, 1};
    CHECK(gradient_error(net, x, targets, nib::BackwardFrom::logits) < 1e-7);
    CHECK(gradient_error(net, x, targets, nib::BackwardFrom::outputs) < 1e-7);
    nib::Workspace<double> workspace;
    const auto y = net.forward(x, workspace);
    const auto alone = net(x.row(2));
    CHECK(std::equal(alone.begin(), alone.end(), y.row(2).begin()));
}

TEST_CASE("a network copied or moved predicts the same") {
    nib::Rng rng{7};
    Digits net{rng};
    const auto x = random_inputs<float>(1, 784, rng);
    const auto before = net(x.values());
    Digits copy = net;
    copy.parameters()[0] += 1;
    CHECK(net(x.values()) == before);
    const Digits moved = std::move(net);
    CHECK(moved(x.values()) == before);
}

TEST_CASE("tensors have the names and shapes of torch.nn.Sequential, or names given as template arguments") {
    const nib::Sequential<nib::Dense<4, 3>, nib::ReLU, nib::Dense<3, 2, "out">, Scale<2>> net;
    const auto tensors = net.tensors();
    REQUIRE(tensors.size() == 5);
    CHECK(tensors[0].name == "0.weight");
    CHECK(tensors[0].shape == std::vector<std::size_t>{3, 4});
    CHECK(tensors[0].transposed);
    CHECK(tensors[1].name == "0.bias");
    CHECK(tensors[1].offset == 12);
    CHECK(tensors[2].name == "out.weight");
    CHECK(tensors[2].offset == 15);
    CHECK(tensors[3].name == "out.bias");
    CHECK(tensors[3].shape == std::vector<std::size_t>{2});
    CHECK(tensors[4].name == "3.parameters");
    CHECK(tensors[4].offset == 23);
}

TEST_CASE("many threads predict with one const network") {
    nib::Rng rng{8};
    const Digits net{rng};
    const auto x = random_inputs<float>(16, 784, rng);
    std::vector<std::array<float, 10>> expected;
    for (std::size_t b = 0; b < 16; ++b) expected.push_back(net(x.row(b)));
    std::array<bool, 4> same{};
    std::vector<std::thread> threads;
    for (bool& result : same)
        threads.emplace_back([&] {
            nib::Workspace<float> workspace;
            result = true;
            for (std::size_t b = 0; b < 16; ++b) {
                const auto y = net.forward(x.view().middle_rows(b, 1), workspace);
                result = result && net(x.row(b)) == expected[b] &&
                         std::equal(expected[b].begin(), expected[b].end(), y.row(0).begin());
            }
        });
    for (auto& thread : threads) thread.join();
    for (const bool result : same) CHECK(result);
}
