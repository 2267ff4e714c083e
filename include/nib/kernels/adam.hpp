// The Adam step over flat arrays: one pass, four streams, of which the gradients may be made on the way.
#pragma once

#include <nib/core/config.hpp>
#include <nib/kernels/sparse_gradient.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

// The scalars of one step, bias corrections folded in: with mhat = m / (1 - beta1^t) and vhat = v / (1 - beta2^t),
//   p -= lr mhat / (sqrt(vhat) + eps)   is   p -= step_size m / (sqrt(v) + epsilon)
// for step_size = lr sqrt(1 - beta2^t) / (1 - beta1^t) and epsilon = eps sqrt(1 - beta2^t).
template <class T>
struct AdamScalars {
    T one_minus_beta1;
    T one_minus_beta2;
    T step_size;
    T epsilon;
};

// Updates parameters, means (m) and squares (v), each of `count` numbers, by the gradients. The arrays do not overlap.
template <class T>
void adam_step(std::size_t count, T* parameters, const T* gradients, T* means, T* squares,
               const AdamScalars<T>& scalars);

// The same to the bit (but under -ffast-math) for weights whose gradients are such rows: parameters, means and squares
// are those of the first row on. What is left in the gradient's dw is not specified.
template <class T>
void adam_step(const SparseGradientRows<T>& gradients, T* parameters, T* means, T* squares,
               const AdamScalars<T>& scalars);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/vector.hpp>

#include <cstdint>
#include <limits>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// Adding this to a moment and taking it off again rounds small moments to multiples of a smallest one, and changes
// others by at most one unit in the last place. A mean that gets no more gradients (of a unit that has died) would else
// decay into subnormal numbers and stay there for ever, and operations on these are slow. The smallest square is 2^10
// times the smallest normal number; the smallest mean is another 2^23 times that, because its product with the learning
// rate should be normal too. Both are far below what an epsilon of 1e-8 lets count.
template <class T>
inline constexpr T square_rounding = (std::numeric_limits<T>::min)() / std::numeric_limits<T>::epsilon() * 1024;
template <class T>
inline constexpr T mean_rounding = square_rounding<T> * 8'388'608;

// One vector of each array. m and v are written as m + (1 - beta1) (g - m), so that each sum has one product, which
// multiply_add fuses with it. (Left to the compiler, other flags or another place in the code give other bits.)
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void adam_update(V& parameter, const V& gradient, V& mean, V& square, const AdamScalars<T>& s) {
    constexpr T smallest_mean = mean_rounding<T>, smallest_square = square_rounding<T>;
    const V mean_difference = gradient - mean;
    multiply_add<Level>(mean, s.one_minus_beta1, mean_difference);
    mean = (mean + smallest_mean) - smallest_mean;
    V square_difference = -square;
    multiply_add<Level>(square_difference, gradient, gradient);
    multiply_add<Level>(square, s.one_minus_beta2, square_difference);
    square = (square + smallest_square) - smallest_square;
    V root;
    square_root<Level, T>(root, square);
    parameter = parameter - s.step_size * mean / (root + s.epsilon);
}

// What multiply_by_column does with the gradients of weights: a step of these.
template <class T>
struct AdamRows {
    const T* dw;  // where the gradients would be stored, of which these are the weights
    T* parameters;
    T* means;
    T* squares;
    AdamScalars<T> scalars;

    template <class Level, class V>
    NIB_ALWAYS_INLINE void operator()(const T* place, const V& gradient) const {
        const std::ptrdiff_t i = place - dw;
        V parameter, mean, square;
        load(parameter, parameters + i);
        load(mean, means + i);
        load(square, squares + i);
        adam_update<Level>(parameter, gradient, mean, square, scalars);
        store(parameters + i, parameter);
        store(means + i, mean);
        store(squares + i, square);
    }
};

}  // namespace detail

template <class T>
void adam_step(std::size_t count, T* parameters, const T* gradients, T* means, T* squares,
               const AdamScalars<T>& scalars) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        // Parameters that other threads have read are no longer this one's alone, and each store would wait until they
        // are. With two threads this takes a fifth off the pass (tools/bench/compare.py --jobs B --core 0,1); with one
        // it makes no difference.
        constexpr std::uintptr_t ahead = 1024;
        const AdamScalars<T> s = scalars;  // a copy, which no store below can change: it stays in registers
        V parameter, gradient, mean, square;
        std::size_t i = 0;
        for (; i + width <= count; i += width) {
            prefetch_to_write(reinterpret_cast<std::uintptr_t>(parameters + i) + ahead);
            load(parameter, parameters + i);
            load(gradient, gradients + i);
            load(mean, means + i);
            load(square, squares + i);
            detail::adam_update<decltype(level)>(parameter, gradient, mean, square, s);
            store(parameters + i, parameter);
            store(means + i, mean);
            store(squares + i, square);
        }
        if (i == count) return;
        load_first(parameter, parameters + i, count - i);
        load_first(gradient, gradients + i, count - i);
        load_first(mean, means + i, count - i);
        load_first(square, squares + i, count - i);
        detail::adam_update<decltype(level)>(parameter, gradient, mean, square, s);
        store_first(parameters + i, parameter, count - i);
        store_first(means + i, mean, count - i);
        store_first(squares + i, square, count - i);
    });
}

template <class T>
void adam_step(const SparseGradientRows<T>& gradients, T* parameters, T* means, T* squares,
               const AdamScalars<T>& scalars) {
    const MatrixView<T> dw = gradients.dw;
    // With so many columns the gradients go from registers into the step, and are made while it waits for square roots
    // and divisions: an epoch of the default job takes 7% less (tools/bench/with_nib.cpp, job A). For fewer, the lists
    // by column that this takes cost more than it saves; more are multiplied out in blocks of columns, and the moments
    // of a block are too far apart.
    const std::size_t row_bytes = dw.cols() * sizeof(T);
    if (row_bytes < 256 || row_bytes >= 512) {
        sparse_weight_gradient_rows(gradients);
        return adam_step<T>(dw.size(), parameters, dw.data(), means, squares, scalars);
    }
    detail::multiply_by_column(gradients, false, detail::AdamRows<T>{dw.data(), parameters, means, squares, scalars});
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void adam_step(std::size_t, float*, const float*, float*, float*, const AdamScalars<float>&);
NIB_TEMPLATE void adam_step(std::size_t, double*, const double*, double*, double*, const AdamScalars<double>&);
NIB_TEMPLATE void adam_step(const SparseGradientRows<float>&, float*, float*, float*, const AdamScalars<float>&);
NIB_TEMPLATE void adam_step(const SparseGradientRows<double>&, double*, double*, double*, const AdamScalars<double>&);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
