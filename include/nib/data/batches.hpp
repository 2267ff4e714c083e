// batches(data, size, rng): the examples in a new random order, `size` at a time, the last batch short.
//
//   for (const auto& batch : nib::batches(train, 15, rng))
//       adam.step(net, gradients(batch));
//
// Each batch is gathered into the same memory, so it is valid until the next one; after the first, none is allocated.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/atomic.hpp>
#include <nib/core/error.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/core/storage.hpp>
#include <nib/data/dataset.hpp>
#include <nib/kernels/elementwise.hpp>
#include <nib/kernels/nonzeros.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// B examples of F features, and their classes.
template <class T>
struct Batch {
    kernels::Inputs<T>
        inputs;  // [B, F]; mostly zeros, they are lists of non-zeros, and inputs.matrix() writes them out
    std::span<const int> targets;  // [B]
};

// A user's own examples: a matrix and a class for each row. It only looks at them.
template <class T>
struct Examples {
    MatrixView<const T> inputs;    // [N, F]
    std::span<const int> targets;  // [N]

    Examples(MatrixView<const T> examples, std::span<const int> classes) : inputs{examples}, targets{classes} {
        if (inputs.rows() != targets.size())
            fail("Examples: expected a class for each of " + std::to_string(inputs.rows()) + " rows, found " +
                 std::to_string(targets.size()));
    }

    // It would look at numbers that are gone.
    Examples(Matrix<T>&&, std::span<const int>) = delete;
    Examples(Matrix<T>&&, std::vector<int>&&) = delete;
    Examples(MatrixView<const T>, std::vector<int>&&) = delete;

    std::size_t size() const { return targets.size(); }
    std::size_t input_size() const { return inputs.cols(); }
};
template <class M>
Examples(const M&, std::span<const int>) -> Examples<std::remove_const_t<typename M::value_type>>;
template <class M>
Examples(const M&, const std::vector<int>&) -> Examples<std::remove_const_t<typename M::value_type>>;

// Row `index` of a data set, as T.
template <class T>
void copy_example(const Dataset& data, std::size_t index, std::span<T> to) {
    kernels::scale_bytes<T>(data.image(index), to);
}
template <class T>
void copy_example(const Examples<T>& data, std::size_t index, std::span<T> to) {
    const auto from = data.inputs.row(index);
    copy_values(from.data(), from.size(), to.data());
}

// Its non-zeros, and how many there are; `entries` has room for all of it. What has no such function is copied.
template <class T>
std::size_t list_example(const Dataset& data, std::size_t index, kernels::Nonzero<T>* entries) {
    return kernels::append_nonzeros(data.image(index), entries);
}
template <class T>
std::size_t list_example(const Examples<T>& data, std::size_t index, kernels::Nonzero<T>* entries) {
    return kernels::append_nonzeros(std::span<const T>{data.inputs.row(index)}, entries);
}

// Reads a byte in every 64, which takes what is read into the caches. In a random order each example is a wait for
// memory; several that are fetched at once are one wait. Any data set may have such a function.
inline void fetch_example(const Dataset& data, std::size_t index) {
    const auto image = data.image(index);
    for (std::size_t i = 0; i < image.size(); i += cache_line)
        static_cast<void>(*static_cast<const volatile std::uint8_t*>(image.data() + i));
}

inline int target_of(const Dataset& data, std::size_t index) { return data.labels[index]; }
template <class T>
int target_of(const Examples<T>& data, std::size_t index) {
    return data.targets[index];
}

// What batches are made of: Dataset, Examples, or anything else with these …
template <class D, class T>
concept FixedExampleSource = requires(const D& data, std::size_t index, std::span<T> to) {
    copy_example(data, index, to);
};
// … or these, where an example is another one each time that it comes: a function of its index and of a generator. It
// is given example_room(data) bytes to scribble on. (list_example gets the same.)
template <class D, class T>
concept RandomExampleSource = requires(const D& data, std::size_t index, Rng& rng, std::uint8_t* room,
                                       std::span<T> to) {
    { example_room(data) } -> std::same_as<std::size_t>;
    copy_example(data, index, rng, room, to);
};
template <class D, class T>
concept ExampleSource = (FixedExampleSource<D, T> || RandomExampleSource<D, T>)&&requires(const D& data,
                                                                                          std::size_t index) {
    { data.size() } -> std::same_as<std::size_t>;
    { data.input_size() } -> std::same_as<std::size_t>;
    { target_of(data, index) } -> std::same_as<int>;
};

// A range of batches, to be gone through once. Data is a reference to a data set that outlives the range, or, where
// batches() was given a temporary, the data set itself.
template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
class Batches {
    using Source = std::remove_cvref_t<Data>;

public:
    static constexpr bool is_random = RandomExampleSource<Source, T>;

