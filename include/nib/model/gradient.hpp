// DeferredGradient: the gradients of a loss with respect to all parameters of a network.
//
// Gradients of weight matrices are products, dW = x^T dy, and make up nearly all numbers. They are not stored: an
// optimiser takes them block by block, each computed just before it is used and still in the cache. multiply_out()
// gives all of them in one array.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/executor.hpp>
#include <nib/kernels/detail/sparse_matmul_transposed.hpp>
#include <nib/layers/layer.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

// Scratch memory of visit: positions in sparse rows.
template <class T>
using ListPositions = Scratch<const kernels::Nonzero<T>*>;

// Who takes gradients block by block (DeferredGradient::visit). With an executor several blocks come at the same time.
template <class T>
class GradientVisitor {
public:
    // Whether products for the parameters [first, end) are wanted at all.
    virtual bool wants(std::size_t /*first*/, std::size_t /*end*/) const { return true; }
    // block[i] is the gradient of parameter offset + i.
    virtual void take(std::size_t offset, std::span<const T> block) const = 0;
    // A block that is a product with a sparse matrix: to be multiplied out here, or so that the results are used while
    // they are in registers.
    virtual void take_product(std::size_t offset, const kernels::SparseProductRows<T>& rows) const {
        kernels::sparse_matmul_at_b_rows(rows);
        take(offset, rows.c.values());
    }

protected:
    ~GradientVisitor() = default;
};

// Non-owning: valid until the workspace that it came from runs another pass.
template <class T>
class DeferredGradient {
public:
    // `values` has room for all gradients, and holds those that no product covers. `products` are in descending
    // order of their offsets.
    DeferredGradient(std::span<T> values, detail::ArrayView<DeferredProduct<T>> products, ListPositions<T>& positions,
                     Executor* executor = nullptr)
        : values_{values}, products_{products}, positions_{&positions}, executor_{executor} {}

    // How many there are.
    std::size_t size() const { return values_.size(); }

    // All of them, in the order of the parameters. To change them (optim/clip_grad.hpp), pass the array to the
    // optimiser, not the DeferredGradient, which computes the products anew.
    std::span<T> multiply_out() const;

    // Whether the gradients that are stored (of biases and the like) are finite. A bias's gradient is the sum of a
    // column of dy, so it shows whatever is not finite in it.
    bool rest_is_finite() const;

    // Hands out blocks that cover each parameter once, but for products that are not wanted.
    void visit(const GradientVisitor<T>& visitor) const;

    // Calls f(offset, block) for blocks that cover each parameter once.
    template <class F>
    void for_each_block(const F& f) const {
        struct Visitor final : GradientVisitor<T> {
            explicit Visitor(const F& function) : f{function} {}
            void take(std::size_t offset, std::span<const T> block) const override { f(offset, block); }
            const F& f;
        };
        visit(Visitor{f});
    }

private:
    // Whole tiles of the dense kernels.
    static constexpr std::size_t row_step = 24;
    // A block's gradients are read right after they are written: they should not leave the cache.
    static constexpr std::size_t most_rows_at_once = 4 * row_step;
    static constexpr std::size_t block_bytes = 256 * 1024;
    // Of a product with a sparse matrix: more, because each block costs a visit of every sparse row.
    static constexpr std::size_t most_sparse_rows_at_once =
        kernels::detail::EntryBits::most_columns / row_step * row_step;

    // Floating-point operations, with a guess at how full lists of non-zeros are, and at an optimiser's share.
    static double cost(const DeferredProduct<T>& product) {
        const double per_weight = 20 + static_cast<double>(product.x.rows()) * (product.x.is_sparse() ? 1 : 2);
        return per_weight * static_cast<double>(product.rows() * product.cols());
    }

    // What no product covers, in products_.size() + 1 parts: part i lies before product i - 1 and behind product i.
    Range rest(std::size_t i) const {
        const std::size_t first = i < products_.size() ? products_[i].end() : 0;
        const std::size_t end = i > 0 ? products_[i - 1].offset : values_.size();
        assert(first <= end);
        return {first, end - first};
    }

