#include <nib/kernels/detail/gemm.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <nib/core/threads.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

namespace {

namespace kernels = nib::kernels;
namespace detail = kernels::detail;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

// c = a b, for an a and a b that are row-major or transposed, and c = a b + bias, against the chains of multiply-adds
// that they promise to be.
template <class T>
void check_gemm(std::size_t rows, std::size_t depth, std::size_t cols, nib::Rng& rng) {
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(cols);
    const Matrix<T> a = reference::random_matrix<T>(rows, depth, rng), a_transposed = reference::transposed(a);
    const Matrix<T> b = reference::random_matrix<T>(depth, cols, rng), b_transposed = reference::transposed(b);
    const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
    const detail::Strided<T> as[] = {{a.data(), depth, 1}, {a_transposed.data(), 1, rows}};
    const detail::Strided<T> bs[] = {{b.data(), cols, 1}, {b_transposed.data(), 1, depth}};
    Matrix<T> expected_of[2][2];  // by whether it fuses, and whether there is a bias
    reference::for_each_isa([&](nib::Isa) {
        for (const T* start : {static_cast<const T*>(nullptr), bias.data()}) {
            Matrix<T>& expected = expected_of[reference::fuses()][start != nullptr];
            if (expected.rows() == 0) expected = reference::matmul(reference::fuses(), a, b, start);
            for (int layout = 0; layout < 4; ++layout) {
                if (start != nullptr && layout > 0) continue;
                CAPTURE(layout);
                Guarded<T> c(rows, cols);
                detail::gemm<T>({.rows = rows,
                                 .cols = cols,
                                 .depth = depth,
                                 .a = as[layout / 2],
                                 .b = bs[layout % 2],
                                 .c = c.data(),
                                 .c_stride = cols,
                                 .bias = start});
                CHECK(same_bits(c, expected));
                CHECK(c.margins_untouched());
            }
        }
    });
}

}  // namespace

TEST_CASE_TEMPLATE("gemm is a chain of multiply-adds to the bit, of one row and of two too", T, float, double) {
    nib::Rng rng{1};
    for (const std::size_t rows : reference::Sizes{1, 2, 17})
        for (const std::size_t cols : reference::Sizes{1, 10, 32, 41})
            for (const std::size_t depth : reference::Sizes{0, 1, 130, 784}) check_gemm<T>(rows, depth, cols, rng);
}

TEST_CASE_TEMPLATE("gemm is a chain of multiply-adds to the bit where it is cut into blocks and packed", T, float,
                   double) {
    nib::Rng rng{7};
    // More than one block of rows, panels beyond one group, whole and not; rows a power of two apart.
    check_gemm<T>(401, 5, 150, rng);
    check_gemm<T>(200, 140, 256, rng);
    check_gemm<T>(200, 270, 256, rng);
    check_gemm<T>(15, 9, 513, rng);
    check_gemm<T>(25, 256, 256, rng);
    check_gemm<T>(13, 512, 32, rng);
    check_gemm<T>(13, 512, 33, rng);
    check_gemm<T>(193, 129, 137, rng);
    check_gemm<T>(130, 9, 10, rng);
    // Few rows, which take b in strips; as many as that is done for, and as are too few for copies, and one more each.
    check_gemm<T>(3, 75, 1024, rng);
    check_gemm<T>(8, 21, 2048, rng);
    check_gemm<T>(512, 75, 3, rng);  // computed as its transpose, and so of few rows
    check_gemm<T>(1024, 75, 1, rng);
    for (const std::size_t rows : reference::Sizes{8, 9, 63, 64}) check_gemm<T>(rows, 70, 512, rng);
}

TEST_CASE_TEMPLATE("gemm is a chain of multiply-adds to the bit where b is one panel, and where it just is not", T,
                   float, double) {
    nib::Rng rng{12};
    for (const std::size_t rows : reference::Sizes{4, 7, 15, 40})
        for (const std::size_t cols : reference::Sizes{10, 17, 33, 64, 128})
            for (const std::size_t depth : reference::Sizes{1, 128, 129, 257}) check_gemm<T>(rows, depth, cols, rng);
    check_gemm<T>(50, 300, 200, rng);  // panels of four vectors and others, in parts of the depth
}

