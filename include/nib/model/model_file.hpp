// Models in files, with PyTorch's names, shapes and [out, in] layout.
//
//   save(net, path)      safetensors, or by the ending of the path a PyTorch state_dict (.pth, .pt) or NumPy's .npz;
//                        written aside, flushed and renamed: an existing file is whole until it is replaced
//   load(net, path)      into a network that is there, from any of these, whatever the ending; names may differ where
//                        the order of the layers is clear (see match_tensors.hpp), shapes may not
//   load_mlp(path)       a dense network of whatever sizes the file has
//
// In PyTorch: net.load_state_dict(torch.load(path)) of a .pth file, safetensors.torch.load_model(net, path) of a
// safetensors one, for an nn.Sequential of the same layers.
#pragma once

#include <nib/core/config.hpp>
#include <nib/model/layer_list.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

class TensorFile;

struct SaveOptions {
    // How many steps it was trained for, where that is known (Adam's steps()): for the file's metadata.
    std::optional<std::uint64_t> steps;
};

namespace detail {

// "" for a network of one's own that has no list of layers.
template <class Net>
std::string layer_list_of(const Net& net) {
    if constexpr (requires { layers(net); })
        return layers_text(layers(net));
    else
        return "";
}

// What save and load do, whatever the network.
template <class T>
void save_parameters(const std::vector<ParameterTensor>& infos, std::span<const T> parameters,
                     const std::string& layers, const SaveOptions& options, const std::string& path);
template <class T>
void load_parameters(const std::vector<ParameterTensor>& wanted, std::span<T> parameters, TensorFile& file);
template <class T>
void load_parameters(const std::vector<ParameterTensor>& wanted, std::span<T> parameters, const std::string& path);

}  // namespace detail

// A safetensors file also says that it is PyTorch's layout, nib's version, the layers and options.steps. Fails when the
// file cannot be written, and on parameters that are not finite, which load would refuse; what stood at `path` is then
// still there.
template <Network Net>
void save(const Net& net, const std::string& path, const SaveOptions& options = {}) {
    detail::save_parameters<typename Net::scalar_type>(net.tensors(), net.parameters(), detail::layer_list_of(net),
                                                       options, path);
}

// F16, BF16, F32 and F64 numbers are converted to the network's, rounded where they must be. Fails, and leaves the
// network as it was, on a file that is none, on tensors that are missing, unexpected, of another shape or no
// floating-point numbers (all are listed), on layers that cannot be told apart, and on numbers that are not finite.
// Takes no memory to speak of, however large the file is.
template <Network Net>
void load(Net& net, const std::string& path) {
    detail::load_parameters<typename Net::scalar_type>(net.tensors(), net.parameters(), path);
}

// The same from a file that is open: load(net, file) for a file = open_safetensors(path) has the reader of that one
// format in the program, and none of the others.
template <Network Net>
void load(Net& net, TensorFile& file) {
    detail::load_parameters<typename Net::scalar_type>(net.tensors(), net.parameters(), file);
}

// The network that the file's tensors describe, as `Mlp` has it: ReLU between dense layers, log-softmax at the end. A
// file does not say in which order layers run: numbers in their names do ("fc2" before "fc10"), or else their sizes,
// where these chain in one way only. It keeps the names. Fails as load does, on layers whose order cannot be told, and
// on a file that holds anything but dense layers.
template <class T = float>
[[nodiscard]] BasicMlp<T> load_mlp(const std::string& path);

// The widths of the network that load_mlp makes of the file, {inputs, ..., outputs}, without reading its numbers: for
// those who look before they read. Fails as load_mlp does on the file's names and shapes.
[[nodiscard]] NIB_API std::vector<std::size_t> mlp_widths(const std::string& path);

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE std::string detail::layer_list_of(const BasicMlp<float>&);
NIB_TEMPLATE std::string detail::layer_list_of(const BasicMlp<double>&);
#endif

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>
#include <nib/core/text.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/model/finite.hpp>
#include <nib/model/layer_order.hpp>
#include <nib/model/match_tensors.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// to[j, i] = from[i, j].
template <class T>
void transpose(MatrixView<const T> from, MatrixView<T> to) {
    for (std::size_t i = 0; i < from.rows(); ++i)
        for (std::size_t j = 0; j < from.cols(); ++j) to(j, i) = from(i, j);
}

