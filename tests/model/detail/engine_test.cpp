#include <nib/model/detail/engine.hpp>

#include "../../kernels/listed.hpp"
#include "../../reference.hpp"
#include "../../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <mutex>
#include <vector>

namespace {

using nib::Dense;
using nib::LayerShape;
using nib::MatrixView;
using nib::Pass;

// y = x + the mean of all rows: no row stands alone, so threads must not share it. It counts its calls.
struct AddMean {
    static constexpr nib::Sharing sharing = nib::Sharing::none;
    static inline std::size_t rows_seen = 0;

    template <class T>
    static void add_mean(MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t j = 0; j < x.cols(); ++j) {
            T sum = 0;
            for (std::size_t i = 0; i < x.rows(); ++i) sum += x(i, j);
            for (std::size_t i = 0; i < x.rows(); ++i) y(i, j) = x(i, j) + sum / static_cast<T>(x.rows());
        }
    }
    template <class T>
    static void forward(const Pass<T>&, MatrixView<const T> x, MatrixView<T> y) {
        rows_seen = x.rows();
        add_mean(x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        add_mean(dy, dx);
    }
};

// Keeps the squares of its inputs for the backward pass, and its gradient's factors in scratch memory.
struct Cube {
    static constexpr std::size_t kept_per_row(LayerShape shape) { return shape.in; }
    static constexpr std::size_t scratch_per_row(LayerShape shape) { return shape.in; }
    static constexpr bool backward_reads_input = false;
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        REQUIRE(pass.kept.size() == x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            pass.kept[i] = x.values()[i] * x.values()[i];
            y.values()[i] = pass.kept[i] * x.values()[i];
        }
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T>, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        REQUIRE(pass.scratch.size() == dx.size());
        for (std::size_t i = 0; i < dx.size(); ++i) pass.scratch[i] = 3 * pass.kept[i];
        for (std::size_t i = 0; i < dx.size(); ++i) dx.values()[i] = pass.scratch[i] * dy.values()[i];
    }
};

// A dense layer and an activation of the user's own that note for which columns they are called.
struct Called {
    static inline std::mutex mutex;
    static inline std::vector<std::size_t> forward, backward, pieces;
    static void note(std::vector<std::size_t>& calls, std::size_t what) {
        const std::lock_guard lock{mutex};
        calls.push_back(what);
    }
    static void clear() { forward = backward = pieces = {}; }
};
template <std::size_t In, std::size_t Out>
struct NotedDense : Dense<In, Out> {
    using self = NotedDense;
    using runs_as = NotedDense;
    template <class T>
    static void forward(const Pass<T>& pass, const nib::kernels::InputView<T>& x, MatrixView<T> y) {
        Called::note(Called::forward, pass.columns.first);
        Dense<In, Out>::forward(pass, x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        Called::note(Called::backward, pass.columns.first);
        Dense<In, Out>::backward_input(pass, x, y, dy, dx);
    }
};
struct NotedSquare {
    static constexpr nib::Sharing sharing = nib::Sharing::elements;
    static constexpr bool backward_reads_output = false;
    template <class T>
    static void forward(const Pass<T>&, MatrixView<const T> x, MatrixView<T> y) {
        Called::note(Called::pieces, y.cols());
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = x.values()[i] * x.values()[i];
    }
    template <class T>
    static void backward_input(const Pass<T>&, MatrixView<const T> x, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        Called::note(Called::pieces, dx.cols());
        for (std::size_t i = 0; i < x.size(); ++i) dx.values()[i] = 2 * x.values()[i] * dy.values()[i];
    }
};

struct Softplus {
    static constexpr bool runs_in_place = true;

