// layers(net): what a network is made of, layer by layer, as a list that a program can print, export or compare.
//
//   for (const nib::LayerInfo& layer : nib::layers(net)) std::puts(layer.text.c_str());  // Linear(784, 64), ReLU, …
//
// A layer of one's own is listed by the name of its struct; description() and operators() (layers/layer.hpp) say more.
#pragma once

#include <nib/io/onnx_operator.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

struct LayerInfo {
    std::string text;  // for people, as PyTorch has it: "Linear(784, 64)"
    std::size_t input_size = 0;
    std::size_t output_size = 0;
    std::vector<ParameterTensor> tensors;  // its own, with their places among the network's parameters
    bool has_operators = false;            // whether it says how it is exported
    std::vector<OnnxOperator> operators;   // to ONNX
};

namespace detail {

// The name of type L without its namespaces and template arguments, "Swish". GCC calls this function "... [with L =
// ns::Swish]" and Clang "... [L = ns::Swish]".
template <class L>
constexpr auto type_name_of() {
    constexpr std::string_view start = "L = ";
    std::string_view name = __PRETTY_FUNCTION__;
    name = name.substr(name.find(start) + start.size());
    name.remove_suffix(1);
    // Colons within brackets belong to a template argument, or to a function that L is local to.
    std::size_t depth = 0, first = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '<' || name[i] == '(') ++depth;
        if (name[i] == '>' || name[i] == ')') --depth;
        if (depth == 0 && name[i] == ':') first = i + 1;
    }
    name = name.substr(first);
    return name.substr(0, name.find('<'));
}

template <class L>
std::string layer_text() {
    if constexpr (requires { L::description(); })
        return L::description();
    else if constexpr (SizedLayer<L>)
        return std::string(type_name_of<L>()) + "(" + std::to_string(L::input_size) + ", " +
               std::to_string(L::output_size) + ")";
    else
        return std::string(type_name_of<L>());
}

// The tensors of layer number `number`, whose parameters start at `offset`.
template <class L>
std::vector<ParameterTensor> layer_tensors(std::size_t number, std::size_t offset) {
    std::vector<ParameterTensor> tensors;
    if constexpr (requires { &L::describe; })
        L::describe(number, offset, tensors);
    else if constexpr (L::parameter_count > 0)
        tensors.push_back(
            {.name = std::to_string(number) + ".parameters", .shape = {L::parameter_count}, .offset = offset});
    return tensors;
}

// A layer that stands behind `in` features.
template <class L>
LayerInfo layer_info(std::size_t number, std::size_t offset, std::size_t in) {
    LayerInfo info;
    info.text = layer_text<L>();
    info.input_size = info.output_size = in;
    if constexpr (SizedLayer<L>) info.output_size = L::output_size;
    info.tensors = layer_tensors<L>(number, offset);
    if constexpr (OnnxLayer<L>) {
        info.has_operators = true;
        info.operators = L::operators();
    }
    return info;
}

}  // namespace detail

template <class T, Layer... Layers>
[[nodiscard]] std::vector<LayerInfo> layers(const BasicSequential<T, Layers...>& net) {
    std::vector<LayerInfo> list;
    std::size_t offset = 0, features = net.input_size();
    const auto add = [&](LayerInfo info, std::size_t parameters) {
        offset += parameters;
        features = info.output_size;
        list.push_back(std::move(info));
    };
    (add(detail::layer_info<Layers>(list.size(), offset, features), Layers::parameter_count), ...);
    return list;
}

template <class T>
[[nodiscard]] std::vector<LayerInfo> layers(const BasicMlp<T>& net);

// In one line: "Linear(784, 64), ReLU, Linear(64, 10), LogSoftmax".
[[nodiscard]] NIB_API std::string layers_text(std::span<const LayerInfo> list);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/text.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>

namespace nib::inline NIB_ABI {

template <class T>
std::vector<LayerInfo> layers(const BasicMlp<T>& net) {
    std::vector<LayerInfo> list;
    const std::span<const std::size_t> widths = net.widths();
    std::size_t offset = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
        const std::size_t in = widths[i], out = widths[i + 1];
        LayerInfo dense;
        dense.text = detail::dense_description(in, out);
        dense.input_size = in;
        dense.output_size = out;
        detail::dense_describe(net.layer_names()[i], in, out, offset, dense.tensors);
        dense.has_operators = true;
        dense.operators = detail::dense_operators();
        list.push_back(std::move(dense));
        offset += DenseParameters<T>::count(in, out);
        const bool last = i + 2 == widths.size();
        list.push_back(last ? detail::layer_info<LogSoftmax>(list.size(), offset, out)
                            : detail::layer_info<ReLU>(list.size(), offset, out));
    }
    return list;
}

NIB_API std::string layers_text(std::span<const LayerInfo> list) {
    std::string text;
    for (const LayerInfo& layer : list) append_to_list(text, ", ", layer.text);
    return text;
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE std::vector<LayerInfo> layers(const BasicMlp<float>&);
NIB_TEMPLATE std::vector<LayerInfo> layers(const BasicMlp<double>&);
#endif

}  // namespace nib::inline NIB_ABI

#endif
