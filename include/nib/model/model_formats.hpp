// Networks in files of other formats than safetensors, which save (model_file.hpp) writes. load reads all of them.
//
//   save_torch(net, path)   PyTorch's state_dict, .pth: net.load_state_dict(torch.load(path))
//   save_npz(net, path)     NumPy's .npz: numpy.load(path)
//   save_as(net, path)      by the ending of the path: .pth and .pt, .npz; safetensors for all others. For paths that a
//                           user chooses: it has all writers in the program.
//
// Written as save does, and failing on what it fails on. Only safetensors files list the network's layers.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/npz.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/io/torch_pth_writer.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>

#include <string>

namespace nib::inline NIB_ABI {

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
                                                    &save_tensors);
}

}  // namespace nib::inline NIB_ABI
