// Sequential<Layers...>: layers one after the other, sizes checked when the program is compiled.
//
//   using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
//   nib::Rng rng{42};
//   Digits net{rng};                 // initialised as torch.nn.Linear is
//   auto log_probabilities = net(x);  // one example: on the stack, no heap, no locks
//
// A network holds its parameters and nothing else: any number of threads may use one const network, each with a
// Workspace of its own (net(x) needs none). It can be copied and moved.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/layer.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/network.hpp>

#include <array>
#include <cassert>
#include <cstddef>
#include <span>
#include <string>
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

// The features that layers after `Size` features make of them.
template <std::size_t Size>
constexpr std::size_t size_after() {
    return Size;
}
template <std::size_t Size, class First, class... Rest>
constexpr std::size_t size_after() {
    if constexpr (SizedLayer<First>) {
        static_assert(shapes_agree<Size, First::input_size>());
        return size_after<First::output_size, Rest...>();
    } else {
        return size_after<Size, Rest...>();
    }
}

// The features that go in: what the first layer with a size expects.
template <class First, class... Rest>
constexpr std::size_t input_size_of() {
    if constexpr (SizedLayer<First>) {
        return First::input_size;
    } else {
        static_assert(sizeof...(Rest) > 0, "Sequential: at least one layer must state its sizes");
        return input_size_of<Rest...>();
    }
}

// Layer Index of a list. (std::tuple_element takes <tuple>, which a compiler reads as long as all of nib's layers.)
template <std::size_t Index, class First, class... Rest>
struct LayerAt : LayerAt<Index - 1, Rest...> {};
template <class First, class... Rest>
struct LayerAt<0, First, Rest...> {
    using type = First;
};

template <class L>
inline constexpr bool is_dense = false;
template <std::size_t In, std::size_t Out, Name LayerName>
inline constexpr bool is_dense<Dense<In, Out, LayerName>> = true;

}  // namespace detail

