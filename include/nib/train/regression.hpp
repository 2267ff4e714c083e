// RegressionScores: how far outputs are from rows of targets, column by column and overall, as scikit-learn defines it:
//
//   rmse  the root of the mean of (output - target)^2
//   mae   the mean of |output - target|
//   r2    1 - the sum of (output - target)^2 / the sum of (target - the targets' mean)^2. 1 is best; always predicting
//         the mean gives 0, and worse is below 0. Where all targets are the same, 1 if the outputs are they, else 0.
//
// Overall they are the means of the columns'.
//
//   nib::RegressionScores scores;
//   nib::measure(net, test, scores);
//   std::printf("R2 %.3f\n", scores.r2());
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>

#include <cassert>
#include <cstddef>
#include <limits>
#include <string>

namespace nib::inline NIB_ABI {

class RegressionScores {
public:
    // Rows must have as many columns as the first time. Keeps only sums. Fails where sizes differ.
    template <class M, class N>
    void add(const M& outputs, const N& targets) {
        begin(outputs.rows(), outputs.cols(), targets.rows(), targets.cols());
        for (std::size_t i = 0; i < outputs.rows(); ++i) {
            ++total_;
            for (std::size_t j = 0; j < outputs.cols(); ++j)
                columns_[j].add(static_cast<double>(outputs(i, j)), static_cast<double>(targets(i, j)), total_);
        }
    }

    std::size_t columns() const { return columns_.size(); }
    std::size_t total() const { return total_; }

    // NaN where there are no examples, r2 also where there is only one.
    double mse(std::size_t column) const { return at(column).squares / count(); }
    double rmse(std::size_t column) const { return square_root(mse(column)); }
    double mae(std::size_t column) const { return at(column).magnitudes / count(); }
    double r2(std::size_t column) const {
        if (total_ < 2) return std::numeric_limits<double>::quiet_NaN();
        const Column& sums = at(column);
        if (sums.spread == 0) return sums.squares == 0 ? 1 : 0;
        return 1 - sums.squares / sums.spread;
    }

    double mse() const {
        return mean([this](std::size_t column) { return mse(column); });
    }
    double rmse() const {
        return mean([this](std::size_t column) { return rmse(column); });
    }
    double mae() const {
        return mean([this](std::size_t column) { return mae(column); });
    }
    double r2() const {
        return mean([this](std::size_t column) { return r2(column); });
    }

private:
    struct Column {
        double squares = 0;     // of (output - target)
        double magnitudes = 0;  // of the same
        double mean = 0;        // of the targets so far
        double spread = 0;      // the sum of their squared distances from it

        // Welford 1962 for the mean and the spread.
        void add(double output, double target, std::size_t number) {
            const double error = output - target, before = target - mean;
            squares += error * error;
            magnitudes += magnitude(error);
            mean += before / static_cast<double>(number);
            spread += before * (target - mean);
        }
    };

    const Column& at(std::size_t column) const {
        assert(column < columns_.size());
        return columns_[column];
    }
    double count() const { return static_cast<double>(total_); }
    template <class Score>
    double mean(const Score& score) const {
        double sum = 0;
        for (std::size_t j = 0; j < columns(); ++j) sum += score(j);
        return sum / static_cast<double>(columns());
    }
    void begin(std::size_t rows, std::size_t cols, std::size_t target_rows, std::size_t target_cols);

    std::size_t total_ = 0;
    detail::List<Column> columns_;
};

inline void RegressionScores::begin(std::size_t rows, std::size_t cols, std::size_t target_rows,
                                    std::size_t target_cols) {
    const auto text = [](std::size_t count, std::size_t size) {
        return std::to_string(count) + " rows of " + std::to_string(size);
    };
    if (rows != target_rows || cols != target_cols)
        fail({"RegressionScores: expected targets as the outputs are, ", text(rows, cols), ", found ",
              text(target_rows, target_cols)});
    if (columns_.empty()) columns_ = detail::List<Column>(cols);
    if (columns_.size() != cols)
        fail({"RegressionScores: expected ", columns_.size(), " columns as before, found ", cols});
}

}  // namespace nib::inline NIB_ABI
