#include <nib/kernels/matmul.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace {

namespace kernels = nib::kernels;
using kernels::Activation;
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
        check("matmul", product, [&](auto y) { kernels::matmul<T>(a, b, y); });
        check("matmul, bias", with_bias, [&](auto y) { kernels::matmul<T>(a, b, y, {.bias = bias.data()}); });
        check("matmul, ReLU", reference::relu(product),
              [&](auto y) { kernels::matmul<T>(a, b, y, {.activation = Activation::relu}); });
        check("matmul, bias and ReLU", reference::relu(with_bias),
              [&](auto y) { kernels::matmul<T>(a, b, y, {.bias = bias.data(), .activation = Activation::relu}); });
        check("weight gradient", product, [&](auto dw) { kernels::matmul_weight_gradient<T>(a_transposed, b, dw); });
        check("input gradient", product, [&](auto dx) { kernels::matmul_input_gradient<T>(a, b_transposed, dx); });
    });
}

}  // namespace

TEST_CASE_TEMPLATE("matmul is the matrix product plus the bias, cut off at 0 where ReLU is asked for", T, float,
                   double) {
    Matrix<T> x(2, 3), w(3, 2), y(2, 2);
    std::copy_n(std::array<T, 6>{1, 2, 3, 4, 5, 6}.data(), 6, x.data());
    std::copy_n(std::array<T, 6>{1, -1, 0, 2, -2, 1}.data(), 6, w.data());
    const std::array<T, 2> bias{10, -7};
    reference::for_each_isa([&](nib::Isa) {
        kernels::matmul<T>(x, w, y);
        CHECK(std::array{y(0, 0), y(0, 1), y(1, 0), y(1, 1)} == std::array<T, 4>{-5, 6, -8, 12});
        kernels::matmul<T>(x, w, y, {.bias = bias.data()});
        CHECK(std::array{y(0, 0), y(0, 1), y(1, 0), y(1, 1)} == std::array<T, 4>{5, -1, 2, 5});
        kernels::matmul<T>(x, w, y, {.bias = bias.data(), .activation = Activation::relu});
        CHECK(std::array{y(0, 0), y(0, 1), y(1, 0), y(1, 1)} == std::array<T, 4>{5, 0, 2, 5});
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

TEST_CASE_TEMPLATE("every product is a chain of multiply-adds to the bit where it is cut into blocks and copied", T,
                   float, double) {
    nib::Rng rng{7};
    // More than one block of rows, panels beyond one group, whole and not; lines that lie a power of two apart.
    check_products<T>(401, 5, 150, rng);
    check_products<T>(200, 140, 256, rng);
    check_products<T>(200, 270, 256, rng);
    check_products<T>(15, 9, 513, rng);
    check_products<T>(25, 256, 256, rng);
    check_products<T>(13, 512, 32, rng);
    check_products<T>(13, 512, 33, rng);
    check_products<T>(193, 129, 137, rng);
    check_products<T>(130, 9, 10, rng);
    // Few rows, which take b in strips; as many as that is done for, and as are too few for copies, and one more each.
    check_products<T>(3, 75, 1024, rng);
    check_products<T>(8, 21, 2048, rng);
    check_products<T>(512, 75, 3, rng);  // turned, and so of few rows
    check_products<T>(1024, 75, 1, rng);
    for (const std::size_t rows : reference::Sizes{8, 9, 63, 64}) check_products<T>(rows, 70, 512, rng);
}

TEST_CASE_TEMPLATE("every product is a chain of multiply-adds to the bit where all of it is copied", T, float, double) {
    nib::Rng rng{9};
    check_products<T>(192, 128, 384, rng);
    check_products<T>(195, 300, 391, rng);  // several blocks of rows and parts of the depth, none of them whole
    check_products<T>(201, 256, 130, rng);  // lines a power of two apart
    check_products<T>(256, 129, 131, rng);
    check_products<T>(193, 128, 2055, rng);  // more columns than are copied at once
}

TEST_CASE_TEMPLATE("rows of a weight gradient are those of the whole one", T, float, double) {
    nib::Rng rng{10};
    const Matrix<T> x = reference::random_matrix<T>(300, 500, rng);
    const Matrix<T> dy = reference::random_matrix<T>(300, 391, rng);
    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> whole = reference::matmul(reference::fuses(), reference::transposed(x), dy);
        for (const auto& [first, count] : std::array<std::array<std::size_t, 2>, 3>{{{0, 5}, {7, 195}, {496, 4}}}) {
            Guarded<T> dw(count, 391);
            kernels::matmul_weight_gradient_rows<T>(x, dy, first, dw.view());
            CHECK(same_bits<T>(dw.values(), whole.view().middle_rows(first, count).values()));
            CHECK(dw.margins_untouched());
        }
    });
}

TEST_CASE_TEMPLATE("large products on two threads do not disturb one another", T, float, double) {
    nib::Rng rng{11};
    const std::array<Matrix<T>, 2> a{reference::random_matrix<T>(200, 300, rng),
                                     reference::random_matrix<T>(200, 300, rng)};
    const Matrix<T> b = reference::random_matrix<T>(300, 400, rng);
    const std::array<Matrix<T>, 2> expected{reference::matmul(reference::fuses(), a[0], b),
                                            reference::matmul(reference::fuses(), a[1], b)};
    std::array<Matrix<T>, 2> results{Matrix<T>(200, 400), Matrix<T>(200, 400)};
    std::array<bool, 2> same{true, true};
    nib::ThreadPool pool{2};
    pool.run(2, [&](std::size_t part) {
        for (int i = 0; i < 20; ++i) {
            kernels::matmul<T>(a[part], b, results[part]);
            same[part] = same[part] && same_bits<T>(results[part].values(), expected[part].values());
        }
    });
    CHECK(same == std::array{true, true});
}

namespace {

template <class T>
void check_input_gradient_of_relu(std::size_t rows, std::size_t depth, std::size_t cols, nib::Rng& rng) {
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(cols);
    const Matrix<T> dy = reference::random_matrix<T>(rows, depth, rng);
    const Matrix<T> w = reference::random_matrix<T>(cols, depth, rng);
    const Matrix<T> outputs = reference::relu(reference::random_matrix<T>(rows, cols, rng));
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> expected = reference::matmul(reference::fuses(), dy, reference::transposed(w));
        for (std::size_t i = 0; i < expected.size(); ++i)
            if (outputs.values()[i] == 0) expected.values()[i] = 0;
        Guarded<T> dx(rows, cols);
        kernels::matmul_input_gradient<T>(dy, w, dx.view(), outputs.data());
        CHECK(same_bits(dx, expected));
        CHECK(dx.margins_untouched());
    });
}

}  // namespace

