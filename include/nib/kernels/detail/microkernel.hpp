// The microkernel of gemm: it computes one tile, as many outputs as the registers hold, over a part of the depth.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels::detail {

// Non-owning view of a matrix with any strides: element (i, k) is data[i * row_stride + k * col_stride].
template <class T>
struct Strided {
    const T* data;
    std::size_t row_stride;
    std::size_t col_stride;
};

// Rows to prefetch for the next tile: as many as a tile has, right behind those of this tile. Of each row the first
// `cols` numbers, one cache line for every cache line of the depth.
template <class T>
struct Prefetch {
    const T* data;  // this tile's first row
    std::size_t row_stride;
    std::size_t cols;
};

// Tiles of c below one another: `rows` rows of whole vectors, over `depth` terms.
template <class T>
struct Tiles {
    std::size_t rows;
    std::size_t depth;
    Strided<T> a;
    const T* b;  // [depth, the tiles' vectors], b_stride apart
    std::size_t b_stride;
    T* c;
    std::size_t c_stride;
    bool accumulate;  // whether c holds the sums of an earlier part of the depth
    const T* start;   // else what the sums of all rows start from
    Prefetch<T> next_rows = {};
    std::size_t b_prefetch_distance = 0;  // prefetch b so many numbers ahead of each row; 0: not at all
    std::size_t last_lanes = 1;           // how many lanes of a row's last vector belong to c
};

// Whether there are masked loads and stores. Without, a tile whose columns do not fill its vectors is computed in a
// local copy.
template <class Level>
inline constexpr bool has_lane_masks = NIB_X86_INSTRUCTIONS&& Level::vector_bytes >= 32;

// Rows of a are multiplied in as few tiles as possible, of about the same size: how many groups of rows each has.
template <class Level>
constexpr std::size_t groups_of_tiles(std::size_t rows, std::size_t vectors) {
    constexpr std::size_t group = Level::rows_per_group;
    const std::size_t most = vectors == 1 ? Level::narrow_groups : Level::groups;
    if (rows <= most * group) return (rows + group - 1) / group;
    return rows <= 2 * (most - 1) * group ? most - 1 : most;
}

// Whether so many rows are multiplied in tiles of 5 rows of two vectors, or of 15 rows of one. In groups of 4 they
// would be 8, 12 or 16; and 15 is a usual batch.
template <class Level>
inline constexpr bool has_fives = Level::vector_bytes == 64;
constexpr bool in_fives(std::size_t rows, std::size_t vectors) {
    return rows == 15 || (vectors == 2 && (rows == 5 || rows == 10));
}

// With AVX-512, four vectors of a b that is read in place are one wide panel, in tiles of 4 and of 5 rows. For 16
// multiply-adds they load 4 vectors and 4 factors, where 8 rows of two vectors load 10.
template <class Level>
inline constexpr bool has_wide_tiles = Level::vector_bytes == 64;
// Whether so many rows are a sum of fours and fives.
template <class Level>
constexpr bool in_wide_tiles(std::size_t rows) {
    return has_wide_tiles<Level> && rows % 4 <= rows / 4;
}

// Whether tiles of so many groups of rows and of vectors read columns of b that do not fill a vector in place, through
// a mask. A masked load takes a turn of the unit that multiplies, so that in larger tiles packing costs less; and AVX2
// has no register left for a mask.
template <class Level>
constexpr bool masks_b(std::size_t groups, std::size_t vectors) {
    return has_lane_masks<Level> && Level::vector_bytes == 64 && vectors == 1 && groups < Level::narrow_groups;
}

// Prefetches what a tile of Rows rows is to prefetch while it adds the terms from number k to `end`.
template <class Level, std::size_t Rows, std::size_t Vectors, class T>
NIB_ALWAYS_INLINE void prefetch_ahead(const Tiles<T>& tiles, const T* b, std::size_t k, std::size_t end) {
    if (k < tiles.next_rows.cols) {
        const std::size_t step = tiles.next_rows.row_stride * sizeof(T);
        auto next =
            reinterpret_cast<std::uintptr_t>(tiles.next_rows.data) + smaller(tiles.rows, Rows) * step + k * sizeof(T);
        for (std::size_t r = 0; r < Rows; ++r, next += step) prefetch(next);
    }
    if (Vectors > 2 || tiles.b_prefetch_distance == 0) return;  // wide tiles prefetch no b
    for (std::size_t i = 0; i < end - k; ++i)
        for (std::size_t part = 0; part < Vectors * Level::vector_bytes; part += cache_line)
            prefetch(reinterpret_cast<std::uintptr_t>(b) +
                     (i * tiles.b_stride + tiles.b_prefetch_distance) * sizeof(T) + part);
}

