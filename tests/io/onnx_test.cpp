#include <nib/io/onnx.hpp>

#include "../support.hpp"
#include "protobuf_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>

using nib::Dtype;
using nib::OnnxGraph;
using nib::Tensor;
using protobuf::Message;
using support::error_of;
using support::TemporaryDirectory;

namespace {

using Numbers = std::set<std::uint64_t>;
using Texts = std::vector<std::string>;

const std::array<float, 6> weights{1, -2, 3, 4, 5, 6.5f};
const std::array<std::int64_t, 2> sizes{-1, 300};

std::vector<Tensor> two_tensors() {
    return {{.name = "fc.weight", .dtype = Dtype::f32, .shape = {2, 3}, .data = nib::bytes_of(weights)},
            {.name = "sizes", .dtype = Dtype::i64, .shape = {2}, .data = nib::bytes_of(sizes)}};
}

// y = LeakyRelu(x W^T), reshaped.
OnnxGraph small_graph(std::span<const Tensor> tensors) {
    OnnxGraph graph;
    graph.name = "small";
    graph.nodes = {{"Gemm", {"x", "fc.weight"}, {"h"}, {{"transB", 1}, {"alpha", 0.5f}}},
                   {"LeakyRelu", {"h"}, {"r"}},
                   {"Reshape", {"r", "sizes"}, {"s"}},
                   {"Softmax", {"s"}, {"y"}, {{"axis", -1}}}};
    graph.inputs = {{"x", Dtype::f32, {"N", 3}}};
    graph.outputs = {{"y", Dtype::f32, {"N", 4'000'000'000}}};
    graph.initializers = tensors;
    return graph;
}

std::string saved(const OnnxGraph& graph) {
    const TemporaryDirectory folder;
    const std::string path = folder.path("graph.onnx");
    nib::save_onnx_graph(path, graph);
    return nib::read_file(path);
}

// What the refusal of a graph says after the path.
std::string refusal(const OnnxGraph& graph) {
    const TemporaryDirectory folder;
    const std::string path = folder.path("graph.onnx");
    const std::string message = error_of([&] {
        nib::save_onnx_graph(path, graph);
        return 0;
    });
    CHECK_FALSE(std::filesystem::exists(path));
    REQUIRE(message.starts_with(path + ": "));
    return message.substr(path.size() + 2);
}

void check_value(const Message& value, const std::string& name, std::int64_t type, std::int64_t features) {
    CHECK(value.numbers() == Numbers{1, 2});
    CHECK(value.text(1) == name);
    CHECK(value.message(2).numbers() == Numbers{1});
    const Message tensor = value.message(2).message(1);
    CHECK(tensor.numbers() == Numbers{1, 2});
    CHECK(tensor.integer(1) == type);
    const auto dimensions = tensor.message(2).messages(1);
    REQUIRE(dimensions.size() == 2);
    CHECK(dimensions[0].numbers() == Numbers{2});
    CHECK(dimensions[0].text(2) == "N");
    CHECK(dimensions[1].numbers() == Numbers{1});
    CHECK(dimensions[1].integer(1) == features);
}

}  // namespace

// Field numbers are those of onnx.proto.
TEST_CASE("a model says its versions and who wrote it") {
    const auto tensors = two_tensors();
    const Message model{saved(small_graph(tensors))};
    CHECK(model.numbers() == Numbers{1, 2, 3, 7, 8});
    CHECK(model.integer(1) == 7);
    CHECK(model.text(2) == "nib");
    CHECK(model.text(3) == NIB_VERSION_STRING);
    const Message opset = model.message(8);
    CHECK(opset.numbers() == Numbers{1, 2});
    CHECK(opset.text(1).empty());
    CHECK(opset.integer(2) == 13);
}

TEST_CASE("nodes have their inputs, outputs and attributes, in order") {
    const auto tensors = two_tensors();
    const Message graph = Message{saved(small_graph(tensors))}.message(7);
    CHECK(graph.numbers() == Numbers{1, 2, 5, 11, 12});
    CHECK(graph.text(2) == "small");
    const auto nodes = graph.messages(1);
    REQUIRE(nodes.size() == 4);
    CHECK(nodes[0].numbers() == Numbers{1, 2, 3, 4, 5});
    CHECK(nodes[0].texts(1) == Texts{"x", "fc.weight"});
    CHECK(nodes[0].texts(2) == Texts{"h"});
    CHECK(nodes[0].text(3) == "Gemm_0");
    CHECK(nodes[0].text(4) == "Gemm");
    const auto attributes = nodes[0].messages(5);
    REQUIRE(attributes.size() == 2);
    CHECK(attributes[0].numbers() == Numbers{1, 3, 20});
    CHECK(attributes[0].text(1) == "transB");
    CHECK(attributes[0].integer(3) == 1);
    CHECK(attributes[0].integer(20) == 2);
    CHECK(attributes[1].numbers() == Numbers{1, 2, 20});
    CHECK(attributes[1].text(1) == "alpha");
    CHECK(attributes[1].number(2) == 0.5f);
    CHECK(attributes[1].integer(20) == 1);
    CHECK(nodes[1].text(3) == "LeakyRelu_1");
    CHECK(nodes[1].numbers() == Numbers{1, 2, 3, 4});
    CHECK(nodes[2].texts(1) == Texts{"r", "sizes"});
    CHECK(nodes[3].messages(5)[0].integer(3) == -1);
}

TEST_CASE("inputs and outputs have a type and a shape, of sizes and symbols") {
    const auto tensors = two_tensors();
    const Message graph = Message{saved(small_graph(tensors))}.message(7);
    check_value(graph.message(11), "x", 1, 3);
    check_value(graph.message(12), "y", 1, 4'000'000'000);
}

TEST_CASE("tensors are raw data, little-endian, under their names") {
    const auto tensors = two_tensors();
    const auto found = Message{saved(small_graph(tensors))}.message(7).messages(5);
    REQUIRE(found.size() == 2);
    CHECK(found[0].numbers() == Numbers{1, 2, 8, 9});
    CHECK(found[0].integers(1) == std::vector<std::int64_t>{2, 3});
    CHECK(found[0].integer(2) == 1);
    CHECK(found[0].text(8) == "fc.weight");
    const std::string data = found[0].text(9);
    REQUIRE(data.size() == 24);
    CHECK(data.substr(0, 4) == std::string("\x00\x00\x80\x3f", 4));
    CHECK(data.substr(20) == std::string("\x00\x00\xd0\x40", 4));
    CHECK(found[1].integers(1) == std::vector<std::int64_t>{2});
    CHECK(found[1].integer(2) == 7);
}

TEST_CASE("every type has ONNX's number") {
    const std::pair<Dtype, std::int64_t> types[] = {
        {Dtype::f32, 1},  {Dtype::u8, 2},   {Dtype::i8, 3},      {Dtype::u16, 4},  {Dtype::i16, 5},
        {Dtype::i32, 6},  {Dtype::i64, 7},  {Dtype::boolean, 9}, {Dtype::f16, 10}, {Dtype::f64, 11},
        {Dtype::u32, 12}, {Dtype::u64, 13}, {Dtype::c64, 14},    {Dtype::bf16, 16}};
    const std::array<std::byte, 8> zeros{};
    for (const auto& type : types) {
        const Dtype dtype = type.first;
        CAPTURE(nib::dtype_name(dtype));
        const std::span<const std::byte> data = std::span{zeros}.first(nib::dtype_size(dtype));
        const Tensor tensor{.name = "t", .dtype = dtype, .shape = {}, .data = data};
        OnnxGraph graph;
        graph.outputs = {{"t", dtype, {}}};
        graph.initializers = {&tensor, 1};
        const Message read = Message{saved(graph)}.message(7);
        CHECK(read.message(5).integer(2) == type.second);
        CHECK(read.message(5).numbers() == Numbers{2, 8, 9});
        CHECK(read.message(12).message(2).message(1).integer(1) == type.second);
    }
}

TEST_CASE("an optional input that is left out keeps its place") {
    OnnxGraph graph;
    graph.inputs = {{"x", Dtype::f32, {}}, {"most", Dtype::f32, {}}};
    graph.nodes = {{"Clip", {"x", "", "most"}, {"y"}}};
    graph.outputs = {{"y", Dtype::f32, {}}};
    CHECK(Message{saved(graph)}.message(7).message(1).texts(1) == Texts{"x", "", "most"});
}

TEST_CASE("a graph in which a value has no source, or two, is refused") {
    const auto tensors = two_tensors();
    OnnxGraph graph = small_graph(tensors);
    graph.nodes[1].inputs = {"y"};
    CHECK(refusal(graph) == "node 'LeakyRelu_1': nothing before it gives its input \"y\"");

    graph = small_graph(tensors);
    graph.nodes[1].outputs = {"h"};
    CHECK(refusal(graph) == "node 'LeakyRelu_1': the name \"h\" is taken by node 'Gemm_0'");

    graph = small_graph(tensors);
    graph.nodes[2].outputs = {"fc.weight"};
    CHECK(refusal(graph) == "node 'Reshape_2': the name \"fc.weight\" is taken by a tensor");

    graph = small_graph(tensors);
    graph.origins = {"layer 0 (Mine)", "layer 1 (Yours)"};
    graph.nodes[1].outputs = {""};
    CHECK(refusal(graph) == "layer 1 (Yours): node 'LeakyRelu_1': expected a name, found none");

    graph = small_graph(tensors);
    graph.inputs.push_back({"sizes", Dtype::i64, {2}});
    CHECK(refusal(graph) == "a tensor: the name \"sizes\" is taken by an input of the graph");

    graph = small_graph(tensors);
    graph.outputs[0].name = "z";
    CHECK(refusal(graph) == "nothing gives the graph's output \"z\"");

    graph = small_graph(tensors);
    graph.nodes[0].outputs = graph.nodes[1].inputs = {"h\xff"};
    CHECK(refusal(graph) == "node 'Gemm_0': expected a name in UTF-8, found 'h\xff'");
}

TEST_CASE("attributes of every type are written") {
    OnnxGraph graph;
    graph.inputs = {{"x", Dtype::f32, {}}};
    graph.nodes = {{"AveragePool",
                    {"x"},
                    {"p"},
                    {{"kernel_shape", {2, 3}}, {"auto_pad", "VALID"}, {"strides", std::vector<std::int64_t>{1, -1}}}},
                   {"Constant", {}, {"c"}, {{"value_floats", {0.5, 2.0}}}},
                   {"Mul", {"p", "c"}, {"y"}}};
    graph.outputs = {{"y", Dtype::f32, {}}};
    const auto nodes = Message{saved(graph)}.message(7).messages(1);
    const auto attributes = nodes[0].messages(5);
    REQUIRE(attributes.size() == 3);
    CHECK(attributes[0].numbers() == Numbers{1, 8, 20});
    CHECK(attributes[0].integers(8) == std::vector<std::int64_t>{2, 3});
    CHECK(attributes[0].integer(20) == 7);
    CHECK(attributes[1].numbers() == Numbers{1, 4, 20});
    CHECK(attributes[1].text(4) == "VALID");
    CHECK(attributes[1].integer(20) == 3);
    CHECK(attributes[2].integers(8) == std::vector<std::int64_t>{1, -1});
    const Message numbers = nodes[1].message(5);
    CHECK(numbers.numbers() == Numbers{1, 7, 20});
    REQUIRE(numbers.all(7).size() == 2);
    CHECK(numbers.all(7)[0].integer == 0x3f000000);
    CHECK(numbers.all(7)[1].integer == 0x40000000);
    CHECK(numbers.integer(20) == 6);
}

TEST_CASE("a graph's constants are of its own type of numbers") {
    OnnxGraph graph;
    graph.numbers = Dtype::f64;
    graph.inputs = {{"x", Dtype::f64, {2}}};
    graph.nodes = {{"Constant", {}, {"one"}, {{"value_float", 0.1}}},
                   {"Constant", {}, {"two"}, {{"value_floats", {0.1, 0.2}}}},
                   {"Sum", {"x", "one", "two"}, {"y"}}};
    graph.outputs = {{"y", Dtype::f64, {2}}};
    const auto nodes = Message{saved(graph)}.message(7).messages(1);
    const Message one = nodes[0].message(5);
    CHECK(one.numbers() == Numbers{1, 5, 20});
    CHECK(one.text(1) == "value");
    CHECK(one.integer(20) == 4);
    CHECK(one.message(5).numbers() == Numbers{2, 9});
    CHECK(one.message(5).integer(2) == 11);
    CHECK(one.message(5).text(9) == std::string("\x9a\x99\x99\x99\x99\x99\xb9\x3f"));
    const Message two = nodes[1].message(5).message(5);
    CHECK(two.integers(1) == std::vector<std::int64_t>{2});
    CHECK(two.text(9).size() == 16);

    graph.numbers = Dtype::f32;
    CHECK(refusal(graph) == "node 'Sum_2': takes \"one\" of F32 beside F64; expected one type");
}

// What each operator takes is tests/io/detail/onnx_operators_test.cpp's.
TEST_CASE("operators that the opset does not have so, and values of a wrong type, are refused") {
    const auto tensors = two_tensors();
    OnnxGraph graph = small_graph(tensors);
    graph.nodes[1].type = "Gelu";
    CHECK(refusal(graph) == "node 'Gelu_1': expected an operator of ONNX's opset 13 that nib knows");
    graph = small_graph(tensors);
    graph.nodes[1].attributes = {{"slope", 0.1}};
    CHECK(refusal(graph) == "node 'LeakyRelu_1': it has no attribute 'slope'");
    graph = small_graph(tensors);
    graph.nodes[0].inputs[1] = "sizes";
    CHECK(refusal(graph) == "node 'Gemm_0': takes \"sizes\" of I64 beside F32; expected one type");
    graph = small_graph(tensors);
    graph.outputs[0].dtype = Dtype::f64;
    CHECK(refusal(graph) == "the graph's output \"y\": expected F64, found F32");
}

TEST_CASE("tensors that are no tensors are refused") {
    auto tensors = two_tensors();
    tensors[0].shape = {3, 3};
    CHECK(refusal(small_graph(tensors)) ==
          "tensor \"fc.weight\": expected the data of shape [3, 3] of F32, found 24 bytes");
    tensors = two_tensors();
    tensors.push_back(tensors[1]);
    CHECK(refusal(small_graph(tensors)) == "tensor \"sizes\": two tensors have this name");
}

TEST_CASE("more than 2 GiB are refused before anything is written") {
    constexpr std::size_t size = std::size_t{1} << 31;
    struct Memory {  // never touched, so that it takes addresses alone
        void* start = std::calloc(size, 1);
        ~Memory() { std::free(start); }
    } memory;
    if (memory.start == nullptr) {
        MESSAGE("skipped: expected 2 GiB of addresses");
        return;
    }
    const Tensor tensor{
        .name = "large", .dtype = Dtype::u8, .shape = {size}, .data = {static_cast<std::byte*>(memory.start), size}};
    OnnxGraph graph;
    graph.outputs = {{"large", Dtype::u8, {size}}};
    graph.initializers = {&tensor, 1};
    const std::string message = refusal(graph);
    CHECK(message.starts_with("an ONNX file of 21474837"));
    CHECK(message.ends_with(" bytes: expected at most 2147483647, which is all that readers take"));
}

TEST_CASE("a file that cannot be written is an error, and one that is there stays") {
    const TemporaryDirectory folder;
    const std::string path = folder.write("graph.onnx", "before");
    auto tensors = two_tensors();
    OnnxGraph graph = small_graph(tensors);
    graph.outputs[0].name = "z";
    CHECK(error_of([&] {
              nib::save_onnx_graph(path, graph);
              return 0;
          }) != "");
    CHECK(nib::read_file(path) == "before");
    CHECK(support::contains(error_of([&] {
                                nib::save_onnx_graph(folder.path("none/graph.onnx"), small_graph(tensors));
                                return 0;
                            }),
                            "none/graph.onnx: cannot write: "));
}
