// Calibration: whether a network is right as often as it says.
//
// Predictions are sorted into bins by their confidence, the probability of the predicted class; the expected
// calibration error is the mean distance of a bin's accuracy from its confidence, weighted by the predictions in it
// (Guo et al. 2017, "On Calibration of Modern Neural Networks"). The bins are what a reliability diagram shows.
//
//   nib::Calibration calibration;
//   nib::measure(net, test, calibration);
//   std::printf("expected calibration error %.4f\n", calibration.error());
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/text.hpp>
#include <nib/model/predict.hpp>
#include <nib/train/metrics.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

// Means over the predictions in it; 0 where there is none.
struct CalibrationBin {
    std::size_t count = 0;
    double confidence = 0;
    double accuracy = 0;
};

class Calibration {
public:
    Calibration() : Calibration{15} {}
    // Bins of the same width. Fails where there are none.
    explicit Calibration(std::size_t bins) : sums_(bins) {
        if (bins == 0) fail("Calibration: expected at least one bin, found none");
    }

    // A prediction. Fails unless the confidence is in [0, 1].
    void add(double confidence, bool correct);

    // A row of outputs for each example, logits or logarithms of probabilities, of which the softmax is the same. The
    // largest one is the prediction (as in predict). Fails where an output of a row is NaN or the largest is infinite.
    template <class M>
    void add(const M& outputs, std::span<const int> targets) {
        using T = typename M::value_type;
        detail::check_targets<T>("Calibration", outputs, targets);
        for (std::size_t i = 0; i < outputs.rows(); ++i) {
            const std::span<const T> row = outputs.row(i);
            const int best = detail::argmax<T>(row);
            const auto largest = static_cast<double>(row[static_cast<std::size_t>(best)]);
            double sum = 0;
            for (const T output : row) sum += exponential(static_cast<double>(output) - largest);
            add(1 / sum, best == targets[i]);
        }
    }

    std::size_t bins() const { return sums_.size(); }
    // Of confidences in (index / bins(), (index + 1) / bins()], and in the first one 0.
    CalibrationBin bin(std::size_t index) const;

    std::size_t total() const;
    // In [0, 1]; 0 where there are no predictions.
    double error() const;

private:
    struct Sums {
        std::size_t count = 0;
        std::size_t correct = 0;
        double confidence = 0;
    };
    detail::List<Sums> sums_;
};

inline void Calibration::add(double confidence, bool correct) {
    if (!is_finite(confidence) || confidence < 0 || confidence > 1)
        fail({"Calibration: expected probabilities in [0, 1], found ",
              is_finite(confidence) ? format_shortest(confidence) : std::string(not_finite_name(confidence))});
    const double place = confidence * static_cast<double>(bins());
    auto index = static_cast<std::size_t>(place);
    if (index > 0 && static_cast<double>(index) == place) --index;  // the upper end belongs to the bin
    Sums& sums = sums_[smaller(index, bins() - 1)];
    ++sums.count;
    sums.correct += correct ? 1 : 0;
    sums.confidence += confidence;
}

inline CalibrationBin Calibration::bin(std::size_t index) const {
    assert(index < bins());
    const Sums& sums = sums_[index];
    if (sums.count == 0) return {};
    return {sums.count, sums.confidence / static_cast<double>(sums.count), detail::ratio(sums.correct, sums.count)};
}

inline std::size_t Calibration::total() const {
    std::size_t result = 0;
    for (const Sums& sums : sums_) result += sums.count;
    return result;
}

inline double Calibration::error() const {
    double sum = 0;
    for (const Sums& sums : sums_) sum += magnitude(static_cast<double>(sums.correct) - sums.confidence);
    return total() == 0 ? 0 : sum / static_cast<double>(total());
}

}  // namespace nib::inline NIB_ABI
