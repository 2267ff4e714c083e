#include <nib/layers/dense.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/kernels/detail/nonzeros.hpp>

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
    static_assert(Layer::parameter_count({784, 64}) == 784 * 64 + 64);
}

TEST_CASE_TEMPLATE("Dense computes x W + b, of a batch and of one row", T, float, double) {
    const std::vector<T> parameters{1, 2, 3, 4, 5, 6, 10, -100};  // W = {{1, 2}, {3, 4}, {5, 6}}, b = {10, -100}
    const std::vector<T> x{1, 0, -1, 2, 2, 2};
    std::vector<T> y(4);
    const nib::MatrixView<const T> in{x.data(), 2, 3};
    const nib::MatrixView<T> out{y.data(), 2, 2};
    nib::Pass<T> pass;
    pass.parameters = parameters;
    reference::for_each_isa([&](nib::Isa) {
        std::fill(y.begin(), y.end(), T{0});
        Dense<3, 2>::forward<T>(pass, in, out);
        CHECK(y == std::vector<T>{6, -104, 28, -76});
        Dense<3, 2>::forward_row<T>(pass, in.middle_rows(0, 1), out.middle_rows(1, 1));
        CHECK(y == std::vector<T>{6, -104, 6, -104});
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

namespace {

// The gradient by all parameters, multiplied out.
template <class T, class L>
std::vector<T> parameter_gradient(const nib::kernels::InputView<T>& x, nib::MatrixView<const T> dy) {
    std::vector<T> all(L::parameter_count({x.cols(), dy.cols()}));
    nib::detail::List<nib::DeferredProduct<T>> products;
    nib::ParameterGradient<T> gradient{all, 0, products};
    L::template parameter_gradient<T>({}, x, dy, gradient);
    for (const auto& product : products)
        nib::kernels::matmul_at_b<T>(product.x, product.dy,
                                     {all.data() + product.offset, product.rows(), product.cols()});
    return all;
}

}  // namespace

TEST_CASE_TEMPLATE("Dense's gradients are x^T dy, the column sums of dy and dy W^T", T, float, double) {
    using Layer = Dense<33, 18>;
    nib::Rng rng{2};
    const Matrix<T> parameters = reference::random_matrix<T>(1, 33 * 18 + 18, rng);
    const Matrix<T> x = reference::random_matrix<T>(6, 33, rng);
    const Matrix<T> dy = reference::random_matrix<T>(6, 18, rng);
    Matrix<T> w(33, 18), ones(1, 6);
    std::copy_n(parameters.data(), w.size(), w.data());
    std::fill(ones.values().begin(), ones.values().end(), T{1});
    nib::Pass<T> pass;
    pass.parameters = parameters.values();
    reference::for_each_isa([&](nib::Isa) {
        const bool fused = reference::fuses();
        Guarded<T> dx(6, 33);
        Layer::backward_input<T>(pass, {}, {}, dy.view(), dx.view());
        CHECK(same_bits(dx, reference::matmul(fused, dy, reference::transposed(w))));
        CHECK(dx.margins_untouched());
        const std::vector<T> gradient = parameter_gradient<T, Layer>(x.view(), dy.view());
        const std::span<const T> all{gradient};
        CHECK(same_bits<T>(all.first(w.size()), reference::matmul(fused, reference::transposed(x), dy).values()));
        CHECK(same_bits<T>(all.subspan(w.size()), reference::matmul(fused, ones, dy).values()));
    });
}

TEST_CASE_TEMPLATE("Dense gives the same bits from a sparse matrix", T, float, double) {
    using Layer = Dense<50, 19>;
    nib::Rng rng{4};
    const Matrix<T> parameters = reference::random_matrix<T>(1, 50 * 19 + 19, rng);
    const Matrix<T> x = reference::random_matrix<T>(7, 50, rng, 0.8);
    const Matrix<T> dy = reference::random_matrix<T>(7, 19, rng);
    std::vector<nib::kernels::SparseRow<T>> lists(8);
    std::vector<nib::kernels::Nonzero<T>> entries(nib::kernels::sparse_capacity(7, 50));
    const auto sparse = nib::kernels::find_nonzeros<T>(x, {lists.data(), entries.data()});
    REQUIRE(sparse.is_sparse());
    nib::Pass<T> pass;
    pass.parameters = parameters.values();
    reference::for_each_isa([&](nib::Isa) {
        Matrix<T> expected(7, 19), y(7, 19);
        Layer::forward<T>(pass, x.view(), expected.view());
        Layer::forward<T>(pass, sparse, y.view());
        CHECK(same_bits(y, expected));
        CHECK(parameter_gradient<T, Layer>(sparse, dy.view()) == parameter_gradient<T, Layer>(x.view(), dy.view()));
    });
}

TEST_CASE_TEMPLATE("Dense starts from weights and biases uniform in ±1/sqrt(In)", T, float, double) {
    nib::Rng rng{5};
    std::vector<T> parameters(25 * 4000 + 4000);
    Dense<25, 4000>::initialize(std::span{parameters}, {25, 4000}, rng);
    const std::span<const T> all{parameters};
    check_uniform(all.first(25 * 4000), 0.2);
    check_uniform(all.subspan(25 * 4000), 0.2);
}

TEST_CASE("Dense starts from the numbers that the generator gives, in the order of the parameters") {
    nib::Rng rng{6}, same{6};
    std::vector<double> parameters(15);
    Dense<4, 3>::initialize(std::span{parameters}, {4, 3}, rng);
    for (const double parameter : parameters) CHECK(parameter == same.uniform(-0.5, 0.5));
    CHECK(rng() == same());
}

TEST_CASE("Dense describes its tensors as torch.nn.Linear has them") {
    const std::vector<nib::LayerTensor> tensors = Dense<784, 64>::tensors({784, 64});
    REQUIRE(tensors.size() == 2);
    CHECK(tensors[0].name == "weight");
    CHECK(tensors[0].shape == std::vector<std::size_t>{64, 784});
    CHECK(tensors[0].offset == 0);
    CHECK(tensors[0].transposed);
    CHECK(tensors[1].name == "bias");
    CHECK(tensors[1].shape == std::vector<std::size_t>{64});
    CHECK(tensors[1].offset == 784 * 64);
    CHECK(!tensors[1].transposed);
    CHECK(Dense<784, 64>::description({784, 64}) == "Linear(784, 64)");
    CHECK(Dense<5, 3, "fc1">::name() == "fc1");
    CHECK(Dense<5, 3>::name().empty());
}
