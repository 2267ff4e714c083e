// Mlp: a dense network whose sizes are known when the program runs: dense layers with ReLU between them, log-softmax at
// the end, or other layers that its options hold. The twin of a Sequential of the same layers: the same kernels, the
// same initialisation, the same bits.
//
//   nib::Mlp net{{784, 512, 256, 10}, rng};
//   nib::Mlp regression{{8, 64, 64, 1},
//                       rng,
//                       {.activation = nib::Tanh{}, .norm = nib::BatchNorm{}, .dropout = 0.2, .output = {}}};
//   nib::Mlp drawn{{784, 64, 10}, rng, nib::KaimingNormal{}};  // layers/initializers.hpp; options may follow
//
// An option is any layer or block, nib::LayerList<nib::LayerNorm, nib::Residual<nib::ReLU>>{} for several, or {} for
// none. What no option names is not compiled.
//
// Memory is allocated on construction and, by workspaces, in the first passes. net(x) allocates its result; net(x,
// workspace) allocates only what the workspace still lacks.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/random.hpp>
#include <nib/kernels/detail/accumulate.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/initializers.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/initialize.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/network.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// A layer of an Mlp's options.
template <class T>
struct MlpLayer {
    Step<T> (*step)(LayerShape shape);
    LayerInfo (*info)(LayerShape shape, const std::string& number, double setting);
    LayerOperators (*operators)(LayerShape shape);
    LayerShape (*shape)(std::size_t features);
    void (*initialize)(std::span<T> parameters, std::span<T> buffers, LayerShape shape, Rng* rng);
    std::string number;     // behind its place: "", or ".0" within a block
    std::size_t span = 0;   // at the end of a block: how many layers it has
    double setting = 0;     // for Pass::setting
    std::size_t place = 0;  // its index among the options' layers, blocks counted once
    std::size_t out = 0;    // of a DenseOfAnySize: the features that come out, 0 for as many as go in
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
    MlpLayer<T> layer{&step_of<T, L>,
                      &layer_info<L>,
                      &layer_operators<L>,
                      &shape_behind<L>,
                      &initialize_layer<T, L>,
                      std::move(number),
                      span};
    if constexpr (HasSetting<L>) layer.setting = static_cast<double>(L{}.setting);
    return layer;
}

template <class T, class... Layers>
List<MlpLayer<T>> mlp_layers(LayerList<Layers...>, std::vector<std::string> numbers) {
    List<MlpLayer<T>> layers;
    (layers.push_back(mlp_layer<T, typename Layers::layer>(std::move(numbers[layers.size()]), Layers::span)), ...);
    return layers;
}

}  // namespace detail

// Layers for MlpOptions: a layer, a block or a LayerList of them becomes one.
template <class T>
struct MlpLayers {
    detail::List<MlpLayer<T>> layers;  // blocks are taken apart
    std::size_t count = 0;             // blocks as one each

    MlpLayers() = default;
    template <class L>
    requires(std::is_class_v<L> && !std::is_base_of_v<MlpLayers, L>) MlpLayers([[maybe_unused]] const L& layer)
        : count{1} {
        std::vector<std::string> numbers;
        detail::append_numbers(LayerList<L>{}, "", numbers);
        for (std::string& number : numbers) number.erase(0, 1);  // the 0 of its place
        layers = detail::mlp_layers<T>(typename detail::Flat<LayerList<L>>::type{}, std::move(numbers));
        if constexpr (detail::HasSetting<L>) layers[0].setting = static_cast<double>(layer.setting);
    }
    template <class... Layers>
    MlpLayers(LayerList<Layers...>) {
        (append(MlpLayers{Layers{}}), ...);
    }

    void append(const MlpLayers& others) {
        for (MlpLayer<T> layer : others.layers) {
            layer.place += count;
            layers.push_back(std::move(layer));
        }
        count += others.count;
    }
};

// A number p means Dropout with probability p; 0 means none.
template <class T>
struct MlpDropout : MlpLayers<T> {
    MlpDropout() = default;
    template <class Probability>
    requires std::is_arithmetic_v<Probability> MlpDropout(Probability p) {
        const DropoutOfAnyRate layer{static_cast<double>(p)};
        if (layer.setting > 0) this->append(layer);
    }
};

