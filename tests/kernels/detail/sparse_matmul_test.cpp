#include <nib/kernels/detail/sparse_matmul.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"
#include "../listed.hpp"

#include <nib/kernels/matmul.hpp>

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

// The product of a, sparse where that pays, against the chains of multiply-adds.
template <class T>
void check_product(const Matrix<T>& a, std::size_t cols, nib::Rng& rng) {
    const std::size_t rows = a.rows(), depth = a.cols();
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(cols);
    const Listed<T> listed{a};
    CAPTURE(listed.inputs.is_sparse());
    const Matrix<T> b = reference::random_matrix<T>(depth, cols, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
    reference::for_each_isa([&](nib::Isa) {
        for (const T* start : {static_cast<const T*>(nullptr), bias.data()}) {
            const Matrix<T> expected = reference::matmul(reference::fuses(), a, b, start);
            Guarded<T> c(rows, cols);
            kernels::matmul<T>(listed.inputs, b, c.view(), start);
            CHECK(same_bits(c, expected));
            CHECK(c.margins_untouched());
            if (!listed.inputs.is_sparse()) continue;
            Guarded<T> sparse(rows, cols);
            kernels::sparse_matmul<T>(listed.inputs.sparse(), b, sparse.view(), start, {0, cols});
            CHECK(same_bits(sparse, expected));
            CHECK(sparse.margins_untouched());
        }
    });
}

}  // namespace

TEST_CASE_TEMPLATE("a sparse product is the chain of multiply-adds with the zeros, to the bit", T, float, double) {
    nib::Rng rng{3};
    reference::for_each_sparse_product<T>(rng,
                                          [&](const Matrix<T>& a, std::size_t cols) { check_product(a, cols, rng); });
}

TEST_CASE_TEMPLATE("a row's outputs do not depend on the batch, nor on whether that is sparse", T, float, double) {
    nib::Rng rng{7};
    Matrix<T> a = reference::random_matrix<T>(15, 100, rng, 0.8);
    for (T& value : a.row(14)) value = static_cast<T>(rng.uniform(-1, 1));
    const Matrix<T> b = reference::random_matrix<T>(100, 37, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, 37, rng);
    const Listed<T> listed{a};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> together(15, 37), alone(1, 37);
        kernels::sparse_matmul<T>(listed.inputs.sparse(), b, together, bias.data(), {0, 37});
        for (std::size_t i = 0; i < a.rows(); ++i) {
            kernels::matmul<T>(kernels::InputView<T>{a.view().middle_rows(i, 1)}, b, alone, bias.data());
            CHECK(same_bits<T>(alone.values(), std::as_const(together).row(i)));
        }
    });
}

TEST_CASE_TEMPLATE("a zero skips a number of b that is infinite or NaN", T, float, double) {
    Matrix<T> a(2, 4), b(4, 3);
    a(0, 1) = 2;
    b(1, 0) = 3;
    b(2, 0) = std::numeric_limits<T>::infinity();
    b(3, 1) = std::numeric_limits<T>::quiet_NaN();
    const Listed<T> listed{a};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> c(2, 3);
        kernels::sparse_matmul<T>(listed.inputs.sparse(), b, c, nullptr, {0, 3});
        CHECK(c(0, 0) == 6);
        CHECK(c(0, 1) == 0);
        CHECK(c(1, 0) == 0);
    });
}

TEST_CASE_TEMPLATE("a bias of -0 is still a zero when zeros are skipped", T, float, double) {
    const Matrix<T> a(2, 4), b(4, 3);
    const std::vector<T> bias(3, T{-0.0});
    const Listed<T> listed{a};
    REQUIRE(listed.inputs.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Guarded<T> c(2, 3);
        kernels::sparse_matmul<T>(listed.inputs.sparse(), b, c.view(), bias.data(), {0, 3});
        for (const T value : c.values()) CHECK(value == 0);
    });
}
