#include <nib/kernels/sparse_matrix.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <cstddef>
#include <type_traits>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using kernels::InputView;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

}  // namespace

TEST_CASE_TEMPLATE("a view of inputs is a dense or a sparse matrix", T, float, double) {
    static_assert(std::is_trivially_copyable_v<InputView<T>>);
    Matrix<T> x(2, 8);
    x(0, 1) = x(0, 2) = x(1, 7) = 1;
    const InputView<T> dense{x};
    CHECK(!dense.is_sparse());
    CHECK(dense.matrix().data() == x.data());
    CHECK(dense.nonzeros_per_row() == 8);
    CHECK(dense.middle_rows(1, 1).matrix().data() == x.row(1).data());

    const Listed<T> listed{x};
    const InputView<T> sparse = listed.inputs;
    REQUIRE(sparse.is_sparse());
    CHECK(sparse.rows() == 2);
    CHECK(sparse.cols() == 8);
    CHECK(sparse.sparse().lists == listed.lists.data());
    CHECK(sparse.sparse().nonzeros() == 3);
    CHECK(sparse.nonzeros_per_row() == 1.5);
    CHECK(sparse.middle_rows(1, 1).rows() == 1);
    CHECK(sparse.middle_rows(1, 1).sparse().row(0)[0].column == 7);
}

TEST_CASE("an empty view says so, and a sparse one without rows stays sparse") {
    CHECK(InputView<float>{}.empty());
    CHECK(!InputView<float>{}.is_sparse());
    const InputView<float> none{kernels::SparseMatrixView<float>{.rows = 0, .cols = 3}};
    CHECK(none.is_sparse());
    CHECK(none.empty());
    CHECK(none.cols() == 3);
    CHECK(none.nonzeros_per_row() == 3);
}

TEST_CASE_TEMPLATE("write_dense writes all of a sparse matrix, or some of its rows", T, float, double) {
    nib::Rng rng{8};
    const Matrix<T> x = reference::random_matrix<T>(6, 30, rng, 0.8);
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    Guarded<T> all(6, 30), middle(3, 30);
    kernels::write_dense(listed.inputs.sparse(), all.view());
    kernels::write_dense(listed.inputs.sparse().middle_rows(2, 3), middle.view());
    CHECK(same_bits(all, x));
    CHECK(same_bits<T>(middle.values(), x.view().middle_rows(2, 3).values()));
    CHECK(all.margins_untouched());
    CHECK(middle.margins_untouched());
    kernels::write_dense(kernels::SparseMatrixView<T>{}, nib::MatrixView<T>{});
}
