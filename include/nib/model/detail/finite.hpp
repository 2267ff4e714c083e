// Numbers of a network that are not finite, and where they are: training and model files refuse them.
#pragma once

#include <nib/core/config.hpp>
#include <nib/layers/layer.hpp>

#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// Of `numbers`, which are ordered as a network's parameters or its buffers are, the first that is not finite:
// "\"0.weight\": expected finite numbers, found NaN at index 7", the index counted as in a model file; "" where all are
// finite. The names are those of `infos` with `prefix` before them.
template <class T>
std::string not_finite_text(const std::vector<LayerTensor>& infos, std::span<const T> numbers,
                            const std::string& prefix = {}, bool buffers = false);

}  // namespace nib::inline NIB_ABI::detail

#if NIB_BODIES

#include <nib/core/detail/join.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <string_view>

namespace nib::inline NIB_ABI::detail {

// Number `place`, which is `what` ("NaN").
[[gnu::cold]] inline std::string not_finite_text_at(const std::vector<LayerTensor>& infos, std::size_t place,
                                                    const char* what, std::string_view prefix, bool buffers) {
    std::string name = buffers ? "buffers" : "parameters";
    std::size_t index = place;
    for (const LayerTensor& info : infos) {
        if (info.is_buffer != buffers || place < info.offset || place - info.offset >= info.size()) continue;
        name = tensor_label(join({prefix, info.name}));
        index = info.index_in_file(place - info.offset);
        break;
    }
    return join({name, ": expected finite numbers, found ", what, " at index ", index});
}

template <class T>
std::string not_finite_text(const std::vector<LayerTensor>& infos, std::span<const T> numbers,
                            const std::string& prefix, bool buffers) {
    const std::size_t place = first_not_finite(numbers.data(), numbers.size());
    if (place == numbers.size()) return "";
    return not_finite_text_at(infos, place, not_finite_name(numbers[place]), prefix, buffers);
}

}  // namespace nib::inline NIB_ABI::detail

#endif
