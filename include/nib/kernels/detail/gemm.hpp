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

// What the sums of a panel start from without a bias.
template <class Level, class T>
alignas(cache_line) inline constexpr T no_bias[BlockSizes<Level, T>::wide_panel_cols] = {};

// The product p in blocks of the sizes that `packing` has. From the outermost loop on: rows of c for which b is packed
// once, parts of the depth, columns of b that are packed together, blocks of a, and panels of b. The innermost step
// multiplies a block of a by a panel of b, tile by tile.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_blocks(const Product<T>& p, const Packing<T>& packing) {
    using Sizes = BlockSizes<Level, T>;
    // Most products have one part, which is found without a division.
    const std::size_t depth_parts =
        p.depth <= packing.most_depth ? 1 : (p.depth + packing.most_depth - 1) / packing.most_depth;
    const auto start_of = [&](std::size_t part) NIB_LAMBDA_ALWAYS_INLINE {
        return part == 0 ? 0 : part == depth_parts ? p.depth : p.depth * part / depth_parts;
    };
    for (std::size_t i0 = 0; i0 < p.rows; i0 += packing.outer_rows) {
        const std::size_t i_end = smaller(i0 + packing.outer_rows, p.rows);
        for (std::size_t part = 0; part < depth_parts; ++part) {
            const std::size_t first = start_of(part);
            const std::size_t depth = start_of(part + 1) - first;
            for (std::size_t j0 = 0; j0 < p.cols; j0 += packing.cols) {
                const std::size_t j_end = smaller(j0 + packing.cols, p.cols);
                const Panels<T> b = pack_b<Level>(p, packing, first, depth, j0, j_end - j0);
                const std::size_t prefetch_distance = panel_prefetch_distance<Level>(p, packing.packs_all, j_end - j0);
                for (std::size_t i = i0; i < i_end; i += packing.rows) {
                    const std::size_t rows = smaller(packing.rows, i_end - i);
                    const Strided<T> a = pack_a<Level>(p, packing, i, rows, first, depth);
                    const bool has_wide = b.in_place && prefetch_distance == 0 && in_wide_tiles<Level>(rows);
                    for (std::size_t j = j0, cols; j < j_end; j += cols) {
                        cols = has_wide && j_end - j >= Sizes::wide_panel_cols ? Sizes::wide_panel_cols
                                                                               : Sizes::panel_cols;
                        const std::size_t panel = (j - j0) / Sizes::panel_cols;
                        if (packing.packs_all)
                            prefetch_a_block(p, i + rows, smaller(packing.rows, i_end - i - rows), first, depth, panel,
                                             (j_end - j0 + Sizes::panel_cols - 1) / Sizes::panel_cols);
                        Tiles<T> tiles{
                            .rows = rows,
                            .depth = depth,
                            .a = a,
                            .b = b.data + panel * b.panel_stride,
                            .b_stride = b.row_stride,
                            .c = p.c + i * p.c_stride + j,
                            .c_stride = p.c_stride,
                            .accumulate = part > 0,
                            .start = p.bias != nullptr ? p.bias + j : no_bias<Level, T>,
                            .next_rows = rows_to_prefetch<Level>(p, packing.packs_all, i, j, cols, first, depth),
                            .b_prefetch_distance = i == i0 ? prefetch_distance : 0};
                        multiply_panel<Level, T>(tiles, smaller(cols, j_end - j));
                    }
                }
            }
        }
    }
}

// Whether b is one panel, and one part of the depth, that the microkernel reads in place or in a copy of its rows.
template <class Level, class T>
constexpr bool is_one_panel(const Product<T>& p) {
    using Sizes = BlockSizes<Level, T>;
    return p.depth <= Sizes::depth && p.b.col_stride == 1 && !conflicts_in_l1<T>(p.b.row_stride) &&
           (p.cols <= Sizes::panel_cols || (p.cols == Sizes::wide_panel_cols && in_wide_tiles<Level>(p.rows)));
}

