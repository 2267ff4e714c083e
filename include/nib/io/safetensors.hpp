// Tensors by name, in safetensors files (https://github.com/huggingface/safetensors), little-endian and row-major.
//
//   parse_safetensors   bytes in memory; the tensors are views of them
//   load_safetensors    a file; the result owns its bytes
//   save_safetensors    laid out as the reference writer does: by dtype, largest alignment first, then by name; the
//                       header padded with spaces to a multiple of 8
//   values<T>           a tensor's numbers, tensor_bytes the way back
//
// Refused by Error: a header of more than 100,000,000 bytes or more than the file holds, that is not strict JSON of
// UTF-8 starting with '{' and ending in nothing but spaces; an entry without dtype, shape or data_offsets, or with
// anything else; a size that overflows; offsets that do not fit dtype and shape; tensors that overlap, leave a hole or
// do not end where the file ends; metadata that is not strings.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>
#include <nib/core/storage.hpp>
#include <nib/core/text.hpp>
#include <nib/io/file.hpp>
#include <nib/io/json.hpp>
#include <nib/io/strings.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// In the reference implementation's order, which is the order of tensors in a file, reversed.
enum class Dtype { boolean, u8, i8, f8_e5m2, f8_e4m3, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64 };

namespace detail {

inline constexpr std::size_t dtype_count = 15;
inline constexpr std::string_view dtype_names[dtype_count] = {
    "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64"};
inline constexpr std::size_t dtype_sizes[dtype_count] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 8, 8, 8};

}  // namespace detail

constexpr std::string_view dtype_name(Dtype dtype) { return detail::dtype_names[static_cast<std::size_t>(dtype)]; }

// Bytes of one element.
constexpr std::size_t dtype_size(Dtype dtype) { return detail::dtype_sizes[static_cast<std::size_t>(dtype)]; }

constexpr std::optional<Dtype> dtype_named(std::string_view name) {
    for (std::size_t i = 0; i < detail::dtype_count; ++i)
        if (detail::dtype_names[i] == name) return static_cast<Dtype>(i);
    return std::nullopt;
}

struct Tensor {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<std::size_t> shape;   // [] is one number
    std::span<const std::byte> data;  // someone else's; little-endian, row-major, not aligned
};

// A file's tensors in the order of their data. Moved, never copied: a loaded file's tensors point into it.
class Safetensors {
public:
    using Metadata = StringMap;

    Safetensors(Safetensors&&) = default;
    Safetensors& operator=(Safetensors&&) = default;

    const std::string& path() const { return path_; }
    std::span<const Tensor> tensors() const { return {tensors_.data(), tensors_.size()}; }
    const Metadata& metadata() const { return metadata_; }

    // Null where there is none of that name.
    const Tensor* find(std::string_view name) const {
        const std::size_t found = first_not(by_name_.size(), [&](std::size_t i) { return by_name_[i]->name < name; });
        return found < by_name_.size() && by_name_[found]->name == name ? by_name_[found] : nullptr;
    }

    friend Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& path);
    friend Safetensors load_safetensors(const std::string& path);

private:
    Safetensors() = default;

    std::string path_;
    std::vector<Tensor> tensors_;
    std::vector<const Tensor*> by_name_;  // tensors_, in the order of their names
    Metadata metadata_;
    AlignedVector<std::byte> bytes_;  // what tensors_ point into, unless the caller keeps it
};

