// Files of tensors of any format: safetensors, PyTorch's .pth, NumPy's .npy and .npz.
//
//   open_tensors(path)           a TensorFile; its content says which format it has, not its name
//   inspect(path)                what it holds: names, types and shapes
//   save_tensors(path, tensors)  the format by the path's ending: .pth and .pt, .npz, .npy; safetensors for all others
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/file.hpp>
#include <nib/io/npy.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// Fails where it is none of them, or broken.
[[nodiscard]] inline TensorFile open_tensors(const std::string& path) {
    std::string start(6, '\0');
    {
        InputFile file{path};
        start.resize(smaller(file.size(), start.size()));
        file.read({reinterpret_cast<std::byte*>(start.data()), start.size()});
    }
    if (start.starts_with("\x93NUMPY")) return open_npy(path);
    return open_safetensors(path);
}

// In the file's order.
[[nodiscard]] inline std::vector<TensorInfo> inspect(const std::string& path) {
    const TensorFile file = open_tensors(path);
    return {file.tensors().begin(), file.tensors().end()};
}

// Written aside, flushed and renamed. Only safetensors files hold `metadata`.
inline void save_tensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata = {}) {
    save_safetensors(path, tensors, metadata);
}

}  // namespace nib::inline NIB_ABI
