// BatchNorm: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias, column by column; torch.nn.BatchNorm1d
// (Ioffe & Szegedy 2015).  x, y: [B, F] for any F; weight, bias: [F].
//
// Mean and variance are the batch's in training, and running means of them, with momentum 0.1, in inference. These are
// its buffers: saved beside the parameters, not trained. A batch of one example has no variance: it is an Error.
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct BatchNorm {
    static constexpr std::size_t parameter_count(LayerShape shape) { return 2 * shape.in; }   // weight, bias
    static constexpr std::size_t buffer_count(LayerShape shape) { return 2 * shape.in; }      // mean, variance
    static constexpr std::size_t statistics_count(LayerShape shape) { return 3 * shape.in; }  // and 1 / deviation
    static constexpr double operations_per_row(LayerShape shape) { return 8 * static_cast<double>(shape.in); }
    static constexpr Sharing sharing = Sharing::columns;
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> parameters, LayerShape shape, Rng& rng);
    template <class T>
    static void initialize_buffers(std::span<T> buffers, LayerShape shape);
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y);
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx);
    template <class T>
    static void parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient);
    // running = 0.9 running + 0.1 of the batch; of the variance its unbiased estimate, as PyTorch does.
    template <class T>
    static void update_buffers(std::span<const T> statistics, std::span<T> buffers);

    static std::vector<LayerTensor> tensors(LayerShape shape);
    static std::string description(LayerShape shape) { return "BatchNorm1d(" + std::to_string(shape.in) + ")"; }
    template <class List = std::vector<Operator>>
    static List operators();
};

template <class List>
List BatchNorm::operators() {
    return {{"BatchNormalization", {"x", "weight", "bias", "running_mean", "running_var"}, {"y"}}};
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr double batch_norm_epsilon = 1e-5;
inline constexpr double batch_norm_momentum = 0.1;

// Calls f(first, count) for pieces of the pass's columns that few registers hold, so that the sums of a piece go down
// all rows in double: as exact as it is cheap.
template <class F>
void for_each_column_piece(Range columns, const F& f) {
    constexpr std::size_t piece = 32;
    for (std::size_t j = 0; j < columns.count; j += piece) f(columns.first + j, smaller(piece, columns.count - j));
}

// A batch's statistics, one number for each column: mean, variance, and 1 / sqrt(variance + epsilon).
template <class T>
struct BatchStatistics {
    T* mean;
    T* variance;  // with B - 1 in place of B, which running variances are made of
    T* scale;
    BatchStatistics(std::span<T> all, std::size_t features)
        : mean{all.data()}, variance{mean + features}, scale{variance + features} {}
};

template <class T>
T inverse_deviation(double variance) {
    return static_cast<T>(1 / square_root(variance + batch_norm_epsilon));
}

}  // namespace detail

template <class T>
void BatchNorm::initialize(std::span<T> parameters, LayerShape shape, Rng& /*rng*/) {
    fill_values(parameters.data(), shape.in, T{1});
    fill_values(parameters.data() + shape.in, shape.in, T{0});
}

template <class T>
void BatchNorm::initialize_buffers(std::span<T> buffers, LayerShape shape) {
    fill_values(buffers.data(), shape.in, T{0});
    fill_values(buffers.data() + shape.in, shape.in, T{1});
}

