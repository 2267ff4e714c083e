#include <nib/kernels/detail/accumulate.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <cstddef>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

}  // namespace

TEST_CASE_TEMPLATE("column_sums adds up each column from the first row on", T, float, double) {
    nib::Rng rng{5};
    for (const std::size_t rows : reference::Sizes{0, 1, 2, 15, 128, 129, 300})
        for (const std::size_t cols : reference::Sizes{1, 2, 10, 16, 33, 64, 70}) {
            CAPTURE(rows);
            CAPTURE(cols);
            const Matrix<T> a = reference::random_matrix<T>(rows, cols, rng);
            Matrix<T> expected(1, cols);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < cols; ++j) expected(0, j) += a(i, j);
            reference::for_each_isa([&](nib::Isa) {
                Guarded<T> sums(1, cols);
                kernels::column_sums<T>(a, sums.data());
                CHECK(same_bits(sums, expected));
                CHECK(sums.margins_untouched());
            });
        }
}

TEST_CASE_TEMPLATE("add adds number by number, for any count", T, float, double) {
    nib::Rng rng{6};
    for (std::size_t size = 0; size <= 70; ++size) {
        CAPTURE(size);
        const Matrix<T> from = reference::random_matrix<T>(1, size, rng),
                        before = reference::random_matrix<T>(1, size, rng);
        Matrix<T> expected = before;
        for (std::size_t i = 0; i < size; ++i) expected(0, i) += from(0, i);
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> to(1, size);
            for (std::size_t i = 0; i < size; ++i) to.data()[i] = before(0, i);
            kernels::add<T>(from.values(), to.view().values());
            CHECK(same_bits(to, expected));
            CHECK(to.margins_untouched());
        });
    }
}