namespace detail {

inline constexpr std::size_t max_safetensors_header = 100'000'000;
inline constexpr std::string_view metadata_key = "__metadata__";

inline std::string tensor_label(std::string_view name) {
    std::string label = in_quotes(name);
    label.front() = label.back() = '"';
    return label;
}

// False where the number of bytes overflows.
inline bool tensor_size(Dtype dtype, const std::vector<std::size_t>& shape, std::size_t& bytes) {
    bytes = 1;
    for (const std::size_t size : shape)
        if (!multiply_sizes(bytes, size, bytes)) return false;
    return multiply_sizes(bytes, dtype_size(dtype), bytes);
}

inline std::string safetensors_list(const std::vector<std::size_t>& sizes) {
    constexpr std::size_t longest = 8;
    std::string text;
    for (std::size_t i = 0; i < sizes.size() && i < longest; ++i) append_to_list(text, ", ", std::to_string(sizes[i]));
    return "[" + text + (sizes.size() > longest ? ", ...]" : "]");
}

// The header's text; what follows it is the data.
inline std::string_view read_safetensors_header(std::span<const std::byte> bytes, const std::string& path) {
    if (bytes.size() < 8)
        fail(path + ": byte 0: expected the 8 bytes of a safetensors header's length, the file holds " +
             std::to_string(bytes.size()));
    const auto length = load_number<std::uint64_t>(bytes.data(), std::endian::little);
    if (length > max_safetensors_header)
        fail(path + ": is no safetensors file: byte 0: expected a header of at most " +
             std::to_string(max_safetensors_header) + " bytes, found a length of " + std::to_string(length));
    if (length > bytes.size() - 8)
        fail(path + ": byte 0: the header declares " + std::to_string(length) + " bytes, the file holds " +
             std::to_string(bytes.size() - 8) + " after it");
    const std::string_view header{reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length)};
    if (!header.starts_with('{'))
        fail(path + ": byte 8: expected a safetensors header that starts with '{', found " +
             in_quotes(header.substr(0, 1)));
    return header;
}

inline std::vector<std::size_t> read_safetensors_sizes(JsonReader& json) {
    std::vector<std::size_t> sizes;
    json.array([&] { sizes.push_back(json.integer<std::size_t>()); });
    return sizes;
}

// One entry of the header; `data` is all that follows the header.
inline Tensor read_safetensors_tensor(JsonReader& json, const std::string& name, std::span<const std::byte> data) {
    const std::size_t start = json.position();
    const auto refuse = [&](const std::string& why) {
        json.fail_at(start, "tensor " + tensor_label(name) + ": " + why);
    };
    std::string type_name;
    std::vector<std::size_t> shape, offsets;
    bool has_type = false, has_shape = false, has_offsets = false;
    json.object([&](const std::string& key) {
        if (key == "dtype") {
            type_name = json.string();
            has_type = true;
        } else if (key == "shape") {
            shape = read_safetensors_sizes(json);
            has_shape = true;
        } else if (key == "data_offsets") {
            offsets = read_safetensors_sizes(json);
            has_offsets = true;
        } else {
            refuse("expected dtype, shape and data_offsets alone, found " + in_quotes(key));
        }
    });
    const char* missing = !has_type ? "dtype" : !has_shape ? "shape" : !has_offsets ? "data_offsets" : nullptr;
    if (missing != nullptr) refuse(std::string("expected dtype, shape and data_offsets, found no ") + missing);
    const std::optional<Dtype> dtype = dtype_named(type_name);
    if (!dtype) refuse("dtype " + in_quotes(type_name) + " is not known");
    const std::string place = "data_offsets " + safetensors_list(offsets);
    if (offsets.size() != 2) refuse("expected two numbers, found " + place);
    const std::size_t begin = offsets.front();
    const std::size_t end = offsets.back();
    if (begin > end || end > data.size())
        refuse(place + " lie outside the " + std::to_string(data.size()) + " bytes of data");
    const std::string what = "shape " + safetensors_list(shape) + " of " + std::string(dtype_name(*dtype));
    std::size_t bytes = 0;
    if (!tensor_size(*dtype, shape, bytes)) refuse(what + " overflows");
    if (bytes != end - begin)
        refuse(what + " takes " + std::to_string(bytes) + " bytes, " + place + " hold " + std::to_string(end - begin));
    return {name, *dtype, std::move(shape), data.subspan(begin, bytes)};
}

using TensorOrder = bool (*)(const Tensor&, const Tensor&);

inline bool name_before(const Tensor& a, const Tensor& b) { return a.name < b.name; }

