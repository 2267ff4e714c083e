// ONNX files (https://onnx.ai), written: a computation as a graph of operators, and the tensors that it holds. They are
// run by onnxruntime and many others.
//
// Files are of opset 13 and IR version 7, both of ONNX 1.8 (2020). Every onnxruntime since 1.6 reads them, and newer
// opsets change nothing that a dense network needs. What is written passes ONNX's checker: operators, attributes and
// types of values are checked before (io/detail/onnx_operators.hpp), shapes are not.
//
// Numbers are raw little-endian data, written without a copy of the tensors.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/operator.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// A size, or the name of one that is known when the graph runs: "N".
struct OnnxDimension {
    std::size_t size = 0;
    std::string name;

    OnnxDimension(std::size_t length) : size{length} {}
    OnnxDimension(const char* symbol) : name{symbol} {}
};

// What goes into a graph, or comes out.
struct OnnxValue {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<OnnxDimension> shape;
};

struct OnnxGraph {
    std::string name;
    std::vector<Operator> nodes;  // each after those whose outputs it takes
    std::vector<OnnxValue> inputs;
    std::vector<OnnxValue> outputs;
    std::span<const Tensor> initializers;  // constants of the graph, such as weights
    Dtype numbers = Dtype::f32;            // type of floating-point Constants: f32 or f64
    std::vector<std::string> origins;      // of the nodes, for messages ("layer 1 (Swish)"); may be shorter
};

// Fails on tensors whose data is not as large as dtype and shape say, on a name that stands for two values, on a value
// that nothing gives, on names that are empty or not UTF-8, on operators that nib does not know or that lack what they
// need, on values of a type that an operator does not take, and on more than 2 GiB.
void save_onnx_graph(const std::string& path, const OnnxGraph& graph);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/characters.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/onnx_operators.hpp>
#include <nib/io/detail/protobuf.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/file.hpp>

#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::int64_t onnx_ir_version = 7;
inline constexpr std::int64_t onnx_opset = 13;
// A message of Protocol Buffers ends here.
inline constexpr std::uint64_t max_onnx_size = 0x7fffffff;

// "Gemm_0", for viewers and messages.
inline std::string onnx_node_name(const Operator& node, std::size_t number) {
    return node.type + "_" + std::to_string(number);
}

