#include <nib/layers/layer_norm.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using nib::LayerNorm;

}  // namespace

TEST_CASE_TEMPLATE("rows are normalised by their own mean and variance, far from 0 too", T, float, double) {
    nib::Rng rng{1};
    for (const std::size_t cols : reference::Sizes{1, 3, 8, 37}) {
        nib::Matrix<T> x = reference::random_matrix<T>(4, cols, rng);
        for (T& value : x.row(1)) value = 1000 + 8 * value;
        for (T& value : x.row(2)) value = 5;
        const nib::Matrix<T> parameters = reference::random_matrix<T>(2, cols, rng);
        std::vector<T> kept(2 * x.rows());
        nib::Matrix<T> y(4, cols);
        nib::Pass<T> pass;
        pass.parameters = parameters.values();
        pass.kept = kept;
        LayerNorm::forward<T>(pass, x.view(), y.view());
        for (std::size_t i = 0; i < 4; ++i) {
            long double mean = 0, variance = 0;
            for (const T value : x.row(i)) mean += static_cast<long double>(value) / static_cast<long double>(cols);
            for (const T value : x.row(i))
                variance += std::pow(static_cast<long double>(value) - mean, 2.0L) / static_cast<long double>(cols);
            for (std::size_t j = 0; j < cols; ++j) {
                const long double normal = (static_cast<long double>(x(i, j)) - mean) / std::sqrt(variance + 1e-5L);
                const long double expected =
                    normal * static_cast<long double>(parameters(0, j)) + static_cast<long double>(parameters(1, j));
                CHECK(std::abs(static_cast<double>(static_cast<long double>(y(i, j)) - expected)) <
                      (sizeof(T) == 4 ? 3e-5 : 1e-12));
            }
        }
    }
}

TEST_CASE("a network with LayerNorm passes the gradient check, first, last and between, in batches of one too") {
    nib::Rng rng{2};
    const auto check = [&]<class N>(N net, std::size_t rows) {
        for (double& parameter : net.parameters()) parameter += rng.uniform(-0.5, 0.5);
        CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(rows, 4, rng), rng) < 1e-7);
    };
    using Net = nib::BasicSequential<double, LayerNorm, nib::Dense<4, 40>, LayerNorm, nib::Dense<40, 5>, LayerNorm>;
    check(Net{rng}, 9);
    check(Net{rng}, 1);
}

TEST_CASE("threads share rows, and give the same bits") {
    using Wide = nib::Sequential<nib::Dense<300, 500>, LayerNorm, nib::Dense<500, 40>>;
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
    const auto alone = net(x.row(2));
    nib::Workspace<float> workspace;
    const auto y = net.forward(x, workspace);
    CHECK(std::equal(alone.begin(), alone.end(), y.row(2).begin()));
}

TEST_CASE("its numbers begin and are called as those of torch.nn.LayerNorm") {
    nib::Rng rng{4};
    const nib::Sequential<nib::Dense<4, 5>, LayerNorm> net{rng};
    CHECK(net.parameters()[25] == 1);
    CHECK(net.parameters()[30] == 0);
    const auto layer = net.layers()[1];
    CHECK(layer.text == "LayerNorm(5)");
    REQUIRE(layer.tensors.size() == 2);
    CHECK(layer.tensors[0].name == "1.weight");
    CHECK(layer.tensors[1].name == "1.bias");
    CHECK(layer.tensors[1].offset == 30);
}