// Such a product, without blocks: it may be small, so what comes before its first multiply-add is short. Rows of b that
// do not fill their vectors are copied without gaps: a whole vector then holds some of the next row as well, in lanes
// that are not stored. Behind the last row are zeros, so that nothing is multiplied that was never written.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_one_panel(const Product<T>& p) {
    using Sizes = BlockSizes<Level, T>;
    alignas(cache_line) T copy[Sizes::depth * Sizes::panel_cols + lanes<Level, T>];
    Tiles<T> tiles{.rows = p.rows,
                   .depth = p.depth,
                   .a = {},
                   .b = p.b.data,
                   .b_stride = p.b.row_stride,
                   .c = p.c,
                   .c_stride = p.c_stride,
                   .accumulate = false,
                   .start = p.bias != nullptr ? p.bias : no_bias<Level, T>,
                   .next_rows = rows_to_prefetch<Level>(p, false, 0, 0, p.cols, 0, p.depth)};
    // One by one: a load wider than the stores that wrote what it reads is not forwarded from them. It would wait until
    // they have reached the cache, behind all earlier stores, also those of the product before.
    tiles.a.data = p.a.data;
    forget_memory();
    tiles.a.row_stride = p.a.row_stride;
    forget_memory();
    tiles.a.col_stride = p.a.col_stride;
    if (packs_b<Level>(p, p.cols)) {
        const Vector<Level, T> zeros{};
        store(copy + p.depth * p.cols, zeros);
        const bool is_contiguous = p.b.row_stride == p.cols;
        copy_lines<Level, T>(copy, p.cols, p.b.data, p.b.row_stride, is_contiguous ? 1 : p.depth,
                             is_contiguous ? p.depth * p.cols : p.cols, (p.depth - 1) * p.b.row_stride + p.cols);
        tiles.b = copy;
        tiles.b_stride = p.cols;
    }
    multiply_panel<Level, T>(tiles, p.cols);
}

// The same in few instructions, for a level that is not tuned: a panel of b is copied, and each row of a multiplied by
// it.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_by_rows(const Product<T>& p) {
    constexpr std::size_t vectors = 4, width = lanes<Level, T>, panel_cols = vectors * width, most_depth = 128;
    T panel[most_depth * panel_cols];
    for (std::size_t j = 0; j < p.cols; j += panel_cols) {
        const std::size_t cols = smaller(panel_cols, p.cols - j);
        for (std::size_t first = 0; first < p.depth; first += most_depth) {
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
        }
    }
}

// c = a b + bias.
template <class T>
void gemm(const Product<T>& p);

// Products with few columns are computed as their transpose, whose rows fill vectors, so many rows of c at a time.
inline constexpr std::size_t most_cols_transposed = 12;
inline constexpr std::size_t rows_transposed = 64;

// Whether that pays: at least a quarter of c's vectors would be empty, columns of a can be read as vectors, and there
// are enough multiply-adds to make up for the copies.
template <class T>
bool pays_to_transpose(const Product<T>& p) {
    if (p.cols > most_cols_transposed || p.rows < 32 || p.depth < 64 || p.a.row_stride != 1 || p.bias != nullptr)
        return false;
    const Isa isa = active_isa();
    const std::size_t vector_bytes = isa == Isa::avx512 ? Avx512::vector_bytes
                                     : isa == Isa::avx2 ? Avx2::vector_bytes
                                                        : Baseline::vector_bytes;
    const std::size_t width = vector_bytes / sizeof(T), whole = (p.cols + width - 1) / width * width;
    return p.cols * 4 <= whole * 3 && runs_tuned();
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
void gemm(const Product<T>& p) {
    if (p.depth == 0) {  // a and b may be null
        for (std::size_t i = 0; i < p.rows; ++i)
            for (std::size_t j = 0; j < p.cols; ++j) p.c[i * p.c_stride + j] = p.bias != nullptr ? p.bias[j] : T{0};
        return;
    }
    if (p.rows == 0 || p.cols == 0) return;
    if (pays_to_transpose(p)) return gemm_transposed(p);
    void* const scratch = pays_to_pack_all(p) && runs_tuned() ? packing_scratch() : nullptr;
    dispatch([&p, scratch](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        if constexpr (!is_tuned<Level>) {
            multiply_by_rows<Level>(p);
        } else {
            // Not with the baseline: it may be a small machine's, whose stack has to hold the blocks.
            if constexpr (Level::vector_bytes > Baseline::vector_bytes)
                if (is_one_panel<Level>(p)) return multiply_one_panel<Level>(p);
            // Apart: a function with blocks on its stack takes longer to enter.
            run_apart<Level>([&p, scratch](auto same_level) NIB_LAMBDA_ALWAYS_INLINE {
                using Same = decltype(same_level);
                StackBuffers<Same, T> buffers;
                multiply_blocks<Same>(
                    p, scratch != nullptr ? pack_all<Same>(p, scratch) : pack_where_slow<Same>(p, buffers));
            });
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels::detail
