// The microkernel of gemm: it computes one tile, as many outputs as the registers hold, over a part of the depth.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/vector.hpp>

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

// One tile of c: `rows` rows of whole vectors, over `depth` terms.
template <class T>
struct Tile {
    std::size_t rows;
    std::size_t depth;
    Strided<T> a;
    const T* b;  // [depth, the tile's vectors], b_stride apart
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
constexpr std::size_t groups_of_tiles(std::size_t rows) {
    constexpr std::size_t group = Level::rows_per_group, most = Level::groups * group;
    const std::size_t tiles = (rows + most - 1) / most;
    return ((rows + tiles - 1) / tiles + group - 1) / group;
}

// Whether tiles of so many groups of rows and of vectors read columns of b that do not fill a vector in place, through
// a mask. A masked load takes a turn of the unit that multiplies, so that in larger tiles packing costs less; and AVX2
// has no register left for a mask.
template <class Level>
constexpr bool masks_b(std::size_t groups, std::size_t vectors) {
    return has_lane_masks<Level> && Level::vector_bytes == 64 && vectors == 1 && groups < Level::groups;
}

// Computes up to Groups * rows_per_group rows of Vectors vectors in registers. The rows of a group are one stride
// apart, so that few registers hold addresses. In a tile of fewer rows the last group is moved up and computes some
// rows twice, which needs no branches in the loop. In a tile of less than one group the last row is computed several
// times.
template <class Level, class T, std::size_t Groups, std::size_t Vectors>
NIB_ALWAYS_INLINE void microkernel(const Tile<T>& tile) {
    using V = Vector<Level, T>;
    constexpr std::size_t width = lanes<Level, T>;
    constexpr std::size_t group = Level::rows_per_group;
    constexpr std::size_t rows = Groups * group;
    const auto row_of = [&](std::size_t r) NIB_LAMBDA_ALWAYS_INLINE {
        if constexpr (Groups == 1) return smaller(r, tile.rows - 1);
        return r < rows - group ? r : tile.rows - (rows - r);
    };

    // Load and store vector number v of a row of c or of what is added to.
#if NIB_X86_INSTRUCTIONS
    struct NoMask {
        explicit NoMask(std::size_t) {}
    };
    const std::conditional_t<has_lane_masks<Level>, FirstLanes<T, V>, NoMask> last{tile.last_lanes};
    // AVX2's masked stores take long on some processors, so that whole vectors do without. AVX-512's cost nothing.
    const bool masked = Level::vector_bytes == 64 || tile.last_lanes != width;
#endif
    const auto load_part = [&](V& vector, const T* values, std::size_t v) NIB_LAMBDA_ALWAYS_INLINE {
#if NIB_X86_INSTRUCTIONS
        if constexpr (has_lane_masks<Level>)
            if (v + 1 == Vectors && masked) return last.load(vector, values + v * width);
#endif
        load(vector, values + v * width);
    };
    const auto store_part = [&](T* values, const V& vector, std::size_t v) NIB_LAMBDA_ALWAYS_INLINE {
#if NIB_X86_INSTRUCTIONS
        if constexpr (has_lane_masks<Level>)
            if (v + 1 == Vectors && masked) return last.store(values + v * width, vector);
#endif
        store(values + v * width, vector);
    };

    // Row r of c, from the first row of its group: twelve addresses would not fit the registers.
    T* c[rows];
    NIB_UNROLL
    for (std::size_t r = 0; r < rows; ++r) c[r] = tile.c + row_of(r) * tile.c_stride;
    const auto row_of_c = [&](std::size_t r) NIB_LAMBDA_ALWAYS_INLINE {
        return Groups == 1 ? c[r] : c[r / group * group] + r % group * tile.c_stride;
    };

    // Where the sums start: the bias, the same for all rows, or what c holds.
    V sums[rows][Vectors];
    if (tile.accumulate) {
        NIB_UNROLL
        for (std::size_t r = 0; r < rows; ++r) {
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) load_part(sums[r][v], row_of_c(r), v);
        }
    } else {
        V start[Vectors];
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load_part(start[v], tile.start, v);
        NIB_UNROLL
        for (std::size_t r = 0; r < rows; ++r) {
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = start[v];
        }
    }