    // In the order of `order`, which holds indices of examples; `seed` is that of random examples. Fails on a batch
    // size of 0 and on an index that is none.
    Batches(Data&& data, std::size_t batch_size, std::vector<std::uint32_t> order, std::uint64_t seed,
            Executor* executor);

    // How many batches there are.
    std::size_t size() const { return order_.empty() ? 0 : (order_.size() - 1) / batch_size_ + 1; }

    // Which of the data's examples is row `row` of batch number `number`.
    std::size_t example(std::size_t number, std::size_t row) const { return order_[number * batch_size_ + row]; }

    // Where a batch lies.
    class Place {
        friend Batches;
        std::vector<int> targets;
        std::vector<kernels::NonzeroList<T>> lists;
        Scratch<kernels::Nonzero<T>> entries;
        Scratch<T> matrix;
        Scratch<std::uint8_t> room;
    };

    // Batch number `number`, valid until the next one is gathered into the same place; empty from size() on. For those
    // who want several at a time; threads may gather into several places at once, given no executor.
    Batch<T> gather(std::size_t number, Place& place) const;

    struct End {};

    class Iterator {
    public:
        using value_type = Batch<T>;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        explicit Iterator(Batches& batches) : batches_{&batches} { gather(); }

        const Batch<T>& operator*() const { return batch_; }
        const Batch<T>* operator->() const { return &batch_; }
        Iterator& operator++() {
            ++number_;
            gather();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& i, End) { return i.batch_.targets.empty(); }

    private:
        void gather() { batch_ = batches_->gather(number_, batches_->place_); }

        Batches* batches_ = nullptr;
        std::size_t number_ = 0;
        Batch<T> batch_;
    };

    Iterator begin() { return Iterator{*this}; }
    End end() const { return {}; }

private:
    // Lists of the examples' non-zeros, or copies where these do not pay.
    kernels::Inputs<T> inputs(std::size_t first, std::size_t count, Place& place) const;

    // False where the lists were given up.
    bool list(std::size_t first, std::size_t count, std::size_t parts, Place& place) const;

    // Example number `number` of the order.
    void copy(std::size_t number, [[maybe_unused]] std::size_t part, [[maybe_unused]] Place& place,
              std::span<T> to) const {
        if constexpr (is_random) {
            Rng rng = Rng::stream(seed_, number);
            copy_example(data_, order_[number], rng, room(part, place), to);
        } else {
            copy_example(data_, order_[number], to);
        }
    }
    std::size_t list_one(std::size_t number, [[maybe_unused]] std::size_t part, [[maybe_unused]] Place& place,
                         kernels::Nonzero<T>* to) const {
        if constexpr (is_random) {
            Rng rng = Rng::stream(seed_, number);
            return list_example(data_, order_[number], rng, room(part, place), to);
        } else {
            return list_example(data_, order_[number], to);
        }
    }
    // A random example's bytes to scribble on.
    std::uint8_t* room([[maybe_unused]] std::size_t part, [[maybe_unused]] Place& place) const {
        if constexpr (is_random) {
            const std::size_t each = example_room(data_);
            return place.room.room(each) + part * each;
        } else {
            return nullptr;
        }
    }

    static constexpr bool can_list = [] {
        if constexpr (is_random)
            return requires(const Source& data, Rng& rng, std::uint8_t* room, kernels::Nonzero<T>* to) {
                list_example(data, 0, rng, room, to);
            };
        else
            return requires(const Source& data, kernels::Nonzero<T>* to) { list_example(data, 0, to); };
    }();

    // Calls f(range, part) for shares of `count` examples.
    template <class F>
    void share(std::size_t count, std::size_t parts, const F& f) const {
        if (parts == 1) return f(Range{0, count}, std::size_t{0});
        executor_->run(parts, [&](std::size_t part) { f(share_of(count, part, parts), part); });
    }

    // Floating-point operations that take as long as to fetch and list a number (worthwhile_parts() wants them).
    static constexpr double operations_per_number = is_random ? 1000 : 100;

    // A training step of tools/bench's job A takes 5% less by that, with 3 to 15 of them alike, on a Zen 3 CPU; asking
    // for examples ahead instead (__builtin_prefetch) changed nothing there.
    static constexpr std::size_t fetched_together = 8;

    // Before number i of a share's examples: at every eighth, fetches it and the seven behind it.
    void fetch([[maybe_unused]] std::size_t first, [[maybe_unused]] Range rows, [[maybe_unused]] std::size_t i) const {
        if constexpr (requires { fetch_example(data_, 0); }) {
            if (i % fetched_together != 0) return;
            const std::size_t end = smaller(i + fetched_together, rows.count);
            for (std::size_t k = i; k < end; ++k) fetch_example(data_, order_[first + rows.first + k]);
        }
    }

