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
#include <limits>
#include <type_traits>

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

#if NIB_X86_DISPATCH && !defined(__clang__)
// The compiler's names of the fused instructions, which exist once a function has these targets. Their results are
// assigned at once, so what GCC says of a calling convention for vectors does not matter.
[[gnu::target("avx2,fma,avx512f")]] void name_fused_instructions();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"
template <class T, class V>
NIB_ALWAYS_INLINE void fused_multiply_add(V& sum, const V& a, const V& b) {
    constexpr bool single = std::same_as<T, float>;
    if constexpr (sizeof(V) == 64 && single)
        sum = __builtin_ia32_vfmaddps512_mask(a, b, sum, static_cast<short>(-1), 4);
    else if constexpr (sizeof(V) == 64)
        sum = __builtin_ia32_vfmaddpd512_mask(a, b, sum, static_cast<char>(-1), 4);
    else if constexpr (sizeof(V) == 32 && single)
        sum = __builtin_ia32_vfmaddps256(a, b, sum);
    else if constexpr (sizeof(V) == 32)
        sum = __builtin_ia32_vfmaddpd256(a, b, sum);
    else if constexpr (sizeof(V) == 16 && single)
        sum = __builtin_ia32_vfmaddps(a, b, sum);
    else if constexpr (sizeof(V) == 16)
        sum = __builtin_ia32_vfmaddpd(a, b, sum);
    else if constexpr (single)
        sum[0] = __builtin_fmaf(a[0], b[0], sum[0]);
    else
        sum[0] = __builtin_fma(a[0], b[0], sum[0]);
}
#pragma GCC diagnostic pop
#endif

// sum += factor * x, rounded once on a level that has fused multiply-add. GCC is told so: left alone, it fuses from -O2
// on, and tuned for some CPUs (-march=znver3 and sapphirerapids are two) not where a loop has a single sum.
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void multiply_add(V& sum, T factor, const V& x) {
#if NIB_X86_DISPATCH && !defined(__clang__)
    if constexpr (Level::has_fma) {
        const V factors = factor - V{};  // in every lane; -0 stays -0
        return fused_multiply_add<T>(sum, factors, x);
    }
#endif
    sum += factor * x;
}

// NaN stays NaN, as in PyTorch.
template <class V>
NIB_ALWAYS_INLINE void relu_in_place(V& x) {
    const V zero = {};
    x = zero > x ? zero : x;
}

// root = sqrt(x) for x >= 0, within 1e-7 (float) or 4e-16 (double) of it, relatively. x is taken for at least the
// smallest normal number (so the root of 0 is 1e-19 in float, 1e-154 in double) and at most the largest one, so that no
// intermediate result is infinite or NaN, even where -ffast-math reorders it; a NaN may come out as any of these. C++
// has no vector square root, and std::sqrt stays a call per element where errno must be kept (a header cannot ask for
// -fno-math-errno): so 1/sqrt(x) from a first guess on the exponent's bits, Newton's steps, and one correction of the
// root itself.
template <class T, class V>
NIB_ALWAYS_INLINE void square_root(V& root, const V& x) {
    static_assert(std::same_as<T, float> || std::same_as<T, double>);
    using Bits = std::conditional_t<std::same_as<T, float>, std::int32_t, std::int64_t>;
    using Integers = typename VectorOf<Bits, sizeof(V)>::type;
    constexpr Bits magic = std::same_as<T, float> ? Bits{0x5f375a86} : static_cast<Bits>(0x5fe6eb50c7b537a9);
    constexpr int steps = std::same_as<T, float> ? 3 : 4;
    const V smallest = std::numeric_limits<T>::min() - V{};
    const V largest = std::numeric_limits<T>::max() - V{};
    V bounded = x > smallest ? x : smallest;
    bounded = bounded < largest ? bounded : largest;
    const Integers bits = reinterpret_cast<Integers>(bounded);  // between vectors, the compilers' bit_cast
    V reciprocal = reinterpret_cast<V>(magic - (bits >> 1));
    const V half = bounded * T{0.5};
    NIB_UNROLL
    for (int i = 0; i < steps; ++i) {
        const V scaled = half * reciprocal;
        reciprocal = reciprocal * (T{1.5} - scaled * reciprocal);
    }
    root = bounded * reciprocal;
    root = root + (bounded - root * root) * reciprocal * T{0.5};
}

}  // namespace nib::inline NIB_ABI::kernels
