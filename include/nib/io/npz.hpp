// NumPy's .npz files: zip archives of arrays by name.
//
//   open_npz(path)           a TensorFile; archives of numpy.savez and numpy.savez_compressed
//   save_npz(path, tensors)  what numpy.load reads
//
// Refused by Error: what zip.hpp and npy.hpp refuse, an entry that is no array, and, when they are first asked for,
// numbers that differ from their checksum.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

[[nodiscard]] TensorFile open_npz(const std::string& path);

// `bytes` must outlive the result; `path` is for messages.
[[nodiscard]] TensorFile parse_npz(std::span<const std::byte> bytes, const std::string& path);

// Fails on what save_npy fails on, on a name that stands twice or is too long, and on one that is no file name:
// absolute, with "." or ".." as a folder, backslashes or control characters, or not in UTF-8.
void save_npz(const std::string& path, std::span<const Tensor> tensors);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/detail/zip.hpp>
#include <nib/io/detail/zip_writer.hpp>
#include <nib/io/file.hpp>
#include <nib/io/npy.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::string_view npy_ending = ".npy";

inline TensorFile read_npz(ByteSource source) {
    const ZipDirectory directory{source};
    std::vector<TensorInfo> tensors;
    for (const ZipEntry& entry : directory.entries()) {
        const std::string place = source.path() + ": entry " + format_quoted(entry.name);
        if (!entry.name.ends_with(npy_ending)) fail({place, ": expected arrays alone, whose names end in .npy"});
        tensors.push_back(read_npy_tensor(
            source, {entry.offset, entry.size, place, entry.name.substr(0, entry.name.size() - npy_ending.size())}));
    }
    return {std::move(source), "npz", std::move(tensors)};
}

}  // namespace detail

NIB_API TensorFile open_npz(const std::string& path) { return detail::read_npz(detail::open_tensor_source(path)); }

NIB_API TensorFile parse_npz(std::span<const std::byte> bytes, const std::string& path) {
    return detail::read_npz(ByteSource{bytes, path});
}

NIB_API void save_npz(const std::string& path, std::span<const Tensor> tensors) {
    detail::check_tensors_to_save(path, tensors);
    std::vector<std::string> headers;
    for (const Tensor& tensor : tensors) {
        headers.push_back(detail::make_npy_header(tensor, path));
        if (tensor.name.size() + detail::npy_ending.size() > 65535)
            fail({path, ": tensor ", detail::tensor_label(tensor.name), ": its name is longer than a zip file's"});
        if (!detail::is_plain_entry_name(tensor.name))
            fail(
                {path, ": tensor ", detail::tensor_label(tensor.name),
                 ": in an .npz file a name is the relative path of a file, in UTF-8 without '.', '..', backslashes and "
                 "control characters: rename it, or save as .safetensors or .pth"});
    }
    AtomicFile file{path};
    ZipWriter archive{file};
    for (std::size_t i = 0; i < tensors.size(); ++i)
        archive.add(tensors[i].name + std::string(detail::npy_ending), {bytes_of(headers[i]), tensors[i].data}, 64);
    archive.finish();
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
