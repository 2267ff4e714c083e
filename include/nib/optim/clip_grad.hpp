// Gradient clipping, as in torch.nn.utils: keeps one odd batch from moving the parameters far.
//
//   const std::span<float> all = gradients(net, batch).multiply_out();
//   nib::clip_grad_norm(all, 1.0);
//   optimizer.step(net, all);
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>

#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

// The root of the sum of all squares, which are summed up in double.
template <class T>
double norm_of(std::span<const T> numbers) {
    constexpr std::size_t together = 16;  // sums that do not wait for each other
    double sums[together] = {};
    std::size_t i = 0;
    for (; i + together <= numbers.size(); i += together)
        for (std::size_t k = 0; k < together; ++k) {
            const auto number = static_cast<double>(numbers[i + k]);
            sums[k] += number * number;
        }
    for (std::size_t k = 0; i < numbers.size(); ++i, ++k) {
        const auto number = static_cast<double>(numbers[i]);
        sums[k] += number * number;
    }
    double sum = 0;
    for (const double part : sums) sum += part;
    return square_root(sum);
}

// Where the norm of all gradients is above max_norm, multiplies them so that it is about max_norm: by
// max_norm / (norm + 1e-6). Returns the norm before that. Changes nothing where the norm is not finite. Fails on a
// max_norm below 0.
template <class T>
double clip_grad_norm(std::span<T> gradients, double max_norm) {
    if (!(max_norm >= 0)) fail("clip_grad_norm: expected a max_norm of at least 0");
    const double norm = norm_of(std::span<const T>{gradients});
    const double factor = max_norm / (norm + 1e-6);
    if (is_finite(norm) && factor < 1)
        for (T& gradient : gradients) gradient *= static_cast<T>(factor);
    return norm;
}

// Moves each gradient into [-clip_value, clip_value]; NaN stays. Fails on a clip_value below 0.
template <class T>
void clip_grad_value(std::span<T> gradients, double clip_value) {
    if (!(clip_value >= 0)) fail("clip_grad_value: expected a clip_value of at least 0");
    const auto most = static_cast<T>(clip_value);
    for (T& gradient : gradients) gradient = clamped(gradient, -most, most);
}

}  // namespace nib::inline NIB_ABI
