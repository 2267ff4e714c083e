// Sequential<Layers...>: layers one after the other, sizes checked when the program is compiled.
//
//   using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
//   nib::Rng rng{42};
//   Digits net{rng};                 // initialised as torch.nn.Linear is; or {rng, nib::KaimingNormal{}}
//   auto log_probabilities = net(x);  // one example: on the stack, no heap, no locks
//
// A network holds its parameters and buffers and nothing else: any number of threads may use one const network, each
// with a Workspace of its own (net(x) needs none). It can be copied and moved.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/error.hpp>
#include <nib/core/random.hpp>
#include <nib/kernels/detail/accumulate.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/detail/argmax.hpp>
#include <nib/model/initialize.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/network.hpp>

#include <array>
#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

template <std::size_t Produces, std::size_t Expects>
constexpr bool shapes_agree() {
    static_assert(Produces == Expects, "Sequential: a layer's input size differs from the output size before it");
    return true;
}

template <std::size_t Takes, std::size_t Gives>
constexpr bool block_keeps_size() {
    static_assert(Takes == Gives, "Sequential: a block's layers give another number of features than they take");
    return true;
}

// A layer of a network whose blocks are taken apart. `Span` is 0, or, at the end of a block, how many layers it has.
template <class L, std::size_t Span = 0>
struct FlatLayer {
    using layer = L;
    static constexpr std::size_t span = Span;
};

template <class... Lists>
struct Joined;
template <class... Layers>
struct Joined<LayerList<Layers...>> {
    using type = LayerList<Layers...>;
    static constexpr std::size_t count = sizeof...(Layers);
};
template <class... First, class... Second, class... Rest>
struct Joined<LayerList<First...>, LayerList<Second...>, Rest...> : Joined<LayerList<First..., Second...>, Rest...> {};

template <class L>
struct Flat : Joined<LayerList<FlatLayer<L>>> {};
template <class... Layers>
struct Flat<LayerList<Layers...>> : Joined<LayerList<>, typename Flat<Layers>::type...> {};
template <LayerBlock L>
struct Flat<L> : Joined<typename Flat<typename L::block>::type,
                        LayerList<FlatLayer<typename L::block_end, Flat<typename L::block>::count>>> {};

// The numbers of a network's layers, as torch.nn.Sequential counts them, behind `prefix`: those of a block "2.0", "2.1"
// and its end "2".
[[gnu::cold]] inline void append_number(std::string_view prefix, std::size_t number,
                                        std::vector<std::string>& numbers) {
    numbers.push_back(join({prefix, number}));
}

template <class... Layers>
void append_numbers(LayerList<Layers...>, const std::string& prefix, std::vector<std::string>& numbers) {
    std::size_t number = 0;
    const auto append = [&]<class L>(std::type_identity<L>) {
        if constexpr (LayerBlock<L>) append_numbers(typename L::block{}, join({prefix, number, "."}), numbers);
        append_number(prefix, number++, numbers);
    };
    (append(std::type_identity<Layers>{}), ...);
}

// The features that go in: what the first layer with a size expects.
template <class First, class... Rest>
constexpr std::size_t input_size_of(LayerList<First, Rest...>) {
    if constexpr (SizedLayer<typename First::layer>) {
        return First::layer::input_size;
    } else {
        static_assert(sizeof...(Rest) > 0, "Sequential: none of the layers states its sizes");
        return input_size_of(LayerList<Rest...>{});
    }
}

template <class T>
[[gnu::cold]] std::vector<LayerInfo> layer_infos(ArrayView<const LayerFacts*> facts, ArrayView<Step<T>> steps,
                                                 const std::vector<std::string>& numbers) {
    std::vector<LayerInfo> infos(steps.size());
    for (std::size_t i = 0; i < infos.size(); ++i) {
        infos[i] = make_layer_info(*facts[i], steps[i].shape, numbers[i], 0);
        place_tensors(infos[i], steps[i]);
    }
    return infos;
}

// A Sequential's layers, taken apart, and the tables of its steps.
template <class T, class List>
struct SequentialTable;
template <class T, class... Layers>
struct SequentialTable<T, LayerList<Layers...>> {
    static constexpr std::size_t count = sizeof...(Layers);

    static constexpr std::array<LayerShape, count> shapes = [] {
        std::array<LayerShape, count> result{};
        std::size_t features = input_size_of(LayerList<Layers...>{}), i = 0;
        ((result[i] = {features, shape_behind<typename Layers::layer>(features).out}, features = result[i++].out), ...);
        return result;
    }();

    template <class Layer, std::size_t Index>
    static constexpr bool layer_fits() {
        if constexpr (SizedLayer<typename Layer::layer>) shapes_agree<shapes[Index].in, Layer::layer::input_size>();
        static_assert(!HasSetting<typename Layer::layer>,
                      "Sequential: expected layers without settings, which an Mlp has");
        if constexpr (Layer::span > 0) block_keeps_size<shapes[Index - Layer::span].in, shapes[Index].in>();
        return true;
    }
    static_assert([]<std::size_t... Index>(std::index_sequence<Index...>) {
        return (layer_fits<Layers, Index>() && ...);
    }(std::make_index_sequence<count>{}));

