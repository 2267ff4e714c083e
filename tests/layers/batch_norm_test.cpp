#include <nib/layers/batch_norm.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using nib::BatchNorm;
using Net = nib::BasicSequential<double, nib::Dense<4, 5>, BatchNorm, nib::Dense<5, 3>>;

}  // namespace

TEST_CASE("in training columns are normalised by the batch's mean and variance, in inference by the running ones") {
    nib::Rng rng{1};
    using One = nib::BasicSequential<double, nib::Dense<3, 3>, BatchNorm>;
    One net{rng};
    for (std::size_t i = 0; i < 12; ++i) net.parameters()[i] = i == 0 || i == 4 || i == 8 ? 1 : 0;  // the identity
    for (std::size_t j = 0; j < 3; ++j) {
        net.parameters()[12 + j] = 2 + static_cast<double>(j);   // weight
        net.parameters()[15 + j] = 10 - static_cast<double>(j);  // bias
    }
    const auto x = reference::random_matrix<double>(8, 3, rng);
    double mean[3] = {}, variance[3] = {};
    for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t i = 0; i < 8; ++i) mean[j] += x(i, j) / 8;
        for (std::size_t i = 0; i < 8; ++i) variance[j] += (x(i, j) - mean[j]) * (x(i, j) - mean[j]) / 8;
    }
    nib::Workspace<double> workspace;
    const auto check = [&](nib::MatrixView<const double> y, const double* m, const double* v) {
        for (std::size_t i = 0; i < 8; ++i)
            for (std::size_t j = 0; j < 3; ++j)
                CHECK(y(i, j) == doctest::Approx((x(i, j) - m[j]) / std::sqrt(v[j] + 1e-5) * net.parameters()[12 + j] +
                                                 net.parameters()[15 + j])
                                     .epsilon(1e-12));
    };
    check(nib::run_forward<double>(net.view(), x, workspace, {.on = true}), mean, variance);
    const double none[3] = {}, one[3] = {1, 1, 1};
    const std::vector<double> before(net.buffers().begin(), net.buffers().end());
    check(net.forward(x, workspace), none, one);
    CHECK(std::equal(before.begin(), before.end(), net.buffers().begin()));  // a pass commits nothing by itself

    nib::run_forward<double>(net.view(), x, workspace, {.on = true});
    nib::commit_buffers<double>(net.steps(), workspace, net.buffers());
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK(net.buffers()[j] == doctest::Approx(0.1 * mean[j]).epsilon(1e-12));
        CHECK(net.buffers()[3 + j] == doctest::Approx(0.9 + 0.1 * variance[j] * 8 / 7).epsilon(1e-12));
    }
    check(net.forward(x, workspace), net.buffers().data(), net.buffers().data() + 3);
    const auto alone = net(x.row(2));
    const auto y = net.forward(x, workspace);
    CHECK(std::equal(alone.begin(), alone.end(), y.row(2).begin()));
}

TEST_CASE("a network with BatchNorm passes the gradient check, first, last and between") {
    nib::Rng rng{2};
    const auto x = reference::random_matrix<double>(9, 4, rng);
    const auto check = [&]<class N>(N net) {
        for (double& parameter : net.parameters()) parameter += rng.uniform(-0.5, 0.5);
        CHECK(reference::network_gradient_error(net, x, rng) < 1e-6);
    };
    check(Net{rng});
    check(nib::BasicSequential<double, BatchNorm, nib::Dense<4, 40>, BatchNorm>{rng});
}

TEST_CASE("threads share columns, and give the same bits") {
    using Wide = nib::Sequential<nib::Dense<300, 2500>, BatchNorm, nib::Dense<2500, 40>>;
    nib::Rng rng{3};
    const Wide net{rng};
    const auto x = reference::random_matrix<float>(256, 300, rng);
    const auto dy = reference::random_matrix<float>(256, 40, rng);
    nib::ThreadPool pool{3};
    const auto run = [&](nib::Executor* executor) {
        nib::Workspace<float> workspace{executor};
        const auto y = nib::run_forward<float>(net.view(), x, workspace, {.on = true});
        std::vector<float> result(y.values().begin(), y.values().end()), gradients(net.parameters().size());
        const auto all = nib::run_backward<float>(net.view(), dy, 2, workspace, gradients).multiply_out();
        result.insert(result.end(), all.begin(), all.end());
        return result;
    };
    CHECK(run(nullptr) == run(&pool));
}

TEST_CASE("a batch of one example is refused in training alone") {
    nib::Rng rng{4};
    const Net net{rng};
    const auto x = reference::random_matrix<double>(1, 4, rng);
    nib::Workspace<double> workspace;
    CHECK(net.forward(x, workspace).rows() == 1);
    CHECK(support::error_of([&] { return nib::run_forward<double>(net.view(), x, workspace, {.on = true}).size(); }) ==
          "BatchNorm: expected batches of at least 2 examples in training, found 1");
}

TEST_CASE("its numbers begin and are called as those of torch.nn.BatchNorm1d") {
    nib::Rng rng{5};
    const Net net{rng};
    CHECK(net.parameters()[25] == 1);
    CHECK(net.parameters()[30] == 0);
    CHECK(net.buffers()[0] == 0);
    CHECK(net.buffers()[5] == 1);
    CHECK(Net{}.buffers()[5] == 1);  // a network to load a model into, too
    const auto layer = net.layers()[1];
    CHECK(layer.text == "BatchNorm1d(5)");
    REQUIRE(layer.tensors.size() == 4);
    CHECK(layer.tensors[0].name == "1.weight");
    CHECK(layer.tensors[0].offset == 25);
    CHECK(layer.tensors[1].name == "1.bias");
    CHECK(layer.tensors[2].name == "1.running_mean");
    CHECK(layer.tensors[2].is_buffer);
    CHECK(layer.tensors[3].name == "1.running_var");
    CHECK(layer.tensors[3].offset == 5);
}
