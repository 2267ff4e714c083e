// gemv: c = a b + bias for an a of one row, dense or sparse: the product of one example. A tile of gemm (gemm.hpp)
// would leave most registers idle. Apart from matmul, so that binaries that predict one example at a time have no gemm.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// a: [1, K], b: [K, N], c: [1, N], bias: [N], nullptr is 0. c overlaps none of the others. Sums as matmul's
// (matmul.hpp). Zeros of a short dense row, such as ReLU leaves, may be skipped too, with sparse_matmul.hpp's
// exceptions.
template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias = nullptr);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/detail/row_block.hpp>

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// All columns of one row of c, whose terms from `first` to `last` are terms_of(first, last), in blocks of so many
// Vectors. The rows of b are taken in strips of `at_once`: a strip is multiplied for all columns before the next one.
template <class Level, std::size_t VectorBytes, std::size_t... Vectors, class TermsOf, class T>
NIB_ALWAYS_INLINE void multiply_row(const TermsOf& terms_of, std::size_t at_once, MatrixView<const T> b, T* c,
                                    const T* bias) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    // Overlapping blocks would add a second strip's terms twice. With strips there are none: all blocks are whole.
    static_assert(((l1_conflict_bytes % (Vectors * VectorBytes) == 0) && ...));
    assert(at_once >= b.rows() || conflicts_in_l1<T>(b.cols()));
    if (b.cols() < width) {
        if constexpr (width > 1)
            multiply_row<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T)), Vectors...>(terms_of, at_once, b, c,
                                                                                              bias);
        return;
    }
    std::size_t first = 0;
    do {
        const std::size_t last = smaller(at_once, b.rows() - first) + first;
        const T* const start = first > 0 ? c : bias;
        for_each_row_block<Level, VectorBytes, Vectors...>(
            0, b.cols(), width, [&]<std::size_t Count, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                auto terms = terms_of(first, last);
                multiply_row_block<Level, VectorBytes, Count, Whole>(terms, b, start, j, c);
            });
        first = last;
    } while (first < b.rows());
}

// The bytes in a strip of rows of b that conflict in L1.
inline constexpr std::size_t row_strip_bytes = 64 * 1024;

// Of a dense row up to so many numbers are looked through for zeros, if one of the first few is 0.
inline constexpr std::size_t most_looked_through = 256;
template <class T>
bool has_zeros(MatrixView<const T> row) {
    if (row.cols() > most_looked_through) return false;
    bool found = false;
    for (std::size_t i = 0; i < smaller<std::size_t>(8, row.cols()); ++i) found = found || row.data()[i] == 0;
    return found;
}

template <class T>
void multiply_sparse_row(SparseRow<T> a, MatrixView<const T> b, T* c, const T* bias) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const auto terms = [=](std::size_t, std::size_t) NIB_LAMBDA_ALWAYS_INLINE {
            return SparseTerms<T>{a.data(), a.data() + a.size()};
        };
        multiply_row<Level, Level::vector_bytes, 8, 4>(terms, b.rows(), b, c, bias);
    });
}

}  // namespace detail

template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias) {
    assert(a.cols() == b.rows() && a.rows() == 1 && c.rows() == 1 && c.cols() == b.cols());
    if (a.is_sparse()) return detail::multiply_sparse_row<T>(a.sparse().row(0), b, c.data(), bias);
    if (detail::has_zeros(a.matrix())) {
        Nonzero<T> entries[detail::most_looked_through];
        const std::size_t count = append_nonzeros<T>(a.matrix().row(0), entries);
        if (count * 4 <= a.cols() * 3) return detail::multiply_sparse_row<T>({entries, count}, b, c.data(), bias);
    }
    dispatch([=, x = a.matrix().data(), size = a.cols()](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const std::size_t at_once = conflicts_in_l1<T>(b.cols()) && b.cols() > 0
                                        ? lines_of_strip<T>(b.cols(), detail::row_strip_bytes)
                                        : b.rows();
        const auto terms = [=](std::size_t first, std::size_t last) NIB_LAMBDA_ALWAYS_INLINE {
            return detail::AllTerms<T>{x, size, last, first};
        };
        constexpr std::size_t vectors = smaller<std::size_t>(256 / Level::vector_bytes, 8);
        detail::multiply_row<Level, Level::vector_bytes, vectors>(terms, at_once, b, c.data(), bias);
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
