#include <nib/kernels/elementwise.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

template <class T>
constexpr T huge = static_cast<T>(1e30);

template <class T>
T exponential(T x) {
    T y;
    kernels::scaled_exponentials<T>({&x, 1}, T{1}, {&y, 1});
    return y;
}

// log_softmax of one row in long double.
template <class T>
std::vector<long double> log_softmax(std::span<const T> x) {
    const long double largest = *std::max_element(x.begin(), x.end());
    long double sum = 0;
    for (const T value : x) sum += std::exp(static_cast<long double>(value) - largest);
    std::vector<long double> y;
    for (const T value : x) y.push_back(static_cast<long double>(value) - largest - std::log(sum));
    return y;
}

template <class T>
std::vector<T> log_softmax_of(const std::vector<T>& row) {
    std::vector<T> y(row.size());
    kernels::log_softmax<T>({row.data(), 1, row.size()}, {y.data(), 1, y.size()});
    return y;
}

}  // namespace

TEST_CASE_TEMPLATE("relu is max(x, 0) for any number of values, in place too", T, float, double) {
    nib::Rng rng{1};
    for (std::size_t size = 0; size <= 70; ++size) {
        CAPTURE(size);
        const Matrix<T> x = reference::random_matrix<T>(1, size, rng, 0.1);
        const Matrix<T> expected = reference::relu(x);
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> y(1, size);
            kernels::relu<T>(x.values(), y.view().values());
            CHECK(same_bits(y, expected));
            CHECK(y.margins_untouched());
            std::copy(x.values().begin(), x.values().end(), y.data());
            kernels::relu<T>(y.view().values(), y.view().values());
            CHECK(same_bits(y, expected));
        });
    }
}

TEST_CASE_TEMPLATE("relu keeps NaN, wherever it stands", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        std::vector<T> x(37, T{-1});
        for (std::size_t at = 0; at < x.size(); ++at) {
            x[at] = std::numeric_limits<T>::quiet_NaN();
            std::vector<T> y(x.size(), T{-1});
            kernels::relu<T>(x, y);
            for (std::size_t i = 0; i < y.size(); ++i) CHECK((i == at ? std::isnan(y[i]) : y[i] == 0));
            x[at] = -1;
        }
    });
}

TEST_CASE_TEMPLATE("relu_gradient is dy where y is positive, else 0, in place too", T, float, double) {
    nib::Rng rng{2};
    for (std::size_t size = 0; size <= 70; ++size) {
        CAPTURE(size);
        const Matrix<T> y = reference::relu(reference::random_matrix<T>(1, size, rng, 0.1));
        const Matrix<T> dy = reference::random_matrix<T>(1, size, rng);
        Matrix<T> expected(1, size);
        for (std::size_t i = 0; i < size; ++i) expected(0, i) = y(0, i) > 0 ? dy(0, i) : T{0};
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> dx(1, size);
            kernels::relu_gradient<T>(y.values(), dy.values(), dx.view().values());
            CHECK(same_bits(dx, expected));
            CHECK(dx.margins_untouched());
            std::copy(dy.values().begin(), dy.values().end(), dx.data());
            kernels::relu_gradient<T>(y.values(), dx.view().values(), dx.view().values());
            CHECK(same_bits(dx, expected));
        });
    }
}

TEST_CASE_TEMPLATE("scale_bytes makes of each byte what dividing by 255 makes", T, float, double) {
    std::vector<std::uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    reference::for_each_isa([&](nib::Isa) {
        std::vector<T> values(256);
        kernels::scale_bytes<T>(bytes, values);
        for (std::size_t i = 0; i < 256; ++i) CHECK(values[i] == static_cast<T>(i) / T{255});
        CHECK(values[0] == 0);
        CHECK(values[255] == 1);
    });
}

TEST_CASE_TEMPLATE("scale_bytes takes any number of bytes, runs of zeros or not", T, float, double) {
    nib::Rng rng{3};
    for (std::size_t size = 0; size <= 100; ++size) {
        CAPTURE(size);
        std::vector<std::uint8_t> bytes(size);
        if (size > 0 && size % 3 != 0) bytes[rng.below(size)] = 200;
        if (size > 40) bytes[size - 1] = 1;
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> values(1, size);
            kernels::scale_bytes<T>(bytes, values.view().values());
            for (std::size_t i = 0; i < size; ++i) CHECK(values.values()[i] == static_cast<T>(bytes[i]) / T{255});
            CHECK(values.margins_untouched());
        });
    }
}

TEST_CASE("exponential in float has a relative error below 1.2e-7") {
    constexpr std::size_t steps = 1'000'000;
    std::vector<float> x(steps + 1), y(steps + 1);
    for (std::size_t i = 0; i <= steps; ++i) x[i] = -87.0f + 175.0f * (static_cast<float>(i) / steps);
    reference::for_each_isa([&](nib::Isa) {
        kernels::scaled_exponentials<float>(x, 1.0f, y);
        double worst = 0;
        for (std::size_t i = 0; i <= steps; ++i) {
            const double expected = std::exp(static_cast<double>(x[i]));
            worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected) / expected);
        }
        CHECK(worst < 1.2e-7);
    });
}

TEST_CASE("exponential in float is exact at 0, and as good next to it") {
    reference::for_each_isa([&](nib::Isa) {
        CHECK(exponential(0.0f) == 1.0f);
        CHECK(exponential(-0.0f) == 1.0f);
        for (const float x : {1e-3f, 1e-6f, 1e-10f, 1e-38f, 1e-45f})
            for (const float signed_x : {x, -x})
                CHECK(exponential(signed_x) == doctest::Approx(std::exp(signed_x)).epsilon(1.2e-7));
    });
}

TEST_CASE("exponential in float is 0 below -87, finite up to the largest float, and infinite above") {
    reference::for_each_isa([&](nib::Isa) {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        CHECK(exponential(-87.0f) > 0.0f);
        CHECK(exponential(std::nextafter(-87.0f, -infinity)) == 0.0f);
        CHECK(exponential(-1e30f) == 0.0f);
        CHECK(exponential(-infinity) == 0.0f);
        const float last = 88.72283f;
        CHECK(std::isfinite(exponential(last)));
        CHECK(static_cast<double>(exponential(last)) ==
              doctest::Approx(std::exp(static_cast<double>(last))).epsilon(2e-7));
        CHECK(exponential(std::nextafter(last, infinity)) == infinity);
        CHECK(exponential(1e30f) == infinity);
        CHECK(exponential(infinity) == infinity);
    });
}

TEST_CASE_TEMPLATE("exponential keeps NaN", T, float, double) {
    reference::for_each_isa([&](nib::Isa) {
        CHECK(std::isnan(exponential(std::numeric_limits<T>::quiet_NaN())));
        CHECK(std::isnan(exponential(-std::numeric_limits<T>::quiet_NaN())));
    });
}

TEST_CASE("exponential in double is std::exp") {
    reference::for_each_isa([&](nib::Isa) {
        for (const double x : {-1e3, -700.0, -1.5, 0.0, 1.0, 709.0, 1e3}) CHECK(exponential(x) == std::exp(x));
    });
}

TEST_CASE_TEMPLATE("log_softmax is x - log(sum(exp(x))) of each row", T, float, double) {
    nib::Rng rng{4};
    for (const double scale : {0.1, 1.0, 30.0, 300.0})
        for (const std::size_t cols : reference::Sizes{1, 2, 3, 10, 17, 100}) {
            CAPTURE(scale);
            CAPTURE(cols);
            Matrix<T> x = reference::random_matrix<T>(5, cols, rng);
            for (T& value : x.values()) value *= static_cast<T>(scale);
            Guarded<T> y(5, cols);
            kernels::log_softmax<T>(x, y.view());
            CHECK(y.margins_untouched());
            // A few roundings of numbers as large as the row's spread.
            const double bound = (scale + 1) * 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
            for (std::size_t i = 0; i < 5; ++i) {
                const auto expected = log_softmax(std::as_const(x).row(i));
                for (std::size_t j = 0; j < cols; ++j)
                    CHECK(std::abs(static_cast<double>(y.view()(i, j) - expected[j])) < bound);
            }
        }
}

