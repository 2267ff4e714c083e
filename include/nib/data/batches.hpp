// batches(data, size, rng): the examples in a new random order, `size` at a time, the last batch short.
//
//   for (const auto& batch : nib::batches(train, 15, rng))
//       adam.step(net, gradients(batch));
//
// Each batch is gathered into the same memory, so it is valid until the next one; after the first, none is allocated.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
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

// Asks for it ahead of its use: in a random order, each example is a wait for memory.
inline void prefetch_example(const Dataset& data, std::size_t index) {
    const auto image = data.image(index);
    for (std::size_t i = 0; i < image.size(); i += cache_line) __builtin_prefetch(image.data() + i);
}

inline int target_of(const Dataset& data, std::size_t index) { return data.labels[index]; }
template <class T>
int target_of(const Examples<T>& data, std::size_t index) {
    return data.targets[index];
}

// What batches are made of: Dataset, Examples, or anything else with these.
template <class D, class T>
concept ExampleSource = requires(const D& data, std::size_t index, std::span<T> to) {
    { data.size() } -> std::same_as<std::size_t>;
    { data.input_size() } -> std::same_as<std::size_t>;
    copy_example(data, index, to);
    { target_of(data, index) } -> std::same_as<int>;
};

// A range of batches, to be gone through once. Data is a reference to a data set that outlives the range, or, where
// batches() was given a temporary, the data set itself.
template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T>
class Batches {
public:
    // In the order of `order`, which holds indices of examples. Fails on a batch size of 0 and on an index that is
    // none.
    Batches(Data&& data, std::size_t batch_size, std::vector<std::uint32_t> order);

    // How many batches there are.
    std::size_t size() const { return order_.empty() ? 0 : (order_.size() - 1) / targets_.size() + 1; }

    struct End {};

    class Iterator {
    public:
        using value_type = Batch<T>;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        explicit Iterator(Batches& batches) : batches_{&batches} { batch_ = batches_->gather(first_); }

        const Batch<T>& operator*() const { return batch_; }
        const Batch<T>* operator->() const { return &batch_; }
        Iterator& operator++() {
            first_ += batch_.targets.size();
            batch_ = batches_->gather(first_);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& i, End) { return i.batch_.targets.empty(); }

    private:
        Batches* batches_ = nullptr;
        std::size_t first_ = 0;
        Batch<T> batch_;
    };

    Iterator begin() { return Iterator{*this}; }
    End end() const { return {}; }

private:
    // The batch that starts with example number `first` of the order; empty at the end.
    Batch<T> gather(std::size_t first);

    // Lists of the examples' non-zeros, or copies where these do not pay.
    kernels::Inputs<T> list(std::size_t first, std::span<const std::uint32_t> indices);

    // Far enough for memory to answer, and so near that the example is not driven out of the cache again: small batches
    // are done with before it comes to it.
    static constexpr std::size_t examples_ahead = 16;

    void prefetch([[maybe_unused]] std::size_t place) const {
        if constexpr (requires { prefetch_example(data_, 0); })
            if (place < order_.size()) prefetch_example(data_, order_[place]);
    }

    Data data_;
    std::vector<std::uint32_t> order_;
    std::vector<int> targets_;
    Scratch<T> matrix_;
    std::vector<std::size_t> starts_;
    Scratch<kernels::Nonzero<T>> entries_;
};

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> Batches<T, Data>::Batches(Data&& data, std::size_t batch_size,
                                                                               std::vector<std::uint32_t> order)
    : data_{std::forward<Data>(data)},
      order_{std::move(order)},
      targets_(smaller(batch_size, order_.size())),
      starts_(targets_.size() + 1) {
    if (batch_size == 0) fail("batches: expected a batch size of at least 1, found 0");
    for (const std::uint32_t index : order_)
        if (index >= data_.size())
            fail("batches: expected indices below " + std::to_string(data_.size()) + ", the number of examples, " +
                 "found " + std::to_string(index));
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> Batch<T> Batches<T, Data>::gather(std::size_t first) {
    const std::size_t count = smaller(targets_.size(), order_.size() - first);
    const auto indices = std::span{order_}.subspan(first, count);
    for (std::size_t i = 0; i < count; ++i) targets_[i] = target_of(data_, indices[i]);
    return {list(first, indices), {targets_.data(), count}};
}

template <class T, class Data>
requires ExampleSource<std::remove_cvref_t<Data>, T> kernels::Inputs<T> Batches<T, Data>::list(
    std::size_t first, std::span<const std::uint32_t> indices) {
    const std::size_t cols = data_.input_size();
    const MatrixView<T> matrix{matrix_.room(indices.size() * cols), indices.size(), cols};
    if constexpr (requires(kernels::Nonzero<T> * entries) { list_example(data_, 0, entries); }) {
        kernels::Nonzero<T>* const entries = entries_.room(kernels::sparse_capacity(indices.size(), cols));
        std::size_t count = 0, row = 0;
        for (; row < indices.size(); ++row) {
            prefetch(first + row + examples_ahead);
            count += list_example(data_, indices[row], entries + count);
            if (count > (row + 1) * cols / 2) break;
            starts_[row + 1] = count;
        }
        if (row == indices.size()) return {{row, cols, starts_.data(), entries}, matrix};
    }
    for (std::size_t i = 0; i < indices.size(); ++i) {
        prefetch(first + i + examples_ahead);
        copy_example(data_, indices[i], matrix.row(i));
    }
    return MatrixView<const T>{matrix};
}

namespace detail {

template <class Data>
std::vector<std::uint32_t> ascending_order(const Data& data) {
    if (data.size() > std::numeric_limits<std::uint32_t>::max())
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

// Shuffled: each example once. nib::batches<double>(data, …) makes batches for a double network.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size, Rng& rng) {
    auto order = detail::ascending_order(data);
    rng.shuffle(std::span{order});
    return {std::forward<Data>(data), batch_size, std::move(order)};
}
// In the data's own order.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size) {
    auto order = detail::ascending_order(data);
    return {std::forward<Data>(data), batch_size, std::move(order)};
}
// In an order of the caller's, of some of the examples or some of them often.
template <class T = void, class Data>
[[nodiscard]] detail::BatchesOf<T, Data> batches(Data&& data, std::size_t batch_size,
                                                 std::vector<std::uint32_t> order) {
    return {std::forward<Data>(data), batch_size, std::move(order)};
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Batches<float, const Dataset&>;
NIB_TEMPLATE class Batches<double, const Dataset&>;
#endif

}  // namespace nib::inline NIB_ABI
