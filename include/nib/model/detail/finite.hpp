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

#include <nib/core/detail/math.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::detail {

template <class T>
std::string not_finite_text(const std::vector<LayerTensor>& infos, std::span<const T> numbers,
                            const std::string& prefix, bool buffers) {
    const std::size_t place = first_not_finite(numbers.data(), numbers.size());
    if (place == numbers.size()) return "";
    std::string name = buffers ? "buffers" : "parameters";
    std::size_t index = place;
    for (const LayerTensor& info : infos) {
        if (info.is_buffer != buffers || place < info.offset || place - info.offset >= info.size()) continue;
        name = tensor_label(prefix + info.name);
        index = info.index_in_file(place - info.offset);
        break;
    }
    return name + ": expected finite numbers, found " + not_finite_name(numbers[place]) + " at index " +
           std::to_string(index);
}

}  // namespace nib::inline NIB_ABI::detail

#endif