TEST_CASE_TEMPLATE("log_softmax of one column is 0", T, float, double) {
    for (const T x : {T{0}, T{1}, -huge<T>, huge<T>}) CHECK(log_softmax_of<T>({x}) == std::vector<T>{0});
}

TEST_CASE_TEMPLATE("log_softmax of equal values is -log of their number", T, float, double) {
    for (const T x : {T{0}, T{-3}, T{1e4}, huge<T>, -huge<T>})
        for (const T y : log_softmax_of<T>(std::vector<T>(10, x)))
            CHECK(static_cast<double>(y) == doctest::Approx(-std::log(10.0)).epsilon(1e-7));
}

TEST_CASE_TEMPLATE("log_softmax stays finite for huge values", T, float, double) {
    CHECK(log_softmax_of<T>({huge<T>, -huge<T>, T{0}}) == std::vector<T>{0, -2 * huge<T>, -huge<T>});
    CHECK(log_softmax_of<T>({-huge<T>, -2 * huge<T>}) == std::vector<T>{0, -huge<T>});
    const T largest = std::numeric_limits<T>::max();
    CHECK(static_cast<double>(log_softmax_of<T>({largest, largest})[1]) ==
          doctest::Approx(-std::log(2.0)).epsilon(1e-7));
}

TEST_CASE_TEMPLATE("log_softmax gives a class of -infinity no probability", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const auto y = log_softmax_of<T>({T{2}, -infinity, T{2}});
    CHECK(y[1] == -infinity);
    CHECK(static_cast<double>(y[0]) == doctest::Approx(-std::log(2.0)).epsilon(1e-7));
    CHECK(y[2] == y[0]);
}

TEST_CASE_TEMPLATE("log_softmax of a row with NaN, +infinity or nothing but -infinity is NaN, as in PyTorch", T, float,
                   double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    for (const auto& row : {std::vector<T>{1, nan, 2}, std::vector<T>{nan, 1, 2}, std::vector<T>{-infinity, -infinity}})
        for (const T y : log_softmax_of<T>(row)) CHECK(std::isnan(y));
    CHECK(std::isnan(log_softmax_of<T>({1, infinity})[1]));
}

TEST_CASE_TEMPLATE("relu_gradient passes dy where y is NaN, as in PyTorch", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        std::vector<T> y(20, std::numeric_limits<T>::quiet_NaN());
        const std::vector<T> dy(20, T{3});
        std::vector<T> dx(20);
        kernels::relu_gradient<T>(y, dy, dx);
        CHECK(dx == dy);
    });
}

TEST_CASE_TEMPLATE("scaled_exponentials and log_softmax_gradient are their formulas", T, float, double) {
    const double bound = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
    reference::for_each_isa([&](nib::Isa) {
        nib::Rng rng{71};
        const auto x = reference::random_matrix<T>(3, 21, rng, 0.0);
        const auto dy = reference::random_matrix<T>(3, 21, rng, 0.0);
        nib::Matrix<T> e(3, 21), y(3, 21), dx(3, 21);
        kernels::scaled_exponentials<T>(x.values(), T(0.25), e.values());
        kernels::log_softmax<T>(x, y);
        kernels::log_softmax_gradient<T>(y, dy, dx);
        for (std::size_t i = 0; i < 3; ++i) {
            double sum = 0;
            for (const T value : dy.row(i)) sum += static_cast<double>(value);
            for (std::size_t j = 0; j < 21; ++j) {
                const double expected = static_cast<double>(dy(i, j)) - std::exp(static_cast<double>(y(i, j))) * sum;
                CHECK(static_cast<double>(dx(i, j)) == doctest::Approx(expected).epsilon(bound).scale(1.0));
                CHECK(static_cast<double>(e(i, j)) ==
                      doctest::Approx(0.25 * std::exp(static_cast<double>(x(i, j)))).epsilon(bound));
            }
        }
    });
}
