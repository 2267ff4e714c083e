// Image: grey pixels of 8 bits, as the rasteriser draws them and image files hold them.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nib::inline NIB_ABI {

struct Image {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<std::uint8_t> pixels;  // [rows, cols], the upper row first
};

}  // namespace nib::inline NIB_ABI
