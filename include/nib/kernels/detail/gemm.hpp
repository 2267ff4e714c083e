// gemm: the dense product, cut into blocks that fit the caches (pack.hpp); the microkernel computes each of them tile
// by tile (microkernel.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/detail/microkernel.hpp>
#include <nib/kernels/detail/pack.hpp>
#include <nib/kernels/vector.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::kernels::detail {

// The product p in blocks of the sizes that `packing` has. From the outermost loop on: rows of c for which b is packed
// once, parts of the depth, columns of b that are packed together, blocks of a, and panels of b. The innermost step
// multiplies a block of a by a panel of b, tile by tile.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_blocks(const Product<T>& p, const Packing<T>& packing) {
    constexpr std::size_t panel_cols = BlockSizes<Level, T>::panel_cols;
    const T no_bias[panel_cols] = {};
    // Most products have one part, which is found without a division.
    const std::size_t depth_parts =
        p.depth <= packing.most_depth ? 1 : (p.depth + packing.most_depth - 1) / packing.most_depth;
    const auto start_of = [&](std::size_t part) NIB_LAMBDA_ALWAYS_INLINE {
        return part == 0 ? 0 : part == depth_parts ? p.depth : p.depth * part / depth_parts;
    };
    for (std::size_t i0 = 0; i0 < p.rows; i0 += packing.outer_rows) {
        const std::size_t i_end = smaller(i0 + packing.outer_rows, p.rows);
        for (std::size_t part = 0; part < depth_parts; ++part) {  // also once for depth 0, which still has a bias
            const std::size_t first = start_of(part);
            const std::size_t depth = start_of(part + 1) - first;
            for (std::size_t j0 = 0; j0 < p.cols; j0 += packing.cols) {
                const std::size_t j_end = smaller(j0 + packing.cols, p.cols);
                const Panels<T> b = pack_b<Level>(p, packing, first, depth, j0, j_end - j0);
                std::size_t b_prefetch_distance =
                    panel_prefetch_distance<Level>(p, packing.packs_all, j_end - j0);  // for the first rows of a
                for (std::size_t i = i0; i < i_end; i += packing.rows) {
                    const std::size_t rows = smaller(packing.rows, i_end - i);
                    const Strided<T> a = pack_a<Level>(p, packing, i, rows, first, depth);
                    for (std::size_t j = j0; j < j_end; j += panel_cols) {
                        const std::size_t panel = (j - j0) / panel_cols;
                        if (packing.packs_all)
                            prefetch_a_block(p, i + rows, smaller(packing.rows, i_end - i - rows), first, depth, panel,
                                             (j_end - j0 + panel_cols - 1) / panel_cols);
                        Tiles<T> tiles{.rows = rows,
                                       .depth = depth,
                                       .a = a,
                                       .b = b.data + panel * b.panel_stride,
                                       .b_stride = b.row_stride,
                                       .c = p.c + i * p.c_stride + j,
                                       .c_stride = p.c_stride,
                                       .accumulate = part > 0,
                                       .start = p.bias != nullptr ? p.bias + j : no_bias,
                                       .next_rows = rows_to_prefetch<Level>(p, packing.packs_all, i, j, first, depth),
                                       .b_prefetch_distance = b_prefetch_distance};
                        multiply_panel<Level, T>(tiles, smaller(panel_cols, j_end - j));
                    }
                    b_prefetch_distance = 0;
                }
            }
        }
    }
}

// The same in few instructions, for a level that is not tuned: a panel of b is copied, and each row of a multiplied by
// it.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_by_rows(const Product<T>& p) {
    constexpr std::size_t vectors = 4, width = lanes<Level, T>, panel_cols = vectors * width, most_depth = 128;
    T panel[most_depth * panel_cols];
    for (std::size_t j = 0; j < p.cols; j += panel_cols) {
        const std::size_t cols = smaller(panel_cols, p.cols - j);
        std::size_t first = 0;
        do {  // also once for depth 0, which still has a bias
            const std::size_t depth = smaller(most_depth, p.depth - first);
            for (std::size_t k = 0; k < depth; ++k)
                for (std::size_t n = 0; n < panel_cols; ++n)
                    panel[k * panel_cols + n] =
                        n < cols ? p.b.data[(first + k) * p.b.row_stride + (j + n) * p.b.col_stride] : T{0};
            for (std::size_t i = 0; i < p.rows; ++i) {
                T* const c = p.c + i * p.c_stride + j;
                const T* const start = first > 0 ? c : p.bias != nullptr ? p.bias + j : nullptr;
                T line[panel_cols] = {};
                for (std::size_t n = 0; start != nullptr && n < cols; ++n) line[n] = start[n];
                Vector<Level, T> sums[vectors], row;
                NIB_UNROLL
                for (std::size_t v = 0; v < vectors; ++v) load(sums[v], line + v * width);
                const T* a = p.a.data + i * p.a.row_stride + first * p.a.col_stride;
                for (std::size_t k = 0; k < depth; ++k, a += p.a.col_stride) {
                    NIB_UNROLL
                    for (std::size_t v = 0; v < vectors; ++v) {
                        load(row, panel + k * panel_cols + v * width);
                        multiply_add<Level>(sums[v], *a, row);
                    }
                }
                NIB_UNROLL
                for (std::size_t v = 0; v < vectors; ++v) store(line + v * width, sums[v]);
                for (std::size_t n = 0; n < cols; ++n) c[n] = line[n];
            }
            first += depth;
        } while (first < p.depth);
    }
}