// The compiler reads again what it has read from memory before.
NIB_ALWAYS_INLINE void forget_memory() { asm volatile("" ::: "memory"); }

// Computes tiles of Groups * Group rows of Vectors vectors in registers. The rows of a group are one stride apart, so
// that few registers hold addresses. In a last tile of fewer rows the last group is moved up and computes some rows
// twice, which needs no branches in the loop. In a tile of less than one group the last row is computed several times.
//
// On the way from one tile to the next the multiply-adds that wait in the processor's queue must not run out. So that
// way is short, and its numbers stay in memory: beside the loop's addresses they do not fit the registers, and GCC
// would keep them in registers of vectors, out of which they come only behind the queue.
template <class Level, class T, std::size_t Groups, std::size_t Group, std::size_t Vectors>
NIB_ALWAYS_INLINE void multiply_tiles(Tiles<T>& tiles) {
    using V = Vector<Level, T>;
    constexpr std::size_t width = lanes<Level, T>;
    constexpr std::size_t rows = Groups * Group;
    constexpr bool is_wide = Vectors > 2;
    constexpr bool repeats_last_row = Groups == 1 && Group == Level::rows_per_group && !is_wide;
    constexpr bool reads_b_masked = Group == Level::rows_per_group ? masks_b<Level>(Groups, Vectors) : Vectors == 1;

    // Load and store vector number v of a row of c or of what is added to.
#if NIB_X86_INSTRUCTIONS
    struct NoMask {
        explicit NoMask(std::size_t) {}
    };
    const std::conditional_t<has_lane_masks<Level>, FirstLanes<T, V>, NoMask> last{tiles.last_lanes};
    // Whole vectors do without: AVX2's masked stores take long on some processors, AVX-512's on some a little. So do
    // all rows of a tile but the last, where a row of the panel is a whole row of c, and what is stored behind it
    // belongs to the next one, which is stored after it.
    const bool masked = !is_wide && tiles.last_lanes != width;
    const bool next_row_covers = !repeats_last_row && tiles.c_stride == (Vectors - 1) * width + tiles.last_lanes &&
                                 width - tiles.last_lanes <= tiles.c_stride;
    const bool all_masked = masked && !next_row_covers;
#endif
    const auto load_part = [&](V& vector, const T* values, std::size_t v) NIB_LAMBDA_ALWAYS_INLINE {
#if NIB_X86_INSTRUCTIONS
        if constexpr (has_lane_masks<Level>)
            if (v + 1 == Vectors && masked) return last.load(vector, values + v * width);
#endif
        load(vector, values + v * width);
    };
    const auto store_part = [&](T* values, const V& vector, std::size_t v, bool is_last) NIB_LAMBDA_ALWAYS_INLINE {
#if NIB_X86_INSTRUCTIONS
        if constexpr (has_lane_masks<Level>)
            if (v + 1 == Vectors && (is_last ? masked : all_masked)) return last.store(values + v * width, vector);
#endif
        static_cast<void>(is_last);
        store(values + v * width, vector);
    };

    const auto starts_last_group = [](std::size_t r)
                                       NIB_LAMBDA_ALWAYS_INLINE { return Groups > 1 && r == rows - Group; };
    const auto has_next = [&](std::size_t r)
                              NIB_LAMBDA_ALWAYS_INLINE { return !repeats_last_row || r + 1 < tiles.rows; };
    do {
        // Where the sums start: the bias, the same for all rows, or what c holds.
        V sums[rows][Vectors];
        if (tiles.accumulate) {
            const T* c = tiles.c;
            NIB_UNROLL
            for (std::size_t r = 0; r < rows; ++r) {
                if (starts_last_group(r)) c = tiles.c + (smaller(tiles.rows, rows) - Group) * tiles.c_stride;
                NIB_UNROLL
                for (std::size_t v = 0; v < Vectors; ++v) load_part(sums[r][v], c, v);
                if (has_next(r)) c += tiles.c_stride;
            }
        } else {
            V start[Vectors];
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) load_part(start[v], tiles.start, v);
            NIB_UNROLL
            for (std::size_t r = 0; r < rows; ++r) {
                NIB_UNROLL
                for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = start[v];
            }
        }

        const T* a[Groups];  // the first row of each group
        NIB_UNROLL
        for (std::size_t g = 0; g < Groups; ++g) {
            const std::size_t first = starts_last_group(g * Group) ? smaller(tiles.rows, rows) - Group : g * Group;
            a[g] = tiles.a.data + first * tiles.a.row_stride;
        }
        const T* b = tiles.b;
        for (std::size_t k = 0; k < tiles.depth;) {
            // One cache line of a's rows at a time where something is prefetched, so that the inner loop has only loads
            // and multiply-adds: with a branch in it, Clang runs out of registers.
            std::size_t end = tiles.depth;
            if (tiles.next_rows.cols != 0 || tiles.b_prefetch_distance != 0) {
                end = smaller(k + cache_line / sizeof(T), end);
                prefetch_ahead<Level, rows, Vectors>(tiles, b, k, end);
            }
            forget_memory();
            const std::size_t stride = tiles.a.row_stride, col_stride = tiles.a.col_stride, b_stride = tiles.b_stride;
            std::size_t row_in_group[Group];
            NIB_UNROLL
            for (std::size_t r = 0; r < Group; ++r)
                row_in_group[r] = (repeats_last_row ? smaller(r, tiles.rows - 1) : r) * stride;
            for (; k < end; ++k) {
                V row[Vectors];
                NIB_UNROLL
                for (std::size_t v = 0; v < Vectors; ++v)
                    reads_b_masked ? load_part(row[v], b, v) : load(row[v], b + v * width);
                if constexpr (is_wide) {
                    NIB_UNROLL
                    for (std::size_t v = 0; v < Vectors; ++v) keep_in_register(row[v]);
                    V factors[rows];
                    NIB_UNROLL
                    for (std::size_t r = 0; r < rows; ++r) load_broadcast(factors[r], a[0] + row_in_group[r]);
                    NIB_UNROLL
                    for (std::size_t r = 0; r < rows; ++r) {
                        NIB_UNROLL
                        for (std::size_t v = 0; v < Vectors; ++v) multiply_add<Level>(sums[r][v], factors[r], row[v]);
                    }
                } else {
                    NIB_UNROLL
                    for (std::size_t r = 0; r < rows; ++r) {
                        const T factor = a[r / Group][row_in_group[r % Group]];
                        NIB_UNROLL
                        for (std::size_t v = 0; v < Vectors; ++v) multiply_add<Level>(sums[r][v], factor, row[v]);
                    }
                }
                NIB_UNROLL
                for (std::size_t g = 0; g < Groups; ++g) a[g] += col_stride;
                b += b_stride;
            }
            forget_memory();
        }

        const std::size_t c_stride = tiles.c_stride, count = smaller(tiles.rows, rows);
        T* c = tiles.c;
        NIB_UNROLL
        for (std::size_t r = 0; r < rows; ++r) {
            if (starts_last_group(r)) c = tiles.c + (count - Group) * c_stride;
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) store_part(c, sums[r][v], v, r + 1 == rows);
            if (has_next(r)) c += c_stride;
        }
        tiles.a.data += count * tiles.a.row_stride;
        tiles.c += count * c_stride;
        tiles.next_rows.data += count * tiles.next_rows.row_stride;
        tiles.b_prefetch_distance = 0;  // once is enough
        tiles.rows -= count;
    } while (tiles.rows > 0);
}

