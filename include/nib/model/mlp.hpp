// Mlp: a dense network whose sizes are known when the program runs: dense layers with ReLU between them, log-softmax at
// the end, or other layers that its options name. The twin of a Sequential of the same layers: the same kernels, the
// same initialisation, the same bits.
//
//   nib::Mlp net{{784, 512, 256, 10}, rng};
//   nib::Mlp regression{{8, 32, 1}, rng, {.hidden = nib::layer_of<nib::Tanh>(), .output = {}}};
//
// Memory is allocated when it is made and, by workspaces, in the first passes; net(x) allocates its result.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/random.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/network.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// A layer that an Mlp is told to have.
template <class T>
struct MlpLayer {
    Step<T> (*step)(LayerShape shape);
    LayerInfo (*info)(LayerShape shape, const std::string& number);
    LayerOperators (*operators)(LayerShape shape);
    LayerShape (*shape)(std::size_t features);
    void (*initialize)(std::span<T> parameters, std::span<T> buffers, LayerShape shape, Rng* rng);
    std::string number;     // among those that are told, as torch.nn.Sequential counts: "1", or "1.0" in a block
    std::size_t span = 0;   // at the end of a block: how many layers it has
    bool is_named = false;  // one of the dense layers that the widths make
};

namespace detail {

template <class T, class L>
void initialize_layer([[maybe_unused]] std::span<T> parameters, [[maybe_unused]] std::span<T> buffers,
                      [[maybe_unused]] LayerShape shape, [[maybe_unused]] Rng* rng) {
    if constexpr (requires { L::initialize(parameters, shape, *rng); })
        if (rng != nullptr) L::initialize(parameters, shape, *rng);
    if constexpr (requires { L::initialize_buffers(buffers, shape); }) L::initialize_buffers(buffers, shape);
}

template <class T, class L>
MlpLayer<T> mlp_layer(std::string number, std::size_t span) {
    return {&step_of<T, L>,
            &layer_info<L>,
            &layer_operators<L>,
            &shape_behind<L>,
            &initialize_layer<T, L>,
            std::move(number),
            span};
}

template <class T, class... Layers>
std::vector<MlpLayer<T>> mlp_layers(LayerList<Layers...>, std::vector<std::string> numbers) {
    std::vector<MlpLayer<T>> layers;
    (layers.push_back(mlp_layer<T, typename Layers::layer>(std::move(numbers[layers.size()]), Layers::span)), ...);
    return layers;
}

// How many a list of layers counts in torch.nn.Sequential, blocks as one each.
template <class T>
std::size_t numbers_of(const std::vector<MlpLayer<T>>& layers) {
    std::size_t count = 0;
    for (const MlpLayer<T>& layer : layers) count += layer.number.find('.') == std::string::npos ? 1U : 0U;
    return count;
}

}  // namespace detail

// Layers for MlpOptions: nib::layer_of<nib::BatchNorm, nib::Tanh>().
template <class T, LayerOrBlock... Layers>
std::vector<MlpLayer<T>> basic_layer_of() {
    std::vector<std::string> numbers;
    detail::append_numbers(LayerList<Layers...>{}, "", numbers);
    return detail::mlp_layers<T>(typename detail::Flat<LayerList<Layers...>>::type{}, std::move(numbers));
}
template <LayerOrBlock... Layers>
std::vector<MlpLayer<float>> layer_of() {
    return basic_layer_of<float, Layers...>();
}

template <class T>
struct BasicMlpOptions {
    std::vector<MlpLayer<T>> hidden = basic_layer_of<T, ReLU>();        // behind each dense layer but the last
    std::vector<MlpLayer<T>> output = basic_layer_of<T, LogSoftmax>();  // behind the last one
};
using MlpOptions = BasicMlpOptions<float>;

template <class T>
class BasicMlp : public NetworkBase<BasicMlp<T>, T> {
public:
    using Options = BasicMlpOptions<T>;

    // All parameters 0: a network to load a model into. `widths` are the features that go into the first dense layer
    // and that come out of each: at least two numbers, all at least 1. Throws on others, and on layers that do not fit
    // them.
    explicit BasicMlp(std::vector<std::size_t> widths, const Options& options = {});

    // Each layer initialised as it asks to be: dense ones as torch.nn.Linear is.
    BasicMlp(std::vector<std::size_t> widths, Rng& rng, const Options& options = {});

    std::size_t input_size() const { return widths_.front(); }
    std::size_t output_size() const { return widths_.back(); }
    std::size_t parameter_count() const { return this->parameters().size(); }
    bool gives_log_probabilities() const { return steps_.back().gives_log_probabilities; }
    std::span<const std::size_t> widths() const { return {widths_.data(), widths_.size()}; }
    std::span<const Step<T>> steps() const { return {steps_.data(), steps_.size()}; }

    // The outputs for one example of input_size() numbers.
    std::vector<T> operator()(std::span<const T> x) const;

    // The names of the dense layers in model files: their numbers ("0", "2", "4", …), or what the file called them that
    // it was loaded from.
    const std::vector<std::string>& layer_names() const { return names_; }
    void set_layer_names(std::vector<std::string> names);

    // What it is made of, layer by layer.
    std::vector<LayerInfo> layers() const;
    // How each of them is exported to ONNX.
    std::vector<LayerOperators> operators() const;

private:
    void add(MlpLayer<T> layer, LayerShape shape);
    void add_behind(const std::vector<MlpLayer<T>>& layers, std::size_t number);
    void make_numbers(Rng* rng);

