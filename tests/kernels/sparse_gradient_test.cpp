#include <nib/kernels/sparse_gradient.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <nib/kernels/matmul.hpp>
#include <nib/kernels/sparse.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

// The whole gradient at once, and in blocks of rows that follow each other, against the dense kernel, to the bit.
template <class T>
void check_equal_to_dense(const Matrix<T>& x, std::size_t outputs, nib::Rng& rng) {
    const std::size_t rows = x.rows(), features = x.cols();
    CAPTURE(rows);
    CAPTURE(features);
    CAPTURE(outputs);
    const Listed<T> listed{x};
    CAPTURE(listed.inputs.is_sparse());
    const Matrix<T> dy = reference::random_matrix<T>(rows, outputs, rng);
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> expected(features, outputs);
        kernels::matmul_weight_gradient<T>(x, dy, expected);
        Guarded<T> dw(features, outputs);
        kernels::matmul_weight_gradient<T>(listed.inputs, dy, dw.view());
        CHECK(same_bits(dw, expected));
        CHECK(dw.margins_untouched());

        if (!listed.inputs.is_sparse()) return;
        std::vector<const kernels::Nonzero<T>*> positions(rows);
        const std::size_t first = features / 3;
        kernels::find_column<T>(listed.inputs.sparse(), first, positions.data());
        Guarded<T> some(features - first, outputs);
        for (std::size_t row = first, count; row < features; row += count) {
            count = std::min<std::size_t>(40, features - row);
            kernels::sparse_weight_gradient_rows<T>({.x = listed.inputs.sparse(),
                                                     .dy = dy,
                                                     .first = row,
                                                     .positions = positions.data(),
                                                     .dw = some.view().middle_rows(row - first, count)});
        }
        CHECK(same_bits<T>(some.values(), expected.view().middle_rows(first, features - first).values()));
        CHECK(some.margins_untouched());
    });
}

}  // namespace

TEST_CASE_TEMPLATE("sparse weight gradients equal dense ones to the bit", T, float, double) {
    nib::Rng rng{3};
    reference::for_each_sparse_product<T>(
        rng, [&](const Matrix<T>& x, std::size_t outputs) { check_equal_to_dense(x, outputs, rng); });
}

TEST_CASE_TEMPLATE("the weight gradient of no rows is 0", T, float, double) {
    const kernels::SparseRows<T> none{.rows = 0, .cols = 5};
    const kernels::Nonzero<T>* no_positions[1] = {};
    for (const std::size_t outputs : reference::Sizes{3, 300}) {
        const Matrix<T> dy(0, outputs);
        reference::for_each_isa([&](nib::Isa) {
            Matrix<T> dw(5, outputs);
            for (T& value : dw.values()) value = 7;
            kernels::sparse_weight_gradient_rows<T>({none, dy, 0, no_positions, dw});
            for (const T value : dw.values()) CHECK(value == 0);
        });
    }
}
