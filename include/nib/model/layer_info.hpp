// LayerInfo: what a layer of a network is, for people and for files.
#pragma once

#include <nib/core/detail/join.hpp>
#include <nib/core/operator.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/detail/step.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// What layer L says of itself to people and files, so that one function makes a LayerInfo of any layer.
struct LayerFacts {
    std::string_view type;
    std::string (*name)() = nullptr;
    std::string (*description)(LayerShape, double setting) = nullptr;
    std::vector<LayerTensor> (*tensors)(LayerShape) = nullptr;
    std::size_t (*parameters)(LayerShape) = nullptr;  // with `buffers`, where `tensors` is null
    std::size_t (*buffers)(LayerShape) = nullptr;
    LayerId layer = nullptr;
    bool is_sized = false;
    bool only_in_training = false;
};

template <class L>
constexpr LayerFacts make_layer_facts() {
    LayerFacts facts;
    facts.type = type_name_of<L>();
    if constexpr (requires { L::name(); }) facts.name = [] { return std::string(L::name()); };
    if constexpr (HasSetting<L> && requires(LayerShape shape) { L::description(shape, 0.0); })
        facts.description = [](LayerShape shape, double setting) -> std::string {
            return L::description(shape, setting);
        };
    else if constexpr (requires(LayerShape shape) { L::description(shape); })
        facts.description = [](LayerShape shape, double) -> std::string { return L::description(shape); };
    else if constexpr (requires { L::description(); })
        facts.description = [](LayerShape, double) -> std::string { return L::description(); };
    if constexpr (requires(LayerShape shape) { L::tensors(shape); }) {
        facts.tensors = [](LayerShape shape) -> std::vector<LayerTensor> { return L::tensors(shape); };
    } else {
        facts.parameters = &parameter_count_of<L>;
        facts.buffers = &buffer_count_of<L>;
    }
    facts.layer = layer_id<L>;
    facts.is_sized = SizedLayer<L>;
    facts.only_in_training = only_in_training_of<L>();
    return facts;
}

template <class L>
inline constexpr LayerFacts layer_facts = make_layer_facts<L>();

[[gnu::cold]] inline std::string layer_text(const LayerFacts& facts, LayerShape shape, double setting) {
    if (facts.description != nullptr) return facts.description(shape, setting);
    return facts.is_sized ? join({facts.type, "(", shape.in, ", ", shape.out, ")"}) : join({facts.type});
}

// A layer of that shape, called `number` where it has no name; its tensors have names and places of the layer's own.
[[gnu::cold]] inline LayerInfo make_layer_info(const LayerFacts& facts, LayerShape shape, const std::string& number,
                                               double setting) {
    LayerInfo info;
    if (facts.name != nullptr) info.name = facts.name();
    if (info.name.empty()) info.name = number;
    info.text = layer_text(facts, shape, setting);
    info.shape = shape;
    if (facts.tensors != nullptr) {
        info.tensors = facts.tensors(shape);
    } else {
        std::size_t counts[] = {facts.parameters(shape), facts.buffers(shape)};
        info.tensors = std::vector<LayerTensor>((counts[0] > 0 ? 1U : 0U) + (counts[1] > 0 ? 1U : 0U));
        for (LayerTensor& tensor : info.tensors) {
            tensor.is_buffer = counts[0] == 0;
            tensor.name = join({tensor.is_buffer ? "buffers" : "parameters"});
            tensor.shape.push_back(std::exchange(counts[tensor.is_buffer ? 1 : 0], 0));
        }
    }
    info.only_in_training = facts.only_in_training;
    info.layer = facts.layer;
    return info;
}

template <class L>
LayerInfo layer_info(LayerShape shape, const std::string& number, double setting = 0) {
    return make_layer_info(layer_facts<L>, shape, number, setting);
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
[[gnu::cold]] void place_tensors(LayerInfo& info, const Step<T>& step) {
    for (LayerTensor& tensor : info.tensors) {
        tensor.name = join({info.name, ".", tensor.name});
        tensor.offset += tensor.is_buffer ? step.buffer_offset : step.parameter_offset;
    }
    info.skip = step.skip;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
