// Matrix products with inputs that are mostly zeros.
//
// Skipping a zero leaves every sum as it was (x * 0 added), so results equal the dense kernels' to the bit. Two
// exceptions: a weight that is infinite or NaN times a zero input is NaN in the dense kernels and skipped here; and a
// sum of -0, from a bias of -0, becomes 0 there and stays -0 here.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/kernels/nonzeros.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// The terms that one row of x contributes to each of its outputs: term n is value(n) times row column(n) of w.
template <class T>
struct SparseTerms {
    std::size_t count;
    const Nonzero<T>* entries;
    NIB_ALWAYS_INLINE std::size_t column(std::size_t n) const { return entries[n].column; }
    NIB_ALWAYS_INLINE T value(std::size_t n) const { return entries[n].value; }
};
template <class T>
struct DenseTerms {
    std::size_t count;
    const T* values;
    NIB_ALWAYS_INLINE std::size_t column(std::size_t n) const { return n; }
    NIB_ALWAYS_INLINE T value(std::size_t n) const { return values[n]; }
};

// Columns j, j + 1, … of one row: as many as Vectors vectors hold, or all that there are. Where they fill no whole
// vectors, the last ones overlap (the same sums twice), so w has at least one vector's columns.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row_block(const Terms& terms, MatrixView<const T> w, const Epilogue<T>& epilogue,
                                          std::size_t j, T* y) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    std::size_t columns[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) columns[v] = smaller(j + v * width, w.cols() - width);
    V sums[Vectors] = {};
    if (epilogue.bias != nullptr) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], epilogue.bias + columns[v]);
    }
    for (std::size_t n = 0; n < terms.count; ++n) {
        const T* const row = w.data() + terms.column(n) * w.cols();
        const T value = terms.value(n);
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V weight;
            load(weight, row + columns[v]);
            multiply_add<Level>(sums[v], value, weight);
        }
    }
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
        if (epilogue.activation == Activation::relu) relu_in_place(sums[v]);
        store(y + columns[v], sums[v]);
    }
}

// The most vectors whose sums are worth keeping at once: what hides the latency of a multiply-add, or 256 bytes.
template <std::size_t VectorBytes>
inline constexpr std::size_t row_vectors = smaller<std::size_t>(256 / VectorBytes, 8);

// All columns of all rows of y; terms_of(i) are those of row i. One block of columns after the other, so that a block
// of w stays in the second-level cache while all rows pass by.
template <class Level, std::size_t VectorBytes, class TermsOf, class T>
NIB_ALWAYS_INLINE void multiply_rows(const TermsOf& terms_of, MatrixView<const T> w, MatrixView<T> y,
                                     const Epilogue<T>& epilogue) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t most = row_vectors<VectorBytes>;
    if (w.cols() < width) {
        if constexpr (width > 1)
            multiply_rows<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T))>(terms_of, w, y, epilogue);
        return;
    }
    const auto block = [&]<std::size_t Vectors>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < y.rows(); ++i)
            multiply_row_block<Level, VectorBytes, Vectors>(terms_of(i), w, epilogue, j, y.data() + i * y.cols());
    };
    std::size_t j = 0;
    if constexpr (VectorBytes == Level::vector_bytes)
        for (; j + 2 * width < w.cols(); j += most * width) block.template operator()<most>(j);
    for (; j < w.cols(); j += 2 * width) block.template operator()<2>(j);
}

// Rows first, first + 1, … of dw = x^T dy, as many as `dw` has.
template <class T>
struct OuterProducts {
    SparseRows<T> x;
    MatrixView<const T> dy;
    std::size_t first;
    MatrixView<T> dw;
    // positions[i] is where row i of x has its first entry of a column >= first, and becomes where that is for the rows
    // behind these; nullptr: `first` is 0.
    const Nonzero<T>** positions;
};

// Columns j, j + 1, … of them, as many as Vectors vectors hold: one example after the other, with its numbers of dy in
// registers, added to what should lie in the first-level cache.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class T>
NIB_ALWAYS_INLINE void add_columns(const OuterProducts<T>& p, std::size_t j) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t stride = p.dw.cols();
    T* const dw = p.dw.data() + j;
    for (std::size_t r = 0; r < p.dw.rows(); ++r) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) store(dw + r * stride + v * width, V{});
    }
    const std::size_t last = p.first + p.dw.rows();
    const bool last_columns = j + Vectors * width == stride;
    for (std::size_t i = 0; i < p.x.rows; ++i) {
        V row[Vectors];
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(row[v], p.dy.data() + i * stride + j + v * width);
        const Nonzero<T>* entry = p.positions != nullptr ? p.positions[i] : p.x.entries + p.x.starts[i];
        const Nonzero<T>* const end = p.x.entries + p.x.starts[i + 1];
        for (; entry != end && entry->column < last; ++entry) {
            T* const sums = dw + (entry->column - p.first) * stride;
            const T value = entry->value;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V sum;
                load(sum, sums + v * width);
                multiply_add<Level>(sum, value, row[v]);
                store(sums + v * width, sum);
            }
        }
        if (last_columns && p.positions != nullptr) p.positions[i] = entry;
    }
}

