#include <nib/kernels/matmul.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

// The products of all three forms that have `rows` rows, `cols` columns and sums of `depth` terms, against the chains
// of multiply-adds that they promise to be.
template <class T>
void check_products(std::size_t rows, std::size_t depth, std::size_t cols, nib::Rng& rng) {
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(cols);
    const Matrix<T> a = reference::random_matrix<T>(rows, depth, rng);
    const Matrix<T> b = reference::random_matrix<T>(depth, cols, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
    const Matrix<T> a_transposed = reference::transposed(a);
    const Matrix<T> b_transposed = reference::transposed(b);

    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> product = reference::matmul(reference::fuses(), a, b);
        const Matrix<T> with_bias = reference::matmul(reference::fuses(), a, b, bias.data());
        const auto check = [&](const char* form, const Matrix<T>& expected, auto&& multiply) {
            CAPTURE(form);
            Guarded<T> result(rows, cols);
            multiply(result.view());
            CHECK(same_bits(result, expected));
            CHECK(result.margins_untouched());
        };
        check("matmul", product, [&](auto c) { kernels::matmul<T>(a, b, c); });
        check("matmul, bias", with_bias, [&](auto c) { kernels::matmul<T>(a, b, c, bias.data()); });
        check("matmul_at_b", product, [&](auto c) { kernels::matmul_at_b<T>(a_transposed, b, c); });
        check("matmul_a_bt", product, [&](auto c) { kernels::matmul_a_bt<T>(a, b_transposed, c); });
    });
}

}  // namespace

TEST_CASE_TEMPLATE("matmul is the matrix product plus the bias", T, float, double) {
    Matrix<T> a(2, 3), b(3, 2), c(2, 2);
    std::copy_n(std::array<T, 6>{1, 2, 3, 4, 5, 6}.data(), 6, a.data());
    std::copy_n(std::array<T, 6>{1, -1, 0, 2, -2, 1}.data(), 6, b.data());
    const std::array<T, 2> bias{10, -7};
    reference::for_each_isa([&](nib::Isa) {
        kernels::matmul<T>(a, b, c);
        CHECK(std::array{c(0, 0), c(0, 1), c(1, 0), c(1, 1)} == std::array<T, 4>{-5, 6, -8, 12});
        kernels::matmul<T>(a, b, c, bias.data());
        CHECK(std::array{c(0, 0), c(0, 1), c(1, 0), c(1, 1)} == std::array<T, 4>{5, -1, 2, 5});
    });
}

TEST_CASE_TEMPLATE("every product is a chain of multiply-adds to the bit, whatever its rows and columns", T, float,
                   double) {
    nib::Rng rng{1};
    for (std::size_t rows = 1; rows <= 17; ++rows)
        for (std::size_t cols = 1; cols <= 70; ++cols) check_products<T>(rows, 3, cols, rng);
}

TEST_CASE_TEMPLATE("every product is a chain of multiply-adds to the bit, whatever its depth", T, float, double) {
    nib::Rng rng{2};
    for (const std::size_t depth : reference::Sizes{0, 1, 2, 127, 128, 129, 255, 256, 257, 513})
        for (const std::size_t rows : reference::Sizes{1, 4, 15})
            for (const std::size_t cols : reference::Sizes{1, 10, 32, 41}) check_products<T>(rows, depth, cols, rng);
    for (const std::size_t rows : reference::Sizes{47, 48, 49, 101}) check_products<T>(rows, 130, 37, rng);
    check_products<T>(15, 784, 64, rng);
    check_products<T>(1, 784, 10, rng);
    check_products<T>(7, 1601, 32, rng);
}

TEST_CASE_TEMPLATE("rows of a^T b are those of the whole one", T, float, double) {
    nib::Rng rng{10};
    const Matrix<T> a = reference::random_matrix<T>(300, 500, rng);
    const Matrix<T> b = reference::random_matrix<T>(300, 391, rng);
    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> whole = reference::matmul(reference::fuses(), reference::transposed(a), b);
        for (const auto& [first, count] : std::array<std::array<std::size_t, 2>, 3>{{{0, 5}, {7, 195}, {496, 4}}}) {
            Guarded<T> c(count, 391);
            kernels::matmul_at_b_rows<T>(a, b, first, c.view());
            CHECK(same_bits<T>(c.values(), whole.view().middle_rows(first, count).values()));
            CHECK(c.margins_untouched());
        }
    });
}

