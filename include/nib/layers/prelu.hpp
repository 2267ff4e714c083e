// PReLU: y = x where x > 0, else weight x, element by element, with one weight that is trained, at first 0.25;
// torch.nn.PReLU() (He et al. 2015).  x, y: [B, F] for any F; weight: [1].
#pragma once

#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace nib::inline NIB_ABI {

struct PReLU {
    static constexpr std::size_t parameter_count = 1;
    static constexpr double operations_per_row(LayerShape shape) { return 2 * static_cast<double>(shape.in); }
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> parameters, LayerShape /*shape*/, Rng& /*rng*/) {
        parameters[0] = static_cast<T>(0.25);
    }
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y);
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx);
    template <class T>
    static void parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient);

    static std::vector<LayerTensor> tensors(LayerShape /*shape*/) { return {{.name = "weight", .shape = {1}}}; }
    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"PRelu", {"x", "weight"}, {"y"}}};
    }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/lanes.hpp>

namespace nib::inline NIB_ABI {

namespace detail {

// to = from where x > 0, else weight from.
struct ScaleWhereNegative {
    template <class V, class T>
    NIB_ALWAYS_INLINE static void run(const T* x, const T* from, T weight, T* to, std::size_t size) {
        kernels::for_each_vector<V>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            const V value = V::load(from + i, count);
            where(V::load(x + i, count) > 0, value, weight * value).store(to + i, count);
        });
    }
};

}  // namespace detail

template <class T>
void PReLU::forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
    kernels::run_lanes<detail::ScaleWhereNegative, T>(x.data(), x.data(), pass.parameters[0], y.data(), x.size());
}

template <class T>
void PReLU::backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> /*y*/,
                           MatrixView<const T> dy, MatrixView<T> dx) {
    kernels::run_lanes<detail::ScaleWhereNegative, T>(x.data(), dy.data(), pass.parameters[0], dx.data(), x.size());
}

// dweight = the sum of dy x where x is not above 0; as some sums, which a compiler can keep in vectors.
template <class T>
void PReLU::parameter_gradient(const Pass<T>& /*pass*/, MatrixView<const T> x, MatrixView<const T> dy,
                               ParameterGradient<T>& gradient) {
    constexpr std::size_t together = 8;
    double sums[together] = {};
    const auto add = [&](std::size_t i, std::size_t k) {
        const T value = x.data()[i + k];
        sums[k] += static_cast<double>(value > 0 ? T{0} : value) * static_cast<double>(dy.data()[i + k]);
    };
    std::size_t i = 0;
    for (; i + together <= x.size(); i += together)
        for (std::size_t k = 0; k < together; ++k) add(i, k);
    for (std::size_t k = 0; i + k < x.size(); ++k) add(i, k);
    double sum = 0;
    for (const double part : sums) sum += part;
    gradient.values[0] = static_cast<T>(sum);
}

}  // namespace nib::inline NIB_ABI

#endif
