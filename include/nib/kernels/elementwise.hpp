// Loops over single numbers: activations, bytes to numbers, exp, log-softmax.
#pragma once

#include <nib/core/math.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/vector.hpp>

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

namespace nib::inline NIB_ABI::kernels {

// y = max(x, 0); NaN stays NaN. x and y may be the same.
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

// dx = dy where y > 0, else 0; where y is NaN, dx is dy, as in PyTorch. dy and dx may be the same.
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

// values = bytes / 255, from the table. Runs of 16 zero bytes, two thirds of MNIST, skip it.
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

// exp(x). In float our own, because std::expf is a call that differs in its last bits from one C library to the next:
// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 in r (the coefficients of Cephes' expf). Relative
// error below 1.2e-7 for x in [-87, 88]; 0 below, infinity above 88.7; NaN stays NaN.
template <class T>
NIB_ALWAYS_INLINE T exponential(T x) {
    if constexpr (std::is_same_v<T, float>) {
        if (!(x >= -87.0f)) return x < -87.0f ? 0.0f : x;
        if (x > 88.72283f) return std::numeric_limits<float>::infinity();
        const auto exponent = static_cast<std::int32_t>(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
        const auto n = static_cast<float>(exponent);
        const float r = x - n * 0.693359375f + n * 2.12194440e-4f;  // ln 2 in two parts, the first one exact
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1.0f;
        // p * 2^n in two factors: 2^128, which n = 128 would need, is no float.
        const std::int32_t half = exponent / 2;
        return p * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((exponent - half + 127) << 23);
    } else {
        return nib::exponential(x);
    }
}

// y = scale exp(x). x and y may be the same.
template <class T>
void scaled_exponentials(std::span<const T> x, T scale, std::span<T> y) {
    assert(x.size() == y.size());
    dispatch([=](auto) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = exponential(x[i]) * scale;
    });
}

// y = x - log(sum(exp(x))), row by row; the row's largest value is taken out first, so that nothing overflows as long
// as the values of a row differ by finite numbers.
template <class T>
void log_softmax(MatrixView<const T> x, MatrixView<T> y) {
    assert(x.rows() == y.rows() && x.cols() == y.cols() && x.cols() > 0);
    dispatch([=](auto) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < x.rows(); ++i) {
            const auto from = x.row(i);
            const auto to = y.row(i);
            T largest = from[0];
            for (const T value : from) largest = largest < value ? value : largest;
            T sum = 0;
            for (const T value : from) sum += exponential(value - largest);
            const T shift = nib::logarithm(sum);
            for (std::size_t j = 0; j < from.size(); ++j) to[j] = (from[j] - largest) - shift;
        }
    });
}

// dx = dy - softmax(x) sum(dy), row by row, where y = log_softmax(x), so that softmax(x) = exp(y).
template <class T>
void log_softmax_gradient(MatrixView<const T> y, MatrixView<const T> dy, MatrixView<T> dx) {
    assert(y.rows() == dy.rows() && y.rows() == dx.rows() && y.cols() == dy.cols() && y.cols() == dx.cols());
    dispatch([=](auto) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < y.rows(); ++i) {
            T sum = 0;
            for (const T gradient : dy.row(i)) sum += gradient;
            for (std::size_t j = 0; j < y.cols(); ++j) dx(i, j) = dy(i, j) - exponential(y(i, j)) * sum;
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels
