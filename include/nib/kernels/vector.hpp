// Vectors of a level's width, from the compiler's portable vector types: +, -, *, / and comparisons work on all lanes,
// and a scalar operand is repeated in each. Functions take them by reference: passed by value, a vector wider than the
// build's own instruction set has no calling convention.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/executor.hpp>
#include <nib/kernels/isa.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

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

#if NIB_X86_DISPATCH && !defined(__clang__)
// The compiler's names of instructions, which exist once a function has these targets, and which a function without
// them may use where it is inlined into one that has them (Clang does not allow that). Their results are assigned at
// once, so what GCC says of a calling convention for vectors does not matter.
#define NIB_X86_INSTRUCTIONS 1
[[gnu::target("avx2,fma,avx512f")]] void name_instructions();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

// For a vector of 32 or 64 bytes: which lanes are before number `count`.
template <class T, class V>
struct FirstLanes {
    static constexpr bool wide = sizeof(V) == 64;
    static constexpr bool single = std::same_as<T, float>;
    static_assert(wide || sizeof(V) == 32);
    using Integer = std::conditional_t<single, int, long long>;
    using Integers = typename VectorOf<Integer, sizeof(V)>::type;

    NIB_ALWAYS_INLINE explicit FirstLanes(std::size_t count) {
        if constexpr (wide)
            bits = (1u << count) - 1;
        else if constexpr (single)
            all = Integers{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<Integer>(count);
        else
            all = Integers{0, 1, 2, 3} < static_cast<Integer>(count);
    }
    // The other lanes are 0 and not read.
    NIB_ALWAYS_INLINE void load(V& vector, const T* values) const {
        if constexpr (wide && single)
            vector = __builtin_ia32_loadups512_mask(values, V{}, static_cast<unsigned short>(bits));
        else if constexpr (wide)
            vector = __builtin_ia32_loadupd512_mask(values, V{}, static_cast<unsigned char>(bits));
        else if constexpr (single)
            vector = __builtin_ia32_maskloadps256(reinterpret_cast<const V*>(values), all);
        else
            vector = __builtin_ia32_maskloadpd256(reinterpret_cast<const V*>(values), all);
    }
    // The other lanes are not stored.
    NIB_ALWAYS_INLINE void store(T* values, const V& vector) const {
        if constexpr (wide && single)
            __builtin_ia32_storeups512_mask(values, vector, static_cast<unsigned short>(bits));
        else if constexpr (wide)
            __builtin_ia32_storeupd512_mask(values, vector, static_cast<unsigned char>(bits));
        else if constexpr (single)
            __builtin_ia32_maskstoreps256(reinterpret_cast<V*>(values), all, vector);
        else
            __builtin_ia32_maskstorepd256(reinterpret_cast<V*>(values), all, vector);
    }

    unsigned bits = 0;
    Integers all = {};
};

// sum += a * b, rounded once.
template <class T, class V>
NIB_ALWAYS_INLINE void fused_multiply_add(V& sum, const V& a, const V& b) {
    constexpr bool single = std::same_as<T, float>;
    if constexpr (sizeof(V) == 64 && single)
        sum = __builtin_ia32_vfmaddps512_mask(a, b, sum, static_cast<short>(-1), 4);
    else if constexpr (sizeof(V) == 64)
        sum = __builtin_ia32_vfmaddpd512_mask(a, b, sum, static_cast<unsigned char>(-1), 4);
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

// Within 2^-14 of 1 / x, but 0 where that is subnormal.
template <class V>
NIB_ALWAYS_INLINE void estimate_reciprocal(V& reciprocal, const V& x) {
    static_assert(sizeof(V) == 64);
    reciprocal = __builtin_ia32_rcp14ps512_mask(x, V{}, static_cast<unsigned short>(-1));
}
// Whether a lane of a is a NaN, or one of b is equal to c.
template <class V>
NIB_ALWAYS_INLINE bool any_nan_or_equal(const V& a, const V& b, float c) {
    static_assert(sizeof(V) == 64);
    constexpr int equal = 0, unordered = 3, current_rounding = 4;
    constexpr auto all = static_cast<unsigned short>(-1);
    const auto nans = __builtin_ia32_cmpps512_mask(a, a, unordered, all, current_rounding);
    return (nans | __builtin_ia32_cmpps512_mask(b, V{} + c, equal, all, current_rounding)) != 0;
}

// Within 2^-14 of 1 / sqrt(x), and 0 where x is 0. Whether all other lanes of x are at least 2^-78 and finite.
template <class V>
NIB_ALWAYS_INLINE bool estimate_reciprocal_root(V& reciprocal, const V& x) {
    static_assert(sizeof(V) == 64);
    using Integers = VectorOf<int, 64>::type;
    using Unsigned = VectorOf<unsigned, 64>::type;
    constexpr unsigned lowest = 0x1880'0000, highest = 0x7f7f'ffff;
    constexpr int above = 6;
    constexpr auto all = static_cast<unsigned short>(-1);
    const auto bits = reinterpret_cast<Integers>(x);
    const unsigned short nonzero = __builtin_ia32_ptestmd512(bits, bits, all);
    reciprocal = __builtin_ia32_rsqrt14ps512_mask(x, V{}, nonzero);
    const auto distance = reinterpret_cast<Integers>(reinterpret_cast<Unsigned>(x) - lowest);
    const auto most = reinterpret_cast<Integers>(Unsigned{} + (highest - lowest));
    return __builtin_ia32_ucmpd512_mask(distance, most, above, nonzero) == 0;
}

// As many bytes as there are lanes. (GCC makes a scalar load for each of them of __builtin_convertvector.)
template <class Integers>
NIB_ALWAYS_INLINE void load_bytes(Integers& integers, const unsigned char* bytes) {
    using Bytes = VectorOf<char, 16>::type;
    VectorOf<long long, 16>::type words = {};
    std::memcpy(&words[0], bytes, 8);
    if constexpr (sizeof(Integers) == 64) {
        std::memcpy(&words[1], bytes + 8, 8);
        integers = __builtin_ia32_pmovzxbd512_mask(reinterpret_cast<Bytes>(words), Integers{},
                                                   static_cast<unsigned short>(-1));
    } else {
        integers = __builtin_ia32_pmovzxbd256(reinterpret_cast<Bytes>(words));
    }
}

// Numbers of 8 bits to as many of 16, and sum[i] += a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1] for numbers of 16 bits and
// sums of 32.
template <class Bytes, class Shorts>
NIB_ALWAYS_INLINE void widen(const Bytes& bytes, Shorts& shorts) {
    if constexpr (sizeof(Shorts) == 32)  // GCC makes four instructions of __builtin_convertvector
        shorts = __builtin_ia32_pmovsxbw256(__builtin_convertvector(bytes, VectorOf<char, 16>::type));
    else
        shorts = __builtin_convertvector(bytes, Shorts);
}
template <class Shorts, class Integers>
NIB_ALWAYS_INLINE void multiply_add_pairs(Integers& sum, const Shorts& a, const Shorts& b) {
    if constexpr (sizeof(Shorts) == 32)
        sum += __builtin_ia32_pmaddwd256(a, b);
    else
        sum += __builtin_ia32_pmaddwd128(a, b);
}
#pragma GCC diagnostic pop
#else
#define NIB_X86_INSTRUCTIONS 0

// Clang makes the same instructions of these.
template <class Integers>
NIB_ALWAYS_INLINE void load_bytes(Integers& integers, const unsigned char* bytes) {
    typename VectorOf<unsigned char, sizeof(Integers) / sizeof(integers[0])>::type narrow;
    std::memcpy(&narrow, bytes, sizeof narrow);
    integers = __builtin_convertvector(narrow, Integers);
}
template <class Bytes, class Shorts>
NIB_ALWAYS_INLINE void widen(const Bytes& bytes, Shorts& shorts) {
    shorts = __builtin_convertvector(bytes, Shorts);
}
template <class Shorts, class Integers>
NIB_ALWAYS_INLINE void multiply_add_pairs(Integers& sum, const Shorts& a, const Shorts& b) {
    const auto add = [&]<int... Index>(std::integer_sequence<int, Index...>, auto odd) NIB_LAMBDA_ALWAYS_INLINE {
        sum += __builtin_convertvector(__builtin_shufflevector(a, a, (2 * Index + odd())...), Integers) *
               __builtin_convertvector(__builtin_shufflevector(b, b, (2 * Index + odd())...), Integers);
    };
    constexpr std::make_integer_sequence<int, static_cast<int>(sizeof(Integers) / 4)> indices{};
    add(indices, std::integral_constant<int, 0>{});
    add(indices, std::integral_constant<int, 1>{});
}
#endif

// vector = values[0], values[1], …: one for each lane.
template <class T, class V>
NIB_ALWAYS_INLINE void load(V& vector, const T* values) {
    vector = *reinterpret_cast<const typename VectorOf<T, sizeof(V)>::unaligned*>(values);
}

template <class T, class V>
NIB_ALWAYS_INLINE void store(T* values, const V& vector) {
    *reinterpret_cast<typename VectorOf<T, sizeof(V)>::unaligned*>(values) = vector;
}

// vector = *value in every lane. By inline assembly, because GCC writes an element of an array of vectors lane by lane;
// but not under sanitizers, which do not see what assembly reads.
template <class T, class V>
NIB_ALWAYS_INLINE void load_broadcast(V& vector, const T* value) {
#if NIB_X86_INSTRUCTIONS && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if constexpr (std::same_as<T, float>)
        asm("vbroadcastss {%1, %0|%0, %1}" : "=v"(vector) : "m"(*value));
    else
        asm("vbroadcastsd {%1, %0|%0, %1}" : "=v"(vector) : "m"(*value));
#else
    vector = *value - V{};
#endif
}

// Keeps a vector in a register: tuned for some CPUs (-mtune=znver3 is one), GCC reads what was loaded once more for
// each use.
template <class V>
NIB_ALWAYS_INLINE void keep_in_register([[maybe_unused]] V& vector) {
#if NIB_X86_INSTRUCTIONS
    asm("" : "+v"(vector));
#endif
}

// Prefetches the cache line at an address, to read or to write it. The address need not be valid.
NIB_ALWAYS_INLINE void prefetch(std::uintptr_t address) { __builtin_prefetch(reinterpret_cast<const char*>(address)); }
NIB_ALWAYS_INLINE void prefetch_to_write(std::uintptr_t address) {
    __builtin_prefetch(reinterpret_cast<const char*>(address), 1);
}

// Where a product is computed for some columns alone, these are whole blocks of so many, two vectors of the widest
// level, so that no kernel has a remainder in their midst. Columns behind the last whole block belong to it.
template <class T>
inline constexpr std::size_t column_block = 128 / sizeof(T);
template <class T>
constexpr bool is_whole_blocks(Range columns, std::size_t all) {
    const std::size_t end = columns.first + columns.count;
    const bool has_whole_block = columns.first == 0 || columns.count >= column_block<T>;
    return columns.first % column_block<T> == 0 && end <= all &&
           (end % column_block<T> == 0 || (end == all && has_whole_block));
}

// Whether rows so many numbers apart conflict in L1: they compete for a few of its sets.
inline constexpr std::size_t l1_conflict_bytes = 1024;
template <class T>
constexpr bool conflicts_in_l1(std::size_t stride) {
    return stride * sizeof(T) % l1_conflict_bytes == 0;
}

// How many rows of b that conflict in L1 make a strip, in products of few rows, which memory limits: as many as fit in
// `bytes`, but at least 8. A strip is short so that its pages and cache lines are still near for its next columns.
template <class T>
constexpr std::size_t lines_of_strip(std::size_t stride, std::size_t bytes) {
    const std::size_t lines = bytes / sizeof(T) / stride;
    return lines < 8 ? 8 : lines;
}

// Copies `count` numbers, fewer than Most, a power of two: by halves, without a loop.
template <std::size_t Most, class T>
NIB_ALWAYS_INLINE void copy_fewer(T* to, const T* from, std::size_t count) {
    constexpr std::size_t half = Most / 2;
    if constexpr (half > 0) {
        if ((count & half) != 0) {
            std::memcpy(to, from, half * sizeof(T));
            to += half;
            from += half;
        }
        copy_fewer<half>(to, from, count);
    }
}

// The first `count` lanes, count less than all; the others are 0.
template <class T, class V>
NIB_ALWAYS_INLINE void load_first(V& vector, const T* values, std::size_t count) {
    constexpr std::size_t lanes = sizeof(V) / sizeof(T);
#if NIB_X86_INSTRUCTIONS
    if constexpr (sizeof(V) >= 32) return FirstLanes<T, V>{count}.load(vector, values);
#endif
    T padded[lanes] = {};
    copy_fewer<lanes>(padded, values, count);
    load(vector, padded);
}

template <class T, class V>
NIB_ALWAYS_INLINE void store_first(T* values, const V& vector, std::size_t count) {
    constexpr std::size_t lanes = sizeof(V) / sizeof(T);
#if NIB_X86_INSTRUCTIONS
    if constexpr (sizeof(V) >= 32) return FirstLanes<T, V>{count}.store(values, vector);
#endif
    T padded[lanes];
    store(padded, vector);
    copy_fewer<lanes>(values, padded, count);
}

// All lanes, or the first `count` where there are no more.
template <class T, class V>
NIB_ALWAYS_INLINE void load_at_most(V& vector, const T* values, std::size_t count) {
    count < sizeof(V) / sizeof(T) ? load_first(vector, values, count) : load(vector, values);
}

template <class T, class V>
NIB_ALWAYS_INLINE void store_at_most(T* values, const V& vector, std::size_t count) {
    count < sizeof(V) / sizeof(T) ? store_first(values, vector, count) : store(values, vector);
}

// The lanes of a and b in turns: of their lower halves into `low`, of their upper halves into `high`.
template <class V>
NIB_ALWAYS_INLINE void zip(const V& a, const V& b, V& low, V& high) {
    constexpr int lanes = sizeof(V) / sizeof(a[0]);
    const auto shuffle = [&]<int... Index>(std::integer_sequence<int, Index...>) NIB_LAMBDA_ALWAYS_INLINE {
        low = __builtin_shufflevector(a, b, (Index / 2 + Index % 2 * lanes)...);
        high = __builtin_shufflevector(a, b, (lanes / 2 + Index / 2 + Index % 2 * lanes)...);
    };
    shuffle(std::make_integer_sequence<int, lanes>{});
}

// Transposes a square of as many rows as a row has lanes: each pass of zips halves the distance of what belongs
// together.
template <class V, std::size_t Rows>
NIB_ALWAYS_INLINE void transpose(V (&rows)[Rows]) {
    static_assert(Rows == sizeof(V) / sizeof(rows[0][0]));
    NIB_UNROLL
    for (std::size_t pass = 1; pass < Rows; pass *= 2) {
        V zipped[Rows];
        NIB_UNROLL
        for (std::size_t i = 0; i < Rows / 2; ++i) zip(rows[i], rows[i + Rows / 2], zipped[2 * i], zipped[2 * i + 1]);
        NIB_UNROLL
        for (std::size_t i = 0; i < Rows; ++i) rows[i] = zipped[i];
    }
}

// sum += factors * x, rounded once on a level that has fused multiply-add. GCC is told so: left alone, it fuses from
// -O2 on, and tuned for some CPUs (-march=znver3 and sapphirerapids are two) not where a loop has a single sum.
template <class Level, class V>
NIB_ALWAYS_INLINE void multiply_add(V& sum, const V& factors, const V& x) {
#if NIB_X86_INSTRUCTIONS
    if constexpr (Level::has_fma) return fused_multiply_add<std::remove_cvref_t<decltype(sum[0])>>(sum, factors, x);
#endif
    sum += factors * x;
}
template <class Level, std::floating_point T, class V>
NIB_ALWAYS_INLINE void multiply_add(V& sum, T factor, const V& x) {
    const V factors = factor - V{};  // in every lane; -0 stays -0
    multiply_add<Level>(sum, factors, x);
}

#if NIB_X86_INSTRUCTIONS
// root = sqrt(x), correctly rounded, from multiply-adds: y, an estimate of 1 / sqrt(x), gives g = x y and h = y / 2,
// which a step of Goldschmidt's brings within a unit in the last place of sqrt(x) and of 1 / (2 sqrt(x)); and then g
// less h times its residual g^2 - x (Markstein 1990). tests/kernels/root_test.cpp proves that this rounds as a root
// does, for every x and every estimate within 2^-14. Returns false, with a root that does not count, where x is neither
// 0 nor between 2^-78, below which residuals are subnormal, and the largest number. Subnormal numbers must be flushed.
template <class V>
NIB_ALWAYS_INLINE bool root_by_multiplying(V& root, const V& x) {
    V y;
    const bool counts = estimate_reciprocal_root(y, x);
    V g = x * y, h = y * 0.5f, error = V{} + 0.5f, residual = x;
    fused_multiply_add<float>(error, -g, h);
    fused_multiply_add<float>(g, g, error);
    fused_multiply_add<float>(h, h, error);
    fused_multiply_add<float>(residual, -g, g);
    fused_multiply_add<float>(g, h, residual);
    root = g;
    return counts;
}
#endif

// root = sqrt(x), correctly rounded: the instruction itself, but on Avx512MultipliedRoots. C++ has no vector square
// root, and std::sqrt stays a call per element where errno must be kept (a header cannot ask for -fno-math-errno).
#if NIB_X86_DISPATCH
#define NIB_SQUARE_ROOT(instruction, registers) asm(instruction " {%1, %0|%0, %1}" : "=" registers(root) : registers(x))
#define NIB_WIDE_SQUARE_ROOT              \
    if constexpr (std::same_as<T, float>) \
        NIB_SQUARE_ROOT("vsqrtps", "v");  \
    else                                  \
        NIB_SQUARE_ROOT("vsqrtpd", "v")
#if defined(__clang__)
// Clang lets no wide register be an operand of asm in a function that lacks the target, and inlines none that has it
// into one that lacks it. So these have the targets of run_avx2 and run_avx512: from -O2 on they are inlined there,
// once their callers are; with less they are calls.
template <class T, class V>
NIB_TARGET_AVX2 void wide_square_root(Avx2, V& root, const V& x) {
    NIB_WIDE_SQUARE_ROOT;
}
template <class T, class V>
NIB_TARGET_AVX512 void wide_square_root(Avx512, V& root, const V& x) {
    NIB_WIDE_SQUARE_ROOT;
}
#else
template <class T, class Level, class V>
NIB_ALWAYS_INLINE void wide_square_root(Level, V& root, const V& x) {
    NIB_WIDE_SQUARE_ROOT;
}
#endif
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void square_root(V& root, const V& x) {
    constexpr bool single = std::same_as<T, float>;
#if NIB_X86_INSTRUCTIONS
    if constexpr (std::same_as<Level, Avx512MultipliedRoots> && single) {
        if (root_by_multiplying(root, x)) return;
    }
#endif
    // Among instructions of 256 bits the older one of 128 would wait for the upper halves of registers.
#if defined(__AVX__)
    constexpr bool older = false;
#else
    constexpr bool older = Level::vector_bytes == 16;
#endif
    if constexpr (sizeof(V) == sizeof(T))
        root[0] = nib::square_root(x[0]);
    else if constexpr (sizeof(V) > 16)
        wide_square_root<T>(Level{}, root, x);
    else if constexpr (older && single)
        NIB_SQUARE_ROOT("sqrtps", "x");
    else if constexpr (older)
        NIB_SQUARE_ROOT("sqrtpd", "x");
    else if constexpr (single)
        NIB_SQUARE_ROOT("vsqrtps", "x");
    else
        NIB_SQUARE_ROOT("vsqrtpd", "x");
}
#undef NIB_WIDE_SQUARE_ROOT
#undef NIB_SQUARE_ROOT
#else
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void square_root(V& root, const V& x) {
    for (std::size_t i = 0; i < sizeof(V) / sizeof(T); ++i) root[i] = nib::square_root(x[i]);
}
#endif

#if NIB_X86_INSTRUCTIONS
// quotient = a / b, correctly rounded, from multiply-adds: y, the reciprocal of b by an estimate and two Newton steps;
// q, the product a y; and q less y times its residual b q - a (Markstein 1990). The residual of a small a would be
// subnormal, so a is scaled. tests/kernels/division_test.cpp proves that this rounds as a division does for every a and
// every positive b up to 2^126, but where the second step begins with an error of 2^-24: if all digits of b are ones, y
// is wrong then. Returns false, with a quotient that does not count, there and where b is 0 or infinite or something
// overflows. Of a larger b the estimate is 0, and so is the quotient; of a negative one a quotient of 0 has a wrong
// sign. Subnormal numbers must be flushed.
template <class V>
NIB_ALWAYS_INLINE bool divide_by_multiplying(V& quotient, const V& a, const V& b) {
    const V scaled = a * 0x1p48f;
    V y, error;
    estimate_reciprocal(y, b);
    NIB_UNROLL
    for (int step = 0; step < 2; ++step) {
        error = V{} + 1;
        fused_multiply_add<float>(error, -b, y);
        fused_multiply_add<float>(y, y, error);
    }
    V q = scaled * y, residual = -scaled;
    fused_multiply_add<float>(residual, b, q);  // with this sign a quotient of -0 stays -0
    fused_multiply_add<float>(q, -residual, y);
    quotient = q * 0x1p-48f;
    return !any_nan_or_equal(q, error, 0x1p-24f);
}
#endif

// quotient = a / b, correctly rounded, beside a square root. b is positive, 0, infinite or a NaN, and no number above
// 2^126. Subnormal numbers must be flushed.
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void divide(V& quotient, const V& a, const V& b) {
#if NIB_X86_INSTRUCTIONS
    if constexpr (std::same_as<Level, Avx512SlowDivider> && std::same_as<T, float>)
        if (divide_by_multiplying(quotient, a, b)) return;
#endif
    quotient = a / b;
}

}  // namespace nib::inline NIB_ABI::kernels
