#include <nib/layers/layer.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace {

using nib::Layer;
using nib::MatrixView;

// A user's activation: y = x / (1 + exp(-x)).
struct Swish {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static T sigmoid(T x) {
        return 1 / (1 + std::exp(-x));
    }
    template <class T>
    static void forward(std::span<const T>, MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = x.values()[i] * sigmoid(x.values()[i]);
    }
    template <class T>
    static void backward(std::span<const T>, MatrixView<const T> x, MatrixView<const T> y, MatrixView<const T> dy,
                         MatrixView<T> dx, std::span<T>) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const T s = sigmoid(x.values()[i]);
            dx.values()[i] = dy.values()[i] * (s + y.values()[i] * (1 - s));
        }
    }
};

// A user's layer with parameters: each feature times a factor that is learned.
template <std::size_t Size>
struct Scale {
    static constexpr std::size_t input_size = Size;
    static constexpr std::size_t output_size = Size;
    static constexpr std::size_t parameter_count = Size;

    template <class T>
    static void forward(std::span<const T> factors, MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t b = 0; b < x.rows(); ++b)
            for (std::size_t j = 0; j < Size; ++j) y(b, j) = factors[j] * x(b, j);
    }
    template <class T>
    static void backward(std::span<const T> factors, MatrixView<const T> x, MatrixView<const T>, MatrixView<const T> dy,
                         MatrixView<T> dx, std::span<T> dfactors) {
        std::fill(dfactors.begin(), dfactors.end(), T{0});
        for (std::size_t b = 0; b < x.rows(); ++b)
            for (std::size_t j = 0; j < Size; ++j) {
                dx(b, j) = factors[j] * dy(b, j);
                dfactors[j] += x(b, j) * dy(b, j);
            }
    }
    template <class T>
    static void initialize(std::span<T> factors, nib::Rng&) {
        std::fill(factors.begin(), factors.end(), T{1});
    }
};

// Swish with a gradient that is wrong by a thousandth in one place.
struct WrongSwish : Swish {
    template <class T>
    static void backward(std::span<const T> parameters, MatrixView<const T> x, MatrixView<const T> y,
                         MatrixView<const T> dy, MatrixView<T> dx, std::span<T> dparameters) {
        Swish::backward(parameters, x, y, dy, dx, dparameters);
        dx(0, 0) *= T(1.001);
    }
};

struct InputSizeAlone {
    static constexpr std::size_t input_size = 3;
};
struct WithoutParameterCount {
    template <class T>
    static void forward(std::span<const T>, MatrixView<const T>, MatrixView<T>);
    template <class T>
    static void backward(std::span<const T>, MatrixView<const T>, MatrixView<const T>, MatrixView<const T>,
                         MatrixView<T>, std::span<T>);
};
struct WithoutForward {
    static constexpr std::size_t parameter_count = 0;
    template <class T>
    static void backward(std::span<const T>, MatrixView<const T>, MatrixView<const T>, MatrixView<const T>,
                         MatrixView<T>, std::span<T>);
};
struct WithoutBackward {
    static constexpr std::size_t parameter_count = 0;
    template <class T>
    static void forward(std::span<const T>, MatrixView<const T>, MatrixView<T>);
};
struct ForwardIsNotStatic : WithoutForward {
    template <class T>
    void forward(std::span<const T>, MatrixView<const T>, MatrixView<T>);
};
struct BackwardTakesTooFew : WithoutBackward {
    template <class T>
    static void backward(std::span<const T>, MatrixView<const T>, MatrixView<const T>, MatrixView<T>, std::span<T>);
};
struct ParametersWithoutInitialize : WithoutParameterCount {
    static constexpr std::size_t parameter_count = 3;
};
struct ParametersWithInitialize : ParametersWithoutInitialize {
    template <class T>
    static void initialize(std::span<T>, nib::Rng&);
};

}  // namespace

TEST_CASE("nib's layers and a user's own satisfy Layer") {
    static_assert(Layer<nib::Dense<3, 2>>);
    static_assert(Layer<nib::ReLU>);
    static_assert(Layer<nib::LogSoftmax>);
    static_assert(Layer<Swish>);
    static_assert(Layer<Scale<3>>);
    static_assert(Layer<ParametersWithInitialize>);
}

TEST_CASE("what lacks a part, or has it in another shape, is no Layer") {
    static_assert(!Layer<int>);
    static_assert(!Layer<WithoutParameterCount>);
    static_assert(!Layer<WithoutForward>);
    static_assert(!Layer<WithoutBackward>);
    static_assert(!Layer<ForwardIsNotStatic>);
    static_assert(!Layer<BackwardTakesTooFew>);
    static_assert(!Layer<ParametersWithoutInitialize>);
}

TEST_CASE("a layer is sized when it states both its sizes") {
    static_assert(nib::SizedLayer<nib::Dense<3, 2>>);
    static_assert(nib::SizedLayer<Scale<3>>);
    static_assert(!nib::SizedLayer<nib::ReLU>);
    static_assert(!nib::SizedLayer<nib::LogSoftmax>);
    static_assert(!nib::SizedLayer<Swish>);
    static_assert(!nib::SizedLayer<InputSizeAlone>);
}

TEST_CASE("a tensor has as many numbers as the product of its shape") {
    CHECK(nib::ParameterTensor{.name = "weight", .shape = {64, 784}}.size() == 50'176);
    CHECK(nib::ParameterTensor{.name = "bias", .shape = {64}}.size() == 64);
    CHECK(nib::ParameterTensor{.name = "scalar", .shape = {}}.size() == 1);
    CHECK(nib::ParameterTensor{.name = "empty", .shape = {5, 0}}.size() == 0);
}

TEST_CASE("central differences confirm the gradients of a user's layers") {
    nib::Rng rng{1};
    CHECK(reference::gradient_errors<Swish>(reference::random_matrix<double>(4, 6, rng), 6, rng).by_inputs < 1e-7);
    const auto errors = reference::gradient_errors<Scale<5>>(reference::random_matrix<double>(4, 5, rng), 5, rng);
    CHECK(errors.by_inputs < 1e-7);
    CHECK(errors.by_parameters < 1e-7);
}

TEST_CASE("central differences notice a wrong gradient") {
    nib::Rng rng{2};
    CHECK(reference::gradient_errors<WrongSwish>(reference::random_matrix<double>(4, 6, rng), 6, rng).by_inputs > 1e-6);
}
