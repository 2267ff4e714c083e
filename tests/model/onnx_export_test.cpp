#include <nib/model/onnx_export.hpp>

#include "../io/protobuf_reader.hpp"
#include "../support.hpp"

#include <nib/core/text.hpp>
#include <nib/io/file.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/mlp.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

using protobuf::Message;
using support::error_of;
using support::TemporaryDirectory;

namespace {

using Texts = std::vector<std::string>;

// Layers of a user, of which nothing but their exports is looked at.
struct Own {
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
};

struct Swish : Own {
    static std::vector<nib::Operator> operators() { return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}; }
};

template <std::size_t Size>
struct Scale : Own {
    static constexpr std::size_t input_size = Size;
    static constexpr std::size_t output_size = Size;
    static constexpr std::size_t parameter_count = Size;

    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
    template <class T>
    static void initialize(std::span<T> factors, nib::LayerShape, nib::Rng&) {
        for (T& factor : factors) factor = 2;
    }
    static std::vector<nib::Operator> operators() { return {{"Mul", {"x", "parameters"}, {"y"}}}; }
};

// Without a mean and of deviation 1 in each row: its operators depend on its size.
struct Standardize : Own {
    static std::vector<nib::Operator> operators(nib::LayerShape shape) {
        return {{"Constant", {}, {"epsilon"}, {{"value_float", 1e-5}}},
                {"Constant", {}, {"axis"}, {{"value_ints", {1}}}},
                {"Constant", {}, {"size"}, {{"value_float", static_cast<double>(shape.in)}}},
                {"ReduceMean", {"x"}, {"mean"}, {{"axes", {-1}}}},
                {"Sub", {"x", "mean"}, {"d"}},
                {"Mul", {"d", "d"}, {"squares"}},
                {"ReduceSum", {"squares", "axis"}, {"sum"}},
                {"Div", {"sum", "size"}, {"variance"}},
                {"Add", {"variance", "epsilon"}, {"v"}},
                {"Sqrt", {"v"}, {"deviation"}},
                {"Div", {"d", "deviation"}, {"y"}}};
    }
};

struct Nothing : Own {
    static std::vector<nib::Operator> operators() { return {}; }
};
struct SizedNothing : Nothing {
    static constexpr std::size_t input_size = 3;
    static constexpr std::size_t output_size = 3;
};
struct WithoutResult : Own {
    static std::vector<nib::Operator> operators() { return {{"Relu", {"x"}, {"s"}}}; }
};
struct WithUnknownInput : Own {
    static std::vector<nib::Operator> operators() { return {{"Mul", {"x", "weight"}, {"y"}}}; }
};
struct WithTwoResults : Own {
    static std::vector<nib::Operator> operators() { return {{"Relu", {"x"}, {"y"}}, {"Relu", {"x"}, {"y"}}}; }
};
// As it came with opset 17, and without an input that it needs.
struct WithNewOperator : Own {
    static std::vector<nib::Operator> operators() { return {{"LayerNormalization", {"x"}, {"y"}}}; }
};
struct WithTooFewInputs : Own {
    static std::vector<nib::Operator> operators() { return {{"Sub", {"x"}, {"y"}}}; }
};

template <class Net>
std::string saved(const Net& net) {
    const TemporaryDirectory folder;
    nib::save_onnx(net, folder.path("net.onnx"));
    return nib::read_file(folder.path("net.onnx"));
}

template <class Net>
Message graph_of(const Net& net) {
    return Message{saved(net)}.message(7);
}

// Each node in a line: "Gemm(input, 0.weight, 0.bias) -> Gemm_0.y".
Texts nodes_of(const Message& graph) {
    Texts lines;
    for (const Message& node : graph.messages(1)) {
        std::string inputs, outputs;
        for (const std::string& input : node.texts(1)) nib::append_to_list(inputs, ", ", input);
        for (const std::string& output : node.texts(2)) nib::append_to_list(outputs, ", ", output);
        lines.push_back(node.text(4) + "(" + inputs + ") -> " + outputs);
    }
    return lines;
}

// "input: 1 [N, 3]": the name, ONNX's number of the type, the shape.
std::string value_text(const Message& value) {
    const Message tensor = value.message(2).message(1);
    std::string shape;
    for (const Message& dimension : tensor.message(2).messages(1))
        nib::append_to_list(shape, ", ",
                            dimension.all(2).empty() ? std::to_string(dimension.integer(1)) : dimension.text(2));
    return value.text(1) + ": " + std::to_string(tensor.integer(1)) + " [" + shape + "]";
}

