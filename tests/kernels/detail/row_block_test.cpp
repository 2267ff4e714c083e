#include <nib/kernels/detail/row_block.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <cstddef>
#include <vector>

namespace kernels = nib::kernels;

TEST_CASE("blocks of some columns cover these alone") {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            constexpr std::size_t width = kernels::lanes<Level, float>, block = kernels::column_block<float>;
            for (std::size_t first = 0; first < 8; ++first)
                for (std::size_t end = first; end <= 8; ++end) {
                    std::vector<int> covered(8 * block);
                    kernels::detail::for_each_row_block<Level, Level::vector_bytes, 4>(
                        first * block, end * block, width,
                        [&]<std::size_t Vectors, bool>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                            for (std::size_t c = j; c < j + Vectors * width; ++c) ++covered.at(c);
                        });
                    for (std::size_t c = 0; c < covered.size(); ++c)
                        CHECK(covered[c] == (c >= first * block && c < end * block ? 1 : 0));
                }
        });
    });
}

TEST_CASE("blocks of columns cover every column, whole ones before those that may overlap") {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            constexpr std::size_t width = kernels::lanes<Level, float>;
            for (std::size_t cols = width; cols <= 12 * width; ++cols) {
                std::vector<int> covered(cols);
                kernels::detail::for_each_row_block<Level, Level::vector_bytes, 4>(
                    0, cols, width, [&]<std::size_t Vectors, bool Whole>(std::size_t j) NIB_LAMBDA_ALWAYS_INLINE {
                        if (Whole) CHECK(j + Vectors * width <= cols);
                        for (std::size_t c = j; c < nib::smaller(j + Vectors * width, cols); ++c) ++covered[c];
                    });
                for (const int times : covered) CHECK(times == 1);
            }
        });
    });
}
