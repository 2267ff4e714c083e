// Workspace: what a forward and a backward pass scribble on.
//
// Made once, given to every pass, used by one thread at a time. It grows in the first passes to what the largest batch
// needs, and allocates nothing after that (what a thread's own first large product takes, kernels/matmul.hpp tells). A
// backward pass reads what the forward pass before it left here.
#pragma once

#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/storage.hpp>
#include <nib/kernels/nonzeros.hpp>
#include <nib/kernels/relay.hpp>
#include <nib/model/gradient.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

// Whether a network's parameters stay as they are from pass to pass, or are trained meanwhile. It makes a difference
// only to how threads best share a pass.
enum class Parameters { fixed, trained };

template <class T>
class Workspace {
public:
    Workspace() = default;
    // Passes over batches that are large enough to gain share them out among what the executor runs.
    explicit Workspace(Executor* executor, Parameters parameters = Parameters::fixed)
        : executor_{executor}, parameters_{parameters} {}
    Workspace(Workspace&&) = default;
    Workspace& operator=(Workspace&&) = default;

    Executor* executor() const { return executor_; }

    // The output of layer number `layer`, and the gradient by it.
    MatrixView<T> activation(std::size_t layer, std::size_t rows, std::size_t cols) {
        return shaped(activations_, layer, rows, cols);
    }
    MatrixView<T> gradient(std::size_t layer, std::size_t rows, std::size_t cols) {
        return shaped(gradients_, layer, rows, cols);
    }

    // At least so many bytes, from the start of a cache line on, for what is of another type than T. They change
    // nothing else here.
    std::byte* bytes(std::size_t count) { return bytes_.room(count); }

    // The forward pass's inputs, with lists of their non-zeros where these pay. x stays where it is, and must do so
    // until the backward pass.
    const kernels::Inputs<T>& find_nonzeros(const kernels::Inputs<T>& x) {
        inputs_ = x;
        if (x.is_sparse() || x.empty()) return inputs_;
        inputs_ = kernels::find_nonzeros<T>(
            x.matrix(),
            {.lists = lists_.room(x.rows()), .entries = entries_.room(kernels::sparse_capacity(x.rows(), x.cols()))});
        return inputs_;
    }
    void keep_inputs(const kernels::Inputs<T>& x) { inputs_ = x; }
    const kernels::Inputs<T>& inputs() const { return inputs_; }

    // The products of a backward pass, from the last layer's to the first's, and the gradient that they are parts of.
    void begin_gradient() { products_.clear(); }
    void add_product(const WeightGradient<T>& product) { products_.push_back(product); }
    Gradient<T> gradient_of(std::span<T> values) { return {values, products_, positions_, executor_}; }

    // The first layer's outputs y by a relay of threads (kernels/relay.hpp), where that is better than to share out
    // rows; false where it is not, and y not written.
    bool relay_inputs(MatrixView<const T> weights, MatrixView<T> y, kernels::Epilogue<T> epilogue) {
        if (parameters_ != Parameters::trained || !inputs_.is_sparse()) return false;
        const double operations = 2 * inputs_.nonzeros_per_row() * static_cast<double>(y.size());
        const std::size_t parts = worthwhile_parts(executor_, y.rows(), operations);
        if (parts == 1 || kernels::relay_pieces<T>(y.rows(), y.cols()) < 4 * parts) return false;
        kernels::matmul_relay<T>(inputs_.sparse(), weights, y, epilogue, *executor_, parts, relay_);
        return true;
    }

    // Calls f(first, count) for ranges of `rows` rows, which may run at the same time where the work is worth it.
    template <class F>
    void share_rows(std::size_t rows, double operations_per_row, const F& f) const {
        const std::size_t parts = worthwhile_parts(executor_, rows, operations_per_row * static_cast<double>(rows));
        if (parts == 1) return f(std::size_t{0}, rows);
        constexpr std::size_t whole_tiles = 8;
        executor_->run(parts, [&](std::size_t part) {
            const Range range = share_of(rows, part, parts, whole_tiles);
            if (range.count > 0) f(range.first, range.count);
        });
    }

private:
    static MatrixView<T> shaped(std::vector<Scratch<T>>& places, std::size_t place, std::size_t rows,
                                std::size_t cols) {
        if (place >= places.size()) places.resize(place + 1);
        return {places[place].room(rows * cols), rows, cols};
    }

    Executor* executor_ = nullptr;
    Parameters parameters_ = Parameters::fixed;
    std::vector<Scratch<T>> activations_;
    std::vector<Scratch<T>> gradients_;
    Scratch<std::byte> bytes_;
    kernels::Inputs<T> inputs_;
    Scratch<kernels::NonzeroList<T>> lists_;
    Scratch<kernels::Nonzero<T>> entries_;
    kernels::RelayRoom<T> relay_;
    std::vector<WeightGradient<T>> products_;
    ListPositions<T> positions_;
};

}  // namespace nib::inline NIB_ABI
