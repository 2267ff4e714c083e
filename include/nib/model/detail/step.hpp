// Step: one layer of a network as the engine sees it: functions, sizes, offsets, traits. A network is a table of them.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

namespace detail {
template <class L>
inline constexpr char layer_tag = 0;
}  // namespace detail

// A type's identity without RTTI: the address of a constant. A loss compares it with that of the layer that it knows.
using LayerId = const char*;
template <class L>
inline constexpr LayerId layer_id = &detail::layer_tag<L>;

inline constexpr std::size_t no_skip = static_cast<std::size_t>(-1);

template <class T>
struct Step {
    void (*forward)(const Pass<T>&, const kernels::InputView<T>& x, MatrixView<T> y) = nullptr;
    void (*backward_input)(const Pass<T>&, MatrixView<const T> x, MatrixView<const T> y, MatrixView<const T> dy,
                           MatrixView<T> dx) = nullptr;
    void (*parameter_gradient)(const Pass<T>&, const kernels::InputView<T>& x, MatrixView<const T> dy,
                               ParameterGradient<T>& gradient) = nullptr;  // none without parameters
    void (*update_buffers)(std::span<const T> statistics, std::span<T> buffers) = nullptr;
    void (*check_ready)(std::span<const T> buffers) = nullptr;  // where the layer has such a function
    LayerId layer = nullptr;
    LayerShape shape;
    std::size_t parameters = 0;
    std::size_t buffers = 0;
    std::size_t statistics = 0;
    std::size_t kept_per_row = 0;
    std::size_t scratch_per_row = 0;
    double operations_per_row = 0;
    double setting = 0;
    Sharing sharing = Sharing::rows;
    bool backward_reads_input = true;
    bool backward_reads_output = true;
    bool runs_in_place = false;
    bool accepts_sparse = false;
    bool gives_log_probabilities = false;
    bool gives_probabilities = false;
    bool only_in_training = false;
    // A residual connection ends here: it adds the input of step number `skip`, to whose gradient dy is added.
    std::size_t skip = no_skip;
    void (*add_gradient)(std::span<const T> dy, std::span<T> gradient) = nullptr;  // where `skip` is a step

    // Set by place_steps.
    std::size_t parameter_offset = 0;
    std::size_t buffer_offset = 0;
    std::size_t statistics_offset = 0;
    std::size_t output = 0;           // the slot of its outputs in the workspace; that of the step before: in place
    std::size_t output_gradient = 0;  // the slot of the gradient by its outputs
    bool input_gradient = true;       // whether anything before it has parameters
    bool branches_off = false;        // whether a residual connection takes its input

    constexpr bool can_run_in_place() const { return runs_in_place && parameters == 0 && shape.in == shape.out; }
};

namespace detail {

template <class T, class L>
LayerInput<T, L> layer_input(const kernels::InputView<T>& x) {
    if constexpr (accepts_sparse_of<L>())
        return x;
    else
        return x.matrix();
}

// Whether `using self` names the layer itself, and not one that it derives from.
template <class L>
concept NamesItself = std::same_as<typename L::self, L>;

template <class L>
concept KeepsLargest = std::same_as<typename L::keeps_largest, L>;

// Layer L's functions behind the signatures that all layers share.
template <class T, class L>
struct StepFunctions {
    static void forward(const Pass<T>& pass, const kernels::InputView<T>& x, MatrixView<T> y) {
        L::forward(pass, layer_input<T, L>(x), y);
    }
    // Of a single example. A forward_row is not inherited: what derives from such a layer may have another forward.
    static void forward_row(const Pass<T>& pass, const kernels::InputView<T>& x, MatrixView<T> y) {
        if constexpr (NamesItself<L> && requires { L::forward_row(pass, layer_input<T, L>(x), y); })
            L::forward_row(pass, layer_input<T, L>(x), y);
        else
            L::forward(pass, layer_input<T, L>(x), y);
    }
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        L::backward_input(pass, x, y, dy, dx);
    }
    static void parameter_gradient(const Pass<T>& pass, const kernels::InputView<T>& x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient) {
        if constexpr (requires { L::parameter_gradient(pass, layer_input<T, L>(x), dy, gradient); })
            L::parameter_gradient(pass, layer_input<T, L>(x), dy, gradient);
    }
    static void update_buffers(std::span<const T> statistics, std::span<T> buffers) {
        if constexpr (requires { L::update_buffers(statistics, buffers); }) L::update_buffers(statistics, buffers);
    }
    static void check_ready(std::span<const T> buffers) { L::check_ready(buffers); }
};

