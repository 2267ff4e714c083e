// gemm: the dense product, cut into blocks that fit the caches (pack.hpp); the microkernel computes each of them tile
// by tile (microkernel.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/detail/microkernel.hpp>
#include <nib/kernels/detail/pack.hpp>
#include <nib/kernels/vector.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels::detail {

// The product p in blocks of the sizes that Packing has. From the outermost loop on: rows of c for which b is packed
// once, parts of the depth, columns of b that are packed together, blocks of a, and panels of b. The innermost step
// multiplies a block of a by a panel of b, tile by tile.
template <class Level, class Packing, class T>
NIB_ALWAYS_INLINE void multiply_blocks(const Product<T>& p, Packing& packing) {
    const std::size_t most_depth = Packing::most_depth(p);
    const std::size_t depth_parts = larger<std::size_t>((p.depth + most_depth - 1) / most_depth, 1);
    for (std::size_t i0 = 0; i0 < p.rows; i0 += Packing::outer_rows) {
        const std::size_t i_end = smaller(i0 + Packing::outer_rows, p.rows);
        for (std::size_t part = 0; part < depth_parts; ++part) {  // also once for depth 0, which still has a bias
            const std::size_t first = p.depth * part / depth_parts;
            const std::size_t depth = p.depth * (part + 1) / depth_parts - first;
            for (std::size_t j0 = 0; j0 < p.cols; j0 += Packing::cols) {
                const std::size_t j_end = smaller(j0 + Packing::cols, p.cols);
                const Panels<T> b = pack_b<Level>(p, packing, first, depth, j0, j_end - j0);
                for (std::size_t i = i0; i < i_end; i += packing.rows) {
                    const std::size_t rows = smaller(packing.rows, i_end - i);
                    const Strided<T> a = pack_a<Level>(p, packing, i, rows, first, depth);
                    for (std::size_t j = j0; j < j_end; j += Packing::panel_cols) {
                        const std::size_t offset = i * p.cols + j;
                        if (Packing::packs_all)
                            prefetch_a_block(p, i + rows, smaller(packing.rows, i_end - i - rows), first, depth,
                                             (j - j0) / Packing::panel_cols,
                                             (j_end - j0 + Packing::panel_cols - 1) / Packing::panel_cols);
                        multiply_panel<Level, T>(
                            {.rows = 0,
                             .depth = depth,
                             .a = a,
                             .b = b.data + (j - j0) / Packing::panel_cols * b.panel_stride,
                             .b_stride = b.row_stride,
                             .c = p.c + offset,
                             .c_stride = p.cols,
                             .accumulate = part > 0,
                             .bias = p.bias != nullptr ? p.bias + j : nullptr,
                             .next_rows = rows_to_prefetch<Packing>(p, i, j, first, depth),
                             .b_prefetch_distance =
                                 i == i0 ? panel_prefetch_distance<Level, Packing>(p, j_end - j0) : 0},
                            rows, smaller(Packing::panel_cols, j_end - j));
                    }
                }
            }
        }
    }
}

// Whether to compute c^T = b^T a^T and transpose the result: where c has many rows of fewer numbers than a vector has
// lanes, and a's columns are contiguous. The rows of c^T fill whole vectors.
template <class Level, class T>
constexpr bool is_better_transposed(const Product<T>& p) {
    constexpr std::size_t width = lanes<Level, T>;
    return p.cols < width && p.rows >= 2 * width && p.a.row_stride == 1 && p.bias == nullptr;
}

// c = a b + bias.
template <class T>
void gemm(Product<T> product) {
    if (product.rows == 0 || product.cols == 0) return;
    // With depth 0, a and b may be null. They are not read, and adding an offset to a null pointer is undefined.
    if (product.depth == 0) product.a.row_stride = product.b.col_stride = 0;
    void* const scratch = runs_tuned() && pays_to_pack_all(product) ? packing_scratch() : nullptr;
    if (scratch != nullptr)
        return dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            if constexpr (is_tuned<decltype(level)>) {
                HeapPacking<decltype(level), T> packing{product, scratch};
                multiply_blocks<decltype(level)>(product, packing);
            }
        });
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t width = lanes<Level, T>;
        constexpr std::size_t block = 2 * width;
        T columns[width * block + width];
        const bool transposed = is_better_transposed<Level>(product);
        const std::size_t step = transposed ? block : product.rows;
        for (std::size_t i = 0; i < product.rows; i += step) {
            const std::size_t count = smaller(step, product.rows - i);
            Product<T> part = product;
            if (transposed)
                part = {.rows = product.cols,
                        .cols = count,
                        .depth = product.depth,
                        .a = {product.b.data, product.b.col_stride, product.b.row_stride},
                        .b = {product.a.data + i, product.a.col_stride, 1},
                        .c = columns};
            StackPacking<Level, T> packing;
            multiply_blocks<Level>(part, packing);
            if (transposed) transpose_columns<Level>(product.c + i * product.cols, columns, product.cols, count);
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels::detail
