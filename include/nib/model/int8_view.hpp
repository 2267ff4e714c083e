// Int8View: a quantised network over constants, in flash mostly. It predicts on the stack, with no heap, no files and
// no exceptions; any number of threads may use one. save_header (model/embed.hpp) writes headers that hold
// one.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/detail/int8.hpp>
#include <nib/layers/log_softmax.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

namespace detail {

// Scratch memory for one example.
struct Int8Scratch {
    std::int16_t* steps;       // [widest]: of the features that go into the layers
    kernels::Int8Pair* pairs;  // [int8_pairs(widest)]
};

// Quantises an example and lists its pairs in the scratch; returns their number.
inline std::size_t int8_inputs(std::span<const float> x, kernels::Int8Range range, const Int8Scratch& scratch) {
    kernels::quantize(x, range, scratch.steps);
    return kernels::list_pairs(scratch.steps, x.size(), scratch.pairs);
}

// From the pairs of the inputs in the scratch, through all layers, to the logits.
template <class LayerAt>
void int8_forward(std::size_t layers, const LayerAt& layer_at, std::size_t pairs, const Int8Scratch& scratch,
                  float* logits) {
    for (std::size_t i = 0; i + 1 < layers; ++i) {
        const kernels::Int8Matrix& layer = layer_at(i);
        kernels::int8_matmul({scratch.pairs, pairs}, layer, scratch.steps);
        pairs = kernels::list_pairs(scratch.steps, layer.cols, scratch.pairs);
    }
    kernels::int8_matmul({scratch.pairs, pairs}, layer_at(layers - 1), logits);
}

}  // namespace detail

// Widest: the largest number of inputs of a layer.
template <std::size_t Inputs, std::size_t Outputs, std::size_t Widest>
struct Int8View {
    static_assert(Widest >= Inputs && Inputs > 0 && Outputs > 0);

    kernels::Int8Range input_range;
    std::span<const kernels::Int8Matrix> layers;  // at least one

    static constexpr std::size_t input_size() { return Inputs; }
    static constexpr std::size_t output_size() { return Outputs; }

    // The same bits on every machine.
    std::array<float, Outputs> logits(std::span<const float, Inputs> x) const {
        alignas(cache_line) std::int16_t steps[Widest];
        kernels::Int8Pair pairs[kernels::int8_pairs(Widest)];
        const detail::Int8Scratch scratch{steps, pairs};
        std::array<float, Outputs> result;
        detail::int8_forward(
            layers.size(), [this](std::size_t i) -> const kernels::Int8Matrix& { return layers[i]; },
            detail::int8_inputs(x, input_range, scratch), scratch, result.data());
        return result;
    }

    // Logarithms of the classes' probabilities.
    std::array<float, Outputs> operator()(std::span<const float, Inputs> x) const {
        std::array<float, Outputs> result = logits(x);
        const MatrixView<float> row{result.data(), 1, Outputs};
        nib::log_softmax<float>(row, row);
        return result;
    }
};

}  // namespace nib::inline NIB_ABI
