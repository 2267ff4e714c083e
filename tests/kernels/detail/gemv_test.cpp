#include <nib/kernels/detail/gemv.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"
#include "../listed.hpp"

#include <cstddef>
#include <limits>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

// Dense and sparse, against the chain of multiply-adds, to the bit.
template <class T>
void check_gemv(const Matrix<T>& a, std::size_t cols, nib::Rng& rng) {
    CAPTURE(a.cols());
    CAPTURE(cols);
    const Matrix<T> b = reference::random_matrix<T>(a.cols(), cols, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
    reference::for_each_isa([&](nib::Isa) {
        const Listed<T> listed{a};
        for (const T* start : {static_cast<const T*>(nullptr), bias.data()}) {
            const Matrix<T> expected = reference::matmul(reference::fuses(), a, b, start);
            for (const kernels::InputView<T>& row : {kernels::InputView<T>{a}, listed.inputs}) {
                Guarded<T> c(1, cols);
                kernels::gemv<T>(row, b, c.view(), start);
                CHECK(same_bits(c, expected));
                CHECK(c.margins_untouched());
            }
        }
    });
}

}  // namespace

TEST_CASE_TEMPLATE("gemv is a chain of multiply-adds to the bit, whatever the shape and the zeros", T, float, double) {
    nib::Rng rng{1};
    for (std::size_t cols = 0; cols <= 140; ++cols)
        for (const double zeros : {0.0, 0.8}) check_gemv(reference::random_matrix<T>(1, 19, rng, zeros), cols, rng);
    for (const std::size_t depth : reference::Sizes{0, 1, 130, 784})
        for (const std::size_t cols : reference::Sizes{1, 10, 33, 64, 128})
            for (const double zeros : {0.0, 0.6, 1.0})
                check_gemv(reference::random_matrix<T>(1, depth, rng, zeros), cols, rng);
}

TEST_CASE_TEMPLATE("zeros of a short dense row change no bit, whether they are skipped or not", T, float, double) {
    nib::Rng rng{9};
    for (const std::size_t depth : reference::Sizes{1, 7, 8, 9, 64, 255, 256, 257})
        for (const double zeros : {0.1, 0.3, 0.5, 0.9})
            for (const std::size_t cols : reference::Sizes{3, 64, 150}) {
                Matrix<T> a = reference::random_matrix<T>(1, depth, rng, zeros);
                a(0, depth / 50) = 0;  // so that it is looked for others
                check_gemv(a, cols, rng);
            }
}

TEST_CASE_TEMPLATE("a skipped zero hides what is not finite in b", T, float, double) {
    Matrix<T> a(1, 64), b(64, 3);
    a(0, 1) = 2;
    b(1, 0) = 3;
    b(2, 0) = std::numeric_limits<T>::infinity();
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> c(1, 3);
        kernels::gemv<T>(a, b, c);
        CHECK(c(0, 0) == 6);
    });
}

TEST_CASE_TEMPLATE("a row that meets b in strips gives the same bits", T, float, double) {
    nib::Rng rng{8};
    for (const std::size_t cols : reference::Sizes{256, 1024, 2048})
        for (const double zeros : {0.0, 0.8, 1.0})
            check_gemv(reference::random_matrix<T>(1, 131, rng, zeros), cols, rng);
    // Nothing in the strips before the last one.
    Matrix<T> a(1, 131);
    a(0, 130) = T{2};
    check_gemv(a, 1024, rng);
}
