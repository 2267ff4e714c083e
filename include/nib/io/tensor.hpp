// Tensor: numbers of one type, with a name and a shape, that are to be written to a file; and what all formats of
// tensors share. (What a file holds is read through a TensorFile.)
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/file.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// All types of safetensors, in the order of its reference implementation, which is the order of tensors in its files,
// reversed. F4 and F6 are packed: their numbers lie across bytes.
enum class Dtype {
    boolean,
    f4,
    f6_e2m3,
    f6_e3m2,
    u8,
    i8,
    f8_e5m2,
    f8_e4m3,
    f8_e8m0,
    f8_e4m3fnuz,
    f8_e5m2fnuz,
    i16,
    u16,
    f16,
    bf16,
    i32,
    u32,
    f32,
    c64,
    f64,
    i64,
    u64
};

namespace detail {

struct DtypeFacts {
    std::string_view name;
    std::string_view torch_name;
    std::size_t bits;
};

inline constexpr std::size_t dtype_count = 22;
inline constexpr DtypeFacts dtype_facts[dtype_count] = {{"BOOL", "bool", 8},
                                                        {"F4", "float4_e2m1fn", 4},
                                                        {"F6_E2M3", "float6_e2m3fn", 6},
                                                        {"F6_E3M2", "float6_e3m2fn", 6},
                                                        {"U8", "uint8", 8},
                                                        {"I8", "int8", 8},
                                                        {"F8_E5M2", "float8_e5m2", 8},
                                                        {"F8_E4M3", "float8_e4m3fn", 8},
                                                        {"F8_E8M0", "float8_e8m0fnu", 8},
                                                        {"F8_E4M3FNUZ", "float8_e4m3fnuz", 8},
                                                        {"F8_E5M2FNUZ", "float8_e5m2fnuz", 8},
                                                        {"I16", "int16", 16},
                                                        {"U16", "uint16", 16},
                                                        {"F16", "float16", 16},
                                                        {"BF16", "bfloat16", 16},
                                                        {"I32", "int32", 32},
                                                        {"U32", "uint32", 32},
                                                        {"F32", "float32", 32},
                                                        {"C64", "complex64", 64},
                                                        {"F64", "float64", 64},
                                                        {"I64", "int64", 64},
                                                        {"U64", "uint64", 64}};

}  // namespace detail

// As safetensors has it: "F32".
constexpr std::string_view dtype_name(Dtype dtype) { return detail::dtype_facts[static_cast<std::size_t>(dtype)].name; }

// As PyTorch has it: "float32". (It has none of the F6, and of F4 one for two numbers.)
constexpr std::string_view torch_dtype_name(Dtype dtype) {
    return detail::dtype_facts[static_cast<std::size_t>(dtype)].torch_name;
}

// Of one element.
constexpr std::size_t dtype_bits(Dtype dtype) { return detail::dtype_facts[static_cast<std::size_t>(dtype)].bits; }

// Whether its elements lie across bytes.
constexpr bool is_packed(Dtype dtype) { return dtype_bits(dtype) < 8; }

// Bytes of one element; 0 where it has less than one.
constexpr std::size_t dtype_size(Dtype dtype) { return dtype_bits(dtype) / 8; }

constexpr std::optional<Dtype> dtype_named(std::string_view name) {
    for (std::size_t i = 0; i < detail::dtype_count; ++i)
        if (detail::dtype_facts[i].name == name) return static_cast<Dtype>(i);
    return std::nullopt;
}

// Whether its elements are numbers that convert to float or double: F16, BF16, F32 and F64.
constexpr bool is_floating(Dtype dtype) {
    return dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
}

struct Tensor {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<std::size_t> shape;   // [] is one number
    std::span<const std::byte> data;  // non-owning; little-endian, row-major, not aligned
};

// Numbers as a tensor's data.
template <class T>
requires(std::integral<T> || std::floating_point<T>) std::vector<std::byte> tensor_bytes(std::span<const T> numbers) {
    std::vector<std::byte> bytes(numbers.size_bytes());
    for (std::size_t i = 0; i < numbers.size(); ++i)
        store_number(bytes.data() + i * sizeof(T), numbers[i], std::endian::little);
    return bytes;
}

// The number that 16 bits of IEEE 754's binary16 are: 1 sign, 5 exponent, 10 mantissa bits. Exact.
constexpr float float_of_half(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1fu;
    const std::uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
    const float subnormal = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(subnormal));
}

// The number that 16 bits of bfloat16 are: the upper half of a float. Exact.
constexpr float float_of_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace nib::inline NIB_ABI