struct Initializer {
    std::string name;
    std::int64_t type;
    std::vector<std::int64_t> shape;
    std::string data;
};

std::vector<Initializer> initializers_of(const Message& graph) {
    std::vector<Initializer> list;
    for (const Message& tensor : graph.messages(5))
        list.push_back({tensor.text(8), tensor.integer(2), tensor.integers(1), tensor.text(9)});
    return list;
}

template <class T>
std::vector<T> numbers_of(const Initializer& tensor) {
    std::vector<T> numbers(tensor.data.size() / sizeof(T));
    std::memcpy(numbers.data(), tensor.data.data(), tensor.data.size());
    return numbers;
}

template <class Net>
std::string refusal(const Net& net) {
    const TemporaryDirectory folder;
    const std::string path = folder.path("net.onnx");
    const std::string message = error_of([&] {
        nib::save_onnx(net, path);
        return 0;
    });
    CHECK_FALSE(std::filesystem::exists(path));
    REQUIRE(message.starts_with(path + ": "));
    return message.substr(path.size() + 2);
}

// The parameters 1, 2, 3, ….
template <class Net>
Net counting() {
    Net net;
    typename Net::scalar_type next = 0;
    for (auto& parameter : net.parameters()) parameter = ++next;
    return net;
}

}  // namespace

TEST_CASE("a Sequential becomes Gemm, Relu and LogSoftmax from input to output") {
    using Net = nib::Sequential<nib::Dense<3, 2, "fc1">, nib::ReLU, nib::Dense<2, 4>, nib::LogSoftmax>;
    const Message graph = graph_of(counting<Net>());
    CHECK(nodes_of(graph) == Texts{"Gemm(input, fc1.weight, fc1.bias) -> Gemm_0.y", "Relu(Gemm_0.y) -> Relu_1.y",
                                   "Gemm(Relu_1.y, 2.weight, 2.bias) -> Gemm_2.y", "LogSoftmax(Gemm_2.y) -> output"});
    const auto nodes = graph.messages(1);
    REQUIRE(nodes[0].messages(5).size() == 1);
    CHECK(nodes[0].message(5).text(1) == "transB");
    CHECK(nodes[0].message(5).integer(3) == 1);
    CHECK(nodes[1].messages(5).empty());
    REQUIRE(nodes[3].messages(5).size() == 1);
    CHECK(nodes[3].message(5).text(1) == "axis");
    CHECK(nodes[3].message(5).integer(3) == 1);
    CHECK(value_text(graph.message(11)) == "input: 1 [N, 3]");
    CHECK(value_text(graph.message(12)) == "output: 1 [N, 4]");
}

TEST_CASE("tensors have PyTorch's names and shapes, [out, in]") {
    using Net = nib::Sequential<nib::Dense<3, 2, "fc1">, nib::ReLU, nib::Dense<2, 1>>;
    const auto tensors = initializers_of(graph_of(counting<Net>()));
    REQUIRE(tensors.size() == 4);
    CHECK(tensors[0].name == "fc1.weight");
    CHECK(tensors[0].type == 1);
    CHECK(tensors[0].shape == std::vector<std::int64_t>{2, 3});
    // In memory a weight is [in, out].
    CHECK(numbers_of<float>(tensors[0]) == std::vector<float>{1, 3, 5, 2, 4, 6});
    CHECK(tensors[1].name == "fc1.bias");
    CHECK(tensors[1].shape == std::vector<std::int64_t>{2});
    CHECK(numbers_of<float>(tensors[1]) == std::vector<float>{7, 8});
    CHECK(tensors[2].name == "2.weight");
    CHECK(numbers_of<float>(tensors[2]) == std::vector<float>{9, 10});
    CHECK(tensors[3].name == "2.bias");
    CHECK(numbers_of<float>(tensors[3]) == std::vector<float>{11});
}

TEST_CASE("a network of doubles is exported in double") {
    const Message graph = graph_of(counting<nib::BasicSequential<double, nib::Dense<2, 1>>>());
    CHECK(value_text(graph.message(11)) == "input: 11 [N, 2]");
    CHECK(value_text(graph.message(12)) == "output: 11 [N, 1]");
    const auto tensors = initializers_of(graph);
    REQUIRE(tensors.size() == 2);
    CHECK(tensors[0].type == 11);
    CHECK(numbers_of<double>(tensors[0]) == std::vector<double>{1, 2});
    CHECK(numbers_of<double>(tensors[1]) == std::vector<double>{3});
}