    const std::size_t stride = tile.a.row_stride;
    const T* a[rows];  // with several groups, only the first row of each is used
    NIB_UNROLL
    for (std::size_t r = 0; r < rows; ++r) a[r] = tile.a.data + row_of(r) * stride;
    const T* b = tile.b;
    std::size_t offset = 0;
    // One cache line of a's rows at a time, so that the inner loop has only loads and multiply-adds: with a branch in
    // it, Clang runs out of registers.
    const std::size_t next_step = tile.next_rows.row_stride * sizeof(T);
    std::uintptr_t next = reinterpret_cast<std::uintptr_t>(tile.next_rows.data) + tile.rows * next_step;
    for (std::size_t k = 0; k < tile.depth;) {
        if (k < tile.next_rows.cols) {
            for (std::size_t r = 0; r < rows; ++r) prefetch(next + r * next_step);
            next += cache_line;
        }
        const std::size_t end = smaller(k + cache_line / sizeof(T), tile.depth);
        if (tile.b_prefetch_distance != 0)
            for (std::size_t i = 0; i < end - k; ++i)
                for (std::size_t part = 0; part < Vectors * sizeof(V); part += cache_line)
                    prefetch(reinterpret_cast<std::uintptr_t>(b) +
                             (i * tile.b_stride + tile.b_prefetch_distance) * sizeof(T) + part);
        for (; k < end; ++k) {
            V row[Vectors];
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v)
                masks_b<Level>(Groups, Vectors) ? load_part(row[v], b, v) : load(row[v], b + v * width);
            NIB_UNROLL
            for (std::size_t r = 0; r < rows; ++r) {
                const T factor = Groups == 1 ? a[r][offset] : a[r / group * group][offset + r % group * stride];
                NIB_UNROLL
                for (std::size_t v = 0; v < Vectors; ++v) multiply_add<Level>(sums[r][v], factor, row[v]);
            }
            offset += tile.a.col_stride;
            b += tile.b_stride;
        }
    }

    NIB_UNROLL
    for (std::size_t r = 0; r < rows; ++r) {
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) store_part(row_of_c(r), sums[r][v], v);
    }
}

template <class Level, class T, std::size_t Vectors>
NIB_ALWAYS_INLINE void run_microkernel(const Tile<T>& tile) {
    constexpr std::size_t group = Level::rows_per_group;
    if (Level::groups > 2 && tile.rows > 2 * group)
        microkernel<Level, T, Level::groups, Vectors>(tile);
    else if (tile.rows > group)
        microkernel<Level, T, 2, Vectors>(tile);
    else
        microkernel<Level, T, 1, Vectors>(tile);
}

// A local copy of a tile whose columns do not fill its vectors.
template <class Level, class T>
struct Edge {
    static constexpr std::size_t most_cols = 2 * lanes<Level, T>;
    T c[Level::groups * Level::rows_per_group * most_cols];
    T start[most_cols];
};

// Copies rows of `cols` numbers.
template <std::size_t Most, class T>
NIB_ALWAYS_INLINE void copy_rows(T* to, std::size_t to_stride, const T* from, std::size_t from_stride, std::size_t rows,
                                 std::size_t cols) {
    for (std::size_t r = 0; r < rows; ++r) copy_fewer<Most>(to + r * to_stride, from + r * from_stride, cols);
}

// Multiplies `rows` rows of a by a panel of `cols` columns of b.
template <class Level, class T>
NIB_ALWAYS_INLINE void multiply_panel(Tile<T> tile, std::size_t rows, std::size_t cols) {
    constexpr std::size_t width = lanes<Level, T>;
    constexpr std::size_t group = Level::rows_per_group;
    constexpr std::size_t edge_cols = Edge<Level, T>::most_cols;
    // (`smaller` changes nothing, but GCC warns of writes behind `edge` without it.)
    const std::size_t each = smaller(groups_of_tiles<Level>(rows), Level::groups) * group;
    const bool whole = has_lane_masks<Level> || cols % width == 0;
    tile.last_lanes = whole ? (cols - 1) % width + 1 : width;
    Edge<Level, T> edge;
    if (!whole && !tile.accumulate) {
        copy_fewer<edge_cols>(edge.start, tile.start, cols);
        tile.start = edge.start;
    }
    for (std::size_t i = 0; i < rows; i += tile.rows) {
        tile.rows = smaller(each, rows - i);
        Tile<T> part = tile;
        if (!whole) {
            if (tile.accumulate) copy_rows<edge_cols>(edge.c, edge_cols, tile.c, tile.c_stride, tile.rows, cols);
            part.c = edge.c;
            part.c_stride = edge_cols;
        }
        cols > width ? run_microkernel<Level, T, 2>(part) : run_microkernel<Level, T, 1>(part);
        if (!whole) copy_rows<edge_cols>(tile.c, tile.c_stride, edge.c, edge_cols, tile.rows, cols);
        tile.a.data += tile.rows * tile.a.row_stride;
        tile.c += tile.rows * tile.c_stride;
        tile.next_rows.data += tile.rows * tile.next_rows.row_stride;
        tile.b_prefetch_distance = 0;  // once is enough
    }
}

}  // namespace nib::inline NIB_ABI::kernels::detail