TEST_CASE_TEMPLATE(
    "a panel whose rows do not touch, in b and in c: what is between them changes nothing and is not written", T, float,
    double) {
    nib::Rng rng{13};
    constexpr std::size_t gap = 3;
    for (const std::size_t rows : reference::Sizes{15, 40})
        for (const std::size_t cols : reference::Sizes{5, 10, 20}) {
            CAPTURE(rows);
            CAPTURE(cols);
            const Matrix<T> a = reference::random_matrix<T>(rows, 30, rng),
                            b = reference::random_matrix<T>(30, cols, rng);
            // To the last number of the last row: reading beyond it is seen by AddressSanitizer.
            std::vector<T> spread(29 * (cols + gap) + cols, std::numeric_limits<T>::quiet_NaN());
            for (std::size_t k = 0; k < 30; ++k) std::copy_n(&b(k, 0), cols, &spread[k * (cols + gap)]);
            reference::for_each_isa([&](nib::Isa) {
                Matrix<T> expected(rows, cols + gap);
                const Matrix<T> product = reference::matmul(reference::fuses(), a, b);
                for (std::size_t i = 0; i < rows; ++i)
                    for (std::size_t j = 0; j < cols + gap; ++j) expected(i, j) = j < cols ? product(i, j) : T{-99};
                Guarded<T> c(rows, cols + gap);
                const auto values = c.view().values();
                std::fill(values.begin(), values.end(), T{-99});
                detail::gemm<T>({.rows = rows,
                                 .cols = cols,
                                 .depth = 30,
                                 .a = {a.data(), 30, 1},
                                 .b = {spread.data(), cols + gap, 1},
                                 .c = c.data(),
                                 .c_stride = cols + gap});
                CHECK(same_bits(c, expected));
                CHECK(c.margins_untouched());
            });
        }
}

TEST_CASE("b is one panel where it has few columns and little depth, and no rows that conflict in L1") {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            using Sizes = detail::BlockSizes<Level, float>;
            const auto is_one = [](std::size_t rows, std::size_t depth, std::size_t cols, std::size_t row_stride,
                                   std::size_t col_stride = 1) {
                return detail::is_one_panel<Level, float>({.rows = rows,
                                                           .cols = cols,
                                                           .depth = depth,
                                                           .a = {nullptr, depth, 1},
                                                           .b = {nullptr, row_stride, col_stride},
                                                           .c = nullptr,
                                                           .c_stride = cols});
            };
            constexpr std::size_t narrow = Sizes::panel_cols, wide = Sizes::wide_panel_cols;
            constexpr bool has_wide = detail::has_wide_tiles<Level>;
            CHECK(is_one(100, 64, 8, 8));
            CHECK(is_one(100, Sizes::depth, narrow, narrow));
            CHECK(is_one(100, 64, narrow, 800));
            CHECK(is_one(15, 64, wide, wide) == has_wide);
            CHECK_FALSE(is_one(100, Sizes::depth + 1, narrow, narrow));
            CHECK_FALSE(is_one(15, 64, narrow + 1, narrow + 1));
            CHECK_FALSE(is_one(7, 64, wide, wide));
            CHECK_FALSE(is_one(100, 64, narrow, 1024));
            CHECK_FALSE(is_one(100, 64, narrow, 1, 64));
        });
    });
}

TEST_CASE_TEMPLATE("gemm is a chain of multiply-adds to the bit where it is computed as its transpose", T, float,
                   double) {
    nib::Rng rng{8};
    for (const std::size_t rows : reference::Sizes{32, 63, 64, 65, 200})
        for (const std::size_t cols : reference::Sizes{1, 3, 6, 9, 10, 12}) check_gemm<T>(rows, 64, cols, rng);
    check_gemm<T>(100, 300, 10, rng);
}

TEST_CASE("products with few columns are computed as their transpose where that fills vectors") {
    reference::for_each_isa([](nib::Isa isa) {
        const auto pays = [](std::size_t rows, std::size_t depth, std::size_t cols, std::size_t row_stride) {
            return detail::pays_to_transpose<float>({.rows = rows,
                                                     .cols = cols,
                                                     .depth = depth,
                                                     .a = {nullptr, row_stride, row_stride == 1 ? rows : 1},
                                                     .b = {nullptr, cols, 1},
                                                     .c = nullptr,
                                                     .c_stride = cols});
        };
        CHECK(pays(64, 128, 10, 1) == (isa >= nib::Isa::avx2));
        CHECK(pays(64, 128, 8, 1) == (isa == nib::Isa::avx512));
        CHECK_FALSE(pays(64, 128, 10, 128));  // a is not transposed
        CHECK_FALSE(pays(64, 128, 16, 1));
        CHECK_FALSE(pays(64, 32, 10, 1));
        CHECK_FALSE(pays(16, 128, 10, 1));
    });
}

TEST_CASE_TEMPLATE("gemm is a chain of multiply-adds to the bit where all of it is packed", T, float, double) {
    if (support::sanitized && sizeof(T) == 8) return;  // slow; smaller products of double are sanitized above
    nib::Rng rng{9};
    check_gemm<T>(192, 128, 384, rng);
    check_gemm<T>(195, 300, 391, rng);  // several blocks of rows and parts of the depth, none of them whole
    check_gemm<T>(201, 256, 130, rng);  // rows a power of two apart
    check_gemm<T>(256, 129, 131, rng);
    check_gemm<T>(193, 128, 2055, rng);  // more columns than are packed at once
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
    pool.parallel_for(2, [&](std::size_t part) {
        for (int i = 0; i < 20; ++i) {
            detail::gemm<T>({.rows = 200,
                             .cols = 400,
                             .depth = 300,
                             .a = {a[part].data(), 300, 1},
                             .b = {b.data(), 400, 1},
                             .c = results[part].data(),
                             .c_stride = 400});
            same[part] = same[part] && same_bits<T>(results[part].values(), expected[part].values());
        }
    });
    CHECK(same == std::array{true, true});
}
