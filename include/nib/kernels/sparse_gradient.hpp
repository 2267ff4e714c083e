// The weight gradient of inputs that are mostly zeros, dw = x^T dy: equal to the dense kernels' to the bit.
//
// The non-zeros of some columns of x can be listed by column first. A row of dw is then one column's list, its sums
// stay in registers, and what is done with them can begin there: kernels/adam.hpp does.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/nonzeros.hpp>

#include <concepts>
#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// Rows first, first + 1, … of dw = x^T dy, as many as `dw` has.
template <class T>
struct SparseGradientRows {
    SparseRows<T> x;               // [B, In]
    MatrixView<const T> dy;        // [B, Out]
    std::size_t first;             // of In
    const Nonzero<T>** positions;  // [B]: where each row of x has its first entry of a column >= first (find_column)
    MatrixView<T> dw;              // [rows, Out]: where they go, or may go on their way
};

// Multiplies them out. `positions` move on to the first entries that were not used, so that blocks of rows can follow
// each other.
template <class T>
void sparse_weight_gradient_rows(const SparseGradientRows<T>& rows);

// dw = x^T dy; as the dense matmul_weight_gradient.
template <class T, std::same_as<Inputs<T>> X>
void matmul_weight_gradient(const X& x, MatrixView<const T> dy, MatrixView<T> dw);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/kernels/blocks.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/kernels/sparse.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// Non-zeros by column: of some columns of x, and of at most lists_at_once of its rows.
template <class T>
struct ColumnLists {
    struct Entry {
        std::uint32_t row;
        T value;
    };
    static constexpr std::size_t columns = 96;

    Entry* ends[columns];
    std::size_t stride;  // from one column's list to the next one's
    Entry entries[columns * (lists_at_once + 1)];

    // The entries of columns first, first + 1, …, first + count - 1 in the lists from `positions` on, which move on.
    NIB_ALWAYS_INLINE void take(const SparseRows<T>& x, std::size_t first, std::size_t count,
                                const Nonzero<T>** positions) {
        stride = x.rows + 1;  // no more than there must be, for the first-level cache's sake
        for (std::size_t c = 0; c < count; ++c) ends[c] = entries + c * stride;
        for (std::size_t i = 0; i < x.rows; ++i) {
            const Nonzero<T>* const end = end_of(x.row(i));
            const Nonzero<T>* entry = positions[i];
            for (; entry != end && entry->column < first + count; ++entry)
                *ends[entry->column - first]++ = {static_cast<std::uint32_t>(i), entry->value};
            positions[i] = entry;
        }
    }
};

// Non-zeros by row: in the lists from `positions` on, those of columns first, first + 1, …
template <class T>
struct RowLists {
    SparseRows<T> x;
    std::size_t first;
    const Nonzero<T>** positions;  // they move on to the first entry that was not used
};

// dw = x^T dy, or dw += x^T dy.
template <class T>
struct OuterProducts {
    MatrixView<const T> dy;
    MatrixView<T> dw;
    bool go_on;
};

// What is done with sums, a vector of them at a time: they are stored in their place of dw.
struct StoreSums {
    template <class Level, class V, class T>
    NIB_ALWAYS_INLINE void operator()(T* place, const V& sums) const {
        store(place, sums);
    }
};

// Columns j, j + 1, … of dw, as many as Vectors vectors hold: one row of dw after the other.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class T, class Use>
NIB_ALWAYS_INLINE void add_columns(const ColumnLists<T>& x, const OuterProducts<T>& p, std::size_t j, const Use& use) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t stride = p.dw.cols();
    for (std::size_t c = 0; c < p.dw.rows(); ++c) {
        T* const to = p.dw.data() + c * stride + j;
        V sums[Vectors] = {};
        if (p.go_on) {
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], to + v * width);
        }
        for (const auto* entry = x.entries + c * x.stride; entry != x.ends[c]; ++entry) {
            const T* const row = p.dy.data() + entry->row * stride + j;
            const T value = entry->value;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V gradient;
                load(gradient, row + v * width);
                multiply_add<Level>(sums[v], value, gradient);
            }
        }
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) use.template operator()<Level>(to + v * width, sums[v]);
    }
}

// The same, one row of dy after the other, added to what should lie in the first-level cache.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class T>
NIB_ALWAYS_INLINE void add_columns(const RowLists<T>& x, const OuterProducts<T>& p, std::size_t j, const StoreSums&) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t stride = p.dw.cols();
    T* const dw = p.dw.data() + j;
    for (std::size_t r = 0; !p.go_on && r < p.dw.rows(); ++r) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) store(dw + r * stride + v * width, V{});
    }
    const bool last_columns = j + Vectors * width == stride;
    for (std::size_t i = 0; i < x.x.rows; ++i) {
        V row[Vectors];
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(row[v], p.dy.data() + i * stride + j + v * width);
        ListedTerms<T> terms{x.positions[i], end_of(x.x.row(i)), x.first + p.dw.rows()};
        for (; terms.more(); terms.next()) {
            T* const sums = dw + (terms.column() - x.first) * stride;
            const T value = terms.value();
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V sum;
                load(sum, sums + v * width);
                multiply_add<Level>(sum, value, row[v]);
                store(sums + v * width, sum);
            }
        }
        if (last_columns) x.positions[i] = terms.entry;
    }
}

