// Matrix products, in the three forms that a dense layer needs:
//
//   matmul                  y  = activation(x w + bias)      x: [B, I], w: [I, O], bias: [O], y: [B, O]
//   matmul_weight_gradient  dw = x^T dy, db = column sums    x: [B, I], dy: [B, O], dw: [I, O], db: [O]
//   matmul_input_gradient   dx = dy w^T                      dy: [B, O], w: [I, O], dx: [B, I]
//
// 2 B I O flops each. Every output is one chain of multiply-adds in ascending order of the inner index, starting from
// the bias (or 0), whatever the tile, the batch or the instruction set: with fused multiply-add everywhere, the same
// numbers in give the same bits out.
//
// Nothing is allocated, except that a thread's first large product (whose result has 192 rows or more) takes 1.2 MB,
// which the thread keeps for the next ones. Where there is no memory it does without, and is slower.
#pragma once

#include <nib/core/matrix.hpp>

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

// y = activation(x w + bias).
template <class T>
void matmul(MatrixView<const T> x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue = {});

// db[o] = the sum of dy[b, o] over b, in ascending order. db: [O].
template <class T>
void column_sums(MatrixView<const T> dy, T* db);

// Rows first, first + 1, … of dw = x^T dy, as many as `dw` has.
template <class T>
void matmul_weight_gradient_rows(MatrixView<const T> x, MatrixView<const T> dy, std::size_t first, MatrixView<T> dw);

// dw = x^T dy.
template <class T>
void matmul_weight_gradient(MatrixView<const T> x, MatrixView<const T> dy, MatrixView<T> dw);

// dx = dy w^T. `relu_outputs` [B, I], where x is what a ReLU made: its gradient is folded in, that is dx becomes 0
// where they are not above 0.
template <class T>
void matmul_input_gradient(MatrixView<const T> dy, MatrixView<const T> w, MatrixView<T> dx,
                           const T* relu_outputs = nullptr);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/kernels/blocks.hpp>
#include <nib/kernels/tile.hpp>
#include <nib/kernels/vector.hpp>

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

template <class Level, class B, class T>
NIB_ALWAYS_INLINE void multiply_in(const Product<T>& p, B& blocks) {
    const std::size_t most_depth = B::most_depth(p);
    const std::size_t depth_parts = larger<std::size_t>((p.depth + most_depth - 1) / most_depth, 1);
    for (std::size_t i0 = 0; i0 < p.rows; i0 += B::outer_rows) {
        const std::size_t i_end = smaller(i0 + B::outer_rows, p.rows);
        for (std::size_t part = 0; part < depth_parts; ++part) {  // also once for depth 0, which still has a bias
            const std::size_t first = p.depth * part / depth_parts;
            const std::size_t depth = p.depth * (part + 1) / depth_parts - first;
            const bool last = part + 1 == depth_parts;
            for (std::size_t j0 = 0; j0 < p.cols; j0 += B::cols) {
                const std::size_t j_end = smaller(j0 + B::cols, p.cols);
                const Panels<T> b = take_panels<Level>(p, blocks, first, depth, j0, j_end - j0);
                for (std::size_t i = i0; i < i_end; i += blocks.rows) {
                    const std::size_t rows = smaller(blocks.rows, i_end - i);
                    const Strided<T> a = take_rows<Level>(p, blocks, i, rows, first, depth);
                    for (std::size_t j = j0; j < j_end; j += B::panel_cols) {
                        const std::size_t place = i * p.cols + j;
                        if (B::copies_all)
                            ask_for_rows(p, i + rows, smaller(blocks.rows, i_end - i - rows), first, depth,
                                         (j - j0) / B::panel_cols, (j_end - j0 + B::panel_cols - 1) / B::panel_cols);
                        compute_tiles<Level, T>({.rows = 0,
                                                 .depth = depth,
                                                 .a = a,
                                                 .b = b.data + (j - j0) / B::panel_cols * b.panel_stride,
                                                 .b_stride = b.row_stride,
                                                 .c = p.c + place,
                                                 .c_stride = p.cols,
                                                 .go_on = part > 0,
                                                 .bias = p.bias != nullptr ? p.bias + j : nullptr,
                                                 .relu = last && p.relu,
                                                 .mask = last && p.mask != nullptr ? p.mask + place : nullptr,
                                                 .ahead = rows_ahead<B>(p, i, j, first, depth),
                                                 .b_ahead = i == i0 ? panels_ahead<Level, B>(p, j_end - j0) : 0},
                                                rows, smaller(B::panel_cols, j_end - j));
                    }
                }
            }
        }
    }
}

// c of few columns and many rows, from an a whose columns are contiguous (a last layer's weight gradient): computed as
// c^T = b^T a^T, whose rows fill whole vectors, and transposed on the way out.
template <class Level, class T>
constexpr bool is_better_transposed(const Product<T>& p) {
    constexpr std::size_t width = lanes<Level, T>;
    return p.cols < width && p.rows >= 2 * width && p.a.row_stride == 1 && p.bias == nullptr && !p.relu &&
           p.mask == nullptr;
}

