#include <nib/loss/reduction.hpp>

#include "../reference.hpp"

#include <nib/loss/bce_with_logits.hpp>
#include <nib/loss/mse.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

using nib::Reduction;

namespace {

// The sum of y over all numbers, and 1 as its slope.
double value(Reduction reduction, const nib::Matrix<double>& y, const std::vector<double>& weights) {
    return nib::detail::reduced_sum<double>(reduction, y, y, weights, [](double output, double) { return output; });
}
std::vector<double> gradient(Reduction reduction, const nib::Matrix<double>& y, const std::vector<double>& weights) {
    nib::Matrix<double> dy(y.rows(), y.cols());
    nib::detail::reduced_gradient<double>(reduction, y, y, dy, weights, [](double, double, double s) { return s; });
    return {dy.values().begin(), dy.values().end()};
}

}  // namespace

TEST_CASE("losses of numbers become their mean, their sum, or their sum over the examples, with weights or without") {
    nib::Matrix<double> y(2, 2);
    const double numbers[] = {1, 2, 3, 10};
    for (std::size_t i = 0; i < 4; ++i) y.values()[i] = numbers[i];
    struct Row {
        Reduction reduction;
        std::vector<double> weights;
        double value;
        std::vector<double> gradient;
    };
    const Row rows[] = {
        {Reduction::mean, {}, 4, {0.25, 0.25, 0.25, 0.25}},
        {Reduction::sum, {}, 16, {1, 1, 1, 1}},
        {Reduction::batchmean, {}, 8, {0.5, 0.5, 0.5, 0.5}},
        {Reduction::mean, {1, 3}, 42 / 8.0, {0.125, 0.125, 0.375, 0.375}},
        {Reduction::sum, {1, 3}, 42, {1, 1, 3, 3}},
        {Reduction::batchmean, {1, 3}, 10.5, {0.25, 0.25, 0.75, 0.75}},
        {Reduction::mean, {0, 0}, 0, {0, 0, 0, 0}},
        {Reduction::batchmean, {0, 0}, 0, {0, 0, 0, 0}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.value);
        CHECK(value(row.reduction, y, row.weights) == row.value);
        CHECK(gradient(row.reduction, y, row.weights) == row.gradient);
    }
}

TEST_CASE("an example of weight 0 does not count, even where its targets are NaN") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    nib::Matrix<double> y(2, 2), targets(2, 2), dy(2, 2);
    targets(0, 0) = targets(0, 1) = nan;
    const std::vector<double> weights{0, 1};
    const auto check = [&](const auto& loss) {
        const nib::MatrixView<const double> outputs = std::as_const(y).view(), t = std::as_const(targets).view();
        loss.gradient(outputs, t, dy.view(), std::span<const double>{weights});
        CHECK(std::isfinite(loss.value(outputs, t, std::span<const double>{weights})));
        CHECK((dy(0, 0) == 0 && dy(0, 1) == 0 && std::isfinite(dy(1, 0))));
    };
    check(nib::MseLoss{});
    check(nib::BceWithLogitsLoss{});
}

TEST_CASE("a sum takes every number once, whatever the count") {
    for (std::size_t count = 0; count < 40; ++count)
        CHECK(nib::detail::sum_of_numbers(count, [](std::size_t i) { return static_cast<double>(i + 1); }) ==
              static_cast<double>(count * (count + 1) / 2));
}
