// Products c = a b + bias of one row in 8-bit integers.
//
//   b     int8, in [-127, 127], [(K + 1) / 2, N, 2]: pairs of rows one after the other, each with both numbers of every
//         column side by side, because machines multiply and add integers in pairs; a last odd row has a neighbour of 0
//   a     int16 [K]: whole numbers of steps, 256 values in a row that hold 0: [-zero_point, 255 - zero_point], what an
//         unsigned byte holds once its zero point is taken off. A 0 costs nothing
//   sum   int32 [N]: bias[n] + sum over k of a[k] b[k, n]
//
// The arithmetic is specified to the bit, and the same on every machine: the sums are exact, since no order of their
// terms can overflow (int8_most_rows); a number becomes steps, and a sum the next product's steps, by quantized(): one
// product in binary32, the nearest whole number, halves away from zero; a sum becomes a number by one product.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace nib::inline NIB_ABI::kernels {

inline constexpr int int8_most_value = 127;

inline constexpr int int8_steps = 255;

inline constexpr std::int32_t int8_most_bias = std::int32_t{1} << 28;

// Whatever the numbers, and in whatever order they are added up, |bias| + rows * 127 * 255 < 2^31: 58,022.
inline constexpr std::size_t int8_most_rows =
    ((std::numeric_limits<std::int32_t>::max)() - int8_most_bias) / (int8_most_value * int8_steps);

// How numbers become steps: x times steps_per_unit, rounded, and no more than the range holds.
struct Int8Range {
    float steps_per_unit = 0;
    int zero_point = 0;  // in [0, 255]: the byte that stands for 0

    constexpr int low() const { return -zero_point; }
    constexpr int high() const { return int8_steps - zero_point; }
};

// Two neighbours in a, numbers 2 * position and 2 * position + 1, which are not both 0.
struct Int8Pair {
    std::uint32_t position;
    std::int16_t first;
    std::int16_t second;
};

// b and what belongs to its columns. Non-owning: the numbers may be constants in flash.
struct Int8Matrix {
    std::size_t rows = 0;  // at most int8_most_rows
    std::size_t cols = 0;  // at least 1
    const std::int8_t* values = nullptr;
    const std::int32_t* biases = nullptr;  // [cols], each at most int8_most_bias in magnitude
    const float* scales = nullptr;         // [cols]: what a sum is multiplied by
};

constexpr std::size_t int8_pairs(std::size_t rows) { return (rows + 1) / 2; }

constexpr std::size_t int8_value_count(std::size_t rows, std::size_t cols) { return 2 * int8_pairs(rows) * cols; }

// x factor as a whole number in [low, high], which holds 0; halves are rounded away from zero. NaN becomes `low`.
constexpr int quantized(float x, float factor, int low, int high) {
    const float product = x * factor;
    const float least = static_cast<float>(low), most = static_cast<float>(high);
    const float above = product > least ? product : least;
    const float inside = above < most ? above : most;
    // The double is truncated and then halved: no sum of floats, which a compiler could fuse with the product.
    const int twice = static_cast<int>(2.0f * inside);
    return (twice + 1 + (twice >> 31)) >> 1;
}

// Numbers to steps.
void quantize(std::span<const float> x, Int8Range range, std::int16_t* steps);

// Writes the pairs of `count` steps that are not both 0 and returns how many there are. `pairs` has int8_pairs(count)
// elements.
std::size_t list_pairs(const std::int16_t* steps, std::size_t count, Int8Pair* pairs);

// The same for a sparse row.
std::size_t list_pairs(SparseRow<float> x, Int8Range range, Int8Pair* pairs);

// The scaled sums as steps in [0, 255], into which they are clamped: c [b.cols].
void int8_matmul(nib::detail::ArrayView<Int8Pair> a, const Int8Matrix& b, std::int16_t* c);

// The scaled sums as numbers: c [b.cols].
void int8_matmul(nib::detail::ArrayView<Int8Pair> a, const Int8Matrix& b, float* c);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstring>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// How many columns of b are multiplied in one pass over a.
inline constexpr std::size_t int8_block = 64;

