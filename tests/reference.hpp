// What the tests of kernels and layers compare with: the obvious loops, random matrices, outputs that notice when
// something is written beside them, and central differences.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/kernels/isa.hpp>
#include <nib/kernels/sparse_matrix.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/detail/engine.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace reference {

// For loops over shapes.
using Sizes = std::vector<std::size_t>;

// Calls f(isa) for every instruction set that this build can run on this machine, with the kernels running on it.
template <class F>
void for_each_isa(F f) {
    static const std::string names[] = {"baseline", "avx2", "avx512"};
    for (const nib::Isa isa : nib::kernels::supported_isas()) {
        const nib::kernels::ScopedIsa scope{isa};
        INFO("on " << names[static_cast<std::size_t>(isa)]);
        f(isa);
    }
}

// Whether the active level rounds a multiply-add once (fused) or twice.
inline bool fuses() {
    bool fused = false;
    nib::kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE { fused = decltype(level)::has_fma; });
    return fused;
}

// a b + c. Only a build without fused multiply-add asks for two roundings, so the compiler cannot make one of them.
template <class T>
NIB_ALWAYS_INLINE T multiply_add(bool fused, T a, T b, T c) {
    return fused ? std::fma(a, b, c) : a * b + c;
}

// A copy of x, whichever kind it is of.
template <class T>
nib::Matrix<T> dense(const nib::kernels::InputView<T>& x) {
    nib::Matrix<T> matrix(x.rows(), x.cols());
    if (x.is_sparse())
        nib::kernels::write_dense<T>(x.sparse(), matrix);
    else
        std::copy_n(x.matrix().data(), matrix.size(), matrix.data());
    return matrix;
}

template <class T>
nib::Matrix<std::remove_const_t<T>> copy_of(nib::MatrixView<T> a) {
    nib::Matrix<std::remove_const_t<T>> b(a.rows(), a.cols());
    std::copy_n(a.data(), a.size(), b.data());
    return b;
}

template <class T>
nib::Matrix<T> transposed(const nib::Matrix<T>& a) {
    nib::Matrix<T> b(a.cols(), a.rows());
    for (std::size_t i = 0; i < a.rows(); ++i)
        for (std::size_t j = 0; j < a.cols(); ++j) b(j, i) = a(i, j);
    return b;
}

// a b + bias: every number one chain of multiply-adds in ascending order, starting from the bias; none is 0. By bare
// pointers, because builds with sanitizers spend most of their time here.
template <class T>
nib::Matrix<T> matmul(bool fused, const nib::Matrix<T>& a, const nib::Matrix<T>& b, const T* bias = nullptr) {
    const nib::Matrix<T> columns = transposed(b);
    const std::size_t depth = a.cols();
    nib::Matrix<T> c(a.rows(), b.cols());
    for (std::size_t i = 0; i < c.rows(); ++i)
        for (std::size_t j = 0; j < c.cols(); ++j) {
            const T *row = a.data() + i * depth, *column = columns.data() + j * depth;
            T sum = bias != nullptr ? bias[j] : T{0};
            for (std::size_t k = 0; k < depth; ++k) sum = multiply_add(fused, row[k], column[k], sum);
            c(i, j) = sum;
        }
    return c;
}

// Numbers in [-1, 1), the given part of them 0.
template <class T>
nib::Matrix<T> random_matrix(std::size_t rows, std::size_t cols, nib::Rng& rng, double zeros = 0) {
    nib::Matrix<T> a(rows, cols);
    for (T& value : a.values()) {
        const bool zero = rng.uniform() < zeros;
        value = zero ? T{0} : static_cast<T>(rng.uniform(-1, 1));
    }
    return a;
}

// Whether two arrays are the same to the bit: 0 and -0 differ, a NaN equals itself.
template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T& x, const T& y) { return std::memcmp(&x, &y, sizeof(T)) == 0; });
}
template <class A, class B>
bool same_bits(const A& a, const B& b) {
    return same_bits<std::remove_const_t<typename A::value_type>>(a.values(), b.values());
}

// A matrix of outputs, at first NaN, between two margins that must stay as they are. It starts at an odd place, as rows
// and parameters do.
template <class T>
class Guarded {
public:
    using value_type = T;

    Guarded(std::size_t rows, std::size_t cols) : values_(rows * cols + 2 * margin, guard), rows_{rows}, cols_{cols} {
        std::fill(view().values().begin(), view().values().end(), std::numeric_limits<T>::quiet_NaN());
    }

