#include <nib/layers/relu.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace {

using nib::Matrix;
using nib::ReLU;

template <class T>
Matrix<T> forward(const Matrix<T>& x) {
    Matrix<T> y(x.rows(), x.cols());
    ReLU::forward(nib::Pass<T>{}, x.view(), y.view());
    return y;
}

}  // namespace

TEST_CASE("ReLU has no parameters, keeps the shape of its input, and runs in place") {
    static_assert(nib::Layer<ReLU> && nib::Layer<ReLU, double> && !nib::SizedLayer<ReLU>);
    static_assert(nib::detail::parameter_count_of<ReLU>({3, 3}) == 0);
    static_assert(ReLU::runs_in_place && !ReLU::backward_reads_input && ReLU::backward_reads_output);
}

TEST_CASE_TEMPLATE("ReLU is max(x, 0)", T, float, double) {
    nib::Rng rng{1};
    const Matrix<T> x = reference::random_matrix<T>(5, 19, rng, 0.1);
    Matrix<T> expected = x;
    for (T& value : expected.values()) value = value > 0 ? value : T{0};
    reference::for_each_isa([&](nib::Isa) { CHECK(reference::same_bits(forward(x), expected)); });
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
        ReLU::backward_input(nib::Pass<T>{}, {}, std::as_const(y).view(), std::as_const(dy).view(), dx.view());
        CHECK(dx(0, 0) == 0);
        CHECK(dx(0, 1) == 7);
        CHECK(dx(0, 2) == 0);
    });
}

TEST_CASE_TEMPLATE("the gradient of ReLU passes where y is NaN, and is 0 where it is not positive, whatever flows in",
                   T, float, double) {
    Matrix<T> y(2, 20), dy(2, 20), dx(2, 20);
    for (std::size_t j = 0; j < 20; ++j) {
        y(0, j) = std::numeric_limits<T>::quiet_NaN();
        dy(0, j) = 3;
        dy(1, j) = std::numeric_limits<T>::infinity();
    }
    reference::for_each_isa([&](nib::Isa) {
        ReLU::backward_input(nib::Pass<T>{}, {}, std::as_const(y).view(), std::as_const(dy).view(), dx.view());
        for (std::size_t j = 0; j < 20; ++j) {
            CHECK(dx(0, j) == 3);
            CHECK(dx(1, j) == 0);
        }
    });
}