template <class T, Layer... Layers>
requires(sizeof...(Layers) > 0) class BasicSequential {
    static constexpr std::size_t layer_count = sizeof...(Layers);

    template <std::size_t Index>
    using LayerAt = typename detail::LayerAt<Index, Layers...>::type;

    // sizes[i] features go into layer i, sizes[i + 1] come out.
    static constexpr std::array<std::size_t, layer_count + 1> sizes = [] {
        constexpr std::size_t input = detail::input_size_of<Layers...>();
        static_assert(detail::size_after<input, Layers...>() > 0);
        std::array<std::size_t, layer_count + 1> result{input};
        std::size_t i = 0;
        const auto add = [&]<class L>(std::type_identity<L>) {
            if constexpr (SizedLayer<L>)
                result[i + 1] = L::output_size;
            else
                result[i + 1] = result[i];
            ++i;
        };
        (add(std::type_identity<Layers>{}), ...);
        return result;
    }();

    // Layer i's parameters start at offsets[i].
    static constexpr std::array<std::size_t, layer_count + 1> offsets = [] {
        std::array<std::size_t, layer_count + 1> result{};
        std::size_t i = 0;
        ((result[i + 1] = result[i] + Layers::parameter_count, ++i), ...);
        return result;
    }();

    template <std::size_t Index>
    static constexpr bool folds_next_relu() {
        if constexpr (Index + 1 < layer_count)
            return detail::is_dense<LayerAt<Index>> && std::is_same_v<LayerAt<Index + 1>, ReLU>;
        else
            return false;
    }

public:
    using scalar_type = T;

    static constexpr std::size_t input_size() { return sizes.front(); }
    static constexpr std::size_t output_size() { return sizes.back(); }
    static constexpr std::size_t parameter_count() { return offsets.back(); }
    static constexpr bool ends_in_log_softmax() { return std::is_same_v<LayerAt<layer_count - 1>, LogSoftmax>; }

    // All parameters 0: a network to load a model into.
    BasicSequential() : parameters_(parameter_count()) {}
    // Each layer initialised as it asks to be.
    explicit BasicSequential(Rng& rng) : BasicSequential() {
        for_each_layer([&]<std::size_t Index>() {
            if constexpr (LayerAt<Index>::parameter_count > 0)
                LayerAt<Index>::initialize(part<Index>(parameters()), rng);
        });
    }

    std::span<T> parameters() { return {parameters_.data(), parameters_.size()}; }
    std::span<const T> parameters() const { return {parameters_.data(), parameters_.size()}; }

    // The outputs for one example of input_size() numbers; fails on any other number of them. The stack must hold 1.5
    // times the inputs (their non-zeros) and twice the widest layer.
    [[nodiscard]] std::array<T, sizes.back()> operator()(std::span<const T> x) const {
        if (x.size() != input_size()) fail(detail::wrong_features(input_size(), x.size()));
        return apply(parameters(), x);
    }

    // The same from parameters that lie anywhere: parameter_count() numbers, ordered as parameters() is.
    static std::array<T, sizes.back()> apply(std::span<const T> parameters, std::span<const T> x) {
        assert(parameters.size() == parameter_count() && x.size() == input_size());
        alignas(cache_line) T a[widest], b[widest];
        std::array<T, output_size()> outputs;
        apply_from<0>(parameters, x.data(), a, b);
        copy_values(result_in_a() ? a : b, output_size(), outputs.data());
        return outputs;
    }

    // The outputs [B, output_size()] for x [B, input_size()], which it fails without; they lie in the workspace until
    // its next use, and so must x until a backward pass, and what is done with its gradients, has used it.
    MatrixView<const T> forward(const kernels::Inputs<T>& x, Workspace<T>& workspace) const {
        if (x.cols() != input_size()) fail(detail::wrong_features(input_size(), x.cols()));
        if constexpr (detail::is_dense<LayerAt<0>>)
            workspace.find_nonzeros(x);
        else
            workspace.keep_inputs(x.matrix());
        const std::size_t rows = x.rows();
        for_each_layer(
            [&]<std::size_t Index>() { activation<Index>(workspace, rows); });  // what it allocates, it does here
        bool first_done = false;
        if constexpr (detail::is_dense<LayerAt<0>>) {
            const DenseParameters<const T> first_layer{part<0>(parameters()), sizes[0], sizes[1]};
            first_done = workspace.relay_inputs(first_layer.weight, activation<0>(workspace, rows),
                                                {first_layer.bias.data(), activation_of<0>()});
        }
        const double operations_per_row = first_done ? operations_after_first : operations(workspace.inputs());
        share_rows(workspace, rows, operations_per_row, [&](std::size_t first, std::size_t count) {
            if (first_done)
                forward_from<next<0>()>(MatrixView<const T>{activation<0>(workspace, rows).middle_rows(first, count)},
                                        workspace, rows, first);
            else
                forward_from<0>(workspace.inputs().middle_rows(first, count), workspace, rows, first);
        });
        return activation<layer_count - 1>(workspace, rows);
    }

    // After forward: gradients of the loss by all parameters, from dy, its gradient by the outputs (or by the logits:
    // by what goes into a last LogSoftmax).
    [[nodiscard]] Gradient<T> backward(MatrixView<const T> dy, BackwardFrom from, Workspace<T>& workspace,
                                       std::span<T> room) const {
        assert(dy.cols() == output_size() && room.size() == parameter_count());
        workspace.begin_gradient();
        if constexpr (layer_count > 1) {
            if (from == BackwardFrom::logits) {
                assert(ends_in_log_softmax());
                run_backward<layer_count - 2>(dy, workspace, room);
                return workspace.gradient_of(room);
            }
        }
        run_backward<layer_count - 1>(dy, workspace, room);
        return workspace.gradient_of(room);
    }

    std::vector<ParameterTensor> tensors() const {
        std::vector<ParameterTensor> result;
        for_each_layer([&]<std::size_t Index>() {
            using L = LayerAt<Index>;
            if constexpr (requires { &L::describe; })
                L::describe(Index, offsets[Index], result);
            else if constexpr (L::parameter_count > 0)
                result.push_back({.name = std::to_string(Index) + ".parameters",
                                  .shape = {L::parameter_count},
                                  .offset = offsets[Index]});
        });
        return result;
    }

private:
    static constexpr std::size_t widest = [] {
        std::size_t most = 0;
        for (std::size_t i = 1; i < sizes.size(); ++i) most = larger(most, sizes[i]);
        return most;
    }();

    template <class F>
    static void for_each_layer(F&& f) {
        [&]<std::size_t... Index>(std::index_sequence<Index...>) { (f.template operator()<Index>(), ...); }
        (std::make_index_sequence<layer_count>{});
    }

    template <std::size_t Index, class U>
    static std::span<U> part(std::span<U> all) {
        return all.subspan(offsets[Index], LayerAt<Index>::parameter_count);
    }

    // One example through layer Index and all after it; outputs alternate between two arrays.
    template <std::size_t Index>
    static void apply_from(std::span<const T> parameters, const T* x, T* to, T* other) {
        if constexpr (Index < layer_count) {
            const MatrixView<const T> in{x, 1, sizes[Index]};
            const MatrixView<T> out{to, 1, sizes[Index + 1]};
            if constexpr (detail::is_dense<LayerAt<Index>>) {
                const auto forward = [&](const kernels::Inputs<T>& inputs) {
                    detail::dense_forward_one<T>({part<Index>(parameters), sizes[Index], sizes[Index + 1]}, inputs, out,
                                                 activation_of<Index>());
                };
                if constexpr (Index == 0) {
                    kernels::NonzeroList<T> list[1];
                    kernels::Nonzero<T> entries[kernels::sparse_capacity(1, sizes[0])];
                    forward(kernels::find_nonzeros<T>(in, {list, entries}));
                } else {
                    forward(in);
                }
            } else {
                LayerAt<Index>::forward(part<Index>(parameters), in, out);
            }
            apply_from<next<Index>()>(parameters, to, other, to);
        }
    }

    // What is done with the outputs of dense layer Index.
    template <std::size_t Index>
    static constexpr kernels::Activation activation_of() {
        return folds_next_relu<Index>() ? kernels::Activation::relu : kernels::Activation::none;
    }

    // The layer that runs after layer Index.
    template <std::size_t Index>
    static constexpr std::size_t next() {
        return folds_next_relu<Index>() ? Index + 2 : Index + 1;
    }

    // Whether apply_from leaves its last outputs in the first of its two arrays.
    template <std::size_t Index = 0>
    static constexpr bool result_in_a(bool in_a = true) {
        if constexpr (next<Index>() >= layer_count)
            return in_a;
        else
            return result_in_a<next<Index>()>(!in_a);
    }

    // What comes out of layer Index; a folded ReLU's input is never kept, so both have one place.
    template <std::size_t Index>
    static MatrixView<T> activation(Workspace<T>& workspace, std::size_t rows) {
        return workspace.activation(next<Index>() - 1, rows, sizes[Index + 1]);
    }
    // The gradient by what comes out of layer Index.
    template <std::size_t Index>
    static MatrixView<T> gradient(Workspace<T>& workspace, std::size_t rows) {
        return workspace.gradient(Index, rows, sizes[Index + 1]);
    }

    // Layers Index and on, for the rows of x, the first of which is row number `first` of `rows`.
    template <std::size_t Index>
    void forward_from(const kernels::Inputs<T>& x, Workspace<T>& workspace, std::size_t rows, std::size_t first) const {
        if constexpr (Index < layer_count) {
            const MatrixView<T> y = activation<Index>(workspace, rows).middle_rows(first, x.rows());
            if constexpr (detail::is_dense<LayerAt<Index>>)
                LayerAt<Index>::forward(part<Index>(parameters()), x, y, activation_of<Index>());
            else
                LayerAt<Index>::forward(part<Index>(parameters()), x.matrix(), y);
            forward_from<next<Index>()>(MatrixView<const T>{y}, workspace, rows, first);
        }
    }

    // Backwards through layer Last and all before it.
    template <std::size_t Last>
    void run_backward(MatrixView<const T> dy, Workspace<T>& workspace, std::span<T> room) const {
        const std::size_t rows = dy.rows();
        for_each_layer([&]<std::size_t Index>() { gradient<Index>(workspace, rows); });
        share_rows(workspace, rows, 2 * operations_after_first, [&](std::size_t first, std::size_t count) {
            backward_from<Last>(dy.middle_rows(first, count), workspace, room, rows, first);
        });
        add_products<Last>(dy, workspace, room);
    }

    // The gradients by what lies between the layers, for the rows of dy, the first of which is row number `first` of
    // `rows`; and those by the parameters of layers that are not dense.
    template <std::size_t Index>
    void backward_from(MatrixView<const T> dy, Workspace<T>& workspace, std::span<T> room, std::size_t rows,
                       std::size_t first) const {
        using L = LayerAt<Index>;
        const auto rows_of = [&](MatrixView<T> all) { return all.middle_rows(first, dy.rows()); };
        if constexpr (Index == 0) {
            if constexpr (!detail::is_dense<L>) {
                const MatrixView<T> dx = workspace.gradient(layer_count, rows, sizes[0]);
                L::backward(part<0>(parameters()), workspace.inputs().matrix(),
                            MatrixView<const T>{activation<0>(workspace, rows)}, dy, dx, part<0>(room));
            }
        } else {
            const MatrixView<const T> x = rows_of(activation<Index - 1>(workspace, rows));
            if constexpr (detail::is_dense<L> && Index > 1 && std::is_same_v<LayerAt<Index - 1>, ReLU>) {
                const MatrixView<T> dx = rows_of(gradient<Index - 2>(workspace, rows));
                kernels::matmul_input_gradient<T>(dy, weights<Index>(parameters()), dx, x.data());
                backward_from<Index - 2>(dx, workspace, room, rows, first);
            } else {
                const MatrixView<T> dx = rows_of(gradient<Index - 1>(workspace, rows));
                if constexpr (detail::is_dense<L>)
                    kernels::matmul_input_gradient<T>(dy, weights<Index>(parameters()), dx);
                else  // a folded ReLU is given its output for its input, and looks at neither
                    L::backward(part<Index>(parameters()), x,
                                MatrixView<const T>{rows_of(activation<Index>(workspace, rows))}, dy, dx,
                                part<Index>(room));
                backward_from<Index - 1>(dx, workspace, room, rows, first);
            }
        }
    }

    // What is left of dense layers: their biases' gradients, and the products that make their weights'. Layer Index,
    // whose outputs' gradient is dy, and all before it.
    template <std::size_t Index>
    void add_products(MatrixView<const T> dy, Workspace<T>& workspace, std::span<T> room) const {
        const std::size_t rows = dy.rows();
        if constexpr (detail::is_dense<LayerAt<Index>>) {
            kernels::column_sums<T>(dy, room.data() + offsets[Index] + sizes[Index] * sizes[Index + 1]);
            if constexpr (Index == 0)
                workspace.add_product({.offset = 0, .x = workspace.inputs(), .dy = dy});
            else
                workspace.add_product({.offset = offsets[Index],
                                       .x = MatrixView<const T>{activation<Index - 1>(workspace, rows)},
                                       .dy = dy});
        }
        if constexpr (Index > 0) add_products<Index - 1>(gradient<Index - 1>(workspace, rows), workspace, room);
    }

    template <std::size_t Index>
    static MatrixView<const T> weights(std::span<const T> all) {
        return {part<Index>(all).data(), sizes[Index], sizes[Index + 1]};
    }

    // Rows may be shared out where each layer treats every example by itself, as nib's own do.
    template <class F>
    static void share_rows(const Workspace<T>& workspace, std::size_t rows, double operations_per_row, const F& f) {
        constexpr auto by_itself = []<class L>(std::type_identity<L>) {
            return detail::is_dense<L> || std::is_same_v<L, ReLU> || std::is_same_v<L, LogSoftmax>;
        };
        if constexpr ((by_itself(std::type_identity<Layers>{}) && ...))
            workspace.share_rows(rows, operations_per_row, f);
        else
            f(std::size_t{0}, rows);
    }

    // Floating-point operations for one example: of the layers after the first, and of all.
    static constexpr double operations_after_first = 2.0 * static_cast<double>(offsets.back() - offsets[1]);
    static double operations(const kernels::Inputs<T>& x) {
        return operations_after_first + 2 * x.nonzeros_per_row() * static_cast<double>(sizes[1]);
    }

    AlignedVector<T> parameters_;
};

template <Layer... Layers>
using Sequential = BasicSequential<float, Layers...>;

}  // namespace nib::inline NIB_ABI
