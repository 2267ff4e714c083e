// c = a^T b for a sparse a (CSR), equal to gemm to the bit (but for sparse_matmul.hpp's two exceptions).
//
// There are two ways. By row: each row of b is added to the rows of c that a's row names. By column: non-zeros are
// first listed by column; a row of c is then computed from one list in registers, and can be used there
// (kernels/detail/update.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels {

// Rows first, first + 1, … of c = a^T b, as many as `c` has.
template <class T>
struct SparseProductRows {
    SparseMatrixView<T> a;         // [K, M]
    MatrixView<const T> b;         // [K, N]
    std::size_t first;             // of M
    const Nonzero<T>** positions;  // [K]: where each row of a has its first entry of a column >= first (find_column)
    MatrixView<T> c;               // [rows, N]: the result, or scratch memory
};

// Computes these rows; `accumulate` adds them to what c holds. Advances `positions` to the first entries that were not
// used, so that the next rows can follow.
template <class T>
void sparse_matmul_at_b_rows(const SparseProductRows<T>& rows, bool accumulate = false);

// c = a^T b; 0 where a has no rows. a: [K, M], b: [K, N], c: [M, N].
template <class T>
void sparse_matmul_at_b(const SparseMatrixView<T>& a, MatrixView<const T> b, MatrixView<T> c);

// positions[i] = where row i of a has its first entry of a column >= `column`.
template <class T>
void find_column(const SparseMatrixView<T>& a, std::size_t column, const Nonzero<T>** positions);

namespace detail {

// Non-zeros of some rows and columns of a, listed by column.
template <class T>
struct ColumnLists {
    struct Entry {
        std::uint32_t row;
        T value;
    };
    static constexpr std::size_t columns = 96;
    static constexpr std::size_t rows = 64;  // at most, so that the rows of b that all columns read stay in the cache

    Entry* ends[columns];
    std::size_t stride;  // from one column's list to the next one's
    Entry entries[columns * (rows + 1)];

    // Lists the entries of columns [first, first + count), from `positions` on, and advances these.
    NIB_ALWAYS_INLINE void take(const SparseMatrixView<T>& a, std::size_t first, std::size_t count,
                                const Nonzero<T>** positions) {
        stride = a.rows + 1;  // as small as possible, to stay in L1
        Entry* list = entries;
        for (std::size_t c = 0; c < count; ++c, list += stride) ends[c] = list;
        for (std::size_t i = 0; i < a.rows; ++i) {
            const SparseRow<T> row = a.row(i);
            const Nonzero<T>* const end = row.data() + row.size();
            const Nonzero<T>* entry = positions[i];
            for (; entry != end && entry->column < first + count; ++entry)
                *ends[entry->column - first]++ = {static_cast<std::uint32_t>(i), entry->value};
            positions[i] = entry;
        }
    }
};

// Non-zeros of columns first, first + 1, …, listed by row, from `positions` on.
template <class T>
struct RowLists {
    SparseMatrixView<T> a;
    std::size_t first;
    const Nonzero<T>** positions;  // advanced to the first entry that was not used
};

// c = a^T b, or c += a^T b.
template <class T>
struct OuterProducts {
    MatrixView<const T> b;
    MatrixView<T> c;
    bool accumulate;
};

// Stores a vector of sums in c.
struct StoreSums {
    template <class Level, class V, class T>
    NIB_ALWAYS_INLINE void operator()(T* slot, const V& sums, std::size_t count) const {
        store_at_most(slot, sums, count);
    }
};

// Vectors vectors of columns of c from j on, of which the last has `count` lanes; one row of c after the other.
template <class Level, std::size_t Vectors, class T, class Use>
NIB_ALWAYS_INLINE void add_columns(const ColumnLists<T>& a, const OuterProducts<T>& p, std::size_t j, std::size_t count,
                                   const Use& use) {
    using V = Vector<Level, T>;
    constexpr std::size_t width = lanes<Level, T>;
    const std::size_t stride = p.c.cols();
    for (std::size_t r = 0; r < p.c.rows(); ++r) {
        T* const to = p.c.data() + r * stride + j;
        V sums[Vectors] = {};
        if (p.accumulate) {
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v)
                load_at_most(sums[v], to + v * width, v + 1 == Vectors ? count : width);
        }
        for (const auto* entry = a.entries + r * a.stride; entry != a.ends[r]; ++entry) {
            const T* const row = p.b.data() + entry->row * stride + j;
            const T value = entry->value;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V part;
                load_at_most(part, row + v * width, v + 1 == Vectors ? count : width);
                multiply_add<Level>(sums[v], value, part);
            }
        }
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v)
            use.template operator()<Level>(to + v * width, sums[v], v + 1 == Vectors ? count : width);
    }
}

