// c = a^T b for a sparse a (CSR), equal to gemm to the bit (but for sparse_matmul.hpp's two exceptions).
//
// There are two ways. By row: each row of b is added to the rows of c that a's row names. By column: it is first found
// which rows of a have an entry in each column; a row of c is then computed in registers, and can be used there
// (kernels/detail/update.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>
#include <nib/kernels/vector.hpp>

#include <bit>
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

// Which rows of a have an entry in each of some columns: bit i of a column's word for row i.
struct EntryBits {
    static constexpr std::size_t most_columns = 1024;
    static constexpr std::size_t most_rows = 64;  // so that the rows of b that all columns read stay in the cache

    std::uint64_t columns[most_columns];

    // Those of columns first, first + 1, …, `count` of them: entries from `positions` on.
    template <class T>
    void find(const SparseMatrixView<T>& a, std::size_t first, std::size_t count, const Nonzero<T>* const* positions);
};

// A row of a and of b, as columns of a are visited in ascending order.
template <class T>
struct RowPair {
    const Nonzero<T>* next;  // the row's entry in the first column that has one
    const T* b;              // from the first column of b that is read
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
template <class T>
struct StoreSums {
    T* c;

    template <class Level, class V>
    NIB_ALWAYS_INLINE void operator()(std::size_t offset, const V& sums, std::size_t count, std::size_t /*v*/) const {
        store_at_most(c + offset, sums, count);
    }
};

// Vectors vectors of columns of c from j on, of which the last has `count` lanes; one of some rows of c after the
// other. Advances `pairs` to the entries behind these rows'.
template <class Level, std::size_t Vectors, class T, class Use>
NIB_ALWAYS_INLINE void add_columns(const EntryBits& a, RowPair<T>* pairs, const OuterProducts<T>& p, Range rows_of_c,
                                   std::size_t j, std::size_t count, const Use& use) {
    using V = Vector<Level, T>;
    constexpr std::size_t width = lanes<Level, T>;
    for (std::size_t r = 0; r < rows_of_c.count; ++r) {
        const std::size_t to = (rows_of_c.first + r) * p.c.cols() + j;
        if constexpr (Vectors > 1 && requires { use.template rest<Level, Vectors>(to); })
            if (a.columns[r] == 0 && !p.accumulate && use.template rest<Level, Vectors>(to)) continue;
        V sums[Vectors] = {};
        if (p.accumulate) {
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v)
                load_at_most(sums[v], p.c.data() + to + v * width, v + 1 == Vectors ? count : width);
        }
        for (std::uint64_t rows = a.columns[r]; rows != 0; rows &= rows - 1) {
            RowPair<T>& pair = pairs[static_cast<unsigned>(std::countr_zero(rows))];
            const T value = pair.next++->value;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) {
                V part;
                load_at_most(part, pair.b + v * width, v + 1 == Vectors ? count : width);
                multiply_add<Level>(sums[v], value, part);
            }
        }
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v)
            use.template operator()<Level>(to + v * width, sums[v], v + 1 == Vectors ? count : width, v);
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