    [[gnu::noinline]] void visit_part(const GradientVisitor<T>& visitor, std::size_t part, std::size_t parts,
                                      const kernels::Nonzero<T>** positions) const;
    void visit_rows(const GradientVisitor<T>& visitor, const DeferredProduct<T>& product, Range rows,
                    const kernels::Nonzero<T>** positions) const;

    std::span<T> values_;
    detail::ArrayView<DeferredProduct<T>> products_;
    ListPositions<T>* positions_;
    Executor* executor_;
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/kernels/matmul.hpp>

namespace nib::inline NIB_ABI {

template <class T>
std::span<T> DeferredGradient<T>::multiply_out() const {
    for (const DeferredProduct<T>& product : products_)
        kernels::matmul_at_b<T>(product.x, product.dy,
                                MatrixView<T>{values_.data() + product.offset, product.rows(), product.cols()});
    return values_;
}

template <class T>
bool DeferredGradient<T>::rest_is_finite() const {
    for (std::size_t i = 0; i <= products_.size(); ++i) {
        const Range part = rest(i);
        if (first_not_finite(values_.data() + part.first, part.count) != part.count) return false;
    }
    return true;
}

template <class T>
void DeferredGradient<T>::visit(const GradientVisitor<T>& visitor) const {
    double operations = 0;
    std::size_t most_rows = 0;
    for (const DeferredProduct<T>& product : products_) {
        if (!visitor.wants(product.offset, product.end())) continue;
        operations += cost(product);
        most_rows = larger(most_rows, product.x.rows());
    }
    const std::size_t parts = thread_count_for(executor_, most_rows, operations);
    const kernels::Nonzero<T>** const positions = positions_->buffer(parts * most_rows);
    if (parts == 1) return visit_part(visitor, 0, 1, positions);
    executor_->parallel_for(parts,
                            [&](std::size_t part) { visit_part(visitor, part, parts, positions + part * most_rows); });
}

template <class T>
void DeferredGradient<T>::visit_part(const GradientVisitor<T>& visitor, std::size_t part, std::size_t parts,
                                     const kernels::Nonzero<T>** positions) const {
    const ScopedFlushSubnormals flush;
    for (std::size_t i = 0; part == 0 && i <= products_.size(); ++i)
        if (const Range stored = rest(i); stored.count > 0)
            visitor.take(stored.first, {values_.data() + stored.first, stored.count});
    for (const DeferredProduct<T>& product : products_)
        if (visitor.wants(product.offset, product.end()))
            visit_rows(visitor, product, chunk(product.rows(), part, parts, row_step), positions);
}

// Some rows of a product. Each block overwrites the one before, so that it stays in the cache.
template <class T>
void DeferredGradient<T>::visit_rows(const GradientVisitor<T>& visitor, const DeferredProduct<T>& product, Range rows,
                                     const kernels::Nonzero<T>** positions) const {
    if (rows.count == 0) return;
    const std::size_t cols = product.cols();
    const std::size_t fitting = block_bytes / sizeof(T) / cols / row_step * row_step;
    const std::size_t step =
        clamped(fitting, row_step, product.x.is_sparse() ? most_sparse_rows_at_once : most_rows_at_once);
    T* const destination = values_.data() + product.offset + rows.first * cols;
    if (product.x.is_sparse()) kernels::find_column<T>(product.x.sparse(), rows.first, positions);
    for (std::size_t row = rows.first; row < rows.first + rows.count; row += step) {
        const MatrixView<T> block{destination, smaller(step, rows.first + rows.count - row), cols};
        const std::size_t offset = product.offset + row * cols;
        if (product.x.is_sparse()) {
            visitor.take_product(offset, {product.x.sparse(), product.dy, row, positions, block});
        } else {
            kernels::matmul_at_b_rows<T>(product.x.matrix(), product.dy, row, block);
            visitor.take(offset, block.values());
        }
    }
}

}  // namespace nib::inline NIB_ABI

#endif
