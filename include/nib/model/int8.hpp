// Int8Mlp: a dense network in 8-bit integers, a quarter of the size.
//
//   nib::Int8Mlp small = nib::quantize(net, train);  // net: an Mlp, or a Sequential of the same layers
//   nib::accuracy(small, test);
//
// Post-training quantisation: weights are symmetric, with a scale for each output of a layer; what goes into a layer is
// an unsigned byte, with one scale and zero point for the layer, from the range that examples span (calibrate). The
// arithmetic is that of kernels/detail/int8.hpp: the logits of an Int8Mlp are the same to the bit on every machine.
//
// It predicts and is evaluated as an Mlp is, and cannot be trained. Const means thread-safe; passes through a Workspace
// allocate nothing after the first one.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/data/batches.hpp>
#include <nib/kernels/detail/int8.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// The ranges that a network's numbers span; 0 is in each of them.
struct Int8Calibration {
    float lowest_input = 0;
    float highest_input = 0;
    std::vector<float> highest;  // that comes out of each ReLU
};

// A dense layer in integers: a weight w stands for w weight_scales[o], an input byte q for (q - zero_point)
// input_scale, a bias b for b weight_scales[o] input_scale.
struct Int8Dense {
    std::size_t in = 0;
    std::size_t out = 0;
    float input_scale = 1;
    int zero_point = 0;                // in [0, 255]; after a ReLU 0
    std::vector<std::int8_t> weights;  // laid out as kernels::Int8Matrix's
    std::vector<std::int32_t> biases;  // [out]
    std::vector<float> weight_scales;  // [out]
    std::string name;                  // in model files
};

class Int8Mlp {
public:
    using scalar_type = float;

    // Fails on a network of other layers than dense ones with ReLU between them and LogSoftmax at the end, on layers of
    // more than kernels::int8_most_rows inputs, and where numbers are not finite.
    Int8Mlp(const Mlp& net, const Int8Calibration& calibration);

    // Fails where layers do not fit each other, and where numbers lie out of their ranges.
    explicit Int8Mlp(std::vector<Int8Dense> layers);

    std::size_t input_size() const { return layers_.front().in; }
    std::size_t output_size() const { return layers_.back().out; }
    static constexpr bool gives_log_probabilities() { return true; }

    std::span<const Int8Dense> layers() const { return {layers_.data(), layers_.size()}; }
    // The most features that go into any of the layers.
    std::size_t widest() const { return widest_; }

    // What the kernels are given; the layer looks at this network's numbers.
    kernels::Int8Range input_range() const { return {1 / layers_[0].input_scale, layers_[0].zero_point}; }
    kernels::Int8Matrix kernel_layer(std::size_t i) const;

    // Of all numbers that a prediction reads.
    std::size_t size_bytes() const;

    // The log-probabilities of one example, and its logits. Each allocates.
    std::vector<float> operator()(std::span<const float> x) const;
    std::vector<float> logits(std::span<const float> x) const;

    // The log-probabilities [B, output_size()] for x [B, input_size()], which it fails without; they lie in the
    // workspace until its next use.
    MatrixView<const float> forward(const kernels::InputView<float>& x, Workspace<float>& workspace) const;

private:
    void check_layer(const Int8Dense& layer, std::size_t number) const;
    std::vector<float> scales_of(std::size_t i) const;
    MatrixView<float> all_logits(const kernels::InputView<float>& x, Workspace<float>& workspace) const;

    std::vector<Int8Dense> layers_;
    std::vector<std::vector<float>> scales_;  // as kernels::Int8Matrix has them
    std::size_t widest_ = 0;
};

namespace detail {

enum class Int8Kind : unsigned char { dense, relu, log_softmax, nothing, other };

// (By types where the program is compiled: with GCC's sanitizers, addresses of constants cannot be compared then.)
template <class L>
constexpr Int8Kind int8_kind() {
    if constexpr (std::is_base_of_v<DenseOfAnySize, L>) return Int8Kind::dense;
    if constexpr (std::is_same_v<L, ReLU>) return Int8Kind::relu;
    if constexpr (std::is_same_v<L, LogSoftmax>) return Int8Kind::log_softmax;
    return only_in_training_of<L>() ? Int8Kind::nothing : Int8Kind::other;
}
// Of layers, without those that do nothing when a network is used, the first that does not continue dense ones with
// ReLU between them and LogSoftmax at the end; -1 where they are just that. What is missing at the end has the number
// behind.
constexpr std::size_t first_misfit(std::span<const Int8Kind> kinds) {
    Int8Kind last = Int8Kind::relu;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i] == Int8Kind::nothing) continue;
        const bool fits = last == Int8Kind::relu ? kinds[i] == Int8Kind::dense
                                                 : last == Int8Kind::dense && (kinds[i] == Int8Kind::relu ||
                                                                               kinds[i] == Int8Kind::log_softmax);
        if (!fits) return i;
        last = kinds[i];
    }
    return last == Int8Kind::log_softmax ? static_cast<std::size_t>(-1) : kinds.size();
}
template <class... Layers>
constexpr bool is_dense_classifier(LayerList<Layers...>) {
    constexpr Int8Kind kinds[] = {int8_kind<typename Layers::layer>()...};
    return first_misfit(kinds) == static_cast<std::size_t>(-1);
}

