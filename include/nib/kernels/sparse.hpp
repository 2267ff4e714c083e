// Inputs that are mostly zeros (81% of MNIST's pixels are), as lists of their non-zeros: the first layer's two products
// then cost a fifth.
//
// Skipping a zero leaves every sum as it was (x * 0 added), so results equal the dense kernels' to the bit. Two
// exceptions: a weight that is infinite or NaN times a zero input is NaN in the dense kernels and skipped here; and a
// sum of -0, from a bias of -0, becomes 0 there and stays -0 here.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nib::inline NIB_ABI::kernels {

// Row i of a [rows, cols] matrix has the non-zeros values[n] in the columns columns[n], ascending, for n in
// [starts[i], starts[i + 1]).
template <class T>
struct SparseRows {
    std::size_t rows = 0;
    std::size_t cols = 0;
    const std::size_t* starts = nullptr;     // [rows + 1]
    const std::uint32_t* columns = nullptr;  // [starts[rows]]
    const T* values = nullptr;               // [starts[rows]]
};

// A batch of inputs: always as a matrix, and as lists too where that pays.
template <class T>
struct Inputs {
    MatrixView<const T> dense;
    SparseRows<T> sparse;  // rows == 0: too few zeros to be worth it

    Inputs() = default;
    Inputs(MatrixView<const T> matrix) : dense{matrix} {}
    bool is_sparse() const { return sparse.rows != 0; }
};

// Where a caller keeps the lists of at most `rows` rows: starts has rows + 1 places, columns and values
// sparse_capacity(rows, cols).
template <class T>
struct SparseStorage {
    std::size_t* starts = nullptr;
    std::uint32_t* columns = nullptr;
    T* values = nullptr;
};

// Lists are given up at half of the matrix; the row in which that shows is still written whole.
constexpr std::size_t sparse_capacity(std::size_t rows, std::size_t cols) { return rows * cols / 2 + cols; }

namespace detail {

// Whether 64 bytes are all zero bits.
NIB_ALWAYS_INLINE bool all_zero_bits(const void* line) {
    std::uint64_t words[8];
    std::memcpy(words, line, sizeof words);
    return ((words[0] | words[1]) | (words[2] | words[3]) | (words[4] | words[5]) | (words[6] | words[7])) == 0;
}

// Appends the non-zeros of x, and returns how many there are. No branch depends on a single value: each is written, and
// the next one overwrites it when it was zero.
template <class T>
std::size_t append_nonzeros(std::span<const T> x, std::uint32_t* columns, T* values) {
    constexpr std::size_t step = 64 / sizeof(T);
    std::size_t count = 0;
    const auto visit = [&](std::size_t j) {
        columns[count] = static_cast<std::uint32_t>(j);
        values[count] = x[j];
        count += x[j] != T{0} ? 1 : 0;
    };
    std::size_t j = 0;
    for (; j + step <= x.size(); j += step) {
        if (all_zero_bits(x.data() + j)) continue;
        for (std::size_t i = 0; i < step; ++i) visit(j + i);
    }
    for (; j < x.size(); ++j) visit(j);
    return count;
}

}  // namespace detail

// Lists the non-zeros of x into `storage`, unless more than half of the values so far are none.
template <class T>
Inputs<T> find_nonzeros(MatrixView<const T> x, const SparseStorage<T>& storage) {
    Inputs<T> inputs{x};
    std::size_t count = 0;
    storage.starts[0] = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) {
        count += detail::append_nonzeros(x.row(i), storage.columns + count, storage.values + count);
        if (count > (i + 1) * x.cols() / 2) return inputs;
        storage.starts[i + 1] = count;
    }
    inputs.sparse = {x.rows(), x.cols(), storage.starts, storage.columns, storage.values};
    return inputs;
}

namespace detail {

// The terms that one row of x contributes to each of its outputs: term n is value(n) times row column(n) of w.
template <class T>
struct SparseTerms {
    std::size_t count;
    const std::uint32_t* columns;
    const T* values;
    NIB_ALWAYS_INLINE std::size_t column(std::size_t n) const { return columns[n]; }
    NIB_ALWAYS_INLINE T value(std::size_t n) const { return values[n]; }
};
template <class T>
struct DenseTerms {
    std::size_t count;
    const T* values;
    NIB_ALWAYS_INLINE std::size_t column(std::size_t n) const { return n; }
    NIB_ALWAYS_INLINE T value(std::size_t n) const { return values[n]; }
};

// Outputs [first, first + Vectors * lanes) of one row.
template <class Level, std::size_t VectorBytes, std::size_t Vectors, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row_block(const Terms& terms, MatrixView<const T> w, T* y, const Epilogue<T>& epilogue,
                                          std::size_t first) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    V sums[Vectors] = {};
    if (epilogue.bias != nullptr) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(sums[v], epilogue.bias + first + v * width);
    }
    for (std::size_t n = 0; n < terms.count; ++n) {
        const T* const weights = w.data() + terms.column(n) * w.cols() + first;
        const T value = terms.value(n);
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V weight;
            load(weight, weights + v * width);
            multiply_add<Level>(sums[v], value, weight);
        }
    }
    NIB_UNROLL
    for (std::size_t v = 0; v < Vectors; ++v) {
        if (epilogue.activation == Activation::relu) relu_in_place(sums[v]);
        store(y + first + v * width, sums[v]);
    }
}

