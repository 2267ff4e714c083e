// LogSoftmax: y = x - log(sum(exp(x))), row by row.  x, y: [B, F] for any F; y holds the logarithms of probabilities.
//
// A row's largest value is taken out first, so that nothing overflows as long as the values of a row differ by finite
// numbers.
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
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
// Of each row of x: of one row, or of several with at most piece_size numbers in all.
template <class T>
void log_sums(MatrixView<const T> x, LogSum<T>* sums);

}  // namespace detail

// x and y may be the same.
template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y);

// dx = dy - softmax(x) sum(dy), row by row, where y = log_softmax(x), so that softmax(x) = exp(y). dy and dx may be the
// same.
template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx);

struct LogSoftmax {
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

    static std::vector<OnnxOperator> operators() { return {{"LogSoftmax", {"x"}, {"y"}, {{"axis", 1}}}}; }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/math.hpp>
#include <nib/kernels/elementwise.hpp>

#include <cassert>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::size_t piece_size = 64;  // of numbers on the stack

template <class T>
void log_sums(MatrixView<const T> x, LogSum<T>* sums) {
    assert(x.rows() == 1 || x.size() <= piece_size);
    T piece[piece_size];
    const std::size_t cols = smaller(x.cols(), piece_size);
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const T* const row = x.data() + i * x.cols();
        T largest = row[0];
        for (std::size_t j = 1; j < x.cols(); ++j) largest = largest < row[j] ? row[j] : largest;
        for (std::size_t j = 0; j < cols; ++j) piece[i * cols + j] = row[j] - largest;
        sums[i].largest = largest;
    }
    kernels::scaled_exponentials<T>({piece, x.rows() * cols}, T{1}, {piece, x.rows() * cols});
    for (std::size_t i = 0; i < x.rows(); ++i) {
        T sum = 0;
        for (std::size_t j = 0; j < cols; ++j) sum += piece[i * cols + j];
        for (std::size_t first = cols; first < x.cols(); first += piece_size) {  // the rest of a long row
            const std::size_t count = smaller(piece_size, x.cols() - first);
            for (std::size_t j = 0; j < count; ++j) piece[j] = x.data()[first + j] - sums[0].largest;
            kernels::scaled_exponentials<T>({piece, count}, T{1}, {piece, count});
            for (std::size_t j = 0; j < count; ++j) sum += piece[j];
        }
        sums[i].rest = logarithm(sum);
    }
}

}  // namespace detail

template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y) {
    assert(x.rows() == y.rows() && x.cols() == y.cols() && x.cols() > 0);
    const std::size_t cols = x.cols();
    const std::size_t most_rows = x.rows() > 1 && cols < detail::piece_size ? detail::piece_size / cols : 1;
    for (std::size_t first = 0; first < x.rows(); first += most_rows) {
        const std::size_t rows = smaller(most_rows, x.rows() - first);
        detail::LogSum<T> sums[detail::piece_size];
        detail::log_sums(x.middle_rows(first, rows), sums);
        for (std::size_t i = 0; i < rows; ++i) {
            const T* const from = x.data() + (first + i) * cols;
            T* const to = y.data() + (first + i) * cols;
            for (std::size_t j = 0; j < cols; ++j) to[j] = (from[j] - sums[i].largest) - sums[i].rest;
        }
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

#if defined(NIB_TEMPLATE)
#define NIB_LOG_SOFTMAX(T)                                                       \
    NIB_TEMPLATE void detail::log_sums(MatrixView<const T>, detail::LogSum<T>*); \
    NIB_TEMPLATE void log_softmax(MatrixView<const T>, MatrixView<T>);           \
    NIB_TEMPLATE void log_softmax_gradient(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);
NIB_LOG_SOFTMAX(float)
NIB_LOG_SOFTMAX(double)
#undef NIB_LOG_SOFTMAX
#endif

}  // namespace nib::inline NIB_ABI

#endif