// Without those that do nothing when the network is used. Fails on a network of other layers.
NIB_API std::vector<Step<float>> int8_steps(const Mlp& net);

}  // namespace detail

// The Mlp that a Sequential of dense layers is: ReLU between them, LogSoftmax at the end. Any other is a compile error.
template <class T, class... Layers>
BasicMlp<T> to_mlp(const BasicSequential<T, Layers...>& net) {
    static_assert(detail::is_dense_classifier(typename detail::Flat<LayerList<Layers...>>::type{}),
                  "expected Dense layers with ReLU between them and LogSoftmax at the end, as an Mlp has");
    detail::check_network(net.view());
    std::vector<std::size_t> widths{net.input_size()};
    std::vector<std::string> names;
    for (const LayerTensor& tensor : net.tensors()) {
        constexpr std::string_view suffix = ".weight";
        if (!tensor.transposed) continue;
        widths.push_back(tensor.shape[0]);
        names.push_back(tensor.name.substr(0, tensor.name.size() - suffix.size()));
    }
    BasicMlp<T> result{std::move(widths)};
    result.set_layer_names(std::move(names));
    copy_values(net.parameters().data(), net.parameters().size(), result.parameters().data());
    return result;
}

// The ranges that `examples` of the data's examples span, taken evenly from all of them. They should be training data.
// (They end at the largest values: cutting off outliers above a percentile did not make networks more accurate, nor did
// more examples.)
template <class Data>
[[nodiscard]] Int8Calibration calibrate(const Mlp& net, const Data& data, std::size_t examples = 1000) {
    if (data.size() == 0) fail("calibrate: expected at least one example, found none");
    const std::size_t count = smaller(examples, data.size());
    std::vector<std::uint32_t> order(count);
    for (std::size_t i = 0; i < count; ++i)
        order[i] = static_cast<std::uint32_t>(static_cast<double>(i) *
                                              (static_cast<double>(data.size()) / static_cast<double>(count)));
    const std::vector<Step<float>> steps = detail::int8_steps(net);
    Int8Calibration result;
    result.highest.resize(steps.size() / 2 - 1);
    Workspace<float> workspace;
    for (const auto& batch : batches<float>(data, 256, std::move(order))) {
        const auto include = [&](float value) {
            result.lowest_input = smaller(result.lowest_input, value);
            result.highest_input = larger(result.highest_input, value);
        };
        if (batch.inputs.is_sparse()) {
            for (std::size_t i = 0; i < batch.inputs.rows(); ++i)
                for (const auto& nonzero : batch.inputs.sparse().row(i)) include(nonzero.value);
        } else {
            for (const float value : batch.inputs.matrix().values()) include(value);
        }
        net.forward(batch.inputs, workspace);
        for (std::size_t i = 0; i < result.highest.size(); ++i)
            for (const float value :
                 workspace.activation(steps[2 * i + 1].output, batch.inputs.rows(), steps[2 * i + 1].shape.out)
                     .values())
                result.highest[i] = larger(result.highest[i], value);
    }
    return result;
}

