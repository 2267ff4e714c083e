// gemv: c = a b + bias for an a of one row, dense or sparse: the product of one example. A tile of gemm (gemm.hpp)
// would leave most registers idle. Separate so that binaries that predict one example at a time stay small.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// a: [1, K], b: [K, N], c: [1, N], bias: [N], nullptr is 0. c overlaps none of the others. Sums as matmul's
// (matmul.hpp).
template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias = nullptr);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// Iterates over the terms of a row of a: each is value() times row column() of b. SparseTerms visits the non-zeros,
// AllTerms every number.
template <class T>
struct SparseTerms {
    const Nonzero<T>* entry;
    const Nonzero<T>* end;
    std::size_t last;  // only those of columns before this one
    NIB_ALWAYS_INLINE bool more() const { return entry != end && entry->column < last; }
    NIB_ALWAYS_INLINE void next() { ++entry; }
    NIB_ALWAYS_INLINE std::size_t column() const { return entry->column; }
    NIB_ALWAYS_INLINE T value() const { return entry->value; }
};
template <class T>
struct AllTerms {
    const T* values;
    std::size_t last;
    std::size_t k = 0;
    NIB_ALWAYS_INLINE bool more() const { return k != last; }
    NIB_ALWAYS_INLINE void next() { ++k; }
    NIB_ALWAYS_INLINE std::size_t column() const { return k; }
    NIB_ALWAYS_INLINE T value() const { return values[k]; }
};

// Columns j, j + 1, … of one row of c, accumulated from `start` on (nullptr: from 0). If Whole, they fill Vectors
// vectors. Else they are the last columns of c: vectors are moved to the left until they fit and overlap, which
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

// Calls block<Count, Whole>(j) for blocks of columns that together are all `cols`: as many blocks of each Count in
// `Vectors` as fit, then blocks of two vectors. Wide blocks hide the latency of multiply-adds, and read an entry of a
// sparse row less often.
template <class Level, std::size_t VectorBytes, std::size_t... Vectors, class Block>
NIB_ALWAYS_INLINE void for_each_row_block(std::size_t cols, std::size_t width, const Block& block) {
    std::size_t j = 0;
    const auto visit = [&]<std::size_t Count>() NIB_LAMBDA_ALWAYS_INLINE {
        for (; j + Count * width <= cols; j += Count * width) block.template operator()<Count, true>(j);
    };
    if constexpr (VectorBytes == Level::vector_bytes) (visit.template operator()<Vectors>(), ...);
    for (; j < cols; j += 2 * width) block.template operator()<2, false>(j);
}

// All columns of one row of c from all `terms` of a row of a. The rows of b are taken in strips of `at_once`: a strip
// is multiplied for all columns before the next one.
template <class Level, std::size_t VectorBytes, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row(Terms terms, std::size_t at_once, MatrixView<const T> b, T* c, const T* bias) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t vectors = smaller<std::size_t>(256 / VectorBytes, 8);
    // Overlapping blocks would add a second strip's terms twice. With strips there are none: all blocks are whole.
    static_assert(l1_conflict_bytes % (vectors * VectorBytes) == 0);
    assert(at_once >= b.rows() || conflicts_in_l1<T>(b.cols()));
    if (b.cols() < width) {
        if constexpr (width > 1)
            multiply_row<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T))>(terms, at_once, b, c, bias);
        return;
    }
    const std::size_t depth = b.rows();
    std::size_t first = 0;
    do {
        const std::size_t last = smaller(at_once, depth - first) + first;
        const T* const start = first > 0 ? c : bias;
        terms.last = last;
        Terms local_copy = terms;
        for_each_row_block<Level, VectorBytes, vectors>(
            b.cols(), width, [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                local_copy = terms;
                multiply_row_block<Level, VectorBytes, Vectors, Whole>(local_copy, b, start, j, c);
            });
        terms = local_copy;
        first = last;
    } while (first < depth);
}

// The bytes in a strip of rows of b that conflict in L1, for a dense a. A sparse a uses no strips: it has few non-zeros
// in each, and every strip reads and writes all of c.
inline constexpr std::size_t row_strip_bytes = 64 * 1024;

}  // namespace detail

template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias) {
    assert(a.cols() == b.rows() && a.rows() == 1 && c.rows() == 1 && c.cols() == b.cols());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        if (a.is_sparse()) {
            const SparseRow<T> row = a.sparse().row(0);
            const detail::SparseTerms<T> terms{row.data(), row.data() + row.size(), a.cols()};
            detail::multiply_row<Level, bytes>(terms, b.rows(), b, c.data(), bias);
        } else {
            const detail::AllTerms<T> terms{a.matrix().data(), b.rows()};
            const std::size_t lines = conflicts_in_l1<T>(b.cols()) && b.cols() > 0
                                          ? lines_of_strip<T>(b.cols(), detail::row_strip_bytes)
                                          : b.rows();
            detail::multiply_row<Level, bytes>(terms, lines, b, c.data(), bias);
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
