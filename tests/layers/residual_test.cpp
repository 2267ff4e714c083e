#include <nib/layers/residual.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <vector>

namespace {

using nib::Dense;
using nib::Dropout;
using nib::ReLU;
using nib::Residual;

}  // namespace

TEST_CASE("y = x + layers(x)") {
    nib::Rng rng{1};
    const nib::BasicSequential<double, Residual<Dense<4, 4>>> net{rng};
    const auto x = reference::random_matrix<double>(3, 4, rng);
    nib::Workspace<double> workspace;
    const auto y = net.forward(x, workspace);
    for (std::size_t b = 0; b < 3; ++b) {
        const auto alone = net(x.row(b));
        for (std::size_t j = 0; j < 4; ++j) {
            double sum = net.parameters()[16 + j];
            for (std::size_t i = 0; i < 4; ++i) sum += x(b, i) * net.parameters()[i * 4 + j];
            CHECK(y(b, j) == doctest::Approx(x(b, j) + sum).epsilon(1e-12));
            CHECK(alone[j] == y(b, j));
        }
    }
}

TEST_CASE("blocks stand first, last, within and behind each other, around activations and dropout") {
    nib::Rng rng{2};
    const auto x = reference::random_matrix<double>(7, 5, rng);
    const auto check = [&]<class Net>(Net net) {
        CHECK(reference::network_gradient_error(net, x, rng) < 1e-7);
        nib::Workspace<double> workspace;
        const auto y = net.forward(x, workspace);
        for (std::size_t b = 0; b < x.rows(); ++b) {
            const auto alone = net(x.row(b));
            CHECK(std::equal(alone.begin(), alone.end(), y.row(b).begin()));
        }
    };
    check(nib::BasicSequential<double, Residual<Dense<5, 5>, ReLU>, Residual<ReLU, Dense<5, 5>>>{rng});
    check(nib::BasicSequential<double, Dense<5, 6>, ReLU, Residual<Dense<6, 6>, ReLU, Dense<6, 6>>, ReLU, Dense<6, 2>>{
        rng});
    check(nib::BasicSequential<double, Dense<5, 6>, Residual<Residual<Residual<Dense<6, 6>>>>, ReLU>{rng});
    check(
        nib::BasicSequential<double, Dense<5, 6>, Residual<Dense<6, 8>, ReLU, Residual<Dense<8, 8>, ReLU>, Dense<8, 6>>,
                             Dropout<0.3>, Residual<Dropout<0.5>, ReLU>, Dense<6, 3>>{rng});
    check(nib::BasicSequential<double, Residual<Dense<5, 5>, ReLU>, ReLU, Residual<ReLU>, Dense<5, 5>>{rng});
}

TEST_CASE("sparse inputs and threads give the same bits") {
    using Net = nib::Sequential<Residual<Dense<256, 256>, ReLU>, Residual<Dense<256, 256>, ReLU>, Dense<256, 10>>;
    nib::Rng rng{3};
    const Net net{rng};
    const auto x = reference::random_matrix<float>(200, 256, rng, 0.8);
    nib::ThreadPool pool{2};
    nib::Workspace<float> alone, shared{&pool}, listed;
    const auto expected = net.forward(x, alone);
    CHECK(reference::same_bits<float>(net.forward(x, shared).values(), expected.values()));
    std::vector<nib::kernels::SparseRow<float>> lists(200);
    std::vector<nib::kernels::Nonzero<float>> entries(nib::kernels::sparse_capacity(200, 256));
    const auto sparse = nib::kernels::find_nonzeros<float>(x, {lists.data(), entries.data()});
    REQUIRE(sparse.is_sparse());
    CHECK(reference::same_bits<float>(net.forward(sparse, listed).values(), expected.values()));
}

TEST_CASE("layers within a block have numbers of their own") {
    using Net =
        nib::Sequential<Dense<3, 4>, Residual<Dense<4, 4, "fc">, Dropout<0.5>, Residual<Dense<4, 4>>>, Dense<4, 2>>;
    std::vector<std::string> names, texts;
    for (const nib::LayerInfo& layer : Net{}.layers()) {
        names.push_back(layer.name);
        texts.push_back(layer.text);
    }
    CHECK(names == std::vector<std::string>{"0", "fc", "1.1", "1.2.0", "1.2", "1", "2"});
    CHECK(texts == std::vector<std::string>{"Linear(3, 4)", "Linear(4, 4)", "Dropout(p=0.5)", "Linear(4, 4)",
                                            "ResidualSum", "ResidualSum", "Linear(4, 2)"});
    CHECK(Net{}.tensors()[4].name == "1.2.0.weight");
    CHECK(Net{}.tensors()[4].offset == 16 + 20);
}

TEST_CASE("an Mlp has residual blocks too") {
    nib::Rng rng{4}, twin_rng{4};
    const nib::Mlp net{
        {6, 8, 3}, rng, {.activation = nib::LayerList<ReLU, Residual<Dense<8, 8>, ReLU>>{}, .output = {}}};
    const nib::Sequential<Dense<6, 8>, ReLU, Residual<Dense<8, 8>, ReLU>, Dense<8, 3>> twin{twin_rng};
    CHECK(std::ranges::equal(net.parameters(), twin.parameters()));
    const auto x = reference::random_matrix<float>(5, 6, rng);
    nib::Workspace<float> workspace, twin_workspace;
    CHECK(reference::same_bits<float>(net.forward(x, workspace).values(), twin.forward(x, twin_workspace).values()));
    CHECK(nib::layers_text(net.layers()) == nib::layers_text(twin.layers()));
    for (std::size_t i = 0; i < net.layers().size(); ++i) CHECK(net.layers()[i].name == twin.layers()[i].name);
    CHECK(support::error_of([] {
              nib::Mlp wrong{{6, 8, 3}, {.activation = Residual<Dense<8, 9>>{}, .output = {}}};
              return 0;
          }) == "Mlp: ResidualSum takes 8 features, what stands before it gives 9");
}

TEST_CASE("a block that begins with a layer whose columns threads share gives the same gradients with threads") {
    using Net = nib::Sequential<Dense<300, 1200>, Residual<nib::BatchNorm, ReLU>, Dense<1200, 10>>;
    nib::Rng rng{6};
    const Net net{rng};
    const auto x = reference::random_matrix<float>(512, 300, rng);
    const auto dy = reference::random_matrix<float>(512, 10, rng);
    nib::ThreadPool pool{2};
    const auto gradients = [&](nib::Executor* executor) {
        nib::Workspace<float> workspace{executor};
        nib::run_forward<float>(net.view(), x, workspace, {.on = true});
        std::vector<float> values(net.parameters().size());
        const auto all =
            nib::run_backward<float>(net.view(), dy, net.steps().size() - 1, workspace, values).multiply_out();
        return std::vector<float>(all.begin(), all.end());
    };
    CHECK(gradients(nullptr) == gradients(&pool));
}
