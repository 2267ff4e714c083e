// Arrays in NumPy's .npy files: format versions 1, 2 and 3; all types that NumPy and nib share (not bfloat16, which
// NumPy lacks), either byte order, C and Fortran order.
//
//   open_npy(path)                 a TensorFile of one tensor, named after the file, without .npy
//   load_npy<T>(path)              all numbers of an array, row-major. T (float, double, int32_t, int64_t or uint8_t)
//                                  is the type in the file, nothing is converted
//   parse_npy, parse_npy<T>        the same from bytes in memory
//   save_npy(path, tensor)         as numpy.save writes it: version 1, C order, little-endian
//   save_npy(path, shape, values)  the same
//
// Refused by Error: another type (both are named), a header that is not the dictionary of 'descr', 'fortran_order' and
// 'shape' that NumPy reads, or has more than 65535 bytes, and data of another size than the shape's.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// What T may be below.
template <class T>
concept NpyNumber = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

template <NpyNumber T>
struct NpyArray {
    std::vector<std::size_t> shape;  // [] is one number
    std::vector<T> values;           // row-major
};

[[nodiscard]] TensorFile open_npy(const std::string& path);

// `bytes` must outlive the result; `path` is for messages and the tensor's name.
[[nodiscard]] TensorFile parse_npy(std::span<const std::byte> bytes, const std::string& path);

template <NpyNumber T>
NpyArray<T> parse_npy(std::span<const std::byte> bytes, const std::string& path);

template <NpyNumber T>
NpyArray<T> load_npy(const std::string& path);

// The tensor's name is not written.
void save_npy(const std::string& path, const Tensor& tensor);

template <NpyNumber T>
void save_npy(const std::string& path, const std::vector<std::size_t>& shape, std::span<const T> values);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// In Dtype's order; "" where NumPy has no such type, or it is complex.
inline constexpr std::string_view npy_descrs[dtype_count] = {"|b1", "",    "", "",    "|u1", "|i1", "", "",
                                                             "",    "",    "", "<i2", "<u2", "<f2", "", "<i4",
                                                             "<u4", "<f4", "", "<f8", "<i8", "<u8"};

template <NpyNumber T>
constexpr Dtype dtype_of() {
    if constexpr (std::same_as<T, float>) return Dtype::f32;
    if constexpr (std::same_as<T, double>) return Dtype::f64;
    if constexpr (std::same_as<T, std::int32_t>) return Dtype::i32;
    if constexpr (std::same_as<T, std::int64_t>) return Dtype::i64;
    if constexpr (std::same_as<T, std::uint8_t>) return Dtype::u8;
}

// That of an array of numbers has less than a thousand.
inline constexpr std::size_t most_npy_header = 65535;

struct NpyHeader {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::size_t> shape;
    std::size_t size = 0;  // bytes before the data
};

// The Python dictionary in the header, in any spelling that writers of .npy files use: keys in any order, either
// quotes, white space where Python allows it, 2L for 2. `name` starts every message.
class NpyDictReader {
public:
    NpyDictReader(std::string_view text, const std::string& name, std::size_t offset)
        : text_{text}, name_{name}, offset_{offset} {}

