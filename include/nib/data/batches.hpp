// batches(data, size, rng): the examples in a new random order, `size` at a time, the last batch short.
//
//   for (const auto& batch : nib::batches(train, 15, rng))
//       adam.step(net, gradients(batch));
//
// Each batch is gathered into the same memory, so it is valid until the next one; after the first, none is allocated.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/kernels/elementwise.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// B examples of F features, and their classes.
template <class T> struct Batch {
    MatrixView<const T> inputs;    // [B, F]
    std::span<const int> targets;  // [B]
};

// A user's own examples: a matrix and a class for each row. It only looks at them.
template <class T> struct Examples {
    MatrixView<const T> inputs;    // [N, F]
    std::span<const int> targets;  // [N]

    Examples(MatrixView<const T> examples, std::span<const int> classes) : inputs{examples}, targets{classes} {
        if (inputs.rows() != targets.size())
            fail("Examples: expected a class for each of " + std::to_string(inputs.rows()) + " rows, found " +
                 std::to_string(targets.size()));
    }

    std::size_t size() const { return targets.size(); }
    std::size_t input_size() const { return inputs.cols(); }
};
template <class M> Examples(const M&, std::span<const int>) -> Examples<std::remove_const_t<typename M::value_type>>;
template <class M> Examples(const M&, const std::vector<int>&) -> Examples<std::remove_const_t<typename M::value_type>>;

// Row `index` of a data set, as T.
template <class T> void copy_example(const Dataset& data, std::size_t index, std::span<T> to) {
    kernels::scale_bytes<T>(data.image(index), to);
}
template <class T> void copy_example(const Examples<T>& data, std::size_t index, std::span<T> to) {
    const auto from = data.inputs.row(index);
    std::copy(from.begin(), from.end(), to.begin());
}

inline int target_of(const Dataset& data, std::size_t index) { return data.labels[index]; }
template <class T> int target_of(const Examples<T>& data, std::size_t index) { return data.targets[index]; }

// What batches are made of: Dataset, Examples, or anything else with these.
template <class D, class T>
concept ExampleSource = requires(const D& data, std::size_t index, std::span<T> to) {
    { data.size() } -> std::same_as<std::size_t>;
    { data.input_size() } -> std::same_as<std::size_t>;
    copy_example(data, index, to);
    { target_of(data, index) } -> std::same_as<int>;
};

// A range of batches, to be gone through once.
template <class T, class Data>
requires ExampleSource<Data, T>
class Batches {
public:
    // In the order of `order`, which holds indices of examples.
    Batches(const Data& data, std::size_t batch_size, std::vector<std::uint32_t> order)
        : data_{&data},
          order_{std::move(order)},
          inputs_(std::min(batch_size, order_.size()), data.input_size()),
          targets_(inputs_.rows()) {
        if (batch_size == 0) fail("batches: expected a batch size of at least 1, found 0");
    }

    // How many batches there are.
    std::size_t size() const { return order_.empty() ? 0 : (order_.size() - 1) / inputs_.rows() + 1; }

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
        friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.batch_.targets.empty(); }

    private:
        Batches* batches_ = nullptr;
        std::size_t first_ = 0;
        Batch<T> batch_;
    };

    Iterator begin() { return Iterator{*this}; }
    std::default_sentinel_t end() const { return {}; }

private:
    // The batch that starts with example number `first` of the order; empty at the end.
    Batch<T> gather(std::size_t first) {
        const std::size_t count = std::min(inputs_.rows(), order_.size() - first);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = order_[first + i];
            copy_example(*data_, index, inputs_.row(i));
            targets_[i] = target_of(*data_, index);
        }
        return {inputs_.view().middle_rows(0, count), {targets_.data(), count}};
    }

    const Data* data_;
    std::vector<std::uint32_t> order_;
    Matrix<T> inputs_;
    std::vector<int> targets_;
};

namespace detail {

template <class Data> std::vector<std::uint32_t> ascending_order(const Data& data) {
    std::vector<std::uint32_t> order(data.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    return order;
}

}  // namespace detail

// Shuffled: each example once. The data must outlive the range.
template <class T = float, class Data> Batches<T, Data> batches(const Data& data, std::size_t batch_size, Rng& rng) {
    auto order = detail::ascending_order(data);
    rng.shuffle(std::span{order});
    return {data, batch_size, std::move(order)};
}
// In the data's own order.
template <class T = float, class Data> Batches<T, Data> batches(const Data& data, std::size_t batch_size) {
    return {data, batch_size, detail::ascending_order(data)};
}

}  // namespace nib::inline NIB_ABI