// A layer that says `using runs_as = Other;` has Other's functions: so that these are compiled once for layers of all
// sizes.
template <class L>
struct RunsAs {
    using type = L;
};
template <class L>
requires NamesItself<L> && requires { typename L::runs_as; }
struct RunsAs<L> {
    using type = typename L::runs_as;
};

// Says what is missing in what is no Layer, and asks what the concept cannot: that optional members have the form that
// is looked for.
template <class T, class L>
constexpr void check_layer() {
    constexpr LayerShape shape = shape_behind<L>(1);
    constexpr bool forward = requires(const Pass<T>& pass, LayerInput<T, L> x, MatrixView<T> y) {
        L::forward(pass, x, y);
    };
    constexpr bool backward = requires(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> dx) {
        L::backward_input(pass, x, x, x, dx);
    };
    constexpr bool trains =
        requires(const Pass<T>& pass, LayerInput<T, L> x, MatrixView<const T> dy, ParameterGradient<T>& gradient) {
        L::parameter_gradient(pass, x, dy, gradient);
    };
    constexpr bool starts = requires(std::span<T> parameters, Rng & rng) { L::initialize(parameters, shape, rng); };
    constexpr bool plain = parameter_count_of<L>(shape) == 0;
    static_assert(forward, "nib: a layer needs a static forward(pass, x, y), as layers/layer.hpp has it");
    static_assert(backward,
                  "nib: a layer needs a static backward_input(pass, x, y, dy, dx), as layers/layer.hpp has it");
    static_assert(plain || trains,
                  "nib: a layer with parameters needs a static parameter_gradient(pass, x, dy, gradient), as "
                  "layers/layer.hpp has it");
    static_assert(
        plain || starts,
        "nib: a layer with parameters needs a static initialize(parameters, shape, rng), as layers/layer.hpp has it");
    constexpr bool is_counted = requires { static_cast<std::size_t>(L::parameter_count(shape)); }
    || requires { static_cast<std::size_t>(L::parameter_count); };
    static_assert(
        is_counted || !requires { L::parameter_count; },
        "nib: a layer's parameter_count is a number or a constexpr function of its LayerShape");
    static_assert(
        buffer_count_of<L>(shape) == 0 || requires(std::span<T> buffers) { L::initialize_buffers(buffers, shape); },
        "nib: a layer with buffers has initialize_buffers(std::span<T> buffers, LayerShape shape)");
    static_assert(
        statistics_count_of<L>(shape) == 0 ||
            requires(std::span<const T> statistics, std::span<T> buffers) { L::update_buffers(statistics, buffers); },
        "nib: a layer with statistics has update_buffers(std::span<const T>, std::span<T>)");
    static_assert(
        statistics_count_of<L>(shape) == 0 || sharing_of<L>() == Sharing::columns || sharing_of<L>() == Sharing::none,
        "nib: threads would overwrite each other's statistics: Sharing::columns or none");
    static_assert(scratch_per_row_of<L>(shape) == 0 || sharing_of<L>() != Sharing::columns,
                  "nib: a layer whose columns threads share has no scratch memory");
    static_assert(
        (plain && buffer_count_of<L>(shape) + kept_per_row_of<L>(shape) + scratch_per_row_of<L>(shape) == 0) ||
            sharing_of<L>() != Sharing::elements,
        "nib: a layer with Sharing::elements has no parameters, and keeps nothing");
    static_assert(kept_per_row_of<L>(shape) + scratch_per_row_of<L>(shape) == 0 || sharing_of<L>() != Sharing::outputs,
                  "nib: a layer with Sharing::outputs keeps nothing");
}

// What derives from a layer may write whole rows, or mix their numbers: so Sharing::outputs and Sharing::elements are
// not inherited.
template <class L>
constexpr Sharing step_sharing() {
    constexpr bool is_derived = !NamesItself<L> && requires { typename L::self; };
    constexpr Sharing sharing = sharing_of<L>();
    return is_derived && (sharing == Sharing::elements || sharing == Sharing::outputs) ? Sharing::rows : sharing;
}

