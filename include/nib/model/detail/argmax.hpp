// argmax: the class that a row of outputs stands for.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <limits>
#include <span>

namespace nib::inline NIB_ABI::detail {

// The index of the largest value, the first one if there are several. NaN is larger than all numbers.
template <class T>
int argmax(std::span<const T> values) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        if (values[i] <= values[best]) continue;
        if (values[best] != values[best]) break;
        best = i;
    }
    return static_cast<int>(best);
}

// The index of the largest value where it is finite and exceeds all others by the margin of keeps_largest
// (layers/layer.hpp); else -1. No branches: they would be mispredicted.
template <class T>
int clear_argmax(std::span<const T> values) {
    using Limits = std::numeric_limits<T>;
    T largest = values[0];
    for (const T value : values) largest = largest < value ? value : largest;
    // How many are within the margin of the largest one, itself too, or NaN, and the sum of their indices.
    std::size_t close = 0, sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_close = !(largest - values[i] >= 32 * Limits::epsilon());
        close += is_close ? 1 : 0;
        sum += is_close ? i : 0;
    }
    return close == 1 && largest <= (Limits::max)() ? static_cast<int>(sum) : -1;
}

}  // namespace nib::inline NIB_ABI::detail
