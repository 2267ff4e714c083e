// Models in files, with PyTorch's names, shapes and [out, in] layout.
//
//   save(net, path)      safetensors (other formats: model_formats.hpp); written aside, flushed and renamed: an
//                        existing file is whole until it is replaced
//   load(net, path)      into a network that is there, from safetensors, PyTorch's .pth or NumPy's .npz, whatever the
//                        ending; names may differ where the order of the layers is clear (see match_tensors.hpp),
//                        shapes may not. load.hpp has load(net, file) alone, without the readers of all formats
//   load_mlp(path)       a dense network of whatever sizes the file has
//   load_mlp(file)       the same from a TensorFile, of bytes in memory too (parse_tensors); load(net, file) likewise
//
// In PyTorch: safetensors.torch.load_model(net, path), for an nn.Sequential of the same layers.
#pragma once

#include <nib/core/config.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/load.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

class StringMap;
class TensorFile;
struct Tensor;

struct SaveOptions {
    // How many steps it was trained for, where that is known (Adam's steps()): for the file's metadata.
    std::optional<std::uint64_t> steps;
};

namespace detail {

// What save and load do, whatever the network.
using TensorWriter = void(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata);

// Fails on a path that ends as files of other formats do.
void write_safetensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata);

template <class T>
void save_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                  const SaveOptions& options, const std::string& path, TensorWriter* write);
template <class T>
void load_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<T>& numbers, const std::string& path);

}  // namespace detail

// The file also says that it is PyTorch's layout, nib's version, the layers and options.steps. Of a batch norm
// num_batches_tracked is not written, which load_state_dict does without. Fails when the file cannot be written, on a
// path that ends in .pth, .pt, .npz, .npy or .onnx, and on numbers that are not finite, which load would refuse; what
// stood at `path` is then still there.
template <Network Net>
void save(const Net& net, const std::string& path, const SaveOptions& options = {}) {
    detail::save_network<typename Net::scalar_type>(net.layers(), {net.parameters(), net.buffers()}, options, path,
                                                    &detail::write_safetensors);
}

// F16, BF16, F32 and F64 numbers are converted to the network's, rounded where they must be. Fails, and leaves the
// network as it was, on a file that is none, on tensors that are missing, unexpected, of another shape or no
// floating-point numbers (all are listed), on layers that cannot be told apart, on numbers that are not finite, and on
// a file whose metadata lists other layers than the network has, but for those that do nothing when a network is used.
// Takes no memory to speak of, however large the file is.
template <Network Net>
void load(Net& net, const std::string& path) {
    detail::load_network<typename Net::scalar_type>(net.layers(), {net.parameters(), net.buffers()}, path);
}

// The network that the file's metadata lists: dense layers, Dropout, nib's other layers with their default numbers, and
// residual blocks of these. Of a file without a list the one that its tensors describe, as `Mlp` has it: ReLU between
// dense layers, log-softmax at the end. Names of tensors do not say in which order dense layers run, unless by numbers
// ("fc2" before "fc10"); else their sizes do, where these chain in one way only. The network keeps the names of its
// dense layers. Fails as load does, on layers whose order cannot be told, and on a list of other layers.
template <class T = float>
[[nodiscard]] BasicMlp<T> load_mlp(const std::string& path);

// The same from a file that is open, or bytes in memory: load_mlp(file) for a file = parse_tensors(bytes, name).
template <class T = float>
[[nodiscard]] BasicMlp<T> load_mlp(TensorFile& file);

// The widths of the network that load_mlp makes of the file, {inputs, ..., outputs}, without reading its numbers: for
// those who look before they read. Fails as load_mlp does on the file's names and shapes.
template <class T = float>
[[nodiscard]] std::vector<std::size_t> mlp_widths(const std::string& path);
template <class T = float>
[[nodiscard]] std::vector<std::size_t> mlp_widths(const TensorFile& file);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/model/detail/finite.hpp>
#include <nib/model/detail/layer_catalogue.hpp>
#include <nib/model/detail/layer_order.hpp>
#include <nib/model/detail/listed_layers.hpp>
#include <nib/model/detail/match_tensors.hpp>
#include <nib/model/layer_texts.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Tensors in the making, and the bytes that they point to: at most as many as it is made for.
class TensorList {
public:
    explicit TensorList(std::size_t most) : tensors_(most), bytes_(most) {}

    std::span<const Tensor> tensors() const { return {tensors_.data(), size_}; }

