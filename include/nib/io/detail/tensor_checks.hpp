// What readers and writers of tensors share: names and shapes in messages, sizes that may overflow, strides, and what
// no file can hold.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// The name in double quotes, short and printable.
[[gnu::cold]] inline std::string tensor_label(std::string_view name) {
    std::string label = format_quoted(name);
    label.front() = label.back() = '"';
    return label;
}

// Why a tensor's elements are no parameters.
[[gnu::cold]] inline std::string not_floating(std::string_view name, Dtype dtype) {
    return join({tensor_label(name), " is ", torch_dtype_name(dtype),
                 ", expected floating-point numbers (float16, bfloat16, float32 or float64)"});
}

// "[64, 784]"
[[gnu::cold]] inline std::string shape_text(const std::vector<std::size_t>& sizes) {
    constexpr std::size_t longest = 8;
    std::string text = "[";
    for (std::size_t i = 0; i < sizes.size() && i < longest; ++i) append_parts(text, {i > 0 ? ", " : "", sizes[i]});
    append_parts(text, {sizes.size() > longest ? ", ...]" : "]"});
    return text;
}

// False where the number of elements overflows.
[[gnu::cold]] inline bool element_count(const std::vector<std::size_t>& shape, std::size_t& count) {
    count = 1;
    for (const std::size_t size : shape)
        if (!multiply_sizes(count, size, count)) return false;
    return true;
}

// The bytes of `count` elements; false where that overflows, or packed ones do not fill the last byte.
[[gnu::cold]] inline bool tensor_size(Dtype dtype, std::size_t count, std::size_t& bytes) {
    if (!is_packed(dtype)) return multiply_sizes(count, dtype_size(dtype), bytes);
    const std::size_t rest = count % 8 * dtype_bits(dtype);
    bytes = count / 8 * dtype_bits(dtype) + rest / 8;
    return rest % 8 == 0;
}

// False where the number of bytes overflows, or packed elements do not fill the last one.
[[gnu::cold]] inline bool tensor_size(Dtype dtype, const std::vector<std::size_t>& shape, std::size_t& bytes) {
    std::size_t count = 0;
    return element_count(shape, count) && tensor_size(dtype, count, bytes);
}

// Strides, in elements, of a row-major tensor. Its size is known not to overflow.
[[gnu::cold]] inline std::vector<std::size_t> row_major_strides(const std::vector<std::size_t>& shape) {
    std::vector<std::size_t> strides(shape.size());
    std::size_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
    return strides;
}

// What no format can hold: two tensors of one name, and data of another size than dtype and shape say. `path` is where
// they are to go.
[[gnu::cold]] inline void check_tensors_to_save(const std::string& path, std::span<const Tensor> tensors) {
    List<const Tensor*> by_name(tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& tensor = tensors[i];
        by_name[i] = &tensor;
        std::size_t bytes = 0;
        if (!tensor_size(tensor.dtype, tensor.shape, bytes) || bytes != tensor.data.size())
            fail({path, ": tensor ", tensor_label(tensor.name), ": expected the data of shape ",
                  shape_text(tensor.shape), " of ", dtype_name(tensor.dtype), ", found ", tensor.data.size(),
                  " bytes"});
    }
    sort_records(by_name.data(), by_name.size(),
                 [](const Tensor* a, const Tensor* b) { return a->name != b->name ? a->name < b->name : a < b; });
    const Tensor* second = nullptr;  // the first whose name one before it has
    for (std::size_t i = 1; i < by_name.size(); ++i)
        if (by_name[i]->name == by_name[i - 1]->name && (second == nullptr || by_name[i] < second)) second = by_name[i];
    if (second != nullptr) fail({path, ": tensor ", tensor_label(second->name), ": two tensors have this name"});
}

}  // namespace nib::inline NIB_ABI::detail
