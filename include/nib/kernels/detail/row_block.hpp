// One row of a product, dense or sparse, in blocks of columns that stay in registers while the row passes: what gemv
// and sparse_matmul are made of.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>
#include <nib/kernels/vector.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels::detail {

// Iterates over the terms of a row of a: each is value() times row column() of b. AllTerms visits every number,
// SparseTerms the non-zeros, SparseTermsBefore those of the columns before `last`.
template <class T>
struct SparseTerms {
    const Nonzero<T>* entry;
    const Nonzero<T>* end;
    NIB_ALWAYS_INLINE bool more() const { return entry != end; }
    NIB_ALWAYS_INLINE void next() { ++entry; }
    NIB_ALWAYS_INLINE std::size_t column() const { return entry->column; }
    NIB_ALWAYS_INLINE T value() const { return entry->value; }
};
template <class T>
struct SparseTermsBefore : SparseTerms<T> {
    std::size_t last;
    NIB_ALWAYS_INLINE bool more() const { return this->entry != this->end && this->entry->column < last; }
};
// With each number AllTerms prefetches the one below it, in the next row: examples are often rows of one matrix, and
// come from memory one after the other. Fetching all of the next row at once would hold up the rows of b. A cache line
// is asked for several times, because the processor drops requests that it has no room for.
template <class T>
struct AllTerms {
    const T* values;
    std::size_t size;
    std::size_t last;
    std::size_t k = 0;
    NIB_ALWAYS_INLINE bool more() const { return k != last; }
    NIB_ALWAYS_INLINE void next() { ++k; }
    NIB_ALWAYS_INLINE std::size_t column() const { return k; }
    NIB_ALWAYS_INLINE T value() const {
        prefetch(reinterpret_cast<std::uintptr_t>(values) + (size + k) * sizeof(T));
        return values[k];
    }
};

// Columns j, j + 1, … of one row of c, accumulated from `start` on (nullptr: from 0). If Whole, they fill Vectors
// vectors. Else they may be the last columns of c: vectors are moved to the left until they fit and overlap, which
// computes some sums twice; so b must have at least as many columns as a vector has lanes.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, bool Whole, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row_block(Terms& terms, MatrixView<const T> b, const T* start, std::size_t j, T* c) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    // Of each vector from column j on. Constants if Whole, because there are not enough registers for variables.
    std::ptrdiff_t offsets[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
        offsets[v] = static_cast<std::ptrdiff_t>(v * width) -
                     (Whole ? 0 : static_cast<std::ptrdiff_t>(larger(j + (v + 1) * width, b.cols()) - b.cols()));
    V sums[Vectors] = {};
    if (start != nullptr) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], start + j + offsets[v]);
    }
    const T* const rows = b.rows() > 0 ? b.data() + j : nullptr;
    for (; terms.more(); terms.next()) {
        const T* const row = rows + terms.column() * b.cols();
        const T value = terms.value();
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V part;
            load(part, row + offsets[v]);
            multiply_add<Level>(sums[v], value, part);
        }
    }
    T* const to = c + j;
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) store(to + offsets[v], sums[v]);
}

// Calls block<Count, Whole>(j) for blocks of columns that together are those from j to `end`: as many blocks of each
// Count in `Vectors` as fit, then blocks of two vectors. Wide blocks hide the latency of multiply-adds, and read an
// entry of a sparse row less often.
template <class Level, std::size_t VectorBytes, std::size_t... Vectors, class Block>
NIB_ALWAYS_INLINE void for_each_row_block(std::size_t j, std::size_t end, std::size_t width, const Block& block) {
    const auto visit = [&]<std::size_t Count>() NIB_LAMBDA_ALWAYS_INLINE {
        for (; j + Count * width <= end; j += Count * width) block.template operator()<Count, true>(j);
    };
    if constexpr (VectorBytes == Level::vector_bytes && is_tuned<Level>) (visit.template operator()<Vectors>(), ...);
    for (; j < end; j += 2 * width) block.template operator()<2, false>(j);
}

}  // namespace nib::inline NIB_ABI::kernels::detail
