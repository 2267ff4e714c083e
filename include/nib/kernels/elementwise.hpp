// Loops over single numbers: activations, bytes to numbers, exp, log-softmax.
#pragma once

#include <nib/core/matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI::kernels {

// y = max(x, 0); NaN stays NaN. x and y may be the same.
template <class T>
void relu(std::span<const T> x, std::span<T> y);

// dx = dy where y > 0, else 0; where y is NaN, dx is dy, as in PyTorch. dy and dx may be the same.
template <class T>
void relu_gradient(std::span<const T> y, std::span<const T> dy, std::span<T> dx);

// values = bytes / 255, from the table. Runs of 16 zero bytes, two thirds of MNIST, skip it.
template <class T>
void scale_bytes(std::span<const std::uint8_t> bytes, std::span<T> values);

// y = scale exp(x). x and y may be the same.
template <class T>
void scaled_exponentials(std::span<const T> x, T scale, std::span<T> y);

// y = x - log(sum(exp(x))), row by row; the row's largest value is taken out first, so that nothing overflows as long
// as the values of a row differ by finite numbers.
template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y);

// dx = dy - softmax(x) sum(dy), row by row, where y = log_softmax(x), so that softmax(x) = exp(y).
template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/math.hpp>
#include <nib/kernels/vector.hpp>

#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <type_traits>

namespace nib::inline NIB_ABI::kernels {

template <class T>
void relu(std::span<const T> x, std::span<T> y) {
    assert(x.size() == y.size());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        std::size_t i = 0;
        for (; i + width <= x.size(); i += width) {
            V value;
            load(value, x.data() + i);
            relu_in_place(value);
            store(y.data() + i, value);
        }
        for (; i < x.size(); ++i) y[i] = T{0} > x[i] ? T{0} : x[i];
    });
}

template <class T>
void relu_gradient(std::span<const T> y, std::span<const T> dy, std::span<T> dx) {
    assert(y.size() == dy.size() && y.size() == dx.size());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        std::size_t i = 0;
        for (; i + width <= y.size(); i += width) {
            V output, gradient;
            load(output, y.data() + i);
            load(gradient, dy.data() + i);
            relu_gradient_in_place(gradient, output);
            store(dx.data() + i, gradient);
        }
        for (; i < y.size(); ++i) dx[i] = y[i] <= T{0} ? T{0} : dy[i];
    });
}

// byte / 255 for each byte, correctly rounded (as torchvision's ToTensor): 0 is 0, 255 is 1.
template <class T>
inline constexpr std::array<T, 256> scaled_bytes = [] {
    std::array<T, 256> values{};
    for (std::size_t byte = 0; byte < values.size(); ++byte) values[byte] = static_cast<T>(byte) / T{255};
    return values;
}();

template <class T>
void scale_bytes(std::span<const std::uint8_t> bytes, std::span<T> values) {
    assert(bytes.size() == values.size());
    constexpr std::size_t step = 16;
    std::size_t i = 0;
    for (; i + step <= bytes.size(); i += step) {
        std::uint64_t words[2];
        std::memcpy(words, bytes.data() + i, step);
        if ((words[0] | words[1]) == 0)
            std::memset(values.data() + i, 0, step * sizeof(T));
        else
            for (std::size_t j = 0; j < step; ++j) values[i + j] = scaled_bytes<T>[bytes[i + j]];
    }
    for (; i < bytes.size(); ++i) values[i] = scaled_bytes<T>[bytes[i]];
}

namespace detail {

// x = exp(x), lane by lane. In float our own, because std::expf is a call that differs in its last bits from one C
// library to the next: x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 in r (the coefficients of
// Cephes' expf). Relative error below 1.2e-7 for x in [-87, 88.7]; 0 below, infinity above; NaN stays NaN,
// but where -ffast-math says that there is none.
template <class Level, class T, class V>
NIB_ALWAYS_INLINE void exponential_in_place(V& x) {
    if constexpr (std::is_same_v<T, float>) {
        using Integers = decltype(x < x);
        const V zero = {};
        const V lowest = zero - 87.0f, highest = zero + 89.0f;
        V inside = x < lowest ? lowest : x;
        inside = inside > highest ? highest : inside;
        // Rounded to an integer by the conversion, which no flag can take away.
        V turns = inside < zero ? zero - 0.5f : zero + 0.5f;
        multiply_add<Level>(turns, 1.44269504f, inside);
        const Integers exponent = __builtin_convertvector(turns, Integers);
        const V n = __builtin_convertvector(exponent, V);
        V r = inside;  // - n ln 2, in two parts, the first one exact
        multiply_add<Level>(r, -0.693359375f, n);
        multiply_add<Level>(r, 2.12194440e-4f, n);
        V p = zero + 1.9875691500e-4f;
        const auto append = [&](float coefficient) NIB_LAMBDA_ALWAYS_INLINE {
            V sum = zero + coefficient;
            multiply_add<Level>(sum, p, r);
            p = sum;
        };
        append(1.3981999507e-3f);
        append(8.3334519073e-3f);
        append(4.1665795894e-2f);
        append(1.6666665459e-1f);
        append(5.0000001201e-1f);
        append(1.0f);
        append(1.0f);
        // p 2^n in two factors: 2^128, which n = 128 would need, is no float.
        const Integers half = exponent >> 1;
        const auto power_of_two = [](const Integers& e, V& power) NIB_LAMBDA_ALWAYS_INLINE {
            const Integers bits = (e + 127) << 23;
            std::memcpy(&power, &bits, sizeof power);
        };
        V first, second;
        power_of_two(half, first);
        power_of_two(exponent - half, second);
        p = p * first * second;
        x = x < lowest ? zero : p;
    } else {
        for (std::size_t lane = 0; lane < sizeof(V) / sizeof(T); ++lane) x[lane] = nib::exponential(x[lane]);
    }
}

}  // namespace detail

