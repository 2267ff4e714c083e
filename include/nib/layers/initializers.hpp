// Initializers: how the weights of a network are drawn, instead of as torch.nn.Linear does. They have the names,
// formulas and defaults of torch.nn.init. fan_in is the number of a layer's inputs, fan_out of its outputs.
//
//   KaimingUniform{.a}   uniform in ±sqrt(3) s, s = sqrt(2 / (1 + a^2) / fan_in): for layers before ReLU (a = 0, the
//                        default) or LeakyReLU<a> (He et al. 2015)
//   KaimingNormal{.a}    normal with standard deviation s
//   XavierUniform{.gain} uniform in ±sqrt(3) s, s = gain sqrt(2 / (fan_in + fan_out)) (Glorot & Bengio 2010)
//   XavierNormal{.gain}  normal with standard deviation s
//   Orthogonal{.gain}    gain times a random matrix with orthonormal columns or, where it is wider than high, rows
//                        (Saxe et al. 2014)
//   Zeros{}              0
//
//   nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 10>> net{rng, nib::KaimingNormal{}};
//   nib::initialize(net, nib::Orthogonal{.gain = 0.5}, rng);  // any network: model/initialize.hpp
//
// Any callable of the same signature is an initializer, too. Weights come as a matrix [in, out], row-major. The same
// seed gives the same numbers; those of Orthogonal, which are sums of products, may differ in their last bits where a
// compiler fuses them.
#pragma once

#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/random.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

template <class Init, class T = float>
concept Initializer = requires(const Init& initializer, std::span<T> weight, LayerShape shape, Rng& rng) {
    initializer(weight, shape, rng);
};

namespace detail {

inline void check_initializer(const char* what, double number) {
    if (!is_finite(number)) fail({what, ": expected a finite number, found ", not_finite_name(number)});
}

// The standard deviation; fails where the option is not finite.
inline double kaiming_deviation(double a, LayerShape shape) {
    check_initializer("Kaiming: a", a);
    return square_root(2 / (1 + a * a) / static_cast<double>(shape.in));
}
inline double xavier_deviation(double gain, LayerShape shape) {
    check_initializer("Xavier: gain", gain);
    return gain * square_root(2 / static_cast<double>(shape.in + shape.out));
}

// Uniform in ±sqrt(3) deviation, and normal.
template <class T>
void fill_uniform(std::span<T> weight, double deviation, Rng& rng);
template <class T>
void fill_normal(std::span<T> weight, double deviation, Rng& rng);
template <class T>
void fill_orthogonal(std::span<T> weight, LayerShape shape, double gain, Rng& rng);

}  // namespace detail

struct KaimingUniform {
    double a = 0;

    template <class T>
    void operator()(std::span<T> weight, LayerShape shape, Rng& rng) const {
        detail::fill_uniform(weight, detail::kaiming_deviation(a, shape), rng);
    }
};

struct KaimingNormal {
    double a = 0;

    template <class T>
    void operator()(std::span<T> weight, LayerShape shape, Rng& rng) const {
        detail::fill_normal(weight, detail::kaiming_deviation(a, shape), rng);
    }
};

struct XavierUniform {
    double gain = 1;

    template <class T>
    void operator()(std::span<T> weight, LayerShape shape, Rng& rng) const {
        detail::fill_uniform(weight, detail::xavier_deviation(gain, shape), rng);
    }
};

struct XavierNormal {
    double gain = 1;

    template <class T>
    void operator()(std::span<T> weight, LayerShape shape, Rng& rng) const {
        detail::fill_normal(weight, detail::xavier_deviation(gain, shape), rng);
    }
};

struct Orthogonal {
    double gain = 1;

    template <class T>
    void operator()(std::span<T> weight, LayerShape shape, Rng& rng) const {
        detail::fill_orthogonal(weight, shape, gain, rng);
    }
};

struct Zeros {
    template <class T>
    void operator()(std::span<T> weight, LayerShape /*shape*/, Rng& /*rng*/) const {
        for (T& number : weight) number = 0;
    }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>

#include <cassert>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

template <class T>
void fill_uniform(std::span<T> weight, double deviation, Rng& rng) {
    const double bound = square_root(3.0) * deviation;
    for (T& number : weight) number = static_cast<T>(rng.uniform(-bound, bound));
}

template <class T>
void fill_normal(std::span<T> weight, double deviation, Rng& rng) {
    for (T& number : weight) number = static_cast<T>(deviation * rng.normal());
}

inline double product_of(const double* a, const double* b, std::size_t size) {
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += a[i] * b[i];
    return sum;
}

// Normal vectors, of which each is made orthogonal to those before it (Gram-Schmidt): the matrix Q of the random
// matrix's factors QR, where R has a positive diagonal. Twice, so that none of the rounding of the first time is left.
template <class T>
void fill_orthogonal(std::span<T> weight, LayerShape shape, double gain, Rng& rng) {
    assert(weight.size() == shape.in * shape.out);
    check_initializer("Orthogonal: gain", gain);
    const std::size_t count = smaller(shape.in, shape.out), size = larger(shape.in, shape.out);
    std::vector<double> vectors(count * size);
    for (std::size_t n = 0; n < count; ++n) {
        double* const vector = vectors.data() + n * size;
        double length = 0;
        while (!(length > 0)) {
            for (std::size_t i = 0; i < size; ++i) vector[i] = rng.normal();
            for (std::size_t pass = 0; pass < 2; ++pass)
                for (std::size_t k = 0; k < n; ++k) {
                    const double* const before = vectors.data() + k * size;
                    const double part = product_of(before, vector, size);
                    for (std::size_t i = 0; i < size; ++i) vector[i] -= part * before[i];
                }
            length = square_root(product_of(vector, vector, size));
        }
        for (std::size_t i = 0; i < size; ++i) vector[i] /= length;
    }
    const bool by_columns = shape.in >= shape.out;
    for (std::size_t i = 0; i < shape.in; ++i)
        for (std::size_t j = 0; j < shape.out; ++j)
            weight[i * shape.out + j] = static_cast<T>(gain * vectors[by_columns ? j * size + i : i * size + j]);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#endif