// Each dense layer but the last is followed by the norm, the activation and the dropout.
template <class T>
struct BasicMlpOptions {
    MlpLayers<T> activation = ReLU{};
    MlpLayers<T> norm = {};
    MlpDropout<T> dropout = {};          // 0 <= dropout < 1
    MlpLayers<T> input = {};             // before the first dense layer
    MlpLayers<T> output = LogSoftmax{};  // behind the last one
};
using MlpOptions = BasicMlpOptions<float>;

namespace detail {

// Which layers a network has, without its numbers.
template <class T>
struct MlpLayout {
    std::vector<std::size_t> widths;
    std::vector<std::string> names;  // of the dense layers that the widths make
    List<MlpLayer<T>> layers;
    List<Step<T>> steps;
    std::size_t count = 0;  // blocks as one each

    MlpLayout() = default;  // set the first width before adding layers
    MlpLayout(std::span<const std::size_t> all_widths, const BasicMlpOptions<T>& options);

    void add_dense(std::size_t out);
    // Layers that take as many features as the last width, and give as many.
    void add(const MlpLayers<T>& others);

    std::vector<LayerInfo> infos() const;

private:
    void add(MlpLayer<T> layer, LayerShape shape);
};

}  // namespace detail

template <class T>
class BasicMlp : public NetworkBase<BasicMlp<T>, T> {
public:
    using Options = BasicMlpOptions<T>;

    // All parameters 0: a network to load a model into. `widths` are the features that go into the first dense layer
    // and that come out of each: at least two numbers, all at least 1. Throws on other widths, and on layers that do
    // not fit them.
    explicit BasicMlp(const std::vector<std::size_t>& widths, const Options& options = {})
        : BasicMlp{detail::MlpLayout<T>{{widths.data(), widths.size()}, options}} {}

    // Each layer initialised as it asks to be: dense ones as torch.nn.Linear is.
    BasicMlp(const std::vector<std::size_t>& widths, Rng& rng, const Options& options = {})
        : BasicMlp{widths, options} {
        make_numbers(&rng);
    }
    // Weights drawn by an initializer (layers/initializers.hpp), biases 0.
    template <Initializer<T> Init>
    BasicMlp(const std::vector<std::size_t>& widths, Rng& rng, const Init& initializer, const Options& options = {})
        : BasicMlp{widths, rng, options} {
        nib::initialize(*this, initializer, rng);
    }

    explicit BasicMlp(detail::MlpLayout<T> layout);

    std::size_t input_size() const { return layout_.widths.front(); }
    std::size_t output_size() const { return layout_.widths.back(); }
    std::size_t parameter_count() const { return this->parameters().size(); }
    bool gives_log_probabilities() const { return steps().back().gives_log_probabilities; }
    std::span<const std::size_t> widths() const { return {layout_.widths.data(), layout_.widths.size()}; }
    detail::ArrayView<Step<T>> steps() const { return layout_.steps; }

    // The outputs for one example of input_size() numbers.
    std::vector<T> operator()(std::span<const T> x) const;
    // The same, in the workspace until its next use. Allocates nothing after the first call.
    std::span<const T> operator()(std::span<const T> x, Workspace<T>& workspace) const;

    // The names of the dense layers in model files: their numbers ("0", "2", "4", …), or what the file called them that
    // it was loaded from.
    const std::vector<std::string>& layer_names() const { return layout_.names; }
    void set_layer_names(std::vector<std::string> names);

    // What it is made of, layer by layer.
    std::vector<LayerInfo> layers() const { return layout_.infos(); }
    // What each of them computes, for export.
    std::vector<LayerOperators> operators() const;

private:
    void make_numbers(Rng* rng);

    detail::MlpLayout<T> layout_;
};

using Mlp = BasicMlp<float>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

template <class T>
MlpLayout<T>::MlpLayout(std::span<const std::size_t> all_widths, const BasicMlpOptions<T>& options) {
    if (all_widths.size() < 2) fail({"Mlp: expected at least 2 widths, found ", all_widths.size()});
    for (const std::size_t width : all_widths)
        if (width == 0) fail("Mlp: expected widths of at least 1, found 0");
    MlpLayers<T> hidden = options.norm;
    hidden.append(options.activation);
    hidden.append(options.dropout);
    widths.push_back(all_widths[0]);
    add(options.input);
    for (std::size_t i = 1; i < all_widths.size(); ++i) {
        add_dense(all_widths[i]);
        add(i + 1 < all_widths.size() ? hidden : options.output);
    }
}

