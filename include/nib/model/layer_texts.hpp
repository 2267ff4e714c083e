// Lists of layers as text, as model files have them in their metadata; and how two of them differ. A file is never run
// as another network: what it lists is compared with the network's own list.
#pragma once

#include <nib/core/config.hpp>
#include <nib/model/layer_info.hpp>

#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// In one line: "Linear(784, 64), ReLU, Residual(Linear(64, 64), ReLU), Linear(64, 10), LogSoftmax".
[[nodiscard]] std::string layers_text(const std::vector<LayerInfo>& layers);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/join.hpp>
#include <nib/model/detail/listed_layers.hpp>

#include <string_view>

namespace nib::inline NIB_ABI {

NIB_API std::string layers_text(const std::vector<LayerInfo>& layers) {
    std::string text;
    bool follows = false;
    detail::for_each_listed(layers, [&](std::string_view word, const LayerInfo* layer) {
        if (word.empty()) return;
        detail::append_parts(text, {follows && (layer != nullptr || word == detail::block_start) ? ", " : "", word});
        follows = layer != nullptr || word == detail::block_end;
    });
    return text;
}

}  // namespace nib::inline NIB_ABI

#endif