// Each kind of tile is a function of its own, which has all registers to itself.
template <class Level, class T, std::size_t Groups, std::size_t Group, std::size_t Vectors>
NIB_ALWAYS_INLINE void run_tiles(Tiles<T>& tiles) {
    run_apart<Level>([&tiles](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        multiply_tiles<decltype(level), T, Groups, Group, Vectors>(tiles);
    });
}

// Tiles of so many groups of rows, or in fives.
template <class Level, class T, std::size_t Vectors>
NIB_ALWAYS_INLINE void run_groups(Tiles<T>& tiles, std::size_t groups) {
    if constexpr (has_fives<Level>)
        if (in_fives(tiles.rows, Vectors)) return run_tiles<Level, T, (Vectors == 2 ? 1 : 3), 5, Vectors>(tiles);
    constexpr std::size_t most = Vectors == 1 ? Level::narrow_groups : Level::groups;
    constexpr std::size_t group = Level::rows_per_group;
    if (most > 2 && groups > 2)
        run_tiles<Level, T, most, group, Vectors>(tiles);
    else if (groups == 2)
        run_tiles<Level, T, 2, group, Vectors>(tiles);
    else
        run_tiles<Level, T, 1, group, Vectors>(tiles);
}

// Multiplies a by a wide panel: four vectors, in_wide_tiles(rows).
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_wide_panel(Tiles<T>& tiles) {
    assert(in_wide_tiles<Level>(tiles.rows));
    const std::size_t fives = tiles.rows % 4, fours = tiles.rows / 4 - fives;
    tiles.rows = fours * 4;
    if (fours > 0) run_tiles<Level, T, 1, 4, 4>(tiles);
    tiles.rows = fives * 5;
    if (fives > 0) run_tiles<Level, T, 1, 5, 4>(tiles);
}