// The network in 8-bit integers, calibrated on the data.
template <class Data>
[[nodiscard]] Int8Mlp quantize(const Mlp& net, const Data& data) {
    return Int8Mlp{net, calibrate(net, data)};
}
template <class... Layers, class Data>
[[nodiscard]] Int8Mlp quantize(const Sequential<Layers...>& net, const Data& data) {
    return quantize(to_mlp(net), data);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/math.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/executor.hpp>
#include <nib/model/int8_view.hpp>
#include <nib/model/layer_texts.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

NIB_API std::vector<Step<float>> int8_steps(const Mlp& net) {
    check_network(net.view());
    std::vector<Int8Kind> kinds;
    for (const Step<float>& step : net.steps())
        kinds.push_back(step.only_in_training                                            ? Int8Kind::nothing
                        : step.forward == &StepFunctions<float, DenseOfAnySize>::forward ? Int8Kind::dense
                        : step.layer == layer_id<ReLU>                                   ? Int8Kind::relu
                        : step.layer == layer_id<LogSoftmax>                             ? Int8Kind::log_softmax
                                                                                         : Int8Kind::other);
    const std::vector<LayerInfo> layers = net.layers();
    const auto refuse = [&](std::size_t layer) {
        const std::string found = layer == layers.size()          ? "nothing"
                                  : layers[layer].skip != no_skip ? "the end of a residual block"
                                                                  : layers[layer].text;
        fail("int8: expected dense layers with ReLU between them and LogSoftmax at the end, found " + found +
             (layer > 0 ? " after " + layers[layer - 1].text : " at the start") +
             "; such a network predicts in float alone");
    };
    if (const std::size_t misfit = first_misfit(kinds); misfit != static_cast<std::size_t>(-1)) refuse(misfit);
    std::vector<Step<float>> steps;
    for (const Step<float>& step : net.steps())
        if (!step.only_in_training) steps.push_back(step);
    return steps;
}

// The nearest whole number in [-most, most], halves away from zero.
inline std::int32_t rounded_within(double x, std::int32_t most) {
    const double limit = static_cast<double>(most);
    const double inside = clamped(x, -limit, limit);
    const auto twice = static_cast<std::int64_t>(2 * inside);
    return static_cast<std::int32_t>((twice + (twice < 0 ? -1 : 1)) / 2);
}

inline float scale_of(float range) { return range > 0 ? range / static_cast<float>(kernels::int8_steps) : 1.0f; }

[[noreturn]] inline void refuse_int8(std::size_t layer, const std::string& why) {
    fail("int8: layer " + std::to_string(layer + 1) + ": " + why);
}

struct Int8Source {
    MatrixView<const float> weight;  // [in, out]
    const float* bias;
};

// The weights and biases of output o. A bias that is thousands of times as large as the largest term makes the scale,
// so that no sum can overflow.
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

inline std::vector<Int8Dense> quantize_layers(const Mlp& net, const Int8Calibration& calibration) {
    const std::vector<Step<float>> steps = int8_steps(net);
    const std::size_t count = steps.size() / 2;
    if (calibration.highest.size() + 1 != count)
        fail("int8: expected the ranges of " + std::to_string(count - 1) + " hidden layers, found " +
             std::to_string(calibration.highest.size()));
    std::vector<std::string> names;
    for (LayerInfo& layer : net.layers())
        if (!layer.tensors.empty()) names.push_back(std::move(layer.name));
    std::vector<Int8Dense> layers;
    for (std::size_t i = 0; i < count; ++i) {
        const Step<float>& step = steps[2 * i];
        const std::span<const float> parameters = net.parameters().subspan(step.parameter_offset, step.parameters);
        const float low = i == 0 ? calibration.lowest_input : 0.0f;
        const float high = i == 0 ? calibration.highest_input : calibration.highest[i - 1];
        if (!is_finite(high - low) || low > 0 || high < 0) refuse_int8(i, "expected inputs of a finite range around 0");
        for (const float parameter : parameters)
            if (!is_finite(parameter)) refuse_int8(i, "expected finite weights and biases");
        const float scale = scale_of(high - low);
        const int zero_point = kernels::quantized(-low, 1 / scale, 0, kernels::int8_steps);
        const Int8Source from{{parameters.data(), step.shape.in, step.shape.out},
                              parameters.data() + step.shape.in * step.shape.out};
        layers.push_back(quantize_dense(from, scale, zero_point, std::move(names[i])));
    }
    return layers;
}

}  // namespace detail

NIB_API Int8Mlp::Int8Mlp(const Mlp& net, const Int8Calibration& calibration)
    : Int8Mlp{detail::quantize_layers(net, calibration)} {}

NIB_API Int8Mlp::Int8Mlp(std::vector<Int8Dense> layers) : layers_{std::move(layers)} {
    if (layers_.empty()) fail("int8: expected at least one layer, found none");
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        check_layer(layers_[i], i);
        widest_ = larger(widest_, layers_[i].in);
    }
    for (std::size_t i = 0; i < layers_.size(); ++i) scales_.push_back(scales_of(i));
}

