#include <nib/io/tensor.hpp>

#include "../support.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using support::contains;
using support::error_of;

namespace {

// From the definition of IEEE 754's binary formats: a sign, `exponent_bits` of exponent, `mantissa_bits` of mantissa.
double number_of(unsigned bits, int exponent_bits, int mantissa_bits) {
    const double sign = (bits >> (exponent_bits + mantissa_bits) & 1u) != 0 ? -1.0 : 1.0;
    const auto exponent = static_cast<int>(bits >> mantissa_bits & ((1u << exponent_bits) - 1u));
    const auto mantissa = static_cast<double>(bits & ((1u << mantissa_bits) - 1u));
    const int bias = (1 << (exponent_bits - 1)) - 1;
    if (exponent == (1 << exponent_bits) - 1)
        return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
    if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * std::ldexp(1 + std::ldexp(mantissa, -mantissa_bits), exponent - bias);
}

void check_all(float (*convert)(std::uint16_t), int exponent_bits, int mantissa_bits) {
    std::size_t wrong = 0;
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const double expected = number_of(bits, exponent_bits, mantissa_bits);
        const auto found = static_cast<double>(convert(static_cast<std::uint16_t>(bits)));
        const bool same = std::isnan(expected) ? std::isnan(found)
                                               : found == expected && std::signbit(found) == std::signbit(expected);
        if (!same) ++wrong;
    }
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("every half is the number that its bits spell") {
    check_all([](std::uint16_t bits) { return nib::float_of_half(bits); }, 5, 10);
    CHECK(nib::float_of_half(0x3c00) == 1.0f);
    CHECK(nib::float_of_half(0x7bff) == 65504.0f);
    CHECK(nib::float_of_half(0x0001) == 0x1p-24f);
    CHECK(nib::float_of_half(0x3555) == 0.333251953125f);
    static_assert(nib::float_of_half(0xc000) == -2.0f);
}

TEST_CASE("every bfloat16 is the number that its bits spell") {
    check_all([](std::uint16_t bits) { return nib::float_of_bfloat16(bits); }, 8, 7);
    CHECK(nib::float_of_bfloat16(0x3f80) == 1.0f);
    CHECK(nib::float_of_bfloat16(0x4049) == 3.140625f);
}

TEST_CASE("a not-a-number keeps its sign and what it carries") {
    CHECK(std::bit_cast<std::uint32_t>(nib::float_of_half(0xfe01)) == 0xffc02000u);
    CHECK(std::bit_cast<std::uint32_t>(nib::float_of_bfloat16(0xffc1)) == 0xffc10000u);
}

TEST_CASE("every dtype has the names and the size of the formats") {
    struct Expected {
        std::string name, torch;
        std::size_t size;  // 0 for those of less than a byte
    };
    const std::vector<Expected> expected{{"BOOL", "bool", 1},
                                         {"F4", "float4_e2m1fn", 0},
                                         {"F6_E2M3", "float6_e2m3fn", 0},
                                         {"F6_E3M2", "float6_e3m2fn", 0},
                                         {"U8", "uint8", 1},
                                         {"I8", "int8", 1},
                                         {"F8_E5M2", "float8_e5m2", 1},
                                         {"F8_E4M3", "float8_e4m3fn", 1},
                                         {"F8_E8M0", "float8_e8m0fnu", 1},
                                         {"F8_E4M3FNUZ", "float8_e4m3fnuz", 1},
                                         {"F8_E5M2FNUZ", "float8_e5m2fnuz", 1},
                                         {"I16", "int16", 2},
                                         {"U16", "uint16", 2},
                                         {"F16", "float16", 2},
                                         {"BF16", "bfloat16", 2},
                                         {"I32", "int32", 4},
                                         {"U32", "uint32", 4},
                                         {"F32", "float32", 4},
                                         {"C64", "complex64", 8},
                                         {"F64", "float64", 8},
                                         {"I64", "int64", 8},
                                         {"U64", "uint64", 8}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto dtype = static_cast<nib::Dtype>(i);
        CHECK(nib::dtype_name(dtype) == expected[i].name);
        CHECK(nib::torch_dtype_name(dtype) == expected[i].torch);
        CHECK(nib::dtype_size(dtype) == expected[i].size);
        CHECK(nib::dtype_named(expected[i].name) == dtype);
        const bool floating = expected[i].name == "F16" || expected[i].name == "BF16" || expected[i].name == "F32" ||
                              expected[i].name == "F64";
        CHECK(nib::is_floating(dtype) == floating);
    }
    CHECK(nib::dtype_name(nib::Dtype::bf16) == "BF16");
    CHECK(nib::dtype_name(nib::Dtype::u64) == "U64");
    CHECK_FALSE(nib::dtype_named("F31"));
    CHECK_FALSE(nib::dtype_named("f32"));
}

TEST_CASE("numbers become little-endian bytes") {
    const std::vector<std::uint32_t> numbers{0x01020304u, 0xfffffffeu};
    const auto bytes = nib::tensor_bytes(std::span{numbers});
    const std::array<int, 8> expected{4, 3, 2, 1, 0xfe, 0xff, 0xff, 0xff};
    REQUIRE(bytes.size() == 8);
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::to_integer<int>(bytes[i]) == expected[i]);
    const std::vector<float> one{1.0f};
    CHECK(nib::tensor_bytes(std::span{one})[3] == std::byte{0x3f});
}
