#include <nib/kernels/detail/gemm.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <nib/core/threads.hpp>

#include <array>
#include <cstddef>

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