TEST_CASE("an Mlp's file is that of the Sequential that is its twin, whatever its layers are") {
    nib::Rng one{5}, two{5};
    const nib::Mlp mlp{{6, 5, 4, 3}, one};
    const nib::Sequential<nib::Dense<6, 5>, nib::ReLU, nib::Dense<5, 4>, nib::ReLU, nib::Dense<4, 3>, nib::LogSoftmax>
        twin{two};
    CHECK(saved(mlp) == saved(twin));
    CHECK(value_text(graph_of(nib::BasicMlp<double>{{6, 3}}).message(11)) == "input: 11 [N, 6]");
    using namespace nib;
    const Mlp all{{6, 5, 3},
                  one,
                  {.activation = LayerList<Residual<Dense<5, 5>, PReLU>, GELU>{},
                   .norm = BatchNorm{},
                   .dropout = 0.5,
                   .input = nib::Standardize{},
                   .output = Softmax{}}};
    CHECK(saved(all) == saved(Sequential<nib::Standardize, Dense<6, 5>, BatchNorm, Residual<Dense<5, 5>, PReLU>, GELU,
                                         Dropout<0.5>, Dense<5, 3>, Softmax>{two}));
}

// The ReLUs of such a network stand at 2 and 4, where they are numbers 1 and 3 of nib's.
TEST_CASE("layers named by any numbers do not collide") {
    nib::Mlp net{{4, 3, 3, 2}};
    net.set_layer_names({"1", "3", "5"});
    CHECK(nodes_of(graph_of(net)) == Texts{"Gemm(input, 1.weight, 1.bias) -> Gemm_0.y", "Relu(Gemm_0.y) -> Relu_1.y",
                                           "Gemm(Relu_1.y, 3.weight, 3.bias) -> Gemm_2.y", "Relu(Gemm_2.y) -> Relu_3.y",
                                           "Gemm(Relu_3.y, 5.weight, 5.bias) -> Gemm_4.y",
                                           "LogSoftmax(Gemm_4.y) -> output"});
}