template <class T>
void multiply(Product<T> product) {
    if (product.rows == 0 || product.cols == 0) return;
    // With depth 0 a and b may be null: nothing of them is read, and no pointer into them may move.
    if (product.depth == 0) product.a.row_stride = product.b.col_stride = 0;
    void* const room = pays_to_copy_all(product) ? copy_room() : nullptr;
    if (room != nullptr)
        return dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            LargeBlocks<decltype(level), T> blocks{product, room};
            multiply_in<decltype(level)>(product, blocks);
        });
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        constexpr std::size_t width = lanes<Level, T>;
        constexpr std::size_t block = 2 * width;
        T transposed[width * block + width];
        const bool turned = is_better_transposed<Level>(product);
        const std::size_t step = turned ? block : product.rows;
        for (std::size_t i = 0; i < product.rows; i += step) {
            const std::size_t count = smaller(step, product.rows - i);
            Product<T> part = product;
            if (turned)
                part = {.rows = product.cols,
                        .cols = count,
                        .depth = product.depth,
                        .a = {product.b.data, product.b.col_stride, product.b.row_stride},
                        .b = {product.a.data + i, product.a.col_stride, 1},
                        .c = transposed};
            Blocks<Level, T> blocks;
            multiply_in<Level>(part, blocks);
            if (turned) transpose_columns<Level>(product.c + i * product.cols, transposed, product.cols, count);
        }
    });
}

}  // namespace detail

template <class T>
void matmul(MatrixView<const T> x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue) {
    assert(x.cols() == w.rows() && y.rows() == x.rows() && y.cols() == w.cols());
    detail::multiply<T>({.rows = y.rows(),
                         .cols = y.cols(),
                         .depth = x.cols(),
                         .a = {x.data(), x.cols(), 1},
                         .b = {w.data(), w.cols(), 1},
                         .c = y.data(),
                         .bias = epilogue.bias,
                         .relu = epilogue.activation == Activation::relu});
}

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

template <class T>
void matmul_weight_gradient_rows(MatrixView<const T> x, MatrixView<const T> dy, std::size_t first, MatrixView<T> dw) {
    assert(x.rows() == dy.rows() && first + dw.rows() <= x.cols() && dw.cols() == dy.cols());
    detail::multiply<T>({.rows = dw.rows(),
                         .cols = dw.cols(),
                         .depth = x.rows(),
                         .a = {x.data() + first, 1, x.cols()},
                         .b = {dy.data(), dy.cols(), 1},
                         .c = dw.data()});
}

template <class T>
void matmul_weight_gradient(MatrixView<const T> x, MatrixView<const T> dy, MatrixView<T> dw) {
    assert(dw.rows() == x.cols());
    matmul_weight_gradient_rows(x, dy, 0, dw);
}

template <class T>
void matmul_input_gradient(MatrixView<const T> dy, MatrixView<const T> w, MatrixView<T> dx, const T* relu_outputs) {
    assert(dy.cols() == w.cols() && dx.rows() == dy.rows() && dx.cols() == w.rows());
    detail::multiply<T>({.rows = dx.rows(),
                         .cols = dx.cols(),
                         .depth = dy.cols(),
                         .a = {dy.data(), dy.cols(), 1},
                         .b = {w.data(), 1, w.cols()},
                         .c = dx.data(),
                         .mask = relu_outputs});
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void matmul(MatrixView<const float>, MatrixView<const float>, MatrixView<float>, Epilogue<float>);
NIB_TEMPLATE void column_sums(MatrixView<const float>, float*);
NIB_TEMPLATE void matmul_weight_gradient_rows(MatrixView<const float>, MatrixView<const float>, std::size_t,
                                              MatrixView<float>);
NIB_TEMPLATE void matmul_weight_gradient(MatrixView<const float>, MatrixView<const float>, MatrixView<float>);
NIB_TEMPLATE void matmul_input_gradient(MatrixView<const float>, MatrixView<const float>, MatrixView<float>,
                                        const float*);
NIB_TEMPLATE void matmul(MatrixView<const double>, MatrixView<const double>, MatrixView<double>, Epilogue<double>);
NIB_TEMPLATE void column_sums(MatrixView<const double>, double*);
NIB_TEMPLATE void matmul_weight_gradient_rows(MatrixView<const double>, MatrixView<const double>, std::size_t,
                                              MatrixView<double>);
NIB_TEMPLATE void matmul_weight_gradient(MatrixView<const double>, MatrixView<const double>, MatrixView<double>);
NIB_TEMPLATE void matmul_input_gradient(MatrixView<const double>, MatrixView<const double>, MatrixView<double>,
                                        const double*);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