template <class T>
void scaled_exponentials(std::span<const T> x, T scale, std::span<T> y) {
    assert(x.size() == y.size());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        for (std::size_t i = 0; i < x.size(); i += lanes<Level, T>) {
            Vector<Level, T> value;
            load_at_most(value, x.data() + i, x.size() - i);
            detail::exponential_in_place<Level, T>(value);
            value *= scale;
            store_at_most(y.data() + i, value, x.size() - i);
        }
    });
}

template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y) {
    assert(x.rows() == y.rows() && x.cols() == y.cols() && x.cols() > 0);
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t width = lanes<Level, T>;
        for (std::size_t i = 0; i < x.rows(); ++i) {
            const T* const from = x.data() + i * x.cols();
            T* const to = y.data() + i * y.cols();
            T largest = from[0];
            for (std::size_t j = 1; j < x.cols(); ++j) largest = largest < from[j] ? from[j] : largest;
            T sum = 0;
            for (std::size_t j = 0; j < x.cols(); j += width) {
                Vector<Level, T> value;
                load_at_most(value, from + j, x.cols() - j);
                value -= largest;
                detail::exponential_in_place<Level, T>(value);
                T terms[width];
                store(terms, value);
                for (std::size_t k = 0; k < smaller(width, x.cols() - j); ++k) sum += terms[k];
            }
            const T shift = nib::logarithm(sum);
            for (std::size_t j = 0; j < x.cols(); ++j) to[j] = (from[j] - largest) - shift;
        }
    });
}

template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx) {
    assert(y.rows() == dy.rows() && y.rows() == dx.rows() && y.cols() == dy.cols() && y.cols() == dx.cols());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        for (std::size_t i = 0; i < y.rows(); ++i) {
            T sum = 0;
            for (const T gradient : dy.row(i)) sum += gradient;
            for (std::size_t j = 0; j < y.cols(); j += lanes<Level, T>) {
                const std::size_t rest = y.cols() - j;
                Vector<Level, T> probability, gradient;
                load_at_most(probability, y.row(i).data() + j, rest);
                load_at_most(gradient, dy.row(i).data() + j, rest);
                detail::exponential_in_place<Level, T>(probability);
                multiply_add<Level>(gradient, -sum, probability);
                store_at_most(dx.row(i).data() + j, gradient, rest);
            }
        }
    });
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void relu(std::span<const float>, std::span<float>);
NIB_TEMPLATE void relu_gradient(std::span<const float>, std::span<const float>, std::span<float>);
NIB_TEMPLATE void scale_bytes(std::span<const std::uint8_t>, std::span<float>);
NIB_TEMPLATE void scaled_exponentials(std::span<const float>, float, std::span<float>);
NIB_TEMPLATE void log_softmax(MatrixView<const float>, MatrixView<float>);
NIB_TEMPLATE void log_softmax_gradient(MatrixView<const float>, MatrixView<const float>, MatrixView<float>);
NIB_TEMPLATE void relu(std::span<const double>, std::span<double>);
NIB_TEMPLATE void relu_gradient(std::span<const double>, std::span<const double>, std::span<double>);
NIB_TEMPLATE void scale_bytes(std::span<const std::uint8_t>, std::span<double>);
NIB_TEMPLATE void scaled_exponentials(std::span<const double>, double, std::span<double>);
NIB_TEMPLATE void log_softmax(MatrixView<const double>, MatrixView<double>);
NIB_TEMPLATE void log_softmax_gradient(MatrixView<const double>, MatrixView<const double>, MatrixView<double>);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
