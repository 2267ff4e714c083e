#include <nib/kernels/detail/elementwise.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

// Rules as users write them, and what they are number by number.
struct Threshold {
    template <class V>
    static V value(const V& x) {
        return where(x > 0.25, x, 0);
    }
    template <class V>
    static auto derivative_from_output(const V& y) {
        return y > 0.25;
    }
    static double of(double x) { return x > 0.25 ? x : 0; }
    static double slope(double x) { return x > 0.25 ? 1 : 0; }
};

struct SoftSign {  // by its output: x / (1 + |x|) has the slope (1 - |y|)^2
    template <class V>
    static V value(const V& x) {
        return x / (1 + abs(x));
    }
    template <class V>
    static V derivative_from_output(const V& y) {
        const V rest = 1 - abs(y);
        return rest * rest;
    }
    static double of(double x) { return x / (1 + std::abs(x)); }
    static double slope(double x) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }
};

struct Swish {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        const V s = sigmoid(x);
        return s + x * s * (1 - s);
    }
    static double of(double x) { return x / (1 + std::exp(-x)); }
    static double slope(double x) {
        const double s = 1 / (1 + std::exp(-x));
        return s + x * s * (1 - s);
    }
};

struct Gelu {
    template <class V>
    [[gnu::noinline]] static V value(const V& x) {
        return 0.5 * x * (1 + erf(0.70710678118654752 * x));
    }
    template <class V>
    [[gnu::noinline]] static V derivative(const V& x) {
        return 0.5 * (1 + erf(0.70710678118654752 * x)) + 0.39894228040143268 * x * exp(-0.5 * x * x);
    }
    static double of(double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; }
    static double slope(double x) {
        return std::erfc(-x / std::sqrt(2.0)) / 2 + x * std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979324);
    }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a rule is mapped over any number of values, in place too", Rule, any_size) {
    const auto check = []<class T>(T) {
        const double bound = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
        nib::Rng rng{1};
        for (std::size_t size = 0; size <= 70; ++size) {
            CAPTURE(size);
            Matrix<T> x = reference::random_matrix<T>(1, size, rng, 0.1);
            for (T& value : x.values()) value *= 3;
            const Matrix<T> dy = reference::random_matrix<T>(1, size, rng);
            reference::for_each_isa([&](nib::Isa) {
                Guarded<T> y(1, size), dx(1, size);
                kernels::map<Rule, T>(x.values(), y.view().values());
                const auto known = kernels::derives_from_output<Rule> ? y.values() : std::as_const(x).values();
                kernels::map_gradient<Rule, T>(known, dy.values(), dx.view().values());
                for (std::size_t i = 0; i < size; ++i) {
                    const auto at = static_cast<double>(x.values()[i]), gradient = static_cast<double>(dy.values()[i]);
                    CHECK(std::abs(static_cast<double>(y.values()[i]) - Rule::of(at)) < bound);
                    CHECK(std::abs(static_cast<double>(dx.values()[i]) - gradient * Rule::slope(at)) < bound);
                }
                CHECK(y.margins_untouched());
                CHECK(dx.margins_untouched());
                Guarded<T> again(1, size);
                std::copy(dy.values().begin(), dy.values().end(), again.data());
                kernels::map_gradient<Rule, T>(known, again.values(), again.view().values());
                CHECK(same_bits(again, dx));
                std::copy(x.values().begin(), x.values().end(), again.data());
                kernels::map<Rule, T>(again.values(), again.view().values());
                CHECK(same_bits(again, y));
                CHECK(again.margins_untouched());
            });
        }
    };
    check(float{});
    check(double{});
}
TEST_CASE_TEMPLATE_INVOKE(any_size, Threshold, SoftSign, Swish, Gelu);

TEST_CASE_TEMPLATE("a number has the same bits wherever it stands", T, float, double) {
    nib::Rng rng{2};
    const Matrix<T> x = reference::random_matrix<T>(1, 67, rng), dy = reference::random_matrix<T>(1, 67, rng);
    reference::for_each_isa([&](nib::Isa) {
        std::vector<T> y(67), dx(67);
        kernels::map<Swish, T>(x.values(), y);
        kernels::map_gradient<Swish, T>(x.values(), dy.values(), dx);
        for (std::size_t i = 0; i < 67; ++i) {
            T one, gradient;
            kernels::map<Swish, T>(x.values().subspan(i, 1), std::span{&one, 1});
            kernels::map_gradient<Swish, T>(x.values().subspan(i, 1), dy.values().subspan(i, 1),
                                            std::span{&gradient, 1});
            CHECK(one == y[i]);
            CHECK(gradient == dx[i]);
        }
    });
}

TEST_CASE_TEMPLATE("the gradient of a derivative that is a comparison is dy or 0, whatever dy is", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        const std::vector<T> y(19, T{0});
        for (const T gradient : {std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(), T{-1}}) {
            std::vector<T> dx(19, gradient);
            kernels::map_gradient<Threshold, T>(y, dx, dx);
            for (const T value : dx) CHECK((value == 0 && !std::signbit(value)));
        }
    });
}

TEST_CASE_TEMPLATE("scaled_exponentials are scale exp(x) for any number of values, in place too", T, float, double) {
    const double bound = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    nib::Rng rng{3};
    for (std::size_t size = 0; size <= 40; ++size) {
        const Matrix<T> x = reference::random_matrix<T>(1, size, rng);
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> y(1, size);
            std::copy(x.values().begin(), x.values().end(), y.data());
            kernels::scaled_exponentials<T>(y.values(), T(0.25), y.view().values());
            for (std::size_t i = 0; i < size; ++i)
                CHECK(static_cast<double>(y.values()[i]) ==
                      doctest::Approx(0.25 * std::exp(static_cast<double>(x.values()[i]))).epsilon(bound));
            CHECK(y.margins_untouched());
        });
    }
}
