#include <nib/kernels/detail/pack.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

namespace {

namespace kernels = nib::kernels;
namespace detail = kernels::detail;
using nib::Matrix;

// Calls use(level) for every level that the machine has.
template <class Use>
void for_each_level(const Use& use) {
    reference::for_each_isa(
        [&](nib::Isa) { kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE { use(level); }); });
}

// Where a product's a and b stand: row-major, or transposed.
enum class Layout { rows, columns };

template <class T>
struct Operands {
    Matrix<T> a, b;
    detail::Product<T> product;

    Operands(std::size_t rows, std::size_t depth, std::size_t cols, Layout layout_a, Layout layout_b, nib::Rng& rng)
        : a{layout_a == Layout::rows ? reference::random_matrix<T>(rows, depth, rng)
                                     : reference::random_matrix<T>(depth, rows, rng)},
          b{layout_b == Layout::rows ? reference::random_matrix<T>(depth, cols, rng)
                                     : reference::random_matrix<T>(cols, depth, rng)},
          product{.rows = rows, .cols = cols, .depth = depth, .a = {}, .b = {}, .c = nullptr, .c_stride = cols} {
        product.a =
            layout_a == Layout::rows ? detail::Strided<T>{a.data(), depth, 1} : detail::Strided<T>{a.data(), 1, rows};
        product.b =
            layout_b == Layout::rows ? detail::Strided<T>{b.data(), cols, 1} : detail::Strided<T>{b.data(), 1, depth};
    }
};

template <class T>
T at(const detail::Strided<T>& matrix, std::size_t i, std::size_t k) {
    return matrix.data[i * matrix.row_stride + k * matrix.col_stride];
}

// Rows [i, i + rows) and columns [j, j + cols) at the depths [first, first + depth), as they are packed.
template <class Level, class T>
NIB_ALWAYS_INLINE void check_packed(const detail::Product<T>& p, const detail::Packing<T>& packing, std::size_t first,
                                    std::size_t depth, std::size_t i, std::size_t rows, std::size_t j,
                                    std::size_t cols) {
    const detail::Panels<T> panels = detail::pack_b<Level>(p, packing, first, depth, j, cols);
    const detail::Strided<T> a = detail::pack_a<Level>(p, packing, i, rows, first, depth);
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < depth; ++k) {
        for (std::size_t c = 0; c < cols; ++c) {
            constexpr std::size_t panel_cols = detail::BlockSizes<Level, T>::panel_cols;
            const T* const panel = panels.data + c / panel_cols * panels.panel_stride;
            wrong += panel[k * panels.row_stride + c % panel_cols] != at(p.b, first + k, j + c);
        }
        for (std::size_t r = 0; r < rows; ++r) wrong += at(a, r, k) != at(p.a, i + r, first + k);
    }
    CHECK(wrong == 0);
}

template <class T>
detail::Product<T> product_of(std::size_t rows, std::size_t depth, std::size_t cols) {
    return {.rows = rows,
            .cols = cols,
            .depth = depth,
            .a = {nullptr, depth, 1},
            .b = {nullptr, cols, 1},
            .c = nullptr,
            .c_stride = cols};
}

// How many rows of b are packed together, or read in place.
template <class Level, class T>
std::size_t most_depth(const detail::Product<T>& p) {
    detail::StackBuffers<Level, T> buffers;
    return detail::pack_where_slow<Level>(p, buffers).most_depth;
}

}  // namespace

TEST_CASE_TEMPLATE("copied lines hold the numbers, and nothing behind the last one is read", T, float, double) {
    nib::Rng rng{1};
    for_each_level([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        constexpr std::size_t width = kernels::lanes<decltype(level), T>;
        for (std::size_t length = 1; length <= 2 * width + 1; ++length) {
            constexpr std::size_t lines = 5, to_stride = 4 * width;
            const std::size_t stride = length + 1;
            // To its last number: reading beyond it is seen by AddressSanitizer.
            const std::size_t count = (lines - 1) * stride + length;
            const auto from = std::make_unique<T[]>(count);
            for (std::size_t i = 0; i < count; ++i) from[i] = static_cast<T>(rng.uniform());
            std::vector<T> to(lines * to_stride);
            detail::copy_lines<decltype(level), T>(to.data(), to_stride, from.get(), stride, lines, length, count);
            for (std::size_t i = 0; i < lines; ++i)
                for (std::size_t j = 0; j < length; ++j) CHECK(to[i * to_stride + j] == from[i * stride + j]);
        }
    });
}

TEST_CASE_TEMPLATE("transposed lines end in zeros up to a whole vector", T, float, double) {
    nib::Rng rng{2};
    for_each_level([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        constexpr std::size_t width = kernels::lanes<decltype(level), T>;
        for (std::size_t cols = 1; cols <= 2 * width + 1; ++cols) {
            const std::size_t whole = (cols + width - 1) / width * width;
            for (std::size_t depth = 1; depth <= 2 * width + 1; ++depth) {
                const Matrix<T> from = reference::random_matrix<T>(cols, depth, rng);
                Matrix<T> to((depth + width - 1) / width * width, whole);
                for (T& value : to.values()) value = std::numeric_limits<T>::quiet_NaN();
                detail::transpose_lines<decltype(level), T>(to.data(), whole, from.data(), depth, depth, cols);
                std::size_t wrong = 0;
                for (std::size_t k = 0; k < depth; ++k)
                    for (std::size_t j = 0; j < whole; ++j) wrong += to(k, j) != (j < cols ? from(j, k) : T{0});
                CHECK(wrong == 0);
            }
        }
    });
}

