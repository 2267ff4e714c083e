// The few of <cmath>'s functions that nib needs, in float and double: <cmath> brings the special functions of C++17
// with it, and takes a compiler as long as all of nib's layers.
#pragma once

#include <nib/core/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace nib::inline NIB_ABI {

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }
inline double exponential(double x) { return __builtin_exp(x); }
inline float logarithm(float x) { return __builtin_logf(x); }
inline double logarithm(double x) { return __builtin_log(x); }
inline double power(double base, double exponent) { return __builtin_pow(base, exponent); }
inline double rounded_down(double x) { return __builtin_floor(x); }
inline double magnitude(double x) { return __builtin_fabs(x); }

// Whether arithmetic with NaN gives NaN; under -ffast-math a comparison may lose it.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
inline constexpr bool arithmetic_keeps_nan = false;
#else
inline constexpr bool arithmetic_keeps_nan = true;
#endif

// Whether x is an ordinary number; from its bits, because -ffast-math lets the compiler assume that it is.
template <class T>
requires std::is_floating_point_v<T>
constexpr bool is_finite(T x) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;
    constexpr Bits exponent = sizeof(T) == 4 ? Bits{0xff} : Bits{0x7ff};
    return ((std::bit_cast<Bits>(x) >> mantissa) & exponent) != exponent;
}

// The index of the first of `count` numbers that is not finite, or count.
template <class T>
constexpr std::size_t first_not_finite(const T* numbers, std::size_t count) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits lowest = Bits{1} << (sizeof(T) == 4 ? 23 : 52);  // of the exponent
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    // A piece of constant length without a way out becomes vector instructions. An exponent of ones alone, and one
    // more, carries into the place of the sign.
    constexpr std::size_t piece = 64;
    std::size_t start = 0;
    for (; start + piece <= count; start += piece) {
        Bits carries = 0;
        for (std::size_t i = 0; i < piece; ++i)
            carries |= (std::bit_cast<Bits>(numbers[start + i]) & (sign - lowest)) + lowest;
        if ((carries & sign) != 0) break;
    }
    while (start < count && is_finite(numbers[start])) ++start;
    return start;
}

// What x, which is not finite, is to be called: "NaN" or "infinity".
template <class T>
constexpr const char* not_finite_name(T x) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr int above_mantissa = sizeof(T) == 4 ? 9 : 12;
    return static_cast<Bits>(std::bit_cast<Bits>(x) << above_mantissa) != 0 ? "NaN" : "infinity";
}

}  // namespace nib::inline NIB_ABI