    Data data_;
    std::vector<std::uint32_t> order_;
    std::size_t batch_size_;
    std::uint64_t seed_;
    Executor* executor_;
    Place place_;
};

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> Batches<T, Data>::Batches(Data&& data, std::size_t batch_size,
                                                                               std::vector<std::uint32_t> order,
                                                                               std::uint64_t seed, Executor* executor)
    : data_{std::forward<Data>(data)},
      order_{std::move(order)},
      batch_size_{smaller(batch_size, order_.size())},
      seed_{seed},
      executor_{executor} {
    if (batch_size == 0) fail("batches: expected a batch size of at least 1, found 0");
    for (const std::uint32_t index : order_)
        if (index >= data_.size())
            fail("batches: expected indices below " + std::to_string(data_.size()) + ", the number of examples, " +
                 "found " + std::to_string(index));
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> Batch<T> Batches<T, Data>::gather(std::size_t number, Place& place)
const {
    const std::size_t first = smaller(number * batch_size_, order_.size());
    const std::size_t count = smaller(batch_size_, order_.size() - first);
    place.targets.resize(batch_size_);
    place.lists.resize(batch_size_);
    for (std::size_t i = 0; i < count; ++i) place.targets[i] = target_of(data_, order_[first + i]);
    return {inputs(first, count, place), {place.targets.data(), count}};
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> kernels::Inputs<T> Batches<T, Data>::inputs(std::size_t first,
                                                                                                 std::size_t count,
                                                                                                 Place& place)
const {
    const std::size_t cols = data_.input_size();
    const MatrixView<T> matrix{place.matrix.room(count * cols), count, cols};
    const std::size_t parts =
        worthwhile_parts(executor_, count, operations_per_number * static_cast<double>(matrix.size()));
    if constexpr (is_random) place.room.room(parts * example_room(data_));
    if (list(first, count, parts, place)) return {{count, cols, place.lists.data()}, matrix};
    share(count, parts, [&](Range rows, std::size_t part) {
        for (std::size_t i = 0; i < rows.count; ++i) {
            fetch(first, rows, i);
            copy(first + rows.first + i, part, place, matrix.row(rows.first + i));
        }
    });
    return MatrixView<const T>{matrix};
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
bool Batches<T, Data>::list(std::size_t first, std::size_t count, std::size_t parts, Place& place) const {
    if constexpr (can_list) {
        const std::size_t cols = data_.input_size();
        const std::size_t capacity = kernels::sparse_capacity((count + parts - 1) / parts, cols);
        kernels::Nonzero<T>* const entries = place.entries.room(parts * capacity);
        Atomic<std::size_t> given_up{0};
        share(count, parts, [&](Range rows, std::size_t part) {
            const kernels::SparseStorage<T> storage{place.lists.data() + rows.first, entries + part * capacity};
            const auto list_row = [&](std::size_t i, kernels::Nonzero<T>* to) {
                fetch(first, rows, i);
                return list_one(first + rows.first + i, part, place, to);
            };
            if (!kernels::list_rows<T>(rows.count, cols, storage, list_row)) given_up.add(1);
        });
        return given_up.load() == 0;
    } else {
        return false;
    }
}

namespace detail {

template <class Data>
std::vector<std::uint32_t> ascending_order(const Data& data) {
    if (data.size() > (std::numeric_limits<std::uint32_t>::max)())
        fail("batches: expected fewer than 2^32 examples, found " + std::to_string(data.size()));
    std::vector<std::uint32_t> order(data.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
    return order;
}

// T where the caller named one; else the data's own type, which is float for bytes.
template <class T, class Data>
struct BatchScalar {
    using type = T;
};
template <class Data>
struct BatchScalar<void, Data> {
    using type = float;
};
template <class Scalar>
struct BatchScalar<void, Examples<Scalar>> {
    using type = Scalar;
};

template <class T, class Data>
using BatchesOf = Batches<typename BatchScalar<T, std::remove_cvref_t<Data>>::type, Data>;

}  // namespace detail

// Shuffled: each example once. nib::batches<double>(data, …) makes batches for a double network. What an executor runs
// shares the gathering of large batches.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, Rng& rng,
                                                 Executor* executor = nullptr) {
    auto order = detail::ascending_order(data);
    rng.shuffle(std::span{order});
    const std::uint64_t seed = detail::BatchesOf<T, Data>::is_random ? rng() : 0;
    return {std::forward<Data>(data), batch_size, std::move(order), seed, executor};
}
// In the data's own order.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, Executor* executor = nullptr) {
    auto order = detail::ascending_order(data);
    return {std::forward<Data>(data), batch_size, std::move(order), 0, executor};
}
// In an order of the caller's, of some of the examples or some of them often.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, std::vector<std::uint32_t> order,
                                                 Executor* executor = nullptr) {
    return {std::forward<Data>(data), batch_size, std::move(order), 0, executor};
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Batches<float, const Dataset&>;
NIB_TEMPLATE class Batches<double, const Dataset&>;
#endif

}  // namespace nib::inline NIB_ABI