template <class T>
void MlpLayout<T>::add_dense(std::size_t out) {
    const std::size_t in = widths.back();
    const std::size_t parameters = steps.empty() ? 0 : steps.back().parameter_offset + steps.back().parameters;
    constexpr std::size_t most = static_cast<std::size_t>(-1) / sizeof(T) / 4;
    std::size_t weights = 0;
    if (!multiply_sizes(in, out, weights) || weights > most - smaller(most, parameters + out))
        fail({"Mlp: a layer from ", in, " to ", out, " features has more parameters than memory has places"});
    names.push_back(std::to_string(count++));
    MlpLayer<T> dense = mlp_layer<T, DenseOfAnySize>(names.back(), 0);
    dense.is_named = true;
    add(std::move(dense), {in, out});
    widths.push_back(out);
}

template <class T>
void MlpLayout<T>::add(const MlpLayers<T>& others) {
    std::size_t before = widths.back();
    for (MlpLayer<T> layer : others.layers) {
        LayerShape shape = layer.shape(before);
        if (layer.out > 0) shape.out = layer.out;
        const std::size_t expected = layer.span > 0 ? steps[steps.size() - layer.span].shape.in : shape.in;
        if (expected != before)
            fail({"Mlp: ", layer.info(shape, "", layer.setting).text, " takes ", expected,
                  " features, what stands before it gives ", before});
        before = shape.out;
        layer.number = std::to_string(count + layer.place) + layer.number;
        add(std::move(layer), shape);
    }
    if (before != widths.back())
        fail(
            {"Mlp: the layers of an option take ", widths.back(), " features and give ", before, "; expected as many"});
    count += others.count;
}

template <class T>
void MlpLayout<T>::add(MlpLayer<T> layer, LayerShape shape) {
    Step<T> step = layer.step(shape);
    step.setting = layer.setting;
    if (layer.span > 0) {
        step.skip = layers.size() - layer.span;
        step.add_gradient = &kernels::add<T>;
    }
    if (!steps.empty()) {
        step.parameter_offset = steps.back().parameter_offset + steps.back().parameters;
        step.buffer_offset = steps.back().buffer_offset + steps.back().buffers;
    }
    steps.push_back(step);
    layers.push_back(std::move(layer));
}

template <class T>
std::vector<LayerInfo> MlpLayout<T>::infos() const {
    std::vector<LayerInfo> result;
    std::size_t dense = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const MlpLayer<T>& layer = layers[i];
        result.push_back(layer.info(steps[i].shape, layer.is_named ? names[dense++] : layer.number, layer.setting));
        place_tensors(result[i], steps[i]);
    }
    return result;
}

}  // namespace detail

template <class T>
BasicMlp<T>::BasicMlp(detail::MlpLayout<T> layout) : layout_{std::move(layout)} {
    detail::place_steps<T>(layout_.steps);
    const Step<T>& last = layout_.steps.back();
    this->allocate(last.parameter_offset + last.parameters, last.buffer_offset + last.buffers);
    make_numbers(nullptr);
}

template <class T>
void BasicMlp<T>::make_numbers(Rng* rng) {
    for (std::size_t i = 0; i < layout_.steps.size(); ++i) {
        const Step<T>& step = layout_.steps[i];
        layout_.layers[i].initialize(this->parameters().subspan(step.parameter_offset, step.parameters),
                                     this->buffers().subspan(step.buffer_offset, step.buffers), step.shape, rng);
    }
}

template <class T>
std::vector<T> BasicMlp<T>::operator()(std::span<const T> x) const {
    Workspace<T> workspace;
    const auto outputs = this->forward(MatrixView<const T>{x.data(), 1, x.size()}, workspace);
    return {outputs.data(), outputs.data() + outputs.size()};
}

template <class T>
std::span<const T> BasicMlp<T>::operator()(std::span<const T> x, Workspace<T>& workspace) const {
    return this->forward(MatrixView<const T>{x.data(), 1, x.size()}, workspace).values();
}

template <class T>
void BasicMlp<T>::set_layer_names(std::vector<std::string> names) {
    if (names.size() != layout_.names.size())
        fail({"Mlp: expected ", layout_.names.size(), " layer names, found ", names.size()});
    layout_.names = std::move(names);
}

template <class T>
std::vector<LayerOperators> BasicMlp<T>::operators() const {
    std::vector<LayerOperators> result;
    for (std::size_t i = 0; i < layout_.layers.size(); ++i)
        result.push_back(layout_.layers[i].operators(layout_.steps[i].shape));
    return result;
}

}  // namespace nib::inline NIB_ABI

#endif
