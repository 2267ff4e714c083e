// gemv: c = a b + bias for an a of one row, dense or sparse: the product of one example. A tile of gemm (gemm.hpp)
// would leave most registers idle. Apart from matmul, so that binaries that predict one example at a time have no gemm.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// a: [1, K], b: [K, N], c: [1, N], bias: [N], nullptr is 0. c overlaps none of the others. Sums as matmul's
// (matmul.hpp). Of a dense row of up to 4096 numbers zeros are skipped too, with sparse_matmul.hpp's exceptions, where
// one of the first eight is 0, such as ReLU leaves, and at most three quarters are not.
template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias = nullptr);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/detail/row_block.hpp>

#include <cassert>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// All columns of one row of c, whose terms from `first` to `last` are terms_of(first, last), in blocks of so many
// Vectors. The rows of b are taken in strips of `at_once`: a strip is multiplied for all columns before the next one.
template <class Level, std::size_t VectorBytes, std::size_t... Vectors, class TermsOf, class T>
NIB_ALWAYS_INLINE void multiply_row(const TermsOf& terms_of, std::size_t at_once, MatrixView<const T> b, T* c,
                                    const T* bias) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    // Overlapping blocks would add a second strip's terms twice. There are strips only where rows conflict in L1, and
    // there all blocks are whole.
    static_assert(((l1_conflict_bytes % (Vectors * VectorBytes) == 0) && ...));
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
inline constexpr std::size_t most_looked_through = 4096;
template <class T>
bool has_zeros(MatrixView<const T> row) {
    if (row.cols() > most_looked_through) return false;
    bool found = false;
    for (std::size_t i = 0; i < smaller<std::size_t>(8, row.cols()); ++i) found = found || row.data()[i] == 0;
    return found;
}

template <class TermsOf, class T>
void multiply_some(const TermsOf& terms_of, std::size_t at_once, MatrixView<const T> b, T* c, const T* bias) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        multiply_row<Level, Level::vector_bytes, 8, 4>(terms_of, at_once, b, c, bias);
    });
}

}  // namespace detail

template <class T>
void gemv(const InputView<T>& a, MatrixView<const T> b, MatrixView<T> c, const T* bias) {
    assert(a.cols() == b.rows() && a.rows() == 1 && c.rows() == 1 && c.cols() == b.cols());
    if (a.is_sparse()) {
        const SparseRow<T> row = a.sparse().row(0);
        const auto terms = [=](std::size_t, std::size_t) NIB_LAMBDA_ALWAYS_INLINE {
            return detail::SparseTerms<T>{row.data(), row.data() + row.size()};
        };
        return detail::multiply_some(terms, b.rows(), b, c.data(), bias);
    }
    const T* const x = a.matrix().data();
    const std::size_t at_once =
        conflicts_in_l1<T>(b.cols()) && b.cols() > 0 ? lines_of_strip<T>(b.cols(), detail::row_strip_bytes) : b.rows();
    if (detail::has_zeros(a.matrix())) {
        std::uint64_t bits[detail::most_looked_through / 64];
        const std::size_t count = nonzero_bits<T>(a.matrix().row(0), bits);
        const std::uint64_t* const words = bits;
        const auto terms = [=](std::size_t first, std::size_t last) NIB_LAMBDA_ALWAYS_INLINE {
            return detail::TermsOfBits<T>{x, words, first, last};
        };
        const std::size_t whole_words = (at_once + 63) / 64 * 64;  // longer strips, but fewer of their rows are read
        if (count * 4 <= a.cols() * 3) return detail::multiply_some(terms, whole_words, b, c.data(), bias);
    }
    dispatch([=, size = a.cols()](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const auto terms = [=](std::size_t first, std::size_t last) NIB_LAMBDA_ALWAYS_INLINE {
            return detail::AllTerms<T>{x, size, first, last};
        };
        constexpr std::size_t vectors = smaller<std::size_t>(256 / Level::vector_bytes, 8);
        detail::multiply_row<Level, Level::vector_bytes, vectors>(terms, at_once, b, c.data(), bias);
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
