// What the files of torch.save are made of: a zip archive of entries in one folder, and the classes and functions that
// its pickle, data.pkl, names.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/zip.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

namespace detail {

enum class TorchRole : std::uint8_t {
    tensor,           // of a storage that has a type
    untyped_tensor,   // of one that has none: the type is an argument
    parameter,        // of a tensor
    subclass,         // a tensor of another class: made by a function and its arguments
    other_tensor,     // sparse, quantized, without numbers, of another kind of memory
    storage,          // its type in `dtype`, unless nib has none such
    untyped_storage,  // bytes
    dtype,
    other  // met in checkpoints beside the state_dict
};

struct TorchGlobal {
    const char* name;
    TorchRole role;
    std::optional<Dtype> dtype = std::nullopt;
};

// What PyTorch's own restricted reader (weights_only=True) takes, and what makes tensors that nib does not read, so
// that they are refused by name.
inline constexpr std::array torch_globals = std::to_array<TorchGlobal>({
    {"torch._utils._rebuild_tensor_v2", TorchRole::tensor},
    {"torch.FloatStorage", TorchRole::storage, Dtype::f32},
    {"torch.DoubleStorage", TorchRole::storage, Dtype::f64},
    {"torch.HalfStorage", TorchRole::storage, Dtype::f16},
    {"torch.BFloat16Storage", TorchRole::storage, Dtype::bf16},
    {"torch.LongStorage", TorchRole::storage, Dtype::i64},
    {"torch.IntStorage", TorchRole::storage, Dtype::i32},
    {"torch.ShortStorage", TorchRole::storage, Dtype::i16},
    {"torch.CharStorage", TorchRole::storage, Dtype::i8},
    {"torch.ByteStorage", TorchRole::storage, Dtype::u8},
    {"torch.BoolStorage", TorchRole::storage, Dtype::boolean},
    {"torch.ComplexFloatStorage", TorchRole::storage},
    {"torch.ComplexDoubleStorage", TorchRole::storage},
    {"torch._utils._rebuild_parameter", TorchRole::parameter},
    {"torch._utils._rebuild_parameter_with_state", TorchRole::parameter},
    {"torch._utils._rebuild_tensor_v3", TorchRole::untyped_tensor},
    {"torch._tensor._rebuild_from_type_v2", TorchRole::subclass},
    {"torch._tensor._rebuild_from_type", TorchRole::subclass},
    {"torch._utils._rebuild_tensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_qtensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_sparse_tensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_sparse_csr_tensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_nested_tensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_wrapper_subclass", TorchRole::other_tensor},
    {"torch._utils._rebuild_meta_tensor_no_storage", TorchRole::other_tensor},
    {"torch._utils._rebuild_device_tensor_from_numpy", TorchRole::other_tensor},
    {"torch._utils._rebuild_device_tensor_from_cpu_tensor", TorchRole::other_tensor},
    {"torch._utils._rebuild_xla_tensor", TorchRole::other_tensor},
    {"torch.storage.UntypedStorage", TorchRole::untyped_storage},
    {"torch.float32", TorchRole::dtype, Dtype::f32},
    {"torch.float64", TorchRole::dtype, Dtype::f64},
    {"torch.float16", TorchRole::dtype, Dtype::f16},
    {"torch.bfloat16", TorchRole::dtype, Dtype::bf16},
    {"torch.float8_e5m2", TorchRole::dtype, Dtype::f8_e5m2},
    {"torch.float8_e4m3fn", TorchRole::dtype, Dtype::f8_e4m3},
    {"torch.int64", TorchRole::dtype, Dtype::i64},
    {"torch.int32", TorchRole::dtype, Dtype::i32},
    {"torch.int16", TorchRole::dtype, Dtype::i16},
    {"torch.int8", TorchRole::dtype, Dtype::i8},
    {"torch.uint64", TorchRole::dtype, Dtype::u64},
    {"torch.uint32", TorchRole::dtype, Dtype::u32},
    {"torch.uint16", TorchRole::dtype, Dtype::u16},
    {"torch.uint8", TorchRole::dtype, Dtype::u8},
    {"torch.bool", TorchRole::dtype, Dtype::boolean},
    {"torch.complex64", TorchRole::dtype},
    {"torch.complex128", TorchRole::dtype},
    {"torch.Size", TorchRole::other},
    {"torch.device", TorchRole::other},
    {"collections.Counter", TorchRole::other},
    {"_codecs.encode", TorchRole::other},
    {"__builtin__.set", TorchRole::other},
    {"__builtin__.bytearray", TorchRole::other},
    {"__builtin__.complex", TorchRole::other},
    {"builtins.set", TorchRole::other},
    {"builtins.bytearray", TorchRole::other},
    {"builtins.complex", TorchRole::other},
});

inline constexpr std::array torch_global_names = [] {
    std::array<const char*, torch_globals.size()> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = torch_globals[i].name;
    return names;
}();

// An archive whose entries stand in one folder. Their bytes are checked when they are read.
class TorchArchive {
public:
    explicit TorchArchive(ByteSource& source) : source_{source}, directory_{source} {
        const List<ZipEntry>& entries = directory_.entries();
        const std::string_view first = entries.empty() ? std::string_view{} : std::string_view{entries[0].name};
        if (first.find('/') == std::string_view::npos)
            refuse("expected the archive's entries in a folder, as torch.save writes them, found none there");
        folder_ = first.substr(0, first.find('/') + 1);
    }