    // The next tensor, which has these bytes; name, type and shape are yet to be set.
    Tensor& append(std::vector<std::byte> bytes) {
        Tensor& tensor = tensors_[size_];
        bytes_[size_] = std::move(bytes);
        tensor.data = bytes_of(bytes_[size_]);
        ++size_;
        return tensor;
    }

private:
    List<Tensor> tensors_;
    List<std::vector<std::byte>> bytes_;
    std::size_t size_ = 0;
};

// The bytes of a tensor of `count` numbers, transposed where the file's first dimension, of size `first`, is the last
// in memory.
template <class T>
std::vector<std::byte> ordered_bytes(const T* from, std::size_t count, std::size_t first) {
    std::vector<std::byte> bytes(count * sizeof(T));
    const std::size_t others = count / first;
    for (std::size_t i = 0; i < first; ++i)
        for (std::size_t j = 0; j < others; ++j)
            store_number(bytes.data() + (i * others + j) * sizeof(T), from[j * first + i], std::endian::little);
    return bytes;
}

// Appends the tensors with their numbers, with `prefix` before their names.
template <class T>
void append_tensors(const std::vector<LayerTensor>& infos, const NetworkNumbers<const T>& numbers,
                    std::string_view prefix, TensorList& list) {
    for (const LayerTensor& info : infos) {
        const std::size_t count = info.size();
        const T* const from = numbers_of(info, numbers);
        Tensor& tensor = list.append(ordered_bytes(from, count, info.transposed && count > 0 ? info.shape[0] : 1));
        tensor.name = join({prefix, info.name});
        tensor.dtype = sizeof(T) == 4 ? Dtype::f32 : Dtype::f64;
        tensor.shape = info.shape;
    }
}

// What load would refuse is not written: fails where one of the numbers is not finite.
template <class T>
void check_finite(const std::vector<LayerTensor>& infos, const NetworkNumbers<const T>& numbers,
                  const std::string& prefix, const std::string& path) {
    for (const bool buffers : {false, true}) {
        const std::string problem =
            not_finite_text(infos, buffers ? numbers.buffers : numbers.parameters, prefix, buffers);
        if (!problem.empty()) fail({path, ": nothing was written: tensor ", problem});
    }
}

// "format": what PyTorch's libraries look for.
[[gnu::cold]] inline StringMap network_metadata(const std::vector<LayerInfo>& layers) {
    StringMap metadata;
    metadata["format"] = "pt";
    metadata["nib_version"] = NIB_VERSION_STRING;
    metadata["layers"] = layers_text(layers);
    return metadata;
}

// Fails where a layer's tensors() leaves some of its numbers out, and on a network that was moved from.
[[gnu::cold]] inline void check_all_named(const std::vector<LayerTensor>& tensors, std::size_t parameters,
                                          std::size_t buffers, const std::string& path) {
    std::size_t named_parameters = 0, named_buffers = 0;
    for (const LayerTensor& tensor : tensors) (tensor.is_buffer ? named_buffers : named_parameters) += tensor.size();
    if (tensors.empty() || named_parameters != parameters || named_buffers != buffers)
        fail({path, ": the network has ", parameters, " parameters and ", buffers, " buffers, its layers name ",
              named_parameters, " and ", named_buffers, " of them (none at all where it was moved from)"});
}

[[gnu::cold]] NIB_API void write_safetensors(const std::string& path, std::span<const Tensor> tensors,
                                             const StringMap& metadata) {
    constexpr std::string_view others[][2] = {{".pth", "save_torch(net, path) writes PyTorch's files"},
                                              {".pt", "save_torch(net, path) writes PyTorch's files"},
                                              {".npz", "save_npz(net, path) writes NumPy's files"},
                                              {".npy", "save_npz(net, path) writes NumPy's files, .npz"},
                                              {".onnx", "save_onnx(net, path) writes ONNX files"}};
    for (const auto& [ending, writer] : others)
        if (std::string_view(path).ends_with(ending))
            fail({path, ": save(net, path) writes safetensors files: ", writer});
    save_safetensors(path, tensors, metadata);
}

template <class T>
void save_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                  const SaveOptions& options, const std::string& path, TensorWriter* write) {
    const std::vector<LayerTensor> tensors = tensors_of(layers);
    check_all_named(tensors, numbers.parameters.size(), numbers.buffers.size(), path);
    check_finite(tensors, numbers, "", path);
    StringMap metadata = network_metadata(layers);
    if (options.steps) metadata["steps"] = join({*options.steps});
    TensorList list{tensors.size()};
    append_tensors<T>(tensors, numbers, "", list);
    write(path, list.tensors(), metadata);
}

