#include <nib/train/gradient_check.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using nib::MatrixView;
using nib::Pass;

enum class Mistake { none, one_parameter, input, not_a_number, adds_parameters, adds_input, leaves_zeros };

// y = slope x, with a slope for each feature, and perhaps a mistake in the backward pass.
struct Slopes {
    static inline Mistake mistake = Mistake::none;

    template <class T>
    static T taken(T x) {
        return mistake == Mistake::leaves_zeros && x < 0 ? 0 : x;
    }
    static constexpr std::size_t parameter_count(nib::LayerShape shape) { return shape.in; }

    template <class T>
    static void initialize(std::span<T> slopes, nib::LayerShape, nib::Rng& rng) {
        for (T& slope : slopes) slope = static_cast<T>(rng.uniform(0.5, 1.5));
    }
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) y(i, j) = pass.parameters[j] * taken(x(i, j));
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) {
                const T right = pass.parameters[j] * dy(i, j);
                if (taken(x(i, j)) != x(i, j)) continue;
                if (mistake == Mistake::adds_input)
                    dx(i, j) += right;
                else
                    dx(i, j) = mistake == Mistake::input ? dy(i, j) : right;
            }
    }
    template <class T>
    static void parameter_gradient(const Pass<T>&, MatrixView<const T> x, MatrixView<const T> dy,
                                   nib::ParameterGradient<T>& gradient) {
        for (std::size_t j = 0; j < x.cols(); ++j) {
            if (mistake != Mistake::adds_parameters) gradient.values[j] = 0;
            for (std::size_t i = 0; i < x.rows(); ++i) gradient.values[j] += taken(x(i, j)) * dy(i, j);
        }
        if (mistake == Mistake::one_parameter) gradient.values[2] *= 2;
        if (mistake == Mistake::not_a_number) gradient.values[1] = std::numeric_limits<T>::quiet_NaN();
    }
    static std::vector<nib::LayerTensor> tensors(nib::LayerShape shape) {
        return {{.name = "slope", .shape = {shape.in}}};
    }
};

template <class T>
nib::GradientCheck check_slopes(Mistake mistake, const nib::GradientCheckOptions& options = {}) {
    Slopes::mistake = mistake;
    nib::Rng rng{4};
    const nib::BasicSequential<T, nib::Dense<3, 6>, nib::Tanh, Slopes, nib::Dense<6, 3>, nib::LogSoftmax> net{rng};
    const auto x = reference::random_matrix<T>(5, 3, rng);
    return nib::check_gradients(net, {x, std::vector<int>{0, 1, 2, 2, 1}}, nib::NllLoss{}, options);
}

// Output 2 of the first example, with a gradient of 0.
struct FlatLoss {
    template <class T>
    using Targets = std::span<const int>;
    static double value(MatrixView<const double> y, std::span<const int>) { return y(0, 2); }
    static void gradient(MatrixView<const double>, std::span<const int>, MatrixView<double> dy) {
        for (double& d : dy.values()) d = 0;
    }
};

}  // namespace

TEST_CASE("right gradients pass, in training with Dropout and BatchNorm, and the network stays as it is") {
    nib::Rng rng{2};
    const nib::BasicSequential<double, nib::Dense<3, 8>, nib::BatchNorm, nib::Tanh, nib::Dropout<0.5>, nib::Dense<8, 2>>
        net{rng};
    const auto copy = net;
    const auto x = reference::random_matrix<double>(6, 3, rng), y = reference::random_matrix<double>(6, 2, rng);
    for (const std::uint64_t key : {0u, 77u}) {
        nib::Batch<double, double> batch{x, y};
        batch.key = key;
        const nib::GradientCheck check = nib::check_gradients(net, batch, nib::MseLoss{});
        CHECK(check.passed);
        CHECK(check.largest_error < 1e-7);
        CHECK(check.largest_error > 0);
        CHECK(check.checked == net.parameters().size());
        CHECK(check.parameters == net.parameters().size());
    }
    CHECK(std::ranges::equal(net.parameters(), copy.parameters()));
    CHECK(std::ranges::equal(net.buffers(), copy.buffers()));
}

TEST_CASE_TEMPLATE("a mistake is found, and named", T, double, float) {
    constexpr bool is_double = std::is_same_v<T, double>;
    const nib::GradientCheck right = check_slopes<T>(Mistake::none);
    CHECK(right.passed);
    CHECK(right.largest_error < (is_double ? 1e-8 : 1e-2));

    const nib::GradientCheck slope = check_slopes<T>(Mistake::one_parameter);
    CHECK_FALSE(slope.passed);
    CHECK(slope.tensor == "2.slope");
    CHECK(slope.index == 2);
    CHECK(slope.gradient == doctest::Approx(2 * slope.difference).epsilon(is_double ? 1e-8 : 0.05));

    const nib::GradientCheck input = check_slopes<T>(Mistake::input);
    CHECK_FALSE(input.passed);
    CHECK(input.tensor.starts_with("0."));

    const nib::GradientCheck not_a_number = check_slopes<T>(Mistake::not_a_number);
    CHECK_FALSE(not_a_number.passed);
    CHECK(not_a_number.largest_error == std::numeric_limits<double>::infinity());
    CHECK(not_a_number.tensor == "2.slope");
    CHECK(not_a_number.index == 1);
    CHECK(support::contains(not_a_number.text(), "largest error inf at \"2.slope\"[1]: gradient "));

    // In training a step finds the numbers of the one before where it is to put its own.
    for (const Mistake mistake : {Mistake::adds_parameters, Mistake::adds_input, Mistake::leaves_zeros})
        CHECK_FALSE(check_slopes<T>(mistake).passed);
}

TEST_CASE("a sample of each tensor's parameters, its own tolerance and step") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const nib::GradientCheck check = check_slopes<double>(Mistake::input, {.each_tensor = 4, .seed = seed});
        CHECK(check.checked == 4 * 4 + 3);  // the last bias has 3
        CHECK(check.parameters == 24 + 6 + 21);
        CHECK_FALSE(check.passed);
    }
    CHECK(check_slopes<double>(Mistake::input, {.tolerance = 10}).passed);
    CHECK(check_slopes<double>(Mistake::none, {.step = 0.1}).largest_error > 1e-6);

    nib::GradientCheck check;
    CHECK(check.text() == "0 of 0 parameters compared");
    check = {false, 0.3125, 50, 60, "1.weight", 4, 0.02139, -1e-7};
    CHECK(check.text() ==
          "largest error 0.3125 at \"1.weight\"[4]: gradient 0.02139, central difference -1e-07; 50 of 60 parameters "
          "compared");
}

TEST_CASE("the index is that of a model file") {
    nib::BasicSequential<double, nib::Dense<3, 4>> net;
    nib::Matrix<double> x(1, 3);
    x(0, 1) = 5;  // the slope by the weight from input 1 to output 2 of 4
    const nib::GradientCheck check = nib::check_gradients(net, {x, std::vector<int>{0}}, FlatLoss{});
    CHECK(check.tensor == "0.weight");
    CHECK(check.index == 2 * 3 + 1);
    CHECK(check.difference == doctest::Approx(5));
}
