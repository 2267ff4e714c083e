// Models in files: safetensors, with PyTorch's names, shapes and [out, in] layout.
//
//   save(net, path)      written aside, flushed and renamed: an existing file is whole until it is replaced
//   load(net, path)      into a network that is there; names and shapes must be its own
//   load_mlp(path)       a dense network of whatever sizes the file has
//
// In PyTorch: safetensors.torch.load_file(path), or load_model(net, path) for an nn.Sequential of the same layers.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>
#include <nib/core/text.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// to[j, i] = from[i, j].
template <class T>
void transpose(MatrixView<const T> from, MatrixView<T> to) {
    for (std::size_t i = 0; i < from.rows(); ++i)
        for (std::size_t j = 0; j < from.cols(); ++j) to(j, i) = from(i, j);
}

inline std::string tensor_text(std::string_view name, const std::vector<std::size_t>& shape) {
    return tensor_label(name) + " " + safetensors_list(shape);
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

// All that does not fit, in one error, as PyTorch's load_state_dict does.
inline void check_tensors(const Safetensors& file, const std::vector<ParameterTensor>& wanted) {
    constexpr std::size_t listed = 100;
    std::string problems;
    std::size_t count = 0;
    const auto add = [&](const std::string& problem) {
        if (++count <= listed) append_to_list(problems, "; ", problem);
    };
    for (const ParameterTensor& want : wanted) {
        const Tensor* const found = file.find(want.name);
        if (found == nullptr)
            add("missing " + tensor_text(want.name, want.shape));
        else if (found->shape != want.shape)
            add(tensor_label(want.name) + ": expected shape " + safetensors_list(want.shape) + ", found " +
                safetensors_list(found->shape));
    }
    for (const Tensor& tensor : file.tensors()) {
        bool is_wanted = false;
        for (const ParameterTensor& want : wanted) is_wanted = is_wanted || want.name == tensor.name;
        if (!is_wanted) add("unexpected " + tensor_text(tensor.name, tensor.shape));
    }
    if (count > listed) problems += "; and " + std::to_string(count - listed) + " more";
    if (count > 0) fail(file.path() + ": does not fit the network: " + problems);
}

// The numbers of `count` parameters from the file's tensors, whose names have `prefix` before them. They are known to
// fit.
template <class T>
AlignedVector<T> read_tensors(const Safetensors& file, const std::vector<ParameterTensor>& wanted, std::size_t count,
                              const std::string& prefix = "") {
    AlignedVector<T> loaded(count);
    for (const ParameterTensor& want : wanted) {
        check_place(want, count);
        const std::string name = prefix + want.name;
        const std::vector<T> numbers = values<T>(*file.find(name), file.path());
        for (std::size_t i = 0; i < numbers.size(); ++i)
            if (!is_finite(numbers[i]))
                fail(file.path() + ": " + tensor_label(name) + ": expected finite numbers, found " +
                     (numbers[i] != numbers[i] ? "NaN" : "infinity") + " at index " + std::to_string(i));
        T* const to = loaded.data() + want.offset;
        if (want.transposed)
            transpose<T>({numbers.data(), want.shape[0], want.shape[1]}, {to, want.shape[1], want.shape[0]});
        else
            copy_values(numbers.data(), numbers.size(), to);
    }
    return loaded;
}

// What save and load do, whatever the network.
template <class T>
void save_parameters(const std::vector<ParameterTensor>& infos, std::span<const T> parameters,
                     const std::string& path) {
    TensorList list;
    append_tensors<T>(infos, parameters, "", list);
    save_safetensors(path, {list.tensors.data(), list.tensors.size()}, {{"format", "pt"}});
}

template <class T>
void load_parameters(const std::vector<ParameterTensor>& wanted, std::span<T> parameters, const std::string& path) {
    const Safetensors file = load_safetensors(path);
    check_tensors(file, wanted);
    // Read whole before the first parameter changes.
    const auto loaded = read_tensors<T>(file, wanted, parameters.size());
    copy_values(loaded.data(), loaded.size(), parameters.data());
}

// As people count: "layer2" before "layer10".
inline bool natural_less(std::string_view a, std::string_view b) {
    const auto is_digit_char = [](char c) { return c >= '0' && c <= '9'; };
    const auto take_number = [&](std::string_view& text) {
        std::size_t count = 0;
        while (count < text.size() && is_digit_char(text[count])) ++count;
        std::string_view digits = text.substr(0, count);
        text.remove_prefix(digits.size());
        digits.remove_prefix(smaller(digits.find_first_not_of('0'), digits.size()));
        return digits;
    };
    while (!a.empty() && !b.empty()) {
        if (is_digit_char(a[0]) && is_digit_char(b[0])) {
            const std::string_view x = take_number(a), y = take_number(b);
            if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
        } else {
            if (a[0] != b[0]) return a[0] < b[0];
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return a.size() < b.size();
}

struct DenseShape {
    std::string name;
    std::size_t in = 0;
    std::size_t out = 0;
};

// The file's dense layers, in the natural order of their names: each is NAME.weight [out, in] and NAME.bias [out], and
// takes what the one before it gives.
inline std::vector<DenseShape> find_dense_layers(const Safetensors& file) {
    constexpr std::string_view expected = "expected dense layers: NAME.weight [out, in] and NAME.bias [out] for each";
    const auto refuse = [&](const std::string& why) { fail(file.path() + ": " + std::string(expected) + "; " + why); };
    if (file.metadata().contains("epochs") && file.metadata().contains("steps"))
        fail(file.path() + ": expected a network, found the checkpoint of a training run");
    std::vector<DenseShape> layers;
    std::size_t biases = 0;
    for (const Tensor& tensor : file.tensors()) {
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
    sort_values(layers.data(), layers.size(),
                [](const DenseShape& a, const DenseShape& b) { return natural_less(a.name, b.name); });
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const DenseShape& layer = layers[i];
        const Tensor* const bias = file.find(layer.name + ".bias");
        if (bias == nullptr) refuse(tensor_label(layer.name + ".bias") + " is missing");
        if (bias->shape != std::vector{layer.out})
            refuse("found " + tensor_text(bias->name, bias->shape) + " beside " +
                   tensor_text(layer.name + ".weight", std::vector{layer.out, layer.in}));
        if (i > 0 && layers[i - 1].out != layer.in)
            refuse(tensor_label(layer.name + ".weight") + " takes " + std::to_string(layer.in) + " features, " +
                   tensor_label(layers[i - 1].name + ".weight") + " before it gives " +
                   std::to_string(layers[i - 1].out));
    }
    if (biases != layers.size()) refuse("found a bias without a weight");
    return layers;
}

}  // namespace detail

// Fails when the file cannot be written; what stood at `path` is then still there.
template <Network Net>
void save(const Net& net, const std::string& path) {
    detail::save_parameters<typename Net::scalar_type>(net.tensors(), net.parameters(), path);
}

// F32 and F64 numbers are converted to the network's. Fails, and leaves the network as it was, on a file that is none,
// on tensors that are missing, unexpected or of another shape (all are listed), and on numbers that are not finite.
template <Network Net>
void load(Net& net, const std::string& path) {
    detail::load_parameters<typename Net::scalar_type>(net.tensors(), net.parameters(), path);
}

// The network that the file's tensors describe, as `Mlp` has it: ReLU between dense layers, log-softmax at the end, the
// layers in the natural order of their names ("fc2" before "fc10"; a file does not say in which order they run). It
// keeps the names. Fails as load does, and on a file that holds anything but dense layers.
template <class T = float>
[[nodiscard]] BasicMlp<T> load_mlp(const std::string& path) {
    const Safetensors file = load_safetensors(path);
    std::vector<std::size_t> widths;
    std::vector<std::string> names;
    for (const detail::DenseShape& layer : detail::find_dense_layers(file)) {
        if (widths.empty()) widths.push_back(layer.in);
        widths.push_back(layer.out);
        names.push_back(layer.name);
    }
    BasicMlp<T> net{std::move(widths)};
    net.set_layer_names(std::move(names));
    const auto loaded = detail::read_tensors<T>(file, net.tensors(), net.parameters().size());
    copy_values(loaded.data(), loaded.size(), net.parameters().data());
    return net;
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void detail::save_parameters(const std::vector<ParameterTensor>&, std::span<const float>,
                                          const std::string&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<float>, const std::string&);
NIB_TEMPLATE BasicMlp<float> load_mlp<float>(const std::string&);
NIB_TEMPLATE void detail::save_parameters(const std::vector<ParameterTensor>&, std::span<const double>,
                                          const std::string&);
NIB_TEMPLATE void detail::load_parameters(const std::vector<ParameterTensor>&, std::span<double>, const std::string&);
NIB_TEMPLATE BasicMlp<double> load_mlp<double>(const std::string&);
#endif

}  // namespace nib::inline NIB_ABI