TEST_CASE_TEMPLATE("blocks of a and b hold their parts of both matrices, packed or in place", T, float, double) {
    nib::Rng rng{4};
    for (const Layout layout_a : {Layout::rows, Layout::columns}) {
        for (const Layout layout_b : {Layout::rows, Layout::columns}) {
            for (const std::size_t cols : reference::Sizes{64, 77, 256}) {
                CAPTURE(cols);
                const Operands<T> operands{200, 300, cols, layout_a, layout_b, rng};
                const detail::Product<T>& p = operands.product;
                for_each_level([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
                    using Level = decltype(level);
                    detail::StackBuffers<Level, T> buffers;
                    const detail::Packing<T> stack = detail::pack_where_slow<Level>(p, buffers);
                    const std::size_t most = nib::smaller(stack.cols, cols);
                    const std::size_t last = (cols - 1) / most * most;
                    check_packed<Level>(p, stack, 0, 128, 0, stack.rows, 0, most);
                    check_packed<Level>(p, stack, 172, 128, 200 - stack.rows, stack.rows, last, cols - last);
                    void* const scratch = detail::packing_scratch();
                    REQUIRE(scratch != nullptr);
                    const detail::Packing<T> heap = detail::pack_all<Level>(p, scratch);
                    check_packed<Level>(p, heap, 172, 128, 0, nib::smaller<std::size_t>(heap.rows, 200), 0, cols);
                    check_packed<Level>(p, heap, 3, 100, 180, 20, last, cols - last);
                });
            }
        }
    }
}

TEST_CASE("few rows read lines of b that conflict in L1 in strips, many pack them, and other lines stay whole") {
    for_each_level([](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        using Sizes = detail::BlockSizes<Level, float>;
        CHECK(most_depth<Level>(product_of<float>(4, 784, 1024)) == 32);
        CHECK(most_depth<Level>(product_of<float>(8, 784, 2048)) == 16);
        CHECK(most_depth<Level>(product_of<float>(1, 784, 1 << 20)) == 8);
        CHECK(most_depth<Level>(product_of<float>(4, 784, 256)) == 128);
        CHECK(most_depth<Level>(product_of<float>(9, 784, 1024)) == Sizes::depth);
        CHECK(most_depth<Level>(product_of<float>(4, 784, 800)) == Sizes::depth);
        CHECK_FALSE(detail::packs_b<Level>(product_of<float>(63, 784, 1024), 64));
        CHECK(detail::packs_b<Level>(product_of<float>(64, 784, 1024), 64));
        CHECK(detail::panel_prefetch_distance<Level>(product_of<float>(63, 784, 1024), false, 64) ==
              4 * Sizes::panel_cols);
        CHECK(detail::panel_prefetch_distance<Level>(product_of<float>(64, 784, 1024), false, 64) == 0);
        CHECK(detail::panel_prefetch_distance<Level>(product_of<float>(63, 784, 800), false, 64) == 0);
        CHECK(detail::panel_prefetch_distance<Level>(product_of<float>(63, 784, 1024), true, 64) == 0);
        // One panel has no next one.
        auto narrow = product_of<float>(4, 784, 1024);
        narrow.cols = Sizes::panel_cols;
        CHECK(most_depth<Level>(narrow) >= Sizes::depth);
        CHECK(detail::panel_prefetch_distance<Level>(narrow, false, narrow.cols) == 0);
        CHECK(most_depth<Level>(product_of<double>(4, 784, 1024)) == 16);
        CHECK_FALSE(detail::packs_b<Level>(product_of<float>(64, 784, 800), 64));
    });
}

TEST_CASE("rows of a block: all that one panel is multiplied by, more of little depth, few where they are packed") {
    for_each_level([](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        using Sizes = detail::BlockSizes<Level, float>;
        const auto rows_of = [](detail::Product<float> p) {
            detail::StackBuffers<Level, float> buffers;
            return detail::pack_where_slow<Level>(p, buffers).rows;
        };
        CHECK(rows_of(product_of<float>(1000, 100, Sizes::panel_cols)) == 1000);
        CHECK(rows_of(product_of<float>(1000, Sizes::depth, 64)) == Sizes::block_rows);
        CHECK(rows_of(product_of<float>(1000, Sizes::depth / 4, 64)) == 4 * Sizes::block_rows);
        CHECK(rows_of(product_of<float>(1000, 1, 64)) >= 1000);
        auto conflicting = product_of<float>(1000, 15, 64);
        conflicting.a.row_stride = 1024;
        CHECK(rows_of(conflicting) == Sizes::block_rows);
        auto transposed = product_of<float>(1000, 784, 64);
        transposed.a = {nullptr, 1, 1000};
        CHECK(rows_of(transposed) > Sizes::block_rows);
    });
}