// A local copy of a tile whose columns do not fill its vectors.
template <class Level, class T>
struct Edge {
    static constexpr std::size_t most_cols = 2 * lanes<Level, T>;
    static constexpr std::size_t most_rows = larger(Level::groups, Level::narrow_groups) * Level::rows_per_group;
    T c[most_rows * most_cols];
    T start[most_cols];
};

// Copies rows of `cols` numbers.
template <std::size_t Most, class T>
NIB_ALWAYS_INLINE void copy_rows(T* to, std::size_t to_stride, const T* from, std::size_t from_stride, std::size_t rows,
                                 std::size_t cols) {
    for (std::size_t r = 0; r < rows; ++r) copy_fewer<Most>(to + r * to_stride, from + r * from_stride, cols);
}

// Multiplies a by a panel of `cols` columns of b: up to two vectors, or a wide panel. `tiles` has all of a's rows, and
// is not to be used any more.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_panel(Tiles<T>& tiles, std::size_t cols) {
    constexpr std::size_t width = lanes<Level, T>;
    constexpr std::size_t group = Level::rows_per_group;
    constexpr std::size_t edge_cols = Edge<Level, T>::most_cols;
    if constexpr (has_wide_tiles<Level>)
        if (cols > edge_cols) return multiply_wide_panel<Level>(tiles);
    const bool whole = has_lane_masks<Level> || cols % width == 0;
    tiles.last_lanes = whole ? (cols - 1) % width + 1 : width;
    Edge<Level, T> edge;
    if (!whole && !tiles.accumulate) {
        copy_fewer<edge_cols>(edge.start, tiles.start, cols);
        tiles.start = edge.start;
    }
    T* c = tiles.c;
    const std::size_t c_stride = tiles.c_stride;
    const std::size_t vectors = cols > width ? 2 : 1;
    std::size_t left = tiles.rows, groups = groups_of_tiles<Level>(left, vectors);
    while (left > 0) {
        tiles.rows = left;
        if (left <= groups * group) {
            groups = groups_of_tiles<Level>(left, vectors);
        } else if (!whole) {
            tiles.rows = groups * group;
        } else if (!has_fives<Level> || !in_fives(left, vectors)) {
            // A last tile of fewer groups waits for the next turn.
            const std::size_t rest = groups > 2 ? left % (3 * group) : left % (2 * group);
            if (rest <= (groups - 1) * group) tiles.rows = left - rest;
        }
        // (`smaller` changes nothing, but GCC warns of writes behind `edge` without it.)
        const std::size_t count = whole ? tiles.rows : smaller(tiles.rows, Edge<Level, T>::most_rows);
        if (!whole) {
            if (tiles.accumulate) copy_rows<edge_cols>(edge.c, edge_cols, c, c_stride, count, cols);
            tiles.c = edge.c;
            tiles.c_stride = edge_cols;
        }
        vectors == 2 ? run_groups<Level, T, 2>(tiles, groups) : run_groups<Level, T, 1>(tiles, groups);
        if (!whole) copy_rows<edge_cols>(c, c_stride, edge.c, edge_cols, count, cols);
        c += count * c_stride;
        left -= count;
    }
}

}  // namespace nib::inline NIB_ABI::kernels::detail