// sums[n] += a b[n] for all pairs of a and Count columns of b, which start at `values`.
template <std::size_t Count>
NIB_ALWAYS_INLINE void add_pairs(nib::detail::ArrayView<Int8Pair> a, const std::int8_t* values, std::size_t stride,
                                 std::int32_t* sums) {
    for (const Int8Pair& pair : a) {
        const std::int8_t* const row = values + pair.position * stride;
        for (std::size_t n = 0; n < Count; ++n) sums[n] += row[2 * n] * pair.first + row[2 * n + 1] * pair.second;
    }
}

#if NIB_X86_DISPATCH
// The same for as many columns as Vectors vectors hold.
template <class Level, std::size_t Vectors>
NIB_ALWAYS_INLINE void add_pair_vectors(nib::detail::ArrayView<Int8Pair> a, const std::int8_t* values,
                                        std::size_t stride, std::int32_t* sums) {
    constexpr std::size_t bytes = smaller<std::size_t>(Level::vector_bytes, 32);
    using Integers = typename VectorOf<std::int32_t, bytes>::type;
    using Shorts = typename VectorOf<std::int16_t, bytes>::type;
    using Bytes = typename VectorOf<std::int8_t, bytes / 2>::type;
    constexpr std::size_t width = bytes / 4;
    Integers local_sums[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) load(local_sums[v], sums + v * width);
    for (const Int8Pair& pair : a) {
        std::int32_t both;
        std::memcpy(&both, &pair.first, sizeof both);
        const Integers repeated = both - Integers{};
        Shorts factors;
        std::memcpy(&factors, &repeated, sizeof factors);
        const std::int8_t* const row = values + pair.position * stride;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            Bytes packed;
            load(packed, row + 2 * v * width);
            Shorts numbers;
            widen(packed, numbers);
            multiply_add_pairs(local_sums[v], numbers, factors);
        }
    }
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) store(sums + v * width, local_sums[v]);
}
#endif

// The same for `count` columns, at most int8_block.
template <class Level>
NIB_ALWAYS_INLINE void add_pairs(nib::detail::ArrayView<Int8Pair> a, const std::int8_t* values, std::size_t stride,
                                 std::int32_t* sums, std::size_t count) {
    std::size_t n = 0;
#if NIB_X86_DISPATCH
    constexpr std::size_t width = smaller<std::size_t>(Level::vector_bytes, 32) / 4;
    const auto visit = [&]<std::size_t Vectors>() NIB_LAMBDA_ALWAYS_INLINE {
        for (; n + Vectors * width <= count; n += Vectors * width)
            add_pair_vectors<Level, Vectors>(a, values + 2 * n, stride, sums + n);
    };
    visit.template operator()<8>();
    visit.template operator()<2>();
    visit.template operator()<1>();
#else
    for (; n + 16 <= count; n += 16) add_pairs<16>(a, values + 2 * n, stride, sums + n);
#endif
    for (; n < count; ++n) add_pairs<1>(a, values + 2 * n, stride, sums + n);
}

// quantized() for the products in all lanes.
template <class V>
NIB_ALWAYS_INLINE void store_rounded(const V& products, int low, int high, std::int16_t* steps) {
    constexpr std::size_t width = sizeof(V) / sizeof(float);
    using Integers = typename VectorOf<std::int32_t, sizeof(V)>::type;
    using Shorts = typename VectorOf<std::int16_t, sizeof(V) / 2>::type;
    const V least = V{} + static_cast<float>(low), most = V{} + static_cast<float>(high);
    const V above = products > least ? products : least;
    const V inside = above < most ? above : most;
    const Integers twice = __builtin_convertvector(2.0f * inside, Integers);
    const Integers rounded = (twice + 1 + (twice >> 31)) >> 1;
    const Shorts narrow = __builtin_convertvector(rounded, Shorts);
    std::memcpy(steps, &narrow, width * sizeof *steps);
}

