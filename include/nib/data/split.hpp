// Subset: some of the examples of any data set.  split: all of them in two parts, to train on and to validate with.
//
//   const auto parts = nib::split(data, 0.8, rng);  // the same generator gives the same parts
//   nib::fit(net, adam, parts.train, {.epochs = 20}, rng);
//   std::printf("%.4f\n", nib::accuracy(net, parts.validation));
//
//   const nib::Subset first{data, {0, 1, 2}};
//   const nib::Augmented augmented{data};  // changes what is trained on, and not what is validated with
//   const nib::Subset training{augmented, parts.train.indices()};
//
// A subset is data as the others are: for batches, fit and evaluate. It owns its indices alone. Of Examples it keeps a
// copy, which is a view as they are; other data must outlive it, and a temporary of such data does not compile.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/random.hpp>
#include <nib/core/text.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/data/examples.hpp>
#include <nib/kernels/detail/nonzeros.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

template <class Data>
class Subset {
public:
    // Example i of it is example indices[i] of `data`. Fails on an index that is none.
    Subset(const Data& data, std::vector<std::uint32_t> indices) : data_{data}, indices_{std::move(indices)} {
        if constexpr (requires { std::string(data.name); }) name = data.name;
        for (const std::uint32_t index : indices_)
            if (index >= data.size())
                fail("Subset: expected indices below " + std::to_string(data.size()) +
                     ", the number of examples, found " + std::to_string(index));
    }
    Subset(const Data&&, std::vector<std::uint32_t>) requires(!detail::is_view<Data>) = delete;  // it would be gone

    std::size_t size() const { return indices_.size(); }
    std::size_t input_size() const { return data().input_size(); }
    const Data& data() const { return data_.get(); }
    const std::vector<std::uint32_t>& indices() const { return indices_; }

    // The number of an example in the data that are no subset themselves.
    std::size_t original_index(std::size_t index) const { return detail::original_index(data(), indices_[index]); }

    std::string name;  // the data's, for messages

private:
    detail::ViewedData<Data> data_;
    std::vector<std::uint32_t> indices_;
};

// Whatever the data have.
template <class T, class Data>
requires FixedExampleSource<Data, T>
void copy_example(const Subset<Data>& some, std::size_t index, std::span<T> to) {
    copy_example(some.data(), some.indices()[index], to);
}
template <class T, class Data>
requires requires(const Data& data, kernels::Nonzero<T>* entries) { append_nonzeros_of(data, 0, entries); }
std::size_t append_nonzeros_of(const Subset<Data>& some, std::size_t index, kernels::Nonzero<T>* entries) {
    return append_nonzeros_of(some.data(), some.indices()[index], entries);
}
template <class Data>
requires requires(const Data& data) { example_scratch_size(data); }
std::size_t example_scratch_size(const Subset<Data>& some) { return example_scratch_size(some.data()); }
template <class T, class Data>
requires RandomExampleSource<Data, T>
void copy_example(const Subset<Data>& some, std::size_t index, Rng& rng, std::uint8_t* scratch, std::span<T> to) {
    copy_example(some.data(), some.indices()[index], rng, scratch, to);
}
template <class T, class Data>
requires requires(const Data& data, Rng& rng, std::uint8_t* scratch, kernels::Nonzero<T>* entries) {
    append_nonzeros_of(data, 0, rng, scratch, entries);
}
std::size_t append_nonzeros_of(const Subset<Data>& some, std::size_t index, Rng& rng, std::uint8_t* scratch,
                               kernels::Nonzero<T>* entries) {
    return append_nonzeros_of(some.data(), some.indices()[index], rng, scratch, entries);
}
template <class Data>
requires requires(const Data& data) { prefetch_example(data, 0); }
void prefetch_example(const Subset<Data>& some, std::size_t index) {
    prefetch_example(some.data(), some.indices()[index]);
}
template <class Data>
requires ClassSource<Data>
int target_of(const Subset<Data>& some, std::size_t index) { return target_of(some.data(), some.indices()[index]); }
template <class Data>
requires requires(const Data& data) { target_size(data); }
std::size_t target_size(const Subset<Data>& some) { return target_size(some.data()); }
template <class T, class Data>
requires TargetRowSource<Data, T>
void copy_target(const Subset<Data>& some, std::size_t index, std::span<T> to) {
    copy_target(some.data(), some.indices()[index], to);
}

