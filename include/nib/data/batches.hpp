// batches(data, size, rng): the examples in a new random order, `size` at a time, the last batch short.
//
//   for (const auto& batch : nib::batches(train, 15, rng))
//       adam.step(net, gradients(net, batch));
//
// Each batch is gathered into the same memory, so it is valid until the next one; after the first, none is allocated.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/atomic.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/data/examples.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// The indices of `examples` examples. Fails where they do not fit.
std::vector<std::uint32_t> ascending_order(std::size_t examples);

// Fails on a batch size of 0 and on an index that is none of `examples` examples.
void check_order(std::size_t batch_size, const std::vector<std::uint32_t>& order, std::size_t examples);

}  // namespace detail

// A range of batches, for one pass over the data. Data is a reference to a data set that outlives the range, or, where
// batches() was given a temporary, the data set itself.
template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
class Batches {
    using Source = std::remove_cvref_t<Data>;

public:
    static constexpr bool is_random = RandomExampleSource<Source, T>;
    static constexpr bool has_classes = ClassSource<Source>;
    using Batch = nib::Batch<T, TargetOf<Source, T>>;

    // `order` holds indices of examples. Dropout derives its masks from `key` (0: not shuffled), random examples their
    // random numbers from `seed`.
    // Fails on a batch size of 0 and on an index that is none.
    Batches(Data&& data, std::size_t batch_size, std::vector<std::uint32_t> order, std::uint64_t key,
            std::uint64_t seed, Executor* executor);

    // The number of batches.
    std::size_t size() const { return order_.empty() ? 0 : (order_.size() - 1) / batch_size_ + 1; }

    // The index in the data of row `row` of batch number `number`.
    std::size_t example(std::size_t number, std::size_t row) const { return order_[number * batch_size_ + row]; }

    // The memory that a batch is gathered into.
    class BatchBuffer {
        friend Batches;
        Scratch<int> classes;
        Scratch<T> targets;
        Scratch<T> weights;
        Scratch<kernels::SparseRow<T>> lists;
        Scratch<kernels::Nonzero<T>> entries;
        Scratch<T> matrix;
        Scratch<std::uint8_t> scratch;
    };

    // Batch number `number`, valid until the next one is gathered into the same buffer; empty from size() on. Several
    // threads may gather at once, each into its own buffer, where the batches have no executor.
    Batch gather(std::size_t number, BatchBuffer& buffer) const;

    struct End {};

    class Iterator {
    public:
        using value_type = Batch;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        explicit Iterator(Batches& batches) : batches_{&batches} { gather(); }

        const Batch& operator*() const { return batch_; }
        const Batch* operator->() const { return &batch_; }
        Iterator& operator++() {
            ++number_;
            gather();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& i, End) { return i.batch_.size() == 0; }

    private:
        void gather() { batch_ = batches_->gather(number_, batches_->buffer_); }

        Batches* batches_ = nullptr;
        std::size_t number_ = 0;
        Batch batch_;
    };

    Iterator begin() { return Iterator{*this}; }
    End end() const { return {}; }

private:
    auto targets(std::size_t first, std::size_t count, BatchBuffer& buffer) const;

    std::span<const T> weights([[maybe_unused]] std::size_t first, [[maybe_unused]] std::size_t count,
                               [[maybe_unused]] BatchBuffer& buffer) const {
        if constexpr (WeightedSource<Source>) {
            if (!has_weights(data_)) return {};
            T* const weights = buffer.weights.buffer(batch_size_);
            for (std::size_t i = 0; i < count; ++i) weights[i] = static_cast<T>(weight_of(data_, order_[first + i]));
            return {weights, count};
        } else {
            return {};
        }
    }

    // The examples as a sparse matrix, or as a dense one where over half of the numbers are non-zero.
    kernels::InputView<T> inputs(std::size_t first, std::size_t count, BatchBuffer& buffer) const;

    // Fills the sparse matrix. False where it gives up.
    bool list(std::size_t first, std::size_t count, std::size_t parts, BatchBuffer& buffer) const;

