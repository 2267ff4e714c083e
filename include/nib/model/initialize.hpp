// initialize(net, initializer, rng): draws the weights of a network anew, by an initializer of layers/initializers.hpp
// or one of your own. Weights are the matrices among its parameters, as dense layers have; the biases of these layers
// become 0. Other parameters stay as they are.
//
//   nib::initialize(net, nib::XavierUniform{}, rng);
#pragma once

#include <nib/layers/initializers.hpp>
#include <nib/model/detail/engine.hpp>
#include <nib/model/layer_info.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Of one layer. A matrix that is not transposed in memory is [out, in] there.
template <class T, class Init>
void initialize_layer_weights(const LayerInfo& layer, std::span<T> parameters, const Init& initializer, Rng& rng) {
    bool has_matrix = false;
    for (const LayerTensor& tensor : layer.tensors) {
        if (tensor.is_buffer || tensor.shape.size() != 2) continue;
        has_matrix = true;
        const LayerShape shape{tensor.shape[1], tensor.shape[0]};
        const std::span<T> weight = parameters.subspan(tensor.offset, tensor.size());
        if (tensor.transposed) {
            initializer(weight, shape, rng);
            continue;
        }
        std::vector<T> transposed(weight.size());
        initializer(std::span<T>{transposed.data(), transposed.size()}, shape, rng);
        for (std::size_t i = 0; i < shape.in; ++i)
            for (std::size_t j = 0; j < shape.out; ++j) weight[j * shape.in + i] = transposed[i * shape.out + j];
    }
    for (const LayerTensor& tensor : layer.tensors)
        if (has_matrix && !tensor.is_buffer && tensor.shape.size() == 1 && tensor.name.ends_with(".bias"))
            for (T& number : parameters.subspan(tensor.offset, tensor.size())) number = 0;
}

}  // namespace detail

// Throws where an option of the initializer is not finite.
template <class Net, Initializer<typename Net::scalar_type> Init>
void initialize(Net& net, const Init& initializer, Rng& rng) {
    using T = typename Net::scalar_type;
    detail::check_network(net.view());
    for (const LayerInfo& layer : net.layers())
        detail::initialize_layer_weights<T>(layer, net.parameters(), initializer, rng);
}

}  // namespace nib::inline NIB_ABI