    // Steps that make(layer, shape) makes, placed.
    template <class Make>
    static constexpr std::array<Step<T>, count> make_steps(const Make& make) {
        std::array<Step<T>, count> made{};
        std::size_t i = 0;
        const auto add = [&]<class Layer>(std::type_identity<Layer>) {
            made[i] = make(std::type_identity<typename Layer::layer>{}, shapes[i]);
            if constexpr (Layer::span > 0) {
                made[i].skip = i - Layer::span;
                if (made[i].backward_input != nullptr) made[i].add_gradient = &kernels::add<T>;
            }
            ++i;
        };
        (add(std::type_identity<Layers>{}), ...);
        place_steps<T>(made);
        return made;
    }

    static constexpr std::array<Step<T>, count> steps =
        make_steps([]<class L>(std::type_identity<L>, LayerShape shape) { return step_of<T, L>(shape); });
    // Without functions, so that programs without batches have no products of matrices.
    static constexpr std::array<Step<T>, count> layout =
        make_steps([]<class L>(std::type_identity<L>, LayerShape shape) { return describe_step<T, L>(shape); });

    // For one example at a time: its outputs lie in `slot_count` rows of `widest` numbers.
    struct Rows {
        std::array<Step<T>, count> steps;
        std::size_t slot_count = 0;
        std::size_t widest = 0;
        std::size_t numbers = 0;  // that any step keeps, and its scratch
        bool lists = false;       // whether non-zeros of the inputs are looked for
    };
    static constexpr Rows rows = [] {
        // Wider inputs would take too much of the stack.
        constexpr std::size_t most_listed = 4096;
        Rows result{layout};
        result.slot_count = place_rows<T>(result.steps);
        for (const Step<T>& step : result.steps) {
            result.widest = larger(result.widest, step.shape.out);
            result.numbers = larger(result.numbers, step.kept_per_row + step.scratch_per_row);
        }
        result.lists = layout[0].accepts_sparse && shapes[0].in <= most_listed && !layout[0].branches_off;
        return result;
    }();

    struct RowRun {
        std::span<const T> parameters;
        std::span<const T> buffers;
        std::span<const T> inputs;
        T* outputs;
        std::span<T> numbers;
        Pass<T> pass{};

        template <class L, std::size_t Index>
        void step(kernels::InputView<T>& x) {
            constexpr const Step<T>& step = rows.steps[Index];
            pass.parameters = {parameters.data() + step.parameter_offset, step.parameters};
            if constexpr (step.buffers > 0) pass.buffers = buffers.subspan(step.buffer_offset, step.buffers);
            if constexpr (step.kept_per_row + step.scratch_per_row > 0) {
                pass.kept = numbers.first(step.kept_per_row);
                pass.scratch = numbers.subspan(step.kept_per_row, step.scratch_per_row);
            }
            pass.columns = {0, step.sharing == Sharing::columns ? step.shape.out : 0};
            if constexpr (step.skip == 0)
                pass.skipped = {inputs.data(), 1, step.shape.out};
            else if constexpr (step.skip != no_skip)
                pass.skipped = {outputs + rows.steps[step.skip - 1].output * rows.widest, 1, step.shape.out};
            const MatrixView<T> y{outputs + step.output * rows.widest, 1, step.shape.out};
            StepFunctions<T, typename RunsAs<L>::type>::forward_row(pass, x, y);
            x = MatrixView<const T>{y};
        }
    };
    // The outputs for x, which is `inputs` or its non-zeros.
    static std::array<T, shapes.back().out> outputs_of_row(RowRun& run, kernels::InputView<T> x) {
        const ScopedFlushSubnormals flush;
        [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            (run.template step<typename Layers::layer, Index>(x), ...);
        }
        (std::make_index_sequence<count>{});
        std::array<T, shapes.back().out> result;
        copy_values(x.matrix().data(), result.size(), result.data());
        return result;
    }
    // The index of the largest of them. A last layer with keeps_largest runs only where clear_argmax cannot tell.
    static int argmax_of_row(RowRun& run, kernels::InputView<T> x) {
        int best = -1;
        const auto visit = [&]<class L, std::size_t Index>(std::type_identity<L>, std::index_sequence<Index>) {
            if constexpr (Index > 0 && Index + 1 == count && KeepsLargest<L>) best = clear_argmax(x.matrix().values());
            if (best < 0) run.template step<L, Index>(x);
        };
        [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            const ScopedFlushSubnormals flush;  // not for the outputs, which may be subnormal
            (visit(std::type_identity<typename Layers::layer>{}, std::index_sequence<Index>{}), ...);
        }
        (std::make_index_sequence<count>{});
        return best < 0 ? argmax(x.matrix().values()) : best;
    }