// Vectors vectors of columns of all rows of c, one row of b after the other, accumulated in c, which should be in L1.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class T>
NIB_ALWAYS_INLINE void add_columns(const RowLists<T>& a, const OuterProducts<T>& p, std::size_t j) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t stride = p.c.cols();
    T* const c = p.c.data() + j;
    for (std::size_t r = 0; !p.accumulate && r < p.c.rows(); ++r) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) store(c + r * stride + v * width, V{});
    }
    const bool last_columns = j + Vectors * width == stride;
    for (std::size_t i = 0; i < a.a.rows; ++i) {
        V row[Vectors];
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(row[v], p.b.data() + i * stride + j + v * width);
        const SparseRow<T> entries = a.a.row(i);
        const Nonzero<T>* const end = entries.data() + entries.size();
        const Nonzero<T>* entry = a.positions[i];
        for (; entry != end && entry->column < a.first + p.c.rows(); ++entry) {
            T* const sums = c + (entry->column - a.first) * stride;
            const T value = entry->value;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V sum;
                load(sum, sums + v * width);
                multiply_add<Level>(sum, value, row[v]);
                store(sums + v * width, sum);
            }
        }
        if (last_columns) a.positions[i] = entry;
    }
}

// All columns from j on: blocks of Most vectors, then narrower ones.
template <class Level, std::size_t VectorBytes, std::size_t Most, class T>
NIB_ALWAYS_INLINE void add_outer_products(const RowLists<T>& a, const OuterProducts<T>& p, std::size_t j = 0) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t narrower = VectorBytes > 16 ? 16 : sizeof(T);
    const std::size_t cols = p.c.cols();
    if constexpr (VectorBytes == Level::vector_bytes && is_tuned<Level>)
        for (; j + Most * width <= cols; j += Most * width) add_columns<Level, VectorBytes, Most>(a, p, j);
    for (; j + width <= cols; j += width) add_columns<Level, VectorBytes, 1>(a, p, j);
    if constexpr (narrower < VectorBytes) {
        if (j < cols) add_outer_products<Level, narrower, Most>(a, p, j);
    }
}

// Calls use(slot, sums, lanes) for all sums, vector by vector, in any order; `slot` is their position in c. c holds
// partial sums where `accumulate`. a has at most ColumnLists::rows rows. Columns are taken in blocks of so many
// Vectors, then one by one.
template <class Level, std::size_t... Vectors, class T, class Use>
NIB_ALWAYS_INLINE void multiply_by_column(const SparseProductRows<T>& p, bool accumulate, const Use& use) {
    constexpr std::size_t width = lanes<Level, T>;
    ColumnLists<T> lists;
    for (std::size_t r = 0; r < p.c.rows(); r += lists.columns) {
        const OuterProducts<T> products{p.b, p.c.middle_rows(r, smaller(lists.columns, p.c.rows() - r)), accumulate};
        lists.take(p.a, p.first + r, products.c.rows(), p.positions);
        std::size_t j = 0;
        const auto take_blocks = [&]<std::size_t Count>() NIB_LAMBDA_ALWAYS_INLINE {
            for (; j + Count * width <= p.c.cols(); j += Count * width)
                add_columns<Level, Count>(lists, products, j, width, use);
        };
        (take_blocks.template operator()<Vectors>(), ...);
        for (; j < p.c.cols(); j += width)
            add_columns<Level, 1>(lists, products, j, smaller(width, p.c.cols() - j), use);
    }
}

