// Products of inputs that are mostly zeros with weights.
//
// Skipping a zero leaves every sum as it was (x * 0 added), so results equal the dense kernels' to the bit. Two
// exceptions: a weight that is infinite or NaN times a zero input is NaN in the dense kernels and skipped here; and a
// sum of -0, from a bias of -0, becomes 0 there and stays -0 here.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/kernels/nonzeros.hpp>

#include <concepts>
#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// How many lists are taken together, so that what they all use stays in the first-level cache. That and lists by column
// (sparse_gradient.hpp) took an epoch of 784-800-10 in batches of 128 from 0.62 to 0.48 s (tools/bench/with_nib.cpp,
// job B).
inline constexpr std::size_t lists_at_once = 64;

// Some of the terms of some columns of y = activation(start + x w).
template <class T>
struct ListedPart {
    Range depth;                // rows of w
    Range cols;                 // of w and y; from a multiple of list_cols<T> on, to another one or the last column
    MatrixView<const T> start;  // [rows of y, or 1 for all of them, columns of y]; empty: the sums start from 0
    Activation activation = Activation::none;
};

template <class T>
inline constexpr std::size_t list_cols = 512 / sizeof(T);

// y = activation(x w + bias) for a single row, of which a tile would leave most of the registers idle. A program that
// needs no more has none of the other products in it.
template <class T>
void matmul_row(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {});

// A part of y, of at most lists_at_once rows. from[i] is where row i of x has its first entry in the range of rows of
// w. Columns outside of the part's stay as they are; `start` and y do not overlap.
template <class T>
void matmul_lists(const SparseRows<T>& x, const Nonzero<T>* const* from, MatrixView<const T> w, MatrixView<T> y,
                  const ListedPart<T>& part);

// y = activation(x w + bias), as the dense matmul. (X is deduced, so that no matrix converts to Inputs: one as x means
// the dense matmul.)
template <class T, std::same_as<Inputs<T>> X>
void matmul(const X& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {});

// positions[i] = where row i of x has its first entry of a column >= `column`.
template <class T>
void find_column(const SparseRows<T>& x, std::size_t column, const Nonzero<T>** positions);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/blocks.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <span>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

template <class T>
NIB_ALWAYS_INLINE const T* end_of(const std::span<const T>& values) {
    return values.data() + values.size();
}

// The terms that a row of x contributes to each of its outputs, one after the other: value() times row column() of w.
template <class T>
struct ListedTerms {
    const Nonzero<T>* entry;
    const Nonzero<T>* end;
    std::size_t last;  // only those of columns before this one
    NIB_ALWAYS_INLINE bool more() const { return entry != end && entry->column < last; }
    NIB_ALWAYS_INLINE void next() { ++entry; }
    NIB_ALWAYS_INLINE std::size_t column() const { return entry->column; }
    NIB_ALWAYS_INLINE T value() const { return entry->value; }
};
template <class T>
struct DenseTerms {
    const T* values;
    std::size_t last;
    std::size_t n = 0;
    NIB_ALWAYS_INLINE bool more() const { return n != last; }
    NIB_ALWAYS_INLINE void next() { ++n; }
    NIB_ALWAYS_INLINE std::size_t column() const { return n; }
    NIB_ALWAYS_INLINE T value() const { return values[n]; }
};

// Where the sums of a part of the terms start (nullptr: from 0), and what is done with them.
template <class T>
struct Part {
    const T* start;
    Activation activation;
};

// Columns j, j + 1, … of one row: as many as Vectors vectors hold, or, unless they are Whole, all that there are. Where
// these fill no whole vectors, the last ones overlap (the same sums twice), so w has at least one vector's columns.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, bool Whole, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row_block(Terms& terms, MatrixView<const T> w, const Part<T>& part, std::size_t j,
                                          T* y) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    // From column j on, and constants if they can be: a register for each would be one too many.
    std::ptrdiff_t offsets[Vectors];
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v)
        offsets[v] = static_cast<std::ptrdiff_t>(v * width) -
                     (Whole ? 0 : static_cast<std::ptrdiff_t>(larger(j + (v + 1) * width, w.cols()) - w.cols()));
    V sums[Vectors] = {};
    if (part.start != nullptr) {
        const T* const start = part.start + j;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], start + offsets[v]);
    }
    const T* const weights = w.data() + j;
    for (; terms.more(); terms.next()) {
        const T* const row = weights + terms.column() * w.cols();
        const T value = terms.value();
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V weight;
            load(weight, row + offsets[v]);
            multiply_add<Level>(sums[v], value, weight);
        }
    }
    T* const to = y + j;
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
        if (part.activation == Activation::relu) relu_in_place(sums[v]);
        store(to + offsets[v], sums[v]);
    }
}

