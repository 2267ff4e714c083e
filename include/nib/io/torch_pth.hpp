// PyTorch's state_dicts, in the zip files that torch.save writes since PyTorch 1.6 (usually called .pth or .pt).
// Nothing in them is executed. (save_torch, which writes them, is in torch_pth_writer.hpp.)
//
//   open_torch    a file
//   parse_torch   the same from any bytes
//
// The tensors are those of the state_dict, in its order, be they parameters, views of others, of a class of their own
// or from another device. It is the file's one value, or what a dict holds under any key (see state_dict.hpp). All else
// in such a checkpoint is passed over, whatever class it is of, as are numbers and texts within the state_dict.
//
// Refused by Error: a broken archive or pickle (pickle_reader.hpp), whole modules, TorchScript, files of PyTorch's old
// format; a file without a state_dict, or with two; what stands in a state_dict and holds tensors that are not dense
// ones of real numbers under names; a tensor beyond its storage; a storage that is missing or has another size than its
// tensors say; and, when a tensor's numbers are first asked for, a storage whose bytes fail their checksum.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/tensor_file.hpp>

#include <string>

namespace nib::inline NIB_ABI {

[[nodiscard]] TensorFile parse_torch(ByteSource source);

[[nodiscard]] inline TensorFile open_torch(const std::string& path) {
    return parse_torch(detail::open_tensor_source(path));
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/characters.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/foreign_file.hpp>
#include <nib/io/detail/pickle.hpp>
#include <nib/io/detail/pickle_reader.hpp>
#include <nib/io/detail/state_dict.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/detail/torch_archive.hpp>
#include <nib/io/detail/torch_values.hpp>
#include <nib/io/detail/zip.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Reads the tensors of a state_dict.
class TorchTensors {
public:
    using Index = Pickle::Index;

    // `size`: how many bytes the pickle has; `place`: where they start in the file.
    TorchTensors(const Pickle& pickle, std::size_t size, std::size_t place, TorchArchive& archive, std::endian order)
        : values_{pickle},
          pickle_{pickle},
          place_{place},
          most_memory_{smaller(larger(std::size_t{1} << 20, 4 * size), std::size_t{64} << 20)},
          archive_{archive},
          order_{order} {}

    std::vector<TensorInfo> read() {
        StateDictSearch search{values_};
        const std::optional<Index> state_dict = search.find();
        if (!state_dict) {
            check_root();
            archive_.refuse(search.problem());
        }
        std::vector<TensorInfo> tensors;
        StringSet names;
        pickle_.for_each_pair(*state_dict, [&](Index key, Index value) {
            if (!values_.is_tensor(value)) {
                check_passed_over(search, key, value);
                return true;
            }
            if (pickle_.kind(key) != PickleKind::text || !is_utf8(pickle_.text(key)))
                archive_.refuse("expected a state_dict whose names are texts of UTF-8, found " +
                                values_.description(key));
            name_ = pickle_.text(key);
            if (!names.insert(std::string(name_))) refuse("two tensors have this name");
            tensors.push_back(tensor(value));
            check_memory(tensors.back());
            return true;
        });
        return tensors;
    }

private:
    struct Storage {
        std::size_t offset = 0;  // in bytes from the file's start
        std::size_t count = 0;   // of elements
        Dtype dtype{};
    };

    // Where the file's one value is of a class that is not known, that is what is wrong with it.
    void check_root() const {
        const Index root = pickle_.root();
        if (pickle_.kind(root) != PickleKind::object || pickle_.as_dict(root) || values_.is_module(root)) return;
        const Index callee = values_.callee(root);
        if (pickle_.kind(callee) != PickleKind::global || pickle_.global(callee) <= torch_globals.size()) return;
        archive_.refuse("byte " + std::to_string(place_ + pickle_.position(callee)) + ": this file needs the global " +
                        values_.global_name(callee) + ", which is not read: save net.state_dict() alone");
    }

    // What is passed over holds no tensors, or is an optimizer's.
    void check_passed_over(const StateDictSearch& search, Index key, Index value) {
        seen_.resize(pickle_.count());
        if (seen_[value]) return;
        const std::optional<Index> dict = pickle_.as_dict(value);
        if (dict && search.is_optimizer(*dict)) {
            seen_[value] = true;
            return;
        }
        if (!holds_storage(value)) return;
        name_ = pickle_.kind(key) == PickleKind::text ? pickle_.text(key) : std::string_view{};
        refuse("expected a tensor, found " + values_.description(value) + " that holds tensors");
    }

    // Looks at each value of the pickle once, however often it is asked.
    bool holds_storage(Index value) {
        std::vector<Index> waiting;
        const auto add = [&](Index item) {
            if (!seen_[item]) waiting.push_back(item);
            seen_[item] = true;
            return true;
        };
        add(value);
        while (!waiting.empty()) {
            const Index next = waiting.back();
            waiting.pop_back();
            switch (pickle_.kind(next)) {
                case PickleKind::reference:
                    return true;
                case PickleKind::tuple:
                case PickleKind::list:
                case PickleKind::dict:
                case PickleKind::set:
                case PickleKind::object:
                    pickle_.for_each(next, add);
                    break;
                default:
                    break;
            }
        }
        return false;
    }

    TensorInfo tensor(Index value) {
        const TorchCall made = values_.tensor_call(value);
        if (!made.problem.empty()) refuse(made.problem);
        if (made.role() == TorchRole::other_tensor)
            refuse("is made by " + std::string(made.callee->name) +
                   ", which is not read: expected a dense tensor of real numbers");
        const bool typed = made.role() == TorchRole::tensor;
        const std::size_t least = typed ? 6 : 7;
        const std::vector<Index>& arguments = made.arguments;
        if ((!typed && made.role() != TorchRole::untyped_tensor) || arguments.size() < least ||
            arguments.size() > least + 1)
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
    // four times the pickle, and never more than 64: a tensor of its own takes 100 bytes of the pickle and more, and
    // 150 and a few here.
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
        const TorchGlobal* const named = values_.global(type);
        if (named == nullptr || named->role != TorchRole::dtype)
            refuse("expected a dtype, found " + values_.description(type));
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
            pickle_.kind(reference) == PickleKind::reference ? values_.items(reference, 1) : values_.items(0, 0);
        const std::vector<Index> parts =
            !id.empty() && pickle_.kind(id[0]) == PickleKind::tuple ? values_.items(id[0], 6) : id;
        const auto is_text = [&](std::size_t i) { return pickle_.kind(parts[i]) == PickleKind::text; };
        if (parts.size() != 5 || !is_text(0) || pickle_.text(parts[0]) != "storage" ||
            pickle_.kind(parts[1]) != PickleKind::global || !is_text(2) || !is_text(3))
            refuse("expected a storage's class, key, location and size, found others");
        if (values_.global(parts[1]) == nullptr)
            refuse("its type " + values_.description(parts[1]) + " is not read: expected real numbers");
        const std::size_t bytes = element_size(*values_.global(parts[1]));
        const std::size_t count = size(parts[4]);
        const ZipEntry* const entry = archive_.find_storage(pickle_.text(parts[2]));
        if (entry == nullptr)
            refuse("the file holds no storage " + format_quoted(pickle_.text(parts[2])) +
                   ", which this tensor lies in");
        std::size_t needed = 0;
        if (!multiply_sizes(count, bytes, needed) || needed != entry->size)
            refuse("expected a storage of " + std::to_string(count) + " elements of " + std::to_string(bytes) +
                   " bytes, found one of " + std::to_string(entry->size) + " bytes");
        return {entry->offset, count, {}};
    }

    std::size_t size(Index value) const {
        if (pickle_.kind(value) != PickleKind::integer || !std::in_range<std::size_t>(pickle_.integer(value)))
            refuse("expected a size or offset, found " + (pickle_.kind(value) == PickleKind::integer
                                                              ? std::to_string(pickle_.integer(value))
                                                              : values_.description(value)));
        return static_cast<std::size_t>(pickle_.integer(value));
    }

    std::vector<std::size_t> sizes(Index value) const {
        if (pickle_.kind(value) != PickleKind::tuple)
            refuse("expected a tuple of sizes, found " + values_.description(value));
        if (pickle_.size(value) > most_dimensions)
            refuse("expected at most " + std::to_string(most_dimensions) + " dimensions, found " +
                   std::to_string(pickle_.size(value)));
        std::vector<std::size_t> result;
        for (const Index item : values_.items(value, most_dimensions)) result.push_back(size(item));
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

    static std::string quoted(const TorchGlobal& global) { return format_quoted(global.name); }

    [[noreturn]] void refuse(const std::string& why) const {
        archive_.refuse("tensor " + tensor_label(name_) + ": " + why);
    }

    static constexpr std::size_t most_dimensions = 64;  // PyTorch's own limit

    TorchValues values_;
    const Pickle& pickle_;
    std::size_t place_;
    std::size_t most_memory_;  // of tensors, their names and dimensions
    std::size_t memory_ = 0;
    TorchArchive& archive_;
    std::endian order_;
    std::string_view name_;           // of the tensor that is being read
    std::vector<std::uint8_t> seen_;  // of the pickle's values: known to hold no tensors
};

// Whether a file of this start is pickled, and not in a zip archive.
inline bool is_pickle(std::string_view start) {
    return start.size() >= 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5;
}

// A pickle of torch.save begins with a number of its own, unless it is in a zip archive.
inline bool is_old_torch_file(std::string_view start) {
    constexpr std::size_t furthest = 16;
    return start.substr(0, furthest + 4).find("\x6c\xfc\x9c\x46") != std::string_view::npos ||
           start.starts_with("L119547037146038801333356L");
}

inline void refuse_other_torch_files(ByteSource& source) {
    std::array<std::byte, foreign_file_start> bytes{};
    const std::size_t count = smaller(source.size(), bytes.size());
    source.read(0, std::span{bytes}.first(count));
    const std::string_view start{reinterpret_cast<const char*>(bytes.data()), count};
    const std::string& path = source.path();
    if (start.starts_with("PK")) return;
    if (is_old_torch_file(start))
        fail({path,
              ": written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again with "
              "torch.save(torch.load(path), path) in PyTorch 1.6 or later"});
    if (is_pickle(start))
        fail({path,
              ": byte 0: is a pickle, as pickle.dump and joblib write them: expected a file of torch.save, as "
              "torch.save(net.state_dict(), path) writes it"});
    refuse_foreign_file(path, start);
    fail({path, ": byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', found ",
          format_quoted(start.substr(0, 8))});
}

}  // namespace detail

NIB_API TensorFile parse_torch(ByteSource source) {
    detail::refuse_other_torch_files(source);
    detail::TorchArchive archive{source};
    if (archive.is_torch_script())
        archive.refuse("is a TorchScript archive (torch.jit.save): save net.state_dict() with torch.save instead");
    const ZipEntry* const values = archive.find("data.pkl");
    if (values == nullptr) archive.refuse("expected an entry 'data.pkl', as torch.save writes it, found none");
    archive.check_version();
    const std::string bytes = archive.read(*values, PickleReader::max_size);
    const Pickle pickle =
        PickleReader{bytes_of(bytes), source.path(), values->offset, detail::torch_global_names}.read();
    std::vector<TensorInfo> tensors =
        detail::TorchTensors{pickle, bytes.size(), values->offset, archive, archive.order()}.read();
    return TensorFile{std::move(source), "PyTorch", std::move(tensors)};
}

}  // namespace nib::inline NIB_ABI

#endif