// Tensors in the making, and the bytes that they point to.
struct TensorList {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<Tensor> tensors;
};

// What a layer's describe() says must lie within the network's parameters.
inline void check_place(const ParameterTensor& info, std::size_t parameters) {
    if (info.size() > parameters || info.offset > parameters - info.size())
        fail("tensor " + tensor_label(info.name) + " lies outside of the network's parameters");
}

// Appends `numbers`, ordered as a network's parameters are, under the names of `infos` with `prefix` before them.
template <class T>
void append_tensors(const std::vector<ParameterTensor>& infos, std::span<const T> numbers, const std::string& prefix,
                    TensorList& list) {
    for (const ParameterTensor& info : infos) {
        std::vector<T> ordered(info.size());
        check_place(info, numbers.size());
        const T* const from = numbers.data() + info.offset;
        if (info.transposed)
            transpose<T>({from, info.shape[1], info.shape[0]}, {ordered.data(), info.shape[0], info.shape[1]});
        else
            copy_values(from, ordered.size(), ordered.data());
        list.bytes.push_back(tensor_bytes<T>({ordered.data(), ordered.size()}));
        const Dtype dtype = sizeof(T) == 4 ? Dtype::f32 : Dtype::f64;
        list.tensors.push_back(
            {.name = prefix + info.name, .dtype = dtype, .shape = info.shape, .data = bytes_of(list.bytes.back())});
    }
}

// What load would refuse is not written: fails where one of `numbers`, ordered as a network's parameters are, is not
// finite.
template <class T>
void check_finite(const std::vector<ParameterTensor>& infos, std::span<const T> numbers, const std::string& prefix,
                  const std::string& path) {
    const std::string problem = not_finite_text(infos, numbers, prefix);
    if (!problem.empty()) fail(path + ": nothing was written: tensor " + problem);
}

// Fails where a number of `tensor` is not finite, or is too large for a T. The tensor is one of floating-point numbers.
template <class T>
void check_numbers(TensorFile& file, const TensorInfo& tensor) {
    const std::vector<std::size_t> strides = row_major_strides(tensor.shape);
    file.visit(tensor, {strides.data(), strides.size()}, [&](std::size_t place, const std::byte* element) {
        const double value = element_value(element, tensor.dtype, tensor.order);
        if (!is_finite(value))
            fail(file.path() + ": " + tensor_label(tensor.name) + ": expected finite numbers, found " +
                 not_finite_name(value) + " at index " + std::to_string(place));
        converted<T>(value, file, tensor);
    });
}

// Writes the file's tensors to where a network has them. found[i] is known to be of wanted[i]'s shape.
template <class T>
void read_tensors(TensorFile& file, const std::vector<ParameterTensor>& wanted,
                  const std::vector<const TensorInfo*>& found, std::span<T> parameters) {
    for (const ParameterTensor& want : wanted) check_place(want, parameters.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const ParameterTensor& want = wanted[i];
        std::vector<std::size_t> strides = row_major_strides(want.shape);
        if (want.transposed) strides = {1, want.shape[0]};
        read_into<T>(file, *found[i], parameters.data() + want.offset, {strides.data(), strides.size()});
    }
}

// "format": what PyTorch's libraries look for; `layers` may be empty.
inline StringMap network_metadata(const std::string& layers) {
    StringMap metadata{{"format", "pt"}, {"nib_version", NIB_VERSION_STRING}};
    if (!layers.empty()) metadata["layers"] = layers;
    return metadata;
}

template <class T>
void save_parameters(const std::vector<ParameterTensor>& infos, std::span<const T> parameters,
                     const std::string& layers, const SaveOptions& options, const std::string& path) {
    check_finite(infos, parameters, "", path);
    StringMap metadata = network_metadata(layers);
    if (options.steps) metadata["steps"] = std::to_string(*options.steps);
    TensorList list;
    append_tensors<T>(infos, parameters, "", list);
    save_tensors(path, {list.tensors.data(), list.tensors.size()}, metadata);
}

template <class T>
void load_parameters(const std::vector<ParameterTensor>& wanted, std::span<T> parameters, TensorFile& file) {
    const std::vector<const TensorInfo*> found = match_tensors(file, wanted);
    // All is looked at before the first parameter changes.
    for (const TensorInfo* const tensor : found) check_numbers<T>(file, *tensor);
    read_tensors<T>(file, wanted, found, parameters);
}