TEST_CASE("sizes are written whole, however large") {
    const Message graph = graph_of(nib::Mlp{{100'000, 1}});
    CHECK(value_text(graph.message(11)) == "input: 1 [N, 100000]");
    CHECK(initializers_of(graph)[0].shape == std::vector<std::int64_t>{1, 100'000});
}

TEST_CASE("a layer of one's own is exported by its operators, with its tensors") {
    using Net = nib::Sequential<nib::Dense<3, 2>, Swish, Scale<2>, Swish>;
    nib::Rng rng{1};
    const Message graph = graph_of(Net{rng});
    CHECK(nodes_of(graph) == Texts{"Gemm(input, 0.weight, 0.bias) -> Gemm_0.y", "Sigmoid(Gemm_0.y) -> Sigmoid_1.s",
                                   "Mul(Gemm_0.y, Sigmoid_1.s) -> Mul_2.y", "Mul(Mul_2.y, 2.parameters) -> Mul_3.y",
                                   "Sigmoid(Mul_3.y) -> Sigmoid_4.s", "Mul(Mul_3.y, Sigmoid_4.s) -> output"});
    const auto tensors = initializers_of(graph);
    REQUIRE(tensors.size() == 3);
    CHECK(tensors[2].name == "2.parameters");
    CHECK(numbers_of<float>(tensors[2]) == std::vector<float>{2, 2});
}

TEST_CASE("a layer of no operators hands on what it is given") {
    using Last = nib::Sequential<Nothing, nib::Dense<3, 2>, Nothing, nib::ReLU, Nothing>;
    CHECK(nodes_of(graph_of(Last{})) == Texts{"Gemm(input, 1.weight, 1.bias) -> Gemm_0.y", "Relu(Gemm_0.y) -> output"});

    CHECK(nodes_of(graph_of(nib::Sequential<SizedNothing>{})) == Texts{"Identity(input) -> output"});
}

TEST_CASE("a batch norm is exported with its buffers, dropout as nothing, a residual block as a sum") {
    using nib::Dense, nib::ReLU;
    using Net = nib::Sequential<Dense<3, 2>, nib::BatchNorm, nib::Dropout<0.5>,
                                nib::Residual<ReLU, Dense<2, 2>, nib::Residual<ReLU>>, nib::Tanh>;
    Net net = counting<Net>();
    net.buffers()[3] = 7;
    const Message graph = graph_of(net);
    CHECK(nodes_of(graph) == Texts{"Gemm(input, 0.weight, 0.bias) -> Gemm_0.y",
                                   "BatchNormalization(Gemm_0.y, 1.weight, 1.bias, 1.running_mean, 1.running_var) -> "
                                   "BatchNormalization_1.y",
                                   "Relu(BatchNormalization_1.y) -> Relu_2.y",
                                   "Gemm(Relu_2.y, 3.1.weight, 3.1.bias) -> Gemm_3.y", "Relu(Gemm_3.y) -> Relu_4.y",
                                   "Add(Gemm_3.y, Relu_4.y) -> Add_5.y",
                                   "Add(BatchNormalization_1.y, Add_5.y) -> Add_6.y", "Tanh(Add_6.y) -> output"});
    const auto tensors = initializers_of(graph);
    REQUIRE(tensors.size() == 8);
    CHECK(tensors[5].name == "1.running_var");
    CHECK(numbers_of<float>(tensors[5]) == std::vector<float>{1, 7});
    CHECK(nodes_of(graph_of(nib::Sequential<nib::Residual<ReLU>, Dense<2, 2>>{}))[1] ==
          "Add(input, Relu_0.y) -> Add_1.y");
}

TEST_CASE("lists of integers and constants are exported, constants in the network's own type") {
    const auto attributes = [](const Message& node) { return node.message(5); };
    const auto nodes = graph_of(nib::Sequential<nib::Dense<3, 4>, Standardize>{}).messages(1);
    REQUIRE(nodes.size() == 12);
    CHECK(attributes(nodes[1]).text(1) == "value_float");
    CHECK(attributes(nodes[2]).integers(8) == std::vector<std::int64_t>{1});
    CHECK(attributes(nodes[3]).number(2) == 4.0f);
    CHECK(attributes(nodes[4]).integers(8) == std::vector<std::int64_t>{-1});
    const auto doubles = graph_of(nib::BasicSequential<double, nib::Dense<3, 4>, Standardize>{}).messages(1);
    CHECK(attributes(doubles[1]).text(1) == "value");
    CHECK(attributes(doubles[1]).message(5).integer(2) == 11);
    CHECK(attributes(doubles[2]).text(1) == "value_ints");
}

TEST_CASE("operators that ONNX would not take are refused, with the layer's name") {
    CHECK(refusal(nib::Sequential<nib::Dense<3, 2>, WithNewOperator>{}) ==
          "layer 1 (WithNewOperator): node 'LayerNormalization_1': expected an operator of ONNX's opset 13 that nib "
          "knows");
    CHECK(refusal(nib::Sequential<nib::Dense<3, 2>, WithTooFewInputs>{}) ==
          "layer 1 (WithTooFewInputs): node 'Sub_1': expected 2 inputs, found 1");
}

TEST_CASE("operators that do not fit together are refused, with the layer's name") {
    CHECK(refusal(nib::Sequential<nib::Dense<3, 2>, WithoutResult>{}) ==
          "layer 1 (WithoutResult): none of its operators gives \"y\"");
    CHECK(
        refusal(nib::Sequential<nib::Dense<3, 2>, WithUnknownInput>{}) ==
        "layer 1 (WithUnknownInput): Mul takes \"weight\"; expected \"x\", a tensor of the layer, or what an operator "
        "before it gives");
    CHECK(refusal(nib::Sequential<nib::Dense<3, 2>, WithTwoResults>{}) ==
          "layer 1 (WithTwoResults): Relu gives \"y\", which is there already");
}

TEST_CASE("two layers of one name are refused") {
    CHECK(refusal(nib::Sequential<nib::Dense<3, 2, "fc">, nib::Dense<2, 2, "fc">>{}) ==
          "tensor \"fc.weight\": two tensors have this name");
}

TEST_CASE("a list without operators or without layers is refused") {
    const TemporaryDirectory folder;
    const std::string path = folder.path("net.onnx");
    const auto error = [&](const std::vector<nib::LayerInfo>& list) {
        return error_of([&] {
            nib::detail::save_onnx_layers<float>(list, {std::nullopt}, {}, path);
            return 0;
        });
    };
    nib::LayerInfo layer;
    layer.text = "Mine(3, 2)";
    CHECK(error({layer}) == path +
                                ": layer 0 (Mine(3, 2)): it does not say how it is exported; expected a function "
                                "operators()");
    CHECK(error({}) == path + ": the network has no layers");
}
