#include <nib/layers/dense.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace {

using nib::Dense;
using nib::Matrix;
using nib::kernels::Activation;
using reference::Guarded;
using reference::same_bits;

struct Spread {
    double mean = 0, variance = 0, lowest = 0, highest = 0;
};
template <class T>
Spread spread_of(std::span<const T> values) {
    Spread spread;
    const auto count = static_cast<double>(values.size());
    for (const T value : values) spread.mean += static_cast<double>(value) / count;
    for (const T value : values) spread.variance += std::pow(static_cast<double>(value) - spread.mean, 2) / count;
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    spread.lowest = static_cast<double>(*lowest);
    spread.highest = static_cast<double>(*highest);
    return spread;
}

// Whether `values` look as if drawn uniformly from ±bound: the mean within 4 standard errors, the variance within 5%,
// both ends nearly reached and never passed.
template <class T>
void check_uniform(std::span<const T> values, double bound) {
    const Spread spread = spread_of(values);
    CHECK(std::abs(spread.mean) < 4 * bound / std::sqrt(3.0 * static_cast<double>(values.size())));
    CHECK(spread.variance == doctest::Approx(bound * bound / 3).scale(0).epsilon(0.05));
    CHECK(spread.lowest >= -bound);
    CHECK(spread.highest <= bound);
    CHECK(spread.lowest < -0.99 * bound);
    CHECK(spread.highest > 0.99 * bound);
}

}  // namespace

TEST_CASE("Dense has In times Out weights and Out biases") {
    using Layer = Dense<784, 64>;
    static_assert(Layer::input_size == 784);
    static_assert(Layer::output_size == 64);
    static_assert(Layer::parameter_count == 784 * 64 + 64);
}

TEST_CASE("DenseParameters shows the weights first, [In, Out], then the biases") {
    std::array<float, 8> parameters{0, 1, 2, 3, 4, 5, 6, 7};
    const nib::DenseParameters<float> view{parameters, 3, 2};
    CHECK(view.weight.rows() == 3);
    CHECK(view.weight.cols() == 2);
    CHECK(view.weight(2, 1) == 5);
    CHECK(view.bias.size() == 2);
    CHECK(view.bias[0] == 6);
    view.weight(0, 1) = 9;
    CHECK(parameters[1] == 9);
}

TEST_CASE_TEMPLATE("Dense computes x W + b", T, float, double) {
    const std::vector<T> parameters{1, 2, 3, 4, 5, 6, 10, -100};  // W = {{1, 2}, {3, 4}, {5, 6}}, b = {10, -100}
    const std::vector<T> x{1, 0, -1, 2, 2, 2};
    std::vector<T> y(4);
    const nib::MatrixView<const T> in{x.data(), 2, 3};
    const nib::MatrixView<T> out{y.data(), 2, 2};
    reference::for_each_isa([&](nib::Isa) {
        Dense<3, 2>::forward(std::span{parameters}, in, out);
        CHECK(y == std::vector<T>{6, -104, 28, -76});
        Dense<3, 2>::forward(std::span{parameters}, in, out, Activation::relu);
        CHECK(y == std::vector<T>{6, 0, 28, 0});
    });
}

TEST_CASE("central differences confirm the gradients of Dense by weights, biases and inputs") {
    reference::for_each_isa([](nib::Isa) {
        nib::Rng rng{1};
        const auto check = [](const reference::GradientErrors& errors) {
            CHECK(errors.by_parameters < 1e-7);
            CHECK(errors.by_inputs < 1e-7);
        };
        check(reference::gradient_errors<Dense<7, 5>>(reference::random_matrix<double>(4, 7, rng), 5, rng));
        check(reference::gradient_errors<Dense<1, 1>>(reference::random_matrix<double>(1, 1, rng), 1, rng));
        check(reference::gradient_errors<Dense<20, 17>>(reference::random_matrix<double>(9, 20, rng), 17, rng));
    });
}

TEST_CASE_TEMPLATE("Dense's gradients are x^T dy, the column sums of dy and dy W^T", T, float, double) {
    using Layer = Dense<33, 18>;
    nib::Rng rng{2};
    const Matrix<T> parameters = reference::random_matrix<T>(1, Layer::parameter_count, rng);
    const Matrix<T> x = reference::random_matrix<T>(6, 33, rng);
    const Matrix<T> y(6, 18);
    const Matrix<T> dy = reference::random_matrix<T>(6, 18, rng);
    Matrix<T> w(33, 18), ones(1, 6);
    std::copy_n(parameters.data(), w.size(), w.data());
    std::fill(ones.values().begin(), ones.values().end(), T{1});
    reference::for_each_isa([&](nib::Isa) {
        const bool fused = reference::fuses();
        Guarded<T> dx(6, 33), dparameters(1, Layer::parameter_count);
        Layer::backward(parameters.values(), x.view(), y.view(), dy.view(), dx.view(), dparameters.view().values());
        CHECK(same_bits(dx, reference::matmul(fused, dy, reference::transposed(w))));
        CHECK(same_bits<T>(dparameters.values().first(w.size()),
                           reference::matmul(fused, reference::transposed(x), dy).values()));
        CHECK(same_bits<T>(dparameters.values().subspan(w.size()), reference::matmul(fused, ones, dy).values()));
        CHECK(dx.margins_untouched());
        CHECK(dparameters.margins_untouched());
    });
}

