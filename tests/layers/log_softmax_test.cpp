#include <nib/layers/log_softmax.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace {

using nib::LogSoftmax;
using nib::Matrix;

using reference::Guarded;

template <class T>
constexpr T huge = static_cast<T>(1e30);

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
    nib::log_softmax<T>({row.data(), 1, row.size()}, {y.data(), 1, y.size()});
    return y;
}

template <class T>
Matrix<T> forward(const Matrix<T>& x) {
    Matrix<T> y(x.rows(), x.cols());
    LogSoftmax::forward(nib::Pass<T>{}, x.view(), y.view());
    return y;
}

}  // namespace

TEST_CASE("LogSoftmax has no parameters, keeps the shape of its input, and runs in place") {
    static_assert(nib::Layer<LogSoftmax> && nib::Layer<LogSoftmax, double> && !nib::SizedLayer<LogSoftmax>);
    static_assert(nib::detail::parameter_count_of<LogSoftmax>({3, 3}) == 0);
    static_assert(LogSoftmax::runs_in_place && !LogSoftmax::backward_reads_input);
    static_assert(LogSoftmax::gives_log_probabilities);
}

TEST_CASE("LogSoftmax gives the numbers of torch.log_softmax") {
    // torch.log_softmax(torch.tensor([[1, 2, -1], [0.5, -1, 2]], dtype=torch.float64), 1)
    const double expected[2][3] = {{-1.34901221676818639, -0.34901221676818633, -3.34901221676818617},
                                   {-1.74131129665715711, -3.24131129665715711, -0.24131129665715703}};
    const double numbers[2][3] = {{1, 2, -1}, {0.5, -1, 2}};
    Matrix<double> x(2, 3);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) x(i, j) = numbers[i][j];
    const Matrix<double> y = forward(x);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) CHECK(y(i, j) == doctest::Approx(expected[i][j]).epsilon(1e-15));
}

TEST_CASE_TEMPLATE("the probabilities of each row add up to 1", T, float, double) {
    nib::Rng rng{1};
    for (const double scale : {0.01, 1.0, 50.0}) {
        Matrix<T> x = reference::random_matrix<T>(8, 10, rng);
        for (T& value : x.values()) value *= static_cast<T>(scale);
        const Matrix<T> y = forward(x);
        for (std::size_t i = 0; i < y.rows(); ++i) {
            double sum = 0;
            for (const T value : y.row(i)) {
                CHECK(value <= 0);
                sum += std::exp(static_cast<double>(value));
            }
            CHECK(std::abs(sum - 1) < scale * 10 * static_cast<double>(std::numeric_limits<T>::epsilon()) + 1e-6);
        }
    }
}

TEST_CASE_TEMPLATE("LogSoftmax does not change when a number is added to the whole row", T, float, double) {
    nib::Rng rng{2};
    Matrix<T> x = reference::random_matrix<T>(1, 10, rng);
    for (T& value : x.values()) value = std::round(value * 64) / 64;  // exact after the addition as well
    const Matrix<T> y = forward(x);
    for (T& value : x.values()) value += 1000;
    CHECK(reference::same_bits(forward(x), y));
}

TEST_CASE("central differences confirm the gradient of LogSoftmax") {
    nib::Rng rng{3};
    for (const std::size_t classes : reference::Sizes{1, 2, 10, 17}) {
        CAPTURE(classes);
        Matrix<double> x = reference::random_matrix<double>(5, classes, rng);
        for (double& value : x.values()) value *= 3;
        const double error = reference::gradient_errors<LogSoftmax>(x, classes, rng).by_inputs;
        if (classes > 1) CHECK(error < 1e-7);  // of a single class the gradient is 0
    }
}

TEST_CASE_TEMPLATE("the gradient of LogSoftmax of one class is 0", T, float, double) {
    const Matrix<T> x(3, 1), y(3, 1);
    Matrix<T> dy(3, 1), dx(3, 1);
    for (std::size_t i = 0; i < 3; ++i) dy(i, 0) = dx(i, 0) = static_cast<T>(i + 1);
    LogSoftmax::backward_input(nib::Pass<T>{}, x.view(), y.view(), std::as_const(dy).view(), dx.view());
    for (const T value : dx.values()) CHECK(value == 0);
}

TEST_CASE_TEMPLATE("the gradient of LogSoftmax stays finite for huge inputs", T, float, double) {
    Matrix<T> x(1, 3), dy(1, 3), dx(1, 3);
    x(0, 0) = huge<T>;
    x(0, 1) = -huge<T>;
    dy(0, 1) = -1;
    const Matrix<T> y = forward(x);
    LogSoftmax::backward_input(nib::Pass<T>{}, std::as_const(x).view(), y.view(), std::as_const(dy).view(), dx.view());
    CHECK(dx(0, 0) == 1);
    CHECK(dx(0, 1) == -1);
    CHECK(dx(0, 2) == 0);
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
            nib::log_softmax<T>(x, y.view());
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

TEST_CASE_TEMPLATE("log_softmax and its gradient run in place, the gradient by its formula", T, float, double) {
    const double bound = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
    reference::for_each_isa([&](nib::Isa) {
        nib::Rng rng{71};
        const auto x = reference::random_matrix<T>(3, 21, rng), dy = reference::random_matrix<T>(3, 21, rng);
        const Matrix<T> y = forward(x);
        Guarded<T> in_place(3, 21), dx(3, 21);
        std::copy(x.values().begin(), x.values().end(), in_place.data());
        nib::log_softmax<T>(in_place.view(), in_place.view());
        CHECK(reference::same_bits(in_place, y));
        std::copy(dy.values().begin(), dy.values().end(), dx.data());
        nib::log_softmax_gradient<T>(y, dx.view(), dx.view());
        for (std::size_t i = 0; i < 3; ++i) {
            double sum = 0;
            for (const T value : dy.row(i)) sum += static_cast<double>(value);
            for (std::size_t j = 0; j < 21; ++j) {
                const double expected = static_cast<double>(dy(i, j)) - std::exp(static_cast<double>(y(i, j))) * sum;
                CHECK(static_cast<double>(dx.view()(i, j)) == doctest::Approx(expected).epsilon(bound).scale(1.0));
            }
        }
        CHECK(in_place.margins_untouched());
        CHECK(dx.margins_untouched());
    });
}