inline bool place_before(const Tensor& a, const Tensor& b) {
    if (a.data.data() != b.data.data()) return a.data.data() < b.data.data();
    return a.data.size() != b.data.size() ? a.data.size() < b.data.size() : name_before(a, b);
}

// As the reference writer lays them out.
inline bool written_before(const Tensor& a, const Tensor& b) {
    return a.dtype != b.dtype ? a.dtype > b.dtype : name_before(a, b);
}

inline std::vector<const Tensor*> sorted_tensors(std::span<const Tensor> tensors, TensorOrder before) {
    std::vector<const Tensor*> order;
    for (const Tensor& tensor : tensors) order.push_back(&tensor);
    sort_values(order.data(), order.size(), [before](const Tensor* a, const Tensor* b) { return before(*a, *b); });
    return order;
}

// Tensors sorted by their place cover `data` without hole or overlap.
inline void check_safetensors_coverage(std::span<const Tensor> tensors, std::span<const std::byte> data,
                                       std::size_t header_end, const std::string& path) {
    std::size_t covered = 0;
    const auto refuse = [&](const std::string& what, std::size_t begin) {
        fail(path + ": byte " + std::to_string(header_end + covered) + ": expected " + what + " at data offset " +
             std::to_string(covered) + ", found it at " + std::to_string(begin));
    };
    for (const Tensor& tensor : tensors) {
        const auto begin = static_cast<std::size_t>(tensor.data.data() - data.data());
        if (begin != covered) refuse("tensor " + tensor_label(tensor.name), begin);
        covered += tensor.data.size();
    }
    if (covered != data.size()) refuse("the file's end", data.size());
}

// What a file starts with, padded.
inline std::string make_safetensors_header(const std::vector<const Tensor*>& tensors,
                                           const Safetensors::Metadata& metadata) {
    std::string entries;
    const auto add = [&](std::string_view key, const std::string& value) {
        append_to_list(entries, ",", json_quoted(key) + ":" + value);
    };
    if (!metadata.empty()) {
        std::string pairs;
        for (const auto& [key, value] : metadata)
            append_to_list(pairs, ",", json_quoted(key) + ":" + json_quoted(value));
        add(metadata_key, "{" + pairs + "}");
    }
    std::size_t offset = 0;
    for (const Tensor* tensor : tensors) {
        std::string shape;
        for (const std::size_t size : tensor->shape) append_to_list(shape, ",", std::to_string(size));
        const std::size_t end = offset + tensor->data.size();
        add(tensor->name, R"({"dtype":")" + std::string(dtype_name(tensor->dtype)) + R"(","shape":[)" + shape +
                              R"(],"data_offsets":[)" + std::to_string(offset) + "," + std::to_string(end) + "]}");
        offset = end;
    }
    std::string header = "{" + entries + "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return header;
}

inline void check_safetensors_input(const std::string& path, std::span<const Tensor> tensors) {
    StringSet names;
    for (const Tensor& tensor : tensors) {
        const auto refuse = [&](const std::string& why) {
            fail(path + ": tensor " + tensor_label(tensor.name) + ": " + why);
        };
        if (tensor.name == metadata_key) refuse("a tensor cannot have this name");
        if (!names.insert(tensor.name)) refuse("two tensors have this name");
        std::size_t bytes = 0;
        if (!tensor_size(tensor.dtype, tensor.shape, bytes) || bytes != tensor.data.size())
            refuse("expected the data of shape " + safetensors_list(tensor.shape) + " of " +
                   std::string(dtype_name(tensor.dtype)) + ", found " + std::to_string(tensor.data.size()) + " bytes");
    }
}

}  // namespace detail