// What layer L says of itself, without its functions: where no batch is run, these are not compiled.
template <class T, class L>
constexpr Step<T> describe_step(LayerShape shape) {
    check_layer<T, L>();
    Step<T> step;
    step.layer = layer_id<L>;
    step.shape = shape;
    step.parameters = parameter_count_of<L>(shape);
    step.buffers = buffer_count_of<L>(shape);
    step.kept_per_row = kept_per_row_of<L>(shape);
    step.scratch_per_row = scratch_per_row_of<L>(shape);
    step.operations_per_row = operations_per_row_of<L>(shape);
    step.sharing = step_sharing<L>();
    step.backward_reads_input = backward_reads_input_of<L>();
    step.backward_reads_output = backward_reads_output_of<L>();
    step.runs_in_place = runs_in_place_of<L>();
    step.accepts_sparse = accepts_sparse_of<L>();
    step.gives_log_probabilities = gives_log_probabilities_of<L>();
    step.gives_probabilities = gives_probabilities_of<L>();
    step.only_in_training = only_in_training_of<L>();
    step.statistics = statistics_count_of<L>(shape);
    return step;
}

template <class T, class L>
constexpr Step<T> step_of(LayerShape shape) {
    using Functions = StepFunctions<T, typename RunsAs<L>::type>;
    Step<T> step = describe_step<T, L>(shape);
    step.forward = &Functions::forward;
    step.backward_input = &Functions::backward_input;
    if (step.parameters > 0) step.parameter_gradient = &Functions::parameter_gradient;
    if (step.buffers > 0) step.update_buffers = &Functions::update_buffers;
    if constexpr (requires(std::span<const T> buffers) { L::check_ready(buffers); })
        step.check_ready = &Functions::check_ready;
    return step;
}

// Gives each step its parameters, its buffers and the slots of its outputs. A step that runs in place shares its
// slot with the one before, where nothing else reads what that one leaves there. Steps is an array or a vector.
template <class T, class Steps>
constexpr void place_steps(Steps& steps) {
    for (const Step<T>& step : steps)
        if (step.skip != no_skip) steps[step.skip].branches_off = true;
    bool has_parameters = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        Step<T>& step = steps[i];
        step.input_gradient = has_parameters;
        has_parameters = has_parameters || step.parameters > 0;
        step.output = step.output_gradient = i;
        if (i == 0) continue;
        const Step<T>& before = steps[i - 1];
        step.parameter_offset = before.parameter_offset + before.parameters;
        step.buffer_offset = before.buffer_offset + before.buffers;
        step.statistics_offset = before.statistics_offset + before.statistics;
        if (step.can_run_in_place() && !step.backward_reads_input && !before.backward_reads_output &&
            !step.branches_off)
            step.output = before.output;
    }
    // The gradient by the outputs of a residual connection is also added where it branched off: it must not be
    // overwritten before.
    for (std::size_t i = steps.size(); i-- > 1;)
        if (steps[i].can_run_in_place() && !(i + 1 < steps.size() && steps[i + 1].skip != no_skip))
            steps[i - 1].output_gradient = steps[i].output_gradient;
}

// Places for one example in inference, where outputs are needed until the next step and whatever skips to it have read
// them, so that a few slots serve. Changes `output` alone, and returns how many slots there are.
template <class T, class Steps>
constexpr std::size_t place_rows(Steps& steps) {
    std::size_t slot_count = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto is_free = [&](std::size_t slot) {
            if (i > 0 && steps[i - 1].output == slot) return false;
            for (std::size_t k = i; k < steps.size(); ++k)
                if (steps[k].skip != no_skip && steps[k].skip > 0 && steps[k].skip <= i &&
                    steps[steps[k].skip - 1].output == slot)
                    return false;
            return true;
        };
        std::size_t slot = 0;
        while (!is_free(slot)) ++slot;
        const bool in_place = i > 0 && steps[i].can_run_in_place() && !steps[i].branches_off;
        steps[i].output = in_place ? steps[i - 1].output : slot;
        slot_count = larger(slot_count, steps[i].output + 1);
    }
    return slot_count;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
