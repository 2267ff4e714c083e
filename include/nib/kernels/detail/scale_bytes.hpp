// Bytes to numbers in [0, 1], as torchvision's ToTensor makes them of pixels.
#pragma once

#include <nib/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI::kernels {

// byte / 255 for each byte, correctly rounded: 0 is 0, 255 is 1.
template <class T>
inline constexpr std::array<T, 256> scaled_bytes = [] {
    std::array<T, 256> values{};
    for (std::size_t byte = 0; byte < values.size(); ++byte) values[byte] = static_cast<T>(byte) / T{255};
    return values;
}();

// values = bytes / 255, from the table. Runs of 16 zero bytes, frequent in drawings, skip it.
template <class T>
void scale_bytes(std::span<const std::uint8_t> bytes, std::span<T> values);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <cassert>
#include <cstring>

namespace nib::inline NIB_ABI::kernels {

template <class T>
void scale_bytes(std::span<const std::uint8_t> bytes, std::span<T> values) {
    assert(bytes.size() == values.size());
    constexpr std::size_t step = 16;
    std::size_t i = 0;
    for (; i + step <= bytes.size(); i += step) {
        std::uint64_t words[2];
        std::memcpy(words, bytes.data() + i, step);
        if ((words[0] | words[1]) == 0)
            std::memset(values.data() + i, 0, step * sizeof(T));
        else
            for (std::size_t j = 0; j < step; ++j) values[i + j] = scaled_bytes<T>[bytes[i + j]];
    }
    for (; i < bytes.size(); ++i) values[i] = scaled_bytes<T>[bytes[i]];
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
