// How threads that train share a wide layer: by its outputs, and with them by columns of its weights.
#pragma once

#include <nib/core/executor.hpp>
#include <nib/kernels/vector.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::detail {

// Whether `parts` threads that train on batches of `rows` examples share such a layer's outputs, and not the examples.
// An optimiser changes all weights at each step, and a thread that computes all outputs has to fetch all that other
// threads have changed. One that computes some outputs fetches the weights of these alone. But then the threads fetch
// each other's outputs: these are fewer, if an output has more weights than the batch has rows. With few columns for
// each thread, products would be slower.
inline bool shares_columns(LayerShape shape, std::size_t rows, std::size_t parts) {
    constexpr std::size_t fewest_columns = 128;
    return parts > 1 && shape.in >= rows && shape.out >= parts * fewest_columns;
}

// Which of `columns` are one thread's: whole blocks, as products take them. The last thread, which has the fewest, also
// has those behind the last whole block. (With fewer blocks than threads, it may have these alone.)
template <class T>
constexpr Range chunk_of_columns(std::size_t columns, std::size_t part, std::size_t parts) {
    constexpr std::size_t block = kernels::column_block<T>;
    const std::size_t blocks = columns / block;
    const auto start = [=](std::size_t i) { return (blocks * i + parts - 1) / parts * block; };
    return {start(part), (part + 1 == parts ? columns : start(part + 1)) - start(part)};
}

}  // namespace nib::inline NIB_ABI::detail