// c = a b + bias.
template <class T>
void gemm(Product<T> product);

// Products with few columns are computed as their transpose, whose rows fill vectors, so many rows of c at a time.
inline constexpr std::size_t most_cols_transposed = 12;
inline constexpr std::size_t rows_transposed = 64;

// Whether that pays: at least a quarter of c's vectors would be empty, columns of a can be read as vectors, and there
// are enough multiply-adds to make up for the copies.
template <class T>
bool pays_to_transpose(const Product<T>& p) {
    const Isa isa = active_isa();
    const std::size_t vector_bytes = isa == Isa::avx512 ? Avx512::vector_bytes
                                     : isa == Isa::avx2 ? Avx2::vector_bytes
                                                        : Baseline::vector_bytes;
    const std::size_t width = vector_bytes / sizeof(T), whole = (p.cols + width - 1) / width * width;
    return runs_tuned() && p.cols <= most_cols_transposed && p.cols * 4 <= whole * 3 && p.rows >= 32 && p.depth >= 64 &&
           p.a.row_stride == 1 && p.bias == nullptr;
}

// to [rows, cols] = from [cols, rows] transposed, in squares of vectors of 16 bytes, which every CPU has. The last
// square of a row or a column may overlap the one before.
template <class T>
void store_transposed(T* to, std::size_t to_stride, const T* from, std::size_t rows, std::size_t cols) {
    constexpr std::size_t width = 16 / sizeof(T);
    if (rows < width || cols < width) {
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < cols; ++j) to[i * to_stride + j] = from[j * rows + i];
        return;
    }
    for (std::size_t row = 0; row < rows; row += width)
        for (std::size_t column = 0; column < cols; column += width) {
            const std::size_t i = smaller(row, rows - width), j = smaller(column, cols - width);
            typename VectorOf<T, 16>::type square[width];
            NIB_UNROLL
            for (std::size_t n = 0; n < width; ++n) load(square[n], from + (j + n) * rows + i);
            transpose(square);
            NIB_UNROLL
            for (std::size_t n = 0; n < width; ++n) store(to + (i + n) * to_stride + j, square[n]);
        }
}

template <class T>
void gemm_transposed(const Product<T>& p) {
    alignas(cache_line) T columns[most_cols_transposed * rows_transposed];
    for (std::size_t i = 0; i < p.rows; i += rows_transposed) {
        const std::size_t rows = smaller(rows_transposed, p.rows - i);
        gemm<T>({.rows = p.cols,
                 .cols = rows,
                 .depth = p.depth,
                 .a = {p.b.data, p.b.col_stride, p.b.row_stride},
                 .b = {p.a.data + i, p.a.col_stride, 1},
                 .c = columns,
                 .c_stride = rows});
        store_transposed<T>(p.c + i * p.c_stride, p.c_stride, columns, rows, p.cols);
    }
}

template <class T>
void gemm(Product<T> product) {
    if (product.rows == 0 || product.cols == 0) return;
    // With depth 0, a and b may be null. They are not read, and adding an offset to a null pointer is undefined.
    if (product.depth == 0) product.a.row_stride = product.b.col_stride = 0;
    if (pays_to_transpose(product)) return gemm_transposed(product);
    void* const scratch = runs_tuned() && pays_to_pack_all(product) ? packing_scratch() : nullptr;
    dispatch([&product, scratch](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        if constexpr (!is_tuned<Level>) return multiply_by_rows<Level>(product);
        StackBuffers<Level, T> buffers;
        multiply_blocks<Level>(
            product, scratch != nullptr ? pack_all<Level>(product, scratch) : pack_where_slow<Level>(product, buffers));
    });
}

}  // namespace nib::inline NIB_ABI::kernels::detail