// `path` is for messages.
inline Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& path) {
    const std::string_view header = detail::read_safetensors_header(bytes, path);
    const std::size_t header_end = 8 + header.size();
    const std::span<const std::byte> data = bytes.subspan(header_end);
    Safetensors result;
    result.path_ = path;
    std::vector<Tensor> found;
    std::vector<StringMap::Entry> metadata;
    JsonReader json{header, path, 8};
    json.object([&](const std::string& key) {
        if (key == detail::metadata_key) {
            json.object([&](const std::string& entry) { metadata.push_back({entry, json.string()}); });
        } else {
            found.push_back(detail::read_safetensors_tensor(json, key, data));
        }
    });
    if (header.find_first_not_of(' ', json.position() - 8) != std::string_view::npos)
        json.fail_at(json.position(), "expected nothing but spaces after the header's '}'");
    for (const Tensor* const tensor : detail::sorted_tensors({found.data(), found.size()}, detail::place_before))
        result.tensors_.push_back(std::move(found[static_cast<std::size_t>(tensor - found.data())]));
    detail::check_safetensors_coverage(result.tensors(), data, header_end, path);
    result.by_name_ = detail::sorted_tensors(result.tensors(), detail::name_before);
    result.metadata_ = StringMap{std::move(metadata)};
    return result;
}

[[nodiscard]] inline Safetensors load_safetensors(const std::string& path) {
    InputFile file{path};
    AlignedVector<std::byte> bytes(file.size());
    file.read({bytes.data(), bytes.size()});
    Safetensors result = parse_safetensors(bytes_of(bytes), path);
    result.bytes_ = std::move(bytes);
    return result;
}

// Fails on tensors whose data is not as large as dtype and shape say, and on a name that stands twice.
inline void save_safetensors(const std::string& path, std::span<const Tensor> tensors,
                             const Safetensors::Metadata& metadata = {}) {
    detail::check_safetensors_input(path, tensors);
    const std::vector<const Tensor*> order = detail::sorted_tensors(tensors, detail::written_before);
    const std::string header = detail::make_safetensors_header(order, metadata);
    if (header.size() > detail::max_safetensors_header)
        fail(path + ": a safetensors header of " + std::to_string(header.size()) +
             " bytes is more than readers accept");
    std::byte length[8];
    store_number(length, static_cast<std::uint64_t>(header.size()), std::endian::little);
    AtomicFile file{path};
    file.write({length, sizeof length});
    file.write(header);
    for (const Tensor* tensor : order) file.write(tensor->data);
    file.commit();
}

// The numbers of an F32 or F64 tensor, row-major. Fails on other dtypes and on a finite number too large for T; where
// `path` is given, the message starts with it.
template <std::floating_point T>
std::vector<T> values(const Tensor& tensor, const std::string& path = "") {
    const auto refuse = [&](const std::string& why) {
        fail((path.empty() ? path : path + ": ") + detail::tensor_label(tensor.name) + ": " + why);
    };
    if (tensor.dtype != Dtype::f32 && tensor.dtype != Dtype::f64)
        refuse("dtype " + std::string(dtype_name(tensor.dtype)) + " is not supported here, expected F32 or F64");
    std::vector<T> result(tensor.data.size() / dtype_size(tensor.dtype));
    const std::byte* bytes = tensor.data.data();
    for (T& number : result) {
        const double value = tensor.dtype == Dtype::f32 ? double{load_number<float>(bytes, std::endian::little)}
                                                        : load_number<double>(bytes, std::endian::little);
        const double size = magnitude(value);
        if (size > static_cast<double>(std::numeric_limits<T>::max()) && size <= std::numeric_limits<double>::max())
            refuse("a number is too large for the type that is to hold it");
        number = static_cast<T>(value);
        bytes += dtype_size(tensor.dtype);
    }
    return result;
}

// Numbers as a tensor's data.
template <class T>
requires(std::integral<T> || std::floating_point<T>) std::vector<std::byte> tensor_bytes(std::span<const T> numbers) {
    std::vector<std::byte> bytes(numbers.size_bytes());
    for (std::size_t i = 0; i < numbers.size(); ++i)
        store_number(bytes.data() + i * sizeof(T), numbers[i], std::endian::little);
    return bytes;
}

}  // namespace nib::inline NIB_ABI
