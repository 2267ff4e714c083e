// Lists of layers, split into words, and how a file's differs from a network's.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/strings.hpp>
#include <nib/model/layer_info.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// Lists start a residual block with this word and end it with the other: a list of layers within brackets.
inline constexpr std::string_view block_start = "Residual(", block_end = ")";

// "Linear" of "Linear(784, 64)".
[[gnu::cold]] inline std::string_view layer_name(std::string_view text) { return text.substr(0, text.find('(')); }

// A layer that does nothing when a network is used.
[[gnu::cold]] inline bool is_identity(std::string_view text) {
    return text.starts_with("Dropout(p=") || text == "Identity";
}

// One word of a list.
struct ListedLayer {
    std::string_view text;    // "Linear(784, 64)"
    std::string_view name{};  // of its tensors, "fc1"; "" where it has none, and in a file's list
    bool identity = false;
};

// Appends the words of `text`, which is cut at the commas that stand outside of brackets; a residual block is its
// start, its layers and its end.
[[gnu::cold]] inline void append_layers(List<ListedLayer>& list, std::string_view text) {
    std::size_t blocks = 0;
    while (!text.empty()) {
        std::size_t length = 0;
        if (text.starts_with(block_start)) {
            length = block_start.size();
            ++blocks;
        } else if (text.starts_with(block_end) && blocks > 0) {
            length = block_end.size();
            --blocks;
        } else {
            for (std::size_t depth = 0; length < text.size(); ++length) {
                const char c = text[length];
                if (depth == 0 && (c == ',' || (c == ')' && blocks > 0))) break;
                if (c == '(') ++depth;
                if (c == ')' && depth > 0) --depth;
            }
        }
        if (length > 0) list.push_back({text.substr(0, length)});
        text.remove_prefix(length);
        while (text.starts_with(',') || text.starts_with(' ')) text.remove_prefix(1);
    }
}

// A file's list.
[[gnu::cold]] inline List<ListedLayer> split_layers(std::string_view text) {
    List<ListedLayer> list;
    append_layers(list, text);
    return list;
}

// Calls use(text, layer) for the layers of a network, and with null for the start and the end of a residual block.
template <class Use>
[[gnu::cold]] void for_each_listed(const std::vector<LayerInfo>& layers, const Use& use) {
    std::vector<std::size_t> blocks(layers.size());  // that begin at each layer
    for (const LayerInfo& layer : layers)
        if (layer.skip != no_skip) ++blocks[layer.skip];
    for (std::size_t i = 0; i < layers.size(); ++i) {
        for (; blocks[i] > 0; --blocks[i]) use(block_start, nullptr);
        if (layers[i].skip == no_skip)
            use(layers[i].text, &layers[i]);
        else
            use(block_end, nullptr);
    }
}

// That of a network, whose LayerInfos have the texts.
[[gnu::cold]] inline List<ListedLayer> listed(const std::vector<LayerInfo>& layers) {
    List<ListedLayer> list;
    for_each_listed(layers, [&](std::string_view text, const LayerInfo* layer) {
        if (layer == nullptr) return list.push_back({text});
        std::size_t word = list.size();
        append_layers(list, text);
        for (; word < list.size(); ++word) {
            if (!layer->tensors.empty()) list[word].name = layer->name;
            list[word].identity = layer->only_in_training;
        }
    });
    return list;
}

// For messages: short and printable, whatever a file says.
[[gnu::cold]] inline std::string word_text(std::string_view word) {
    if (word == block_start) return "the start of a residual block";
    if (word == block_end) return "its end";
    const std::string quoted = format_quoted(word);
    return quoted.substr(1, quoted.size() - 2);
}

// The first difference between a file's list and a network's, unless `exactly` but for layers that do nothing when a
// network is used: "the file has Tanh after \"0\", the network has ReLU"; "" where there is none.
[[gnu::cold]] inline std::string layers_difference(std::string_view file_list, ArrayView<ListedLayer> network,
                                                   bool exactly = false) {
    const List<ListedLayer> theirs = split_layers(file_list);
    const auto does_nothing = [&](std::string_view text) {
        bool found = is_identity(text);
        for (const ListedLayer& layer : network) found = found || (layer.identity && layer.text == text);
        return found;
    };
    std::string place = " at the start";
    for (std::size_t i = 0, k = 0;; ++i, ++k) {
        const auto differ = [&] {
            return i == theirs.size() || k == network.size() || theirs[i].text != network[k].text;
        };
        while (!exactly && differ() && k < network.size() && network[k].identity) ++k;
        while (!exactly && differ() && i < theirs.size() && does_nothing(theirs[i].text)) ++i;
        const bool file_ends = i == theirs.size(), network_ends = k == network.size();
        if (file_ends && network_ends) return "";
        if (differ())
            return join({"the file has ", file_ends ? "nothing" : word_text(theirs[i].text), place,
                         ", the network has ", network_ends ? "nothing" : word_text(network[k].text)});
        if (network[k].identity) continue;
        place = join({" after ", network[k].name.empty() ? word_text(network[k].text) : tensor_label(network[k].name)});
    }
}

// What a file of nib's lists in its metadata; "" where it lists none.
[[gnu::cold]] inline std::string_view listed_layers(const StringMap& metadata) {
    const auto* const list = metadata.find("layers");
    return list == metadata.end() || !metadata.contains("nib_version") ? std::string_view{} : list->second;
}

}  // namespace nib::inline NIB_ABI::detail