    template <class T>
    static void forward(const Pass<T>&, MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = std::log1p(std::exp(x.values()[i]));
    }
    template <class T>
    static void backward_input(const Pass<T>&, MatrixView<const T> x, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        for (std::size_t i = 0; i < x.size(); ++i) dx.values()[i] = dy.values()[i] / (1 + std::exp(-x.values()[i]));
    }
};

struct SizedCube : Cube {
    static constexpr std::size_t input_size = 3, output_size = 3;
};

// Of two threads: runs the parts one after the other, and counts the runs.
class Counting final : public nib::Executor {
public:
    std::size_t size() const override { return 2; }
    int runs = 0;

private:
    void run_parts(std::size_t parts, Part part, const void* job) override {
        ++runs;
        while (parts-- > 0) part(job, parts);
    }
};

template <class Net>
std::vector<float> outputs_and_gradients(const Net& net, const nib::kernels::InputView<float>& x,
                                         MatrixView<const float> dy, nib::Executor* executor) {
    nib::Workspace<float> workspace{executor};
    const auto y = nib::run_forward<float>(net.view(), x, workspace, {.on = true});
    std::vector<float> result(y.values().begin(), y.values().end()), values(net.parameters().size());
    const auto gradients =
        nib::run_backward<float>(net.view(), dy, net.steps().size() - 1, workspace, values).multiply_out();
    result.insert(result.end(), gradients.begin(), gradients.end());
    return result;
}

}  // namespace

TEST_CASE("a layer that mixes rows is given all of them at once, between layers that threads share") {
    using Net = nib::Sequential<Dense<200, 300>, nib::ReLU, AddMean, Dense<300, 200>, Cube, Dense<200, 20>>;
    nib::Rng rng{1};
    const Net net{rng};
    const auto x = reference::random_matrix<float>(150, 200, rng);
    const auto dy = reference::random_matrix<float>(150, 20, rng);
    nib::ThreadPool two{2}, three{3};
    AddMean::rows_seen = 0;
    const auto expected = outputs_and_gradients(net, x, dy, nullptr);
    CHECK(outputs_and_gradients(net, x, dy, &two) == expected);
    CHECK(outputs_and_gradients(net, x, dy, &three) == expected);
    CHECK(AddMean::rows_seen == 150);
    nib::Rng small_rng{2};
    nib::BasicSequential<double, Dense<4, 5>, AddMean, Cube, Dense<5, 6>, Cube, AddMean, Dense<6, 2>> small{small_rng};
    CHECK(reference::network_gradient_error(small, reference::random_matrix<double>(7, 4, rng), rng) < 1e-7);
}

TEST_CASE("the way back from few outputs is shared too: each number is a short sum, but there are many") {
    nib::Rng rng{2};
    const nib::Sequential<Dense<400, 800>, nib::ReLU, Dense<800, 10>> net{rng};
    const auto x = reference::random_matrix<float>(128, 400, rng), dy = reference::random_matrix<float>(128, 10, rng);
    Counting executor;
    nib::Workspace<float> workspace{&executor};
    nib::run_forward<float>(net.view(), x, workspace, {.on = true});
    CHECK(executor.runs == 1);
    std::vector<float> values(net.parameters().size());
    nib::run_backward<float>(net.view(), dy, 2, workspace, values);
    CHECK(executor.runs == 2);
}