    bool is_torch_script() const { return find("constants.pkl") != nullptr || has_folder("code"); }

    const ZipEntry* find(std::string_view name) const { return directory_.find(folder_ + std::string(name)); }

    // The entry's bytes, which were checked to be what was written. Fails where they are more than `most`.
    std::string read(const ZipEntry& entry, std::size_t most) const {
        if (entry.size > most)
            refuse("entry " + format_quoted(entry.name) + ": expected at most " + std::to_string(most) +
                   " bytes, found " + std::to_string(entry.size));
        source_.check_bytes(entry.offset);
        std::string text(entry.size, '\0');
        source_.read(entry.offset, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        return text;
    }

    const ZipEntry* find_storage(std::string_view key) const {
        constexpr std::size_t longest = 255;  // they are numbers
        return key.size() > longest ? nullptr : find("data/" + std::string(key));
    }

    // Of the numbers in storages.
    std::endian order() const {
        const ZipEntry* const entry = find("byteorder");
        if (entry == nullptr) return std::endian::little;
        const std::string order = read(*entry, 64);
        if (order != "little" && order != "big")
            refuse("entry " + format_quoted(entry->name) + ": expected 'little' or 'big', found " +
                   format_quoted(order));
        return order == "little" ? std::endian::little : std::endian::big;
    }

    void check_version() const {
        constexpr std::size_t newest = 10;
        const ZipEntry* entry = find("version");
        if (entry == nullptr) entry = find(".data/version");
        if (entry == nullptr) refuse("expected an entry 'version', as torch.save writes it, found none");
        std::string text = read(*entry, 64);
        while (text.ends_with('\n')) text.pop_back();
        const auto version = parse_number<std::size_t>(text);
        if (!version || *version < 1 || *version > newest)
            refuse("entry " + format_quoted(entry->name) + ": expected a version from 1 to " + std::to_string(newest) +
                   ", found " + format_quoted(text));
    }

    [[noreturn]] void refuse(const std::string& why) const { fail({source_.path(), ": ", why}); }

private:
    bool has_folder(std::string_view name) const {
        const std::string start = folder_ + std::string(name) + "/";
        for (const ZipEntry& entry : directory_.entries())
            if (entry.name.starts_with(start)) return true;
        return false;
    }

    ByteSource& source_;
    ZipDirectory directory_;
    std::string folder_;  // with its slash
};

}  // namespace detail

}  // namespace nib::inline NIB_ABI
