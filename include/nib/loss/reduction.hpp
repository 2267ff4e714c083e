// Reduction: how the losses of a batch's numbers or classes become one number, under PyTorch's names.
//
//                   losses of rows [B, C], such as MseLoss       losses of classes [B]
//   mean            sum / (B C)                                  sum / B; with class weights, / the sum of the targets'
//   sum             sum                                          sum
//   batchmean       sum / B                                      sum / B
//
// Weights of examples multiply what an example adds to the sum, and stand for 1 each in B: the mean is sum(w l) /
// sum(w). Where all that is divided by is 0, so are the loss and its gradient; an example of weight 0 does not count,
// even where its targets are NaN.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/matrix.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

enum class Reduction : unsigned char { mean, sum, batchmean };

namespace detail {

// What a sum of losses is divided by, where that is `mean` for their mean and `examples` for their batchmean.
constexpr double reduction_divisor(Reduction reduction, double mean, double examples) {
    return reduction == Reduction::sum ? 1 : reduction == Reduction::mean ? mean : examples;
}
constexpr double divided(double sum, double divisor) { return divisor == 0 ? 0 : sum / divisor; }

// No weights are weights of 1.
template <class T>
double sum_of_weights(std::span<const T> weights, std::size_t rows) {
    double sum = weights.empty() ? static_cast<double>(rows) : 0;
    for (const T weight : weights) sum += static_cast<double>(weight);
    return sum;
}

// The sum of number(0), …, number(count - 1), in eight chains: one would wait for each addition.
template <class F>
double sum_of_numbers(std::size_t count, const F& number) {
    constexpr std::size_t chains = 8;
    double sums[chains] = {};
    std::size_t i = 0;
    for (; i + chains <= count; i += chains)
        for (std::size_t k = 0; k < chains; ++k) sums[k] += number(i + k);
    for (std::size_t k = 0; i + k < count; ++k) sums[k] += number(i + k);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// Calls f(first, count, weight) for ranges of the numbers of [rows, cols] with their examples' weight.
template <class T, class F>
void for_each_weight(std::size_t rows, std::size_t cols, std::span<const T> weights, const F& f) {
    if (weights.empty()) f(std::size_t{0}, rows * cols, 1.0);
    for (std::size_t b = 0; b < weights.size(); ++b) f(b * cols, cols, static_cast<double>(weights[b]));
}

template <class T>
double reduction_divisor(Reduction reduction, std::size_t rows, std::size_t cols, std::span<const T> weights) {
    const double examples = sum_of_weights(weights, rows);
    return reduction_divisor(reduction, examples * static_cast<double>(cols), examples);
}

// The value of a loss of rows that is the sum of loss(y, target) over all numbers, in double.
template <class T, class F>
double reduced_sum(Reduction reduction, MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights,
                   const F& loss) {
    assert(y.rows() == targets.rows() && y.cols() == targets.cols() && !y.empty());
    double sum = 0;
    for_each_weight(y.rows(), y.cols(), weights, [&](std::size_t first, std::size_t count, double weight) {
        if (weight == 0) return;
        sum += weight * sum_of_numbers(count, [y = y.data() + first, t = targets.data() + first, &loss](std::size_t i) {
                   return loss(static_cast<double>(y[i]), static_cast<double>(t[i]));
               });
    });
    return divided(sum, reduction_divisor(reduction, y.rows(), y.cols(), weights));
}

// Its gradient, of which slope(y, target, scale) is a number: the derivative times the scale.
template <class T, class F>
void reduced_gradient(Reduction reduction, MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                      std::span<const T> weights, const F& slope) {
    assert(y.rows() == targets.rows() && y.cols() == targets.cols() && y.size() == dy.size());
    const double divisor = reduction_divisor(reduction, y.rows(), y.cols(), weights);
    for_each_weight(y.rows(), y.cols(), weights, [&](std::size_t first, std::size_t count, double weight) {
        if (weight == 0) return fill_values(dy.data() + first, count, T{0});
        const T scale = static_cast<T>(divided(weight, divisor));
        for (std::size_t i = first; i < first + count; ++i) dy.data()[i] = slope(y.data()[i], targets.data()[i], scale);
    });
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