TEST_CASE("threads that train share the columns of a wide layer and of the activations behind it") {
    nib::Rng rng{8};
    // The last layers are too small to be shared on the way forward, whether the pool is awake or not.
    const nib::Sequential<nib::Tanh, NotedDense<300, 600>, NotedSquare, nib::ReLU, NotedDense<600, 8>, nib::Tanh> net{
        rng};
    const auto x = reference::random_matrix<float>(128, 300, rng), dy = reference::random_matrix<float>(128, 8, rng);
    nib::ThreadPool pool{2};
    Called::clear();
    const auto expected = outputs_and_gradients(net, x, dy, nullptr);
    CHECK(Called::forward == std::vector<std::size_t>{0, 0});
    CHECK(std::count(Called::pieces.begin(), Called::pieces.end(), 600) ==
          static_cast<std::ptrdiff_t>(Called::pieces.size()));
    Called::clear();
    CHECK(outputs_and_gradients(net, x, dy, &pool) == expected);
    for (auto* const calls : {&Called::forward, &Called::backward}) std::sort(calls->begin(), calls->end());
    CHECK(Called::forward == std::vector<std::size_t>{0, 0, 288});
    CHECK(Called::backward == std::vector<std::size_t>{0, 288});
    CHECK(Called::pieces.size() == 2 * 2 * 128);
    CHECK(std::count(Called::pieces.begin(), Called::pieces.end(), 312) == 2 * 128);
    Called::clear();
    nib::Workspace<float> workspace{&pool};
    nib::run_forward<float>(net.view(), x, workspace);  // in inference, its rows
    CHECK(std::count(Called::forward.begin(), Called::forward.end(), 0) ==
          static_cast<std::ptrdiff_t>(Called::forward.size()));
}

TEST_CASE("wide layers give the same bits for every number of threads, whatever stands between them") {
    const auto check = [](const auto& net, std::size_t rows, std::size_t in, std::size_t out, double zeros) {
        nib::Rng rng{9};
        const auto x = reference::random_matrix<float>(rows, in, rng, zeros);
        const auto dy = reference::random_matrix<float>(rows, out, rng);
        nib::ThreadPool two{2}, three{3};
        const auto expected = outputs_and_gradients(net, x, dy, nullptr);
        for (int round = 0; round < 2; ++round) {
            CHECK(outputs_and_gradients(net, x, dy, &two) == expected);
            CHECK(outputs_and_gradients(net, x, dy, &three) == expected);
        }
    };
    nib::Rng rng{10};
    using Net = nib::Sequential<Dense<200, 517>, nib::ReLU, Dense<517, 390>, nib::GELU, nib::Dropout<0.5>,
                                Dense<390, 400>, nib::LayerNorm, nib::Tanh, Dense<400, 10>, nib::Sigmoid>;
    const Net net{rng};
    for (const double zeros : {0.0, 0.8}) check(net, 130, 200, 10, zeros);
    check(net, 67, 200, 10, 0);
    check(net, 300, 200, 10, 0);  // more rows than weights
    const nib::Sequential<Dense<150, 400>, nib::Residual<nib::ReLU, Dense<400, 600>, nib::Tanh, Dense<600, 400>>,
                          nib::BatchNorm, nib::ReLU, nib::Residual<nib::ReLU>, Dense<400, 70>>
        residual{rng};
    check(residual, 128, 150, 70, 0);
}

TEST_CASE("scratch memory of steps of different widths does not overlap between threads") {
    using Net = nib::Sequential<Dense<100, 400>, Cube, Dense<400, 30>, Cube, Dense<30, 400>, Cube, Dense<400, 10>>;
    nib::Rng rng{3};
    const Net net{rng};
    const auto x = reference::random_matrix<float>(500, 100, rng);
    const auto dy = reference::random_matrix<float>(500, 10, rng);
    nib::ThreadPool pool{3};
    const auto expected = outputs_and_gradients(net, x, dy, nullptr);
    for (int round = 0; round < 20; ++round) CHECK(outputs_and_gradients(net, x, dy, &pool) == expected);
}

TEST_CASE("pieces of rows change no bit: a batch gives what its rows give") {
    using Net = nib::Sequential<Dense<50, 1500>, nib::ReLU, Dense<1500, 20>, nib::Tanh>;
    nib::Rng rng{4};
    const Net net{rng};
    const auto x = reference::random_matrix<float>(200, 50, rng, 0.3);
    nib::Workspace<float> workspace;
    const auto y = net.forward(x, workspace);
    for (std::size_t i = 0; i < 200; i += 7) {
        const auto alone = net(x.row(i));
        CHECK(std::equal(alone.begin(), alone.end(), y.row(i).begin()));
    }
}

