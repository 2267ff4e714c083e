#include <nib/model/initialize.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/residual.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace {

// A matrix that is [out, in] in memory, too, and two vectors.
struct Plain {
    static constexpr std::size_t input_size = 4, output_size = 2, parameter_count = 8 + 3 + 2;
    template <class T>
    static void initialize(std::span<T> parameters, nib::LayerShape, nib::Rng&) {
        std::fill(parameters.begin(), parameters.end(), T{5});
    }
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
    static std::vector<nib::LayerTensor> tensors(nib::LayerShape) {
        return {{.name = "bias", .shape = {2}, .offset = 11},
                {.name = "kernel", .shape = {2, 4}},
                {.name = "scale", .shape = {3}, .offset = 8}};
    }
};

// in, out, and the place.
struct Numbered {
    template <class T>
    void operator()(std::span<T> weight, nib::LayerShape shape, nib::Rng&) const {
        for (std::size_t i = 0; i < shape.in; ++i)
            for (std::size_t j = 0; j < shape.out; ++j)
                weight[i * shape.out + j] = static_cast<T>(1000 * shape.in + 100 * shape.out + 10 * i + j);
    }
};

using Net = nib::Sequential<nib::Dense<3, 4>, nib::BatchNorm, nib::Residual<nib::Dense<4, 4>>, Plain>;

}  // namespace

TEST_CASE("weights become the initializer's, the biases beside them 0, and all else stays the layers' own") {
    nib::Rng rng{1};
    const Net net{rng, Numbered{}};
    const auto parameter = [&](std::size_t i) { return net.parameters()[i]; };
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 4; ++j) CHECK(parameter(i * 4 + j) == 3400.0f + static_cast<float>(10 * i + j));
    for (std::size_t k = 0; k < 4; ++k) {
        CHECK(parameter(12 + k) == 0);  // bias
        CHECK(parameter(16 + k) == 1);  // BatchNorm's weight
        CHECK(parameter(20 + k) == 0);  // and bias
        CHECK(parameter(24 + 5 * k) == 4400.0f + static_cast<float>(11 * k));
        CHECK(parameter(40 + k) == 0);
    }
    for (std::size_t j = 0; j < 2; ++j)
        for (std::size_t i = 0; i < 4; ++i)
            CHECK(parameter(44 + j * 4 + i) == 4200.0f + static_cast<float>(10 * i + j));
    for (std::size_t k = 0; k < 3; ++k) CHECK(parameter(52 + k) == 5);
    CHECK(parameter(55) == 0);
    CHECK(parameter(56) == 0);
}

TEST_CASE("any network is drawn anew, from one seed the same; one that was moved from is an error") {
    nib::Rng rng{2}, again{2};
    nib::Mlp mlp{{6, 5, 3}, rng};
    nib::initialize(mlp, nib::KaimingNormal{}, rng);
    nib::Sequential<nib::Dense<6, 5>, nib::Dense<5, 3>> twin{again, nib::KaimingNormal{}};
    CHECK(reference::same_bits<float>(std::as_const(mlp).parameters(), std::as_const(twin).parameters()));
    nib::initialize(twin, nib::Zeros{}, rng);
    for (const float number : twin.parameters()) CHECK(number == 0);
    const nib::Mlp elsewhere = std::move(mlp);
    CHECK(
        support::contains(support::error_of([&] { return nib::initialize(mlp, nib::Zeros{}, rng), 0; }), "moved from"));
}