template <class T>
void BatchNorm::forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
    const std::size_t features = x.cols(), rows = x.rows();
    const T* const weight = pass.parameters.data();
    const T* const bias = weight + features;
    if (pass.training && rows < 2)
        fail({"BatchNorm: expected batches of at least 2 examples in training, found ", rows});
    detail::for_each_column_piece(pass.columns, [&](std::size_t first, std::size_t count) {
        T mean[32], scale[32];
        if (pass.training) {
            const detail::BatchStatistics<T> batch{pass.statistics, features};
            double sums[32] = {}, squares[32] = {};
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < count; ++j) sums[j] += static_cast<double>(x(i, first + j));
            for (double& sum : sums) sum /= static_cast<double>(rows);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < count; ++j) {
                    const double difference = static_cast<double>(x(i, first + j)) - sums[j];
                    squares[j] += difference * difference;
                }
            for (std::size_t j = 0; j < count; ++j) {
                mean[j] = batch.mean[first + j] = static_cast<T>(sums[j]);
                batch.variance[first + j] = static_cast<T>(squares[j] / static_cast<double>(rows - 1));
                scale[j] = batch.scale[first + j] =
                    detail::inverse_deviation<T>(squares[j] / static_cast<double>(rows));
            }
        } else {
            for (std::size_t j = 0; j < count; ++j) {
                mean[j] = pass.buffers[first + j];
                scale[j] = detail::inverse_deviation<T>(static_cast<double>(pass.buffers[features + first + j]));
            }
        }
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < count; ++j)
                y(i, first + j) = (x(i, first + j) - mean[j]) * scale[j] * weight[first + j] + bias[first + j];
    });
}

// With n = (x - mean) scale:  dx = weight scale (dy - mean(dy) - n mean(dy n)), means over the batch.
template <class T>
void BatchNorm::backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
    const std::size_t features = x.cols(), rows = x.rows();
    const detail::BatchStatistics<T> batch{pass.statistics, features};
    detail::for_each_column_piece(pass.columns, [&](std::size_t first, std::size_t count) {
        double sums[32] = {}, products[32] = {};
        const auto normalized = [&](std::size_t i, std::size_t j) {
            return (x(i, first + j) - batch.mean[first + j]) * batch.scale[first + j];
        };
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < count; ++j) {
                const auto gradient = static_cast<double>(dy(i, first + j));
                sums[j] += gradient;
                products[j] += gradient * static_cast<double>(normalized(i, j));
            }
        T mean[32], slope[32], factor[32];
        for (std::size_t j = 0; j < count; ++j) {
            mean[j] = static_cast<T>(sums[j] / static_cast<double>(rows));
            slope[j] = static_cast<T>(products[j] / static_cast<double>(rows));
            factor[j] = pass.parameters[first + j] * batch.scale[first + j];
        }
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < count; ++j)
                dx(i, first + j) = factor[j] * (dy(i, first + j) - mean[j] - normalized(i, j) * slope[j]);
    });
}

// dweight = the sum of dy n over the batch, dbias = that of dy.
template <class T>
void BatchNorm::parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient) {
    const std::size_t features = x.cols();
    const detail::BatchStatistics<T> batch{pass.statistics, features};
    detail::for_each_column_piece({0, features}, [&](std::size_t first, std::size_t count) {
        double sums[32] = {}, products[32] = {};
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < count; ++j) {
                const auto slope = static_cast<double>(dy(i, first + j));
                sums[j] += slope;
                products[j] +=
                    slope * static_cast<double>((x(i, first + j) - batch.mean[first + j]) * batch.scale[first + j]);
            }
        for (std::size_t j = 0; j < count; ++j) {
            gradient.values[first + j] = static_cast<T>(products[j]);
            gradient.values[features + first + j] = static_cast<T>(sums[j]);
        }
    });
}

template <class T>
void BatchNorm::update_buffers(std::span<const T> statistics, std::span<T> buffers) {
    constexpr auto momentum = static_cast<T>(detail::batch_norm_momentum);
    for (std::size_t i = 0; i < buffers.size(); ++i)
        buffers[i] = (T{1} - momentum) * buffers[i] + momentum * statistics[i];
}

NIB_API std::vector<LayerTensor> BatchNorm::tensors(LayerShape shape) {
    const std::vector<std::size_t> size{shape.in};
    return {{.name = "weight", .shape = size},
            {.name = "bias", .shape = size, .offset = shape.in},
            {.name = "running_mean", .shape = size, .is_buffer = true},
            {.name = "running_var", .shape = size, .offset = shape.in, .is_buffer = true}};
}

}  // namespace nib::inline NIB_ABI

#endif
