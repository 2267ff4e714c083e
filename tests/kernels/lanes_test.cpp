#include <nib/kernels/lanes.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

namespace {

namespace kernels = nib::kernels;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T no_number = std::numeric_limits<T>::quiet_NaN();

// F::value of every number, on the active level.
template <class F, class T>
std::vector<T> apply(std::vector<T> x) {
    T* const data = x.data();
    const std::size_t count = x.size();
    kernels::dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = kernels::Lanes<decltype(level), T>;
        for (std::size_t i = 0; i < count; i += V::size) {
            V lanes;
            kernels::load_at_most(lanes.vector, data + i, count - i);
            lanes = F::value(lanes);
            kernels::store_at_most(data + i, lanes.vector, count - i);
        }
    });
    return x;
}

#define FUNCTION(Name, expression)                      \
    struct Name {                                       \
        template <class V>                              \
        static V value(const V& x) {                    \
            return expression;                          \
        }                                               \
        template <class V>                              \
        [[gnu::noinline]] static V called(const V& x) { \
            return expression;                          \
        }                                               \
    }
FUNCTION(Exp, exp(x));
FUNCTION(Expm1, expm1(x));
FUNCTION(Log, log(x));
FUNCTION(Log1p, log1p(x));
FUNCTION(Tanh, tanh(x));
FUNCTION(Erf, erf(x));
FUNCTION(Sigmoid, sigmoid(x));
FUNCTION(Sqrt, sqrt(x));
FUNCTION(Fma, fma(x, x, -2));
FUNCTION(Negative, -x);
FUNCTION(Abs, abs(x));
FUNCTION(CopySign, copysign(3, x));
FUNCTION(Larger, larger(x, 0.5));
FUNCTION(Smaller, smaller(x, 0.5));
FUNCTION(Masked, x*(x > 0));
FUNCTION(Polynomial, polynomial(x, 2, 0.5, -3));
FUNCTION(Ratio, (2 * x + 1) / (x - 0.5f) - x / 4);
FUNCTION(OverRoot, over_root(x, x* x + 1, 0.25f));
FUNCTION(QuotientByRoot, x / (sqrt(x * x + 1) + 0.25f));
FUNCTION(Inside, where(((x >= -1) & (x <= 1)) | !(x != 2), 1, where(x == 3, 5, 0)));
#undef FUNCTION

// The same, of which no instruction is inlined.
template <class F>
struct Called {
    template <class V>
    static V value(const V& x) {
        return F::called(x);
    }
};

std::vector<float> between(float low, float high, std::size_t count) {
    std::vector<float> x(count);
    for (std::size_t i = 0; i < count; ++i)
        x[i] = low + (high - low) * (static_cast<float>(i) / static_cast<float>(count - 1));
    return x;
}

// The largest relative error of F on x, with `reference` in double, on every level; inlined and not.
template <class F>
double worst_error(const std::vector<float>& x, double (*reference)(double)) {
    double worst = 0;
    reference::for_each_isa([&](nib::Isa) {
        const std::vector<float> y = apply<F>(x);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double expected = reference(static_cast<double>(x[i]));
            const double error = std::abs(static_cast<double>(y[i]) - expected);
            if (error > 0) worst = std::max(worst, error / std::abs(expected));
        }
        const std::vector<float> called = apply<Called<F>>(x);
        CHECK(std::memcmp(y.data(), called.data(), y.size() * sizeof(float)) == 0);
    });
    return worst;
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

// F of one number, in every lane and alone, on every level.
template <class F, class T, class Check>
void check_one(T x, const Check& check) {
    reference::for_each_isa([&](nib::Isa) {
        for (const T y : apply<F>(std::vector<T>(17, x))) CHECK(check(y));
        for (const T y : apply<Called<F>>(std::vector<T>(3, x))) CHECK(check(y));
    });
}
template <class F, class T>
void check_one(T x, T expected) {
    CAPTURE(x);
    CAPTURE(expected);
    check_one<F>(x, [=](T y) {
        return std::isnan(expected) ? std::isnan(y) : y == expected && std::signbit(y) == std::signbit(expected);
    });
}

}  // namespace

