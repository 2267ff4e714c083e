// Softmax: y = exp(x) / sum(exp(x)), row by row; torch.nn.Softmax(dim=1).  x, y: [B, F] for any F; y holds
// probabilities. A row's largest value is taken out first, so that nothing overflows.
//
// For classes, LogSoftmax with NllLoss trains better: logarithms keep what is lost where a probability is close to 0.
#pragma once

#include <nib/layers/layer.hpp>

#include <vector>

namespace nib::inline NIB_ABI {

// x and y may be the same.
template <class T>
void softmax(MatrixView<const T> x, MatrixView<T> y);

// dx = y (dy - sum(dy y)), row by row, where y = softmax(x). dy and dx may be the same.
template <class T>
void softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx);

struct Softmax {
    using keeps_largest = Softmax;
    static constexpr bool gives_probabilities = true;
    static constexpr bool backward_reads_input = false;
    static constexpr bool runs_in_place = true;

    template <class T>
    static void forward(const Pass<T>& /*pass*/, MatrixView<const T> x, MatrixView<T> y) {
        softmax(x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>& /*pass*/, MatrixView<const T> /*x*/, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        softmax_gradient(y, dy, dx);
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Softmax", {"x"}, {"y"}, {{"axis", -1}}}};
    }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/kernels/detail/elementwise.hpp>

#include <cassert>
#include <cstddef>

namespace nib::inline NIB_ABI {

template <class T>
void softmax(MatrixView<const T> x, MatrixView<T> y) {
    assert(x.rows() == y.rows() && x.cols() == y.cols() && x.cols() > 0);
    const std::size_t cols = x.cols();
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const T* const from = x.data() + i * cols;
        T* const to = y.data() + i * cols;
        T largest = from[0];
        for (std::size_t j = 1; j < cols; ++j) largest = largest < from[j] ? from[j] : largest;
        for (std::size_t j = 0; j < cols; ++j) to[j] = from[j] - largest;
    }
    kernels::scaled_exponentials<T>(y.values(), T{1}, y.values());
    for (std::size_t i = 0; i < x.rows(); ++i) {
        T* const row = y.data() + i * cols;
        T sum = 0;
        for (std::size_t j = 0; j < cols; ++j) sum += row[j];
        for (std::size_t j = 0; j < cols; ++j) row[j] /= sum;
    }
}

template <class T>
void softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx) {
    assert(y.rows() == dy.rows() && y.rows() == dx.rows() && y.cols() == dy.cols() && y.cols() == dx.cols());
    for (std::size_t i = 0; i < y.rows(); ++i) {
        const std::size_t row = i * y.cols();
        T sum = 0;
        for (std::size_t k = row; k < row + y.cols(); ++k) sum += dy.data()[k] * y.data()[k];
        for (std::size_t k = row; k < row + y.cols(); ++k) dx.data()[k] = y.data()[k] * (dy.data()[k] - sum);
    }
}

}  // namespace nib::inline NIB_ABI

#endif
