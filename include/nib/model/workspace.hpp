// Workspace: scratch memory of forward and backward passes.
//
// Made once, given to every pass, used by one thread at a time. It grows in the first passes to what the largest batch
// needs, and allocates nothing after that (but see kernels/matmul.hpp on a thread's first large product). A
// backward pass reads what the forward pass before it left here.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/model/gradient.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

// Whether a pass is training, and what random layers need to know of its batch.
struct TrainingPass {
    bool on = false;
    std::uint64_t key = 0;        // differs for each step and epoch
    std::uint64_t first_row = 0;  // the number of the batch's first row in the epoch
};

// Where the numbers of one step of a pass lie.
template <class T>
struct StepMemory {
    T* output = nullptr;
    T* output_gradient = nullptr;  // the gradient with respect to its outputs
    T* kept = nullptr;             // what it keeps from forward to backward
};

template <class T>
class Workspace {
public:
    Workspace() = default;
    // With an executor, passes over large batches are shared out among its threads.
    explicit Workspace(Executor* executor) : executor_{executor} {}
    Workspace(Workspace&&) = default;
    Workspace& operator=(Workspace&&) = default;

    Executor* executor() const { return executor_; }

    // Workspaces without an executor, for threads that run passes of their own.
    std::span<Workspace> of_threads(std::size_t threads) {
        while (of_threads_.size() < threads) of_threads_.push_back({});
        return {of_threads_.data(), threads};
    }

    // The outputs in a slot, and the gradient with respect to them.
    MatrixView<T> activation(std::size_t slot, std::size_t rows, std::size_t cols) {
        return {buffer(activations_, slot, rows * cols), rows, cols};
    }
    MatrixView<T> gradient(std::size_t slot, std::size_t rows, std::size_t cols) {
        return {buffer(gradients_, slot, rows * cols), rows, cols};
    }
    // That of all steps, in their order.
    StepMemory<T>* steps(std::size_t count) { return steps_.buffer(count); }

    // What step `step` keeps from forward to backward.
    T* kept(std::size_t step, std::size_t count) { return buffer(kept_, step, count); }
    T* scratch(std::size_t count) { return scratch_.buffer(count); }
    T* statistics(std::size_t count) { return statistics_.buffer(count); }

    // At least so many bytes, from the start of a cache line on, for what is of another type than T. They change
    // nothing else here.
    std::byte* bytes(std::size_t count) { return bytes_.buffer(count); }

    // Begins a forward pass. Its inputs are x, as a sparse matrix where that pays and `sparse` allows it, else as a
    // dense one; x must outlive the pass and its gradient.
    void begin(const kernels::InputView<T>& x, bool sparse, const TrainingPass& training) {
        training_ = training;
        inputs_ = x;
        if (x.empty() || x.is_sparse() == sparse) return;
        if (sparse) {
            inputs_ = kernels::find_nonzeros<T>(x.matrix(), listed_inputs(x.rows(), x.cols()));
        } else {
            const MatrixView<T> matrix = written_out_inputs(x.rows(), x.cols());
            kernels::write_dense(x.sparse(), matrix);
            inputs_ = MatrixView<const T>{matrix};
        }
    }
    // Allocates what begin needs for at most `rows` inputs that are a sparse matrix or a dense one.
    void reserve_inputs(std::size_t rows, std::size_t cols, bool is_sparse, bool sparse) {
        if (is_sparse == sparse) return;
        if (sparse)
            listed_inputs(rows, cols);
        else
            written_out_inputs(rows, cols);
    }
    const kernels::InputView<T>& inputs() const { return inputs_; }
    const TrainingPass& training() const { return training_; }

    // The products of a backward pass, none at first, from the last layer's to the first's, and the gradient that they
    // are parts of.
    detail::List<DeferredProduct<T>>& begin_products() {
        products_.clear();
        return products_;
    }
    DeferredGradient<T> gradient_of(std::span<T> values) { return {values, products_, positions_, executor_}; }

private:
    [[gnu::noinline]] static T* buffer(detail::List<Scratch<T>>& buffers, std::size_t slot, std::size_t count) {
        while (buffers.size() <= slot) buffers.push_back({});
        return buffers[slot].buffer(count);
    }
    kernels::SparseStorage<T> listed_inputs(std::size_t rows, std::size_t cols) {
        return {.lists = lists_.buffer(rows), .entries = entries_.buffer(kernels::sparse_capacity(rows, cols))};
    }
    MatrixView<T> written_out_inputs(std::size_t rows, std::size_t cols) {
        return {written_out_.buffer(rows * cols), rows, cols};
    }

    Executor* executor_ = nullptr;
    detail::List<Workspace> of_threads_;
    TrainingPass training_;
    detail::List<Scratch<T>> activations_;
    detail::List<Scratch<T>> gradients_;
    detail::List<Scratch<T>> kept_;
    Scratch<StepMemory<T>> steps_;
    Scratch<T> scratch_;
    Scratch<T> statistics_;
    Scratch<std::byte> bytes_;
    kernels::InputView<T> inputs_;
    Scratch<kernels::SparseRow<T>> lists_;
    Scratch<kernels::Nonzero<T>> entries_;
    Scratch<T> written_out_;
    detail::List<DeferredProduct<T>> products_;
    ListPositions<T> positions_;
};

}  // namespace nib::inline NIB_ABI
