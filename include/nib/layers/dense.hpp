// Dense<In, Out>: y = x W + b.  x: [B, In], W: [In, Out], b: [Out], y: [B, Out].  2 B In Out flops.
//
// torch.nn.Linear(In, Out). In memory W is [In, Out], row-major, so that the loops over outputs are contiguous; in
// files it is PyTorch's [Out, In].
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/math.hpp>
#include <nib/kernels/sparse.hpp>
#include <nib/kernels/sparse_gradient.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// A string as a template argument: nib::Dense<784, 64, "fc1">.
template <std::size_t Size>
struct Name {
    char text[Size] = {};
    consteval Name(const char (&literal)[Size]) { copy_values(literal, Size, text); }
    constexpr std::string_view view() const { return {text, Size - 1}; }
};

// A view of a dense layer's parameters: the weights, then the biases.
template <class T>
struct DenseParameters {
    MatrixView<T> weight;  // [In, Out]
    std::span<T> bias;     // [Out]

    DenseParameters(std::span<T> parameters, std::size_t in, std::size_t out)
        : weight{parameters.data(), in, out}, bias{parameters.subspan(in * out, out)} {}

    static constexpr std::size_t count(std::size_t in, std::size_t out) { return in * out + out; }
};

namespace detail {

// y = x W + b, then the activation.
template <class T>
void dense_forward(DenseParameters<const T> parameters, const kernels::Inputs<T>& x, MatrixView<T> y,
                   kernels::Activation activation) {
    kernels::matmul<T>(x, parameters.weight, y, {.bias = parameters.bias.data(), .activation = activation});
}

// The same for a single example.
template <class T>
void dense_forward_one(DenseParameters<const T> parameters, const kernels::Inputs<T>& x, MatrixView<T> y,
                       kernels::Activation activation) {
    kernels::matmul_row<T>(x, parameters.weight, y, {.bias = parameters.bias.data(), .activation = activation});
}

// dW = x^T dy, db = the column sums of dy, dx = dy W^T; an empty dx is not wanted.
template <class T>
void dense_backward(DenseParameters<const T> parameters, const kernels::Inputs<T>& x, MatrixView<const T> dy,
                    MatrixView<T> dx, DenseParameters<T> gradients) {
    kernels::matmul_weight_gradient<T>(x, dy, gradients.weight);
    kernels::column_sums<T>(dy, gradients.bias.data());
    if (!dx.empty()) kernels::matmul_input_gradient<T>(dy, parameters.weight, dx);
}

// Weights and biases uniform in ±1/sqrt(in): what torch.nn.Linear starts from (He et al. 2015 with a = sqrt(5)).
template <class T>
void dense_initialize(std::span<T> parameters, std::size_t in, Rng& rng) {
    const double bound = 1.0 / square_root(static_cast<double>(in));
    for (T& parameter : parameters) parameter = static_cast<T>(rng.uniform(-bound, bound));
}

// As PyTorch has it.
NIB_API std::string dense_description(std::size_t in, std::size_t out);

// Appends the two tensors of a layer called `name` whose parameters start at `offset`.
NIB_API void dense_describe(const std::string& name, std::size_t in, std::size_t out, std::size_t offset,
                            std::vector<ParameterTensor>& tensors);

NIB_API std::vector<OnnxOperator> dense_operators();

}  // namespace detail

// `LayerName` is its name in model files; without one it is the layer's number, as in torch.nn.Sequential.
template <std::size_t In, std::size_t Out, Name LayerName = "">
struct Dense {
    static_assert(In > 0 && Out > 0, "Dense: sizes start at 1");

    static constexpr std::size_t input_size = In;
    static constexpr std::size_t output_size = Out;
    static constexpr std::size_t parameter_count = DenseParameters<float>::count(In, Out);

    template <class T>
    static void forward(std::span<const T> parameters, const kernels::Inputs<T>& x, MatrixView<T> y,
                        kernels::Activation activation = kernels::Activation::none) {
        detail::dense_forward<T>({parameters, In, Out}, x, y, activation);
    }
    template <class T>
    static void forward(std::span<const T> parameters, MatrixView<const T> x, MatrixView<T> y,
                        kernels::Activation activation = kernels::Activation::none) {
        forward(parameters, kernels::Inputs<T>{x}, y, activation);
    }

    // An empty dx is not wanted (nothing stands before the first layer).
    template <class T>
    static void backward(std::span<const T> parameters, const kernels::Inputs<T>& x, MatrixView<const T> /*y*/,
                         MatrixView<const T> dy, MatrixView<T> dx, std::span<T> dparameters) {
        detail::dense_backward<T>({parameters, In, Out}, x, dy, dx, {dparameters, In, Out});
    }
    template <class T>
    static void backward(std::span<const T> parameters, MatrixView<const T> x, MatrixView<const T> y,
                         MatrixView<const T> dy, MatrixView<T> dx, std::span<T> dparameters) {
        backward(parameters, kernels::Inputs<T>{x}, y, dy, dx, dparameters);
    }

    template <class T>
    static void initialize(std::span<T> parameters, Rng& rng) {
        detail::dense_initialize(parameters, In, rng);
    }

    static void describe(std::size_t number, std::size_t offset, std::vector<ParameterTensor>& tensors) {
        const std::string name = LayerName.view().empty() ? std::to_string(number) : std::string(LayerName.view());
        detail::dense_describe(name, In, Out, offset, tensors);
    }

    static std::string description() { return detail::dense_description(In, Out); }

    static std::vector<OnnxOperator> operators() { return detail::dense_operators(); }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

NIB_API std::string dense_description(std::size_t in, std::size_t out) {
    return "Linear(" + std::to_string(in) + ", " + std::to_string(out) + ")";
}

NIB_API void dense_describe(const std::string& name, std::size_t in, std::size_t out, std::size_t offset,
                            std::vector<ParameterTensor>& tensors) {
    tensors.push_back({.name = name + ".weight", .shape = {out, in}, .offset = offset, .transposed = true});
    tensors.push_back({.name = name + ".bias", .shape = {out}, .offset = offset + in * out});
}

NIB_API std::vector<OnnxOperator> dense_operators() {
    return {{"Gemm", {"x", "weight", "bias"}, {"y"}, {{"transB", 1}}}};
}

}  // namespace nib::inline NIB_ABI::detail

#endif
