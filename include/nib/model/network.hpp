// What is asked of a network: the InferenceNetwork concept by prediction and evaluation, the Network concept by
// training and model files.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/gradient.hpp>
#include <nib/model/workspace.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline std::string wrong_features(std::size_t expected, std::size_t found) {
    return "the network takes " + std::to_string(expected) + " features, the example has " + std::to_string(found);
}

}  // namespace detail

// Where a backward pass begins: at the network's outputs, or before its last layer, a LogSoftmax, when the loss knows
// the gradient of both together.
enum class BackwardFrom : unsigned char { outputs, logits };

// What evaluation and prediction ask of a network. Beside Sequential and Mlp, Int8Mlp meets it.
//
//   input_size, output_size  features of one example
//   forward(x, workspace)    outputs [B, output_size] for x [B, input_size], a matrix or lists of non-zeros; they lie
//                            in the workspace
//   ends_in_log_softmax()    whether outputs are logarithms of probabilities
template <class N>
concept InferenceNetwork = requires(const N& net, const kernels::Inputs<typename N::scalar_type>& x,
                                    Workspace<typename N::scalar_type>& workspace) {
    { net.input_size() } -> std::same_as<std::size_t>;
    { net.output_size() } -> std::same_as<std::size_t>;
    { net.forward(x, workspace) } -> std::same_as<MatrixView<const typename N::scalar_type>>;
    { net.ends_in_log_softmax() } -> std::same_as<bool>;
};

// And what training and model files ask beyond that. Sequential and Mlp meet it.
//
//   parameters               all of them, one contiguous array; the const form only reads
//   backward(dy, from, workspace, room)
//                            after forward: the gradients, in the order of parameters(), from dy, the loss's gradient.
//                            They refer to dy, the workspace and the inputs of the forward pass, and to `room`, which
//                            is as large as parameters()
//   tensors()                the parameters by name, for model files
template <class N>
concept Network = InferenceNetwork<N> &&
    requires(N& net, const N& const_net, MatrixView<const typename N::scalar_type> dy,
             Workspace<typename N::scalar_type>& workspace, std::span<typename N::scalar_type> room) {
    { net.parameters() } -> std::same_as<std::span<typename N::scalar_type>>;
    { const_net.parameters() } -> std::same_as<std::span<const typename N::scalar_type>>;
    {
        const_net.backward(dy, BackwardFrom::outputs, workspace, room)
        } -> std::same_as<Gradient<typename N::scalar_type>>;
    { const_net.tensors() } -> std::same_as<std::vector<ParameterTensor>>;
};

}  // namespace nib::inline NIB_ABI
