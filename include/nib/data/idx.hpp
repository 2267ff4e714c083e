// IDX, the format of MNIST: a magic number (0, 0, type, rank), `rank` sizes of 32 bits, then the values row-major, all
// big-endian. Any type of IdxType, any rank from 0 (one value) to 255.
//
//   parse_idx   bytes in memory
//   load_idx    a file, read once into the memory where its values stay
//   save_idx    through AtomicFile
//
// Refused by Error: a file that is empty, compressed, starts otherwise, ends in its header, or holds more or fewer
// bytes than its header declares. Nothing is allocated before that is known.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>

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
            fail(path + ": byte 2: expected values of type " + std::string(idx_type_name(idx_type_of<T>())) +
                 ", found " + std::string(idx_type_name(type)));
        return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
    }
};

// `path` is for messages.
NIB_API Idx parse_idx(std::span<const std::byte> bytes, const std::string& path);

NIB_API Idx load_idx(const std::string& path);

namespace detail {

// `data` is in the machine's byte order. Fails where it is not as large as type and shape say.
NIB_API void save_idx_bytes(const std::string& path, IdxType type, std::span<const std::size_t> shape,
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

#include <nib/core/algorithm.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/file.hpp>
#include <nib/io/foreign_file.hpp>

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

struct IdxHeader {
    IdxType type = IdxType::u8;
    std::vector<std::size_t> shape;
    std::size_t bytes = 0;  // of all values
};

// Memory that is read as an InputFile is.
class InputMemory {
public:
    InputMemory(std::span<const std::byte> bytes, std::string path) : rest_{bytes}, path_{std::move(path)} {}

    const std::string& path() const { return path_; }
    std::size_t remaining() const { return rest_.size(); }
    // There are at least as many bytes left.
    void read(std::span<std::byte> bytes) {
        if (!bytes.empty()) std::memcpy(bytes.data(), rest_.data(), bytes.size());
        rest_ = rest_.subspan(bytes.size());
    }

private:
    std::span<const std::byte> rest_;
    std::string path_;
};

inline std::string idx_shape_text(std::span<const std::size_t> shape) {
    constexpr std::size_t longest = 8;
    std::string text;
    for (std::size_t i = 0; i < shape.size() && i < longest; ++i) append_to_list(text, "x", std::to_string(shape[i]));
    return text.empty() ? "1" : shape.size() > longest ? text + "x..." : text;
}

// False where the number of bytes overflows.
inline bool idx_size(IdxType type, std::span<const std::size_t> shape, std::size_t& bytes) {
    bytes = idx_type_size(type);
    for (const std::size_t size : shape)
        if (!multiply_sizes(bytes, size, bytes)) return false;
    return true;
}

// Type and rank.
template <class Input>
std::pair<IdxType, std::size_t> read_idx_magic(Input& input) {
    const std::string& path = input.path();
    std::array<std::byte, 4> magic{};
    const std::size_t count = smaller(input.remaining(), magic.size());
    if (count == 0) fail(path + ": byte 0: expected an IDX file, found an empty one");
    input.read({magic.data(), count});
    if (magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
        std::string start(count + smaller(input.remaining(), foreign_file_start), '\0');
        copy_values(reinterpret_cast<const char*>(magic.data()), count, start.data());
        input.read({reinterpret_cast<std::byte*>(start.data()) + count, start.size() - count});
        refuse_foreign_file(path, start);
        fail(path + ": byte 0: expected an IDX file, which starts with two zero bytes, found " +
             std::to_string(std::to_integer<int>(magic[0])) + " " + std::to_string(std::to_integer<int>(magic[1])));
    }
    if (count < magic.size())
        fail(path + ": byte " + std::to_string(count) + ": expected the 4 bytes that start an IDX file, found its end");
    const auto type = static_cast<IdxType>(magic[2]);
    if (idx_type_name(type).empty())
        fail(path + ": byte 2: expected an IDX type (8, 9, 11, 12, 13 or 14), found " +
             std::to_string(std::to_integer<int>(magic[2])));
    return {type, std::to_integer<std::size_t>(magic[3])};
}

// Leaves `input` at its first value, and certain that it holds exactly what the header declares.
template <class Input>
IdxHeader read_idx_header(Input& input) {
    const std::string& path = input.path();
    const auto [type, rank] = read_idx_magic(input);
    std::array<std::byte, 255 * 4> sizes{};
    if (input.remaining() < rank * 4)
        fail(path + ": byte 4: expected " + std::to_string(rank) + " sizes of 4 bytes each, the file holds " +
             std::to_string(input.remaining()) + " bytes");
    input.read({sizes.data(), rank * 4});
    IdxHeader header{type, std::vector<std::size_t>(rank), 0};
    for (std::size_t i = 0; i < rank; ++i)
        header.shape[i] = load_number<std::uint32_t>(sizes.data() + 4 * i, std::endian::big);
    const std::span<const std::size_t> shape{header.shape.data(), rank};
    const bool fits = idx_size(type, shape, header.bytes);
    if (!fits || header.bytes != input.remaining()) {
        const char* what = type == IdxType::u8 && rank == 3 ? " bytes of pixels" : " bytes of values";
        fail(path + ": byte 4: header declares " + idx_shape_text(shape) + " (" +
             (fits ? std::to_string(header.bytes) : "too many") + what + "), the file holds " +
             std::to_string(input.remaining()));
    }
    return header;
}

// Between the file's byte order and the machine's, in either direction.
inline void swap_idx_values(std::span<std::byte> data, IdxType type) {
    const std::size_t size = idx_type_size(type);
    if (std::endian::native == std::endian::big || size == 1) return;
    for (std::size_t i = 0; i < data.size(); i += size)
        for (std::size_t j = 0; j < size / 2; ++j) std::swap(data[i + j], data[i + size - 1 - j]);
}

template <class Input>
Idx read_idx(Input& input) {
    IdxHeader header = read_idx_header(input);
    Idx idx{header.type, std::move(header.shape), AlignedVector<std::byte>(header.bytes), input.path()};
    const std::span<std::byte> data{idx.data.data(), idx.data.size()};
    input.read(data);
    swap_idx_values(data, idx.type);
    return idx;
}

// `data` is in the machine's byte order. Fails where it is not as large as type and shape say.
inline void write_idx(AtomicFile& file, const std::string& path, IdxType type, std::span<const std::size_t> shape,
                      std::span<const std::byte> data) {
    std::size_t bytes = 0;
    if (!idx_size(type, shape, bytes) || bytes != data.size())
        fail(path + ": expected the values of " + idx_shape_text(shape) + " " + std::string(idx_type_name(type)) +
             ", found " + std::to_string(data.size()) + " bytes");
    if (shape.size() > 255) fail(path + ": expected at most 255 dimensions, found " + std::to_string(shape.size()));
    std::vector<std::byte> header(4 + 4 * shape.size());
    header[2] = static_cast<std::byte>(type);
    header[3] = static_cast<std::byte>(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] > 0xffffffffu) fail(path + ": IDX sizes have 32 bits, found " + std::to_string(shape[i]));
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
    detail::InputMemory memory{bytes, path};
    return detail::read_idx(memory);
}

NIB_API Idx load_idx(const std::string& path) {
    InputFile file{path};
    return detail::read_idx(file);
}

}  // namespace nib::inline NIB_ABI

#endif
