#include <nib/kernels/detail/sparse_matmul_transposed.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"
#include "../listed.hpp"

#include <nib/kernels/matmul.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

// The whole product at once, and in blocks of rows that follow each other, against the chains of multiply-adds.
template <class T>
void check_product(const Matrix<T>& a, std::size_t cols, nib::Rng& rng) {
    const std::size_t rows = a.rows(), result_rows = a.cols();
    CAPTURE(rows);
    CAPTURE(result_rows);
    CAPTURE(cols);
    const Listed<T> listed{a};
    CAPTURE(listed.inputs.is_sparse());
    const Matrix<T> b = reference::random_matrix<T>(rows, cols, rng);
    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> expected = reference::matmul(reference::fuses(), reference::transposed(a), b);
        Guarded<T> c(result_rows, cols);
        kernels::matmul_at_b<T>(listed.inputs, b, c.view());
        CHECK(same_bits(c, expected));
        CHECK(c.margins_untouched());

        if (!listed.inputs.is_sparse()) return;
        std::vector<const kernels::Nonzero<T>*> positions(rows);
        const std::size_t first = result_rows / 3;
        kernels::find_column<T>(listed.inputs.sparse(), first, positions.data());
        Guarded<T> some(result_rows - first, cols);
        for (std::size_t row = first, count; row < result_rows; row += count) {
            count = std::min<std::size_t>(40, result_rows - row);
            kernels::sparse_matmul_at_b_rows<T>({.a = listed.inputs.sparse(),
                                                 .b = b,
                                                 .first = row,
                                                 .positions = positions.data(),
                                                 .c = some.view().middle_rows(row - first, count)});
        }
        CHECK(same_bits<T>(some.values(), expected.view().middle_rows(first, result_rows - first).values()));
        CHECK(some.margins_untouched());
    });
}

}  // namespace

TEST_CASE_TEMPLATE("sparse a^T b is the chain of multiply-adds with the zeros, to the bit", T, float, double) {
    nib::Rng rng{3};
    reference::for_each_sparse_product<T>(rng,
                                          [&](const Matrix<T>& a, std::size_t cols) { check_product(a, cols, rng); });
}

TEST_CASE_TEMPLATE("a^T b of no rows is 0", T, float, double) {
    const kernels::SparseMatrixView<T> none{.rows = 0, .cols = 5};
    const kernels::Nonzero<T>* no_positions[1] = {};
    for (const std::size_t cols : reference::Sizes{3, 300}) {
        const Matrix<T> b(0, cols);
        reference::for_each_isa([&](nib::Isa) {
            Matrix<T> c(5, cols);
            for (T& value : c.values()) value = 7;
            kernels::sparse_matmul_at_b_rows<T>({none, b, 0, no_positions, c});
            for (const T value : c.values()) CHECK(value == 0);
            for (T& value : c.values()) value = 7;
            kernels::sparse_matmul_at_b<T>(none, b, c);
            for (const T value : c.values()) CHECK(value == 0);
        });
    }
}
