// Int8Mlp: a dense network in 8-bit integers, a quarter of the size.
//
//   nib::Int8Mlp small = nib::quantize(net, train);  // net: an Mlp, or a Sequential of the same layers
//   nib::accuracy(small, test);
//
// Post-training static quantisation: weights are symmetric per channel (a scale for each output of a layer),
// activations are unsigned bytes, affine per tensor (a scale and a zero point for each layer, from the range that
// examples span: calibrate). Logits are the same to the bit on every machine (kernels/detail/int8.hpp).
//
// It predicts and is evaluated as an Mlp is, and cannot be trained. Const means thread-safe; passes through a Workspace
// allocate nothing after the first one.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/data/batches.hpp>
#include <nib/kernels/detail/int8.hpp>
#include <nib/model/int8_dense.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>
#include <nib/model/sequential.hpp>
#include <nib/model/to_mlp.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// The ranges of a network's inputs and activations. Each contains 0.
struct Int8Calibration {
    float lowest_input = 0;
    float highest_input = 0;
    std::vector<float> highest;  // output of each ReLU
};

class Int8Mlp {
public:
    using scalar_type = float;

    // Fails unless the network is dense layers with ReLU between them and LogSoftmax at the end, none of them with more
    // than kernels::int8_most_rows inputs, and all numbers are finite.
    Int8Mlp(const Mlp& net, const Int8Calibration& calibration);

    // Fails where layers do not fit each other or numbers are out of range.
    explicit Int8Mlp(std::vector<Int8Dense> layers);

    std::size_t input_size() const { return layers_.front().in; }
    std::size_t output_size() const { return layers_.back().out; }
    static constexpr bool gives_log_probabilities() { return true; }

    const std::vector<Int8Dense>& layers() const { return layers_; }
    // The largest number of inputs of a layer.
    std::size_t widest() const { return widest_; }

    // What the kernels take. The Int8Matrix is a view of this network's numbers.
    kernels::Int8Range input_range() const { return {1 / layers_[0].input_scale, layers_[0].zero_point}; }
    kernels::Int8Matrix kernel_layer(std::size_t i) const;

    // Memory of all weights, biases and scales.
    std::size_t size_bytes() const;

    // The log-probabilities of one example, and its logits. Each allocates.
    std::vector<float> operator()(std::span<const float> x) const;
    std::vector<float> logits(std::span<const float> x) const;

    // The log-probabilities [B, output_size()] for x [B, input_size()], in the workspace until its next use. Fails
    // unless x has input_size() columns.
    MatrixView<const float> forward(const kernels::InputView<float>& x, Workspace<float>& workspace) const;

private:
    std::vector<float> scales_of(std::size_t i) const;
    MatrixView<float> all_logits(const kernels::InputView<float>& x, Workspace<float>& workspace) const;

    std::vector<Int8Dense> layers_;
    detail::List<std::vector<float>> scales_;  // for Int8Matrix
    std::size_t widest_ = 0;
};

namespace detail {

// The network's steps but for those that do nothing in inference. Fails where the network cannot be quantised.
List<Step<float>> int8_steps(const Mlp& net);

}  // namespace detail

// The ranges that `examples` of the data's examples span, taken evenly from all of them. Use training data. Nothing is
// cut off: a percentile of the values instead of the largest one does not make networks more accurate.
template <class Data>
[[nodiscard]] Int8Calibration calibrate(const Mlp& net, const Data& data, std::size_t examples = 1000) {
    if (data.size() == 0) fail("calibrate: expected at least one example, found none");
    const std::size_t count = smaller(examples, data.size());
    std::vector<std::uint32_t> order(count);
    for (std::size_t i = 0; i < count; ++i)
        order[i] = static_cast<std::uint32_t>(static_cast<double>(i) *
                                              (static_cast<double>(data.size()) / static_cast<double>(count)));
    const detail::List<Step<float>> steps = detail::int8_steps(net);
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

#include <nib/core/detail/storage.hpp>
#include <nib/core/executor.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/detail/dense_classifier.hpp>
#include <nib/model/detail/quantize_dense.hpp>
#include <nib/model/int8_view.hpp>
#include <nib/model/layer_texts.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

NIB_API List<Step<float>> int8_steps(const Mlp& net) {
    check_network(net.view());
    List<LayerKind> kinds;
    for (const Step<float>& step : net.steps())
        kinds.push_back(step.only_in_training                                            ? LayerKind::identity
                        : step.forward == &StepFunctions<float, DenseOfAnySize>::forward ? LayerKind::dense
                        : step.layer == layer_id<ReLU>                                   ? LayerKind::relu
                        : step.layer == layer_id<LogSoftmax>                             ? LayerKind::log_softmax
                                                                                         : LayerKind::other);
    const std::vector<LayerInfo> layers = net.layers();
    const auto refuse = [&](std::size_t layer) {
        const std::string found = layer == layers.size()          ? "nothing"
                                  : layers[layer].skip != no_skip ? "the end of a residual block"
                                                                  : layers[layer].text;
        fail({"int8: expected dense layers with ReLU between them and LogSoftmax at the end, found ", found,
              layer > 0 ? " after " + layers[layer - 1].text : " at the start",
              "; such a network predicts in float alone"});
    };
    if (const std::size_t misfit = first_misfit(kinds.data(), kinds.size()); misfit != static_cast<std::size_t>(-1))
        refuse(misfit);
    List<Step<float>> steps;
    for (const Step<float>& step : net.steps())
        if (!step.only_in_training) steps.push_back(step);
    return steps;
}

inline std::vector<Int8Dense> quantize_layers(const Mlp& net, const Int8Calibration& calibration) {
    const List<Step<float>> steps = int8_steps(net);
    const std::size_t count = steps.size() / 2;
    if (calibration.highest.size() + 1 != count)
        fail({"int8: expected the ranges of ", count - 1, " hidden layers, found ", calibration.highest.size()});
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
        detail::check_int8_dense(layers_[i], i, i > 0 ? layers_[i - 1].out : 0);
        widest_ = larger(widest_, layers_[i].in);
    }
    for (std::size_t i = 0; i < layers_.size(); ++i) scales_.push_back(scales_of(i));
}

inline std::vector<float> Int8Mlp::scales_of(std::size_t i) const {
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

inline MatrixView<float> Int8Mlp::all_logits(const kernels::InputView<float>& x, Workspace<float>& workspace) const {
    if (x.cols() != input_size()) detail::fail_features(input_size(), x.cols());
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
