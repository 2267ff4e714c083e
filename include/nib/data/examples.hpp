// What batches are made of, and one batch.
//
//   Batch<T>       inputs, and a class or a row of targets for each
//   Examples       a user's own matrix of inputs, with classes or with targets, a matrix or a vector, and with weights
//                  for the loss, if wanted: Examples{x, classes}.weighted_by(weights)
//   ExampleSource  anything else that batches() takes, such as Dataset
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/detail/scale_bytes.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace nib::inline NIB_ABI {

// Where Target is int: a class for each of B examples. Where it is T: a matrix [B, C], a row for each.
template <class T, class Target>
using TargetsOf = std::conditional_t<std::is_same_v<Target, int>, std::span<const int>, MatrixView<const T>>;

// B examples of F features, and their targets. Non-owning.
template <class T, class Target = int>
struct Batch {
    kernels::InputView<T> inputs;  // [B, F], a matrix or a sparse one
    TargetsOf<T, Target> targets;
    // For layers that are random in training. `key` is a hash of the generator that shuffled the epoch, and 0 where
    // none did.
    std::uint64_t key = 0;
    std::uint64_t step = 0;       // number of the batch in its epoch
    std::uint64_t first_row = 0;  // number of its first example in the epoch's order
    // A weight for each example in the loss, >= 0, or none.
    std::span<const T> weights = {};

    std::size_t size() const { return inputs.rows(); }
};

// Examples in your own memory: a matrix of inputs [N, F], and a class (Target is int) or a row of targets (Target is T)
// for each row. Non-owning.
template <class T, class Target = int>
struct Examples {
    using Targets = TargetsOf<T, Target>;

    MatrixView<const T> inputs;
    Targets targets;
    std::span<const T> weights = {};  // of each example in the loss, finite and >= 0, or none

    // Fails unless there are as many targets as inputs.
    Examples(MatrixView<const T> examples, Targets targets_of_them) : inputs{examples}, targets{targets_of_them} {
        std::size_t count = 0;
        if constexpr (has_classes)
            count = targets.size();
        else
            count = targets.rows();
        if (inputs.rows() != count)
            fail({"Examples: expected a ", has_classes ? "class" : "row of targets", " for each of ", inputs.rows(),
                  " rows, found ", count});
    }

    // Targets that are one column, [N].
    static constexpr bool takes_column = !std::is_same_v<Target, int>;
    Examples(MatrixView<const T> examples, std::span<const T> column) requires takes_column
        : Examples{examples, Targets{column.data(), column.size(), 1}} {}

    // Compilers show the line.
    using Owner = std::conditional_t<std::is_same_v<Target, int>, std::vector<int>, Matrix<T>>;
    // clang-format off
    Examples(Matrix<T>&&, Targets) = delete;          // the matrix would be gone
    Examples(Matrix<T>&&, Owner&&) = delete;          // the matrix would be gone
    Examples(MatrixView<const T>, Owner&&) = delete;  // the targets would be gone
    Examples(Matrix<T>&&, std::span<const T>) requires takes_column = delete;         // the matrix would be gone
    Examples(Matrix<T>&&, std::vector<T>&&) requires takes_column = delete;           // the matrix would be gone
    Examples(MatrixView<const T>, std::vector<T>&&) requires takes_column = delete;   // the targets would be gone
    // clang-format on

    // The same examples with a weight for each: examples.weighted_by(weights). Fails unless there are as many.
    Examples weighted_by(std::span<const T> weights_of_them) const {
        if (weights_of_them.size() != size())
            fail({"Examples: expected a weight for each of ", size(), " rows, found ", weights_of_them.size()});
        Examples result = *this;
        result.weights = weights_of_them;
        return result;
    }
    Examples weighted_by(std::vector<T>&&) const = delete;  // the weights would be gone

    std::size_t size() const { return inputs.rows(); }
    std::size_t input_size() const { return inputs.cols(); }

    static constexpr bool has_classes = std::is_same_v<Target, int>;
};
template <class M>
Examples(const M&, std::span<const int>) -> Examples<std::remove_const_t<typename M::value_type>>;
template <class M>
Examples(const M&, const std::vector<int>&) -> Examples<std::remove_const_t<typename M::value_type>>;
template <class M, class N>
requires requires {
    typename N::value_type;
} && std::is_floating_point_v<std::remove_const_t<typename N::value_type>> Examples(const M&, const N&)
->Examples<std::remove_const_t<typename M::value_type>, std::remove_const_t<typename M::value_type>>;

// Row `index` of a data set, as T.
template <class T>
void copy_example(const Dataset& data, std::size_t index, std::span<T> to) {
    kernels::scale_bytes<T>(data.image(index), to);
}
template <class T, class Target>
void copy_example(const Examples<T, Target>& data, std::size_t index, std::span<T> to) {
    const auto from = data.inputs.row(index);
    copy_values(from.data(), from.size(), to.data());
}

// Writes an example's non-zeros to `entries`, which has at least input_size() elements, in ascending order of their
// columns, of which none comes twice, and returns how many there are. Examples of data without such a function are
// copied.
template <class T>
std::size_t append_nonzeros_of(const Dataset& data, std::size_t index, kernels::Nonzero<T>* entries) {
    return kernels::append_nonzeros(data.image(index), entries);
}
template <class T, class Target>
std::size_t append_nonzeros_of(const Examples<T, Target>& data, std::size_t index, kernels::Nonzero<T>* entries) {
    return kernels::append_nonzeros(std::span<const T>{data.inputs.row(index)}, entries);
}

// Asks for an example's cache lines, some time before it is gathered. Optional for other data sets.
inline void prefetch_example(const Dataset& data, std::size_t index) {
    const auto image = data.image(index);
    for (std::size_t i = 0; i < image.size(); i += cache_line) __builtin_prefetch(image.data() + i);
    asm volatile("");  // GCC leaves out calls of functions that do nothing else
}

inline int target_of(const Dataset& data, std::size_t index) { return data.labels[index]; }
template <class T>
int target_of(const Examples<T, int>& data, std::size_t index) {
    return data.targets[index];
}

// Of examples with a matrix of targets: its columns, and one of its rows.
template <class T>
std::size_t target_size(const Examples<T, T>& data) {
    return data.targets.cols();
}
template <class T>
void copy_target(const Examples<T, T>& data, std::size_t index, std::span<T> to) {
    const auto from = data.targets.row(index);
    copy_values(from.data(), from.size(), to.data());
}

// Whether the data's examples have weights, and one of them. Any data may have these two functions.
template <class T, class Target>
bool has_weights(const Examples<T, Target>& data) {
    return !data.weights.empty();
}
template <class T, class Target>
T weight_of(const Examples<T, Target>& data, std::size_t index) {
    return data.weights[index];
}

// What batches are made of: Dataset, Examples, or anything else with these …
template <class D, class T>
concept FixedExampleSource = requires(const D& data, std::size_t index, std::span<T> to) {
    copy_example(data, index, to);
};
// … or these, where an example is another one each time that it comes: a function of its index and of a generator. It
// is given example_scratch_size(data) bytes of scratch memory. (append_nonzeros_of gets the same.)
template <class D, class T>
concept RandomExampleSource = requires(const D& data, std::size_t index, Rng& rng, std::uint8_t* scratch,
                                       std::span<T> to) {
    { example_scratch_size(data) } -> std::same_as<std::size_t>;
    copy_example(data, index, rng, scratch, to);
};
// Their targets are classes …
template <class D>
concept ClassSource = requires(const D& data, std::size_t index) {
    { target_of(data, index) } -> std::same_as<int>;
};
// … or rows of numbers.
template <class D, class T>
concept TargetRowSource = requires(const D& data, std::size_t index, std::span<T> to) {
    { target_size(data) } -> std::same_as<std::size_t>;
    copy_target(data, index, to);
};
template <class D, class T>
concept ExampleSource = (FixedExampleSource<D, T> ||
                         RandomExampleSource<D, T>)&&(ClassSource<D> ||
                                                      TargetRowSource<D, T>)&&requires(const D& data) {
    { data.size() } -> std::same_as<std::size_t>;
    { data.input_size() } -> std::same_as<std::size_t>;
};

namespace detail {

// Whether data are a view of others, as Examples is: cheap to copy, and no owner. What shows such data in another way
// keeps a copy of it; it refers to all else, and so takes no temporary of that.
template <class Data>
inline constexpr bool is_view = std::is_trivially_copyable_v<Data>;

template <class Data>
class ViewedData {
public:
    explicit ViewedData(const Data& data) : data_{kept(data)} {}

    const Data& get() const {
        if constexpr (is_view<Data>)
            return data_;
        else
            return *data_;
    }

private:
    static auto kept(const Data& data) {
        if constexpr (is_view<Data>)
            return data;
        else
            return &data;
    }

    std::conditional_t<is_view<Data>, Data, const Data*> data_;
};

}  // namespace detail

template <class D>
concept WeightedSource = requires(const D& data, std::size_t index) {
    { has_weights(data) } -> std::same_as<bool>;
    weight_of(data, index);
};

// int or T, as in Batch<T, Target>.
template <class D, class T>
using TargetOf = std::conditional_t<ClassSource<D>, int, T>;

}  // namespace nib::inline NIB_ABI
