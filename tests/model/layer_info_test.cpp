#include <nib/model/layer_info.hpp>

#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>

namespace own {

// Layers of a user: what they compute is not looked at here.
struct Swish {
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
};

template <class Unit>
struct Scale : Swish {
    static constexpr std::size_t parameter_count = 5;
    static constexpr std::size_t input_size = 5;
    static constexpr std::size_t output_size = 5;

    template <class T>
    static void initialize(std::span<T>, nib::LayerShape, nib::Rng&) {}
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
};

struct Named : Swish {
    static std::string description() { return "SiLU"; }
    static std::vector<nib::Operator> operators() { return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}; }
};

}  // namespace own

namespace {

struct Hidden : own::Swish {};

template <class Outer>
struct Enclosing {
    struct Enclosed : own::Swish {};
};

std::vector<std::string> names_of(const std::vector<nib::LayerTensor>& tensors) {
    std::vector<std::string> names;
    for (const nib::LayerTensor& tensor : tensors) names.push_back(tensor.name);
    return names;
}

void check_same(const std::vector<nib::LayerInfo>& a, const std::vector<nib::LayerInfo>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        CAPTURE(i);
        CHECK(a[i].text == b[i].text);
        CHECK(a[i].shape.in == b[i].shape.in);
        CHECK(a[i].shape.out == b[i].shape.out);
        CHECK(names_of(a[i].tensors) == names_of(b[i].tensors));
        for (std::size_t t = 0; t < a[i].tensors.size(); ++t) {
            CHECK(a[i].tensors[t].shape == b[i].tensors[t].shape);
            CHECK(a[i].tensors[t].offset == b[i].tensors[t].offset);
            CHECK(a[i].tensors[t].transposed == b[i].tensors[t].transposed);
        }
    }
}

}  // namespace

TEST_CASE("a Sequential lists its layers with their sizes, tensors and operators") {
    const nib::Sequential<nib::Dense<3, 4>, nib::ReLU, nib::Dense<4, 2, "head">, nib::LogSoftmax> net;
    const std::vector<nib::LayerInfo> list = net.layers();
    CHECK(nib::layers_text(list) == "Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax");
    REQUIRE(list.size() == 4);
    CHECK(list[0].shape.in == 3);
    CHECK(list[0].shape.out == 4);
    CHECK(names_of(list[0].tensors) == std::vector<std::string>{"0.weight", "0.bias"});
    CHECK(names_of(list[2].tensors) == std::vector<std::string>{"head.weight", "head.bias"});
    CHECK(list[2].tensors[1].offset == 3 * 4 + 4 + 4 * 2);
    CHECK(list[1].text == "ReLU");
    CHECK(list[1].shape.in == 4);
    CHECK(list[1].shape.out == 4);
    CHECK(list[1].tensors.empty());
    const char* const operators[] = {"Gemm", "Relu", "Gemm", "LogSoftmax"};
    for (std::size_t i = 0; i < 4; ++i) {
        for (const auto& of_layer : {net.operators()[i], nib::Mlp{{3, 4, 2}}.operators()[i]}) {
            REQUIRE(of_layer);
            REQUIRE(of_layer->size() == 1);
            CHECK((*of_layer)[0].type == operators[i]);
        }
    }
}

TEST_CASE("the tensors of the list are those of the network") {
    const nib::Sequential<own::Scale<int>, nib::Dense<5, 4>, own::Swish, nib::Dense<4, 2>> net;
    std::vector<std::string> names;
    std::vector<std::size_t> offsets;
    for (const nib::LayerInfo& layer : net.layers())
        for (const nib::LayerTensor& tensor : layer.tensors) {
            names.push_back(tensor.name);
            offsets.push_back(tensor.offset);
        }
    CHECK(names == names_of(net.tensors()));
    for (std::size_t i = 0; i < offsets.size(); ++i) CHECK(offsets[i] == net.tensors()[i].offset);
}

TEST_CASE("an Mlp lists the layers of the Sequential that is its twin, in float and double") {
    const nib::Sequential<nib::Dense<3, 4>, nib::ReLU, nib::Dense<4, 6>, nib::ReLU, nib::Dense<6, 2>, nib::LogSoftmax>
        twin;
    check_same(nib::Mlp{{3, 4, 6, 2}}.layers(), twin.layers());
    check_same(nib::BasicMlp<double>{{3, 4, 6, 2}}.layers(), twin.layers());
    CHECK(nib::layers_text(nib::Mlp{{3, 2}}.layers()) == "Linear(3, 2), LogSoftmax");
}

TEST_CASE("an Mlp's dense layers have the names that it was given") {
    nib::Mlp net{{3, 4, 2}};
    net.set_layer_names({"fc1", "fc2"});
    CHECK(names_of(net.layers()[2].tensors) == std::vector<std::string>{"fc2.weight", "fc2.bias"});
}

TEST_CASE("a layer of one's own is listed by its struct's name, without namespaces and template arguments") {
    struct Local : own::Swish {};
    const nib::Sequential<own::Swish, own::Scale<nib::Mlp>, Hidden, Enclosing<nib::Rng>::Enclosed, Local> net;
    const auto list = net.layers();
    CHECK(nib::layers_text(list) == "Swish, Scale(5, 5), Hidden, Enclosed, Local");
    CHECK(list[0].shape.in == 5);
    CHECK_FALSE(net.operators()[0]);
    CHECK(names_of(list[1].tensors) == std::vector<std::string>{"1.parameters"});
    CHECK(nib::layers_text({}).empty());
}

TEST_CASE("a layer of one's own says what it is called and how it is exported") {
    const nib::Sequential<nib::Dense<2, 3>, own::Named> net;
    CHECK(nib::layers_text(net.layers()) == "Linear(2, 3), SiLU");
    REQUIRE(net.operators()[1]);
    CHECK(net.operators()[1]->size() == 2);
}
