#include <nib/kernels/detail/microkernel.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <cstddef>
#include <limits>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

// c = a b + bias, computed in two parts of the depth. b stands in a panel of whole vectors, whose columns
// beyond `cols` hold NaN.
template <class T>
void check_tiles(std::size_t rows, std::size_t depth, std::size_t cols, nib::Rng& rng) {
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(cols);
    constexpr std::size_t first_part = 3;
    const Matrix<T> a = reference::random_matrix<T>(rows, depth, rng);
    const Matrix<T> b = reference::random_matrix<T>(depth, cols, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, cols, rng);
    reference::for_each_isa([&](nib::Isa) {
        const Matrix<T> expected = reference::matmul(reference::fuses(), a, b, bias.data());
        Guarded<T> c(rows, cols);
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            constexpr std::size_t width = kernels::lanes<Level, T>;
            const bool is_wide = cols == 4 * width && kernels::detail::in_wide_tiles<Level>(rows);
            if (cols > 2 * width && !is_wide) return;
            const std::size_t stride = is_wide ? cols : cols > width ? 2 * width : width;
            Matrix<T> panel(depth, stride);
            for (T& value : panel.values()) value = std::numeric_limits<T>::quiet_NaN();
            for (std::size_t k = 0; k < depth; ++k)
                for (std::size_t j = 0; j < cols; ++j) panel(k, j) = b(k, j);
            kernels::detail::Tiles<T> tiles{.rows = rows,
                                            .depth = first_part,
                                            .a = {a.data(), depth, 1},
                                            .b = panel.data(),
                                            .b_stride = stride,
                                            .c = c.data(),
                                            .c_stride = cols,
                                            .accumulate = false,
                                            .start = bias.data()};
            kernels::detail::multiply_panel<Level, T>(tiles, cols);
            tiles = {.rows = rows,
                     .depth = depth - first_part,
                     .a = {a.data() + first_part, depth, 1},
                     .b = panel.data() + first_part * stride,
                     .b_stride = stride,
                     .c = c.data(),
                     .c_stride = cols,
                     .accumulate = true,
                     .start = nullptr};
            kernels::detail::multiply_panel<Level, T>(tiles, cols);
            CHECK(same_bits(c, expected));
        });
        CHECK(c.margins_untouched());
    });
}

}  // namespace

TEST_CASE_TEMPLATE("tiles of any number of rows and columns go on from an earlier part of the depth", T, float,
                   double) {
    nib::Rng rng{1};
    for (std::size_t rows = 1; rows <= 30; ++rows)
        for (std::size_t cols = 1; cols <= 32; ++cols) check_tiles<T>(rows, 7, cols, rng);
    for (const std::size_t rows : reference::Sizes{4, 5, 8, 9, 13, 15, 16, 31})
        check_tiles<T>(rows, 20, 4 * kernels::lanes<kernels::Avx512, T>, rng);
    for (const std::size_t rows : reference::Sizes{9, 15, 24, 27, 31, 36, 64})  // deep: in large tiles
        for (const std::size_t cols : reference::Sizes{3, 8, 15, 16, 32}) check_tiles<T>(rows, 50, cols, rng);
}

TEST_CASE("tiles of four vectors are for AVX-512, and for sums of fours and fives") {
    for (std::size_t rows = 1; rows <= 50; ++rows) {
        bool is_sum = false;
        for (std::size_t fives = 0; fives * 5 <= rows; ++fives) is_sum = is_sum || (rows - fives * 5) % 4 == 0;
        CHECK(kernels::detail::in_wide_tiles<kernels::Avx512>(rows) == is_sum);
        CHECK_FALSE(kernels::detail::in_wide_tiles<kernels::Avx2>(rows));
        CHECK_FALSE(kernels::detail::in_wide_tiles<kernels::Baseline>(rows));
    }
}
