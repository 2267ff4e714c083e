// The engine: runs a table of steps forward and backward, whatever its layers are.
//
// Most layers treat each row by itself. A run of such layers is a segment: each thread takes its rows of the batch
// through all of them without waiting. A layer that mixes rows is a segment of its own. In training, a layer with many
// outputs and the elementwise ones behind it are a segment of which each thread takes its columns (shared_columns.hpp).
// A layer that runs in place follows each piece of rows of the layer before it while that is in the cache. The numbers
// are the same to the bit for every number of threads.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/core/error.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/model/detail/shared_columns.hpp>
#include <nib/model/detail/step.hpp>
#include <nib/model/gradient.hpp>
#include <nib/model/workspace.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

// What a network is to the engine. It refers to the network's numbers.
template <class T>
struct NetworkView {
    detail::ArrayView<Step<T>> steps;  // placed by place_steps
    std::span<const T> parameters;
    std::span<const T> buffers;
};

// The outputs [B, last step's out] for x [B, first step's in]. They lie in the workspace until its next use; x and the
// network's numbers must outlive the backward pass. By default it is inference.
template <class T>
MatrixView<const T> run_forward(const NetworkView<T>& net, const kernels::InputView<T>& x, Workspace<T>& workspace,
                                const TrainingPass& training = {});

// Allocates what passes over at most `rows` rows of a dense or a sparse matrix need, so that in inference they allocate
// nothing.
template <class T>
void reserve_forward(const NetworkView<T>& net, std::size_t rows, bool is_sparse, Workspace<T>& workspace);

// After run_forward: the gradients by all parameters, from dy, the gradient of the loss by the outputs of step
// `last`: the last one, or the one before where the loss computes its gradient through the last layer. `values` holds
// as many numbers. The result refers to dy, `values` and the workspace.
template <class T>
DeferredGradient<T> run_backward(const NetworkView<T>& net, MatrixView<const T> dy, std::size_t last,
                                 Workspace<T>& workspace, std::span<T> values);

// Updates the network's buffers from the statistics that the last training pass left in the workspace.
template <class T>
void commit_buffers(detail::ArrayView<Step<T>> steps, Workspace<T>& workspace, std::span<T> buffers);

