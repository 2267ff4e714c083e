// gemv: c = a b + bias for an a of one row, dense or sparse: the product of one example. A tile of gemm (gemm.hpp)
// would leave most registers idle. Apart from matmul, so that binaries that predict one example at a time have no gemm.
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

#include <nib/kernels/detail/row_block.hpp>
#include <nib/kernels/detail/sparse_matmul.hpp>

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// All columns of one row of c from all `terms` of a dense row of a. The rows of b are taken in strips of `at_once`: a
// strip is multiplied for all columns before the next one.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE void multiply_row(const T* a, std::size_t at_once, MatrixView<const T> b, T* c, const T* bias) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t vectors = smaller<std::size_t>(256 / VectorBytes, 8);
    // Overlapping blocks would add a second strip's terms twice. With strips there are none: all blocks are whole.
    static_assert(l1_conflict_bytes % (vectors * VectorBytes) == 0);
    assert(at_once >= b.rows() || conflicts_in_l1<T>(b.cols()));
    if (b.cols() < width) {
        if constexpr (width > 1)
            multiply_row<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T))>(a, at_once, b, c, bias);
        return;
    }
    std::size_t first = 0;
    do {
        const std::size_t last = smaller(at_once, b.rows() - first) + first;
        const T* const start = first > 0 ? c : bias;
        for_each_row_block<Level, VectorBytes, vectors>(
            b.cols(), width, [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                AllTerms<T> terms{a, last, first};
                multiply_row_block<Level, VectorBytes, Vectors, Whole>(terms, b, start, j, c);
            });
        first = last;
    } while (first < b.rows());
}

// The bytes in a strip of rows of b that conflict in L1.
inline constexpr std::size_t row_strip_bytes = 64 * 1024;

}  // namespace detail

template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias) {
    assert(a.cols() == b.rows() && a.rows() == 1 && c.rows() == 1 && c.cols() == b.cols());
    if (a.is_sparse()) return sparse_matmul(a.sparse(), b, c, bias);
    dispatch([=, x = a.matrix().data()](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const std::size_t at_once = conflicts_in_l1<T>(b.cols()) && b.cols() > 0
                                        ? lines_of_strip<T>(b.cols(), detail::row_strip_bytes)
                                        : b.rows();
        detail::multiply_row<Level, Level::vector_bytes>(x, at_once, b, c.data(), bias);
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
