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
            if (cols > 2 * width) return;
            const std::size_t stride = cols > width ? 2 * width : width;
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
    for (const std::size_t rows : reference::Sizes{9, 15, 24, 27, 31, 36, 64})  // deep: in large tiles
        for (const std::size_t cols : reference::Sizes{3, 8, 15, 16, 32}) check_tiles<T>(rows, 50, cols, rng);
}
