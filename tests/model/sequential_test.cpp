#include <nib/model/sequential.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

namespace {

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
static_assert(nib::Network<Digits>);
static_assert(Digits::parameter_count() == 59'210);  // PyTorch's count for this network
static_assert(Digits::input_size() == 784 && Digits::output_size() == 10);
static_assert(Digits::gives_log_probabilities());
static_assert(!nib::Sequential<nib::Dense<3, 2>>::gives_log_probabilities());

template <class T>
nib::Matrix<T> random_inputs(std::size_t rows, std::size_t cols, nib::Rng& rng) {
    nib::Matrix<T> x(rows, cols);
    for (T& value : x.values()) value = static_cast<T>(rng.uniform(-1, 1));
    return x;
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
    CHECK(reference::network_gradient_error(net, random_inputs<double>(5, 6, rng), rng) < 1e-7);
}

TEST_CASE("inputs of any width go through net(x), and wide ones leave the stack alone") {
    using Wide = nib::Sequential<nib::Dense<5000, 3>>;
    nib::Rng rng{6};
    const Wide net{rng};
    auto x = random_inputs<float>(1, 5000, rng);
    for (std::size_t i = 0; i < 5000; ++i)
        if (i % 5 != 0) x(0, i) = 0;
    nib::Workspace<float> workspace;
    const auto y = net.forward(x, workspace);
    const auto alone = net(x.row(0));
    CHECK(std::equal(alone.begin(), alone.end(), y.row(0).begin()));
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
    CHECK(support::error_of([&] { return net(x.values()).size(); }) ==
          "the network was moved from: it has no parameters");
}

TEST_CASE("tensors have the names and shapes of torch.nn.Sequential, or names given as template arguments") {
    const nib::Sequential<nib::Dense<4, 3>, nib::ReLU, nib::Dense<3, 2, "out">, nib::BatchNorm> net;
    const auto tensors = net.tensors();
    REQUIRE(tensors.size() == 8);
    CHECK(tensors[0].name == "0.weight");
    CHECK(tensors[0].shape == std::vector<std::size_t>{3, 4});
    CHECK(tensors[0].transposed);
    CHECK(tensors[1].name == "0.bias");
    CHECK(tensors[1].offset == 12);
    CHECK(tensors[2].name == "out.weight");
    CHECK(tensors[2].offset == 15);
    CHECK(tensors[3].name == "out.bias");
    CHECK(tensors[3].shape == std::vector<std::size_t>{2});
    CHECK(tensors[4].name == "3.weight");
    CHECK(tensors[4].offset == 23);
    CHECK(tensors[7].name == "3.running_var");
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

TEST_CASE("a layer that is derived from one of nib's has functions of its own") {
    struct Constant : nib::Dense<3, 2> {
        static void forward(const nib::Pass<float>&, const nib::kernels::InputView<float>&, nib::MatrixView<float> y) {
            std::fill(y.values().begin(), y.values().end(), 7.0f);
        }
    };
    nib::Rng rng{9};
    const nib::Sequential<Constant> net{rng};
    const std::vector<float> x{1, 2, 3};
    nib::Workspace<float> workspace;
    CHECK(net(x)[1] == 7);
    CHECK(net.forward(nib::MatrixView<const float>{x.data(), 1, 3}, workspace)(0, 1) == 7);
}

TEST_CASE("a layer behind batch norm that hands its pass on to a dense layer gets all outputs of one example") {
    struct Twice : nib::Dense<64, 10> {
        static void forward(const nib::Pass<float>& pass, const nib::kernels::InputView<float>& x,
                            nib::MatrixView<float> y) {
            nib::Dense<64, 10>::forward(pass, x, y);
            for (float& value : y.values()) value *= 2;
        }
    };
    nib::Rng rng{10};
    const nib::Sequential<nib::Dense<3, 64>, nib::BatchNorm, Twice> net{rng};
    const std::vector<float> x{1, 2, 3};
    nib::Workspace<float> workspace;
    const auto batch = net.forward(nib::MatrixView<const float>{x.data(), 1, 3}, workspace);
    const auto one = net(x);
    CHECK(std::equal(one.begin(), one.end(), batch.values().begin(), batch.values().end()));
}