    nib::MatrixView<T> view() { return {values_.data() + margin, rows_, cols_}; }
    std::span<const T> values() const { return {values_.data() + margin, rows_ * cols_}; }
    T* data() { return values_.data() + margin; }
    bool margins_untouched() const {
        const auto untouched = [](T value) { return value == guard; };
        return std::all_of(values_.begin(), values_.begin() + margin, untouched) &&
               std::all_of(values_.end() - margin, values_.end(), untouched);
    }

private:
    static constexpr std::ptrdiff_t margin = 71;  // more than any tile is wide
    static constexpr T guard = 12345;
    std::vector<T> values_;
    std::size_t rows_;
    std::size_t cols_;
};

// How far a layer's gradients are from central differences, as a part of the largest gradient.
struct GradientErrors {
    double by_parameters = 0;
    double by_inputs = 0;
};

// The largest distance of `gradients` from the slope of loss() along each of `values`, as a part of the largest.
template <class F>
double gradient_error(std::span<double> values, std::span<const double> gradients, F loss) {
    constexpr double step = 1e-5;
    double error = 0, largest = std::numeric_limits<double>::min();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = std::exchange(values[i], values[i] + step);
        const double above = loss();
        values[i] = value - step;
        const double below = loss();
        values[i] = value;
        error = std::max(error, std::abs((above - below) / (2 * step) - gradients[i]));
        largest = std::max(largest, std::abs(gradients[i]));
    }
    return error / largest;
}

// Checks L at random parameters and at x, under the loss sum(dy * y) for a random dy, in a training pass of its own.
// For layers that keep nothing beside x and y.
template <nib::Layer L>
GradientErrors gradient_errors(nib::Matrix<double> x, std::size_t outputs, nib::Rng& rng) {
    using Input = nib::detail::LayerInput<double, L>;
    const std::size_t count = nib::detail::parameter_count_of<L>({x.cols(), outputs});
    nib::Matrix<double> parameters = random_matrix<double>(1, count, rng);
    const nib::Matrix<double> dy = random_matrix<double>(x.rows(), outputs, rng);
    nib::Matrix<double> y(x.rows(), outputs);
    nib::Pass<double> pass;
    pass.parameters = parameters.values();
    pass.training = true;
    const auto loss = [&] {
        L::forward(pass, Input{std::as_const(x).view()}, y.view());
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) sum += dy.values()[i] * y.values()[i];
        return sum;
    };
    nib::Matrix<double> dx(x.rows(), x.cols()), dparameters(1, count);
    loss();
    L::backward_input(pass, std::as_const(x).view(), std::as_const(y).view(), dy.view(), dx.view());
    if constexpr (requires(nib::ParameterGradient<double> & gradient) {
                      L::parameter_gradient(pass, Input{std::as_const(x).view()}, dy.view(), gradient);
                  }) {
        nib::detail::List<nib::DeferredProduct<double>> products;
        nib::ParameterGradient<double> gradient{dparameters.values(), 0, products};
        L::parameter_gradient(pass, Input{std::as_const(x).view()}, dy.view(), gradient);
        for (const auto& product : products) {
            const auto dw = matmul(false, transposed(copy_of(product.x.matrix())), copy_of(product.dy));
            std::copy_n(dw.data(), dw.size(), dparameters.data() + product.offset);
        }
    }
    return {.by_parameters = count > 0 ? gradient_error(parameters.values(), dparameters.values(), loss) : 0,
            .by_inputs = gradient_error(x.values(), dx.values(), loss)};
}

// Compares all gradients of a network in training with central differences of its loss, sum(c * y) for a random c: the
// largest distance, as a part of the largest gradient.
template <class Net>
double network_gradient_error(Net& net, nib::MatrixView<const double> x, nib::Rng& rng,
                              nib::Executor* executor = nullptr) {
    const nib::TrainingPass training{.on = true, .key = 7, .first_row = 20};
    nib::Workspace<double> workspace{executor};
    const nib::Matrix<double> c = random_matrix<double>(x.rows(), net.output_size(), rng);
    const auto loss = [&] {
        const auto y = nib::run_forward<double>(net.view(), x, workspace, training);
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) sum += c.values()[i] * y.values()[i];
        return sum;
    };
    loss();
    std::vector<double> values(net.parameters().size());
    const auto gradient = nib::run_backward<double>(net.view(), c, net.view().steps.size() - 1, workspace, values);
    const auto all = gradient.multiply_out();
    const std::vector<double> gradients(all.begin(), all.end());
    return gradient_error(net.parameters(), gradients, loss);
}

}  // namespace reference
