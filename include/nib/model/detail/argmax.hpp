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

// The index of the largest value where it is finite, and larger than each other one by what Layer's keeps_largest asks
// for; else -1. Without branches, which would be mispredicted.
template <class T>
int clear_argmax(std::span<const T> values) {
    using Limits = std::numeric_limits<T>;
    T largest = values[0];
    for (const T value : values) largest = largest < value ? value : largest;
    std::size_t close = 0, sum = 0;  // of those that are close to the largest one, itself or NaN
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_close = !(largest - values[i] >= 32 * Limits::epsilon());
        close += is_close ? 1 : 0;
        sum += is_close ? i : 0;
    }
    return close == 1 && largest <= Limits::max() ? static_cast<int>(sum) : -1;
}

}  // namespace nib::inline NIB_ABI::detail