TEST_CASE_TEMPLATE("some columns of a product are those of the whole one, and no other is written", T, float, double) {
    constexpr std::size_t block = kernels::column_block<T>;
    nib::Rng rng{13};
    const auto check = [&](std::size_t rows, std::size_t depth, std::size_t cols, nib::Range columns) {
        CAPTURE(rows);
        CAPTURE(depth);
        CAPTURE(cols);
        CAPTURE(columns.first);
        CAPTURE(columns.count);
        const Matrix<T> a = reference::random_matrix<T>(rows, depth, rng, 0.85);
        const Matrix<T> b = reference::random_matrix<T>(depth, cols, rng);
        const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
        const reference::Listed<T> listed{a};
        reference::for_each_isa([&](nib::Isa) {
            const auto check_form = [&](const char* form, const Matrix<T>& whole, auto&& multiply) {
                CAPTURE(form);
                Guarded<T> result(rows, cols);
                const auto values = result.view().values();
                std::fill(values.begin(), values.end(), T{-99});
                multiply(result.view());
                Matrix<T> expected(rows, cols);
                for (std::size_t i = 0; i < rows; ++i)
                    for (std::size_t j = 0; j < cols; ++j)
                        expected(i, j) = j - columns.first < columns.count ? whole(i, j) : T{-99};
                CHECK(same_bits(result, expected));
                CHECK(result.margins_untouched());
            };
            const bool fused = reference::fuses();
            const Matrix<T> product = reference::matmul(fused, a, b, bias.data());
            check_form("dense", product, [&](auto c) { kernels::matmul_columns<T>(a, b, c, bias.data(), columns); });
            check_form("sparse", product,
                       [&](auto c) { kernels::matmul_columns<T>(listed.inputs, b, c, bias.data(), columns); });
            check_form("a_bt", reference::matmul(fused, a, b),
                       [&](auto c) { kernels::matmul_a_bt_columns<T>(a, reference::transposed(b), c, columns); });
        });
    };
    for (const std::size_t rows : reference::Sizes{1, 2, 15, 70})
        for (const std::size_t cols : {2 * block, 4 * block + 5})
            for (const nib::Range columns : {nib::Range{0, block}, {block, block}, {block, cols - block}, {0, cols}})
                check(rows, 21, cols, columns);
    check(3, 20, 2 * block, {block, 0});
    check(3, 20, 3 * block - 1, {block, 2 * block - 1});
    check(65, 140, 13 * block, {4 * block, 9 * block});
    check(200, 130, 20 * block + 7, {7 * block, 12 * block});  // everything is packed
}

TEST_CASE_TEMPLATE("a product without rows or columns writes nothing", T, float, double) {
    nib::Rng rng{3};
    check_products<T>(0, 0, 40, rng);
    check_products<T>(0, 5, 40, rng);
    check_products<T>(3, 5, 0, rng);
    check_products<T>(0, 0, 0, rng);
    Matrix<T> nowhere(0, 40);  // no memory at all
    kernels::matmul<T>(Matrix<T>(0, 300), Matrix<T>(300, 40), nowhere);
    CHECK(nowhere.data() == nullptr);
}

TEST_CASE_TEMPLATE("an output of depth 0 is the bias, or 0", T, float, double) {
    const Matrix<T> a(3, 0), b(0, 40);
    Matrix<T> c(3, 40);
    nib::Rng rng{4};
    const Matrix<T> bias = reference::random_matrix<T>(1, 40, rng);
    reference::for_each_isa([&](nib::Isa) {
        kernels::matmul<T>(a, b, c, bias.data());
        for (std::size_t i = 0; i < 3; ++i) CHECK(same_bits<T>(c.row(i), bias.values()));
        kernels::matmul<T>(a, b, c);
        CHECK(same_bits(c, Matrix<T>(3, 40)));
    });
}

TEST_CASE_TEMPLATE("matmul_at_b of matrices without rows is 0, dense or sparse", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        for (const std::size_t cols : reference::Sizes{40, 300}) {
            Guarded<T> dense(7, cols), sparse(7, cols);
            kernels::matmul_at_b<T>(Matrix<T>(0, 7), Matrix<T>(0, cols), dense.view());
            kernels::matmul_at_b<T>(kernels::SparseMatrixView<T>{.rows = 0, .cols = 7}, Matrix<T>(0, cols),
                                    sparse.view());
            CHECK(same_bits(dense, Matrix<T>(7, cols)));
            CHECK(same_bits(sparse, Matrix<T>(7, cols)));
        }
    });
}

TEST_CASE_TEMPLATE("a row's outputs do not depend on the rows beside it", T, float, double) {
    nib::Rng rng{6};
    const Matrix<T> a = reference::random_matrix<T>(64, 200, rng);
    const Matrix<T> b = reference::random_matrix<T>(200, 37, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, 37, rng);
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> all(64, 37), alone(1, 37), some(15, 37);
        kernels::matmul<T>(a, b, all, bias.data());
        kernels::matmul<T>(a.view().middle_rows(20, 15), b, some, bias.data());
        CHECK(same_bits<T>(some.values(), all.view().middle_rows(20, 15).values()));
        for (std::size_t i = 0; i < 15; ++i) {
            kernels::matmul<T>(a.view().middle_rows(20 + i, 1), b, alone, bias.data());
            CHECK(same_bits<T>(alone.values(), some.row(i)));
        }
    });
}

TEST_CASE_TEMPLATE("two dense rows are chains of multiply-adds to the bit, whatever the size of b", T, float, double) {
    nib::Rng rng{12};
    for (const std::size_t cols : {std::size_t{10}, std::size_t{64}, (std::size_t{4} << 20) / sizeof(T) / 131 + 1})
        check_products<T>(2, 131, cols, rng);
}

TEST_CASE_TEMPLATE("every level that fuses multiply and add gives the same bits", T, float, double) {
    nib::Rng rng{7};
    const Matrix<T> a = reference::random_matrix<T>(50, 300, rng);
    const Matrix<T> b = reference::random_matrix<T>(300, 75, rng);
    Matrix<T> first;
    reference::for_each_isa([&](nib::Isa) {
        if (!reference::fuses()) return;
        Matrix<T> product(50, 75);
        kernels::matmul<T>(a, b, product);
        if (first.size() == 0) first = product;
        CHECK(same_bits(product, first));
    });
}

TEST_CASE_TEMPLATE("NaN in a reaches its row's outputs and no other", T, float, double) {
    nib::Rng rng{8};
    Matrix<T> a = reference::random_matrix<T>(9, 20, rng);
    const Matrix<T> b = reference::random_matrix<T>(20, 33, rng);
    a(4, 7) = std::numeric_limits<T>::quiet_NaN();
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> c(9, 33);
        kernels::matmul<T>(a, b, c);
        for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 33; ++j) CHECK(std::isnan(c(i, j)) == (i == 4));
    });
}
