// LogSoftmax: y = x - log(sum(exp(x))), row by row.  x, y: [B, F] for any F; y holds the logarithms of probabilities.
//
// A row's largest value is taken out first, so that nothing overflows as long as the values of a row differ by finite
// numbers.
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// log(sum(exp(x))) of a row of at least one number, in two parts: the largest number, and the logarithm of the sum
// without it, so that nothing overflows.
template <class T>
struct LogSum {
    T largest;
    T rest;
};
template <class T>
LogSum<T> log_sum(std::span<const T> x);

}  // namespace detail

// x and y may be the same.
template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y);

// dx = dy - softmax(x) sum(dy), row by row, where y = log_softmax(x), so that softmax(x) = exp(y). dy and dx may be the
// same.
template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx);

struct LogSoftmax {
    using keeps_largest = LogSoftmax;
    static constexpr bool gives_log_probabilities = true;
    static constexpr bool backward_reads_input = false;
    static constexpr bool runs_in_place = true;

    template <class T>
    static void forward(const Pass<T>& /*pass*/, MatrixView<const T> x, MatrixView<T> y) {
        log_softmax(x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>& /*pass*/, MatrixView<const T> /*x*/, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        log_softmax_gradient(y, dy, dx);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"LogSoftmax", {"x"}, {"y"}, {{"axis", 1}}}};
    }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/kernels/detail/elementwise.hpp>

#include <cassert>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::size_t piece_size = 64;  // of numbers on the stack

template <class T>
LogSum<T> log_sum(std::span<const T> x) {
    T largest = x[0], sum = 0, piece[piece_size];
    for (const T value : x) largest = largest < value ? value : largest;
    for (std::size_t first = 0; first < x.size(); first += piece_size) {
        const std::size_t count = smaller(piece_size, x.size() - first);
        for (std::size_t j = 0; j < count; ++j) piece[j] = x[first + j] - largest;
        kernels::scaled_exponentials<T>({piece, count}, T{1}, {piece, count});
        for (std::size_t j = 0; j < count; ++j) sum += piece[j];
    }
    return {largest, logarithm(sum)};
}

// Of rows of a few numbers: the differences from the largest one are needed twice.
template <class T>
void log_softmax_of_few(const T* x, T* y, std::size_t rows, std::size_t cols) {
    T differences[piece_size], exponentials[piece_size];
    for (std::size_t i = 0; i < rows; ++i) {
        const T* const row = x + i * cols;
        T largest = row[0];
        for (std::size_t j = 1; j < cols; ++j) largest = largest < row[j] ? row[j] : largest;
        for (std::size_t j = 0; j < cols; ++j) differences[i * cols + j] = row[j] - largest;
    }
    kernels::scaled_exponentials<T>({differences, rows * cols}, T{1}, {exponentials, rows * cols});
    for (std::size_t i = 0; i < rows; ++i) {
        T sum = 0;
        for (std::size_t j = 0; j < cols; ++j) sum += exponentials[i * cols + j];
        const T rest = logarithm(sum);
        for (std::size_t j = 0; j < cols; ++j) y[i * cols + j] = differences[i * cols + j] - rest;
    }
}

}  // namespace detail

template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y) {
    assert(x.rows() == y.rows() && x.cols() == y.cols() && x.cols() > 0);
    const std::size_t cols = x.cols();
    if (x.size() <= detail::piece_size) return detail::log_softmax_of_few(x.data(), y.data(), x.rows(), cols);
    const std::size_t most_rows = detail::piece_size / cols;
    for (std::size_t i = 0; cols <= detail::piece_size && i < x.rows(); i += most_rows)
        detail::log_softmax_of_few(x.data() + i * cols, y.data() + i * cols, smaller(most_rows, x.rows() - i), cols);
    for (std::size_t i = 0; cols > detail::piece_size && i < x.rows(); ++i) {
        const detail::LogSum<T> sum = detail::log_sum<T>(x.row(i));
        for (std::size_t j = 0; j < cols; ++j)
            y.data()[i * cols + j] = (x.data()[i * cols + j] - sum.largest) - sum.rest;
    }
}

template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx) {
    assert(y.rows() == dy.rows() && y.rows() == dx.rows() && y.cols() == dy.cols() && y.cols() == dx.cols());
    for (std::size_t i = 0; i < y.rows(); ++i) {
        const std::size_t row = i * y.cols();
        T sum = 0, piece[detail::piece_size];
        for (std::size_t j = 0; j < y.cols(); ++j) sum += dy.data()[row + j];
        for (std::size_t first = row; first < row + y.cols(); first += detail::piece_size) {
            const std::size_t count = smaller(detail::piece_size, row + y.cols() - first);
            kernels::scaled_exponentials<T>({y.data() + first, count}, sum, {piece, count});
            for (std::size_t k = 0; k < count; ++k) dx.data()[first + k] = dy.data()[first + k] - piece[k];
        }
    }
}

}  // namespace nib::inline NIB_ABI

#endif