template <class T>
void load_network(const std::vector<LayerInfo>& layers, const NetworkNumbers<T>& numbers, const std::string& path) {
    TensorFile file = open_tensors(path);
    load_network(layers, numbers, file);
}

// Numbers of different depth ("0", "1.0") are those of blocks, and not of layers one behind the other.
inline void check_depths(const TensorFile& file, const List<DenseShape>& layers) {
    const auto depth = [](std::string_view name) {
        std::size_t dots = 0;
        for (const char c : name) dots += c == '.' ? 1U : 0U;
        return name.find_first_not_of("0123456789.") == std::string_view::npos ? dots : std::string_view::npos;
    };
    for (const DenseShape& layer : layers)
        if (depth(layer.name) != depth(layers[0].name) && depth(layer.name) != std::string_view::npos &&
            depth(layers[0].name) != std::string_view::npos)
            fail({file.path(), ": expected dense layers one behind the other, found ", tensor_label(layers[0].name),
                  " beside ", tensor_label(layer.name),
                  ", a layer within a block: load(net, path) takes the file into a Sequential of its layers"});
}

// The dense layers of a file without a list, in the order in which they run: each is NAME.weight [out, in] and
// NAME.bias [out].
inline List<DenseShape> find_dense_layers(const TensorFile& file) {
    constexpr std::string_view expected = "expected dense layers: NAME.weight [out, in] and NAME.bias [out] for each";
    const auto refuse = [&](const std::string& why) { fail({file.path(), ": ", expected, "; ", why}); };
    List<DenseShape> layers;
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
    if (layers.size() > most_mlp_layers)
        refuse("found " + std::to_string(layers.size()) + ", expected at most " + std::to_string(most_mlp_layers));
    check_depths(file, layers);
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

// What an Mlp of the file is made of: what the file lists, or the dense layers that its tensors are.
template <class T>
MlpLayout<T> layout_of(const TensorFile& file) {
    if (file.metadata().contains("epochs") && file.metadata().contains("steps"))
        fail({file.path(), ": expected a network, found the checkpoint of a training run"});
    const std::string_view list = listed_layers(file.metadata());
    if (list.empty()) {
        std::vector<std::size_t> widths;
        std::vector<std::string> names;
        for (DenseShape& layer : find_dense_layers(file)) {
            if (widths.empty()) widths.push_back(layer.in);
            widths.push_back(layer.out);
            names.push_back(std::move(layer.name));
        }
        MlpLayout<T> layout{{widths.data(), widths.size()}, {}};
        layout.names = std::move(names);
        return layout;
    }
    std::size_t numbers = 0;
    for (const TensorInfo& tensor : file.tensors()) numbers = larger(numbers, tensor.count());
    MlpLayout<T> layout = listed_layout<T>(list, file.path(), numbers);
    // The network keeps the file's names.
    const std::vector<LayerInfo> infos = layout.infos();
    const List<const TensorInfo*> found = match_tensors(file, tensors_of(infos));
    std::size_t tensor = 0, dense = 0;
    for (std::size_t i = 0; i < infos.size(); ++i) {
        MlpLayer<T>& layer = layout.layers[i];
        std::string& name = layer.is_named ? layout.names[dense++] : layer.number;
        if (!infos[i].tensors.empty()) name = found[tensor]->name.substr(0, found[tensor]->name.rfind('.'));
        tensor += infos[i].tensors.size();
    }
    return layout;
}

}  // namespace detail

template <class T>
std::vector<std::size_t> mlp_widths(const TensorFile& file) {
    return detail::layout_of<T>(file).widths;
}

template <class T>
std::vector<std::size_t> mlp_widths(const std::string& path) {
    return mlp_widths<T>(open_tensors(path));
}

template <class T>
BasicMlp<T> load_mlp(TensorFile& file) {
    detail::MlpLayout<T> layout = detail::layout_of<T>(file);
    file.check_counts();
    BasicMlp<T> net{std::move(layout)};
    load(net, file);
    return net;
}

template <class T>
BasicMlp<T> load_mlp(const std::string& path) {
    TensorFile file = open_tensors(path);
    return load_mlp<T>(file);
}

}  // namespace nib::inline NIB_ABI

#endif