// Calls step(rows, accumulate) for rows of a and b, as many at a time as multiply_by_column takes.
template <class T, class Step>
void for_each_part_of_depth(const SparseProductRows<T>& p, bool accumulate, const Step& step) {
    const std::size_t depth = conflicts_in_l1<T>(p.b.cols()) ? ColumnLists<T>::rows / 2 : ColumnLists<T>::rows;
    std::size_t i = 0;
    do {  // also once if a has no rows: c is 0 then
        const std::size_t count = smaller(depth, p.a.rows - i);
        step({p.a.middle_rows(i, count), p.b.middle_rows(i, count), p.first, p.positions + i, p.c},
             accumulate || i > 0);
        i += count;
    } while (i < p.a.rows);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

namespace nib::inline NIB_ABI::kernels {

namespace detail {

template <class T>
void multiply_by_row(const SparseProductRows<T>& product, bool accumulate) {
    dispatch([=, p = product](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        constexpr std::size_t columns = ColumnLists<T>::columns;
        for (std::size_t r = 0; r < p.c.rows(); r += columns) {
            const OuterProducts<T> products{p.b, p.c.middle_rows(r, smaller(columns, p.c.rows() - r)), accumulate};
            const RowLists<T> lists{p.a, p.first + r, p.positions};
            add_outer_products<Level, bytes, smaller<std::size_t>(256 / bytes, 8)>(lists, products);
        }
    });
}

// For few columns of c, listing by column takes longer than it saves.
template <class T>
void multiply_transposed(const SparseProductRows<T>& product, bool accumulate) {
    if (product.c.cols() * sizeof(T) < 512 || !runs_tuned()) return multiply_by_row(product, accumulate);
    for_each_part_of_depth(product, accumulate, [](const SparseProductRows<T>& part, bool continues) {
        dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            if constexpr (is_tuned<Level>) multiply_by_column<Level, 8, 4>(part, continues, StoreSums{});
        });
    });
}

}  // namespace detail

template <class T>
void sparse_matmul_at_b_rows(const SparseProductRows<T>& rows, bool accumulate) {
    assert(rows.a.rows == rows.b.rows() && rows.first + rows.c.rows() <= rows.a.cols && rows.c.cols() == rows.b.cols());
    detail::multiply_transposed(rows, accumulate);
}

template <class T>
void sparse_matmul_at_b(const SparseMatrixView<T>& a, MatrixView<const T> b, MatrixView<T> c) {
    assert(a.rows == b.rows() && c.rows() == a.cols && c.cols() == b.cols());
    constexpr std::size_t most = detail::ColumnLists<T>::rows;
    std::size_t i = 0;
    do {  // also once if a has no rows: c is 0 then
        const Nonzero<T>* positions[most];
        const std::size_t count = smaller(most, a.rows - i);
        const SparseMatrixView<T> some = a.middle_rows(i, count);
        for (std::size_t k = 0; k < count; ++k) positions[k] = some.row(k).data();
        detail::multiply_transposed<T>({some, b.middle_rows(i, count), 0, positions, c}, i > 0);
        i += count;
    } while (i < a.rows);
}

template <class T>
void find_column(const SparseMatrixView<T>& a, std::size_t column, const Nonzero<T>** positions) {
    for (std::size_t i = 0; i < a.rows; ++i) {
        const SparseRow<T> entries = a.row(i);
        const auto before = [=](std::size_t k) { return entries[k].column < column; };
        positions[i] = entries.data() + first_not(entries.size(), before);
    }
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
