#include <nib/kernels/sparse.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using kernels::Activation;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

// The sparse product against the dense one, to the bit.
template <class T>
void check_equal_to_dense(const Matrix<T>& x, std::size_t outputs, nib::Rng& rng) {
    const std::size_t rows = x.rows(), features = x.cols();
    CAPTURE(rows);
    CAPTURE(features);
    CAPTURE(outputs);
    const Listed<T> listed{x};
    CAPTURE(listed.inputs.is_sparse());
    const Matrix<T> w = reference::random_matrix<T>(features, outputs, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, outputs, rng);
    const kernels::Epilogue<T> epilogues[] = {
        {}, {.bias = bias.data()}, {.bias = bias.data(), .activation = Activation::relu}};
    reference::for_each_isa([&](nib::Isa) {
        for (const auto& epilogue : epilogues) {
            Matrix<T> expected(rows, outputs);
            kernels::matmul<T>(x, w, expected, epilogue);
            Guarded<T> y(rows, outputs);
            kernels::matmul<T>(listed.inputs, w, y.view(), epilogue);
            CHECK(same_bits(y, expected));
            CHECK(y.margins_untouched());
        }
    });
}

}  // namespace

TEST_CASE_TEMPLATE("sparse products equal dense ones to the bit", T, float, double) {
    nib::Rng rng{3};
    reference::for_each_sparse_product<T>(
        rng, [&](const Matrix<T>& x, std::size_t outputs) { check_equal_to_dense(x, outputs, rng); });
}

TEST_CASE_TEMPLATE("one row that meets its weights in strips equals the dense product to the bit", T, float, double) {
    nib::Rng rng{8};
    for (const std::size_t outputs : reference::Sizes{256, 1024, 2048})
        for (const double zeros : {0.0, 0.8, 1.0})
            check_equal_to_dense(reference::random_matrix<T>(1, 131, rng, zeros), outputs, rng);
    // Nothing in the strips before the last one.
    Matrix<T> x(1, 131);
    x(0, 130) = T{2};
    check_equal_to_dense(x, 1024, rng);
}

TEST_CASE_TEMPLATE("two dense rows equal the dense product to the bit, whatever the size of their weights", T, float,
                   double) {
    nib::Rng rng{9};
    for (const std::size_t outputs : {std::size_t{10}, std::size_t{64}, (std::size_t{4} << 20) / sizeof(T) / 131 + 1}) {
        const Matrix<T> x = reference::random_matrix<T>(2, 131, rng);
        const Matrix<T> w = reference::random_matrix<T>(131, outputs, rng);
        const Matrix<T> bias = reference::random_matrix<T>(1, outputs, rng);
        reference::for_each_isa([&](nib::Isa) {
            Matrix<T> y(2, outputs), expected(2, outputs);
            kernels::matmul<T>(kernels::Inputs<T>{x}, w, y, {bias.data(), Activation::relu});
            kernels::matmul<T>(x.view(), w, expected, {bias.data(), Activation::relu});
            CHECK(same_bits(y, expected));
        });
    }
}

TEST_CASE_TEMPLATE("sparse products equal the chain of multiply-adds that leaves the zeros out", T, float, double) {
    nib::Rng rng{6};
    const Matrix<T> x = reference::random_matrix<T>(7, 90, rng, 0.81);
    const Matrix<T> w = reference::random_matrix<T>(90, 21, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, 21, rng);
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> y(7, 21);
        kernels::matmul<T>(listed.inputs, w, y, {.bias = bias.data()});
        CHECK(same_bits(y, reference::matmul(reference::fuses(), x, w, bias.data())));
    });
}

TEST_CASE_TEMPLATE("a row's outputs do not depend on the batch, nor on whether that is sparse", T, float, double) {
    nib::Rng rng{7};
    Matrix<T> x = reference::random_matrix<T>(15, 100, rng, 0.8);
    for (T& value : x.row(14)) value = static_cast<T>(rng.uniform(-1, 1));
    const Matrix<T> w = reference::random_matrix<T>(100, 37, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, 37, rng);
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> together(15, 37), alone(1, 37);
        kernels::matmul<T>(listed.inputs, w, together, {.bias = bias.data()});
        for (std::size_t i = 0; i < x.rows(); ++i) {
            kernels::matmul<T>(kernels::Inputs<T>{x.view().middle_rows(i, 1)}, w, alone, {.bias = bias.data()});
            CHECK(same_bits<T>(alone.values(), std::as_const(together).row(i)));
        }
    });
}

TEST_CASE_TEMPLATE("a zero input skips a weight that is infinite or NaN", T, float, double) {
    Matrix<T> x(2, 4), w(4, 3);
    x(0, 1) = 2;
    w(1, 0) = 3;
    w(2, 0) = std::numeric_limits<T>::infinity();
    w(3, 1) = std::numeric_limits<T>::quiet_NaN();
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> y(2, 3);
        kernels::matmul<T>(listed.inputs, w, y);
        CHECK(y(0, 0) == 6);
        CHECK(y(0, 1) == 0);
        CHECK(y(1, 0) == 0);
    });
}

TEST_CASE_TEMPLATE("a bias of -0 is still a zero when zeros are skipped", T, float, double) {
    const Matrix<T> x(2, 4), w(4, 3);
    const std::vector<T> bias(3, T{-0.0});
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Guarded<T> y(2, 3);
        kernels::matmul<T>(listed.inputs, w, y.view(), {.bias = bias.data()});
        for (const T value : y.values()) CHECK(value == 0);
    });
}
