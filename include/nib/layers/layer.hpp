// The Layer concept: what a struct must have to stand in a Sequential.
//
// A layer is a description: it owns nothing, and all that it does is static. The network keeps the parameters, and
// hands each layer its part of them. To write one of your own:
//
//   struct Softplus {  // y = log(1 + exp(x))
//       static constexpr std::size_t parameter_count = 0;
//
//       template <class T>
//       static void forward(std::span<const T> parameters, nib::MatrixView<const T> x, nib::MatrixView<T> y);
//       template <class T>
//       static void backward(std::span<const T> parameters, nib::MatrixView<const T> x, nib::MatrixView<const T> y,
//                            nib::MatrixView<const T> dy, nib::MatrixView<T> dx, std::span<T> dparameters);
//   };
//
//   forward   fills y from x; one example a row.
//   backward  is given what forward saw and made, and dy, the loss's gradient by y; it fills dx, the gradient by x, and
//             dparameters, the gradient by the parameters. Matrices do not overlap.
//
// A layer that changes the number of features says so with two more constants, input_size and output_size; without them
// y has the shape of x. A layer with parameters has a function initialize(std::span<T> parameters, Rng& rng) too; and
// it may have describe(), which names its tensors for model files (see Dense), where "0.parameters" is not enough.
//
// Two more members say what it is in lists of layers (model/layer_list.hpp) and in ONNX files:
//
//       static std::string description() { return "Softplus"; }
//       static std::vector<nib::OnnxOperator> operators() { return {{"Softplus", {"x"}, {"y"}}}; }
//
//   description  what people are to read; without it, the struct's name and the layer's sizes: "Linear(784, 64)"
//   operators    the layer in ONNX's operators (of opset 13), in the order in which they run; without it the layer
//                cannot be exported. "x" is what goes into the layer and "y" what comes out; other names are the ends
//                of its tensors' names ("weight" for "fc1.weight") or of values in between. An empty list is a layer
//                that does nothing when a network is used.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/io/onnx_operator.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// One tensor of a model file, and where its numbers lie among a network's parameters.
struct ParameterTensor {
    std::string name;                // as PyTorch calls it: "0.weight"
    std::vector<std::size_t> shape;  // as PyTorch has it: a dense layer's weight is [out, in]
    std::size_t offset = 0;          // of the first number
    bool transposed = false;         // in memory the two dimensions are the other way round: [in, out]

    std::size_t size() const {
        std::size_t product = 1;
        for (const std::size_t length : shape) product *= length;
        return product;
    }
};

// A layer that states its sizes; the others keep the shape of their input.
template <class L>
concept SizedLayer = requires {
    { L::input_size } -> std::convertible_to<std::size_t>;
    { L::output_size } -> std::convertible_to<std::size_t>;
};

// A layer that says how it is exported to ONNX.
template <class L>
concept OnnxLayer = requires {
    { L::operators() } -> std::same_as<std::vector<OnnxOperator>>;
};

template <class L>
concept Layer = requires(std::span<const float> parameters, MatrixView<const float> in, MatrixView<float> out,
                         std::span<float> dparameters) {
    { L::parameter_count } -> std::convertible_to<std::size_t>;
    L::forward(parameters, in, out);
    L::backward(parameters, in, in, in, out, dparameters);
}
&&(L::parameter_count == 0 || requires(std::span<float> parameters, Rng& rng) { L::initialize(parameters, rng); });

}  // namespace nib::inline NIB_ABI
