// Packing: how the dense product is cut into blocks that fit the caches, and which parts of a and b are copied, so that
// the microkernel reads them in order.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/storage.hpp>
#include <nib/kernels/microkernel.hpp>
#include <nib/kernels/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace nib::inline NIB_ABI::kernels::detail {

// c = a b + bias; c is row-major.
template <class T>
struct Product {
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    Strided<T> a;             // [rows, depth]
    Strided<T> b;             // [depth, cols]
    T* c;                     // [rows, cols]
    const T* bias = nullptr;  // [cols]; nullptr is 0
};

// Copies `lines` lines of `length` numbers each, in whole vectors as far as `readable` numbers from the first one on
// may be read; what stands behind a copied line is not specified, up to the next whole vector.
template <class Level, class T>
NIB_ALWAYS_INLINE void copy_lines(T* to, std::size_t to_stride, const T* from, std::size_t from_stride,
                                  std::size_t lines, std::size_t length, std::size_t readable) {
    constexpr std::size_t width = lanes<Level, T>;
    const std::size_t whole = (length + width - 1) / width * width;
    for (std::size_t i = 0; i < lines; ++i) {
        T* const line = to + i * to_stride;
        const T* const source = from + i * from_stride;
        const bool all_readable = i * from_stride + whole <= readable;
        for (std::size_t j = 0; j < whole; j += width) {
            Vector<Level, T> part;
            if (all_readable)
                load(part, source + j);
            else
                load_at_most(part, source + j, length - j);
            store(line + j, part);
        }
    }
}

// to[k, j] = from[j, k] for `depth` values of k and `cols` of j, which are made up to whole vectors with zeros.
template <class Level, class T>
NIB_ALWAYS_INLINE void transpose_lines(T* to, std::size_t to_stride, const T* from, std::size_t from_stride,
                                       std::size_t depth, std::size_t cols) {
    constexpr std::size_t width = lanes<Level, T>;
    for (std::size_t j = 0; j < cols; j += width) {
        const std::size_t count = smaller(width, cols - j);
        std::size_t k = 0;
        for (; count == width && k + width <= depth; k += width) {
            Vector<Level, T> square[width];
            NIB_UNROLL
            for (std::size_t i = 0; i < width; ++i) load(square[i], from + (j + i) * from_stride + k);
            transpose(square);
            NIB_UNROLL
            for (std::size_t i = 0; i < width; ++i) store(to + (k + i) * to_stride + j, square[i]);
        }
        for (; k < depth; ++k) {
            T* const line = to + k * to_stride + j;
            for (std::size_t i = 0; i < count; ++i) line[i] = from[(j + i) * from_stride + k];
            for (std::size_t i = count; i < width; ++i) line[i] = T{0};
        }
    }
}

// to[r, j] = from[j, r] for `rows` values of r and `cols` of j, fewer than a vector has lanes, both without gaps. Up to
// a vector more is read behind the end of `from`.
template <class Level, class T>
NIB_ALWAYS_INLINE void transpose_columns(T* to, const T* from, std::size_t cols, std::size_t rows) {
    constexpr std::size_t width = lanes<Level, T>;
    for (std::size_t r = 0; r < rows; r += width) {
        Vector<Level, T> square[width];
        for (std::size_t j = 0; j < width; ++j) load(square[j], from + smaller(j, cols - 1) * rows + r);
        transpose(square);
        const std::size_t count = smaller(width, rows - r);
        for (std::size_t i = 0; i < count; ++i) store_first(to + (r + i) * cols, square[i], cols);
    }
}

// From so many rows of a on it pays to copy rows of b that collide.
inline constexpr std::size_t rows_worth_packing = 64;

// Whether `cols` columns of p's b are copied.
template <class Level, class T>
constexpr bool packs_b(const Product<T>& p, std::size_t cols) {
    return p.b.col_stride != 1 || cols % lanes<Level, T> != 0 ||
           (p.rows >= rows_worth_packing && collides<T>(p.b.row_stride));
}

// How a product is cut into pieces that fit the caches.
template <class Level, class T>
struct BlockSizes {
    static constexpr std::size_t width = lanes<Level, T>;
    static constexpr std::size_t panel_cols = 2 * width;
    // A panel of b is half of a first-level cache with AVX2, where large products gain by that. On the stack of a small
    // machine a quarter has to do.
    static constexpr std::size_t depth = Level::vector_bytes == 32 ? 256 : 128;
    static constexpr std::size_t a_stride = depth + cache_line / sizeof(T);
    // What a first-level cache holds of a, while a few panels of b pass by.
    static constexpr std::size_t block_rows = 24;
    static constexpr std::size_t block_panels = 4;
};

// With copies on the stack, made only where they pay: a b whose columns are contiguous is transposed; columns that fill
// no whole vector are made up; and rows that collide would all fall on the same few places of a cache.
template <class Level, class T>
struct Blocks : BlockSizes<Level, T> {
    using Sizes = BlockSizes<Level, T>;
    static constexpr bool packs_all = false;
    static constexpr std::size_t rows = Sizes::block_rows;
    static constexpr std::size_t cols = Sizes::block_panels * Sizes::panel_cols;
    static constexpr std::size_t outer_rows = 384;  // for which one copy of a part of b serves

    // The depth with AVX2 where nothing is copied, so that no array limits it, and a passes only once.
    static constexpr std::size_t depth_in_place = 800;

    // So few rows take a b that collides in strips of so many bytes (lines_of_strip).
    static constexpr std::size_t rows_in_strips = 8;
    static constexpr std::size_t strip_bytes = 128 * 1024;

    static constexpr std::size_t most_depth(const Product<T>& p) {
        if (p.rows <= rows_in_strips && p.cols > Sizes::panel_cols && collides<T>(p.b.row_stride))
            return smaller(lines_of_strip<T>(p.b.row_stride, strip_bytes), Sizes::depth);
        const bool in_place = p.a.col_stride == 1 && !collides<T>(p.a.row_stride) && !packs_b<Level>(p, p.cols);
        return Level::vector_bytes == 32 && p.cols <= cols && in_place ? depth_in_place : Sizes::depth;
    }

    alignas(cache_line) T packed_a[rows * Sizes::a_stride];
    alignas(cache_line) T packed_b[cols * Sizes::depth];
};

// Memory for LargeBlocks, which the thread keeps; nullptr where there is none.
inline constexpr std::size_t scratch_bytes = std::size_t{1200} * 1024;
inline void* packing_scratch() noexcept {
    struct Owner {
        void* data = nullptr;
        ~Owner() { ::operator delete (std::exchange(data, nullptr), std::align_val_t{cache_line}); }
    };
    thread_local Owner owner;
    if (owner.data == nullptr) owner.data = ::operator new (scratch_bytes, std::align_val_t{cache_line}, std::nothrow);
    return owner.data;
}

// In a large product each part of a meets many panels of b, and each panel many parts of a. All are copied, each part
// of b once, and of a once for every `cols` columns, and not again for every block of the other matrix.
template <class Level, class T>
struct LargeBlocks : BlockSizes<Level, T> {
    using Sizes = BlockSizes<Level, T>;
    static constexpr bool packs_all = true;
    static constexpr std::size_t most_rows = 96 * 1024 / sizeof(T) / Sizes::depth;  // a part of a second-level cache
    static constexpr std::size_t cols = 64 * Sizes::panel_cols;                     // up to a megabyte of b
    static constexpr std::size_t outer_rows = static_cast<std::size_t>(-1) / 2;     // all

    NIB_ALWAYS_INLINE LargeBlocks(const Product<T>& p, void* scratch) {
        constexpr std::size_t tile_rows = Level::groups * Level::rows_per_group;
        constexpr std::size_t most_packed_a = most_rows * Sizes::a_stride;
        static_assert(most_rows % tile_rows == 0 && most_rows % Sizes::width == 0);
        static_assert((most_packed_a + cols * Sizes::depth) * sizeof(T) <= scratch_bytes);
        const std::size_t blocks = (p.rows + most_rows - 1) / most_rows;
        rows = ((p.rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
        packed_a = static_cast<T*>(scratch);
        packed_b = packed_a + most_packed_a;
    }

    static constexpr std::size_t most_depth(const Product<T>&) { return Sizes::depth; }

    std::size_t rows;  // of a, about as many in every block, in whole tiles
    T* packed_a;
    T* packed_b;
};

// A part of b: `depth` rows, in panels one behind the other.
template <class T>
struct Panels {
    const T* data;
    std::size_t row_stride;
    std::size_t panel_stride;
};

// to = rows [first, first + depth) and columns [j, j + cols) of p's b, in panels without gaps.
template <class Level, class T>
NIB_ALWAYS_INLINE void copy_to_panels(T* to, const Product<T>& p, std::size_t first, std::size_t depth, std::size_t j,
                                      std::size_t cols) {
    constexpr std::size_t panel_cols = BlockSizes<Level, T>::panel_cols;
    const T* const from = p.b.data + first * p.b.row_stride + j * p.b.col_stride;
    const bool transposed = p.b.col_stride != 1;
    if (!transposed && cols % panel_cols == 0) {  // all panels' lines at once: they are neighbours
        for (std::size_t k = 0; k < depth; ++k)
            copy_lines<Level, T>(to + k * panel_cols, depth * panel_cols, from + k * p.b.row_stride, panel_cols,
                                 cols / panel_cols, panel_cols, cols);
        return;
    }
    for (std::size_t c = 0; c < cols; c += panel_cols) {
        T* const panel = to + c * depth;
        const std::size_t count = smaller(panel_cols, cols - c);
        if (transposed)
            transpose_lines<Level, T>(panel, panel_cols, from + c * p.b.col_stride, p.b.col_stride, depth, count);
        else
            copy_lines<Level, T>(panel, panel_cols, from + c, p.b.row_stride, depth, count,
                                 (p.depth - 1 - first) * p.b.row_stride + p.cols - j - c);
    }
}

// Rows [first, first + depth) and columns [j, j + cols) of p's b, packed or where they stand.
template <class Level, class T, class B>
NIB_ALWAYS_INLINE Panels<T> pack_b(const Product<T>& p, B& blocks, std::size_t first, std::size_t depth, std::size_t j,
                                   std::size_t cols) {
    if (!B::packs_all && !packs_b<Level>(p, cols))
        return {p.b.data + first * p.b.row_stride + j, p.b.row_stride, B::panel_cols};
    // A few panels at a time: the lines of more of them, as far apart, would drive each other out of the cache.
    for (std::size_t c = 0; c < cols; c += B::block_panels * B::panel_cols)
        copy_to_panels<Level>(blocks.packed_b + c * depth, p, first, depth, j + c,
                              smaller(B::block_panels * B::panel_cols, cols - c));
    return {blocks.packed_b, B::panel_cols, depth * B::panel_cols};
}

// Rows [i, i + rows) and columns [first, first + depth) of p's a, packed or where they stand.
template <class Level, class T, class B>
NIB_ALWAYS_INLINE Strided<T> pack_a(const Product<T>& p, B& blocks, std::size_t i, std::size_t rows, std::size_t first,
                                    std::size_t depth) {
    const Strided<T> a{p.a.data + i * p.a.row_stride + first * p.a.col_stride, p.a.row_stride, p.a.col_stride};
    if (a.col_stride == 1) {
        const bool collide = collides<T>(a.row_stride) && rows > Level::rows_per_group && p.cols > B::panel_cols;
        if (!B::packs_all && !collide) return a;
        copy_lines<Level, T>(blocks.packed_a, B::a_stride, a.data, a.row_stride, rows, depth,
                             (p.rows - 1 - i) * a.row_stride + p.depth - first);
        return {blocks.packed_a, B::a_stride, 1};
    }
    if constexpr (B::packs_all) {
        copy_lines<Level, T>(blocks.packed_a, B::most_rows, a.data, a.col_stride, depth, rows,
                             (p.depth - 1 - first) * a.col_stride + p.rows - i);
        return {blocks.packed_a, 1, B::most_rows};
    }
    return a;
}

// In a product of many rows the next rows of a are far away when the first panel meets them, and those of c where sums
// go on from an earlier part of the depth, or where there is no room for them in the caches. These are prefetched.
template <class B, class T>
NIB_ALWAYS_INLINE Prefetch<T> rows_to_prefetch(const Product<T>& p, std::size_t i, std::size_t j, std::size_t first,
                                               std::size_t depth) {
    if (B::packs_all || (j > 0 && depth < p.depth && p.rows > B::block_rows))
        return {p.c + i * p.cols + j, p.cols, B::panel_cols};
    if (j == 0 && p.a.col_stride == 1 && p.rows > B::block_rows)
        return {p.a.data + i * p.a.row_stride + first, p.a.row_stride, depth};
    return {};
}

// How far behind its own rows a panel of p's b prefetches the next ones: rows that collide are read where they stand,
// and few of them or none share a page, so that no machine sees by itself what comes next.
template <class Level, class B, class T>
constexpr std::size_t panel_prefetch_distance(const Product<T>& p, std::size_t cols) {
    const bool in_place = !B::packs_all && !packs_b<Level>(p, cols);
    return in_place && collides<T>(p.b.row_stride) && p.cols > B::panel_cols ? 4 * B::panel_cols : 0;
}

// Prefetches the share of one of `panels` panels in what pack_a will copy next, so that it comes while they pass by.
template <class T>
NIB_ALWAYS_INLINE void prefetch_a_block(const Product<T>& p, std::size_t i, std::size_t rows, std::size_t first,
                                        std::size_t depth, std::size_t panel, std::size_t panels) {
    if (rows == 0) return;
    const bool contiguous = p.a.col_stride == 1;
    const std::size_t lines = contiguous ? rows : depth;
    const std::size_t length = contiguous ? depth : rows;
    const std::size_t stride = contiguous ? p.a.row_stride : p.a.col_stride;
    const T* const from = p.a.data + i * p.a.row_stride + first * p.a.col_stride;
    for (std::size_t line = lines * panel / panels; line < lines * (panel + 1) / panels; ++line)
        for (std::size_t k = 0; k < length; k += cache_line / sizeof(T))
            prefetch(reinterpret_cast<std::uintptr_t>(from + line * stride + k));
}

// Whether LargeBlocks are worth their copies: smaller products are slower so.
template <class T>
constexpr bool pays_to_pack_all(const Product<T>& p) {
    const std::size_t line_stride = larger(p.a.row_stride, p.a.col_stride);
    return p.rows >= 192 && p.depth >= 128 && p.cols >= (collides<T>(line_stride) ? 128 : 384);
}

}  // namespace nib::inline NIB_ABI::kernels::detail