// All columns from j on: wide blocks, then narrower ones.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE void add_outer_products(const OuterProducts<T>& p, std::size_t j = 0) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t narrower = VectorBytes > 16 ? VectorBytes / 2 : sizeof(T);
    const std::size_t cols = p.dw.cols();
    for (; j + 4 * width <= cols; j += 4 * width) add_columns<Level, VectorBytes, 4>(p, j);
    for (; j + width <= cols; j += width) add_columns<Level, VectorBytes, 1>(p, j);
    if constexpr (narrower < VectorBytes) {
        if (j < cols) add_outer_products<Level, narrower>(p, j);
    }
}

template <class T>
void multiply(const OuterProducts<T>& products) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        add_outer_products<Level, Level::vector_bytes>(products);
    });
}

}  // namespace detail

// y = activation(x w + bias) row by row: for lists of non-zeros, and for a single row, of which a tile would leave most
// of the registers idle. A program that needs no more has none of the other products in it.
template <class T>
void matmul_by_rows(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {}) {
    assert(x.cols() == w.rows() && y.rows() == x.rows() && y.cols() == w.cols());
    assert(x.is_sparse() || y.rows() == 1);
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        if (x.is_sparse()) {
            const SparseRows<T> lists = x.sparse();
            const auto terms_of = [=](std::size_t i) NIB_LAMBDA_ALWAYS_INLINE {
                return detail::SparseTerms<T>{lists.starts[i + 1] - lists.starts[i], lists.entries + lists.starts[i]};
            };
            detail::multiply_rows<Level, bytes>(terms_of, w, y, epilogue);
        } else {
            const T* const row = x.matrix().data();
            const auto terms_of = [=](std::size_t) NIB_LAMBDA_ALWAYS_INLINE {
                return detail::DenseTerms<T>{w.rows(), row};
            };
            detail::multiply_rows<Level, bytes>(terms_of, w, y, epilogue);
        }
    });
}

// y = activation(x w + bias); as the dense matmul.
template <class T>
void matmul(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {}) {
    x.is_sparse() || y.rows() == 1 ? matmul_by_rows(x, w, y, epilogue) : matmul(x.matrix(), w, y, epilogue);
}

// positions[i] = where row i of x has its first entry of a column >= `column`.
template <class T>
void find_column(const SparseRows<T>& x, std::size_t column, const Nonzero<T>** positions) {
    for (std::size_t i = 0; i < x.rows; ++i) {
        const auto entries = x.row(i);
        const auto before = [=](std::size_t k) { return entries[k].column < column; };
        positions[i] = entries.data() + first_not(entries.size(), before);
    }
}

// Rows first, first + 1, … of dw = x^T dy, as many as `dw` has. positions[i] is where row i of x has its first entry of
// a column >= first; it moves on to the first one that was not used, so that blocks of rows can follow each other.
template <class T>
void sparse_weight_gradient_rows(const SparseRows<T>& x, MatrixView<const T> dy, std::size_t first, MatrixView<T> dw,
                                 const Nonzero<T>** positions) {
    assert(x.rows == dy.rows() && first + dw.rows() <= x.cols && dw.cols() == dy.cols());
    detail::multiply<T>({.x = x, .dy = dy, .first = first, .dw = dw, .positions = positions});
}

// dw = x^T dy; as the dense matmul_weight_gradient.
template <class T>
void matmul_weight_gradient(const Inputs<T>& x, MatrixView<const T> dy, MatrixView<T> dw) {
    if (!x.is_sparse()) return matmul_weight_gradient(x.matrix(), dy, dw);
    assert(x.rows() == dy.rows() && dw.rows() == x.cols() && dw.cols() == dy.cols());
    detail::multiply<T>({.x = x.sparse(), .dy = dy, .first = 0, .dw = dw, .positions = nullptr});
}

}  // namespace nib::inline NIB_ABI::kernels
