// The few of <cmath>'s functions that nib needs, in float and double: <cmath> brings the special functions of C++17
// with it, and takes a compiler as long as all of nib's layers.
#pragma once

#include <nib/core/config.hpp>

#include <bit>
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

// Whether x is an ordinary number; from its bits, because -ffast-math lets the compiler assume that it is.
template <class T>
requires std::is_floating_point_v<T>
constexpr bool is_finite(T x) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;
    constexpr Bits exponent = sizeof(T) == 4 ? Bits{0xff} : Bits{0x7ff};
    return ((std::bit_cast<Bits>(x) >> mantissa) & exponent) != exponent;
}

}  // namespace nib::inline NIB_ABI