TEST_CASE_TEMPLATE("the input gradient is cut off where the ReLU before it was", T, float, double) {
    nib::Rng rng{8};
    for (const std::size_t rows : reference::Sizes{1, 15, 40})
        for (const std::size_t cols : reference::Sizes{1, 10, 64, 70})
            for (const std::size_t depth : reference::Sizes{3, 200})
                check_input_gradient_of_relu<T>(rows, depth, cols, rng);
    check_input_gradient_of_relu<T>(40, 300, 70, rng);
    check_input_gradient_of_relu<T>(195, 300, 391, rng);
    check_input_gradient_of_relu<T>(193, 128, 1100, rng);
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
    const Matrix<T> x(3, 0), w(0, 40);
    Matrix<T> y(3, 40);
    nib::Rng rng{4};
    const Matrix<T> bias = reference::random_matrix<T>(1, 40, rng);
    reference::for_each_isa([&](nib::Isa) {
        kernels::matmul<T>(x, w, y, {.bias = bias.data()});
        for (std::size_t i = 0; i < 3; ++i) CHECK(same_bits<T>(y.row(i), bias.values()));
        kernels::matmul<T>(x, w, y);
        CHECK(same_bits(y, Matrix<T>(3, 40)));
    });
}

TEST_CASE_TEMPLATE("the weight gradient of an empty batch is 0", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        Guarded<T> dw(7, 40), db(1, 40);
        kernels::matmul_weight_gradient<T>(Matrix<T>(0, 7), Matrix<T>(0, 40), dw.view());
        kernels::column_sums<T>(Matrix<T>(0, 40), db.data());
        CHECK(same_bits(dw, Matrix<T>(7, 40)));
        CHECK(same_bits(db, Matrix<T>(1, 40)));
    });
}

TEST_CASE_TEMPLATE("column_sums adds up each column from the first row on", T, float, double) {
    nib::Rng rng{5};
    for (const std::size_t rows : reference::Sizes{1, 2, 15, 128, 129, 300})
        for (const std::size_t cols : reference::Sizes{1, 2, 10, 16, 33, 64, 70}) {
            CAPTURE(rows);
            CAPTURE(cols);
            const Matrix<T> dy = reference::random_matrix<T>(rows, cols, rng);
            Matrix<T> expected(1, cols);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < cols; ++j) expected(0, j) += dy(i, j);
            reference::for_each_isa([&](nib::Isa) {
                Guarded<T> sums(1, cols);
                kernels::column_sums<T>(dy, sums.data());
                CHECK(same_bits(sums, expected));
                CHECK(sums.margins_untouched());
            });
        }
}

TEST_CASE_TEMPLATE("a row's outputs do not depend on the batch that it is in", T, float, double) {
    nib::Rng rng{6};
    const Matrix<T> x = reference::random_matrix<T>(64, 200, rng);
    const Matrix<T> w = reference::random_matrix<T>(200, 37, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, 37, rng);
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> all(64, 37), alone(1, 37), some(15, 37);
        kernels::matmul<T>(x, w, all, {.bias = bias.data()});
        kernels::matmul<T>(x.view().middle_rows(20, 15), w, some, {.bias = bias.data()});
        CHECK(same_bits<T>(some.values(), all.view().middle_rows(20, 15).values()));
        for (std::size_t i = 0; i < 15; ++i) {
            kernels::matmul<T>(x.view().middle_rows(20 + i, 1), w, alone, {.bias = bias.data()});
            CHECK(same_bits<T>(alone.values(), some.row(i)));
        }
    });
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

TEST_CASE_TEMPLATE("NaN in an input reaches its row's outputs and no other, through ReLU too", T, float, double) {
    nib::Rng rng{8};
    Matrix<T> x = reference::random_matrix<T>(9, 20, rng);
    const Matrix<T> w = reference::random_matrix<T>(20, 33, rng);
    x(4, 7) = std::numeric_limits<T>::quiet_NaN();
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> y(9, 33);
        kernels::matmul<T>(x, w, y, {.activation = Activation::relu});
        for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 33; ++j) CHECK(std::isnan(y(i, j)) == (i == 4));
    });
}