// Calls block<Vectors, Whole>(j) for blocks of columns j, j + 1, … that together are `cols`: as many of each of
// `Vectors` as fit, then two at a time. More of them hide the latency of a multiply-add, and share the work for an
// entry of a list.
template <class Level, std::size_t VectorBytes, std::size_t... Vectors, class Block>
NIB_ALWAYS_INLINE void for_each_row_block(Range cols, std::size_t width, const Block& block) {
    std::size_t j = cols.first;
    const std::size_t end = cols.first + cols.count;
    const auto visit = [&]<std::size_t Count>() NIB_LAMBDA_ALWAYS_INLINE {
        for (; j + Count * width <= end; j += Count * width) block.template operator()<Count, true>(j);
    };
    if constexpr (VectorBytes == Level::vector_bytes) (visit.template operator()<Vectors>(), ...);
    for (; j < end; j += 2 * width) block.template operator()<2, false>(j);
}

// All columns of one row of y. `terms` are its own, from the first on; so many of them, or fewer in the end, pass all
// columns before the next ones.
template <class Level, std::size_t VectorBytes, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row(Terms terms, std::size_t at_once, MatrixView<const T> w, T* y,
                                    const Epilogue<T>& epilogue) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    constexpr std::size_t vectors = smaller<std::size_t>(256 / VectorBytes, 8);
    // Blocks of columns that overlap would go on from one another's sums; where terms come in parts, none does.
    static_assert(colliding_bytes % (vectors * VectorBytes) == 0);
    assert(at_once >= w.rows() || collides<T>(w.cols()));
    if (w.cols() < width) {
        if constexpr (width > 1)
            multiply_row<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T))>(terms, at_once, w, y, epilogue);
        return;
    }
    const std::size_t depth = w.rows();
    std::size_t first = 0;
    do {
        const std::size_t last = smaller(at_once, depth - first) + first;
        const Part<T> part{first > 0 ? y : epilogue.bias, last == depth ? epilogue.activation : Activation::none};
        terms.last = last;
        Terms own = terms;
        for_each_row_block<Level, VectorBytes, vectors>(
            {0, w.cols()}, width, [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                own = terms;
                multiply_row_block<Level, VectorBytes, Vectors, Whole>(own, w, part, j, y);
            });
        terms = own;
        first = last;
    } while (first < depth);
}

// A dense row meets lines that collide in strips of so many bytes: one example through 784-1024-1024-10 gained 1.1
// times by that, through 784-2048-2048-10 1.5 times (tools/bench/scale.cpp). Lists do not: a strip has few of their
// entries, and passes over all of y.
inline constexpr std::size_t row_strip_bytes = 64 * 1024;

// Such a part of y: all lists pass by a block of rows and columns of w before the next.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE void multiply_lists(const SparseRows<T>& x, const Nonzero<T>* const* from, MatrixView<const T> w,
                                      MatrixView<T> y, const ListedPart<T>& part) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    if (w.cols() < width) {
        if constexpr (width > 1)
            multiply_lists<Level, (VectorBytes > 16 ? VectorBytes / 2 : sizeof(T))>(x, from, w, y, part);
        return;
    }
    const std::size_t start_stride = part.start.rows() > 1 ? part.start.cols() : 0;
    const std::size_t end = part.depth.first + part.depth.count;
    const auto block = [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
        const Nonzero<T>* positions[lists_at_once];
        for (std::size_t i = 0; i < x.rows; ++i) positions[i] = from[i];
        constexpr std::size_t lines = 32 * 1024 / (Vectors * VectorBytes);
        const std::size_t depth = collides<T>(w.cols()) ? lines / 2 : lines;
        std::size_t first = part.depth.first;
        do {
            const std::size_t last = smaller(first + depth, end);
            const T* start = first == part.depth.first ? part.start.data() : y.data();
            const std::size_t stride = first == part.depth.first ? start_stride : y.cols();
            const Activation activation = last == end ? part.activation : Activation::none;
            T* row = y.data();
            for (std::size_t i = 0; i < x.rows; ++i) {
                ListedTerms<T> terms{positions[i], end_of(x.row(i)), last};
                multiply_row_block<Level, VectorBytes, Vectors, Whole>(terms, w, Part<T>{start, activation}, j, row);
                positions[i] = terms.entry;
                row += y.cols();
                if (start != nullptr) start += stride;
            }
            first = last;
        } while (first < end);
    };
    for_each_row_block<Level, VectorBytes, 8, 4>(part.cols, width, block);
}