    std::vector<std::size_t> widths_;
    std::vector<std::string> names_;
    std::vector<MlpLayer<T>> layers_;
    std::vector<Step<T>> steps_;
};

using Mlp = BasicMlp<float>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

namespace nib::inline NIB_ABI {

template <class T>
BasicMlp<T>::BasicMlp(std::vector<std::size_t> widths, const Options& options) : widths_{std::move(widths)} {
    if (widths_.size() < 2) fail("Mlp: expected at least 2 widths, found " + std::to_string(widths_.size()));
    std::size_t parameters = 0, number = 0;
    for (std::size_t i = 0; i + 1 < widths_.size(); ++i) {
        const LayerShape shape{widths_[i], widths_[i + 1]};
        if (shape.in == 0 || shape.out == 0) fail("Mlp: expected widths of at least 1, found 0");
        std::size_t weights = 0;
        constexpr std::size_t most = static_cast<std::size_t>(-1) / sizeof(T) / 4;
        if (!multiply_sizes(shape.in, shape.out, weights) || weights > most - smaller(most, parameters + shape.out))
            fail("Mlp: a layer from " + std::to_string(shape.in) + " to " + std::to_string(shape.out) +
                 " features has more parameters than memory has places");
        parameters += weights + shape.out;
        names_.push_back(std::to_string(number));
        MlpLayer<T> dense = detail::mlp_layer<T, DenseOfAnySize>(names_.back(), 0);
        dense.is_named = true;
        add(std::move(dense), shape);
        const std::vector<MlpLayer<T>>& behind = i + 2 < widths_.size() ? options.hidden : options.output;
        add_behind(behind, number + 1);
        number += 1 + detail::numbers_of(behind);
    }
    detail::place_steps<T>(steps_);
    const Step<T>& last = steps_.back();
    this->make_room(last.parameter_offset + last.parameters, last.buffer_offset + last.buffers);
    make_numbers(nullptr);
}

template <class T>
BasicMlp<T>::BasicMlp(std::vector<std::size_t> widths, Rng& rng, const Options& options)
    : BasicMlp{std::move(widths), options} {
    make_numbers(&rng);
}

template <class T>
void BasicMlp<T>::add(MlpLayer<T> layer, LayerShape shape) {
    steps_.push_back(layer.step(shape));
    if (layer.span > 0) steps_.back().skip = layers_.size() - layer.span;
    layers_.push_back(std::move(layer));
}

// The first of them is layer number `number` of the network.
template <class T>
void BasicMlp<T>::add_behind(const std::vector<MlpLayer<T>>& layers, std::size_t number) {
    const std::size_t features = steps_.back().shape.out;
    for (MlpLayer<T> layer : layers) {
        const std::size_t before = steps_.back().shape.out;
        const LayerShape shape = layer.shape(before);
        const std::size_t expected = layer.span > 0 ? steps_[steps_.size() - layer.span].shape.in : shape.in;
        if (expected != before)
            fail("Mlp: " + layer.info(shape, "").text + " takes " + std::to_string(expected) +
                 " features, what stands before it gives " + std::to_string(before));
        const std::size_t dot = smaller(layer.number.find('.'), layer.number.size());
        std::size_t place = 0;
        for (std::size_t i = 0; i < dot; ++i) place = 10 * place + static_cast<std::size_t>(layer.number[i] - '0');
        layer.number = std::to_string(number + place) + layer.number.substr(dot);
        add(std::move(layer), shape);
    }
    if (steps_.back().shape.out != features)
        fail("Mlp: the layers behind a dense one of " + std::to_string(features) + " features give " +
             std::to_string(steps_.back().shape.out) + "; expected as many");
}

template <class T>
void BasicMlp<T>::make_numbers(Rng* rng) {
    for (std::size_t i = 0; i < steps_.size(); ++i)
        layers_[i].initialize(this->parameters().subspan(steps_[i].parameter_offset, steps_[i].parameters),
                              this->buffers().subspan(steps_[i].buffer_offset, steps_[i].buffers), steps_[i].shape,
                              rng);
}

template <class T>
std::vector<T> BasicMlp<T>::operator()(std::span<const T> x) const {
    Workspace<T> workspace;
    const auto outputs = this->forward(MatrixView<const T>{x.data(), 1, x.size()}, workspace);
    return {outputs.data(), outputs.data() + outputs.size()};
}

template <class T>
void BasicMlp<T>::set_layer_names(std::vector<std::string> names) {
    if (names.size() != names_.size())
        fail("Mlp: expected " + std::to_string(names_.size()) + " layer names, found " + std::to_string(names.size()));
    names_ = std::move(names);
}

template <class T>
std::vector<LayerInfo> BasicMlp<T>::layers() const {
    std::vector<LayerInfo> result;
    std::size_t dense = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        result.push_back(layers_[i].info(steps_[i].shape, layers_[i].is_named ? names_[dense++] : layers_[i].number));
        detail::place_tensors(result[i], steps_[i]);
    }
    return result;
}

template <class T>
std::vector<LayerOperators> BasicMlp<T>::operators() const {
    std::vector<LayerOperators> result;
    for (std::size_t i = 0; i < layers_.size(); ++i) result.push_back(layers_[i].operators(steps_[i].shape));
    return result;
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class BasicMlp<float>;
NIB_TEMPLATE class BasicMlp<double>;
#endif

}  // namespace nib::inline NIB_ABI

#endif
