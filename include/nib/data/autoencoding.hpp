// Autoencoding: examples whose targets are their own inputs, for networks that learn to reconstruct their inputs.
//
//   nib::fit(net, adam, nib::Autoencoding{images}, {.epochs = 5}, rng, nib::MseLoss{});
//
// It takes Dataset (targets in [0, 1]), Examples, subsets of them, and any other data but random ones such as
// Augmented; their own targets do not matter. Of Examples it keeps a copy, which is a view as they are; other data must
// outlive it, and a temporary of such data does not compile.
#pragma once

#include <nib/data/batches.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/data/examples.hpp>
#include <nib/kernels/detail/nonzeros.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

template <class Data>
class Autoencoding {
    static_assert(FixedExampleSource<Data, float> || FixedExampleSource<Data, double>,
                  "nib: Autoencoding expects examples that are the same each time, such as nib::Dataset's");

public:
    explicit Autoencoding(const Data& data) : data_{data} {
        if constexpr (requires { std::string(data.name); }) name = data.name;
    }
    explicit Autoencoding(const Data&&) requires(!detail::is_view<Data>) = delete;  // it would be gone

    std::size_t size() const { return data().size(); }
    std::size_t input_size() const { return data().input_size(); }
    const Data& data() const { return data_.get(); }
    std::size_t original_index(std::size_t index) const { return detail::original_index(data(), index); }

    std::string name;  // the data's, for messages

private:
    detail::ViewedData<Data> data_;
};

template <class T, class Data>
requires FixedExampleSource<Data, T>
void copy_example(const Autoencoding<Data>& data, std::size_t index, std::span<T> to) {
    copy_example(data.data(), index, to);
}
template <class T, class Data>
requires requires(const Data& data, kernels::Nonzero<T>* entries) { append_nonzeros_of(data, 0, entries); }
std::size_t append_nonzeros_of(const Autoencoding<Data>& data, std::size_t index, kernels::Nonzero<T>* entries) {
    return append_nonzeros_of(data.data(), index, entries);
}
template <class Data>
requires requires(const Data& data) { prefetch_example(data, 0); }
void prefetch_example(const Autoencoding<Data>& data, std::size_t index) { prefetch_example(data.data(), index); }

template <class Data>
std::size_t target_size(const Autoencoding<Data>& data) {
    return data.input_size();
}
template <class T, class Data>
requires FixedExampleSource<Data, T>
void copy_target(const Autoencoding<Data>& data, std::size_t index, std::span<T> to) {
    copy_example(data.data(), index, to);
}

template <class Data>
requires WeightedSource<Data>
bool has_weights(const Autoencoding<Data>& data) { return has_weights(data.data()); }
template <class Data>
requires WeightedSource<Data>
auto weight_of(const Autoencoding<Data>& data, std::size_t index) { return weight_of(data.data(), index); }

namespace detail {

template <class Data>
inline constexpr bool is_view<Autoencoding<Data>> = true;

template <class Data>
struct BatchScalar<void, Autoencoding<Data>> : BatchScalar<void, Data> {};

}  // namespace detail

}  // namespace nib::inline NIB_ABI