TEST_CASE_TEMPLATE("a quotient by a root is a division", T, float, double) {
    const std::vector<float> values = between(-100.0f, 100.0f, 100'003);
    std::vector<T> x(values.begin(), values.end());
    x.insert(x.end(), {T{0}, -T{0}, infinity<T>, -infinity<T>});
    reference::for_each_isa([&](nib::Isa) {
        const std::vector<T> y = apply<OverRoot>(x), expected = apply<QuotientByRoot>(x);
        CHECK(std::memcmp(y.data(), expected.data(), y.size() * sizeof(T)) == 0);
    });
    check_one<OverRoot>(no_number<T>, no_number<T>);
}

TEST_CASE("vector functions in float keep their bounds, inlined or not") {
    constexpr std::size_t many = 1'000'000;
    CHECK(worst_error<Exp>(between(-87.0f, 88.7f, many), std::exp) < 1.2e-7);
    CHECK(worst_error<Expm1>(between(-87.0f, 88.7f, many), std::expm1) < 3e-7);
    CHECK(worst_error<Expm1>(between(-1.0f, 1.0f, many), std::expm1) < 3e-7);
    CHECK(worst_error<Log>(between(1e-6f, 4.0f, many), std::log) < 1.2e-7);
    CHECK(worst_error<Log1p>(between(-0.999f, 2.0f, many), std::log1p) < 3e-7);
    CHECK(worst_error<Tanh>(between(-12.0f, 12.0f, many), std::tanh) < 2e-7);
    CHECK(worst_error<Erf>(between(-6.0f, 6.0f, many), std::erf) < 2e-7);
    CHECK(worst_error<Sigmoid>(between(-87.0f, 100.0f, many), sigmoid_of) < 3e-7);
    CHECK(worst_error<Sqrt>(between(0.0f, 100.0f, many), std::sqrt) < 6e-8);
    std::vector<float> powers;  // all sizes of numbers, of both signs, subnormal ones too
    for (int e = -149; e <= 127; ++e)
        for (const float mantissa : {1.0f, 1.25f, 1.41421f, 1.41422f, 1.9f})
            powers.insert(powers.end(), {std::ldexp(mantissa, e), -std::ldexp(mantissa, e)});
    CHECK(worst_error<Tanh>(powers, std::tanh) < 2e-7);
    std::vector<float> positive, moderate;
    for (const float x : powers) {
        if (x > 0) positive.push_back(x);
        if (std::abs(x) < 80 && std::abs(x) > 1e-37f) moderate.push_back(x);
    }
    CHECK(worst_error<Log>(positive, std::log) < 1.2e-7);
    CHECK(worst_error<Log1p>(positive, std::log1p) < 3e-7);
    CHECK(worst_error<Expm1>(moderate, std::expm1) < 3e-7);
    CHECK(worst_error<Exp>(moderate, std::exp) < 1.2e-7);
    CHECK(worst_error<Erf>(moderate, std::erf) < 2e-7);
    CHECK(worst_error<Sigmoid>(moderate, sigmoid_of) < 3e-7);
}

TEST_CASE("vector functions in double are the C library's") {
    reference::for_each_isa([](nib::Isa) {
        for (const double x : {-1e3, -700.0, -1.5, -0.0, 0.0, 1e-300, 0.5, 1.0, 709.0, 1e3}) {
            CHECK(apply<Exp>(std::vector{x})[0] == std::exp(x));
            if (x >= 0) CHECK(apply<Log>(std::vector{x})[0] == std::log(x));
            if (x >= 0) CHECK(apply<Sqrt>(std::vector{x})[0] == std::sqrt(x));
            CHECK(apply<Expm1>(std::vector{x})[0] == std::expm1(x));
            if (x >= 0) CHECK(apply<Log1p>(std::vector{x})[0] == std::log1p(x));
            CHECK(apply<Tanh>(std::vector{x})[0] == std::tanh(x));
            CHECK(apply<Erf>(std::vector{x})[0] == std::erf(x));
            CHECK(apply<Sigmoid>(std::vector{x})[0] == 1 / (1 + std::exp(-x)));
        }
    });
}

TEST_CASE_TEMPLATE("vector functions have the limits of the C library's at 0 and infinity, and keep NaN", T, float,
                   double) {
    for (const T x : {no_number<T>, -no_number<T>}) {
        check_one<Exp>(x, no_number<T>);
        check_one<Expm1>(x, no_number<T>);
        check_one<Log>(x, no_number<T>);
        check_one<Log1p>(x, no_number<T>);
        check_one<Tanh>(x, no_number<T>);
        check_one<Erf>(x, no_number<T>);
        check_one<Sigmoid>(x, no_number<T>);
        check_one<Sqrt>(x, no_number<T>);
    }
    check_one<Exp>(T{0}, T{1});
    check_one<Exp>(T{-0.0}, T{1});
    check_one<Exp>(-infinity<T>, T{0});
    check_one<Exp>(infinity<T>, infinity<T>);
    for (const T sign : {T{1}, T{-1}}) {
        check_one<Expm1>(sign * T{0}, sign * T{0});
        check_one<Log1p>(sign * T{0}, sign * T{0});
    }
    check_one<Expm1>(-infinity<T>, T{-1});
    check_one<Expm1>(infinity<T>, infinity<T>);
    check_one<Log1p>(T{-1}, -infinity<T>);
    check_one<Log1p>(infinity<T>, infinity<T>);
    check_one<Log1p>(T{-2}, no_number<T>);
    check_one<Log>(T{1}, T{0});
    check_one<Log>(T{0}, -infinity<T>);
    check_one<Log>(T{-0.0}, -infinity<T>);
    check_one<Log>(infinity<T>, infinity<T>);
    check_one<Log>(T{-1}, no_number<T>);
    check_one<Log>(-infinity<T>, no_number<T>);
    check_one<Sqrt>(T{-0.0}, T{-0.0});
    check_one<Sqrt>(infinity<T>, infinity<T>);
    for (const T sign : {T{1}, T{-1}}) {
        check_one<Tanh>(sign * T{0}, sign * T{0});
        check_one<Tanh>(sign * infinity<T>, sign);
        check_one<Tanh>(sign * T{100}, sign);
        check_one<Erf>(sign * T{0}, sign * T{0});
        check_one<Erf>(sign * infinity<T>, sign);
        check_one<Erf>(sign * T{100}, sign);
    }
    check_one<Sigmoid>(T{0}, T{0.5});
    check_one<Sigmoid>(infinity<T>, T{1});
    check_one<Sigmoid>(-infinity<T>, T{0});
}

TEST_CASE("exp in float is 0 below -87, finite up to the largest float, and infinite above") {
    const float last = 88.72283f;
    check_one<Exp>(-87.0f, [](float y) { return y > 0; });
    check_one<Exp>(std::nextafter(-87.0f, -infinity<float>), 0.0f);
    check_one<Exp>(-1e30f, 0.0f);
    check_one<Exp>(last, [](float y) { return std::isfinite(y); });
    check_one<Exp>(std::nextafter(last, infinity<float>), infinity<float>);
    check_one<Exp>(1e30f, infinity<float>);
}

TEST_CASE_TEMPLATE("operators, masks and comparisons work lane by lane", T, float, double) {
    std::vector<T> x;
    for (T value = -4; value <= 4; value += T{0.25}) x.push_back(value + (value == T{0.5} ? T{0.125} : T{0}));
    const auto check = [&]<class F>(const F&, const auto& expected) {
        reference::for_each_isa([&](nib::Isa) {
            const std::vector<T> y = apply<F>(x), called = apply<Called<F>>(x);
            for (std::size_t i = 0; i < x.size(); ++i) {
                CHECK(y[i] == doctest::Approx(static_cast<double>(expected(x[i]))).epsilon(1e-6));
                CHECK(called[i] == doctest::Approx(static_cast<double>(y[i])).epsilon(1e-6));
            }
        });
    };
    check(Negative{}, [](T v) { return -v; });
    check(Abs{}, [](T v) { return std::abs(v); });
    check(CopySign{}, [](T v) { return std::copysign(T{3}, v); });
    check(Larger{}, [](T v) { return std::max(v, T{0.5}); });
    check(Smaller{}, [](T v) { return std::min(v, T{0.5}); });
    check(Masked{}, [](T v) { return v > 0 ? v : T{0}; });
    check(Fma{}, [](T v) { return v * v - 2; });
    check(Polynomial{}, [](T v) { return 2 * v * v + v / 2 - 3; });
    check(Ratio{}, [](T v) { return (2 * v + 1) / (v - T{0.5}) - v / 4; });
    check(Inside{}, [](T v) { return std::abs(v) <= 1 || v == 2 ? T{1} : v == 3 ? T{5} : T{0}; });
}

TEST_CASE_TEMPLATE("signs, NaN and -0 are taken by their bits", T, float, double) {
    check_one<Negative>(T{0}, T{-0.0});
    check_one<Abs>(T{-0.0}, T{0});
    check_one<Abs>(-no_number<T>, no_number<T>);
    check_one<CopySign>(T{-0.0}, T{-3});
    check_one<Larger>(no_number<T>, no_number<T>);
    check_one<Smaller>(no_number<T>, no_number<T>);
    check_one<Masked>(no_number<T>, T{0});
    check_one<Masked>(-infinity<T>, T{0});
}

TEST_CASE_TEMPLATE("fma rounds once on every level that fuses, inlined or not", T, float, double) {
    const T x = 1 + std::numeric_limits<T>::epsilon();
    reference::for_each_isa([&](nib::Isa) {
        const T expected = reference::multiply_add(reference::fuses(), x, x, T{-2});
        CHECK(apply<Fma>(std::vector<T>(9, x))[8] == expected);
        CHECK(apply<Called<Fma>>(std::vector<T>(9, x))[8] == expected);
    });
}

// The narrower vectors of a level, down to one number, which products have at the ends of rows.
TEST_CASE_TEMPLATE("narrow Lanes give the same bits", T, float, double) {
    std::vector<T> x;
    for (int i = 0; i < 16; ++i) x.push_back(static_cast<T>(i) / 3 - 2);
    const auto narrow = [&]<class F, std::size_t Bytes>(const F&, std::integral_constant<std::size_t, Bytes>) {
        std::vector<T> y = x;
        T* const data = y.data();
        kernels::dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            if constexpr (Bytes <= decltype(level)::vector_bytes) {
                using V = kernels::Lanes<decltype(level), T, Bytes>;
                for (std::size_t i = 0; i < 16; i += V::size) {
                    V lanes;
                    kernels::load(lanes.vector, data + i);
                    kernels::store(data + i, F::value(lanes).vector);
                }
            }
        });
        if (y != x) CHECK(reference::same_bits<T>(y, apply<F>(x)));
    };
    const auto widths = [&](const auto& f) {
        narrow(f, std::integral_constant<std::size_t, sizeof(T)>{});
        narrow(f, std::integral_constant<std::size_t, 16>{});
        narrow(f, std::integral_constant<std::size_t, 32>{});
    };
    reference::for_each_isa([&](nib::Isa) {
        widths(Exp{});
        widths(Tanh{});
        widths(Erf{});
        widths(Sigmoid{});
        widths(Fma{});
        widths(Abs{});
        widths(Inside{});
    });
}