template <class T>
void load_parameters(const std::vector<ParameterTensor>& wanted, std::span<T> parameters, const std::string& path) {
    TensorFile file = open_tensors(path);
    load_parameters(wanted, parameters, file);
}

// The file's dense layers, in the order in which they run: each is NAME.weight [out, in] and NAME.bias [out].
inline std::vector<DenseShape> find_dense_layers(const TensorFile& file) {
    constexpr std::string_view expected = "expected dense layers: NAME.weight [out, in] and NAME.bias [out] for each";
    const auto refuse = [&](const std::string& why) { fail(file.path() + ": " + std::string(expected) + "; " + why); };
    if (file.metadata().contains("epochs") && file.metadata().contains("steps"))
        fail(file.path() + ": expected a network, found the checkpoint of a training run");
    std::vector<DenseShape> layers;
    std::size_t biases = 0;
    for (const TensorInfo& tensor : file.tensors()) {
        constexpr std::string_view weight = ".weight", bias = ".bias";
        const std::string_view name = tensor.name;
        if (name.ends_with(bias) && tensor.shape.size() == 1) {
            ++biases;
        } else if (name.ends_with(weight) && tensor.shape.size() == 2) {
            if (tensor.shape[0] == 0 || tensor.shape[1] == 0)
                refuse("found an empty one, " + tensor_text(name, tensor.shape));
            layers.push_back(
                {std::string(name.substr(0, name.size() - weight.size())), tensor.shape[1], tensor.shape[0]});
        } else {
            refuse("found " + tensor_text(name, tensor.shape));
        }
    }
    if (layers.empty()) refuse("found none");
    for (const DenseShape& layer : layers) {
        const TensorInfo* const bias = file.find(layer.name + ".bias");
        if (bias == nullptr) refuse(tensor_label(layer.name + ".bias") + " is missing");
        if (bias->shape != std::vector{layer.out})
            refuse("found " + tensor_text(bias->name, bias->shape) + " beside " +
                   tensor_text(layer.name + ".weight", std::vector{layer.out, layer.in}));
    }
    if (biases != layers.size()) refuse("found a bias without a weight");
    order_layers(file, layers);
    return layers;
}

inline std::vector<std::size_t> widths_of(const std::vector<DenseShape>& layers) {
    std::vector<std::size_t> widths;
    for (const DenseShape& layer : layers) {
        if (widths.empty()) widths.push_back(layer.in);
        widths.push_back(layer.out);
    }
    return widths;
}

}  // namespace detail

NIB_API std::vector<std::size_t> mlp_widths(const std::string& path) {
    return detail::widths_of(detail::find_dense_layers(open_tensors(path)));
}

template <class T>
BasicMlp<T> load_mlp(const std::string& path) {
    TensorFile file = open_tensors(path);
    const std::vector<detail::DenseShape> layers = detail::find_dense_layers(file);
    std::vector<std::string> names;
    for (const detail::DenseShape& layer : layers) names.push_back(layer.name);
    file.check_counts();
    BasicMlp<T> net{detail::widths_of(layers)};
    net.set_layer_names(std::move(names));
    const std::vector<ParameterTensor> wanted = net.tensors();
    const std::vector<const TensorInfo*> found = detail::match_by_name(file, wanted);
    detail::check_match(file, wanted, found);
    for (const TensorInfo* const tensor : found) detail::check_numbers<T>(file, *tensor);
    detail::read_tensors<T>(file, wanted, found, net.parameters());
    return net;
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void detail::save_parameters(const std::vector<ParameterTensor>&, std::span<const float>,
                                          const std::string&, const SaveOptions&, const std::string&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<float>, TensorFile&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<float>, const std::string&);
NIB_TEMPLATE BasicMlp<float> load_mlp<float>(const std::string&);
NIB_TEMPLATE void detail::save_parameters(const std::vector<ParameterTensor>&, std::span<const double>,
                                          const std::string&, const SaveOptions&, const std::string&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<double>, TensorFile&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<double>, const std::string&);
NIB_TEMPLATE BasicMlp<double> load_mlp<double>(const std::string&);
#endif

}  // namespace nib::inline NIB_ABI

#endif