TEST_CASE("a layer alone, and a network without parameters, run forward and backward") {
    nib::Rng rng{5};
    nib::BasicSequential<double, Dense<3, 2>> one{rng};
    CHECK(reference::network_gradient_error(one, reference::random_matrix<double>(4, 3, rng), rng) < 1e-7);
    const nib::BasicSequential<double, SizedCube> none;
    nib::Workspace<double> workspace;
    const auto x = reference::random_matrix<double>(2, 3, rng);
    CHECK(nib::run_forward<double>(none.view(), x, workspace, {.on = true})(1, 2) == x(1, 2) * x(1, 2) * x(1, 2));
    std::vector<double> values;
    CHECK(nib::run_backward<double>(none.view(), x, 0, workspace, values).size() == 0);
}

TEST_CASE("a layer that can run in place and reads its input in the backward pass keeps it") {
    nib::Rng rng{7};
    nib::BasicSequential<double, Dense<4, 5>, Softplus, Dense<5, 5>, Softplus, Softplus, Dense<5, 2>> net{rng};
    CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(3, 4, rng), rng) < 1e-7);
}

TEST_CASE("passes over as many rows as memory was reserved for leave it where it is") {
    using Net = nib::Sequential<Dense<784, 30>, nib::ReLU, Cube, Dense<30, 200>>;
    using SparseLast = nib::Sequential<Cube, Dense<784, 30>>;
    nib::Rng rng{5};
    const auto check = [&](const auto& net, const auto& one, const auto& many) {
        nib::Workspace<float> workspace;
        const nib::kernels::InputView<float> few{one}, all{many};
        nib::reserve_forward<float>(net.view(), all.rows(), all.is_sparse(), workspace);
        const auto numbers = [&](const nib::kernels::InputView<float>& x) {
            const float* const outputs = nib::run_forward<float>(net.view(), x, workspace).data();
            std::vector<const void*> places{outputs, workspace.activation(0, 1, 1).data(), workspace.scratch(1)};
            const nib::kernels::InputView<float>& inputs = workspace.inputs();
            if (inputs.is_sparse() == x.is_sparse()) return places;
            if (!inputs.is_sparse()) return places.push_back(inputs.matrix().data()), places;
            places.push_back(inputs.sparse().lists);
            places.push_back(inputs.sparse().row(0).data());
            return places;
        };
        const std::vector<const void*> before = numbers(few);
        CHECK(numbers(all) == before);
    };
    const auto one = reference::random_matrix<float>(1, 784, rng, 0.8);
    const auto many = reference::random_matrix<float>(400, 784, rng, 0.8);
    check(Net{rng}, one, many);
    check(Net{rng}, reference::Listed<float>{one}.inputs, reference::Listed<float>{many}.inputs);
    check(SparseLast{rng}, one, many);
    check(SparseLast{rng}, reference::Listed<float>{one}.inputs, reference::Listed<float>{many}.inputs);
}

TEST_CASE("another number of features is an error that names both") {
    const nib::Sequential<Dense<4, 2>> net;
    nib::Workspace<float> workspace;
    CHECK(support::error_of([&] { return net.forward(nib::Matrix<float>(1, 5), workspace).size(); }) ==
          "the network takes 4 features, the example has 5");
}

TEST_CASE("subnormal numbers are taken for 0 within a pass, and are as before after it") {
    using Net = nib::Sequential<Dense<1, 1>>;
    Net net;
    net.parameters()[0] = 0.5f;
    nib::Matrix<float> x(1, 1);
    x(0, 0) = std::numeric_limits<float>::min();
    nib::Workspace<float> workspace;
#if defined(__SSE__) || defined(__aarch64__)
    CHECK(net.forward(x, workspace)(0, 0) == 0);
    CHECK(net(x.row(0))[0] == 0);
#endif
    volatile float half = 0.5f;
    CHECK(x(0, 0) * half > 0);
}
