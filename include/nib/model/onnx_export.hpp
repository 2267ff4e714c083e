// save_onnx(net, path): a network as an ONNX file, which onnxruntime and many others run.
//
//   The graph has one input, "input" [N, net.input_size()], and one output, "output" [N, net.output_size()], for any N,
//   both of the network's own type. They are what net.forward takes and gives: log-probabilities where the network ends
//   in LogSoftmax. Tensors have the names and shapes of model files: "0.weight" is [out, in].
//
//   session.run(None, {"input": pixels})    in Python, with onnxruntime
//
// A layer of your own is exported as its operators() say (layers/layer.hpp). Export floats where you can: few readers
// run networks of doubles, onnxruntime 1.17 only with its optimisations switched off.
#pragma once

#include <nib/core/config.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>
#include <nib/model/sequential.hpp>

#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

template <class T>
void save_onnx_layers(const std::vector<LayerInfo>& list, const std::vector<LayerOperators>& operators,
                      const NetworkNumbers<const T>& numbers, const std::string& path);

template <class L>
struct SaysHowItIsExported {
    static constexpr bool value = requires { L::operators(); }
    || requires { L::operators(LayerShape{}); };
    static_assert(value,
                  "save_onnx: a layer does not say how it is exported; give it a function operators(), as "
                  "layers/layer.hpp tells");
};
template <class... Layers>
struct SaysHowItIsExported<LayerList<Layers...>> {
    static constexpr bool value = (SaysHowItIsExported<Layers>::value && ...);
};
template <LayerBlock L>
struct SaysHowItIsExported<L> : SaysHowItIsExported<LayerList<typename L::block, typename L::block_end>> {};

template <class Net>
inline constexpr bool is_exportable = true;
template <class T, class... Layers>
inline constexpr bool is_exportable<BasicSequential<T, Layers...>> = (SaysHowItIsExported<Layers>::value && ...);

}  // namespace detail

// Fails when the file cannot be written (what stood at `path` is then still there), where a layer's operators do not
// fit together, and where they are not as ONNX has them; a layer of a Sequential without operators() does not compile.
template <Network Net>
void save_onnx(const Net& net, const std::string& path) {
    static_assert(detail::is_exportable<Net>);
    detail::save_onnx_layers<typename Net::scalar_type>(net.layers(), net.operators(),
                                                        {net.parameters(), net.buffers()}, path);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/operator.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/onnx.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Joins the operators of all layers into one graph.
class OnnxNodes {
public:
    // `path` is for messages.
    explicit OnnxNodes(const std::string& path) : path_{path} {}

    void add(const LayerInfo& layer, const LayerOperators& operators) {
        layer_ = "layer " + std::to_string(inputs_.size()) + " (" + layer.text + ")";
        inputs_.push_back(last_);
        if (!operators) refuse("it does not say how it is exported; expected a function operators()");
        if (operators->empty()) return;
        names_ = {{"x", last_}};
        if (layer.skip != no_skip) names_["skipped"] = inputs_.at(layer.skip);
        for (const Operator& operation : *operators) add(operation, layer.tensors);
        if (!names_.contains("y")) refuse("none of its operators gives \"y\"");
        last_ = names_.at("y");
    }

    // The nodes, with the last layer's output renamed to `output`.
    std::vector<Operator> take(const std::string& output) {
        if (last_ == input) {
            nodes_.push_back({.type = "Identity", .inputs = {last_}, .outputs = {output}});
            last_ = output;
        }
        for (Operator& node : nodes_) {
            for (std::string& name : node.inputs)
                if (name == last_) name = output;
            for (std::string& name : node.outputs)
                if (name == last_) name = output;
        }
        return std::move(nodes_);
    }

    // The layer of each node.
    const std::vector<std::string>& origins() const { return origins_; }

    static constexpr std::string_view input = "input";

private:
    [[noreturn]] void refuse(const std::string& why) const { fail(path_ + ": " + layer_ + ": " + why); }

    // Adds a node, with the graph's names in place of the layer's own.
    void add(const Operator& operation, const std::vector<LayerTensor>& tensors) {
        Operator node = operation;
        const std::string prefix = onnx_node_name(node, nodes_.size()) + ".";
        for (std::string& name : node.inputs) name = value_of(name, operation, tensors);
        for (std::string& name : node.outputs) {
            if (name.empty()) continue;
            if (names_.contains(name))
                refuse(operation.type + " gives " + tensor_label(name) + ", which is there already");
            names_[name] = prefix + name;
            name = prefix + name;
        }
        nodes_.push_back(std::move(node));
        origins_.push_back(layer_);
    }

    std::string value_of(const std::string& name, const Operator& operation,
                         const std::vector<LayerTensor>& tensors) const {
        if (name.empty()) return name;
        if (names_.contains(name)) return names_.at(name);
        for (const LayerTensor& tensor : tensors)
            if (tensor.name == name || tensor.name.ends_with("." + name)) return tensor.name;
        refuse(operation.type + " takes " + tensor_label(name) +
               "; expected \"x\", a tensor of the layer, or what an operator before it gives");
    }

    const std::string& path_;
    std::string layer_;
    std::vector<std::string> inputs_;  // of each layer
    std::vector<Operator> nodes_;
    std::vector<std::string> origins_;
    StringMap names_;  // of the current layer's values in the graph
    std::string last_{input};
};

template <class T>
void save_onnx_layers(const std::vector<LayerInfo>& list, const std::vector<LayerOperators>& operators,
                      const NetworkNumbers<const T>& numbers, const std::string& path) {
    if (list.empty()) fail(path + ": the network has no layers");
    OnnxNodes nodes{path};
    std::size_t count = 0;
    for (const LayerInfo& layer : list) count += layer.tensors.size();
    TensorList tensors{count};
    for (std::size_t i = 0; i < list.size(); ++i) {
        nodes.add(list[i], operators[i]);
        append_tensors<T>(list[i].tensors, numbers, "", tensors);
    }
    constexpr Dtype dtype = sizeof(T) == 4 ? Dtype::f32 : Dtype::f64;
    OnnxGraph graph;
    graph.name = "network";
    graph.numbers = dtype;
    graph.nodes = nodes.take("output");
    graph.origins = nodes.origins();
    graph.inputs = {{std::string(OnnxNodes::input), dtype, {"N", list.front().shape.in}}};
    graph.outputs = {{"output", dtype, {"N", list.back().shape.out}}};
    graph.initializers = tensors.tensors();
    save_onnx_graph(path, graph);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#endif
