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

// y = activation(y + terms) for Vectors whole vectors of one row, from `start` instead of y where that is given.
// `weights` is row 0 of w, w_stride its length.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row_block(const Terms& terms, const T* weights, std::size_t w_stride, const T* start,
                                          T* y, bool relu) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    V sums[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], start + v * width);
    for (std::size_t n = 0; n < terms.count; ++n) {
        const T* const row = weights + terms.column(n) * w_stride;
        const T value = terms.value(n);
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V weight;
            load(weight, row + v * width);
            multiply_add<Level>(sums[v], value, weight);
        }
    }
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
        if (relu) relu_in_place(sums[v]);
        store(y + v * width, sums[v]);
    }
}

// Outputs from `first` on of one row: wide blocks, then narrower ones. What is left over at the end is a block that
// overlaps the one before (the same sums twice), so that only rows narrower than 16 bytes go one by one.
template <class Level, std::size_t VectorBytes, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row(const Terms& terms, MatrixView<const T> w, T* y, const Epilogue<T>& epilogue,
                                    std::size_t first = 0) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    static constexpr T zeros[4 * width] = {};
    const std::size_t cols = w.cols();
    const bool relu = epilogue.activation == Activation::relu;
    const auto start = [=](std::size_t j)
                           NIB_LAMBDA_ALWAYS_INLINE { return epilogue.bias != nullptr ? epilogue.bias + j : zeros; };
    if (cols < width) {
        if constexpr (VectorBytes > 16)
            multiply_row<Level, VectorBytes / 2>(terms, w, y, epilogue);
        else
            for (std::size_t j = 0; j < cols; ++j)
                multiply_row_block<Level, sizeof(T), 1>(terms, w.data() + j, cols, start(j), y + j, relu);
        return;
    }
    std::size_t j = first;
    for (; j + 4 * width <= cols; j += 4 * width)
        multiply_row_block<Level, VectorBytes, 4>(terms, w.data() + j, cols, start(j), y + j, relu);
    for (; j + width <= cols; j += width)
        multiply_row_block<Level, VectorBytes, 1>(terms, w.data() + j, cols, start(j), y + j, relu);
    if (j == cols) return;
    j = cols - width;
    multiply_row_block<Level, VectorBytes, 1>(terms, w.data() + j, cols, start(j), y + j, relu);
}

// The products of all rows with the first wide columns of w, as many as are whole blocks. One block of w, deep_block
// rows of it, stays in the first-level cache while all rows of x pass by; a row's sums go on from what they were.
// Returns the number of columns done.
template <class Level, class T>
NIB_ALWAYS_INLINE std::size_t multiply_wide(const SparseRows<T>& x, MatrixView<const T> w, MatrixView<T> y,
                                            const Epilogue<T>& epilogue) {
    constexpr std::size_t block = 4 * lanes<Level, T>;
    constexpr std::size_t deep_block = 32 * 1024 / (block * sizeof(T));
    constexpr std::size_t most_rows = 128;
    static constexpr T zeros[block] = {};
    const std::size_t whole = w.cols() / block * block;
    for (std::size_t first = 0; first < x.rows; first += most_rows) {
        const std::size_t rows = smaller(most_rows, x.rows - first);
        for (std::size_t j = 0; j < whole; j += block) {
            const Nonzero<T>* next[most_rows];
            for (std::size_t i = 0; i < rows; ++i) next[i] = x.row(first + i).data();
            std::size_t deep = 0;
            do {
                const bool first_part = deep == 0;
                deep += deep_block;
                const bool relu = deep >= w.rows() && epilogue.activation == Activation::relu;
                for (std::size_t i = 0; i < rows; ++i) {
                    const Nonzero<T>* const end = x.entries + x.starts[first + i + 1];
                    const Nonzero<T>* stop = next[i];
                    while (stop != end && stop->column < deep) ++stop;
                    T* const sums = y.data() + (first + i) * y.cols() + j;
                    const T* const start = !first_part ? sums : epilogue.bias != nullptr ? epilogue.bias + j : zeros;
                    const SparseTerms<T> terms{static_cast<std::size_t>(stop - next[i]), next[i]};
                    multiply_row_block<Level, Level::vector_bytes, 4>(terms, w.data() + j, w.cols(), start, sums, relu);
                    next[i] = stop;
                }
            } while (deep < w.rows());
        }
    }
    return whole;
}

