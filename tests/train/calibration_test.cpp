#include <nib/train/calibration.hpp>

#include "../support.hpp"

#include <nib/layers/log_softmax.hpp>

#include <cmath>
#include <limits>
#include <vector>

TEST_CASE("the expected calibration error is the bins' mean distance of accuracy from confidence") {
    nib::Calibration calibration{5};
    CHECK(calibration.error() == 0);
    // (0.8, 1]: three of 0.9, two of them right.  (0.4, 0.6]: 0.6 and 0.5, both right.  [0, 0.2]: 0 and 0.2, wrong.
    for (const bool correct : {true, true, false}) calibration.add(0.9, correct);
    calibration.add(0.6, true);
    calibration.add(0.5, true);
    calibration.add(0, false);
    calibration.add(0.2, false);
    REQUIRE(calibration.bins() == 5);
    CHECK(calibration.total() == 7);
    const std::size_t counts[] = {2, 0, 2, 0, 3};
    const double confidences[] = {0.1, 0, 0.55, 0, 0.9}, accuracies[] = {0, 0, 1, 0, 2.0 / 3};
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(calibration.bin(i).count == counts[i]);
        CHECK(calibration.bin(i).confidence == doctest::Approx(confidences[i]));
        CHECK(calibration.bin(i).accuracy == doctest::Approx(accuracies[i]));
    }
    CHECK(calibration.error() == doctest::Approx((2 * 0.1 + 2 * 0.45 + 3 * (0.9 - 2.0 / 3)) / 7));
    calibration.add(1, true);
    CHECK(calibration.bin(4).count == 4);
}

TEST_CASE("logits and logarithms of probabilities are calibrated alike") {
    nib::Matrix<float> logits(3, 3);
    const float numbers[] = {2, 1, 0, 100, 0, 0, -1000, -1000, -1000};
    for (std::size_t i = 0; i < 9; ++i) logits.data()[i] = numbers[i];
    nib::Matrix<float> log_probabilities(3, 3);
    nib::log_softmax<float>(logits, log_probabilities);
    const double confidence = 1 / (1 + std::exp(-1.0) + std::exp(-2.0));
    for (const auto& outputs : {logits, log_probabilities}) {
        nib::Calibration calibration;
        calibration.add(outputs, std::vector<int>{0, 0, 1});
        REQUIRE(calibration.bins() == 15);
        CHECK(calibration.bin(9).count == 1);
        CHECK(calibration.bin(9).confidence == doctest::Approx(confidence).epsilon(1e-6));
        CHECK(calibration.bin(14).confidence == 1);
        CHECK(calibration.bin(14).accuracy == 1);
        CHECK(calibration.bin(4).confidence == doctest::Approx(1.0 / 3).epsilon(1e-6));
        CHECK(calibration.bin(4).accuracy == 0);
        CHECK(calibration.error() == doctest::Approx((1 - confidence + 1.0 / 3) / 3).epsilon(1e-6));
    }
}

TEST_CASE("what is no probability is refused") {
    nib::Calibration calibration;
    const auto error = [&](double confidence) {
        return support::error_of([&] { return calibration.add(confidence, true), 0; });
    };
    CHECK(error(1.5) == "Calibration: expected probabilities in [0, 1], found 1.5");
    CHECK(error(-0.5) == "Calibration: expected probabilities in [0, 1], found -0.5");
    CHECK(error(std::nan("")) == "Calibration: expected probabilities in [0, 1], found NaN");
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
        nib::Matrix<float> outputs(1, 3);
        outputs(0, 1) = bad;
        CHECK(support::error_of([&] { return calibration.add(outputs, std::vector<int>{0}), 0; }) != "");
    }
    CHECK(calibration.total() == 0);
    CHECK(support::error_of([&] { return nib::Calibration{0}; }) ==
          "Calibration: expected at least one bin, found none");
}
