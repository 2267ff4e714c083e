// Tensors by name in safetensors files (https://github.com/huggingface/safetensors), little-endian and row-major.
//
//   open_safetensors    a file, of which only the header is read
//   parse_safetensors   bytes in memory, which must outlive the result
//   save_safetensors    laid out as the reference writer does: by dtype, largest alignment first, then by name; the
//                       header padded with spaces to a multiple of 8
//
// Refused by Error: a header of more than 10,000,000 bytes or more than the file holds, that is not strict JSON of
// UTF-8 starting with '{' and ending in nothing but spaces; an entry without dtype, shape or data_offsets, or with
// anything else; more than 64 dimensions; a size that overflows, or is no whole number of bytes; offsets that do not
// fit dtype and shape; tensors that overlap, leave a hole or do not end where the file ends; metadata that is neither
// strings nor null; a name that stands twice. That is all that the reference reader refuses, and a little more: it
// takes headers of 100,000,000 bytes, and any number of dimensions.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

// Fails where the file is no safetensors file.
[[nodiscard]] TensorFile open_safetensors(const std::string& path);

// `path` is for messages.
[[nodiscard]] TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path);

// Fails on tensors whose data is not as large as dtype and shape say, on a name that stands twice, and on names and
// metadata that are not UTF-8.
void save_safetensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/foreign_file.hpp>
#include <nib/io/detail/json.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/file.hpp>

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// The format's own bound, and nib's: what a header says takes many times its own bytes in memory. One of 10 MB names
// a hundred thousand tensors.
inline constexpr std::size_t longest_safetensors_header = 100'000'000;
inline constexpr std::size_t max_safetensors_header = 10'000'000;
inline constexpr std::string_view metadata_key = "__metadata__";

