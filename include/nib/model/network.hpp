// The concepts of networks: InferenceNetwork for prediction and evaluation, Network for training and model files.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/matrix.hpp>
#include <nib/model/detail/engine.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/workspace.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

// What evaluation and prediction need. Sequential, Mlp and Int8Mlp meet it.
//
//   input_size, output_size    features of one example
//   forward(x, workspace)      outputs [B, output_size] for x [B, input_size], a dense or a sparse matrix; they lie in
//                              the workspace
//   gives_log_probabilities()  whether outputs are logarithms of probabilities
//
// Sequential also has a static argmax(parameters, x, buffers), which predict calls for one example. Networks that
// derive from it may have other outputs: it is called only where Net::self is Net.
template <class N>
concept InferenceNetwork = requires(const N& net, const kernels::InputView<typename N::scalar_type>& x,
                                    Workspace<typename N::scalar_type>& workspace) {
    { net.input_size() } -> std::same_as<std::size_t>;
    { net.output_size() } -> std::same_as<std::size_t>;
    { net.forward(x, workspace) } -> std::same_as<MatrixView<const typename N::scalar_type>>;
    { net.gives_log_probabilities() } -> std::same_as<bool>;
};

// What training and model files need beyond that. Sequential and Mlp meet it.
//
//   parameters()  all of them, one contiguous array; the const form only reads
//   buffers()     numbers that are saved and not trained, as PyTorch's register_buffer keeps
//   view()        the network as the engine sees it (model/detail/engine.hpp)
//   layers()      what it is made of, layer by layer, with the names of its numbers in model files
template <class N>
concept Network = InferenceNetwork<N> && requires(N& net, const N& const_net) {
    { net.parameters() } -> std::same_as<std::span<typename N::scalar_type>>;
    { const_net.parameters() } -> std::same_as<std::span<const typename N::scalar_type>>;
    { net.buffers() } -> std::same_as<std::span<typename N::scalar_type>>;
    { const_net.buffers() } -> std::same_as<std::span<const typename N::scalar_type>>;
    { const_net.view() } -> std::same_as<NetworkView<typename N::scalar_type>>;
    { const_net.layers() } -> std::same_as<std::vector<LayerInfo>>;
};

// What Sequential and Mlp have in common: the numbers, and passes over batches. Net has functions steps() and layers().
template <class Net, class T>
class NetworkBase {
public:
    using scalar_type = T;

    std::span<T> parameters() { return {parameters_.data(), parameters_.size()}; }
    std::span<const T> parameters() const { return {parameters_.data(), parameters_.size()}; }
    std::span<T> buffers() { return {buffers_.data(), buffers_.size()}; }
    std::span<const T> buffers() const { return {buffers_.data(), buffers_.size()}; }

    NetworkView<T> view() const { return {static_cast<const Net&>(*this).steps(), parameters(), buffers()}; }

    // The parameters and buffers by name, for model files.
    std::vector<LayerTensor> tensors() const {
        std::vector<LayerTensor> result;
        for (const LayerInfo& layer : static_cast<const Net&>(*this).layers()) append_values(result, layer.tensors);
        return result;
    }

    // The outputs [B, output_size()] for x [B, input_size()], in inference. They lie in the workspace until its next
    // use. Throws unless x has input_size() columns.
    MatrixView<const T> forward(const kernels::InputView<T>& x, Workspace<T>& workspace) const {
        return run_forward<T>(view(), x, workspace);
    }

protected:
    NetworkBase() = default;
    // All are 0.
    void allocate(std::size_t parameters, std::size_t buffers) {
        parameters_.resize(parameters);
        buffers_.resize(buffers);
    }

private:
    AlignedVector<T> parameters_;
    AlignedVector<T> buffers_;
};

}  // namespace nib::inline NIB_ABI
