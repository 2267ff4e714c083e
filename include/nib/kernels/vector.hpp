// Vectors of a level's width, from the compiler's portable vector types: +, -, *, / and comparisons work on all lanes,
// and a scalar operand is repeated in each. Functions take them by reference: passed by value, a vector wider than the
// build's own instruction set has no calling convention.
#pragma once

#include <nib/core/config.hpp>
#include <nib/kernels/isa.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nib::inline NIB_ABI::kernels {

template <class T, std::size_t Bytes>
struct VectorOf {
    static constexpr std::size_t lanes = Bytes / sizeof(T);
    typedef T type __attribute__((vector_size(Bytes)));
    typedef T unaligned __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
};

template <class Level, class T>
using Vector = typename VectorOf<T, Level::vector_bytes>::type;

template <class Level, class T>
inline constexpr std::size_t lanes = VectorOf<T, Level::vector_bytes>::lanes;

// vector = values[0], values[1], …: one for each lane.
template <class T, class V>
NIB_ALWAYS_INLINE void load(V& vector, const T* values) {
    vector = *reinterpret_cast<const typename VectorOf<T, sizeof(V)>::unaligned*>(values);
}

template <class T, class V>
NIB_ALWAYS_INLINE void store(T* values, const V& vector) {
    *reinterpret_cast<typename VectorOf<T, sizeof(V)>::unaligned*>(values) = vector;
}

// The first `count` lanes, count less than all; the others are 0.
template <class T, class V>
NIB_ALWAYS_INLINE void load_first(V& vector, const T* values, std::size_t count) {
    T padded[sizeof(V) / sizeof(T)] = {};
    for (std::size_t i = 0; i < count; ++i) padded[i] = values[i];
    load(vector, padded);
}

template <class T, class V>
NIB_ALWAYS_INLINE void store_first(T* values, const V& vector, std::size_t count) {
    T padded[sizeof(V) / sizeof(T)];
    store(padded, vector);
    for (std::size_t i = 0; i < count; ++i) values[i] = padded[i];
}

// NaN stays NaN, as in PyTorch.
template <class V>
NIB_ALWAYS_INLINE void relu_in_place(V& x) {
    const V zero = {};
    x = zero > x ? zero : x;
}

// root = sqrt(x) for x >= 0: within 1 unit in the last place for normal x, 0 for 0; for a subnormal x something between
// 0 and 1e-18 (float) or 1e-153 (double); NaN for infinity and NaN. C++ has no vector square root, and std::sqrt stays
// a call per element where errno must be kept (a header cannot ask for -fno-math-errno): so 1/sqrt(x) from a first
// guess on the exponent's bits, Newton's steps, and one correction of the root itself.
template <class T, class V>
NIB_ALWAYS_INLINE void square_root(V& root, const V& x) {
    static_assert(std::same_as<T, float> || std::same_as<T, double>);
    using Bits = std::conditional_t<std::same_as<T, float>, std::int32_t, std::int64_t>;
    using Integers = typename VectorOf<Bits, sizeof(V)>::type;
    constexpr Bits magic = std::same_as<T, float> ? Bits{0x5f375a86} : static_cast<Bits>(0x5fe6eb50c7b537a9);
    constexpr int steps = std::same_as<T, float> ? 3 : 4;
    const Integers bits = reinterpret_cast<Integers>(x);  // between vectors, the compilers' bit_cast
    V reciprocal = reinterpret_cast<V>(magic - (bits >> 1));
    const V half = x * T{0.5};
    NIB_UNROLL
    for (int i = 0; i < steps; ++i) {
        const V scaled = half * reciprocal;  // first, so that x = 0 gives 0 and not 0 * infinity
        reciprocal = reciprocal * (T{1.5} - scaled * reciprocal);
    }
    root = x * reciprocal;
    root = root + (x - root * root) * reciprocal * T{0.5};
}

}  // namespace nib::inline NIB_ABI::kernels
