// c = a b + bias for a sparse a (CSR): the zeros of a cost nothing.
//
// Skipping a zero leaves every sum as it was, so results equal gemm's to the bit. Two exceptions: 0 times infinity or
// NaN is NaN in gemm and skipped here; and a sum of -0, from a bias of -0, becomes 0 in gemm and stays -0 here.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/row_block.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cassert>
#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// How many rows of a are multiplied together, so that the block of b that they all read stays in L1.
inline constexpr std::size_t sparse_rows_at_once = 64;

// Multiplies at most so many rows, and of b some columns: all rows of a by one block of rows and columns of b, then by
// the next block.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE void multiply_sparse_rows(const SparseMatrixView<T>& a, MatrixView<const T> b, MatrixView<T> c,
                                            const T* bias, Range columns) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    if (b.cols() < width) {
        if constexpr (width > 1)
            multiply_sparse_rows<Level, (VectorBytes > 16 ? 16 : sizeof(T))>(a, b, c, bias, columns);
        return;
    }
    const auto block = [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
        const Nonzero<T>* positions[sparse_rows_at_once];
        for (std::size_t i = 0; i < a.rows; ++i) positions[i] = a.row(i).data();
        constexpr std::size_t lines = 32 * 1024 / (Vectors * VectorBytes);
        const std::size_t depth = conflicts_in_l1<T>(b.cols()) ? lines / 2 : lines;
        std::size_t first = 0;
        do {
            const std::size_t last = smaller(first + depth, b.rows());
            T* row = c.data();
            for (std::size_t i = 0; i < a.rows; ++i) {
                const SparseRow<T> entries = a.row(i);
                SparseTermsBefore<T> terms{{positions[i], entries.data() + entries.size()}, last};
                multiply_row_block<Level, VectorBytes, Vectors, Whole>(terms, b, first == 0 ? bias : row, j, row);
                positions[i] = terms.entry;
                row += c.cols();
            }
            first = last;
        } while (first < b.rows());
    };
    for_each_row_block<Level, VectorBytes, 8, 4>(columns.first, columns.first + columns.count, width, block);
}

}  // namespace detail

// a: [M, K], b: [K, N], c: [M, N], bias: [N], nullptr is 0. c overlaps none of the others. Only some columns of c are
// computed, which are whole blocks (is_whole_blocks); the others are left as they are.
template <class T>
void sparse_matmul(const SparseMatrixView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias, Range columns) {
    assert(a.cols == b.rows() && c.rows() == a.rows && c.cols() == b.cols() && is_whole_blocks<T>(columns, c.cols()));
    for (std::size_t i = 0; i < a.rows; i += detail::sparse_rows_at_once) {
        const std::size_t count = smaller(detail::sparse_rows_at_once, a.rows - i);
        dispatch([=, some = a.middle_rows(i, count), to = c.middle_rows(i, count)](auto level)
                     NIB_LAMBDA_ALWAYS_INLINE {
                         using Level = decltype(level);
                         detail::multiply_sparse_rows<Level, Level::vector_bytes>(some, b, to, bias, columns);
                     });
    }
}

}  // namespace nib::inline NIB_ABI::kernels
