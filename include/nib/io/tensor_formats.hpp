// Files of tensors of any format: safetensors, PyTorch's .pth, NumPy's .npy and .npz.
//
//   open_tensors(path)           a TensorFile; its content says which format it has, not its name
//   parse_tensors(bytes, path)   the same from bytes in memory
//   inspect(path)                what it holds: names, types and shapes
//   save_tensors(path, tensors)  the format by the path's ending: .pth and .pt, .npz, .npy; safetensors for all others
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// Fails where it is none of them, or broken.
[[nodiscard]] TensorFile open_tensors(const std::string& path);

// `bytes` must outlive the result; `path` is for messages.
[[nodiscard]] TensorFile parse_tensors(std::span<const std::byte> bytes, const std::string& path);

// In the file's order.
[[nodiscard]] inline std::vector<TensorInfo> inspect(const std::string& path) {
    const TensorFile file = open_tensors(path);
    return {file.tensors().begin(), file.tensors().end()};
}

// Written aside, flushed and renamed. Only safetensors files hold `metadata`; an .npy file holds one tensor, and not
// its name. Fails as the writer of the format does, and for .onnx.
void save_tensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/foreign_file.hpp>
#include <nib/io/detail/zip.hpp>
#include <nib/io/file.hpp>
#include <nib/io/npy.hpp>
#include <nib/io/npz.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/torch_pth.hpp>
#include <nib/io/torch_pth_writer.hpp>

#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Whether a zip archive holds nothing but arrays. Fails where it holds whole files of tensors.
inline bool is_npz(ByteSource& source) {
    const ZipDirectory directory{source, CompressedEntries::listed};
    bool arrays_alone = true;
    for (const ZipEntry& entry : directory.entries()) {
        const std::string_view name = entry.name;
        for (const std::string_view ending : {".pth", ".pt", ".safetensors", ".npz", ".h5"})
            if (name.ends_with(ending))
                fail({source.path(), ": is a zip archive that holds the file ", format_quoted(name),
                      ": unpack it first with unzip"});
        arrays_alone = arrays_alone && name.ends_with(npy_ending);
    }
    return arrays_alone;
}

// Whether the 8 bytes at the start are the length of a safetensors header that a reader accepts.
inline bool may_be_safetensors(std::string_view start) {
    if (start.size() < 8) return true;  // it says what is missing
    return load_number<std::uint64_t>(bytes_of(start).data(), std::endian::little) <= longest_safetensors_header;
}

[[gnu::cold]] inline std::string start_of(ByteSource& source, std::size_t longest) {
    std::string start(smaller(source.size(), longest), '\0');
    source.read(0, {reinterpret_cast<std::byte*>(start.data()), start.size()});
    return start;
}

// Of a source that is not plainly something else.
[[gnu::cold]] inline TensorFile read_any_tensors(ByteSource source) {
    const std::string& path = source.path();
    const std::string start = start_of(source, 32);
    if (starts_as_safetensors(start)) return read_safetensors(std::move(source));
    if (start.starts_with("\x93NUMPY")) return read_npy(std::move(source));
    if (start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06"))
        return is_npz(source) ? read_npz(std::move(source)) : parse_torch(std::move(source));
    if (start.empty())
        fail({path,
              ": byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one"});
    if (is_pickle(start) || is_old_torch_file(start)) return parse_torch(std::move(source));
    if (!may_be_safetensors(start))
        fail(
            {path,
             ": expected tensors in a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found one that starts "
             "with ",
             format_quoted(std::string_view(start).substr(0, 8))});
    return read_safetensors(std::move(source));
}

}  // namespace detail

NIB_API TensorFile open_tensors(const std::string& path) {
    return detail::read_any_tensors(detail::open_tensor_source(path));
}

NIB_API TensorFile parse_tensors(std::span<const std::byte> bytes, const std::string& path) {
    ByteSource source{bytes, path};
    detail::refuse_foreign_file(path, detail::start_of(source, detail::foreign_file_start));
    return detail::read_any_tensors(std::move(source));
}

NIB_API void save_tensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata) {
    const std::string_view name = path;
    if (name.ends_with(".pth") || name.ends_with(".pt")) return save_torch(path, tensors);
    if (name.ends_with(".npz")) return save_npz(path, tensors);
    if (name.ends_with(".onnx")) fail({path, ": an .onnx file holds a network, as save_onnx writes it, not tensors"});
    if (!name.ends_with(detail::npy_ending)) return save_safetensors(path, tensors, metadata);
    if (tensors.size() != 1) fail({path, ": an .npy file holds one array, found ", tensors.size(), " tensors to save"});
    save_npy(path, tensors[0]);
}

}  // namespace nib::inline NIB_ABI

#endif
