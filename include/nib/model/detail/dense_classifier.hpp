// Whether a network is dense layers with ReLU between them and LogSoftmax at the end.
#pragma once

#include <nib/layers/dense.hpp>
#include <nib/layers/layer.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <type_traits>

namespace nib::inline NIB_ABI::detail {

enum class LayerKind : unsigned char { dense, relu, log_softmax, identity, other };

// By type, since with GCC's sanitizers a LayerId is no constant expression.
template <class L>
constexpr LayerKind layer_kind() {
    if constexpr (std::is_base_of_v<DenseOfAnySize, L>) return LayerKind::dense;
    if constexpr (std::is_same_v<L, ReLU>) return LayerKind::relu;
    if constexpr (std::is_same_v<L, LogSoftmax>) return LayerKind::log_softmax;
    return only_in_training_of<L>() ? LayerKind::identity : LayerKind::other;
}

// The first layer that does not fit: `count` where layers are missing at the end, -1 where all fit. Layers that do
// nothing in inference are skipped.
constexpr std::size_t first_misfit(const LayerKind* kinds, std::size_t count) {
    LayerKind last = LayerKind::relu;
    for (std::size_t i = 0; i < count; ++i) {
        if (kinds[i] == LayerKind::identity) continue;
        const bool fits = last == LayerKind::relu ? kinds[i] == LayerKind::dense
                                                  : last == LayerKind::dense && (kinds[i] == LayerKind::relu ||
                                                                                 kinds[i] == LayerKind::log_softmax);
        if (!fits) return i;
        last = kinds[i];
    }
    return last == LayerKind::log_softmax ? static_cast<std::size_t>(-1) : count;
}

template <class... Layers>
constexpr bool is_dense_classifier(LayerList<Layers...>) {
    constexpr LayerKind kinds[] = {layer_kind<typename Layers::layer>()...};
    return first_misfit(kinds, sizeof...(Layers)) == static_cast<std::size_t>(-1);
}

}  // namespace nib::inline NIB_ABI::detail
