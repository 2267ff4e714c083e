// Standardize: y = (x - mean) / std, column by column: features of any unit get mean 0 and standard deviation 1. The
// first layer of a network. Its mean and std are not trained but computed from data, and are saved with the network.
// x, y: [B, F] for any F; mean, std: [F], at first -0 and 1. The mean of data is never -0, by which fit notices that
// fit_standardize was not called.
//
//   nib::Sequential<nib::Standardize, nib::Dense<8, 64>, nib::ReLU, nib::Dense<64, 1>> net{rng};
//   nib::fit_standardize(net, train);  // model/fit_standardize.hpp
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct Standardize {
    static constexpr std::size_t buffer_count(LayerShape shape) { return 2 * shape.in; }  // mean, std
    static constexpr double operations_per_row(LayerShape shape) { return 2 * static_cast<double>(shape.in); }
    static constexpr bool backward_reads_input = false;
    static constexpr bool backward_reads_output = false;
    static constexpr bool runs_in_place = true;

    template <class T>
    static void initialize_buffers(std::span<T> buffers, LayerShape shape);
    // Fails unless mean and std have been set.
    template <class T>
    static void check_ready(std::span<const T> buffers);
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y);
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx);

    static std::vector<LayerTensor> tensors(LayerShape shape);
    static std::string description(LayerShape shape) { return "Standardize(" + std::to_string(shape.in) + ")"; }
    template <class List = std::vector<Operator>>
    static List operators();
};

template <class List>
List Standardize::operators() {
    return {{"Sub", {"x", "mean"}, {"difference"}}, {"Div", {"difference", "std"}, {"y"}}};
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace nib::inline NIB_ABI {

namespace detail {

// The bits of -0, which -ffast-math takes for 0.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
inline constexpr BitsOf<T> untold_mean = BitsOf<T>{1} << (8 * sizeof(T) - 1);

}  // namespace detail

template <class T>
void Standardize::initialize_buffers(std::span<T> buffers, LayerShape shape) {
    fill_values(buffers.data(), shape.in, std::bit_cast<T>(detail::untold_mean<T>));
    fill_values(buffers.data() + shape.in, shape.in, T{1});
}

template <class T>
void Standardize::check_ready(std::span<const T> buffers) {
    const std::size_t features = buffers.size() / 2;
    for (std::size_t j = 0; j < features; ++j)
        if (std::bit_cast<detail::BitsOf<T>>(buffers[j]) != detail::untold_mean<T> || buffers[features + j] != T{1})
            return;
    fail("the network begins with Standardize, which was told nothing: call fit_standardize(net, data) first");
}

template <class T>
void Standardize::forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
    const std::size_t features = x.cols();
    const T* const mean = pass.buffers.data();
    const T* const deviation = mean + features;
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t j = 0; j < features; ++j) y(i, j) = (x(i, j) - mean[j]) / deviation[j];
}

template <class T>
void Standardize::backward_input(const Pass<T>& pass, MatrixView<const T> /*x*/, MatrixView<const T> /*y*/,
                                 MatrixView<const T> dy, MatrixView<T> dx) {
    const std::size_t features = dy.cols();
    const T* const deviation = pass.buffers.data() + features;
    for (std::size_t i = 0; i < dy.rows(); ++i)
        for (std::size_t j = 0; j < features; ++j) dx(i, j) = dy(i, j) / deviation[j];
}

NIB_API std::vector<LayerTensor> Standardize::tensors(LayerShape shape) {
    return {{.name = "mean", .shape = {shape.in}, .is_buffer = true},
            {.name = "std", .shape = {shape.in}, .offset = shape.in, .is_buffer = true}};
}

}  // namespace nib::inline NIB_ABI

#endif