    // Example number `number` of the order.
    void copy(std::size_t number, [[maybe_unused]] std::size_t part, [[maybe_unused]] BatchBuffer& buffer,
              std::span<T> to) const {
        if constexpr (is_random) {
            Rng rng = Rng::stream(seed_, number);
            copy_example(data_, order_[number], rng, scratch(part, buffer), to);
        } else {
            copy_example(data_, order_[number], to);
        }
    }
    std::size_t list_one(std::size_t number, [[maybe_unused]] std::size_t part, [[maybe_unused]] BatchBuffer& buffer,
                         kernels::Nonzero<T>* to) const {
        if constexpr (is_random) {
            Rng rng = Rng::stream(seed_, number);
            return append_nonzeros_of(data_, order_[number], rng, scratch(part, buffer), to);
        } else {
            return append_nonzeros_of(data_, order_[number], to);
        }
    }
    // The scratch memory of a random example.
    std::uint8_t* scratch([[maybe_unused]] std::size_t part, [[maybe_unused]] BatchBuffer& buffer) const {
        if constexpr (is_random) {
            const std::size_t each = example_scratch_size(data_);
            return buffer.scratch.buffer(each) + part * each;
        } else {
            return nullptr;
        }
    }

    static constexpr bool can_list = [] {
        if constexpr (is_random)
            return requires(const Source& data, Rng& rng, std::uint8_t* scratch, kernels::Nonzero<T>* to) {
                append_nonzeros_of(data, 0, rng, scratch, to);
            };
        else
            return requires(const Source& data, kernels::Nonzero<T>* to) { append_nonzeros_of(data, 0, to); };
    }();

    // Calls f(range, part) for the chunks of `count` examples.
    template <class F>
    void share(std::size_t count, std::size_t parts, const F& f) const {
        if (parts == 1) return f(Range{0, count}, std::size_t{0});
        executor_->parallel_for(parts, [&](std::size_t part) { f(chunk(count, part, parts), part); });
    }

    // The cost of gathering one number, in floating-point operations, by which thread_count_for() decides.
    static constexpr double operations_per_number = is_random ? 1000 : 100;

    // Examples in a random order are cache misses, so each, but the first ones, is prefetched while the one so many
    // before it is gathered, also for the next batch: long enough before, and few enough that they stay in the cache.
    static constexpr std::size_t prefetched_ahead = 16;

    // Called before example number `number` of the order is gathered.
    void prefetch_ahead([[maybe_unused]] std::size_t number) const {
        if constexpr (requires { prefetch_example(data_, 0); })
            if (number + prefetched_ahead < order_.size()) prefetch_example(data_, order_[number + prefetched_ahead]);
    }