// The header's text; what follows it is the data.
[[gnu::cold]] inline std::string read_safetensors_header(ByteSource& source) {
    const std::string& path = source.path();
    if (source.size() < 8)
        fail({path, ": byte 0: expected the 8 bytes of a safetensors header's length, the file holds ", source.size()});
    std::byte start[8];
    source.read(0, {start, sizeof start});
    const auto length = load_number<std::uint64_t>(start, std::endian::little);
    if (length > longest_safetensors_header) {
        std::string text(smaller(source.size(), foreign_file_start), '\0');
        source.read(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        refuse_foreign_file(path, text);
        fail({path, ": is no safetensors file: byte 0: expected a header of at most ", longest_safetensors_header,
              " bytes, found a length of ", length});
    }
    if (length > source.size() - 8)
        fail({path, ": byte 0: the header declares ", length, " bytes, the file holds ", source.size() - 8,
              " after it"});
    if (length > max_safetensors_header)
        fail({path, ": byte 0: expected a safetensors header of at most ", max_safetensors_header,
              " bytes, found one of ", length,
              ", which names more tensors than are read from one file: save them in several"});
    std::string header(static_cast<std::size_t>(length), '\0');
    source.read(8, {reinterpret_cast<std::byte*>(header.data()), header.size()});
    if (!header.starts_with('{'))
        fail({path, ": byte 8: expected a safetensors header that starts with '{', found ",
              format_quoted(std::string_view(header).substr(0, 1))});
    return header;
}

[[gnu::cold]] inline std::vector<std::size_t> read_safetensors_sizes(JsonReader& json) {
    std::vector<std::size_t> sizes;
    constexpr std::size_t most = 64;  // dimensions, as PyTorch has it
    json.array([&]() __attribute__((cold)) {
        if (sizes.size() == most) json.fail_at(json.position(), {"expected at most ", most, " sizes, found more"});
        sizes.push_back(json.integer<std::size_t>());
    });
    return sizes;
}

// Reads the entry of a tensor, whose name is known, from a header that `data_size` bytes follow. Its offset counts from
// there.
[[gnu::cold]] inline void read_safetensors_tensor(JsonReader& json, TensorInfo& tensor, std::size_t data_size) {
    const std::size_t start = json.position();
    const auto refuse = [&](std::initializer_list<TextPart> why) {
        json.fail_at(start, {"tensor ", tensor_label(tensor.name), ": ", join(why)});
    };
    std::string type_name;
    std::vector<std::size_t> offsets;
    bool has_type = false, has_shape = false, has_offsets = false;
    json.object([&](std::string_view key) __attribute__((cold)) {
        if (key == "dtype") {
            json.string(type_name);
            has_type = true;
        } else if (key == "shape") {
            tensor.shape = read_safetensors_sizes(json);
            has_shape = true;
        } else if (key == "data_offsets") {
            offsets = read_safetensors_sizes(json);
            has_offsets = true;
        } else {
            refuse({"expected dtype, shape and data_offsets alone, found ", format_quoted(key)});
        }
    });
    const char* missing = !has_type ? "dtype" : !has_shape ? "shape" : !has_offsets ? "data_offsets" : nullptr;
    if (missing != nullptr) refuse({"expected dtype, shape and data_offsets, found no ", missing});
    const std::optional<Dtype> dtype = dtype_named(type_name);
    if (!dtype) refuse({"dtype ", format_quoted(type_name), " is not known"});
    tensor.dtype = *dtype;
    if (offsets.size() != 2) refuse({"expected two numbers, found data_offsets ", shape_text(offsets)});
    const std::size_t begin = offsets[0], end = offsets[1];
    if (begin > end || end > data_size)
        refuse({"data_offsets ", shape_text(offsets), " lie outside the ", data_size, " bytes of data"});
    std::size_t bytes = 0;
    const bool has_size = tensor_size(tensor.dtype, tensor.shape, bytes);
    if (!has_size || bytes != end - begin) {
        const std::string what = join({"shape ", shape_text(tensor.shape), " of ", dtype_name(tensor.dtype)});
        if (!has_size)
            refuse({what, is_packed(tensor.dtype) ? " does not fill its last byte, or overflows" : " overflows"});
        refuse({what, " takes ", bytes, " bytes, data_offsets ", shape_text(offsets), " hold ", end - begin});
    }
    tensor.strides = row_major_strides(tensor.shape);
    tensor.offset = begin;
}

[[gnu::cold]] inline bool place_before(const TensorInfo& a, const TensorInfo& b) {
    if (a.offset != b.offset) return a.offset < b.offset;
    const std::size_t a_bytes = a.byte_count(), b_bytes = b.byte_count();
    return a_bytes != b_bytes ? a_bytes < b_bytes : a.name < b.name;
}

// Tensors sorted by their place cover the `data_size` bytes behind the header without hole or overlap.
[[gnu::cold]] inline void check_safetensors_coverage(const std::vector<TensorInfo>& tensors, std::size_t data_size,
                                                     std::size_t header_end, const std::string& path) {
    std::size_t covered = 0;
    const auto refuse = [&](std::string_view what, std::size_t begin) {
        fail({path, ": byte ", header_end + covered, ": expected ", what, " at data offset ", covered, ", found it at ",
              begin});
    };
    for (const TensorInfo& tensor : tensors) {
        if (tensor.offset != covered) refuse(join({"tensor ", tensor_label(tensor.name)}), tensor.offset);
        covered += tensor.byte_count();
    }
    if (covered != data_size) refuse("the file's end", data_size);
}

[[gnu::cold]] inline TensorFile read_safetensors(ByteSource source) {
    const std::string header = read_safetensors_header(source);
    const std::size_t header_end = 8 + header.size();
    const std::size_t data_size = source.size() - header_end;
    std::vector<TensorInfo> tensors;
    List<StringMap::Entry> metadata;
    JsonReader json{header, source.path(), 8};
    json.object([&](std::string_view key) __attribute__((cold)) {
        if (key == metadata_key && json.type() == JsonType::null) return json.null();
        if (key == metadata_key)
            return json.object([&](std::string_view name) __attribute__((cold)) {
                metadata.push_back({});
                metadata.back().first.append(name);
                json.string(metadata.back().second);
            });
        TensorInfo& tensor = tensors.emplace_back();
        tensor.name.append(key);
        read_safetensors_tensor(json, tensor, data_size);
    });
    if (header.find_first_not_of(' ', json.position() - 8) != std::string::npos)
        json.fail_at(json.position(), "expected nothing but spaces after the header's '}'");
    sort_records(tensors.data(), tensors.size(), place_before);
    check_safetensors_coverage(tensors, data_size, header_end, source.path());
    for (TensorInfo& tensor : tensors) tensor.offset += header_end;
    return {std::move(source), "safetensors", std::move(tensors), StringMap{std::move(metadata)}};
}

// In the order in which the reference writer lays them out.
[[gnu::cold]] inline List<const Tensor*> safetensors_order(std::span<const Tensor> tensors) {
    List<const Tensor*> order(tensors.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = &tensors[i];
    sort_records(order.data(), order.size(), [](const Tensor* a, const Tensor* b) {
        return a->dtype != b->dtype ? a->dtype > b->dtype : a->name < b->name;
    });
    return order;
}

// What a file starts with, padded.
[[gnu::cold]] inline std::string make_safetensors_header(const List<const Tensor*>& tensors,
                                                         const StringMap& metadata) {
    std::string header;
    const char* separator = "{";
    if (!metadata.empty()) {
        append_parts(header, {separator, json_quoted(metadata_key), ":"});
        for (const auto& [key, value] : metadata) {
            append_parts(header, {separator, json_quoted(key), ":", json_quoted(value)});
            separator = ",";
        }
        append_parts(header, {"}"});
    }
    std::size_t offset = 0;
    for (const Tensor* const tensor : tensors) {
        const std::size_t end = offset + tensor->data.size();
        append_parts(header, {separator, json_quoted(tensor->name), R"(:{"dtype":")", dtype_name(tensor->dtype),
                              R"(","shape":[)"});
        const char* comma = "";
        for (const std::size_t size : tensor->shape) {
            append_parts(header, {comma, size});
            comma = ",";
        }
        append_parts(header, {R"(],"data_offsets":[)", offset, ",", end, "]}"});
        separator = ",";
        offset = end;
    }
    append_parts(header, {header.empty() ? "{}" : "}"});
    append_parts(header, {std::string_view("       ").substr(0, (8 - header.size() % 8) % 8)});
    return header;
}

}  // namespace detail

NIB_API TensorFile open_safetensors(const std::string& path) {
    return detail::read_safetensors(detail::open_tensor_source(path));
}

NIB_API TensorFile parse_safetensors(std::span<const std::byte> bytes, const std::string& path) {
    return detail::read_safetensors(ByteSource{bytes, path});
}

NIB_API void save_safetensors(const std::string& path, std::span<const Tensor> tensors, const StringMap& metadata) {
    detail::check_tensors_to_save(path, tensors);
    for (const Tensor& tensor : tensors)
        if (tensor.name == detail::metadata_key)
            fail({path, ": tensor ", detail::tensor_label(tensor.name), ": a tensor cannot have this name"});
    const detail::List<const Tensor*> order = detail::safetensors_order(tensors);
    const std::string header = detail::make_safetensors_header(order, metadata);
    if (header.size() > detail::max_safetensors_header)
        fail({path, ": a safetensors header of ", header.size(), " bytes is more than readers accept"});
    std::byte length[8];
    store_number(length, std::uint64_t{header.size()}, std::endian::little);
    AtomicFile file{path};
    file.write({length, sizeof length});
    file.write(bytes_of(header));
    for (const Tensor* tensor : order) file.write(tensor->data);
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