TEST_CASE_TEMPLATE("Dense computes no input gradient where none is wanted", T, float, double) {
    using Layer = Dense<8, 3>;
    nib::Rng rng{3};
    const Matrix<T> parameters = reference::random_matrix<T>(1, Layer::parameter_count, rng);
    const Matrix<T> x = reference::random_matrix<T>(4, 8, rng), y(4, 3);
    const Matrix<T> dy = reference::random_matrix<T>(4, 3, rng);
    Matrix<T> dx(4, 8), with(1, Layer::parameter_count), without(1, Layer::parameter_count);
    Layer::backward(parameters.values(), x.view(), y.view(), dy.view(), dx.view(), with.values());
    Layer::backward(parameters.values(), x.view(), y.view(), dy.view(), nib::MatrixView<T>{}, without.values());
    CHECK(same_bits(with, without));
}

TEST_CASE_TEMPLATE("Dense gives the same bits from inputs as lists of non-zeros", T, float, double) {
    using Layer = Dense<50, 19>;
    nib::Rng rng{4};
    const Matrix<T> parameters = reference::random_matrix<T>(1, Layer::parameter_count, rng);
    const Matrix<T> x = reference::random_matrix<T>(7, 50, rng, 0.8);
    const Matrix<T> dy = reference::random_matrix<T>(7, 19, rng);
    std::vector<nib::kernels::NonzeroList<T>> lists(8);
    std::vector<nib::kernels::Nonzero<T>> entries(nib::kernels::sparse_capacity(7, 50));
    const auto sparse = nib::kernels::find_nonzeros<T>(x, {lists.data(), entries.data()});
    REQUIRE(sparse.is_sparse());
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> expected(7, 19), y(7, 19);
        Layer::forward(parameters.values(), x.view(), expected.view(), Activation::relu);
        Layer::forward(parameters.values(), sparse, y.view(), Activation::relu);
        CHECK(same_bits(y, expected));

        Matrix<T> expected_gradients(1, Layer::parameter_count), gradients(1, Layer::parameter_count);
        const nib::MatrixView<T> none;
        const nib::MatrixView<const T> output = y;
        Layer::backward(parameters.values(), x.view(), output, dy.view(), none, expected_gradients.values());
        Layer::backward(parameters.values(), sparse, output, dy.view(), none, gradients.values());
        CHECK(same_bits(gradients, expected_gradients));
    });
}

TEST_CASE_TEMPLATE("Dense starts from weights and biases uniform in ±1/sqrt(In)", T, float, double) {
    nib::Rng rng{5};
    std::vector<T> parameters(Dense<25, 4000>::parameter_count);
    Dense<25, 4000>::initialize(std::span{parameters}, rng);
    const std::span<const T> all{parameters};
    check_uniform(all.first(25 * 4000), 0.2);
    check_uniform(all.subspan(25 * 4000), 0.2);
}

TEST_CASE("Dense starts from the numbers that the generator gives, in the order of the parameters") {
    nib::Rng rng{6}, same{6};
    std::vector<double> parameters(Dense<4, 3>::parameter_count);
    Dense<4, 3>::initialize(std::span{parameters}, rng);
    for (const double parameter : parameters) CHECK(parameter == same.uniform(-0.5, 0.5));
    CHECK(rng() == same());
}

TEST_CASE("Dense describes its tensors as torch.nn.Linear has them") {
    std::vector<nib::ParameterTensor> tensors;
    Dense<784, 64>::describe(2, 100, tensors);
    Dense<5, 3, "fc1">::describe(4, 0, tensors);
    REQUIRE(tensors.size() == 4);
    CHECK(tensors[0].name == "2.weight");
    CHECK(tensors[0].shape == std::vector<std::size_t>{64, 784});
    CHECK(tensors[0].offset == 100);
    CHECK(tensors[0].transposed);
    CHECK(tensors[1].name == "2.bias");
    CHECK(tensors[1].shape == std::vector<std::size_t>{64});
    CHECK(tensors[1].offset == 100 + 784 * 64);
    CHECK(!tensors[1].transposed);
    CHECK(tensors[2].name == "fc1.weight");
    CHECK(tensors[2].shape == std::vector<std::size_t>{3, 5});
    CHECK(tensors[3].name == "fc1.bias");
    CHECK(tensors[3].offset == 15);
}
