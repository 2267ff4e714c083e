#include <nib/train/regression.hpp>

#include "../support.hpp"

#include <nib/core/matrix.hpp>

#include <cmath>
#include <vector>

namespace {

nib::Matrix<double> matrix(std::size_t cols, const std::vector<double>& numbers) {
    nib::Matrix<double> m(numbers.size() / cols, cols);
    for (std::size_t i = 0; i < numbers.size(); ++i) m.data()[i] = numbers[i];
    return m;
}

}  // namespace

TEST_CASE("errors and R2, of columns and overall, are scikit-learn's") {
    // The example of scikit-learn's manual, in one piece and in two.
    const nib::Matrix<double> outputs = matrix(2, {0, 2, -1, 2, 8, -5}), targets = matrix(2, {0.5, 1, -1, 1, 7, -6});
    for (const std::size_t first : {3u, 1u}) {
        nib::RegressionScores scores;
        scores.add(outputs.view().middle_rows(0, first), targets.view().middle_rows(0, first));
        if (first < 3)
            scores.add(outputs.view().middle_rows(first, 3 - first), targets.view().middle_rows(first, 3 - first));
        REQUIRE(scores.columns() == 2);
        CHECK(scores.total() == 3);
        CHECK(scores.mse(0) == doctest::Approx(1.25 / 3));
        CHECK(scores.mse(1) == doctest::Approx(1));
        CHECK(scores.mse() == doctest::Approx(0.708333333));
        CHECK(scores.rmse(0) == doctest::Approx(std::sqrt(1.25 / 3)));
        CHECK(scores.rmse() == doctest::Approx(0.822748612));  // the mean of the columns' roots
        CHECK(scores.mae(0) == doctest::Approx(0.5));
        CHECK(scores.mae() == doctest::Approx(0.75));
        CHECK(scores.r2(0) == doctest::Approx(1 - 1.25 / (50.25 - 6.5 * 6.5 / 3)));
        CHECK(scores.r2(1) == doctest::Approx(1 - 3 / (38 - 16.0 / 3)));
        CHECK(scores.r2() == doctest::Approx((scores.r2(0) + scores.r2(1)) / 2));
    }
}

TEST_CASE("R2 of targets that are all the same is 1 or 0, and of fewer than two examples NaN") {
    const auto r2 = [](const std::vector<double>& outputs, const std::vector<double>& targets) {
        nib::RegressionScores scores;
        scores.add(matrix(1, outputs), matrix(1, targets));
        return scores.r2();
    };
    CHECK(r2({-2, -2, -2}, {-2, -2, -2}) == 1);
    CHECK(r2({-2, -2, -2 + 1e-8}, {-2, -2, -2}) == 0);
    CHECK(r2({2, 2, 2}, {1, 2, 3}) == 0);
    CHECK(r2({3, 2, 1}, {1, 2, 3}) == -3);
    CHECK(r2({1e9 + 1, 1e9 + 2, 1e9 + 4}, {1e9 + 1, 1e9 + 2, 1e9 + 3}) == doctest::Approx(0.5));
    CHECK(std::isnan(r2({1}, {1})));
    CHECK(std::isnan(nib::RegressionScores{}.rmse()));
}

TEST_CASE("sizes that differ are errors") {
    nib::RegressionScores scores;
    const auto error = [&](std::size_t rows, std::size_t cols, std::size_t target_cols) {
        return support::error_of(
            [&] { return scores.add(nib::Matrix<float>(rows, cols), nib::Matrix<float>(2, target_cols)), 0; });
    };
    CHECK(error(2, 3, 2) == "RegressionScores: expected targets as the outputs are, 2 rows of 3, found 2 rows of 2");
    CHECK(error(1, 2, 2) == "RegressionScores: expected targets as the outputs are, 1 rows of 2, found 2 rows of 2");
    CHECK(error(2, 2, 2) == "");
    CHECK(error(2, 3, 3) == "RegressionScores: expected 2 columns as before, found 3");
}
