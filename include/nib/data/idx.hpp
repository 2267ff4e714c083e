// IDX, the format of MNIST: a magic number (0, 0, type, rank), `rank` sizes of 32 bits, then the values row-major, all
// big-endian. Any type of IdxType, any rank from 0 (one value) to 255.
//
//   parse_idx   bytes in memory
//   load_idx    a file, read once into the memory where its values stay
//   save_idx    through AtomicFile
//
// What gzip has packed is unpacked on the way, whatever the file is called.
//
// Refused by Error: a file that is empty, starts otherwise, ends in its header, or holds more or fewer bytes than its
// header declares; a packed one that is damaged, or declares more than it can hold or than nib unpacks. Nothing is
// allocated before that is known; of a packed file memory grows with what comes out.
#pragma once

#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

enum class IdxType : std::uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0b, i32 = 0x0c, f32 = 0x0d, f64 = 0x0e };

// "" for a number that is no type.
constexpr std::string_view idx_type_name(IdxType type) {
    switch (type) {
        case IdxType::u8:
            return "u8";
        case IdxType::i8:
            return "i8";
        case IdxType::i16:
            return "i16";
        case IdxType::i32:
            return "i32";
        case IdxType::f32:
            return "f32";
        case IdxType::f64:
            return "f64";
    }
    return "";
}

// Bytes of one value.
constexpr std::size_t idx_type_size(IdxType type) {
    switch (type) {
        case IdxType::u8:
        case IdxType::i8:
            return 1;
        case IdxType::i16:
            return 2;
        case IdxType::i32:
        case IdxType::f32:
            return 4;
        case IdxType::f64:
            return 8;
    }
    return 0;
}

// The IdxType of T.
template <class T>
requires(std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> ||
         std::same_as<T, std::int32_t> || std::same_as<T, float> || std::same_as<T, double>) constexpr IdxType
    idx_type_of() {
    if constexpr (std::same_as<T, std::uint8_t>) return IdxType::u8;
    if constexpr (std::same_as<T, std::int8_t>) return IdxType::i8;
    if constexpr (std::same_as<T, std::int16_t>) return IdxType::i16;
    if constexpr (std::same_as<T, std::int32_t>) return IdxType::i32;
    if constexpr (std::same_as<T, float>) return IdxType::f32;
    return IdxType::f64;
}

struct Idx {
    IdxType type = IdxType::u8;
    std::vector<std::size_t> shape;
    AlignedVector<std::byte> data;  // in the machine's byte order
    std::string path;               // where it came from, for messages

    // Fails where T is not the type of the values.
    template <class T>
    std::span<const T> values() const {
        if (type != idx_type_of<T>())
            fail({path, ": byte 2: expected values of type ", idx_type_name(idx_type_of<T>()), ", found ",
                  idx_type_name(type)});
        return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
    }
};

// `path` is for messages.
Idx parse_idx(std::span<const std::byte> bytes, const std::string& path);

Idx load_idx(const std::string& path);

namespace detail {

// `data` is in the machine's byte order. Fails where it is not as large as type and shape say.
void save_idx_bytes(const std::string& path, IdxType type, std::span<const std::size_t> shape,
                    std::span<const std::byte> data);

}  // namespace detail

// Of type idx_type_of<T>().
template <class T>
void save_idx(const std::string& path, std::span<const std::size_t> shape, std::span<const T> values) {
    detail::save_idx_bytes(path, idx_type_of<T>(), shape,
                           {reinterpret_cast<const std::byte*>(values.data()), values.size_bytes()});
}