// All outputs of one row: wide blocks, then narrower ones. What is left over at the end is a block that overlaps the
// one before (the same sums twice), so that only rows narrower than 16 bytes go one by one.
template <class Level, std::size_t VectorBytes, class Terms, class T>
NIB_ALWAYS_INLINE void multiply_row(const Terms& terms, MatrixView<const T> w, T* y, const Epilogue<T>& epilogue) {
    constexpr std::size_t width = VectorBytes / sizeof(T);
    const std::size_t cols = w.cols();
    if (cols < width) {
        if constexpr (VectorBytes > 16)
            multiply_row<Level, VectorBytes / 2>(terms, w, y, epilogue);
        else
            for (std::size_t j = 0; j < cols; ++j) multiply_row_block<Level, sizeof(T), 1>(terms, w, y, epilogue, j);
        return;
    }
    std::size_t j = 0;
    for (; j + 4 * width <= cols; j += 4 * width) multiply_row_block<Level, VectorBytes, 4>(terms, w, y, epilogue, j);
    for (; j + width <= cols; j += width) multiply_row_block<Level, VectorBytes, 1>(terms, w, y, epilogue, j);
    if (j < cols) multiply_row_block<Level, VectorBytes, 1>(terms, w, y, epilogue, cols - width);
}

// sums += factor * row: as many whole vectors as fit, the rest in narrower ones.
template <class Level, std::size_t VectorBytes, class T>
NIB_ALWAYS_INLINE void add_scaled(T* sums, T factor, const T* row, std::size_t count) {
    using V = typename VectorOf<T, VectorBytes>::type;
    constexpr std::size_t width = VectorBytes / sizeof(T);
    std::size_t j = 0;
    for (; j + width <= count; j += width) {
        V sum, x;
        load(sum, sums + j);
        load(x, row + j);
        multiply_add<Level>(sum, factor, x);
        store(sums + j, sum);
    }
    constexpr std::size_t narrower = VectorBytes > 16 ? VectorBytes / 2 : sizeof(T);
    if constexpr (narrower < VectorBytes) {
        if (j < count) add_scaled<Level, narrower>(sums + j, factor, row + j, count - j);
    }
}

}  // namespace detail

// y = activation(x w + bias); as the dense matmul. A single row that is not sparse takes the same path, as a tile of
// one row would leave most of the registers idle.
template <class T>
void matmul(const Inputs<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {}) {
    assert(x.dense.cols() == w.rows() && y.rows() == x.dense.rows() && y.cols() == w.cols());
    if (!x.is_sparse() && y.rows() != 1) return matmul(x.dense, w, y, epilogue);
    dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t bytes = Level::vector_bytes;
        if (!x.is_sparse()) {
            const detail::DenseTerms<T> terms{w.rows(), x.dense.data()};
            return detail::multiply_row<Level, bytes>(terms, w, y.data(), epilogue);
        }
        for (std::size_t i = 0; i < y.rows(); ++i) {
            const std::size_t start = x.sparse.starts[i];
            const detail::SparseTerms<T> terms{x.sparse.starts[i + 1] - start, x.sparse.columns + start,
                                               x.sparse.values + start};
            detail::multiply_row<Level, bytes>(terms, w, y.data() + i * y.cols(), epilogue);
        }
    });
}

// dw = x^T dy; as the dense matmul_weight_gradient.
template <class T>
void matmul_weight_gradient(const Inputs<T>& x, MatrixView<const T> dy, MatrixView<T> dw) {
    if (!x.is_sparse()) return matmul_weight_gradient(x.dense, dy, dw);
    assert(x.sparse.rows == dy.rows() && dw.rows() == x.sparse.cols && dw.cols() == dy.cols());
    std::memset(dw.data(), 0, dw.size() * sizeof(T));
    dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < dy.rows(); ++i)
            for (std::size_t n = x.sparse.starts[i]; n < x.sparse.starts[i + 1]; ++n)
                detail::add_scaled<decltype(level), decltype(level)::vector_bytes>(
                    dw.data() + x.sparse.columns[n] * dw.cols(), x.sparse.values[n], dy.data() + i * dy.cols(),
                    dy.cols());
    });
}

}  // namespace nib::inline NIB_ABI::kernels
