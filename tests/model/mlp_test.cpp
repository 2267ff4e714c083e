#include <nib/model/mlp.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <utility>
#include <vector>

static_assert(nib::Network<nib::Mlp>);
static_assert(nib::Network<nib::BasicMlp<double>>);

TEST_CASE("an Mlp and the Sequential of its sizes have the same bits: parameters, outputs and gradients") {
    using Twin = nib::Sequential<nib::Dense<20, 16>, nib::ReLU, nib::Dense<16, 9>, nib::ReLU, nib::Dense<9, 10>,
                                 nib::LogSoftmax>;
    nib::Rng rng{11}, twin_rng{11};
    const nib::Mlp net{{20, 16, 9, 10}, rng};
    const Twin twin{twin_rng};
    CHECK(net.parameter_count() == Twin::parameter_count());
    CHECK(std::ranges::equal(net.parameters(), twin.parameters()));
    CHECK(rng.state() == twin_rng.state());

    nib::Matrix<float> x(6, 20);
    for (float& value : x.values()) value = rng.uniform() < 0.6 ? 0.0f : static_cast<float>(rng.uniform());
    nib::Workspace<float> workspace, twin_workspace;
    const auto y = net.forward(x, workspace);
    const auto twin_y = twin.forward(x, twin_workspace);
    CHECK(std::ranges::equal(y.values(), twin_y.values()));
    const auto one = net(x.row(3));
    CHECK(std::ranges::equal(one, y.row(3)));

    const auto dy = reference::random_matrix<float>(6, 10, rng);
    for (const std::size_t last : {net.steps().size() - 1, net.steps().size() - 2}) {
        std::vector<float> gradients(net.parameter_count()), twin_gradients(net.parameter_count());
        nib::run_backward<float>(net.view(), dy, last, workspace, gradients).multiply_out();
        nib::run_backward<float>(twin.view(), dy, last, twin_workspace, twin_gradients).multiply_out();
        CHECK(gradients == twin_gradients);
        CHECK(std::ranges::any_of(gradients, [](float g) { return g != 0; }));
    }
}

TEST_CASE("options say which layers stand behind the dense ones") {
    nib::Rng rng{13}, twin_rng{13};
    const nib::Mlp net{
        {7, 12, 9, 4}, rng, {.hidden = nib::layer_of<nib::BatchNorm, nib::Tanh, nib::Dropout<0.2>>(), .output = {}}};
    using Twin = nib::Sequential<nib::Dense<7, 12>, nib::BatchNorm, nib::Tanh, nib::Dropout<0.2>, nib::Dense<12, 9>,
                                 nib::BatchNorm, nib::Tanh, nib::Dropout<0.2>, nib::Dense<9, 4>>;
    const Twin twin{twin_rng};
    CHECK(std::ranges::equal(net.parameters(), twin.parameters()));
    CHECK(std::ranges::equal(net.buffers(), twin.buffers()));
    CHECK(!net.gives_log_probabilities());
    CHECK(nib::layers_text(net.layers()) == nib::layers_text(twin.layers()));
    const auto tensors = net.tensors(), twin_tensors = twin.tensors();
    REQUIRE(tensors.size() == twin_tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        CHECK(tensors[i].name == twin_tensors[i].name);
        CHECK(tensors[i].offset == twin_tensors[i].offset);
    }
    const auto x = reference::random_matrix<float>(6, 7, rng);
    nib::Workspace<float> workspace, twin_workspace;
    const nib::TrainingPass training{.on = true, .key = 5, .first_row = 0};
    CHECK(reference::same_bits<float>(nib::run_forward<float>(net.view(), x, workspace, training).values(),
                                      nib::run_forward<float>(twin.view(), x, twin_workspace, training).values()));
    CHECK(reference::same_bits<float>(net.forward(x, workspace).values(), twin.forward(x, twin_workspace).values()));
}

TEST_CASE("an Mlp of doubles takes layers of its own") {
    nib::Rng rng{14};
    nib::BasicMlp<double> net{{3, 5, 2}, rng, {.hidden = nib::basic_layer_of<double, nib::Tanh>()}};
    CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(4, 3, rng), rng) < 1e-7);
}

TEST_CASE("layers that do not fit the widths are refused") {
    const auto error = [](const std::vector<nib::MlpLayer<float>>& hidden) {
        return support::error_of([&] {
            nib::Mlp net{{3, 5, 2}, {.hidden = hidden}};
            return 0;
        });
    };
    CHECK(error(nib::layer_of<nib::Dense<4, 5>>()) ==
          "Mlp: Linear(4, 5) takes 4 features, what stands before it gives 5");
    CHECK(error(nib::layer_of<nib::Dense<5, 4>>()) ==
          "Mlp: the layers behind a dense one of 5 features give 4; expected as many");
    CHECK(error(nib::layer_of<nib::Dense<5, 4>, nib::ReLU, nib::Dense<4, 5>>()) == "");
}

TEST_CASE("a copy has numbers of its own; what an Mlp was moved from says so") {
    nib::Rng rng{15};
    nib::Mlp net{{3, 4, 2}, rng};
    nib::Mlp copy = net;
    const std::vector<float> x{1, 2, 3};
    const auto before = net(x);
    copy.parameters()[0] += 1;
    CHECK(net(x) == before);
    const nib::Mlp moved = std::move(net);
    CHECK(moved(x) == before);
    nib::Workspace<float> workspace;
    CHECK(support::error_of([&] {
              return net.forward(nib::MatrixView<const float>{x.data(), 1, 3}, workspace).size();
          }) == "the network was moved from: it has no parameters");
}

TEST_CASE("an Mlp of two widths is one dense layer") {
    nib::Rng rng{12};
    const nib::Mlp net{{3, 2}, rng};
    CHECK(net.parameter_count() == 8);
    CHECK(net.tensors().size() == 2);
    CHECK(net(std::vector<float>{1, 2, 3}).size() == 2);
}

TEST_CASE("widths that make no network are refused") {
    CHECK(support::error_of([] { nib::Mlp net{{784}}; }) == "Mlp: expected at least 2 widths, found 1");
    CHECK(support::error_of([] { nib::Mlp net{{784, 0, 10}}; }) == "Mlp: expected widths of at least 1, found 0");
}

TEST_CASE("an Mlp's dense layers are numbered as in torch.nn.Sequential, or carry the names that it was given") {
    nib::Mlp net{{4, 3, 2}};
    CHECK(net.tensors()[0].name == "0.weight");
    CHECK(net.tensors()[2].name == "2.weight");
    net.set_layer_names({"fc1", "fc2"});
    CHECK(net.tensors()[3].name == "fc2.bias");
    CHECK(support::error_of([&] { net.set_layer_names({"fc1"}); }) == "Mlp: expected 2 layer names, found 1");
}
