// DeferredGradient: the gradients of a loss with respect to all parameters of a network.
//
// Gradients of weight matrices are products, dW = x^T dy, and make up nearly all numbers. They are not stored: an
// optimiser takes them block by block, each computed just before it is used and still in the cache. multiply_out()
// gives all of them in one array.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/executor.hpp>
#include <nib/kernels/detail/sparse_matmul_transposed.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/layers/layer.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

// Scratch memory of for_each_block: positions in sparse rows.
template <class T>
using ListPositions = Scratch<const kernels::Nonzero<T>*>;

// Non-owning: valid until the workspace that it came from runs another pass.
template <class T>
class DeferredGradient {
    struct Everything {
        bool operator()(std::size_t, std::size_t) const { return true; }
    };

public:
    // `values` has room for all gradients, and holds those that no product covers. `products` are in descending
    // order of their offsets.
    DeferredGradient(std::span<T> values, std::span<const DeferredProduct<T>> products, ListPositions<T>& positions,
                     Executor* executor = nullptr)
        : values_{values}, products_{products}, positions_{&positions}, executor_{executor} {}

    // How many there are.
    std::size_t size() const { return values_.size(); }

    // All of them, in the order of the parameters. To change them (optim/clip_grad.hpp), pass the array to the
    // optimiser, not the DeferredGradient, whose for_each_block computes the products anew.
    std::span<T> multiply_out() const {
        for (const DeferredProduct<T>& product : products_)
            kernels::matmul_at_b<T>(product.x, product.dy,
                                    MatrixView<T>{values_.data() + product.offset, product.rows(), product.cols()});
        return values_;
    }

    // Whether the gradients that are stored (of biases and the like) are finite. A bias's gradient is the sum of a
    // column of dy, so it shows whatever is not finite in it.
    bool rest_is_finite() const {
        bool finite = true;
        visit_rest([&](std::size_t, std::span<const T> block) {
            finite = finite && first_not_finite(block.data(), block.size()) == block.size();
        });
        return finite;
    }

    // Calls f(offset, block) for blocks that cover each parameter once: block[i] is the gradient of parameter offset +
    // i. With an executor several calls run at the same time.
    template <class F>
    void for_each_block(const F& f) const {
        for_each_block(f, [&](std::size_t offset, const kernels::SparseProductRows<T>& rows) {
            kernels::sparse_matmul_at_b_rows(rows);
            f(offset, std::span<const T>{rows.c.values()});
        });
    }
    // The same, but calls g(offset, rows) where a block is a product with a sparse matrix, so that g can compute it and
    // use the results while they are in registers. Leaves out products for whose parameters wanted(first, end) is
    // false.
    template <class F, class G, class Wanted = Everything>
    void for_each_block(const F& f, const G& g, const Wanted& wanted = {}) const {
        double operations = 0;
        std::size_t most_rows = 0;
        for (const DeferredProduct<T>& product : products_) {
            if (!wanted(product.offset, product.end())) continue;
            operations += cost(product);
            most_rows = larger(most_rows, product.x.rows());
        }
        const std::size_t parts = thread_count_for(executor_, most_rows, operations);
        const kernels::Nonzero<T>** const positions = positions_->buffer(parts * most_rows);
        const auto run = [&](std::size_t part) {
            const ScopedFlushSubnormals flush;
            if (part == 0) visit_rest(f);
            for (const DeferredProduct<T>& product : products_)
                if (wanted(product.offset, product.end()))
                    visit(product, chunk(product.rows(), part, parts, row_step), positions + part * most_rows, f, g);
        };
        if (parts == 1)
            run(0);
        else
            executor_->parallel_for(parts, run);
    }

private:
    // Whole tiles of the dense kernels.
    static constexpr std::size_t row_step = 24;
    // A block's gradients are read right after they are written: they should not leave the cache.
    static constexpr std::size_t most_rows_at_once = 4 * row_step;
    static constexpr std::size_t block_bytes = 256 * 1024;

    // Floating-point operations, with a guess at how full lists of non-zeros are, and at an optimiser's share.
    static double cost(const DeferredProduct<T>& product) {
        const double per_weight = 20 + static_cast<double>(product.x.rows()) * (product.x.is_sparse() ? 1 : 2);
        return per_weight * static_cast<double>(product.rows() * product.cols());
    }

    // What no product covers.
    template <class F>
    void visit_rest(const F& f) const {
        std::size_t end = values_.size();
        const auto visit_between = [&](std::size_t first, std::size_t last) {
            if (first < last) f(first, std::span<const T>{values_.subspan(first, last - first)});
        };
        for (const DeferredProduct<T>& product : products_) {
            assert(product.end() <= end);
            visit_between(product.end(), end);
            end = product.offset;
        }
        visit_between(0, end);
    }

    // Some rows of a product. Each block overwrites the one before, so that it stays in the cache.
    template <class F, class G>
    void visit(const DeferredProduct<T>& product, Range rows, const kernels::Nonzero<T>** positions, const F& f,
               const G& g) const {
        if (rows.count == 0) return;
        const std::size_t cols = product.cols();
        const std::size_t fitting = block_bytes / sizeof(T) / cols / row_step * row_step;
        const std::size_t step = clamped(fitting, row_step, most_rows_at_once);
        T* const destination = values_.data() + product.offset + rows.first * cols;
        if (product.x.is_sparse()) kernels::find_column<T>(product.x.sparse(), rows.first, positions);
        for (std::size_t row = rows.first; row < rows.first + rows.count; row += step) {
            const std::size_t count = smaller(step, rows.first + rows.count - row);
            const MatrixView<T> block{destination, count, cols};
            const std::size_t offset = product.offset + row * cols;
            if (product.x.is_sparse()) {
                g(offset, kernels::SparseProductRows<T>{product.x.sparse(), product.dy, row, positions, block});
                continue;
            }
            kernels::matmul_at_b_rows<T>(product.x.matrix(), product.dy, row, block);
            f(offset, std::span<const T>{block.values()});
        }
    }

    std::span<T> values_;
    std::span<const DeferredProduct<T>> products_;
    ListPositions<T>* positions_;
    Executor* executor_;
};

}  // namespace nib::inline NIB_ABI
