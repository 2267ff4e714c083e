// Matrix products, in the three forms that a dense layer needs:
//
//   matmul                  y  = activation(x w + bias)      x: [B, I], w: [I, O], bias: [O], y: [B, O]
//   matmul_weight_gradient  dw = x^T dy, db = column sums    x: [B, I], dy: [B, O], dw: [I, O], db: [O]
//   matmul_input_gradient   dx = dy w^T                      dy: [B, O], w: [I, O], dx: [B, I]
//
// 2 B I O flops each. Every output is one chain of multiply-adds in ascending order of the inner index, starting from
// the bias (or 0), whatever the tile, the batch or the instruction set: with fused multiply-add everywhere, the same
// numbers in give the same bits out.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/vector.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace nib::inline NIB_ABI::kernels {

enum class Activation : unsigned char { none, relu };

// What happens to a product's outputs while they are still in registers: they start from the bias, and end in the
// activation.
template <class T>
struct Epilogue {
    const T* bias = nullptr;  // [O]; none is 0
    Activation activation = Activation::none;
};

namespace detail {

// The element (i, k) of a matrix that is read, not necessarily row-major, is data[i * row_stride + k * col_stride].
template <class T>
struct Strided {
    const T* data;
    std::size_t row_stride;
    std::size_t col_stride;
};

// c = activation(a b + bias); c is row-major.
template <class T>
struct Product {
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    Strided<T> a;  // [rows, depth]
    Strided<T> b;  // [depth, cols]
    T* c;          // [rows, cols]
    Epilogue<T> epilogue;
    const T* mask = nullptr;  // [rows, cols]: where it is <= 0, c becomes 0
};

// One tile of c: `rows` rows, `cols` columns, summed over `depth` steps of the inner index.
template <class T>
struct Tile {
    std::size_t rows;
    std::size_t cols;
    std::size_t depth;
    Strided<T> a;
    const T* b;  // [depth, at least the tile's vectors], b_stride apart
    std::size_t b_stride;
    T* c;
    std::size_t c_stride;
    const T* start;  // what all rows start from; nullptr: from c itself (an earlier part of the depth)
    bool relu;       // this is the last part of the depth, and the activation is ReLU
    const T* mask;   // c's place in the mask; nullptr: none, or not the last part of the depth
};

// Up to Rows x (Vectors * lanes) outputs in registers. A tile with fewer rows computes its last row several times: the
// same loads, no branches inside the loop.
template <class Level, class T, std::size_t Rows, std::size_t Vectors>
NIB_ALWAYS_INLINE void compute_tile(const Tile<T>& tile) {
    using V = Vector<Level, T>;
    constexpr std::size_t width = lanes<Level, T>;
    const bool whole = tile.cols == Vectors * width;

    V sums[Rows][Vectors];
    const T* a[Rows];
    NIB_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
        const std::size_t row = std::min(r, tile.rows - 1);
        a[r] = tile.a.data + row * tile.a.row_stride;
        const T* const from = tile.start != nullptr ? tile.start : tile.c + row * tile.c_stride;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            if (whole || v + 1 < Vectors)
                load(sums[r][v], from + v * width);
            else
                load_first(sums[r][v], from + v * width, tile.cols - v * width);
        }
    }

    const T* b = tile.b;
    const std::size_t a_step = tile.a.col_stride;
    for (std::size_t k = 0, offset = 0; k < tile.depth; ++k, offset += a_step, b += tile.b_stride) {
        V row[Vectors];
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) load(row[v], b + v * width);
        NIB_UNROLL
        for (std::size_t r = 0; r < Rows; ++r) {
            const T factor = a[r][offset];
            NIB_UNROLL
            for (std::size_t v = 0; v < Vectors; ++v) multiply_add<Level>(sums[r][v], factor, row[v]);
        }
    }

    NIB_UNROLL
    for (std::size_t r = 0; r < Rows; ++r) {
        if (r >= tile.rows) continue;
        T* const to = tile.c + r * tile.c_stride;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            if (tile.relu) relu_in_place(sums[r][v]);
            if (tile.mask != nullptr) {
                const T* const outputs = tile.mask + r * tile.c_stride + v * width;
                V output;
                if (whole || v + 1 < Vectors)
                    load(output, outputs);
                else
                    load_first(output, outputs, tile.cols - v * width);
                relu_gradient_in_place(sums[r][v], output);
            }
            if (whole || v + 1 < Vectors)
                store(to + v * width, sums[r][v]);
            else
                store_first(to + v * width, sums[r][v], tile.cols - v * width);
        }
    }
}

// panel[k, j] = b[k, j] for `cols` columns, the rest of each row 0.
template <class T>
NIB_ALWAYS_INLINE void pack_panel(T* panel, std::size_t panel_cols, const Strided<T>& b, std::size_t depth,
                                  std::size_t cols) {
    for (std::size_t k = 0; k < depth; ++k, panel += panel_cols) {
        const T* const from = b.data + k * b.row_stride;
        if (b.col_stride == 1)
            for (std::size_t j = 0; j < cols; ++j) panel[j] = from[j];
        else
            for (std::size_t j = 0; j < cols; ++j) panel[j] = from[j * b.col_stride];
        for (std::size_t j = cols; j < panel_cols; ++j) panel[j] = T{0};
    }
}

