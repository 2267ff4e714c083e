// LayerInfo: what a layer of a network is, for people and for files.
#pragma once

#include <nib/core/operator.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/detail/step.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

struct LayerInfo {
    std::string name;  // in model files: "0", or its own
    std::string text;  // for people, as PyTorch has it: "Linear(784, 64)"
    LayerShape shape;
    std::vector<LayerTensor> tensors;  // its parameters and buffers, with their places among the network's
    bool only_in_training = false;     // it is the identity in inference
    std::size_t skip = no_skip;        // of a residual connection: the number of the layer before which it begins
    LayerId layer = nullptr;           // identifies the layer's struct
};

// What a layer computes, as elementary operations; none where the layer has no operators().
using LayerOperators = std::optional<std::vector<Operator>>;

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
std::string layer_text(LayerShape shape, [[maybe_unused]] double setting) {
    if constexpr (HasSetting<L> && requires { L::description(shape, setting); })
        return L::description(shape, setting);
    else if constexpr (requires { L::description(shape); })
        return L::description(shape);
    else if constexpr (requires { L::description(); })
        return L::description();
    else if constexpr (SizedLayer<L>)
        return std::string(type_name_of<L>()) + "(" + std::to_string(shape.in) + ", " + std::to_string(shape.out) + ")";
    else
        return std::string(type_name_of<L>());
}

// Its tensors, with names and places of its own.
template <class L>
std::vector<LayerTensor> layer_tensors(LayerShape shape) {
    std::vector<LayerTensor> tensors;
    const std::size_t parameters = parameter_count_of<L>(shape), buffers = buffer_count_of<L>(shape);
    if constexpr (requires { L::tensors(shape); })
        tensors = L::tensors(shape);
    else {
        if (parameters > 0) tensors.push_back({.name = "parameters", .shape = {parameters}});
        if (buffers > 0) tensors.push_back({.name = "buffers", .shape = {buffers}, .is_buffer = true});
    }
    return tensors;
}

// Layer L of that shape, called `number` where it has no name; its tensors have names and places of the layer's own.
template <class L>
LayerInfo layer_info(LayerShape shape, const std::string& number, double setting = 0) {
    LayerInfo info;
    info.name = number;
    if constexpr (requires { L::name(); })
        if (!L::name().empty()) info.name = std::string(L::name());
    info.text = layer_text<L>(shape, setting);
    info.shape = shape;
    info.tensors = layer_tensors<L>(shape);
    info.only_in_training = only_in_training_of<L>();
    info.layer = layer_id<L>;
    return info;
}

template <class L>
LayerOperators layer_operators([[maybe_unused]] LayerShape shape) {
    if constexpr (requires { L::operators(shape); })
        return L::operators(shape);
    else if constexpr (requires { L::operators(); })
        return L::operators();
    else
        return {};
}

// Gives the layer's tensors their names and places in the network.
template <class T>
void place_tensors(LayerInfo& info, const Step<T>& step) {
    for (LayerTensor& tensor : info.tensors) {
        tensor.name = info.name + "." + tensor.name;
        tensor.offset += tensor.is_buffer ? step.buffer_offset : step.parameter_offset;
    }
    info.skip = step.skip;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
