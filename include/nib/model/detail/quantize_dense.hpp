// A dense layer in 8-bit integers, made of one in floats, and checked.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/int8.hpp>
#include <nib/model/int8_dense.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace nib::inline NIB_ABI::detail {

// The nearest whole number in [-most, most], halves away from zero.
inline std::int32_t rounded_within(double x, std::int32_t most) {
    const double limit = static_cast<double>(most);
    const double inside = clamped(x, -limit, limit);
    const auto twice = static_cast<std::int64_t>(2 * inside);
    return static_cast<std::int32_t>((twice + (twice < 0 ? -1 : 1)) / 2);
}

// The size of a step where 255 of them span `range`.
inline float scale_of(float range) { return range > 0 ? range / static_cast<float>(kernels::int8_steps) : 1.0f; }

[[noreturn]] inline void refuse_int8(std::size_t layer, const std::string& why) {
    fail({"int8: layer ", layer + 1, ": ", why});
}

// A dense layer in floats.
struct Int8Source {
    MatrixView<const float> weight;  // [in, out]
    const float* bias;
};

// The weights and bias of output o. The scale follows from the largest weight, or from a bias that is so much larger
// that sums would overflow.
inline void quantize_output(const Int8Source& from, std::size_t o, Int8Dense& to) {
    const double input_scale = static_cast<double>(to.input_scale);
    double largest = 0;
    for (std::size_t i = 0; i < to.in; ++i)
        largest = larger(largest, magnitude(static_cast<double>(from.weight(i, o))));
    const double bias = static_cast<double>(from.bias[o]);
    const auto scale = static_cast<float>(
        larger(largest / kernels::int8_most_value, magnitude(bias) / input_scale / kernels::int8_most_bias));
    to.weight_scales[o] = scale;
    if (!(scale > 0)) return;  // all are 0
    const double step = static_cast<double>(scale);
    for (std::size_t i = 0; i < to.in; ++i)
        to.weights[(i / 2 * to.out + o) * 2 + i % 2] = static_cast<std::int8_t>(
            rounded_within(static_cast<double>(from.weight(i, o)) / step, kernels::int8_most_value));
    to.biases[o] = rounded_within(bias / (step * input_scale), kernels::int8_most_bias);
}

inline Int8Dense quantize_dense(const Int8Source& from, float input_scale, int zero_point, std::string name) {
    Int8Dense layer{.in = from.weight.rows(),
                    .out = from.weight.cols(),
                    .input_scale = input_scale,
                    .zero_point = zero_point,
                    .weights = {},
                    .biases = {},
                    .weight_scales = {},
                    .name = std::move(name)};
    layer.weights.resize(kernels::int8_value_count(layer.in, layer.out));
    layer.biases.resize(layer.out);
    layer.weight_scales.resize(layer.out);
    for (std::size_t o = 0; o < layer.out; ++o) quantize_output(from, o, layer);
    return layer;
}

// Fails unless the kernels can compute layer `number` of a network, `features` of which come out of the layer before:
// no sum overflows, and arrays are as long as the sizes say.
inline void check_int8_dense(const Int8Dense& layer, std::size_t number, std::size_t features) {
    const auto refuse = [=](const std::string& why) { refuse_int8(number, why); };
    if (layer.in == 0 || layer.out == 0) refuse("expected sizes of at least 1, found 0");
    if (layer.in > kernels::int8_most_rows)
        refuse("expected at most " + std::to_string(kernels::int8_most_rows) +
               " inputs, whose sums cannot overflow 32 bits, found " + std::to_string(layer.in));
    if (number > 0 && features != layer.in)
        refuse("takes " + std::to_string(layer.in) + " features, the layer before it gives " +
               std::to_string(features));
    if (layer.weights.size() != kernels::int8_value_count(layer.in, layer.out) || layer.biases.size() != layer.out ||
        layer.weight_scales.size() != layer.out)
        refuse("expected the weights, biases and scales of " + std::to_string(layer.in) + " to " +
               std::to_string(layer.out) + " features, found others");
    for (const std::int8_t weight : layer.weights)
        if (weight < -kernels::int8_most_value) refuse("expected weights of at least -127, found -128");
    for (const std::int32_t bias : layer.biases)
        if (bias < -kernels::int8_most_bias || bias > kernels::int8_most_bias)
            refuse("expected biases of at most " + std::to_string(kernels::int8_most_bias) + ", found " +
                   std::to_string(bias));
    if (!is_finite(layer.input_scale) || !(layer.input_scale > 0) || !is_finite(1 / layer.input_scale))
        refuse("expected a scale of inputs above 0, and finite");
    if (layer.zero_point < 0 || layer.zero_point > (number == 0 ? kernels::int8_steps : 0))
        refuse("expected a zero point " + std::string(number == 0 ? "in [0, 255]" : "of 0") + ", found " +
               std::to_string(layer.zero_point));
}

}  // namespace nib::inline NIB_ABI::detail
