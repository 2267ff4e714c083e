// The pickle that save_torch writes, and the folder of its archive.
#pragma once

#include <nib/core/detail/characters.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/detail/torch_archive.hpp>
#include <nib/io/detail/zip_writer.hpp>
#include <nib/io/file.hpp>
#include <nib/io/tensor.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// A pickle of protocol 2 in the making.
class PickleWriter {
public:
    void opcode(char code) { text_ += code; }

    void text(std::string_view value) {
        text_ += 'X';
        number(static_cast<std::uint32_t>(value.size()));
        text_ += value;
    }

    // Below 2^63.
    void integer(std::size_t value) {
        if (value < 0x100) {
            text_ += 'K';
            number(static_cast<std::uint8_t>(value));
        } else if (value < 0x80000000) {
            text_ += 'J';
            number(static_cast<std::uint32_t>(value));
        } else {
            text_ += "\x8a\x08";
            number<std::uint64_t>(value);
        }
    }

    void integers(const std::vector<std::size_t>& values) {
        text_ += '(';
        for (const std::size_t value : values) integer(value);
        text_ += 't';
    }

    // "torch.FloatStorage"
    void global(std::string_view name) {
        const std::size_t dot = name.rfind('.');
        text_ += 'c';
        text_ += name.substr(0, dot);
        text_ += '\n';
        text_ += name.substr(dot + 1);
        text_ += '\n';
    }

    void empty_ordered_dict() {
        global("collections.OrderedDict");
        text_ += ")R";
    }

    const std::string& bytes() const { return text_; }

private:
    template <class T>
    void number(T value) {
        std::byte bytes[sizeof(T)];
        store_number(bytes, value, std::endian::little);
        text_ += zip_text(bytes);
    }

    std::string text_ = "\x80\x02";
};

// The name of the global with this part and type; empty where there is none.
inline std::string_view torch_global_named(TorchRole role, Dtype dtype) {
    for (const TorchGlobal& global : torch_globals)
        if (global.role == role && global.dtype == dtype) return global.name;
    return {};
}

// The call that makes a tensor of the storage `key`.
inline void pickle_torch_tensor(PickleWriter& pickle, const Tensor& tensor, std::size_t key) {
    const std::string_view storage = torch_global_named(TorchRole::storage, tensor.dtype);
    const bool typed = !storage.empty();
    pickle.global(typed ? "torch._utils._rebuild_tensor_v2" : "torch._utils._rebuild_tensor_v3");
    pickle.opcode('(');
    pickle.opcode('(');
    pickle.text("storage");
    pickle.global(typed ? storage : "torch.storage.UntypedStorage");
    pickle.text(std::to_string(key));
    pickle.text("cpu");
    pickle.integer(tensor.data.size() / (typed ? dtype_size(tensor.dtype) : 1));
    pickle.opcode('t');
    pickle.opcode('Q');
    pickle.integer(0);
    pickle.integers(tensor.shape);
    pickle.integers(row_major_strides(tensor.shape));
    pickle.opcode('\x89');  // requires no gradient
    pickle.empty_ordered_dict();
    if (!typed) pickle.global(torch_global_named(TorchRole::dtype, tensor.dtype));
    pickle.opcode('t');
    pickle.opcode('R');
}

inline std::string pickled_state_dict(std::span<const Tensor> tensors) {
    PickleWriter pickle;
    pickle.empty_ordered_dict();
    pickle.opcode('(');
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        pickle.text(tensors[i].name);
        pickle_torch_tensor(pickle, tensors[i], i);
    }
    pickle.opcode('u');
    pickle.opcode('.');
    return pickle.bytes();
}

inline void check_torch_input(const std::string& path, std::span<const Tensor> tensors) {
    check_tensors_to_save(path, tensors);
    for (const Tensor& tensor : tensors) {
        const std::string label = path + ": tensor " + tensor_label(tensor.name);
        if (!is_utf8(tensor.name)) fail(label + ": expected a name of UTF-8");
        if (torch_global_named(TorchRole::storage, tensor.dtype).empty() &&
            torch_global_named(TorchRole::dtype, tensor.dtype).empty())
            fail(label + " is " + std::string(torch_dtype_name(tensor.dtype)) +
                 ", which is not written to PyTorch's files: a .safetensors file holds it");
    }
}

// As torch.save names it: after the file, without its folder and the last suffix, where that is a plain name.
inline std::string torch_folder(std::string_view path) {
    path = path.substr(path.find_last_of("/\\") + 1);  // npos + 1 is 0
    path = path.substr(0, path.rfind('.'));
    return path.empty() || !is_plain_entry_name(path) ? "archive" : std::string(path);
}

}  // namespace nib::inline NIB_ABI::detail