    static void initialize(std::span<T> parameters, std::span<T> buffers, Rng* rng) {
        std::size_t i = 0;
        const auto visit = [&]<class L>(std::type_identity<L>) {
            const Step<T>& step = layout[i++];
            if constexpr (requires { L::initialize(parameters, step.shape, *rng); })
                if (rng != nullptr)
                    L::initialize(parameters.subspan(step.parameter_offset, step.parameters), step.shape, *rng);
            if constexpr (requires { L::initialize_buffers(buffers, step.shape); })
                L::initialize_buffers(buffers.subspan(step.buffer_offset, step.buffers), step.shape);
        };
        (visit(std::type_identity<typename Layers::layer>{}), ...);
    }

    static std::vector<LayerOperators> operators() {
        std::size_t i = 0;
        return {layer_operators<typename Layers::layer>(shapes[i++])...};
    }

    static std::vector<LayerInfo> infos(const std::vector<std::string>& numbers) {
        constexpr const LayerFacts* facts[] = {&layer_facts<typename Layers::layer>...};
        return layer_infos<T>(facts, layout, numbers);
    }
};

}  // namespace detail

template <class T, class... Layers>  // layers and blocks
requires(sizeof...(Layers) > 0) class BasicSequential : public NetworkBase<BasicSequential<T, Layers...>, T> {
    using Table = detail::SequentialTable<T, typename detail::Flat<LayerList<Layers...>>::type>;

public:
    using self = BasicSequential;  // a network derived from it may have an operator() of its own
    static constexpr std::size_t input_size() { return Table::shapes.front().in; }
    static constexpr std::size_t output_size() { return Table::shapes.back().out; }
    static constexpr std::size_t parameter_count() {
        return Table::layout.back().parameter_offset + Table::layout.back().parameters;
    }
    static constexpr std::size_t buffer_count() {
        return Table::layout.back().buffer_offset + Table::layout.back().buffers;
    }
    static constexpr bool gives_log_probabilities() { return Table::layout.back().gives_log_probabilities; }
    static constexpr detail::ArrayView<Step<T>> steps() { return Table::steps; }

    // All parameters 0: a network to load a model into.
    BasicSequential() {
        this->allocate(parameter_count(), buffer_count());
        Table::initialize(this->parameters(), this->buffers(), nullptr);
    }
    // Each layer initialised as it asks to be.
    explicit BasicSequential(Rng& rng) {
        this->allocate(parameter_count(), buffer_count());
        Table::initialize(this->parameters(), this->buffers(), &rng);
    }
    // Weights drawn by an initializer (layers/initializers.hpp), biases 0.
    template <Initializer<T> Init>
    BasicSequential(Rng& rng, const Init& initializer) : BasicSequential{rng} {
        nib::initialize(*this, initializer, rng);
    }

    // The outputs for one example of input_size() numbers; throws on any other number of them. The stack must hold
    // about 8 kB, a few times the widest layer and, for the non-zeros, 12 bytes for each input (24 of doubles; none
    // where there are more than 4096 inputs).
    [[nodiscard]] std::array<T, output_size()> operator()(std::span<const T> x) const {
        if (x.size() != input_size()) detail::fail_features(input_size(), x.size());
        if (this->parameters().size() != parameter_count() || this->buffers().size() != buffer_count())
            detail::fail_moved_from();
        return apply(this->parameters(), x, this->buffers());
    }

    // The same with parameters and buffers that lie anywhere, such as constants: parameter_count() and buffer_count()
    // of them, ordered as in a network.
    static std::array<T, output_size()> apply(std::span<const T> parameters, std::span<const T> x,
                                              std::span<const T> buffers = {}) {
        return on_stack<&Table::outputs_of_row>(parameters, x, buffers);
    }
    // The index of the largest of these outputs, the first one if there are several; that of NaN if one is NaN.
    static int argmax(std::span<const T> parameters, std::span<const T> x, std::span<const T> buffers = {}) {
        return on_stack<&Table::argmax_of_row>(parameters, x, buffers);
    }

    // What it is made of, layer by layer.
    std::vector<LayerInfo> layers() const {
        std::vector<std::string> numbers;
        detail::append_numbers(LayerList<Layers...>{}, "", numbers);
        return Table::infos(numbers);
    }
    // What each of them computes, for export.
    std::vector<LayerOperators> operators() const { return Table::operators(); }

private:
    // Function(run, x), where `run` has its memory on the stack and x is the row or its non-zeros.
    template <auto Function>
    static auto on_stack(std::span<const T> parameters, std::span<const T> x, std::span<const T> buffers) {
        assert(parameters.size() == parameter_count() && x.size() == input_size() && buffers.size() == buffer_count());
        constexpr auto& rows = Table::rows;
        alignas(cache_line) T outputs[rows.slot_count * rows.widest];
        T numbers[rows.numbers + 1];
        typename Table::RowRun run{parameters, buffers, x, outputs, {numbers, rows.numbers}};
        const MatrixView<const T> row{x.data(), 1, x.size()};
        if constexpr (rows.lists) {
            kernels::SparseRow<T> list[1];
            kernels::Nonzero<T> entries[kernels::sparse_capacity(1, input_size())];
            return Function(run, kernels::find_nonzeros<T>(row, {list, entries}));
        } else {
            return Function(run, row);
        }
    }
};

template <class... Layers>
using Sequential = BasicSequential<float, Layers...>;

}  // namespace nib::inline NIB_ABI
