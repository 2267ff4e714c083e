#include <nib/layers/log_softmax.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

namespace {

using nib::LogSoftmax;
using nib::Matrix;

template <class T>
Matrix<T> forward(const Matrix<T>& x) {
    Matrix<T> y(x.rows(), x.cols());
    LogSoftmax::forward(std::span<const T>{}, x.view(), y.view());
    return y;
}

}  // namespace

TEST_CASE("LogSoftmax has no parameters and keeps the shape of its input") {
    static_assert(LogSoftmax::parameter_count == 0);
    static_assert(!nib::SizedLayer<LogSoftmax>);
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
    LogSoftmax::backward(std::span<const T>{}, x.view(), y.view(), std::as_const(dy).view(), dx.view(), std::span<T>{});
    for (const T value : dx.values()) CHECK(value == 0);
}

TEST_CASE_TEMPLATE("the gradient of LogSoftmax stays finite for huge inputs", T, float, double) {
    constexpr T huge = static_cast<T>(1e30);
    Matrix<T> x(1, 3), dy(1, 3), dx(1, 3);
    x(0, 0) = huge;
    x(0, 1) = -huge;
    dy(0, 1) = -1;
    const Matrix<T> y = forward(x);
    LogSoftmax::backward(std::span<const T>{}, std::as_const(x).view(), y.view(), std::as_const(dy).view(), dx.view(),
                         std::span<T>{});
    CHECK(dx(0, 0) == 1);
    CHECK(dx(0, 1) == -1);
    CHECK(dx(0, 2) == 0);
}