// Calls use(first, sums, count) with the sums of columns first, first + 1, …, block by block.
template <class Level, class Use>
NIB_ALWAYS_INLINE void for_each_column_block(nib::detail::ArrayView<Int8Pair> a, const Int8Matrix& b, const Use& use) {
    alignas(cache_line) std::int32_t sums[int8_block];
    for (std::size_t first = 0; first < b.cols; first += int8_block) {
        const std::size_t count = smaller(int8_block, b.cols - first);
        copy_values(b.biases + first, count, sums);
        add_pairs<Level>(a, b.values + 2 * first, 2 * b.cols, sums, count);
        use(first, static_cast<const std::int32_t*>(sums), count);
    }
}

}  // namespace detail

NIB_API void quantize(std::span<const float> x, Int8Range range, std::int16_t* steps) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t width = lanes<Level, float>;
        const int low = range.low(), high = range.high();
        std::size_t i = 0;
        for (; i + width <= x.size(); i += width) {
            Vector<Level, float> value;
            load(value, x.data() + i);
            value *= range.steps_per_unit;
            detail::store_rounded(value, low, high, steps + i);
        }
        for (; i < x.size(); ++i)
            steps[i] = static_cast<std::int16_t>(quantized(x[i], range.steps_per_unit, low, high));
    });
}

NIB_API std::size_t list_pairs(const std::int16_t* steps, std::size_t count, Int8Pair* pairs) {
    std::size_t listed = 0;
    const auto visit = [&](std::size_t position, std::int16_t first, std::int16_t second) {
        pairs[listed] = {static_cast<std::uint32_t>(position), first, second};
        listed += (first | second) != 0 ? 1 : 0;
    };
    for (std::size_t i = 0; i < count / 2; ++i) visit(i, steps[2 * i], steps[2 * i + 1]);
    if (count % 2 != 0) visit(count / 2, steps[count - 1], 0);
    return listed;
}

NIB_API std::size_t list_pairs(SparseRow<float> x, Int8Range range, Int8Pair* pairs) {
    std::size_t listed = 0;
    for (const auto& [column, value] : x) {
        const std::uint32_t position = column / 2;
        const auto steps = static_cast<std::int16_t>(quantized(value, range.steps_per_unit, range.low(), range.high()));
        if (listed == 0 || pairs[listed - 1].position != position) pairs[listed++] = {position, 0, 0};
        (column % 2 == 0 ? pairs[listed - 1].first : pairs[listed - 1].second) = steps;
    }
    return listed;
}

NIB_API void int8_matmul(nib::detail::ArrayView<Int8Pair> a, const Int8Matrix& b, std::int16_t* c) {
    assert(b.rows <= int8_most_rows);
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const auto requantize = [&](std::size_t first, const std::int32_t* sums,
                                    std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            constexpr std::size_t width = lanes<Level, float>;
            const float* const scales = b.scales + first;
            std::int16_t* const steps = c + first;
            std::size_t n = 0;
            for (; n + width <= count; n += width) {
                Vector<Level, std::int32_t> sum;
                Vector<Level, float> scale;
                load(sum, sums + n);
                load(scale, scales + n);
                scale *= __builtin_convertvector(sum, decltype(scale));
                detail::store_rounded(scale, 0, int8_steps, steps + n);
            }
            for (; n < count; ++n)
                steps[n] = static_cast<std::int16_t>(quantized(static_cast<float>(sums[n]), scales[n], 0, int8_steps));
        };
        detail::for_each_column_block<Level>(a, b, requantize);
    });
}

NIB_API void int8_matmul(nib::detail::ArrayView<Int8Pair> a, const Int8Matrix& b, float* c) {
    assert(b.rows <= int8_most_rows);
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        const auto scale = [&](std::size_t first, const std::int32_t* sums, std::size_t count)
                               NIB_LAMBDA_ALWAYS_INLINE {
                                   for (std::size_t n = 0; n < count; ++n)
                                       c[first + n] = static_cast<float>(sums[n]) * b.scales[first + n];
                               };
        detail::for_each_column_block<decltype(level)>(a, b, scale);
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
