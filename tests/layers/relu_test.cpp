#include <nib/layers/relu.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace {

using nib::Matrix;
using nib::ReLU;

template <class T>
Matrix<T> forward(const Matrix<T>& x) {
    Matrix<T> y(x.rows(), x.cols());
    ReLU::forward(std::span<const T>{}, x.view(), y.view());
    return y;
}

}  // namespace

TEST_CASE("ReLU has no parameters and keeps the shape of its input") {
    static_assert(ReLU::parameter_count == 0);
    static_assert(!nib::SizedLayer<ReLU>);
}

TEST_CASE_TEMPLATE("ReLU is max(x, 0)", T, float, double) {
    nib::Rng rng{1};
    const Matrix<T> x = reference::random_matrix<T>(5, 19, rng, 0.1);
    reference::for_each_isa([&](nib::Isa) { CHECK(reference::same_bits(forward(x), reference::relu(x))); });
}

TEST_CASE_TEMPLATE("ReLU keeps NaN and infinity", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    Matrix<T> x(1, 3);
    x(0, 0) = std::numeric_limits<T>::quiet_NaN();
    x(0, 1) = infinity;
    x(0, 2) = -infinity;
    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> y = forward(x);
        CHECK(std::isnan(y(0, 0)));
        CHECK(y(0, 1) == infinity);
        CHECK(y(0, 2) == 0);
    });
}

TEST_CASE("central differences confirm the gradient of ReLU away from 0") {
    nib::Rng rng{2};
    Matrix<double> x = reference::random_matrix<double>(6, 21, rng);
    for (double& value : x.values()) value += value < 0 ? -0.1 : 0.1;
    reference::for_each_isa([&](nib::Isa) { CHECK(reference::gradient_errors<ReLU>(x, 21, rng).by_inputs < 1e-7); });
}

TEST_CASE_TEMPLATE("the gradient of ReLU at 0 is 0, as in PyTorch, and its input is not looked at", T, float, double) {
    Matrix<T> y(1, 3), dy(1, 3), dx(1, 3);
    y(0, 1) = 2;
    for (T& value : dy.values()) value = 7;
    reference::for_each_isa([&](nib::Isa) {
        ReLU::backward(std::span<const T>{}, nib::MatrixView<const T>{}, std::as_const(y).view(),
                       std::as_const(dy).view(), dx.view(), std::span<T>{});
        CHECK(dx(0, 0) == 0);
        CHECK(dx(0, 1) == 7);
        CHECK(dx(0, 2) == 0);
    });
}
