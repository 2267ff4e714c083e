// Matrix products: chooses the kernel (README.md).
//
//   matmul         c = a b + bias   a: [M, K], b: [K, N], bias: [N], c: [M, N]
//   matmul_at_b    c = a^T b        a: [K, M], b: [K, N], c: [M, N]
//   matmul_a_bt    c = a b^T        a: [M, K], b: [N, K], c: [M, N]
//
// Every output is one chain of multiply-adds in ascending order of the inner index, starting from the bias (or 0),
// whatever the kernel, the tile, the batch or the instruction set: with fused multiply-add everywhere, the same numbers
// in give the same bits out. Zeros that are left out, of a sparse a or of one or two rows, change nothing, with two
// exceptions (sparse_matmul.hpp). c overlaps none of the others.
//
// Nothing is allocated, except that a thread's first large dense product (whose result has 192 rows or more) allocates
// 1.2 MB of scratch memory for packing, which the thread keeps. If that fails, products run without it, slower.
#pragma once

#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// c = a b + bias; nullptr as bias is 0.
template <class T>
void matmul(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias = nullptr);

// Only some columns of that c, whole blocks (vector.hpp's is_whole_blocks); the others are left as they are.
template <class T>
void matmul_columns(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias, Range columns);

// c = a^T b; 0 where a and b have no rows.
template <class T>
void matmul_at_b(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c);

// Rows first, first + 1, … of a^T b, as many as c has.
template <class T>
void matmul_at_b_rows(MatrixView<const T> a, MatrixView<const T> b, std::size_t first, MatrixView<T> c);

// c = a b^T.
template <class T>
void matmul_a_bt(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c);

// The same of that c.
template <class T>
void matmul_a_bt_columns(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Range columns);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/detail/gemm.hpp>
#include <nib/kernels/detail/gemv.hpp>
#include <nib/kernels/detail/sparse_matmul.hpp>
#include <nib/kernels/detail/sparse_matmul_transposed.hpp>

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// Two dense rows are two gemvs if b has at most so many bytes: a tile of two rows has too few sums to hide the latency
// of multiply-adds. A larger b comes from memory, and is better read only once.
inline constexpr std::size_t most_bytes_read_twice = std::size_t{4} << 20;

}  // namespace detail

template <class T>
void matmul(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias) {
    assert(a.cols() == b.rows() && c.rows() == a.rows() && c.cols() == b.cols());
    if (a.rows() == 1) return gemv(a, b, c, bias);
    if (a.rows() == 2 && !a.is_sparse() && b.size() * sizeof(T) <= detail::most_bytes_read_twice) {
        for (std::size_t i = 0; i < 2; ++i) gemv(a.middle_rows(i, 1), b, c.middle_rows(i, 1), bias);
        return;
    }
    matmul_columns(a, b, c, bias, {0, c.cols()});
}

template <class T>
void matmul_columns(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias, Range columns) {
    assert(a.cols() == b.rows() && c.rows() == a.rows() && c.cols() == b.cols());
    assert(is_whole_blocks<T>(columns, c.cols()));
    if (a.is_sparse()) return sparse_matmul(a.sparse(), b, c, bias, columns);
    detail::gemm<T>({.rows = c.rows(),
                     .cols = columns.count,
                     .depth = b.rows(),
                     .a = {a.matrix().data(), b.rows(), 1},
                     .b = {b.data() + columns.first, b.cols(), 1},
                     .c = c.data() + columns.first,
                     .c_stride = c.cols(),
                     .bias = bias == nullptr ? nullptr : bias + columns.first});
}

template <class T>
void matmul_at_b(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c) {
    assert(c.rows() == a.cols());
    a.is_sparse() ? sparse_matmul_at_b(a.sparse(), b, c) : matmul_at_b_rows(a.matrix(), b, 0, c);
}

template <class T>
void matmul_at_b_rows(MatrixView<const T> a, MatrixView<const T> b, std::size_t first, MatrixView<T> c) {
    assert(a.rows() == b.rows() && first + c.rows() <= a.cols() && c.cols() == b.cols());
    detail::gemm<T>({.rows = c.rows(),
                     .cols = c.cols(),
                     .depth = a.rows(),
                     .a = {a.data() + first, 1, a.cols()},
                     .b = {b.data(), b.cols(), 1},
                     .c = c.data(),
                     .c_stride = c.cols()});
}

template <class T>
void matmul_a_bt(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c) {
    matmul_a_bt_columns(a, b, c, {0, c.cols()});
}

template <class T>
void matmul_a_bt_columns(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c, Range columns) {
    assert(a.cols() == b.cols() && c.rows() == a.rows() && c.cols() == b.rows());
    assert(is_whole_blocks<T>(columns, c.cols()));
    detail::gemm<T>({.rows = c.rows(),
                     .cols = columns.count,
                     .depth = a.cols(),
                     .a = {a.data(), a.cols(), 1},
                     .b = {b.data() + columns.first * b.cols(), 1, b.cols()},
                     .c = c.data() + columns.first,
                     .c_stride = c.cols()});
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