// Weights of so many bytes two dense rows meet one after the other: a tile of two rows has too few sums to hide the
// latency of a multiply-add, and mostly takes longer than the kernel for one row does for both (tools/bench/compare.py
// --scale, batches of 2). Larger ones come from far away, and once is enough.
inline constexpr std::size_t most_bytes_read_twice = std::size_t{4} << 20;

}  // namespace detail

template <class T>
void matmul_row(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue) {
    assert(x.cols() == w.rows() && x.rows() == 1 && y.rows() == 1 && y.cols() == w.cols());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        if (x.is_sparse()) {
            const auto entries = x.sparse().row(0);
            const detail::ListedTerms<T> terms{entries.data(), detail::end_of(entries), x.cols()};
            detail::multiply_row<Level, bytes>(terms, w.rows(), w, y.data(), epilogue);
        } else {
            const detail::DenseTerms<T> terms{x.matrix().data(), w.rows()};
            const std::size_t lines = detail::collides<T>(w.cols()) && w.cols() > 0
                                          ? detail::lines_of_strip<T>(w.cols(), detail::row_strip_bytes)
                                          : w.rows();
            detail::multiply_row<Level, bytes>(terms, lines, w, y.data(), epilogue);
        }
    });
}

template <class T>
void matmul_lists(const SparseRows<T>& x, const Nonzero<T>* const* from, MatrixView<const T> w, MatrixView<T> y,
                  const ListedPart<T>& part) {
    assert(x.rows <= lists_at_once && x.rows == y.rows() && x.cols == w.rows() && y.cols() == w.cols());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        detail::multiply_lists<Level, Level::vector_bytes>(x, from, w, y, part);
    });
}

template <class T, std::same_as<Inputs<T>> X>
void matmul(const X& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue) {
    assert(x.cols() == w.rows() && y.rows() == x.rows() && y.cols() == w.cols());
    if (x.rows() == 1) return matmul_row(x, w, y, epilogue);
    if (!x.is_sparse() && x.rows() == 2 && w.size() * sizeof(T) <= detail::most_bytes_read_twice) {
        for (std::size_t i = 0; i < 2; ++i) matmul_row(x.middle_rows(i, 1), w, y.middle_rows(i, 1), epilogue);
        return;
    }
    if (!x.is_sparse()) return matmul(x.matrix(), w, y, epilogue);
    const std::size_t cols = w.cols();
    const MatrixView<const T> bias{epilogue.bias, epilogue.bias != nullptr ? std::size_t{1} : 0, cols};
    for (std::size_t i = 0; i < y.rows(); i += lists_at_once) {
        const std::size_t count = smaller(lists_at_once, y.rows() - i);
        const SparseRows<T> lists = x.sparse().middle_rows(i, count);
        const Nonzero<T>* starts[lists_at_once];
        for (std::size_t k = 0; k < count; ++k) starts[k] = lists.row(k).data();
        matmul_lists<T>(lists, starts, w, y.middle_rows(i, count),
                        {{0, w.rows()}, {0, cols}, bias, epilogue.activation});
    }
}

template <class T>
void find_column(const SparseRows<T>& x, std::size_t column, const Nonzero<T>** positions) {
    for (std::size_t i = 0; i < x.rows; ++i) {
        const auto entries = x.row(i);
        const auto before = [=](std::size_t k) { return entries[k].column < column; };
        positions[i] = entries.data() + first_not(entries.size(), before);
    }
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void matmul_row(const Inputs<float>&, MatrixView<const float>, MatrixView<float>, Epilogue<float>);
NIB_TEMPLATE void matmul(const Inputs<float>&, MatrixView<const float>, MatrixView<float>, Epilogue<float>);
NIB_TEMPLATE void matmul_lists(const SparseRows<float>&, const Nonzero<float>* const*, MatrixView<const float>,
                               MatrixView<float>, const ListedPart<float>&);
NIB_TEMPLATE void find_column(const SparseRows<float>&, std::size_t, const Nonzero<float>**);
NIB_TEMPLATE void matmul_row(const Inputs<double>&, MatrixView<const double>, MatrixView<double>, Epilogue<double>);
NIB_TEMPLATE void matmul(const Inputs<double>&, MatrixView<const double>, MatrixView<double>, Epilogue<double>);
NIB_TEMPLATE void matmul_lists(const SparseRows<double>&, const Nonzero<double>* const*, MatrixView<const double>,
                               MatrixView<double>, const ListedPart<double>&);
NIB_TEMPLATE void find_column(const SparseRows<double>&, std::size_t, const Nonzero<double>**);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