    Data data_;
    std::vector<std::uint32_t> order_;
    std::size_t batch_size_;
    std::uint64_t key_;
    std::uint64_t seed_;
    Executor* executor_;
    BatchBuffer buffer_;
};

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> Batches<T, Data>::Batches(Data&& data, std::size_t batch_size,
                                                                               std::vector<std::uint32_t> order,
                                                                               std::uint64_t key, std::uint64_t seed,
                                                                               Executor* executor)
    : data_{std::forward<Data>(data)},
      order_{std::move(order)},
      batch_size_{smaller(batch_size, order_.size())},
      key_{key},
      seed_{seed},
      executor_{executor} {
    detail::check_order(batch_size, order_, data_.size());
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
auto Batches<T, Data>::gather(std::size_t number, BatchBuffer& buffer) const -> Batch {
    const std::size_t first = smaller(number * batch_size_, order_.size());
    const std::size_t count = smaller(batch_size_, order_.size() - first);
    return {inputs(first, count, buffer), targets(first, count, buffer), key_, number, first,
            weights(first, count, buffer)};
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
auto Batches<T, Data>::targets(std::size_t first, std::size_t count, BatchBuffer& buffer) const {
    if constexpr (has_classes) {
        int* const classes = buffer.classes.buffer(batch_size_);
        for (std::size_t i = 0; i < count; ++i) classes[i] = target_of(data_, order_[first + i]);
        return std::span<const int>{classes, count};
    } else {
        const std::size_t cols = target_size(data_);
        const MatrixView<T> rows{buffer.targets.buffer(batch_size_ * cols), count, cols};
        const std::size_t parts =
            thread_count_for(executor_, count, operations_per_number * static_cast<double>(rows.size()));
        share(count, parts, [&](Range some, std::size_t /*part*/) {
            for (std::size_t i = some.first; i < some.first + some.count; ++i)
                copy_target(data_, order_[first + i], rows.row(i));
        });
        return MatrixView<const T>{rows};
    }
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> kernels::InputView<T> Batches<T, Data>::inputs(std::size_t first,
                                                                                                    std::size_t count,
                                                                                                    BatchBuffer& buffer)
const {
    const std::size_t cols = data_.input_size();
    const MatrixView<T> matrix{buffer.matrix.buffer(count * cols), count, cols};
    const std::size_t parts =
        thread_count_for(executor_, count, operations_per_number * static_cast<double>(matrix.size()));
    if constexpr (is_random) buffer.scratch.buffer(parts * example_scratch_size(data_));
    if (list(first, count, parts, buffer))
        return kernels::SparseMatrixView<T>{count, cols, buffer.lists.buffer(batch_size_)};
    share(count, parts, [&](Range rows, std::size_t part) {
        for (std::size_t i = 0; i < rows.count; ++i) {
            const std::size_t number = first + rows.first + i;
            prefetch_ahead(number);
            copy(number, part, buffer, matrix.row(rows.first + i));
        }
    });
    return MatrixView<const T>{matrix};
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
bool Batches<T, Data>::list(std::size_t first, std::size_t count, std::size_t parts, BatchBuffer& buffer) const {
    if constexpr (can_list) {
        const std::size_t cols = data_.input_size();
        const std::size_t capacity = kernels::sparse_capacity((count + parts - 1) / parts, cols);
        kernels::SparseRow<T>* const lists = buffer.lists.buffer(batch_size_);
        kernels::Nonzero<T>* const entries = buffer.entries.buffer(parts * capacity);
        Atomic<std::size_t> given_up{0};
        share(count, parts, [&](Range rows, std::size_t part) {
            const kernels::SparseStorage<T> storage{lists + rows.first, entries + part * capacity};
            const auto list_row = [&](std::size_t i, kernels::Nonzero<T>* to) {
                const std::size_t number = first + rows.first + i;
                prefetch_ahead(number);
                return list_one(number, part, buffer, to);
            };
            if (!kernels::list_rows<T>(rows.count, cols, storage, list_row)) given_up.add(1);
        });
        return given_up.load() == 0;
    } else {
        return false;
    }
}

namespace detail {

// T where the caller named one; else the data's own type, which is float for bytes.
template <class T, class Data>
struct BatchScalar {
    using type = T;
};
template <class Data>
struct BatchScalar<void, Data> {
    using type = float;
};
template <class Scalar, class Target>
struct BatchScalar<void, Examples<Scalar, Target>> {
    using type = Scalar;
};

// A hash of the state, of which nothing is drawn; never 0.
inline std::uint64_t batches_key(const Rng& rng) {
    std::uint64_t key = 0;
    for (const std::uint64_t word : rng.state()) key = Rng{key ^ word}();
    return key == 0 ? 1 : key;
}

template <class T, class Data>
using BatchesOf = Batches<typename BatchScalar<T, std::remove_cvref_t<Data>>::type, Data>;

}  // namespace detail

// Shuffled: each example once. nib::batches<double>(data, …) makes batches for a double network. An executor
// gathers the chunks of large batches in parallel.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, Rng& rng,
                                                 Executor* executor = nullptr) {
    auto order = detail::ascending_order(data.size());
    const std::uint64_t key = detail::batches_key(rng);
    if (order.size() == 1) static_cast<void>(rng());  // to shuffle one draws nothing, and the next key is another
    rng.shuffle(order);
    const std::uint64_t seed = detail::BatchesOf<T, Data>::is_random ? rng() : 0;
    return {std::forward<Data>(data), batch_size, std::move(order), key, seed, executor};
}
// In the data's own order.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, Executor* executor = nullptr) {
    auto order = detail::ascending_order(data.size());
    return {std::forward<Data>(data), batch_size, std::move(order), 0, 0, executor};
}
// In an order of the caller's: of all examples, of some, or with repetitions.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, std::vector<std::uint32_t> order,
                                                 Executor* executor = nullptr) {
    return {std::forward<Data>(data), batch_size, std::move(order), 0, 0, executor};
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

NIB_API std::vector<std::uint32_t> ascending_order(std::size_t examples) {
    if (examples > (std::numeric_limits<std::uint32_t>::max)())
        fail({"batches: expected fewer than 2^32 examples, found ", examples});
    std::vector<std::uint32_t> order(examples);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
    return order;
}

NIB_API void check_order(std::size_t batch_size, const std::vector<std::uint32_t>& order, std::size_t examples) {
    if (batch_size == 0) fail("batches: expected a batch size of at least 1, found 0");
    for (const std::uint32_t index : order)
        if (index >= examples)
            fail({"batches: expected indices below ", examples, ", the number of examples, found ", index});
}

}  // namespace nib::inline NIB_ABI::detail

#endif