    NpyHeader read() {
        NpyHeader header;
        bool has_descr = false, has_order = false, has_shape = false;
        expect('{');
        while (!accept('}')) {
            skip_space();
            const std::size_t key_position = position_;
            const std::string key = string();
            expect(':');
            if (key == "descr" && !has_descr) {
                header.descr = type();
                has_descr = true;
            } else if (key == "fortran_order" && !has_order) {
                header.fortran_order = boolean();
                has_order = true;
            } else if (key == "shape" && !has_shape) {
                header.shape = tuple();
                has_shape = true;
            } else {
                position_ = key_position;
                fail_expected("'descr', 'fortran_order' and 'shape', each once");
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (position_ != text_.size()) fail_expected("nothing but white space behind the '}'");
        if (!has_descr || !has_order || !has_shape) fail_expected("'descr', 'fortran_order' and 'shape' before this");
        header.size = offset_ + text_.size();
        return header;
    }

private:
    void skip_space() {
        while (position_ < text_.size() &&
               std::string_view{" \t\r\n\f"}.find(text_[position_]) != std::string_view::npos)
            ++position_;
    }

    bool accept(std::string_view word) {
        skip_space();
        if (text_.substr(position_, word.size()) != word) return false;
        position_ += word.size();
        return true;
    }
    bool accept(char c) { return accept(std::string_view(&c, 1)); }

    void expect(char c) {
        if (!accept(c)) fail_expected(format_quoted(std::string_view(&c, 1)));
    }

    // 'x', "x", or u'x' as Python 2 wrote it.
    std::string string() {
        skip_space();
        const std::size_t start = position_;
        if (!accept('u')) accept('U');
        const char quote = position_ < text_.size() ? text_[position_] : '\0';
        const std::size_t end =
            quote == '\'' || quote == '"' ? text_.find(quote, position_ + 1) : std::string_view::npos;
        const std::string_view content = text_.substr(smaller(position_ + 1, text_.size()), end - position_ - 1);
        if (end == std::string_view::npos || content.find_first_of("\\\n") != std::string_view::npos) {
            position_ = start;
            fail_expected("a string in quotes without escapes");
        }
        position_ = end + 1;
        return std::string(content);
    }

    // The value of 'descr'; for an array of records it is a list.
    std::string type() {
        skip_space();
        if (position_ < text_.size() && (text_[position_] == '[' || text_[position_] == '('))
            fail_expected("the type of one number, as an array of records or of parts has none");
        return string();
    }

    bool boolean() {
        if (accept("True")) return true;
        if (accept("False")) return false;
        fail_expected("True or False");
    }

    // 2, or 2L as Python 2 wrote it.
    std::size_t size() {
        skip_space();
        const std::size_t end = smaller(text_.find_first_not_of("0123456789", position_), text_.size());
        const auto value = parse_number<std::size_t>(text_.substr(position_, end - position_));
        if (!value) fail_expected("a size");
        position_ = end;
        if (text_.substr(position_, 1) == "L") ++position_;
        return *value;
    }

    // (), (3,), (2, 3) or (2, 3,).
    std::vector<std::size_t> tuple() {
        std::vector<std::size_t> sizes;
        expect('(');
        while (!accept(')')) {
            sizes.push_back(size());
            if (accept(',')) continue;
            if (sizes.size() == 1) fail_expected("','");  // (3) is no tuple
            expect(')');
            break;
        }
        return sizes;
    }

    [[noreturn]] void fail_expected(const std::string& what) const {
        const std::string_view rest = text_.substr(position_);
        fail({name_, ": byte ", offset_ + position_, ": expected ", what, ", found ",
              (rest.empty() ? "the header's end" : format_quoted(rest.substr(0, 20)))});
    }

    std::string_view text_;
    const std::string& name_;
    std::size_t offset_;
    std::size_t position_ = 0;
};

// A range of a source that holds an .npy file, what messages call it, and what its array is called.
struct NpyPlace {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::string name;
    std::string tensor;
};

inline NpyHeader read_npy_header(ByteSource& source, const NpyPlace& place) {
    std::byte start[12];
    const std::size_t held = smaller(place.size, sizeof start);
    source.read(place.begin, {start, held});
    const std::string_view text{reinterpret_cast<const char*>(start), held};
    if (!text.starts_with("\x93NUMPY"))
        fail({place.name, ": byte 0: expected an .npy file, which starts with 93 'NUMPY'"});
    if (text.size() < sizeof start) fail({place.name, ": byte ", held, ": expected a header, found the end"});
    const int format = static_cast<unsigned char>(text[6]);
    const int revision = static_cast<unsigned char>(text[7]);
    if (format < 1 || format > 3 || revision != 0)
        fail({place.name, ": byte 6: expected version 1.0, 2.0 or 3.0 of the .npy format, found ", format, ".",
              revision});
    const std::size_t dict_begin = format == 1 ? 10 : 12;
    const std::size_t length = format == 1 ? load_number<std::uint16_t>(start + 8, std::endian::little)
                                           : load_number<std::uint32_t>(start + 8, std::endian::little);
    if (length > place.size - dict_begin)
        fail({place.name, ": byte 8: the header declares ", length, " bytes, the file holds ", place.size - dict_begin,
              " after it"});
    if (length > most_npy_header)
        fail({place.name, ": byte 8: expected a header of at most ", most_npy_header, " bytes, found one of ", length});
    std::string dict(length, '\0');
    source.read(place.begin + dict_begin, {reinterpret_cast<std::byte*>(dict.data()), length});
    return NpyDictReader{dict, place.name, dict_begin}.read();
}

// A type's name without the sign of its byte order.
inline std::string_view npy_type(std::string_view descr) {
    if (!descr.empty() && std::string_view{"<>=|"}.find(descr[0]) != std::string_view::npos) descr.remove_prefix(1);
    return descr;
}

// What NumPy also calls its types, in one letter or in words.
struct NpyTypeName {
    std::string_view name;
    Dtype dtype;
};
inline constexpr std::array npy_letters = std::to_array<NpyTypeName>({{"?", Dtype::boolean},
                                                                      {"b", Dtype::i8},
                                                                      {"B", Dtype::u8},
                                                                      {"h", Dtype::i16},
                                                                      {"H", Dtype::u16},
                                                                      {"i", Dtype::i32},
                                                                      {"I", Dtype::u32},
                                                                      {"q", Dtype::i64},
                                                                      {"Q", Dtype::u64},
                                                                      {"e", Dtype::f16},
                                                                      {"f", Dtype::f32},
                                                                      {"d", Dtype::f64}});

// The type that `descr` names, and its byte order: '<' little, '>' big; '=', '|' or none are those of the machine that
// wrote the file, which is taken to be little-endian, as nearly all are. (For a type of one byte all mean the same.)
inline Dtype read_npy_descr(const std::string& descr, std::endian& order, const std::string& name) {
    order = descr.starts_with('>') ? std::endian::big : std::endian::little;
    const std::string_view type = npy_type(descr);
    for (std::size_t i = 0; i < dtype_count; ++i)
        if (!npy_descrs[i].empty() && (type == npy_type(npy_descrs[i]) || descr == dtype_facts[i].torch_name))
            return static_cast<Dtype>(i);
    for (const NpyTypeName& letter : npy_letters)
        if (type == letter.name) return letter.dtype;
    const bool objects = type == "O" || type == "O8" || type == "O4";
    fail({name, ": byte 8: expected an array of real numbers of up to 64 bits, or of booleans, found ",
          (objects ? "one of Python's objects: save it as numbers, with astype" : "the type " + format_quoted(descr))});
}

inline TensorInfo read_npy_tensor(ByteSource& source, NpyPlace place) {
    NpyHeader header = read_npy_header(source, place);
    std::endian order{};
    const Dtype dtype = read_npy_descr(header.descr, order, place.name);
    std::size_t bytes = 0;
    const bool fits = tensor_size(dtype, header.shape, bytes);
    const std::size_t held = place.size - header.size;
    if (!fits || bytes != held)
        fail({place.name, ": byte ", header.size, ": expected ",
              (fits ? std::to_string(bytes) + " bytes of data" : "a shape whose size does not overflow"),
              ", the file holds ", held});
    std::vector<std::size_t> strides = row_major_strides(header.shape);
    if (header.fortran_order) {
        std::size_t stride = 1;
        for (std::size_t i = 0; i < strides.size(); stride *= header.shape[i++]) strides[i] = stride;
    }
    return {std::move(place.tensor),   dtype, std::move(header.shape), std::move(strides),
            place.begin + header.size, order};
}

// "data/x.npy" is "x".
inline std::string npy_tensor_name(const std::string& path) {
    const std::size_t slash = path.find_last_of("/\\");
    std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    return name;
}

inline TensorFile read_npy(ByteSource source) {
    std::vector<TensorInfo> tensors;
    const std::string path = source.path();
    tensors.push_back(read_npy_tensor(source, {0, source.size(), path, npy_tensor_name(path)}));
    return {std::move(source), "npy", std::move(tensors)};
}

// What the file of a tensor starts with; its data follows. `name` is for messages.
inline std::string make_npy_header(const Tensor& tensor, const std::string& name) {
    const std::string_view descr = npy_descrs[static_cast<std::size_t>(tensor.dtype)];
    if (descr.empty())
        fail({name, ": tensor ", tensor_label(tensor.name), " is ", torch_dtype_name(tensor.dtype),
              (tensor.dtype == Dtype::c64 ? ", which is not written to NumPy's files" : ", a type that NumPy lacks")});
    std::string shape;
    for (const std::size_t size : tensor.shape) append_to_list(shape, ", ", std::to_string(size));
    if (tensor.shape.size() == 1) shape += ',';
    std::string dict = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    constexpr std::size_t before = 10, alignment = 64;
    dict.append((alignment - (before + dict.size() + 1) % alignment) % alignment, ' ');
    dict += '\n';
    if (dict.size() > 65535)
        fail({name, ": tensor ", tensor_label(tensor.name), " has more dimensions than an .npy file can hold"});
    std::byte length[2];
    store_number(length, static_cast<std::uint16_t>(dict.size()), std::endian::little);
    return "\x93NUMPY" + std::string("\x01\0", 2) + std::string(reinterpret_cast<const char*>(length), 2) + dict;
}

template <class T>
NpyArray<T> npy_array(TensorFile file) {
    constexpr Dtype dtype = dtype_of<T>();
    const TensorInfo& tensor = file.tensors()[0];
    if (tensor.dtype != dtype)
        fail({file.path(), ": byte 8: expected an array of ", torch_dtype_name(dtype), ", found ",
              torch_dtype_name(tensor.dtype)});
    const std::vector<std::byte> bytes = file.bytes(tensor);
    NpyArray<T> array{tensor.shape, std::vector<T>(bytes.size() / sizeof(T))};
    for (std::size_t i = 0; i < array.values.size(); ++i)
        array.values[i] = load_number<T>(bytes.data() + i * sizeof(T), std::endian::little);
    return array;
}

}  // namespace detail

NIB_API TensorFile open_npy(const std::string& path) { return detail::read_npy(detail::open_tensor_source(path)); }

NIB_API TensorFile parse_npy(std::span<const std::byte> bytes, const std::string& path) {
    return detail::read_npy(ByteSource{bytes, path});
}

template <NpyNumber T>
NpyArray<T> parse_npy(std::span<const std::byte> bytes, const std::string& path) {
    return detail::npy_array<T>(parse_npy(bytes, path));
}

template <NpyNumber T>
NpyArray<T> load_npy(const std::string& path) {
    return detail::npy_array<T>(open_npy(path));
}

NIB_API void save_npy(const std::string& path, const Tensor& tensor) {
    detail::check_tensors_to_save(path, {&tensor, 1});
    const std::string header = detail::make_npy_header(tensor, path);
    AtomicFile file{path};
    file.write(bytes_of(header));
    file.write(tensor.data);
    file.commit();
}

template <NpyNumber T>
void save_npy(const std::string& path, const std::vector<std::size_t>& shape, std::span<const T> values) {
    const std::vector<std::byte> bytes = tensor_bytes<T>(values);
    save_npy(path, {"", detail::dtype_of<T>(), shape, {bytes.data(), bytes.size()}});
}

}  // namespace nib::inline NIB_ABI

#endif