template <class Data>
requires WeightedSource<Data>
bool has_weights(const Subset<Data>& some) { return has_weights(some.data()); }
template <class Data>
requires WeightedSource<Data>
auto weight_of(const Subset<Data>& some, std::size_t index) { return weight_of(some.data(), some.indices()[index]); }

template <class Data>
struct TrainingParts {
    Subset<Data> train;
    Subset<Data> validation;
};

struct SplitOptions {
    bool stratify = false;  // of each class the same part, to within one example
};

namespace detail {

template <class Data>
struct BatchScalar<void, Subset<Data>> : BatchScalar<void, Data> {};

// Shuffles `order`. With classes, one for each number of it, its first `count` then hold of each class its share, to
// within one.
void shuffle_for_split(std::span<std::uint32_t> order, std::size_t count, std::span<const int> classes, Rng& rng);
// How many of `count` examples are for training: at least one, and not all.
std::size_t training_count(std::size_t count, double part);

}  // namespace detail

// `part` of the data, in (0, 1), to train on, and the others. Fails on fewer than two examples.
template <class Data>
[[nodiscard]] TrainingParts<Data> split(const Data& data, double part, Rng& rng, const SplitOptions& options = {}) {
    static_assert(ExampleSource<Data, float> || ExampleSource<Data, double>,
                  "nib::split: expected data such as nib::Dataset or nib::Examples; of a Table, its examples()");
    const std::size_t count = detail::training_count(data.size(), part);
    auto order = detail::ascending_order(data.size());
    std::vector<int> classes;
    if (options.stratify) {
        if constexpr (ClassSource<Data>)
            for (const std::uint32_t index : order) classes.push_back(target_of(data, index));
        else
            fail("split: expected classes to stratify by, the data have rows of targets");
    }
    detail::shuffle_for_split(order, count, classes, rng);
    const std::uint32_t* const middle = order.data() + count;
    return {Subset<Data>{data, {std::as_const(order).data(), middle}},
            Subset<Data>{data, {middle, std::as_const(order).data() + order.size()}}};
}
template <class Data>
requires(!detail::is_view<Data>) void split(const Data&&, double, Rng&,
                                            const SplitOptions& = {}) = delete;  // it would be gone

}  // namespace nib::inline NIB_ABI

namespace nib::inline NIB_ABI::detail {

inline void shuffle_for_split(std::span<std::uint32_t> order, std::size_t count, std::span<const int> classes,
                              Rng& rng) {
    rng.shuffle(order);
    if (classes.empty()) return;
    struct Place {
        std::uint32_t index = 0;
        int its_class = 0;
        std::size_t shuffled = 0;
        std::uint64_t late = 0;
    };
    List<Place> places(order.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = {order[i], classes[order[i]], i, 0};
    sort_values(places.data(), places.size(), [](const Place& a, const Place& b) {
        return a.its_class != b.its_class ? a.its_class < b.its_class : a.shuffled < b.shuffled;
    });
    // Of each class come first what its share has in whole examples, and then one more where most of one is left over.
    const std::uint64_t all = places.size();
    for (std::size_t first = 0, end = 0; first < places.size(); first = end) {
        while (end < places.size() && places[end].its_class == places[first].its_class) ++end;
        const std::uint64_t share = std::uint64_t{count} * (end - first);  // times `all`; below 2^64
        for (std::size_t i = first; i < end; ++i)
            places[i].late = i - first < share / all ? 0 : i - first == share / all ? all - share % all : all + 1;
    }
    sort_values(places.data(), places.size(), [](const Place& a, const Place& b) {
        return a.late != b.late ? a.late < b.late : a.shuffled < b.shuffled;
    });
    for (std::size_t i = 0; i < places.size(); ++i) order[i] = places[i].index;
}

inline std::size_t training_count(std::size_t count, double part) {
    if (!(part > 0 && part < 1)) fail("split: expected a part between 0 and 1, found " + format_fixed(part, 4));
    if (count < 2) fail("split: expected at least 2 examples, found " + std::to_string(count));
    return clamped(static_cast<std::size_t>(part * static_cast<double>(count) + 0.5), std::size_t{1}, count - 1);
}

}  // namespace nib::inline NIB_ABI::detail