// Floating-point numbers as a TensorProto of doubles: [] or [count].
inline ProtobufMessage onnx_doubles(const Attribute& attribute) {
    ProtobufMessage message;
    const auto count = static_cast<std::int64_t>(attribute.numbers.size());
    if (attribute.type == Attribute::Type::numbers) message.add_integer(1, count);
    message.add_integer(2, onnx_type(Dtype::f64));
    std::vector<std::byte> bytes(attribute.numbers.size() * sizeof(double));
    for (std::size_t i = 0; i < attribute.numbers.size(); ++i)
        store_number(bytes.data() + i * sizeof(double), attribute.numbers[i], std::endian::little);
    message.add_text(9, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return message;
}

// AttributeProto. Doubles are a TENSOR, `value`: what a Constant of them needs.
inline ProtobufMessage onnx_attribute(const Attribute& attribute, bool doubles) {
    using Type = Attribute::Type;
    constexpr std::int64_t tensor = 4, types[] = {2, 1, 3, 7, 6};  // in the order of Attribute::Type
    const Type type = attribute.type;
    const bool is_tensor = doubles && (type == Type::number || type == Type::numbers);
    ProtobufMessage message;
    message.add_text(1, is_tensor ? "value" : attribute.name);
    if (type == Type::text) message.add_text(4, attribute.text);
    if (is_tensor) message.add_message(5, onnx_doubles(attribute));
    for (const std::int64_t value : attribute.integers) message.add_integer(type == Type::integer ? 3 : 8, value);
    if (!is_tensor)
        for (const double value : attribute.numbers)
            message.add_float(type == Type::number ? 2 : 7, static_cast<float>(value));
    message.add_integer(20, is_tensor ? tensor : types[static_cast<std::size_t>(type)]);
    return message;
}

// NodeProto
inline ProtobufMessage onnx_node(const Operator& node, std::size_t number, Dtype numbers) {
    const bool doubles = node.type == "Constant" && numbers == Dtype::f64;
    ProtobufMessage message;
    for (const std::string& input : node.inputs) message.add_text(1, input);
    for (const std::string& output : node.outputs) message.add_text(2, output);
    message.add_text(3, onnx_node_name(node, number));
    message.add_text(4, node.type);
    for (const Attribute& attribute : node.attributes) message.add_message(5, onnx_attribute(attribute, doubles));
    return message;
}

// ValueInfoProto, a TypeProto in it, a TypeProto.Tensor in that
inline ProtobufMessage onnx_value(const OnnxValue& value) {
    ProtobufMessage shape;
    for (const OnnxDimension& dimension : value.shape) {
        ProtobufMessage message;
        if (dimension.name.empty())
            message.add_integer(1, static_cast<std::int64_t>(dimension.size));
        else
            message.add_text(2, dimension.name);
        shape.add_message(1, message);
    }
    ProtobufMessage tensor, type, message;
    tensor.add_integer(1, onnx_type(value.dtype));
    tensor.add_message(2, shape);
    type.add_message(1, tensor);
    message.add_text(1, value.name);
    message.add_message(2, type);
    return message;
}

// A TensorProto but for its numbers, which follow.
inline ProtobufMessage onnx_tensor_start(const Tensor& tensor) {
    ProtobufMessage message;
    for (const std::size_t length : tensor.shape) message.add_integer(1, static_cast<std::int64_t>(length));
    message.add_integer(2, onnx_type(tensor.dtype));
    message.add_text(8, tensor.name);
    message.add_length(9, tensor.data.size());
    return message;
}

// GraphProto without its initializers
inline ProtobufMessage onnx_graph_start(const OnnxGraph& graph) {
    ProtobufMessage message;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        message.add_message(1, onnx_node(graph.nodes[i], i, graph.numbers));
    message.add_text(2, graph.name);
    for (const OnnxValue& input : graph.inputs) message.add_message(11, onnx_value(input));
    for (const OnnxValue& output : graph.outputs) message.add_message(12, onnx_value(output));
    return message;
}

// ModelProto without its graph, of whose `graph_size` bytes it is the start
inline ProtobufMessage onnx_model_start(std::uint64_t graph_size) {
    ProtobufMessage opset, message;
    opset.add_text(1, "");
    opset.add_integer(2, onnx_opset);
    message.add_integer(1, onnx_ir_version);
    message.add_text(2, "nib");
    message.add_text(3, NIB_VERSION_STRING);
    message.add_message(8, opset);
    message.add_length(7, graph_size);
    return message;
}

// Where a value of a graph comes from: an input of the graph, a tensor, or node number `rank - 2`.
struct OnnxSource {
    std::string_view name;
    std::size_t rank;
    Dtype dtype;
};

inline std::string onnx_source_text(const OnnxGraph& graph, std::size_t rank) {
    if (rank < 2) return rank == 0 ? "an input of the graph" : "a tensor";
    const std::size_t i = rank - 2;
    return (i < graph.origins.size() ? graph.origins[i] + ": " : "") + "node " +
           format_quoted(onnx_node_name(graph.nodes[i], i));
}

// In the order of their names, and of their ranks where these are the same. What nodes give is of no type yet.
inline List<OnnxSource> onnx_sources(const OnnxGraph& graph) {
    List<OnnxSource> sources;
    for (const OnnxValue& input : graph.inputs) sources.push_back({input.name, 0, input.dtype});
    for (const Tensor& tensor : graph.initializers) sources.push_back({tensor.name, 1, tensor.dtype});
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        for (std::size_t k = 0; k < graph.nodes[i].outputs.size(); ++k)
            if (k == 0 || !graph.nodes[i].outputs[k].empty())
                sources.push_back({graph.nodes[i].outputs[k], i + 2, Dtype::f32});
    sort_values(sources.data(), sources.size(), [](const OnnxSource& a, const OnnxSource& b) {
        return a.name != b.name ? a.name < b.name : a.rank < b.rank;
    });
    return sources;
}

// Every value has one source, which comes before its uses, and is of a type that these take.
inline void check_onnx_values(const std::string& path, const OnnxGraph& graph) {
    List<OnnxSource> sources = onnx_sources(graph);
    const auto refuse = [&](std::size_t rank, const std::string& why) {
        fail(path + ": " + onnx_source_text(graph, rank) + ": " + why);
    };
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto& [name, rank, dtype] = sources[i];
        if (name.empty()) refuse(rank, "expected a name, found none");
        if (!is_utf8(name)) refuse(rank, "expected a name in UTF-8, found " + format_quoted(name));
        if (i > 0 && sources[i - 1].name == name)
            refuse(rank,
                   "the name " + tensor_label(name) + " is taken by " + onnx_source_text(graph, sources[i - 1].rank));
    }
    // Null where nothing before `rank` gives the value.
    const auto source_of = [&](std::string_view name, std::size_t rank) -> OnnxSource* {
        const std::size_t place = first_not(sources.size(), [&](std::size_t i) { return sources[i].name < name; });
        const bool found = place < sources.size() && sources[place].name == name && sources[place].rank < rank;
        return found ? sources.data() + place : nullptr;
    };
    List<Dtype> outputs;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const Operator& node = graph.nodes[i];
        List<Dtype> inputs(node.inputs.size());
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            if (node.inputs[k].empty()) continue;
            const OnnxSource* const source = source_of(node.inputs[k], i + 2);
            if (source == nullptr) refuse(i + 2, "nothing before it gives its input " + tensor_label(node.inputs[k]));
            inputs[k] = source->dtype;
        }
        const std::string problem = operator_problem(node, graph.numbers, inputs, outputs);
        if (!problem.empty()) refuse(i + 2, problem);
        for (std::size_t k = 0; k < outputs.size(); ++k)
            if (!node.outputs[k].empty()) source_of(node.outputs[k], i + 3)->dtype = outputs[k];
    }
    for (const OnnxValue& output : graph.outputs) {
        const OnnxSource* const source = source_of(output.name, graph.nodes.size() + 2);
        if (source == nullptr) fail(path + ": nothing gives the graph's output " + tensor_label(output.name));
        if (source->dtype != output.dtype)
            fail(path + ": the graph's output " + tensor_label(output.name) + ": expected " +
                 std::string(dtype_name(output.dtype)) + ", found " + std::string(dtype_name(source->dtype)));
    }
}

}  // namespace detail