// Rows [first, last) of dw that one example contributes to: its entries [entry, end), as far as their columns are below
// `last`, each times the example's row of dy; Vectors whole vectors of that, which stay in registers. Returns the first
// entry that was not used.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class T>
NIB_ALWAYS_INLINE const Nonzero<T>* add_outer_block(const Nonzero<T>* entry, const Nonzero<T>* end, std::size_t first,
                                                    std::size_t last, const T* dy, T* dw, std::size_t stride) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    V row[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) load(row[v], dy + v * width);
    for (; entry != end && entry->column < last; ++entry) {
        T* const sums = dw + (entry->column - first) * stride;
        const T value = entry->value;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V sum;
            load(sum, sums + v * width);
            multiply_add<Level>(sum, value, row[v]);
            store(sums + v * width, sum);
        }
    }
    return entry;
}

// The same for all columns from j on: wide blocks, then narrower ones.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE const Nonzero<T>* add_outer(const Nonzero<T>* entry, const Nonzero<T>* end, std::size_t first,
                                              std::size_t last, const T* dy, MatrixView<T> dw, std::size_t j = 0) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t cols = dw.cols();
    const Nonzero<T>* stop = entry;
    for (; j + 4 * width <= cols; j += 4 * width)
        stop = add_outer_block<Level, VectorBytes, 4>(entry, end, first, last, dy + j, dw.data() + j, cols);
    for (; j + width <= cols; j += width)
        stop = add_outer_block<Level, VectorBytes, 1>(entry, end, first, last, dy + j, dw.data() + j, cols);
    constexpr std::size_t narrower = VectorBytes > 16 ? VectorBytes / 2 : sizeof(T);
    if constexpr (narrower < VectorBytes) {
        if (j < cols) stop = add_outer<Level, narrower>(entry, end, first, last, dy, dw, j);
    }
    return stop;
}

// For a block in the first-level cache, where a call of memset costs more than these stores. The compiler must not see
// that they are zeros: it would make that call of them.
template <class Level, class T>
NIB_ALWAYS_INLINE void fill_zero(std::span<T> values) {
    constexpr std::size_t width = lanes<Level, T>;
    Vector<Level, T> hidden = {};
    asm("" : "+m"(hidden));
    const Vector<Level, T> zero = hidden;
    std::size_t i = 0;
    for (; i + width <= values.size(); i += width) store(values.data() + i, zero);
    for (; i < values.size(); ++i) values[i] = 0;
}

}  // namespace detail

// y = activation(x w + bias); as the dense matmul. A single row that is not sparse takes the same path, as a tile of
// one row would leave most of the registers idle.
template <class T>
void matmul(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {}) {
    assert(x.cols() == w.rows() && y.rows() == x.rows() && y.cols() == w.cols());
    if (!x.is_sparse() && y.rows() != 1) return matmul(x.matrix(), w, y, epilogue);
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        if (!x.is_sparse()) {
            const detail::DenseTerms<T> terms{w.rows(), x.matrix().data()};
            return detail::multiply_row<Level, bytes>(terms, w, y.data(), epilogue);
        }
        const SparseRows<T> lists = x.sparse();
        const std::size_t done = y.rows() == 1 ? 0 : detail::multiply_wide<Level>(lists, w, y, epilogue);
        if (done == w.cols()) return;
        for (std::size_t i = 0; i < y.rows(); ++i) {
            const auto entries = lists.row(i);
            const detail::SparseTerms<T> terms{entries.size(), entries.data()};
            detail::multiply_row<Level, bytes>(terms, w, y.data() + i * y.cols(), epilogue, done);
        }
    });
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
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        detail::fill_zero<Level>(dw.values());
        for (std::size_t i = 0; i < x.rows; ++i)
            positions[i] = detail::add_outer<Level, Level::vector_bytes>(
                positions[i], x.entries + x.starts[i + 1], first, first + dw.rows(), dy.row(i).data(), dw);
    });
}

// dw = x^T dy; as the dense matmul_weight_gradient.
template <class T>
void matmul_weight_gradient(const Inputs<T>& x, MatrixView<const T> dy, MatrixView<T> dw) {
    if (!x.is_sparse()) return matmul_weight_gradient(x.matrix(), dy, dw);
    const SparseRows<T> lists = x.sparse();
    assert(lists.rows == dy.rows() && dw.rows() == lists.cols && dw.cols() == dy.cols());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        detail::fill_zero<Level>(dw.values());
        for (std::size_t i = 0; i < lists.rows; ++i) {
            const auto entries = lists.row(i);
            detail::add_outer<Level, Level::vector_bytes>(entries.data(), entries.data() + entries.size(), 0, dw.rows(),
                                                          dy.row(i).data(), dw);
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels
