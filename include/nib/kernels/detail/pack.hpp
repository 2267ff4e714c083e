// Packing for gemm: the sizes of the blocks that fit the caches, and which parts of a and b are copied so that the
// microkernel reads them in order.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/detail/microkernel.hpp>
#include <nib/kernels/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace nib::inline NIB_ABI::kernels::detail {

// c = a b + bias; rows of c are contiguous.
template <class T>
struct Product {
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    Strided<T> a;             // [rows, depth]
    Strided<T> b;             // [depth, cols]
    T* c;                     // [rows, cols]
    std::size_t c_stride;     // from one row of c to the next
    const T* bias = nullptr;  // [cols]; nullptr is 0
};

// Copies `lines` lines of `length` numbers each. `readable` numbers may be read from `from` on; whole vectors are
// copied as far as that allows. The numbers behind a copied line, up to the next whole vector, are unspecified.
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

// to[k, j] = from[j, k] for `depth` values of k and `cols` of j. Rows of `to` are padded with zeros to whole vectors.
// `to` has room for a number of rows that is a multiple of a vector's lanes; those behind `depth` are unspecified.
template <class Level, class T>
NIB_ALWAYS_INLINE void transpose_lines(T* to, std::size_t to_stride, const T* from, std::size_t from_stride,
                                       std::size_t depth, std::size_t cols) {
    constexpr std::size_t width = lanes<Level, T>;
    for (std::size_t j = 0; j < cols; j += width) {
        const std::size_t count = smaller(width, cols - j);
        std::size_t k = 0;
        for (; count == width && k < depth; k += width) {
            Vector<Level, T> square[width];
            const auto load_rows = [&](const auto& load_row) NIB_LAMBDA_ALWAYS_INLINE {
                NIB_UNROLL
                for (std::size_t i = 0; i < width; ++i) load_row(square[i], from + (j + i) * from_stride + k);
            };
            const std::size_t lines = depth - k;
            if (lines >= width)
                load_rows([](auto& row, const T* values) NIB_LAMBDA_ALWAYS_INLINE { load(row, values); });
            else
                load_rows([=](auto& row, const T* values) NIB_LAMBDA_ALWAYS_INLINE { load_first(row, values, lines); });
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

// The number of rows of a from which on it pays to pack rows of b that conflict in L1.
inline constexpr std::size_t rows_worth_packing = 64;
// The same for rows of b that do not fill their vectors, where masks can stand in.
inline constexpr std::size_t rows_worth_padding = 32;

// Whether `cols` columns of p's b are packed.
template <class Level, class T>
constexpr bool packs_b(const Product<T>& p, std::size_t cols) {
    constexpr std::size_t width = lanes<Level, T>;
    if (p.b.col_stride != 1) return true;
    if (cols % width != 0) {
        const std::size_t vectors = cols / width % 2 + 1;  // of the last panel
        return p.rows >= rows_worth_padding || !masks_b<Level>(groups_of_tiles<Level>(p.rows, vectors), vectors);
    }
    return p.rows >= rows_worth_packing && conflicts_in_l1<T>(p.b.row_stride);
}

// The block sizes of a level.
template <class Level, class T>
struct BlockSizes {
    static constexpr std::size_t width = lanes<Level, T>;
    static constexpr std::size_t panel_cols = 2 * width;
    static constexpr std::size_t wide_panel_cols = 4 * width;  // where has_wide_tiles
    // With AVX2 and AVX-512 a panel of b fills half of L1. The baseline's is smaller, since its arrays may be on the
    // stack of a small machine.
    static constexpr std::size_t depth = Level::vector_bytes == 32 ? 256 : 128;
    static constexpr std::size_t a_stride = depth + cache_line / sizeof(T);
    // Rows of a that stay in L1 while a few panels of b are multiplied by them.
    static constexpr std::size_t block_rows = 24;
    static constexpr std::size_t block_panels = 4;
    // Where all is packed: rows of a that fill a part of a second-level cache, and up to a megabyte of b.
    static constexpr std::size_t most_rows = 96 * 1024 / sizeof(T) / depth;
    static constexpr std::size_t most_cols = 64 * panel_cols;
};

// Whether `rows` rows of p's a are packed: those that conflict in L1.
template <class Level, class T>
constexpr bool packs_a(const Product<T>& p, std::size_t rows) {
    return p.a.col_stride == 1 && conflicts_in_l1<T>(p.a.row_stride) && rows > Level::rows_per_group &&
           p.cols > BlockSizes<Level, T>::panel_cols;
}

// Memory on the stack for what is packed of most products.
template <class Level, class T>
struct StackBuffers {
    using Sizes = BlockSizes<Level, T>;
    alignas(cache_line) T packed_a[Sizes::block_rows * Sizes::a_stride];
    alignas(cache_line) T packed_b[Sizes::block_panels * Sizes::panel_cols * Sizes::depth];
};

// Scratch memory for products that pack all. The thread keeps it. nullptr if the allocation fails.
inline constexpr std::size_t scratch_bytes = std::size_t{1200} * 1024;
inline void* packing_scratch() noexcept {
    struct Owner {
        void* data = nullptr;
        ~Owner() { ::operator delete (std::exchange(data, nullptr), std::align_val_t{cache_line}); }
    };
    NIB_THREAD_LOCAL Owner owner;
    if (owner.data == nullptr) owner.data = ::operator new (scratch_bytes, std::align_val_t{cache_line}, std::nothrow);
    return owner.data;
}

// Up to so many rows of a read a b that conflicts in L1 in strips of so many bytes (lines_of_strip).
inline constexpr std::size_t rows_in_strips = 8;
inline constexpr std::size_t strip_bytes = 128 * 1024;

// How a product is cut into blocks, and where its packed blocks are.
template <class T>
struct Packing {
    bool packs_all;
    std::size_t outer_rows;  // of c, for which a part of b is packed once
    std::size_t rows;        // of a in a block
    std::size_t cols;        // of b in a block
    std::size_t most_depth;
    T* packed_a;
    T* packed_b;
};

// Packs only what is slow to read in place: a b whose columns are contiguous (it is transposed), columns that do not
// fill a vector, unless a mask stands in (they are padded), and rows that conflict in L1.
template <class Level, class T>
NIB_ALWAYS_INLINE Packing<T> pack_where_slow(const Product<T>& p, StackBuffers<Level, T>& buffers) {
    using Sizes = BlockSizes<Level, T>;
    // The depth with AVX2 where nothing is packed: no buffer limits it, and a is read only once.
    constexpr std::size_t depth_in_place = 800;
    constexpr std::size_t cols = Sizes::block_panels * Sizes::panel_cols;
    std::size_t depth = Sizes::depth;
    if (p.rows <= rows_in_strips && p.cols > Sizes::panel_cols && conflicts_in_l1<T>(p.b.row_stride))
        depth = smaller(lines_of_strip<T>(p.b.row_stride, strip_bytes), depth);
    else if (Level::vector_bytes == 32 && p.cols <= cols && p.a.col_stride == 1 &&
             !conflicts_in_l1<T>(p.a.row_stride) && !packs_b<Level>(p, p.cols))
        depth = depth_in_place;
    // A block of a that is read in place is as large as L1 allows while several panels of b are multiplied by it. Of a
    // transposed a, a second-level cache is as good.
    std::size_t rows = Sizes::block_rows;
    if (p.cols <= Sizes::panel_cols)
        rows = p.rows;
    else if (p.a.col_stride != 1)
        rows = 8 * Sizes::block_rows;
    else if (!packs_a<Level>(p, p.rows))
        while (rows < p.rows && rows * 2 * p.depth <= Sizes::block_rows * Sizes::depth) rows *= 2;
    return {.packs_all = false,
            .outer_rows = 384,
            .rows = rows,
            .cols = cols,
            .most_depth = depth,
            .packed_a = buffers.packed_a,
            .packed_b = buffers.packed_b};
}

// Packs all of a and b, for large products: every packed part is used many times. Each part of b is packed once, each
// part of a once for every `cols` columns.
template <class Level, class T>
NIB_ALWAYS_INLINE Packing<T> pack_all(const Product<T>& p, void* scratch) {
    using Sizes = BlockSizes<Level, T>;
    constexpr std::size_t tile_rows = Level::groups * Level::rows_per_group;
    constexpr std::size_t most_packed_a = Sizes::most_rows * Sizes::a_stride;
    static_assert(Sizes::most_rows % tile_rows == 0 && Sizes::most_rows % Sizes::width == 0);
    static_assert((most_packed_a + Sizes::most_cols * Sizes::depth) * sizeof(T) <= scratch_bytes);
    const std::size_t blocks = (p.rows + Sizes::most_rows - 1) / Sizes::most_rows;
    return {.packs_all = true,
            .outer_rows = p.rows,
            .rows = ((p.rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows,  // about equal blocks
            .cols = Sizes::most_cols,
            .most_depth = Sizes::depth,
            .packed_a = static_cast<T*>(scratch),
            .packed_b = static_cast<T*>(scratch) + most_packed_a};
}

// A part of b as panels, packed or in place.
template <class T>
struct Panels {
    const T* data;
    std::size_t row_stride;
    std::size_t panel_stride;
    bool in_place;
};

// Packs rows [first, first + depth) and columns [j, j + cols) of p's b into panels without gaps.
template <class Level, class T>
NIB_ALWAYS_INLINE void copy_to_panels(T* to, const Product<T>& p, std::size_t first, std::size_t depth, std::size_t j,
                                      std::size_t cols) {
    constexpr std::size_t panel_cols = BlockSizes<Level, T>::panel_cols;
    const T* const from = p.b.data + first * p.b.row_stride + j * p.b.col_stride;
    const bool transposed = p.b.col_stride != 1;
    if (!transposed && cols % panel_cols == 0) {  // a row of all panels is contiguous in b
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
template <class Level, class T>
NIB_ALWAYS_INLINE Panels<T> pack_b(const Product<T>& p, const Packing<T>& packing, std::size_t first, std::size_t depth,
                                   std::size_t j, std::size_t cols) {
    using Sizes = BlockSizes<Level, T>;
    if (!packing.packs_all && !packs_b<Level>(p, cols))
        return {p.b.data + first * p.b.row_stride + j, p.b.row_stride, Sizes::panel_cols, true};
    // A few panels at a time: more would write to so many lines, equally far apart, that they conflict in L1.
    constexpr std::size_t at_once = Sizes::block_panels * Sizes::panel_cols;
    run_apart<Level>([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t c = 0; c < cols; c += at_once)
            copy_to_panels<decltype(level)>(packing.packed_b + c * depth, p, first, depth, j + c,
                                            smaller(at_once, cols - c));
    });
    return {packing.packed_b, Sizes::panel_cols, depth * Sizes::panel_cols, false};
}

// Rows [i, i + rows) and columns [first, first + depth) of p's a, packed or where they stand.
template <class Level, class T>
NIB_ALWAYS_INLINE Strided<T> pack_a(const Product<T>& p, const Packing<T>& packing, std::size_t i, std::size_t rows,
                                    std::size_t first, std::size_t depth) {
    using Sizes = BlockSizes<Level, T>;
    const Strided<T> a{p.a.data + i * p.a.row_stride + first * p.a.col_stride, p.a.row_stride, p.a.col_stride};
    if (!packing.packs_all && !packs_a<Level>(p, rows)) return a;
    const bool contiguous = a.col_stride == 1;
    // Line by line: rows of a, or its columns where these are contiguous.
    const std::size_t lines = contiguous ? rows : depth;
    const std::size_t length = contiguous ? depth : rows;
    const std::size_t from_stride = contiguous ? a.row_stride : a.col_stride;
    const std::size_t stride = contiguous ? Sizes::a_stride : Sizes::most_rows;
    const std::size_t readable = contiguous ? (p.rows - 1 - i) * from_stride + p.depth - first
                                            : (p.depth - 1 - first) * from_stride + p.rows - i;
    run_apart<Level>([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        copy_lines<decltype(level), T>(packing.packed_a, stride, a.data, from_stride, lines, length, readable);
    });
    return contiguous ? Strided<T>{packing.packed_a, stride, 1} : Strided<T>{packing.packed_a, 1, stride};
}

// What to prefetch in a product of many rows, with a panel of `cols` columns. Rows of a: while the first panel of b is
// multiplied, because nothing has read them yet. Rows of c: where they accumulate an earlier part of the depth, or are
// too many for the caches.
template <class Level, class T>
NIB_ALWAYS_INLINE Prefetch<T> rows_to_prefetch(const Product<T>& p, bool packs_all, std::size_t i, std::size_t j,
                                               std::size_t cols, std::size_t first, std::size_t depth) {
    using Sizes = BlockSizes<Level, T>;
    if (packs_all || (j > 0 && depth < p.depth && p.rows > Sizes::block_rows))
        return {p.c + i * p.c_stride + j, p.c_stride, cols};
    if (j == 0 && p.a.col_stride == 1 && p.rows > Sizes::block_rows)
        return {p.a.data + i * p.a.row_stride + first, p.a.row_stride, depth};
    return {};
}

// How many numbers ahead of a row of a panel to prefetch b, or 0: for rows that conflict in L1 and are read in place.
// They are pages apart, so the processor's own prefetcher does not recognise the pattern.
template <class Level, class T>
constexpr std::size_t panel_prefetch_distance(const Product<T>& p, bool packs_all, std::size_t cols) {
    constexpr std::size_t panel_cols = BlockSizes<Level, T>::panel_cols;
    const bool in_place = !packs_all && !packs_b<Level>(p, cols);
    return in_place && conflicts_in_l1<T>(p.b.row_stride) && p.cols > panel_cols ? 4 * panel_cols : 0;
}

// Prefetches part number `panel` of `panels` of the block that pack_a copies next, so that it arrives in time.
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

// Whether a product is large enough to gain by pack_all.
template <class T>
constexpr bool pays_to_pack_all(const Product<T>& p) {
    const std::size_t line_stride = larger(p.a.row_stride, p.a.col_stride);
    return p.rows >= 192 && p.depth >= 128 && p.cols >= (conflicts_in_l1<T>(line_stride) ? 128 : 384);
}

}  // namespace nib::inline NIB_ABI::kernels::detail