// Calls use(offset, sums, lanes, v) for all sums, vector by vector, in any order; c[offset] is where they belong, and v
// the vector's number in its block of columns. Where a row of a block of several vectors has no sums, use.rest(offset)
// is asked first, if there is one: true where nothing is left to do. c holds partial sums where `accumulate`. a has at
// most EntryBits::most_rows rows. Columns are taken in blocks of so many Vectors, then one by one.
template <class Level, std::size_t... Vectors, class T, class Use>
NIB_ALWAYS_INLINE void multiply_by_column(const SparseProductRows<T>& p, bool accumulate, const Use& use) {
    constexpr std::size_t width = lanes<Level, T>;
    EntryBits bits;
    RowPair<T> pairs[EntryBits::most_rows];
    const OuterProducts<T> products{p.b, p.c, accumulate};
    for (std::size_t r = 0; r < p.c.rows(); r += bits.most_columns) {
        const Range rows{r, smaller(bits.most_columns, p.c.rows() - r)};
        bits.find(p.a, p.first + r, rows.count, p.positions);
        std::size_t j = 0;
        const auto take = [&]<std::size_t Count>(std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            for (std::size_t i = 0; i < p.a.rows; ++i) pairs[i] = {p.positions[i], p.b.data() + i * p.b.cols() + j};
            add_columns<Level, Count>(bits, pairs, products, rows, j, count, use);
        };
        const auto take_blocks = [&]<std::size_t Count>() NIB_LAMBDA_ALWAYS_INLINE {
            for (; j + Count * width <= p.c.cols(); j += Count * width) take.template operator()<Count>(width);
        };
        (take_blocks.template operator()<Vectors>(), ...);
        for (; j < p.c.cols(); j += width) take.template operator()<1>(smaller(width, p.c.cols() - j));
        for (std::size_t i = 0; i < p.a.rows; ++i) {
            p.positions[i] = pairs[i].next;
            // Fails where columns do not ascend, or one comes twice.
            assert(p.positions[i] == p.a.row(i).data() + p.a.row(i).size() ||
                   p.positions[i]->column >= p.first + r + rows.count);
        }
    }
}

// Calls step(rows, accumulate) for rows of a and b, as many at a time as multiply_by_column takes.
template <class T, class Step>
void for_each_part_of_depth(const SparseProductRows<T>& p, bool accumulate, const Step& step) {
    const std::size_t depth = conflicts_in_l1<T>(p.b.cols()) ? EntryBits::most_rows / 2 : EntryBits::most_rows;
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
void EntryBits::find(const SparseMatrixView<T>& a, std::size_t first, std::size_t count,
                     const Nonzero<T>* const* positions) {
    const auto word = [&](const Nonzero<T>& entry) -> std::uint64_t& {
        return columns[(entry.column - first) % most_columns];  // in bounds whatever a list holds
    };
    for (std::size_t c = 0; c < count; ++c) columns[c] = 0;
    for (std::size_t i = 0; i < a.rows; ++i) {
        const std::uint64_t bit = std::uint64_t{1} << i;
        const Nonzero<T>* entry = positions[i];
        const Nonzero<T>* const end = a.row(i).data() + a.row(i).size();
        // Where no column follows, a row's end is the only one; four words at once do not wait for each other.
        for (; first + count == a.cols && end - entry >= 4; entry += 4) {
            std::uint64_t words[4];
            NIB_UNROLL
            for (int k = 0; k < 4; ++k) words[k] = word(entry[k]) | bit;
            NIB_UNROLL
            for (int k = 0; k < 4; ++k) word(entry[k]) = words[k];
        }
        for (; entry != end && entry->column - first < count; ++entry) word(*entry) |= bit;
    }
}

template <class T>
void multiply_by_row(const SparseProductRows<T>& product, bool accumulate) {
    dispatch([=, p = product](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        constexpr std::size_t rows = 96;  // of c: they should stay in L1
        for (std::size_t r = 0; r < p.c.rows(); r += rows) {
            const OuterProducts<T> products{p.b, p.c.middle_rows(r, smaller(rows, p.c.rows() - r)), accumulate};
            const RowLists<T> lists{p.a, p.first + r, p.positions};
            add_outer_products<Level, bytes, smaller<std::size_t>(256 / bytes, 8)>(lists, products);
        }
    });
}

// For few columns of c, to go by column takes longer than it saves.
template <class T>
void multiply_transposed(const SparseProductRows<T>& product, bool accumulate) {
    if (product.c.cols() * sizeof(T) < 512 || !runs_tuned()) return multiply_by_row(product, accumulate);
    for_each_part_of_depth(product, accumulate, [](const SparseProductRows<T>& part, bool continues) {
        dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            if constexpr (is_tuned<Level>)
                multiply_by_column<Level, 8, 4>(part, continues, StoreSums<T>{part.c.data()});
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
    constexpr std::size_t most = detail::EntryBits::most_rows;
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