inline void save_idx(const std::string& path, const Idx& idx) {
    detail::save_idx_bytes(path, idx.type, {idx.shape.data(), idx.shape.size()}, {idx.data.data(), idx.data.size()});
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/detail/foreign_file.hpp>
#include <nib/io/detail/gzip.hpp>
#include <nib/io/detail/inflate.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <initializer_list>
#include <optional>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

struct IdxHeader {
    IdxType type = IdxType::u8;
    std::vector<std::size_t> shape;
    std::size_t bytes = 0;  // of all values
};

// An IDX file, from its start to its end; what gzip has packed comes out unpacked.
class IdxInput {
public:
    [[gnu::cold]] explicit IdxInput(ByteSource source) : file_{std::move(source)} {
        std::array<char, 2> start{};
        const std::size_t count = smaller(file_.source.size(), start.size());
        file_.source.read(0, {reinterpret_cast<std::byte*>(start.data()), count});
        if (is_gzip({start.data(), count})) gunzip_.emplace(path());
    }

    const std::string& path() const { return file_.source.path(); }
    bool is_packed() const { return gunzip_.has_value(); }
    std::size_t file_size() const { return file_.source.size(); }
    // Of a file that is not packed.
    std::size_t remaining() const { return file_.source.size() - file_.next; }

    // How many bytes went to the start of `to`: fewer than its size at the end alone.
    std::size_t read(std::span<std::byte> to) { return gunzip_ ? gunzip_->read(file_, to) : file_.read(to); }

private:
    struct File final : PackedInput {
        explicit File(ByteSource from) : source{std::move(from)} {}

        std::size_t read(std::span<std::byte> to) override {
            const std::size_t count = smaller(to.size(), source.size() - next);
            source.read(next, to.first(count));
            next += count;
            return count;
        }

        ByteSource source;
        std::size_t next = 0;
    };

    File file_;
    std::optional<Gunzip> gunzip_;
};

[[gnu::cold]] inline std::string idx_shape_text(ArrayView<std::size_t> shape) {
    constexpr std::size_t longest = 8;
    std::string text;
    for (std::size_t i = 0; i < shape.size() && i < longest; ++i) append_parts(text, {i > 0 ? "x" : "", shape[i]});
    append_parts(text, {shape.empty() ? "1" : shape.size() > longest ? "x..." : ""});
    return text;
}

// False where the number of bytes overflows.
inline bool idx_size(IdxType type, ArrayView<std::size_t> shape, std::size_t& bytes) {
    bytes = idx_type_size(type);
    for (const std::size_t size : shape)
        if (!multiply_sizes(bytes, size, bytes)) return false;
    return true;
}

// Type and rank.
[[gnu::cold]] inline std::pair<IdxType, std::size_t> read_idx_magic(IdxInput& input) {
    const std::string& path = input.path();
    std::array<std::byte, 4> magic{};
    const std::size_t count = input.read(magic);
    if (count == 0) fail({path, ": byte 0: expected an IDX file, found an empty one"});
    if (magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
        std::array<std::byte, 4 + foreign_file_start> start{};
        copy_values(magic.data(), count, start.data());
        const std::size_t more = input.read({start.data() + count, foreign_file_start});
        refuse_foreign_file(path, {reinterpret_cast<const char*>(start.data()), count + more});
        fail({path, ": byte 0: expected an IDX file, which starts with two zero bytes, found ",
              std::to_integer<int>(magic[0]), " ", std::to_integer<int>(magic[1])});
    }
    if (count < magic.size())
        fail({path, ": byte ", count, ": expected the 4 bytes that start an IDX file, found its end"});
    const auto type = static_cast<IdxType>(magic[2]);
    if (idx_type_name(type).empty())
        fail({path, ": byte 2: expected an IDX type (8, 9, 11, 12, 13 or 14), found ", std::to_integer<int>(magic[2])});
    return {type, std::to_integer<std::size_t>(magic[3])};
}

// `held`: what the file holds in place of the bytes that the header declares.
[[noreturn, gnu::cold]] inline void refuse_idx_size(const std::string& path, const IdxHeader& header,
                                                    std::initializer_list<TextPart> held) {
    const char* what = header.type == IdxType::u8 && header.shape.size() == 3 ? " bytes of pixels" : " bytes of values";
    std::size_t bytes = 0;
    const bool fits = idx_size(header.type, header.shape, bytes);
    fail({path, ": byte 4: header declares ", idx_shape_text(header.shape), " (", fits ? join({bytes}) : "too many",
          what, "), the file holds ", join(held)});
}

// Leaves `input` at its first value, and certain that it holds exactly what the header declares; or, when it is packed,
// that it may.
[[gnu::cold]] inline IdxHeader read_idx_header(IdxInput& input) {
    const std::string& path = input.path();
    const auto [type, rank] = read_idx_magic(input);
    std::array<std::byte, 255 * 4> sizes{};
    if (const std::size_t count = input.read({sizes.data(), rank * 4}); count < rank * 4)
        fail({path, ": byte 4: expected ", rank, " sizes of 4 bytes each, the file holds ", count, " bytes"});
    IdxHeader header{type, std::vector<std::size_t>(rank), 0};
    for (std::size_t i = 0; i < rank; ++i)
        header.shape[i] = load_number<std::uint32_t>(sizes.data() + 4 * i, std::endian::big);
    const bool fits = idx_size(type, header.shape, header.bytes);
    if (!input.is_packed()) {
        if (!fits || header.bytes != input.remaining()) refuse_idx_size(path, header, {input.remaining()});
        return header;
    }
    if (!fits || header.bytes / most_inflated > input.file_size())
        refuse_idx_size(path, header, {input.file_size(), " compressed ones, which cannot hold that"});
    if (!may_unpack(header.bytes, input.file_size()))
        refuse_idx_size(path, header,
                        {input.file_size(),
                         " compressed ones, expected at most 128 MiB or 32 times as many: unpack it with gunzip"});
    return header;
}

// Reads the values that the header declares to `bytes`, which is empty, and finds the end behind them.
template <class Bytes>
void read_idx_values(IdxInput& input, const IdxHeader& header, Bytes& bytes) {
    if (!input.is_packed()) {
        bytes.resize(header.bytes);
        static_cast<void>(input.read({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()}));
        return;
    }
    constexpr std::size_t step = std::size_t{1} << 20;
    bytes.reserve(header.bytes);  // addresses alone
    while (bytes.size() < header.bytes) {
        const std::size_t before = bytes.size();
        const std::size_t more = smaller(step, header.bytes - before);
        bytes.resize(before + more);
        const std::size_t count = input.read({reinterpret_cast<std::byte*>(bytes.data()) + before, more});
        if (count < more) refuse_idx_size(input.path(), header, {before + count, " when unpacked"});
    }
    std::byte beyond[1];
    if (input.read(beyond) != 0) refuse_idx_size(input.path(), header, {"more when unpacked"});
}

// Between the file's byte order and the machine's, in either direction.
inline void swap_idx_values(std::span<std::byte> data, IdxType type) {
    const std::size_t size = idx_type_size(type);
    if (std::endian::native == std::endian::big || size == 1) return;
    for (std::size_t i = 0; i < data.size(); i += size)
        for (std::size_t j = 0; j < size / 2; ++j) std::swap(data[i + j], data[i + size - 1 - j]);
}

inline Idx read_idx(IdxInput input) {
    IdxHeader header = read_idx_header(input);
    Idx idx{header.type, {}, {}, input.path()};
    read_idx_values(input, header, idx.data);
    idx.shape = std::move(header.shape);
    swap_idx_values({idx.data.data(), idx.data.size()}, idx.type);
    return idx;
}

// `data` is in the machine's byte order. Fails where it is not as large as type and shape say.
[[gnu::cold]] inline void write_idx(AtomicFile& file, const std::string& path, IdxType type,
                                    std::span<const std::size_t> shape, std::span<const std::byte> data) {
    std::size_t bytes = 0;
    if (!idx_size(type, shape, bytes) || bytes != data.size())
        fail({path, ": expected the values of ", idx_shape_text(shape), " ", idx_type_name(type), ", found ",
              data.size(), " bytes"});
    if (shape.size() > 255) fail({path, ": expected at most 255 dimensions, found ", shape.size()});
    std::vector<std::byte> header(4 + 4 * shape.size());
    header[2] = static_cast<std::byte>(type);
    header[3] = static_cast<std::byte>(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] > 0xffffffffu) fail({path, ": IDX sizes have 32 bits, found ", shape[i]});
        store_number(header.data() + 4 + 4 * i, static_cast<std::uint32_t>(shape[i]), std::endian::big);
    }
    file.write(bytes_of(header));
    if (idx_type_size(type) == 1) return file.write(data);
    std::vector<std::byte> swapped(data.data(), data.data() + data.size());
    swap_idx_values({swapped.data(), swapped.size()}, type);
    file.write(bytes_of(swapped));
}

NIB_API void save_idx_bytes(const std::string& path, IdxType type, std::span<const std::size_t> shape,
                            std::span<const std::byte> data) {
    AtomicFile file{path};
    write_idx(file, path, type, shape, data);
    file.commit();
}

}  // namespace detail

NIB_API Idx parse_idx(std::span<const std::byte> bytes, const std::string& path) {
    return detail::read_idx(detail::IdxInput{ByteSource{bytes, path}});
}

NIB_API Idx load_idx(const std::string& path) { return detail::read_idx(detail::IdxInput{ByteSource{path}}); }

}  // namespace nib::inline NIB_ABI

#endif
