#include <nib/data/detail/check.hpp>

#include "../../support.hpp"

#include <limits>
#include <string>
#include <vector>

using nib::Batch;
using nib::Matrix;
using nib::detail::find_not_finite;

TEST_CASE("the first number of a batch that is not finite is found, dense or sparse, in inputs or targets") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Matrix<double> x(3, 4), rows(3, 2);
    const std::vector<int> classes(3);
    CHECK(find_not_finite(Batch<double>{x, classes}).text == "");
    CHECK(find_not_finite(Batch<double, double>{x, rows}).text == "");
    rows(2, 1) = -infinity;
    auto found = find_not_finite(Batch<double, double>{x, rows});
    CHECK(found.row == 2);
    CHECK(found.text == "infinity as target 1");
    x(1, 3) = std::numeric_limits<double>::quiet_NaN();
    found = find_not_finite(Batch<double, double>{x, rows});
    CHECK(found.row == 1);
    CHECK(found.text == "NaN as feature 3");

    const nib::kernels::Nonzero<double> entries[]{{0, 1.0}, {2, infinity}};
    const nib::kernels::SparseRow<double> lists[]{{}, {entries, 1}, {entries, 2}};
    found = find_not_finite(Batch<double>{nib::kernels::SparseMatrixView<double>{3, 4, lists}, classes});
    CHECK(found.row == 2);
    CHECK(found.text == "infinity as feature 2");
    CHECK(find_not_finite(Batch<double>{nib::kernels::SparseMatrixView<double>{2, 4, lists}, classes}).text == "");
}

TEST_CASE("examples of rows of targets are compared with the outputs") {
    const Matrix<float> x(5, 3), rows(5, 2);
    const nib::Examples examples{x, rows};
    const auto error = [&](std::size_t features, std::size_t outputs) {
        return support::error_of([&] { nib::detail::check_examples(examples, features, outputs); });
    };
    CHECK(error(3, 2) == "");
    CHECK(error(2, 2) == "the data: expected examples of 2 features, as the network takes, found 3");
    CHECK(error(3, 1) == "the data: expected rows of 1 targets, the network's outputs, found 2");
}

TEST_CASE("weights of examples are finite and not negative, and one is above 0") {
    const Matrix<float> x(3, 1);
    const std::vector<int> classes(3);
    const auto error = [&](std::vector<float> weights) {
        const auto examples = nib::Examples{x, classes}.weighted_by(weights);
        return support::error_of([&] { nib::detail::check_examples(examples, 1, 1); });
    };
    const std::string expected = "the data: expected weights that are finite and not negative, found ";
    CHECK(error({0, 0, 2}) == "");
    CHECK(error({1, -0.5f, 1}) == expected + "-0.5 at example 1");
    CHECK(error({1, 1, std::numeric_limits<float>::quiet_NaN()}) == expected + "NaN at example 2");
    CHECK(error({std::numeric_limits<float>::infinity(), 1, 1}) == expected + "infinity at example 0");
    CHECK(error({0, 0, 0}) == "the data: expected a weight above 0, found none");

    const std::vector<float> two(2);
    CHECK(support::error_of([&] {
              nib::detail::check_batch(Batch<float>{.inputs = x, .targets = classes, .weights = two}, 1, 1);
          }) == "the batch has 3 examples and 2 weights");
}
