// load(net, file): the numbers of a network that is there, from the tensors of an open file.
//
//   nib::TensorFile file = nib::open_safetensors("digits.safetensors");
//   nib::load(net, file);
//
// With the header of one format (io/safetensors.hpp) it is all that a program needs which reads no other.
// model_file.hpp has load(net, path), which takes any of them, and save.
#pragma once

#include <nib/core/config.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/network.hpp>

#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

class TensorFile;

// A network's numbers as files see them.
template <class T>
struct NetworkNumbers {
    std::span<T> parameters;
    std::span<T> buffers;
};

namespace detail {

// What load does, whatever the network.
template <class T>
void load_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<T>& numbers, TensorFile& file);

}  // namespace detail

// Fails, and leaves the network as it was, as load(net, path) does (model_file.hpp).
template <Network Net>
void load(Net& net, TensorFile& file) {
    detail::load_network<typename Net::scalar_type>(net.layers(), {net.parameters(), net.buffers()}, file);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/detail/listed_layers.hpp>
#include <nib/model/detail/match_tensors.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

namespace detail {

// The numbers of a tensor, whose place a layer's tensors() says: must lie within the network's.
[[gnu::cold]] inline void check_place(const LayerTensor& info, std::size_t count) {
    if (info.size() > count || info.offset > count - info.size())
        fail({"tensor ", tensor_label(info.name), " lies outside of the network's ",
              info.is_buffer ? "buffers" : "parameters"});
}

template <class T>
T* numbers_of(const LayerTensor& info, const NetworkNumbers<T>& numbers) {
    const std::span<T> all = info.is_buffer ? numbers.buffers : numbers.parameters;
    check_place(info, all.size());
    return all.data() + info.offset;
}

[[noreturn, gnu::cold]] inline void fail_not_finite(const TensorFile& file, const TensorInfo& tensor, double value,
                                                    std::size_t index) {
    fail({file.path(), ": ", tensor_label(tensor.name), ": expected finite numbers, found ", not_finite_name(value),
          " at index ", index});
}

// Writes a tensor of floating-point numbers to `to` as read_into does, or only looks at it where that is null. Fails
// where a number is not finite, or is too large for a T.
template <class T>
void read_finite(TensorFile& file, const TensorInfo& tensor, T* to, const std::vector<std::size_t>& strides) {
    file.visit(tensor, {strides.data(), strides.size()}, [&](std::size_t place, const std::byte* element) {
        const double value = element_value(element, tensor.dtype, tensor.order);
        if (!is_finite(value)) fail_not_finite(file, tensor, value, place);
        const T number = converted<T>(value, file, tensor);
        if (to != nullptr) to[place] = number;
    });
}

template <class T>
[[gnu::cold]] void check_numbers(TensorFile& file, const TensorInfo& tensor) {
    read_finite<T>(file, tensor, nullptr, row_major_strides(tensor.shape));
}

// Writes the file's tensors to where a network has them. found[i] is known to be of wanted[i]'s shape, and its numbers
// to be finite.
template <class T>
[[gnu::cold]] void read_tensors(TensorFile& file, const std::vector<LayerTensor>& wanted,
                                const List<const TensorInfo*>& found, const NetworkNumbers<T>& numbers) {
    for (const LayerTensor& want : wanted) numbers_of(want, numbers);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const LayerTensor& want = wanted[i];
        std::vector<std::size_t> strides = row_major_strides(want.shape);
        if (want.transposed) {
            for (std::size_t& stride : strides) stride *= want.shape[0];
            strides[0] = 1;
        }
        read_finite<T>(file, *found[i], numbers_of(want, numbers), strides);
    }
}

// A file is never run as another network. `exactly`: nor trained as one.
[[gnu::cold]] inline void check_layers(const TensorFile& file, const std::vector<LayerInfo>& layers,
                                       bool exactly = false) {
    const std::string_view list = listed_layers(file.metadata());
    if (list.empty()) return;
    const std::string difference = layers_difference(list, listed(layers), exactly);
    if (!difference.empty())
        fail({file.path(), ": is of another network: ", difference,
              " (where that is meant, turn it into a file without a list of layers, .pth or .npz: inspect FILE --save "
              "OTHER)"});
}

[[gnu::cold]] inline std::vector<LayerTensor> tensors_of(const std::vector<LayerInfo>& layers) {
    std::size_t count = 0;
    for (const LayerInfo& layer : layers) count += layer.tensors.size();
    std::vector<LayerTensor> tensors(count);
    count = 0;
    for (const LayerInfo& layer : layers)
        for (const LayerTensor& tensor : layer.tensors) tensors[count++] = tensor;
    return tensors;
}

template <class T>
[[gnu::cold]] void load_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<T>& numbers,
                                TensorFile& file) {
    const std::vector<LayerTensor> wanted = tensors_of(layers);
    const List<const TensorInfo*> found = match_tensors(file, wanted);
    check_layers(file, layers);
    // All is looked at before the first number changes.
    for (const TensorInfo* const tensor : found) check_numbers<T>(file, *tensor);
    read_tensors<T>(file, wanted, found, numbers);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#endif
