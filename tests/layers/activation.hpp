// What the tests of activations share: a rule's values and derivatives beside those of its formula.
#pragma once

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/layer.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace reference {

// Compares activation L with `value` and `derivative`, which are exact in long double, from far below 0 to far above
// it: in float to 1e-6 and in double to 1e-14, as a part of 1 or, where the number is larger, of the number. NaN stays
// NaN. And central differences confirm the gradient.
template <class L, class Value, class Derivative>
void check_activation(const Value& value, const Derivative& derivative) {
    static_assert(nib::Layer<L> && nib::Layer<L, double> && !nib::SizedLayer<L>);
    static_assert(L::backward_reads_input != L::backward_reads_output && L::runs_in_place != L::backward_reads_input);
    const auto check = [&]<class T>(T tolerance) {
        std::vector<T> points{0};
        for (const double size : {1e-30, 1e-6, 0.01, 0.5, 0.9, 1.7, 3.0, 6.0, 9.5, 19.5, 21.0, 80.0, 95.0, 800.0, 1e30})
            for (const double sign : {1.0, -1.0}) points.push_back(static_cast<T>(sign * size));
        const std::size_t count = points.size();
        points.push_back(std::numeric_limits<T>::quiet_NaN());
        nib::Matrix<T> x(1, points.size()), y(1, points.size()), dy(1, points.size()), dx(1, points.size());
        std::copy(points.begin(), points.end(), x.data());
        for (T& slope : dy.values()) slope = 2;
        for_each_isa([&](nib::Isa) {
            L::forward(nib::Pass<T>{}, std::as_const(x).view(), y.view());
            L::backward_input(nib::Pass<T>{}, std::as_const(x).view(), std::as_const(y).view(),
                              std::as_const(dy).view(), dx.view());
            const auto close = [&](T found, long double expected) {
                return std::abs(static_cast<long double>(found) - expected) <=
                       static_cast<long double>(tolerance) * std::max(1.0L, std::abs(expected));
            };
            for (std::size_t i = 0; i < count; ++i) {
                CAPTURE(points[i]);
                const auto at = static_cast<long double>(points[i]);
                CHECK_MESSAGE(close(y.data()[i], value(at)), "value ", y.data()[i]);
                CHECK_MESSAGE(close(dx.data()[i] / 2, derivative(at)), "derivative ", dx.data()[i] / 2);
            }
            CHECK(std::isnan(y.data()[count]));
        });
    };
    check(1e-6f);
    check(1e-14);

    nib::Rng rng{2};
    nib::Matrix<double> x = random_matrix<double>(6, 21, rng);
    for (double& number : x.values()) number = 3 * number + (number < 0 ? -0.1 : 0.1);
    for_each_isa([&](nib::Isa) { CHECK(gradient_errors<L>(x, 21, rng).by_inputs < 1e-7); });
}

inline long double exact_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace reference