// That the kernels may be given the layer: sums cannot overflow, nothing is read beside the arrays.
NIB_API void Int8Mlp::check_layer(const Int8Dense& layer, std::size_t number) const {
    const auto refuse = [=](const std::string& why) { detail::refuse_int8(number, why); };
    if (layer.in == 0 || layer.out == 0) refuse("expected sizes of at least 1, found 0");
    if (layer.in > kernels::int8_most_rows)
        refuse("expected at most " + std::to_string(kernels::int8_most_rows) +
               " inputs, whose sums cannot overflow 32 bits, found " + std::to_string(layer.in));
    if (number > 0 && layers_[number - 1].out != layer.in)
        refuse("takes " + std::to_string(layer.in) + " features, the layer before it gives " +
               std::to_string(layers_[number - 1].out));
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

NIB_API std::vector<float> Int8Mlp::scales_of(std::size_t i) const {
    const Int8Dense& layer = layers_[i];
    const bool last = i + 1 == layers_.size();
    std::vector<float> scales;
    for (const float weight_scale : layer.weight_scales) {
        // The product is exact in double.
        const double to_numbers = static_cast<double>(weight_scale) * static_cast<double>(layer.input_scale);
        const double steps = last ? 1.0 : static_cast<double>(layers_[i + 1].input_scale);
        const auto scale = static_cast<float>(to_numbers / steps);
        if (!is_finite(scale) || scale < 0) detail::refuse_int8(i, "expected finite scales, none below 0");
        scales.push_back(scale);
    }
    return scales;
}

NIB_API kernels::Int8Matrix Int8Mlp::kernel_layer(std::size_t i) const {
    const Int8Dense& layer = layers_[i];
    return {layer.in, layer.out, layer.weights.data(), layer.biases.data(), scales_[i].data()};
}

NIB_API std::vector<float> Int8Mlp::operator()(std::span<const float> x) const {
    std::vector<float> result = logits(x);
    const MatrixView<float> row{result.data(), 1, result.size()};
    log_softmax<float>(row, row);
    return result;
}

NIB_API std::vector<float> Int8Mlp::logits(std::span<const float> x) const {
    Workspace<float> workspace;
    const auto outputs = all_logits(MatrixView<const float>{x.data(), 1, x.size()}, workspace);
    return {outputs.data(), outputs.data() + outputs.size()};
}

NIB_API MatrixView<const float> Int8Mlp::forward(const kernels::InputView<float>& x,
                                                 Workspace<float>& workspace) const {
    const MatrixView<float> y = all_logits(x, workspace);
    log_softmax<float>(y, y);
    return y;
}

NIB_API std::size_t Int8Mlp::size_bytes() const {
    std::size_t bytes = sizeof(float) + 1;  // the inputs' scale and zero point
    for (const Int8Dense& layer : layers_)
        bytes += layer.weights.size() + layer.out * (sizeof(std::int32_t) + sizeof(float));
    return bytes;
}

NIB_API MatrixView<float> Int8Mlp::all_logits(const kernels::InputView<float>& x, Workspace<float>& workspace) const {
    if (x.cols() != input_size()) fail(detail::wrong_features(input_size(), x.cols()));
    const MatrixView<float> y = workspace.activation(0, x.rows(), output_size());
    const double operations = 2 * static_cast<double>(size_bytes()) * static_cast<double>(x.rows());
    const std::size_t parts = thread_count_for(workspace.executor(), x.rows(), operations);
    const auto whole_lines = [](std::size_t bytes) { return (bytes + cache_line - 1) / cache_line * cache_line; };
    const std::size_t steps_bytes = whole_lines(widest_ * sizeof(std::int16_t));
    const std::size_t part_bytes = steps_bytes + whole_lines(kernels::int8_pairs(widest_) * sizeof(kernels::Int8Pair));
    std::byte* const buffer = workspace.bytes(parts * part_bytes);
    const kernels::Int8Range range = input_range();
    const auto run = [&](std::size_t part) {
        std::byte* const part_buffer = buffer + part * part_bytes;
        const detail::Int8Scratch scratch{reinterpret_cast<std::int16_t*>(part_buffer),
                                          reinterpret_cast<kernels::Int8Pair*>(part_buffer + steps_bytes)};
        const Range rows = chunk(x.rows(), part, parts);
        for (std::size_t i = rows.first; i < rows.first + rows.count; ++i) {
            const std::size_t pairs = x.is_sparse() ? kernels::list_pairs(x.sparse().row(i), range, scratch.pairs)
                                                    : detail::int8_inputs(x.matrix().row(i), range, scratch);
            detail::int8_forward(
                layers_.size(), [this](std::size_t layer) { return kernel_layer(layer); }, pairs, scratch,
                y.row(i).data());
        }
    };
    if (parts == 1)
        run(0);
    else
        workspace.executor()->parallel_for(parts, run);
    return y;
}

}  // namespace nib::inline NIB_ABI

#endif