namespace detail {

// Fails on a network without its numbers.
template <class T>
void check_network(const NetworkView<T>& net);

[[noreturn]] void fail_moved_from();
// Of an example with another number of features than the network takes.
[[noreturn]] void fail_features(std::size_t expected, std::size_t found);

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/flush_subnormals.hpp>

#include <cassert>

namespace nib::inline NIB_ABI {

namespace detail {

NIB_API void fail_moved_from() { fail("the network was moved from: it has no parameters"); }

NIB_API void fail_features(std::size_t expected, std::size_t found) {
    fail({"the network takes ", expected, " features, the example has ", found});
}

// Each layer has a random key of its own, made of the pass's (the finaliser of splitmix64: Steele et al. 2014).
constexpr std::uint64_t step_key(std::uint64_t key, std::size_t step) {
    std::uint64_t z = key + 0x9e3779b97f4a7c15 * (step + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// One batch on its way through the steps.
template <class T>
class EngineRun {
public:
    // Memory is found, and allocated where it must be, here and at the start of backward(), before threads share the
    // work. (Steps that share a slot have as many outputs.)
    [[gnu::noinline]] EngineRun(const NetworkView<T>& net, Workspace<T>& workspace, std::size_t rows)
        : net_{net},
          workspace_{workspace},
          rows_{rows},
          training_{workspace.training()},
          most_parts_{workspace.executor() == nullptr ? 1 : workspace.executor()->size()},
          memory_{workspace.steps(net.steps.size())} {
        std::size_t statistics = 0;
        for (std::size_t i = 0; i < net.steps.size(); ++i) {
            const Step<T>& step = net.steps[i];
            memory_[i].output = workspace.activation(step.output, rows, step.shape.out).data();
            if (step.kept_per_row > 0) memory_[i].kept = workspace.kept(i, rows * step.kept_per_row);
            scratch_per_row_ = larger(scratch_per_row_, step.scratch_per_row);
            statistics = step.statistics_offset + step.statistics;
        }
        scratch_ = workspace.scratch(rows * scratch_per_row_);
        statistics_ = {workspace.statistics(statistics), statistics};
    }

    MatrixView<const T> forward() {
        const std::size_t count = net_.steps.size();
        for (std::size_t first = 0, end; first < count; first = end) {
            end = first + 1;
            const bool by_columns = begins_columns(first);
            if (by_columns)
                while (end < count && sharing(end) == Sharing::elements) ++end;
            else if (is_row_wise(first))
                while (end < count && is_row_wise(end) && !begins_columns(end)) ++end;
            share({first, end - first}, Direction::forward, by_columns);
        }
        return output(count - 1, {0, rows_});
    }

    // From dy, the gradient by the outputs of step `last`, back to the last step before which nothing has parameters.
    void backward(MatrixView<const T> dy, std::size_t last) {
        dy_ = dy;
        last_ = last;
        for (std::size_t i = 0; i < last; ++i)
            if (net_.steps[i + 1].input_gradient)
                memory_[i].output_gradient =
                    workspace_.gradient(net_.steps[i].output_gradient, rows_, net_.steps[i].shape.out).data();
        for (std::size_t end = last + 1, first; end > 0 && net_.steps[end - 1].input_gradient; end = first) {
            first = end_of_columns(end - 1);
            const bool by_columns = first < end;
            if (!by_columns) {
                first = end - 1;
                if (is_row_wise(first))
                    while (first > 0 && is_row_wise(first - 1) && net_.steps[first - 1].input_gradient &&
                           end_of_columns(first - 1) == first)
                        --first;
            }
            share({first, end - first}, Direction::backward, by_columns);
        }
    }

    void parameter_gradients(std::span<T> values, List<DeferredProduct<T>>& products) {
        for (std::size_t i = last_ + 1; i-- > 0;) {
            const Step<T>& step = net_.steps[i];
            if (step.parameter_gradient == nullptr) continue;
            ParameterGradient<T> gradient{values.subspan(step.parameter_offset, step.parameters), step.parameter_offset,
                                          products};
            step.parameter_gradient(pass(i, {{0, rows_}, all_columns}), input(i, {0, rows_}),
                                    output_gradient(i, {0, rows_}), gradient);
        }
    }

private:
    enum class Direction : unsigned char { forward, backward };

    // What a call runs over: some rows, or some columns of what steps write.
    struct Part {
        Range rows;
        Range columns;  // unless it is all_columns
    };
    static constexpr Range all_columns{0, static_cast<std::size_t>(-1)};

    Sharing sharing(std::size_t i) const { return net_.steps[i].sharing; }
    bool is_row_wise(std::size_t i) const { return sharing(i) != Sharing::columns && sharing(i) != Sharing::none; }
    // Whether threads share the columns of this step's outputs, and of those of the activations behind it.
    bool begins_columns(std::size_t i) const {
        return training_.on && sharing(i) == Sharing::outputs &&
               shares_columns(net_.steps[i].shape, rows_, most_parts_);
    }
    // On the way back, threads share the columns of the gradients that step i writes and of those of the activations
    // before it, if a step began them: the first of these activations, or i without any. Else i + 1.
    std::size_t end_of_columns(std::size_t i) const {
        std::size_t first = i;
        while (first > 0 && sharing(first - 1) == Sharing::elements) --first;
        return sharing(i) == Sharing::outputs && first > 0 && begins_columns(first - 1) ? first : i + 1;
    }

    // Runs a segment, in shares of rows or columns where that pays.
    void share(Range steps, Direction direction, bool by_columns) {
        const Step<T>& first = net_.steps[steps.first];
        by_columns = by_columns || first.sharing == Sharing::columns;
        const std::size_t width = direction == Direction::forward ? first.shape.out : first.shape.in;
        double operations = 0;
        for (std::size_t i = steps.first; i < steps.first + steps.count; ++i) {
            constexpr double per_number = 16;  // to write one takes longer than a sum of few terms
            const Step<T>& step = net_.steps[i];
            const bool is_forward = direction == Direction::forward;
            operations += i == 0 && is_forward ? first_operations() : step.operations_per_row;
            operations += per_number * static_cast<double>(is_forward ? step.shape.out : step.shape.in);
        }
        if (direction == Direction::backward) operations *= 2;
        const std::size_t parts =
            first.sharing == Sharing::none
                ? 1
                : thread_count_for(workspace_.executor(), rows_, operations * static_cast<double>(rows_));
        const Range all_rows = {0, rows_};
        if (parts == 1) return run(steps, direction, {all_rows, all_columns});
        workspace_.executor()->parallel_for(parts, [&](std::size_t part) {
            constexpr std::size_t whole_tiles = 8;
            const Part share = by_columns ? Part{all_rows, chunk_of_columns<T>(width, part, parts)}
                                          : Part{chunk(rows_, part, parts, whole_tiles), all_columns};
            if (share.rows.count > 0 && share.columns.count > 0) run(steps, direction, share);
        });
    }
    double first_operations() const {
        const Step<T>& first = net_.steps[0];
        const kernels::InputView<T>& x = workspace_.inputs();
        return x.is_sparse() ? first.operations_per_row * x.nonzeros_per_row() / static_cast<double>(x.cols())
                             : first.operations_per_row;
    }

    // Steps that share a slot take turns on pieces of the rows.
    [[gnu::noinline]] void run(Range steps, Direction direction, const Part& part) const {
        const ScopedFlushSubnormals flush;
        const Step<T>* const all = net_.steps.data();
        const std::size_t end = steps.first + steps.count;
        const Range rows = part.rows;
        const auto at_once = [&](bool is_alone, std::size_t width) {
            return is_alone ? rows.count : rows_at_once(smaller(width, part.columns.count));
        };
        if (direction == Direction::forward) {
            for (std::size_t i = steps.first, next; i < end; i = next) {
                next = i + 1;
                while (next < end && all[next].output == all[i].output) ++next;
                const std::size_t some = at_once(next == i + 1, all[i].shape.out);
                for (std::size_t done = 0; done < rows.count; done += some)
                    for (std::size_t k = i; k < next; ++k) forward(k, {piece(rows, done, some), part.columns});
            }
        } else {
            for (std::size_t i = end, next; i > steps.first; i = next) {
                next = i - 1;
                while (next > steps.first && all[next - 2].output_gradient == all[next - 1].output_gradient) --next;
                const std::size_t some = at_once(next + 1 == i, all[i - 1].shape.in);
                for (std::size_t done = 0; done < rows.count; done += some)
                    for (std::size_t k = i; k-- > next;) backward(k, {piece(rows, done, some), part.columns});
            }
        }
    }
    static Range piece(Range rows, std::size_t done, std::size_t at_once) {
        return {rows.first + done, smaller(at_once, rows.count - done)};
    }
    // The outputs of so many rows of a layer that others follow should stay in a second-level cache, and be whole
    // blocks of the products' kernels.
    static std::size_t rows_at_once(std::size_t width) {
        constexpr std::size_t piece_bytes = 256 * 1024, large_block = 64, small_block = 24;
        const std::size_t fitting = piece_bytes / sizeof(T) / width;
        const std::size_t block = fitting < large_block ? small_block : large_block;
        return larger(fitting / block * block, block);
    }

    void forward(std::size_t i, const Part& part) const {
        const Step<T>& step = net_.steps[i];
        const MatrixView<T> y = output(i, part.rows);
        if (part.columns.count == all_columns.count || step.sharing != Sharing::elements)
            return step.forward(pass(i, part), input(i, part.rows), y);
        const MatrixView<const T> x = input(i, part.rows).matrix();
        for (std::size_t r = 0; r < y.rows(); ++r)
            step.forward(pass(i, part), some_columns(x, r, part.columns), some_columns(y, r, part.columns));
    }

    void backward(std::size_t i, const Part& part) const {
        const Step<T>& step = net_.steps[i];
        const MatrixView<T> dx = rows_of(memory_[i - 1].output_gradient, part.rows, step.shape.in);
        const MatrixView<const T> x = input(i, part.rows).matrix(), y = output(i, part.rows),
                                  dy = output_gradient(i, part.rows);
        if (part.columns.count == all_columns.count || step.sharing != Sharing::elements)
            step.backward_input(pass(i, part), x, y, dy, dx);
        else
            for (std::size_t r = 0; r < dx.rows(); ++r)
                step.backward_input(pass(i, part), some_columns(x, r, part.columns), some_columns(y, r, part.columns),
                                    some_columns(dy, r, part.columns), some_columns(dx, r, part.columns));
        for (std::size_t k = i + 1; step.branches_off && k <= last_; ++k)
            if (net_.steps[k].skip == i) add_skipped_gradient(k, part, dx);
    }

    // Of the residual connection that step k ends.
    void add_skipped_gradient(std::size_t k, const Part& part, MatrixView<T> to) const {
        const MatrixView<const T> from = output_gradient(k, part.rows);
        const auto add = net_.steps[k].add_gradient;
        if (part.columns.count == all_columns.count) return add(from.values(), to.values());
        for (std::size_t r = 0; r < to.rows(); ++r)  // the other columns are other threads'
            add(some_columns(from, r, part.columns).values(), some_columns(to, r, part.columns).values());
    }

    // Of row r.
    template <class U>
    static MatrixView<U> some_columns(MatrixView<U> matrix, std::size_t r, Range columns) {
        return {matrix.row(r).data() + columns.first, 1, columns.count};
    }

    static MatrixView<T> rows_of(T* matrix, Range rows, std::size_t cols) {
        return {matrix + rows.first * cols, rows.count, cols};
    }
    kernels::InputView<T> input(std::size_t i, Range rows) const {
        if (i == 0) return workspace_.inputs().middle_rows(rows.first, rows.count);
        return MatrixView<const T>{output(i - 1, rows)};
    }
    MatrixView<T> output(std::size_t i, Range rows) const {
        return rows_of(memory_[i].output, rows, net_.steps[i].shape.out);
    }
    MatrixView<const T> output_gradient(std::size_t i, Range rows) const {
        if (i == last_) return dy_.middle_rows(rows.first, rows.count);
        return MatrixView<const T>{rows_of(memory_[i].output_gradient, rows, net_.steps[i].shape.out)};
    }

    Pass<T> pass(std::size_t i, const Part& part) const {
        const Step<T>& step = net_.steps[i];
        const Range rows = part.rows;
        Pass<T> pass;
        pass.parameters = {net_.parameters.data() + step.parameter_offset, step.parameters};
        pass.buffers = {net_.buffers.data() + step.buffer_offset, step.buffers};
        pass.statistics = {statistics_.data() + step.statistics_offset, step.statistics};
        if (step.kept_per_row > 0)
            pass.kept = {memory_[i].kept + rows.first * step.kept_per_row, rows.count * step.kept_per_row};
        pass.scratch = {scratch_ + rows.first * scratch_per_row_, rows.count * step.scratch_per_row};
        if (step.skip != no_skip) pass.skipped = input(step.skip, rows).matrix();
        if (part.columns.count != all_columns.count)
            pass.columns = part.columns;
        else if (step.sharing == Sharing::columns)
            pass.columns = {0, step.shape.out};
        pass.setting = step.setting;
        pass.training = training_.on;
        pass.key = step_key(training_.key, i);
        pass.first_row = training_.first_row + rows.first;
        return pass;
    }

    const NetworkView<T>& net_;
    Workspace<T>& workspace_;
    std::size_t rows_;
    TrainingPass training_;
    std::size_t most_parts_;  // in which threads can share the work
    StepMemory<T>* memory_;
    std::size_t scratch_per_row_ = 0;
    T* scratch_ = nullptr;
    std::span<T> statistics_;
    MatrixView<const T> dy_;
    std::size_t last_ = 0;
};

// Whether the first step of a network takes its inputs as a sparse matrix.
template <class T>
bool reads_sparse(const Step<T>& first) {
    return first.accepts_sparse && !first.branches_off;
}

template <class T>
void check_network(const NetworkView<T>& net) {
    if (net.steps.empty() || net.steps.back().parameter_offset + net.steps.back().parameters != net.parameters.size() ||
        net.steps.back().buffer_offset + net.steps.back().buffers != net.buffers.size())
        fail_moved_from();
}

}  // namespace detail

template <class T>
MatrixView<const T> run_forward(const NetworkView<T>& net, const kernels::InputView<T>& x, Workspace<T>& workspace,
                                const TrainingPass& training) {
    detail::check_network(net);
    const Step<T>& first = net.steps.front();
    if (x.cols() != first.shape.in) detail::fail_features(first.shape.in, x.cols());
    workspace.begin(x, detail::reads_sparse(first), training);
    return detail::EngineRun<T>{net, workspace, x.rows()}.forward();
}

template <class T>
void reserve_forward(const NetworkView<T>& net, std::size_t rows, bool is_sparse, Workspace<T>& workspace) {
    detail::check_network(net);
    const Step<T>& first = net.steps.front();
    workspace.reserve_inputs(rows, first.shape.in, is_sparse, detail::reads_sparse(first));
    detail::EngineRun<T>{net, workspace, rows};
}

template <class T>
DeferredGradient<T> run_backward(const NetworkView<T>& net, MatrixView<const T> dy, std::size_t last,
                                 Workspace<T>& workspace, std::span<T> values) {
    assert(last < net.steps.size() && dy.cols() == net.steps[last].shape.out && values.size() == net.parameters.size());
    detail::EngineRun<T> run{net, workspace, dy.rows()};
    run.backward(dy, last);
    run.parameter_gradients(values, workspace.begin_products());
    return workspace.gradient_of(values);
}

template <class T>
void commit_buffers(detail::ArrayView<Step<T>> steps, Workspace<T>& workspace, std::span<T> buffers) {
    for (const Step<T>& step : steps)
        if (step.update_buffers != nullptr)
            step.update_buffers({workspace.statistics(0) + step.statistics_offset, step.statistics},
                                buffers.subspan(step.buffer_offset, step.buffers));
}

}  // namespace nib::inline NIB_ABI

#endif
