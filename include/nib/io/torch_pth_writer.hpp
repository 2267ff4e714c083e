// save_torch: tensors as a state_dict of PyTorch's, in the zip file that torch.save writes. torch.load takes it, with
// weights_only=True as well, from PyTorch 1.6 on; from 2.3 on where a tensor is uint16, uint32, uint64 or of 8-bit
// floats, which older ones have not.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/tensor.hpp>

#include <span>
#include <string>

namespace nib::inline NIB_ABI {

// In the order given. Fails on tensors whose data is not as large as dtype and shape say, and on a name that stands
// twice.
void save_torch(const std::string& path, std::span<const Tensor> tensors);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/pickle_reader.hpp>
#include <nib/io/detail/state_dict_writer.hpp>
#include <nib/io/detail/zip_writer.hpp>
#include <nib/io/file.hpp>

#include <string_view>

namespace nib::inline NIB_ABI {

NIB_API void save_torch(const std::string& path, std::span<const Tensor> tensors) {
    detail::check_torch_input(path, tensors);
    const std::string pickle = detail::pickled_state_dict(tensors);
    if (pickle.size() > PickleReader::max_size)
        fail({path, ": a pickle of ", pickle.size(), " bytes is more than open_torch reads"});
    const std::string folder = detail::torch_folder(path) + "/";
    constexpr std::size_t alignment = 64;
    constexpr std::string_view order = "little", version = "3\n";
    AtomicFile file{path};
    ZipWriter zip{file};
    zip.add(folder + "data.pkl", {bytes_of(pickle)}, alignment);
    zip.add(folder + "byteorder", {bytes_of(order)}, alignment);
    for (std::size_t i = 0; i < tensors.size(); ++i)
        zip.add(folder + "data/" + std::to_string(i), {tensors[i].data}, alignment);
    zip.add(folder + "version", {bytes_of(version)}, alignment);
    zip.finish();
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
