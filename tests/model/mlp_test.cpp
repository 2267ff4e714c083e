#include <nib/model/mlp.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <limits>
#include <string>
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

TEST_CASE("options say which layers stand before, between and behind the dense ones") {
    using namespace nib;
    const auto check = [](const Mlp& net, const auto& twin) {
        CHECK(reference::same_bits<float>(net.parameters(), twin.parameters()));
        CHECK(reference::same_bits<float>(net.buffers(), twin.buffers()));
        CHECK(net.gives_log_probabilities() == twin.gives_log_probabilities());
        CHECK(layers_text(net.layers()) == layers_text(twin.layers()));
        const auto tensors = net.tensors(), twin_tensors = twin.tensors();
        REQUIRE(tensors.size() == twin_tensors.size());
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            CHECK(tensors[i].name == twin_tensors[i].name);
            CHECK(tensors[i].offset == twin_tensors[i].offset);
        }
        Rng rng{21};
        const auto x = reference::random_matrix<float>(6, 7, rng), dy = reference::random_matrix<float>(6, 4, rng);
        Workspace<float> workspace, twin_workspace;
        const TrainingPass training{.on = true, .key = 5, .first_row = 3};
        CHECK(reference::same_bits<float>(run_forward<float>(net.view(), x, workspace, training).values(),
                                          run_forward<float>(twin.view(), x, twin_workspace, training).values()));
        std::vector<float> gradients(net.parameter_count()), twin_gradients(net.parameter_count());
        const std::size_t last = net.steps().size() - 1;
        run_backward<float>(net.view(), dy, last, workspace, gradients).multiply_out();
        run_backward<float>(twin.view(), dy, last, twin_workspace, twin_gradients).multiply_out();
        CHECK(reference::same_bits<float>(gradients, twin_gradients));
        CHECK(
            reference::same_bits<float>(net.forward(x, workspace).values(), twin.forward(x, twin_workspace).values()));
        CHECK(reference::same_bits<float>(net(x.row(2), workspace), twin(x.row(2))));
    };
    Rng rng{13}, twin_rng{13};
    SUBCASE("a layer for each option") {
        const Mlp net{
            {7, 12, 9, 4},
            rng,
            {.activation = Tanh{}, .norm = BatchNorm{}, .dropout = 0.2, .input = Dropout<0.5>{}, .output = {}}};
        check(net, Sequential<Dropout<0.5>, Dense<7, 12>, BatchNorm, Tanh, Dropout<0.2>, Dense<12, 9>, BatchNorm, Tanh,
                              Dropout<0.2>, Dense<9, 4>>{twin_rng});
    }
    SUBCASE("lists and blocks") {
        const Mlp net{{7, 12, 4},
                      rng,
                      {.activation = LayerList<Residual<Dense<12, 3>, Tanh, Residual<ReLU>, Dense<3, 12>>, ReLU>{},
                       .dropout = 0.25f,
                       .input = Residual<Dense<7, 7>>{},
                       .output = LayerList<Tanh, LogSoftmax>{}}};
        check(
            net,
            Sequential<Residual<Dense<7, 7>>, Dense<7, 12>, Residual<Dense<12, 3>, Tanh, Residual<ReLU>, Dense<3, 12>>,
                       ReLU, Dropout<0.25>, Dense<12, 4>, Tanh, LogSoftmax>{twin_rng});
    }
    SUBCASE("none") {
        const Mlp net{{7, 5, 4}, rng, {.activation = {}, .dropout = 0, .output = LayerList<>{}}};
        check(net, Sequential<Dense<7, 5>, Dense<5, 4>>{twin_rng});
    }
    SUBCASE("an initializer") {
        const Mlp net{{7, 5, 4}, rng, KaimingNormal{.a = 0.5}, {.norm = BatchNorm{}}};
        check(net,
              Sequential<Dense<7, 5>, BatchNorm, ReLU, Dense<5, 4>, LogSoftmax>{twin_rng, KaimingNormal{.a = 0.5}});
    }
    CHECK(rng.state() == twin_rng.state());
}

namespace {

// y = setting x
struct Times {
    double setting = 3;

    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.data()[i] = static_cast<T>(pass.setting) * x.data()[i];
    }
    template <class T>
    static void backward_input(const nib::Pass<T>& pass, nib::MatrixView<const T> /*x*/, nib::MatrixView<const T> /*y*/,
                               nib::MatrixView<const T> dy, nib::MatrixView<T> dx) {
        forward(pass, dy, dx);
    }
    static std::string description(nib::LayerShape /*shape*/, double setting) {
        return "Times(" + std::to_string(static_cast<int>(setting)) + ")";
    }
};

}  // namespace

TEST_CASE("a layer may have a number that it is told when the program runs") {
    nib::Rng rng{22};
    nib::BasicMlp<double> net{
        {3, 4, 2}, rng, {.activation = Times{5}, .input = nib::LayerList<Times>{}, .output = Times{7}}};
    CHECK(nib::layers_text(net.layers()) == "Times(3), Linear(3, 4), Times(5), Linear(4, 2), Times(7)");
    nib::BasicMlp<double> plain{{3, 4, 2}, {.activation = {}, .output = {}}};
    std::ranges::copy(net.parameters(), plain.parameters().begin());
    const std::vector<double> x{0.25, -0.5, 1}, three{0.75, -1.5, 3};
    // With biases of 0 the factors multiply.
    for (const nib::LayerTensor& tensor : plain.tensors())
        for (std::size_t i = 0; tensor.name.ends_with("bias") && i < tensor.size(); ++i)
            net.parameters()[tensor.offset + i] = plain.parameters()[tensor.offset + i] = 0;
    for (std::size_t i = 0; i < 2; ++i) CHECK(net(x)[i] == doctest::Approx(35 * plain(three)[i]));
    CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(4, 3, rng), rng) < 1e-7);
}

TEST_CASE("dropout is a probability") {
    const auto error = [](double p) { return support::error_of([&] { return nib::Mlp{{3, 5, 2}, {.dropout = p}}; }); };
    CHECK(error(0.999) == "");
    CHECK(error(1) == "Dropout: expected a probability of at least 0 and below 1, found 1");
    CHECK(error(-0.5) == "Dropout: expected a probability of at least 0 and below 1, found -0.5");
    CHECK(error(std::numeric_limits<double>::quiet_NaN()) != "");
}

TEST_CASE("an Mlp of doubles takes layers of its own") {
    nib::Rng rng{14};
    nib::BasicMlp<double> net{{3, 5, 2}, rng, {.activation = nib::Tanh{}}};
    CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(4, 3, rng), rng) < 1e-7);
}

TEST_CASE("layers that do not fit the widths are refused") {
    const auto error = [](const nib::MlpLayers<float>& activation) {
        return support::error_of([&] { return nib::Mlp{{3, 5, 2}, {.activation = activation}}; });
    };
    CHECK(error(nib::Dense<4, 5>{}) == "Mlp: Linear(4, 5) takes 4 features, what stands before it gives 5");
    CHECK(error(nib::Dense<5, 4>{}) == "Mlp: the layers of an option take 5 features and give 4; expected as many");
    CHECK(error(nib::LayerList<nib::Dense<5, 4>, nib::ReLU, nib::Dense<4, 5>>{}) == "");
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
