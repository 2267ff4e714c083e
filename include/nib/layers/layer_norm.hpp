// LayerNorm: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias, with the mean and the variance of each row;
// torch.nn.LayerNorm (Ba et al. 2016).  x, y: [B, F] for any F; weight, bias: [F].
//
// Rows do not depend on each other: training and inference do the same, and a batch may be one example.
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr double layer_norm_epsilon = 1e-5;

}  // namespace detail

struct LayerNorm {
    static constexpr std::size_t parameter_count(LayerShape shape) { return 2 * shape.in; }  // weight, bias
    static constexpr std::size_t kept_per_row = 2;                                           // mean, 1 / deviation
    static constexpr double operations_per_row(LayerShape shape) { return 8 * static_cast<double>(shape.in); }
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> parameters, LayerShape shape, Rng& rng);
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y);
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx);
    template <class T>
    static void parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient);

    static std::vector<LayerTensor> tensors(LayerShape shape);
    static std::string description(LayerShape shape) { return "LayerNorm(" + std::to_string(shape.in) + ")"; }
    template <class List = std::vector<Operator>>
    static List operators();
};

template <class List>
List LayerNorm::operators() {
    return {{"Constant", {}, {"epsilon"}, {{"value_float", detail::layer_norm_epsilon}}},
            {"ReduceMean", {"x"}, {"mean"}, {{"axes", {-1}}}},
            {"Sub", {"x", "mean"}, {"difference"}},
            {"Mul", {"difference", "difference"}, {"squares"}},
            {"ReduceMean", {"squares"}, {"variance"}, {{"axes", {-1}}}},
            {"Add", {"variance", "epsilon"}, {"shifted"}},
            {"Sqrt", {"shifted"}, {"deviation"}},
            {"Div", {"difference", "deviation"}, {"normalized"}},
            {"Mul", {"normalized", "weight"}, {"scaled"}},
            {"Add", {"scaled", "bias"}, {"y"}}};
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

// The mean of term(0), term(1), …, in double, as some sums, which a compiler can keep in vectors.
template <class F>
double mean_of(std::size_t count, const F& term) {
    constexpr std::size_t together = 8;
    double sums[together] = {};
    std::size_t i = 0;
    for (; i + together <= count; i += together)
        for (std::size_t k = 0; k < together; ++k) sums[k] += static_cast<double>(term(i + k));
    for (std::size_t k = 0; i + k < count; ++k) sums[k] += static_cast<double>(term(i + k));
    double sum = 0;
    for (const double part : sums) sum += part;
    return sum / static_cast<double>(count);
}

}  // namespace detail

template <class T>
void LayerNorm::initialize(std::span<T> parameters, LayerShape shape, Rng& /*rng*/) {
    fill_values(parameters.data(), shape.in, T{1});
    fill_values(parameters.data() + shape.in, shape.in, T{0});
}

template <class T>
void LayerNorm::forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
    const std::size_t features = x.cols();
    const T* const weight = pass.parameters.data();
    const T* const bias = weight + features;
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const T* const from = x.data() + i * features;
        T* const to = y.data() + i * features;
        const double mean = detail::mean_of(features, [&](std::size_t j) { return from[j]; });
        const double variance = detail::mean_of(features, [&](std::size_t j) {
            const double difference = static_cast<double>(from[j]) - mean;
            return difference * difference;
        });
        const T center = pass.kept[2 * i] = static_cast<T>(mean);
        const T scale = pass.kept[2 * i + 1] = static_cast<T>(1 / square_root(variance + detail::layer_norm_epsilon));
        for (std::size_t j = 0; j < features; ++j) to[j] = (from[j] - center) * scale * weight[j] + bias[j];
    }
}

// With n = (x - mean) scale and g = weight dy:  dx = scale (g - mean(g) - n mean(g n)), means over the row.
template <class T>
void LayerNorm::backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
    const std::size_t features = x.cols();
    const T* const weight = pass.parameters.data();
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const T *const values = x.data() + i * features, *const slopes = dy.data() + i * features;
        T* const to = dx.data() + i * features;
        const T center = pass.kept[2 * i], scale = pass.kept[2 * i + 1];
        const auto gradient = [&](std::size_t j) { return weight[j] * slopes[j]; };
        const auto normalized = [&](std::size_t j) { return (values[j] - center) * scale; };
        const auto mean = static_cast<T>(detail::mean_of(features, gradient));
        const auto slope = static_cast<T>(detail::mean_of(features, [&](std::size_t j) {
            return static_cast<double>(gradient(j)) * static_cast<double>(normalized(j));
        }));
        for (std::size_t j = 0; j < features; ++j) to[j] = scale * (gradient(j) - mean - normalized(j) * slope);
    }
}

// dweight = the sum of dy n over the batch, dbias = that of dy: for pieces of columns that few registers hold, so that
// the sums of a piece go down all rows in double.
template <class T>
void LayerNorm::parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient) {
    constexpr std::size_t piece = 32;
    const std::size_t features = x.cols();
    for (std::size_t first = 0; first < features; first += piece) {
        const std::size_t count = smaller(piece, features - first);
        double sums[piece] = {}, products[piece] = {};
        for (std::size_t i = 0; i < x.rows(); ++i) {
            const T center = pass.kept[2 * i], scale = pass.kept[2 * i + 1];
            for (std::size_t j = 0; j < count; ++j) {
                const auto slope = static_cast<double>(dy(i, first + j));
                sums[j] += slope;
                products[j] += slope * static_cast<double>((x(i, first + j) - center) * scale);
            }
        }
        for (std::size_t j = 0; j < count; ++j) {
            gradient.values[first + j] = static_cast<T>(products[j]);
            gradient.values[features + first + j] = static_cast<T>(sums[j]);
        }
    }
}

NIB_API std::vector<LayerTensor> LayerNorm::tensors(LayerShape shape) {
    return {{.name = "weight", .shape = {shape.in}}, {.name = "bias", .shape = {shape.in}, .offset = shape.in}};
}

}  // namespace nib::inline NIB_ABI

#endif
