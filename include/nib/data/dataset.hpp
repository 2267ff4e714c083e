// Dataset: labelled images, kept as the bytes they were stored as. A batch scales them to [0, 1] when it is gathered,
// so that MNIST takes 47 MB and not 188.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct Dataset {
    std::size_t rows = 0;                // of one image
    std::size_t cols = 0;                // of one image
    AlignedVector<std::uint8_t> pixels;  // [size(), rows, cols]; 0 is background, 255 is ink
    std::vector<int> labels;             // [size()]
    std::string name;                    // where the images came from, for messages

    std::size_t size() const { return labels.size(); }
    std::size_t input_size() const { return rows * cols; }
    std::span<const std::uint8_t> image(std::size_t index) const {
        return {pixels.data() + index * input_size(), input_size()};
    }
};

// Adds the images of `more` behind those of `dataset`. Fails unless they have the same size.
inline void append(Dataset& dataset, const Dataset& more) {
    if (more.rows != dataset.rows || more.cols != dataset.cols)
        fail({"append: expected images of ", dataset.rows, "x", dataset.cols, " pixels, found ", more.rows, "x",
              more.cols});
    append_values(dataset.pixels, more.pixels);
    append_values(dataset.labels, more.labels);
}

}  // namespace nib::inline NIB_ABI