NIB_API void save_onnx_graph(const std::string& path, const OnnxGraph& graph) {
    detail::check_tensors_to_save(path, graph.initializers);
    detail::check_onnx_values(path, graph);
    const ProtobufMessage start = detail::onnx_graph_start(graph);
    std::vector<std::string> tensor_starts;
    std::uint64_t size = start.bytes().size();
    for (const Tensor& tensor : graph.initializers) {
        if (detail::onnx_type(tensor.dtype) == 0)
            fail(path + ": tensor " + detail::tensor_label(tensor.name) + " is " +
                 std::string(torch_dtype_name(tensor.dtype)) + ", a type that ONNX lacks");
        const ProtobufMessage tensor_start = detail::onnx_tensor_start(tensor);
        ProtobufMessage field;
        field.add_length(5, tensor_start.bytes().size() + tensor.data.size());
        tensor_starts.push_back(std::string(field.bytes()) + std::string(tensor_start.bytes()));
        size += tensor_starts.back().size() + tensor.data.size();
    }
    const ProtobufMessage model = detail::onnx_model_start(size);
    if (size + model.bytes().size() > detail::max_onnx_size)
        fail(path + ": an ONNX file of " + std::to_string(size + model.bytes().size()) + " bytes: expected at most " +
             std::to_string(detail::max_onnx_size) + ", which is all that readers take");

    AtomicFile file{path};
    file.write(bytes_of(model.bytes()));
    file.write(bytes_of(start.bytes()));
    for (std::size_t i = 0; i < tensor_starts.size(); ++i) {
        file.write(bytes_of(tensor_starts[i]));
        file.write(graph.initializers[i].data);
    }
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