template <class Level, class T>
NIB_ALWAYS_INLINE void multiply(const Product<T>& p) {
    constexpr std::size_t width = lanes<Level, T>;
    constexpr std::size_t panel_cols = 2 * width;
    // A panel of b, depth x panel_cols, stays in the first-level cache while all rows of a pass by it.
    constexpr std::size_t depth_block = 128;
    // With fewer rows than this, copying a panel costs more than the aligned loads gain.
    constexpr std::size_t rows_worth_packing = 48;
    static constexpr T zeros[panel_cols] = {};
    alignas(cache_line) T panel[depth_block * panel_cols];

    std::size_t first = 0;
    do {  // also once for depth 0, which still has a bias
        const std::size_t depth = std::min(depth_block, p.depth - first);
        const bool last = first + depth == p.depth;
        for (std::size_t j = 0; j < p.cols; j += panel_cols) {
            const std::size_t cols = std::min(panel_cols, p.cols - j);
            const std::size_t vectors = cols > width ? 2 : 1;
            const Strided<T> b{p.b.data + first * p.b.row_stride + j * p.b.col_stride, p.b.row_stride, p.b.col_stride};
            const bool packed = b.col_stride != 1 || cols % width != 0 || p.rows >= rows_worth_packing;
            if (packed) pack_panel(panel, vectors * width, b, depth, cols);

            Tile<T> tile{.rows = 0,
                         .cols = cols,
                         .depth = depth,
                         .a = p.a,
                         .b = packed ? panel : b.data,
                         .b_stride = packed ? vectors * width : b.row_stride,
                         .c = p.c + j,
                         .c_stride = p.cols,
                         .start = nullptr,
                         .relu = last && p.epilogue.activation == Activation::relu,
                         .mask = last && p.mask != nullptr ? p.mask + j : nullptr};
            if (first == 0) tile.start = p.epilogue.bias != nullptr ? p.epilogue.bias + j : zeros;
            tile.a.data += first * p.a.col_stride;
            for (std::size_t i = 0; i < p.rows; i += tile.rows) {
                constexpr std::size_t full = Level::tile_rows;
                tile.rows = std::min(full, p.rows - i);
                if (tile.rows > full / 2)
                    vectors == 2 ? compute_tile<Level, T, full, 2>(tile) : compute_tile<Level, T, full, 1>(tile);
                else
                    vectors == 2 ? compute_tile<Level, T, full / 2, 2>(tile)
                                 : compute_tile<Level, T, full / 2, 1>(tile);
                tile.a.data += tile.rows * p.a.row_stride;
                tile.c += tile.rows * p.cols;
                if (tile.mask != nullptr) tile.mask += tile.rows * p.cols;
            }
        }
        first += depth;
    } while (first < p.depth);
}

template <class T>
void multiply(Product<T> product) {
    if (product.rows == 0) return;
    // With depth 0 a and b may be null: nothing of them is read, and no pointer into them may move.
    if (product.depth == 0) product.a.row_stride = product.b.col_stride = 0;
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE { multiply<decltype(level)>(product); });
}

}  // namespace detail

// y = activation(x w + bias).
template <class T>
void matmul(MatrixView<const T> x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {}) {
    assert(x.cols() == w.rows() && y.rows() == x.rows() && y.cols() == w.cols());
    detail::multiply<T>({.rows = y.rows(),
                         .cols = y.cols(),
                         .depth = x.cols(),
                         .a = {x.data(), x.cols(), 1},
                         .b = {w.data(), w.cols(), 1},
                         .c = y.data(),
                         .epilogue = epilogue});
}

// db[o] = the sum of dy[b, o] over b, in ascending order. db: [O].
template <class T>
void column_sums(MatrixView<const T> dy, T* db) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        std::size_t j = 0;
        for (; j + width <= dy.cols(); j += width) {
            V sum = {};
            for (std::size_t i = 0; i < dy.rows(); ++i) {
                V row;
                load(row, dy.data() + i * dy.cols() + j);
                sum += row;
            }
            store(db + j, sum);
        }
        if (j == dy.cols()) return;
        T rest[width] = {};
        const std::size_t count = dy.cols() - j;
        for (std::size_t i = 0; i < dy.rows(); ++i)
            for (std::size_t k = 0; k < count; ++k) rest[k] += dy.data()[i * dy.cols() + j + k];
        for (std::size_t k = 0; k < count; ++k) db[j + k] = rest[k];
    });
}

// Rows first, first + 1, … of dw = x^T dy, as many as `dw` has.
template <class T>
void matmul_weight_gradient_rows(MatrixView<const T> x, MatrixView<const T> dy, std::size_t first, MatrixView<T> dw) {
    assert(x.rows() == dy.rows() && first + dw.rows() <= x.cols() && dw.cols() == dy.cols());
    detail::multiply<T>({.rows = dw.rows(),
                         .cols = dw.cols(),
                         .depth = x.rows(),
                         .a = {x.data() + first, 1, x.cols()},
                         .b = {dy.data(), dy.cols(), 1},
                         .c = dw.data(),
                         .epilogue = {}});
}

// dw = x^T dy.
template <class T>
void matmul_weight_gradient(MatrixView<const T> x, MatrixView<const T> dy, MatrixView<T> dw) {
    assert(dw.rows() == x.cols());
    matmul_weight_gradient_rows(x, dy, 0, dw);
}

// dx = dy w^T. `relu_outputs` [B, I], where x is what a ReLU made: its gradient is folded in, that is dx becomes 0
// where they are not above 0.
template <class T>
void matmul_input_gradient(MatrixView<const T> dy, MatrixView<const T> w, MatrixView<T> dx,
                           const T* relu_outputs = nullptr) {
    assert(dy.cols() == w.cols() && dx.rows() == dy.rows() && dx.cols() == w.rows());
    detail::multiply<T>({.rows = dx.rows(),
                         .cols = dx.cols(),
                         .depth = dy.cols(),
                         .a = {dy.data(), dy.cols(), 1},
                         .b = {w.data(), 1, w.cols()},
                         .c = dx.data(),
                         .epilogue = {},
                         .mask = relu_outputs});
}

}  // namespace nib::inline NIB_ABI::kernels
