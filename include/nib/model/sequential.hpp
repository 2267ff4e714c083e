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

#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/layer.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/network.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
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

template <class L>
inline constexpr bool is_dense = false;
template <std::size_t In, std::size_t Out, Name LayerName>
inline constexpr bool is_dense<Dense<In, Out, LayerName>> = true;

}  // namespace detail

template <class T, Layer... Layers>
requires(sizeof...(Layers) > 0) class BasicSequential {
    static constexpr std::size_t layer_count = sizeof...(Layers);

    template <std::size_t I>
    using LayerAt = std::tuple_element_t<I, std::tuple<Layers...>>;

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

    template <std::size_t I>
    static constexpr bool folds_next_relu() {
        if constexpr (I + 1 < layer_count)
            return detail::is_dense<LayerAt<I>> && std::is_same_v<LayerAt<I + 1>, ReLU>;
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
        for_each_layer([&]<std::size_t I>() {
            if constexpr (LayerAt<I>::parameter_count > 0) LayerAt<I>::initialize(part<I>(parameters()), rng);
        });
    }

    std::span<T> parameters() { return parameters_; }
    std::span<const T> parameters() const { return parameters_; }

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
        std::copy_n(result_in_a() ? a : b, output_size(), outputs.data());
        return outputs;
    }

    // The outputs [B, output_size()] for x [B, input_size()], which it fails without; they lie in the workspace until
    // its next use, and so must x until a backward pass has used it.
    MatrixView<const T> forward(MatrixView<const T> x, Workspace<T>& workspace) const {
        if (x.cols() != input_size()) fail(detail::wrong_features(input_size(), x.cols()));
        if constexpr (detail::is_dense<LayerAt<0>>)
            workspace.find_nonzeros(x);
        else
            workspace.keep_inputs(x);
        return forward_from<0>(x, workspace);
    }

    // After forward: gradients of the loss by all parameters, from dy, its gradient by the outputs (or by the logits:
    // by what goes into a last LogSoftmax).
    void backward(MatrixView<const T> dy, BackwardFrom from, Workspace<T>& workspace, std::span<T> gradients) const {
        assert(dy.cols() == output_size() && gradients.size() == parameter_count());
        if (from == BackwardFrom::logits) {
            assert(ends_in_log_softmax());
            if constexpr (layer_count > 1) backward_from<layer_count - 2>(dy, workspace, gradients);
        } else {
            backward_from<layer_count - 1>(dy, workspace, gradients);
        }
    }

    std::vector<ParameterTensor> tensors() const {
        std::vector<ParameterTensor> result;
        for_each_layer([&]<std::size_t I>() {
            using L = LayerAt<I>;
            if constexpr (requires { &L::describe; })
                L::describe(I, offsets[I], result);
            else if constexpr (L::parameter_count > 0)
                result.push_back(
                    {.name = std::to_string(I) + ".parameters", .shape = {L::parameter_count}, .offset = offsets[I]});
        });
        return result;
    }

private:
    static constexpr std::size_t widest = *std::max_element(sizes.begin() + 1, sizes.end());

    template <class F>
    static void for_each_layer(F&& f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<I>(), ...); }
        (std::make_index_sequence<layer_count>{});
    }

    template <std::size_t I, class U>
    static std::span<U> part(std::span<U> all) {
        return all.subspan(offsets[I], LayerAt<I>::parameter_count);
    }

    // One example through layer I and all after it; outputs alternate between two arrays.
    template <std::size_t I>
    static void apply_from(std::span<const T> parameters, const T* x, T* to, T* other) {
        if constexpr (I < layer_count) {
            const MatrixView<const T> in{x, 1, sizes[I]};
            const MatrixView<T> out{to, 1, sizes[I + 1]};
            constexpr auto activation = folds_next_relu<I>() ? kernels::Activation::relu : kernels::Activation::none;
            if constexpr (I == 0 && detail::is_dense<LayerAt<I>>) {
                std::size_t starts[2];
                std::uint32_t columns[kernels::sparse_capacity(1, sizes[0])];
                T values[kernels::sparse_capacity(1, sizes[0])];
                const auto inputs = kernels::find_nonzeros<T>(in, {starts, columns, values});
                LayerAt<I>::forward(part<I>(parameters), inputs, out, activation);
            } else if constexpr (detail::is_dense<LayerAt<I>>) {
                LayerAt<I>::forward(part<I>(parameters), in, out, activation);
            } else {
                LayerAt<I>::forward(part<I>(parameters), in, out);
            }
            apply_from<next<I>()>(parameters, to, other, to);
        }
    }

    // The layer that runs after layer I.
    template <std::size_t I>
    static constexpr std::size_t next() {
        return folds_next_relu<I>() ? I + 2 : I + 1;
    }

    // Whether apply_from leaves its last outputs in the first of its two arrays.
    template <std::size_t I = 0>
    static constexpr bool result_in_a(bool in_a = true) {
        if constexpr (next<I>() >= layer_count)
            return in_a;
        else
            return result_in_a<next<I>()>(!in_a);
    }

    template <std::size_t I>
    MatrixView<const T> forward_from(MatrixView<const T> x, Workspace<T>& workspace) const {
        if constexpr (I == layer_count) {
            return x;
        } else {
            const MatrixView<T> y = workspace.activation(slot<I>(), x.rows(), sizes[I + 1]);
            constexpr auto activation = folds_next_relu<I>() ? kernels::Activation::relu : kernels::Activation::none;
            if constexpr (I == 0 && detail::is_dense<LayerAt<I>>)
                LayerAt<I>::forward(part<I>(parameters()), workspace.inputs(), y, activation);
            else if constexpr (detail::is_dense<LayerAt<I>>)
                LayerAt<I>::forward(part<I>(parameters()), x, y, activation);
            else
                LayerAt<I>::forward(part<I>(parameters()), x, y);
            return forward_from<next<I>()>(y, workspace);
        }
    }

    // Where the output of layer I lies: with a folded ReLU, only what comes out of that.
    template <std::size_t I>
    static constexpr std::size_t slot() {
        return next<I>() - 1;
    }

    // Layer I, and all before it. A folded ReLU's input was never kept: it is given its output for it, and looks at
    // neither.
    template <std::size_t I>
    void backward_from(MatrixView<const T> dy, Workspace<T>& workspace, std::span<T> gradients) const {
        using L = LayerAt<I>;
        const std::size_t rows = dy.rows();
        const MatrixView<const T> y = workspace.activation(slot<I>(), rows, sizes[I + 1]);
        if constexpr (I == 0 && detail::is_dense<L>) {
            L::backward(part<I>(parameters()), workspace.inputs(), y, dy, MatrixView<T>{}, part<I>(gradients));
        } else {
            const MatrixView<T> dx = workspace.gradient(I, rows, sizes[I]);
            if constexpr (I == 0) {
                L::backward(part<I>(parameters()), workspace.inputs().dense, y, dy, dx, part<I>(gradients));
            } else {
                const MatrixView<const T> x = workspace.activation(slot<I - 1>(), rows, sizes[I]);
                L::backward(part<I>(parameters()), x, y, dy, dx, part<I>(gradients));
                backward_from<I - 1>(dx, workspace, gradients);
            }
        }
    }

    AlignedVector<T> parameters_;
};

template <Layer... Layers>
using Sequential = BasicSequential<float, Layers...>;

}  // namespace nib::inline NIB_ABI
