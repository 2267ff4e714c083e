// Networks in files of other formats than safetensors, which save (model_file.hpp) writes. load reads all of them.
//
//   save_torch(net, path)   PyTorch's state_dict, .pth: net.load_state_dict(torch.load(path))
//   save_npz(net, path)     NumPy's .npz: numpy.load(path)
//   save_as(net, path)      by the ending of the path: .pth and .pt, .npz; safetensors for all others, but for .npy and
//                           .onnx, on which it fails. For paths that a user chooses: it has all writers in the program.
//
// Written as save does, and failing on what it fails on, but for the endings. Only safetensors files list the network's
// layers.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/error.hpp>
#include <nib/io/npz.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/io/torch_pth_writer.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>

#include <span>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

namespace detail {

// save_tensors for a network: fails on .npy and .onnx, and names the function to use instead.
[[gnu::cold]] inline void write_by_ending(const std::string& path, std::span<const Tensor> tensors,
                                          const StringMap& metadata) {
    constexpr std::string_view text = ": save_as(net, path) writes files of safetensors, PyTorch and NumPy (.npz): ";
    if (std::string_view(path).ends_with(".npy")) fail({path, text, "save_npz(net, path) writes NumPy's files, .npz"});
    if (std::string_view(path).ends_with(".onnx")) fail({path, text, "save_onnx(net, path) writes ONNX files"});
    save_tensors(path, tensors, metadata);
}

}  // namespace detail

template <Network Net>
void save_torch(const Net& net, const std::string& path) {
    detail::save_network<typename Net::scalar_type>(
        net.layers(), {net.parameters(), net.buffers()}, {}, path,
        [](const std::string& to, std::span<const Tensor> tensors, const StringMap&) { save_torch(to, tensors); });
}

template <Network Net>
void save_npz(const Net& net, const std::string& path) {
    detail::save_network<typename Net::scalar_type>(
        net.layers(), {net.parameters(), net.buffers()}, {}, path,
        [](const std::string& to, std::span<const Tensor> tensors, const StringMap&) { save_npz(to, tensors); });
}

template <Network Net>
void save_as(const Net& net, const std::string& path, const SaveOptions& options = {}) {
    detail::save_network<typename Net::scalar_type>(net.layers(), {net.parameters(), net.buffers()}, options, path,
                                                    &detail::write_by_ending);
}

}  // namespace nib::inline NIB_ABI
