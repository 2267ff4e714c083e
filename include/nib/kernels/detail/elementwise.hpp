// Runs an activation's rule (layers/elementwise.hpp says what one is) over arrays, compiled for every instruction set.
#pragma once

#include <nib/kernels/lanes.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI::kernels {

// Whether a rule tells its derivative by its output.
template <class Rule>
inline constexpr bool derives_from_output = requires(const Lanes<Baseline, float>& y) {
    Rule::derivative_from_output(y);
};

namespace detail {

template <class Rule>
struct Map {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* x, T* y, std::size_t size) {
        for_each_vector<V>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            const V value = Rule::value(V::load(x + i, count));
            value.store(y + i, count);
        });
    }
};

template <class Rule>
struct MapGradient {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* known, const T* dy, T* dx, std::size_t size) {
        for_each_vector<V>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            const V at = V::load(known + i, count), gradient = V::load(dy + i, count);
            if constexpr (derives_from_output<Rule>)
                (gradient * Rule::derivative_from_output(at)).store(dx + i, count);
            else
                (gradient * Rule::derivative(at)).store(dx + i, count);
        });
    }
};

struct ScaledExponentials {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* x, T scale, T* y, std::size_t size) {
        for_each_vector<V, 1>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            (exp(V::load(x + i, count)) * scale).store(y + i, count);
        });
    }
};

}  // namespace detail

// y = value(x). x and y may be the same.
template <class Rule, class T>
void map(std::span<const T> x, std::span<T> y) {
    assert(x.size() == y.size());
    run_lanes<detail::Map<Rule>, T>(x.data(), y.data(), x.size());
}

// dx = dy times the derivative at `known`, which is y where the rule tells it by the output, and else x. dy and dx may
// be the same.
template <class Rule, class T>
void map_gradient(std::span<const T> known, std::span<const T> dy, std::span<T> dx) {
    assert(known.size() == dy.size() && known.size() == dx.size());
    run_lanes<detail::MapGradient<Rule>, T>(known.data(), dy.data(), dx.data(), dx.size());
}

// y = scale exp(x). x and y may be the same.
template <class T>
void scaled_exponentials(std::span<const T> x, T scale, std::span<T> y);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

namespace nib::inline NIB_ABI::kernels {

template <class T>
void scaled_exponentials(std::span<const T> x, T scale, std::span<T> y) {
    assert(x.size() == y.size());
    run_lanes<detail::ScaledExponentials, T>(x.data(), scale, y.data(), x.size());
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