// All columns from j on: wide blocks of Most vectors, then narrower ones.
template <class Level, std::size_t VectorBytes, std::size_t Most, class Lists, class T, class Use>
NIB_ALWAYS_INLINE void add_outer_products(const Lists& x, const OuterProducts<T>& p, const Use& use,
                                          std::size_t j = 0) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t narrower = VectorBytes > 16 ? VectorBytes / 2 : sizeof(T);
    const std::size_t cols = p.dw.cols();
    if constexpr (VectorBytes == Level::vector_bytes)
        for (; j + Most * width <= cols; j += Most * width) add_columns<Level, VectorBytes, Most>(x, p, j, use);
    if constexpr (Most > 4)
        for (; j + 4 * width <= cols; j += 4 * width) add_columns<Level, VectorBytes, 4>(x, p, j, use);
    for (; j + width <= cols; j += width) add_columns<Level, VectorBytes, 1>(x, p, j, use);
    if constexpr (narrower < VectorBytes) {
        if (j < cols) add_outer_products<Level, narrower, Most>(x, p, use, j);
    }
}

// Calls use(place, sums) for all sums, vector by vector, in no particular order; `place` is where they would be stored
// in dw. Where there are more rows of x than are taken at once, earlier sums are stored there.
template <class T, class Use>
void multiply_by_column(const SparseGradientRows<T>& g, bool go_on, const Use& use) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        const std::size_t rows_at_once = collides<T>(g.dy.cols()) ? lists_at_once / 2 : lists_at_once;
        ColumnLists<T> lists;
        for (std::size_t r = 0; r < g.dw.rows(); r += lists.columns) {
            const MatrixView<T> dw = g.dw.middle_rows(r, smaller(lists.columns, g.dw.rows() - r));
            std::size_t i = 0;
            do {  // once for no rows at all: dw is 0 then
                const std::size_t count = smaller(rows_at_once, g.x.rows - i);
                lists.take(g.x.middle_rows(i, count), g.first + r, dw.rows(), g.positions + i);
                const OuterProducts<T> products{g.dy.middle_rows(i, count), dw, go_on || i > 0};
                i += count;
                if (i < g.x.rows)
                    add_outer_products<Level, Level::vector_bytes, 8>(lists, products, StoreSums{});
                else
                    add_outer_products<Level, Level::vector_bytes, 8>(lists, products, use);
            } while (i < g.x.rows);
        }
    });
}

template <class T>
void multiply_by_row(const SparseGradientRows<T>& g, bool go_on) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        constexpr std::size_t columns = ColumnLists<T>::columns;
        for (std::size_t r = 0; r < g.dw.rows(); r += columns) {
            const OuterProducts<T> products{g.dy, g.dw.middle_rows(r, smaller(columns, g.dw.rows() - r)), go_on};
            add_outer_products<Level, bytes, smaller<std::size_t>(256 / bytes, 8)>(
                RowLists<T>{g.x, g.first + r, g.positions}, products, StoreSums{});
        }
    });
}

// To list by column, and to find the ends of all these short lists, takes longer than it saves for few columns.
template <class T>
void multiply_transposed(const SparseGradientRows<T>& g, bool go_on) {
    if (g.dw.cols() * sizeof(T) < 512)
        multiply_by_row(g, go_on);
    else
        multiply_by_column(g, go_on, StoreSums{});
}

}  // namespace detail

template <class T>
void sparse_weight_gradient_rows(const SparseGradientRows<T>& rows) {
    assert(rows.x.rows == rows.dy.rows() && rows.first + rows.dw.rows() <= rows.x.cols &&
           rows.dw.cols() == rows.dy.cols());
    detail::multiply_transposed(rows, false);
}

template <class T, std::same_as<Inputs<T>> X>
void matmul_weight_gradient(const X& x, MatrixView<const T> dy, MatrixView<T> dw) {
    if (!x.is_sparse()) return matmul_weight_gradient(x.matrix(), dy, dw);
    assert(x.rows() == dy.rows() && dw.rows() == x.cols() && dw.cols() == dy.cols());
    const SparseRows<T>& lists = x.sparse();
    for (std::size_t i = 0; i < lists.rows; i += lists_at_once) {
        const Nonzero<T>* positions[lists_at_once];
        const SparseRows<T> some = lists.middle_rows(i, smaller(lists_at_once, lists.rows - i));
        for (std::size_t k = 0; k < some.rows; ++k) positions[k] = some.row(k).data();
        detail::multiply_transposed<T>({some, dy.middle_rows(i, some.rows), 0, positions, dw}, i > 0);
    }
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void sparse_weight_gradient_rows(const SparseGradientRows<float>&);
NIB_TEMPLATE void matmul_weight_gradient(const Inputs<float>&, MatrixView<const float>, MatrixView<float>);
NIB_TEMPLATE void sparse_weight_gradient_rows(const SparseGradientRows<double>&);
NIB_TEMPLATE void matmul_weight_gradient(const Inputs<double>&, MatrixView<const double>, MatrixView<double>);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
