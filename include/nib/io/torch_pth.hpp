// PyTorch's state_dicts, in the zip files that torch.save writes since PyTorch 1.6 (usually called .pth or .pt).
// Nothing in them is executed. (save_torch, which writes them, is in torch_pth_writer.hpp.)
//
//   open_torch    a file
//   parse_torch   the same from any bytes
//
// The tensors are those of the state_dict, in its order, be they parameters, views of others or from another device.
// It is the file's one value, or what a dict that is it has under one of "model", "state_dict" and "model_state_dict";
// all else in such a checkpoint is passed over.
//
// Refused by Error: a broken archive, a pickle that is more than data (pickle_reader.hpp), whole modules, TorchScript,
// files from before 1.6; a file without a state_dict, or with two; what stands in a state_dict and is no dense tensor
// of real numbers; a tensor beyond its storage; a storage that is missing, has another size than its tensors say, or
// whose bytes fail their checksum (all that tensors lie in are read once for that, in pieces).
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/tensor_file.hpp>

#include <string>

namespace nib::inline NIB_ABI {

[[nodiscard]] NIB_API TensorFile parse_torch(ByteSource source);

[[nodiscard]] NIB_API TensorFile open_torch(const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/core/text.hpp>
#include <nib/io/json.hpp>
#include <nib/io/pickle.hpp>
#include <nib/io/pickle_reader.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/torch_archive.hpp>
#include <nib/io/zip.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// What pickled values mean to PyTorch.
class TorchValues {
public:
    using Index = Pickle::Index;

    // `size`: how many bytes the pickle has.
    TorchValues(const Pickle& pickle, std::size_t size, TorchArchive& archive, std::endian order)
        : pickle_{pickle}, most_memory_{larger(std::size_t{1} << 20, 4 * size)}, archive_{archive}, order_{order} {}

    // The tensors of the state_dict.
    std::vector<TensorInfo> read() {
        std::vector<TensorInfo> tensors;
        StringSet names;
        pickle_.for_each_pair(find_state_dict(), [&](Index key, Index value) {
            if (pickle_.kind(key) != PickleKind::text || !is_utf8(pickle_.text(key)))
                archive_.refuse("expected a state_dict whose names are texts of UTF-8, found " + description(key));
            name_ = pickle_.text(key);
            if (!is_tensor(value)) refuse("expected a tensor, found " + description(value));
            if (!names.insert(std::string(name_))) refuse("two tensors have this name");
            tensors.push_back(tensor(value));
            check_memory(tensors.back());
            return true;
        });
        return tensors;
    }

private:
    struct Call {
        TorchRole role;
        std::vector<Index> arguments;
    };
    struct Storage {
        std::size_t offset = 0;  // in bytes from the file's start
        std::size_t count = 0;   // of elements
        Dtype dtype{};
    };

    Index find_state_dict() const {
        const std::string expected =
            "expected a state_dict (tensors by name), or one under 'model', 'state_dict' or 'model_state_dict', found ";
        const Index root = pickle_.root();
        if (pickle_.kind(root) != PickleKind::dict) archive_.refuse(expected + description(root));
        std::string other, found;
        Index nested = root;
        pickle_.for_each_pair(root, [&](Index key, Index value) {
            const bool text = pickle_.kind(key) == PickleKind::text;
            if (other.empty() && !is_tensor(value))
                other = (text ? in_quotes(pickle_.text(key)) + ": " : std::string()) + description(value);
            if (!text || pickle_.kind(value) != PickleKind::dict || !is_state_key(pickle_.text(key))) return true;
            if (nested != root)
                archive_.refuse("expected one state_dict, found several: " + found + " and " +
                                in_quotes(pickle_.text(key)));
            found = in_quotes(pickle_.text(key));
            nested = value;
            return true;
        });
        if (nested == root && !other.empty()) archive_.refuse(expected + other);
        return nested;
    }

    static bool is_state_key(std::string_view text) {
        return text == "model" || text == "state_dict" || text == "model_state_dict";
    }

    const TorchGlobal* global(Index value) const {
        const bool known = pickle_.kind(value) == PickleKind::global && pickle_.global(value) < torch_globals.size();
        return known ? &torch_globals[pickle_.global(value)] : nullptr;
    }

    // The first `most` items.
    std::vector<Index> items(Index value, std::size_t most) const {
        std::vector<Index> result;
        pickle_.for_each(value, [&](Index item) {
            if (result.size() < most) result.push_back(item);
            return result.size() < most;
        });
        return result;
    }

    // Of an object.
    Call call(Index object) const {
        const std::vector<Index> parts = items(object, 2);
        const TorchGlobal* const called = global(parts.front());
        return {called == nullptr ? TorchRole::other : called->role, items(parts.back(), most_arguments)};
    }

    bool is_tensor(Index value) const {
        if (pickle_.kind(value) != PickleKind::object) return false;
        const TorchRole role = call(value).role;
        return role == TorchRole::tensor || role == TorchRole::untyped_tensor || role == TorchRole::parameter;
    }

    TensorInfo tensor(Index value) {
        Call made = call(value);
        if (made.role == TorchRole::parameter) {
            if (made.arguments.empty() || !is_tensor(made.arguments.front())) refuse("expected a parameter's tensor");
            made = call(made.arguments.front());
        }
        const bool typed = made.role == TorchRole::tensor;
        const std::size_t least = typed ? 6 : 7;
        const std::vector<Index>& arguments = made.arguments;
        if (made.role == TorchRole::parameter || arguments.size() < least || arguments.size() > least + 1)
            refuse("expected a tensor of a storage, offset, shape and strides, found another");
        if (arguments.size() > least && !is_nothing(arguments.back()))
            refuse("expected numbers as they are stored, found a view that negates or conjugates them: save its clone");

        const Storage storage = typed ? typed_storage(arguments[0]) : untyped_storage(arguments[0], arguments[6]);
        TensorInfo info;
        info.name = name_;
        info.dtype = storage.dtype;
        info.shape = sizes(arguments[2]);
        info.strides = sizes(arguments[3]);
        info.order = order_;
        const std::size_t offset = size(arguments[1]);
        check_place(info, offset, storage);
        info.offset = storage.offset + offset * dtype_size(info.dtype);
        return info;
    }

    // A tensor may stand under many names, but what they take here (in bytes, about) is not more than a megabyte, or
    // four times the pickle: a tensor of its own takes 100 bytes of that and more, and 150 and a few here.
    void check_memory(const TensorInfo& info) {
        memory_ += 150 + 2 * info.name.size() + 16 * info.shape.size();
        if (memory_ > most_memory_) refuse("the same tensor stands under too many names, with too many dimensions");
    }

    bool is_nothing(Index value) const {
        return pickle_.kind(value) == PickleKind::none ||
               (pickle_.kind(value) == PickleKind::dict && pickle_.size(value) == 0);
    }

    Storage typed_storage(Index reference) {
        Dtype dtype{};
        const Storage storage = find_storage(reference, [&](const TorchGlobal& global) {
            if (global.role != TorchRole::storage) refuse("expected a storage of a type, found " + quoted(global));
            if (!global.dtype) refuse("its type " + quoted(global) + " is not read: expected real numbers");
            dtype = *global.dtype;
            return dtype_size(dtype);
        });
        return {storage.offset, storage.count, dtype};
    }

    Storage untyped_storage(Index reference, Index type) {
        const TorchGlobal* const named = global(type);
        if (named == nullptr || named->role != TorchRole::dtype) refuse("expected a dtype, found " + description(type));
        if (!named->dtype) refuse("its type " + quoted(*named) + " is not read: expected real numbers");
        const Storage storage = find_storage(reference, [&](const TorchGlobal& global) {
            if (global.role != TorchRole::untyped_storage)
                refuse("expected torch.storage.UntypedStorage, found " + quoted(global));
            return std::size_t{1};
        });
        return {storage.offset, storage.count / dtype_size(*named->dtype), *named->dtype};
    }

    // Storages are told from one another by ('storage', class, key, location, number of elements). `element_size` says
    // how large those of the class are.
    template <class ElementSize>
    Storage find_storage(Index reference, const ElementSize& element_size) {
        const std::vector<Index> id =
            pickle_.kind(reference) == PickleKind::reference ? items(reference, 1) : items(0, 0);
        const std::vector<Index> parts = !id.empty() && pickle_.kind(id[0]) == PickleKind::tuple ? items(id[0], 6) : id;
        const auto is_text = [&](std::size_t i) { return pickle_.kind(parts[i]) == PickleKind::text; };
        if (parts.size() != 5 || !is_text(0) || pickle_.text(parts[0]) != "storage" || global(parts[1]) == nullptr ||
            !is_text(2) || !is_text(3))
            refuse("expected a storage's class, key, location and size, found others");
        const std::size_t bytes = element_size(*global(parts[1]));
        const std::size_t count = size(parts[4]);
        const ZipEntry* const entry = archive_.find_storage(pickle_.text(parts[2]));
        if (entry == nullptr)
            refuse("the file holds no storage " + in_quotes(pickle_.text(parts[2])) + ", which this tensor lies in");
        std::size_t needed = 0;
        if (!multiply_sizes(count, bytes, needed) || needed != entry->size)
            refuse("expected a storage of " + std::to_string(count) + " elements of " + std::to_string(bytes) +
                   " bytes, found one of " + std::to_string(entry->size) + " bytes");
        return {entry->offset, count, {}};
    }

    std::size_t size(Index value) const {
        if (pickle_.kind(value) != PickleKind::integer || pickle_.integer(value) < 0)
            refuse("expected a size or offset, found " + (pickle_.kind(value) == PickleKind::integer
                                                              ? std::to_string(pickle_.integer(value))
                                                              : description(value)));
        return static_cast<std::size_t>(pickle_.integer(value));
    }

    std::vector<std::size_t> sizes(Index value) const {
        if (pickle_.kind(value) != PickleKind::tuple) refuse("expected a tuple of sizes, found " + description(value));
        if (pickle_.size(value) > most_dimensions)
            refuse("expected at most " + std::to_string(most_dimensions) + " dimensions, found " +
                   std::to_string(pickle_.size(value)));
        std::vector<std::size_t> result;
        for (const Index item : items(value, most_dimensions)) result.push_back(size(item));
        return result;
    }

    // The tensor's elements lie within its storage.
    void check_place(const TensorInfo& info, std::size_t offset, const Storage& storage) const {
        if (info.shape.size() != info.strides.size())
            refuse("expected a stride for each of " + std::to_string(info.shape.size()) + " dimensions, found " +
                   std::to_string(info.strides.size()));
        std::size_t count = 0;
        if (!element_count(info.shape, count)) refuse("shape " + shape_text(info.shape) + " overflows");
        std::size_t rest = storage.count;
        bool fits = offset <= rest && (count == 0 || offset < rest);
        if (fits) rest -= offset;
        for (std::size_t i = 0; fits && count != 0 && i < info.shape.size(); ++i) {
            std::size_t span = 0;
            fits = multiply_sizes(info.shape[i] - 1, info.strides[i], span) && span < rest;
            if (fits) rest -= span;
        }
        if (!fits)
            refuse("shape " + shape_text(info.shape) + " with strides " + shape_text(info.strides) + " from element " +
                   std::to_string(offset) + " goes beyond its storage of " + std::to_string(storage.count));
    }

    static std::string quoted(const TorchGlobal& global) { return in_quotes(global.name); }

    // As Python calls it.
    std::string description(Index value) const {
        switch (pickle_.kind(value)) {
            case PickleKind::none:
                return "None";
            case PickleKind::boolean:
                return "a bool";
            case PickleKind::integer:
            case PickleKind::large_integer:
                return "an int";
            case PickleKind::real:
                return "a float";
            case PickleKind::text:
                return "a str";
            case PickleKind::bytes:
                return "bytes";
            case PickleKind::tuple:
                return "a tuple";
            case PickleKind::list:
                return "a list";
            case PickleKind::dict:
                return "a dict";
            case PickleKind::set:
                return "a set";
            case PickleKind::global:
                return global(value) != nullptr ? quoted(*global(value)) : "'collections.OrderedDict'";
            case PickleKind::object:
                return is_tensor(value) ? "a tensor" : "what " + quoted(*global(items(value, 1).front())) + " makes";
            case PickleKind::reference:
                return "a storage";
        }
        return "nothing";
    }

    [[noreturn]] void refuse(const std::string& why) const {
        archive_.refuse("tensor " + tensor_label(name_) + ": " + why);
    }

    static constexpr std::size_t most_arguments = 9;
    static constexpr std::size_t most_dimensions = 64;  // PyTorch's own limit

    const Pickle& pickle_;
    std::size_t most_memory_;  // of tensors, their names and dimensions
    std::size_t memory_ = 0;
    TorchArchive& archive_;
    std::endian order_;
    std::string_view name_;  // of the tensor that is being read
};

inline void refuse_other_torch_files(ByteSource& source) {
    std::array<std::byte, 8> start{};
    const std::span<std::byte> bytes = std::span{start}.first(smaller(source.size(), start.size()));
    source.read(0, bytes);
    const std::string_view text{reinterpret_cast<const char*>(start.data()), bytes.size()};
    if (text == "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46")
        fail(source.path() +
             ": written before PyTorch 1.6: load and save it again with torch.save(torch.load(path), "
             "path) in PyTorch 1.6 or later");
    if (!text.starts_with("PK"))
        fail(source.path() +
             ": byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', "
             "found " +
             in_quotes(text));
}

}  // namespace detail

NIB_API TensorFile parse_torch(ByteSource source) {
    detail::refuse_other_torch_files(source);
    detail::TorchArchive archive{source};
    if (archive.is_torch_script())
        archive.refuse("is a TorchScript archive (torch.jit.save): save net.state_dict() with torch.save instead");
    archive.check_compression();
    const ZipEntry* const values = archive.find("data.pkl");
    if (values == nullptr) archive.refuse("expected an entry 'data.pkl', as torch.save writes it, found none");
    archive.check_version();
    const std::string bytes = archive.read(*values, PickleReader::max_size);
    const Pickle pickle =
        PickleReader{bytes_of(bytes), source.path(), values->offset, detail::torch_global_names}.read();
    std::vector<TensorInfo> tensors = detail::TorchValues{pickle, bytes.size(), archive, archive.order()}.read();
    archive.check_storages();
    return TensorFile{std::move(source), "PyTorch", std::move(tensors)};
}

NIB_API TensorFile open_torch(const std::string& path) { return parse_torch(ByteSource{path}); }

}  // namespace nib::inline NIB_ABI

#endif
