// ONNX files (https://onnx.ai), written: a computation as a graph of operators, and the tensors that it holds. They are
// run by onnxruntime and many others.
//
// The operators are those of opset 13, and the file says that it is of IR version 7: both came with ONNX 1.8 (2020), so
// that whoever knows the one knows the other. Every onnxruntime since 1.6 reads them, and newer opsets changed nothing
// in what a dense network needs.
//
// Numbers are raw little-endian data. A file takes no more memory than its tensors do: they are written from where they
// lie.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/onnx_operator.hpp>
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
    std::vector<OnnxOperator> nodes;  // each after those whose outputs it takes
    std::vector<OnnxValue> inputs;
    std::vector<OnnxValue> outputs;
    std::span<const Tensor> initializers;  // values that the graph brings along
};

// Fails on tensors whose data is not as large as dtype and shape say, on a name that stands for two values, on a value
// that nothing gives, on names that are not UTF-8, and on more than 2 GiB.
NIB_API void save_onnx_graph(const std::string& path, const OnnxGraph& graph);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/json.hpp>
#include <nib/io/protobuf.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::int64_t onnx_ir_version = 7;
inline constexpr std::int64_t onnx_opset = 13;
// A message of Protocol Buffers ends here.
inline constexpr std::uint64_t max_onnx_size = 0x7fffffff;

// TensorProto.DataType, in the order of Dtype; 0 for types that this version of ONNX lacks.
inline constexpr std::int64_t onnx_types[dtype_count] = {9, 0, 0,  0,  2, 3,  19, 17, 0,  18, 20,
                                                         5, 4, 10, 16, 6, 12, 1,  14, 11, 7,  13};

inline std::int64_t onnx_type(Dtype dtype) { return onnx_types[static_cast<std::size_t>(dtype)]; }

// "Gemm_0", for viewers and messages.
inline std::string onnx_node_name(const OnnxOperator& node, std::size_t number) {
    return node.type + "_" + std::to_string(number);
}

// AttributeProto
inline ProtobufMessage onnx_attribute(const OnnxAttribute& attribute) {
    constexpr std::int64_t float_type = 1, integer_type = 2;
    const bool is_integer = attribute.type == OnnxAttribute::Type::integer;
    ProtobufMessage message;
    message.add_text(1, attribute.name);
    if (is_integer)
        message.add_integer(3, attribute.integer);
    else
        message.add_float(2, attribute.number);
    message.add_integer(20, is_integer ? integer_type : float_type);
    return message;
}

// NodeProto
inline ProtobufMessage onnx_node(const OnnxOperator& node, std::size_t number) {
    ProtobufMessage message;
    for (const std::string& input : node.inputs) message.add_text(1, input);
    for (const std::string& output : node.outputs) message.add_text(2, output);
    message.add_text(3, onnx_node_name(node, number));
    message.add_text(4, node.type);
    for (const OnnxAttribute& attribute : node.attributes) message.add_message(5, onnx_attribute(attribute));
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
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) message.add_message(1, onnx_node(graph.nodes[i], i));
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
};

inline std::string onnx_source_text(const OnnxGraph& graph, std::size_t rank) {
    if (rank < 2) return rank == 0 ? "an input of the graph" : "a tensor";
    return "node " + in_quotes(onnx_node_name(graph.nodes[rank - 2], rank - 2));
}

// In the order of their names, and of their ranks where these are the same.
inline std::vector<OnnxSource> onnx_sources(const OnnxGraph& graph) {
    std::vector<OnnxSource> sources;
    for (const OnnxValue& input : graph.inputs) sources.push_back({input.name, 0});
    for (const Tensor& tensor : graph.initializers) sources.push_back({tensor.name, 1});
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        for (const std::string& output : graph.nodes[i].outputs) sources.push_back({output, i + 2});
    sort_values(sources.data(), sources.size(), [](const OnnxSource& a, const OnnxSource& b) {
        return a.name != b.name ? a.name < b.name : a.rank < b.rank;
    });
    return sources;
}

// Every value has one source, which comes before its uses.
inline void check_onnx_values(const std::string& path, const OnnxGraph& graph) {
    const std::vector<OnnxSource> sources = onnx_sources(graph);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const std::string_view name = sources[i].name;
        const auto refuse = [&](const std::string& why) {
            fail(path + ": " + onnx_source_text(graph, sources[i].rank) + ": " + why);
        };
        if (!is_utf8(name)) refuse("expected a name in UTF-8, found " + in_quotes(name));
        if (i > 0 && sources[i - 1].name == name)
            refuse("the name " + tensor_label(name) + " is taken by " + onnx_source_text(graph, sources[i - 1].rank));
    }
    const auto comes_before = [&](std::string_view name, std::size_t rank) {
        const std::size_t place = first_not(sources.size(), [&](std::size_t i) { return sources[i].name < name; });
        return place < sources.size() && sources[place].name == name && sources[place].rank < rank;
    };
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        for (const std::string& input : graph.nodes[i].inputs)
            if (!input.empty() && !comes_before(input, i + 2))
                fail(path + ": " + onnx_source_text(graph, i + 2) + ": nothing before it gives its input " +
                     tensor_label(input));
    for (const OnnxValue& output : graph.outputs)
        if (!comes_before(output.name, graph.nodes.size() + 2))
            fail(path + ": nothing gives the graph's output " + tensor_label(output.name));
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
    file.write(model.bytes());
    file.write(start.bytes());
    for (std::size_t i = 0; i < tensor_starts.size(); ++i) {
        file.write(tensor_starts[i]);
        file.write(graph.initializers[i].data);
    }
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
