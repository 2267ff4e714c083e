#include <nib/train/log_loss.hpp>

#include "../support.hpp"

#include <cmath>
#include <limits>
#include <vector>

TEST_CASE_TEMPLATE("log_loss is scikit-learn's, and finite where a right class has probability 0", T, float, double) {
    // The example of scikit-learn's manual, its classes ham and spam.
    nib::Matrix<T> probabilities(4, 2);
    const double numbers[] = {0.1, 0.9, 0.9, 0.1, 0.8, 0.2, 0.35, 0.65};
    for (std::size_t i = 0; i < 8; ++i) probabilities.data()[i] = static_cast<T>(numbers[i]);
    const std::vector<int> targets{1, 0, 0, 1};
    CHECK(nib::log_loss(probabilities, targets) == doctest::Approx(0.21616).epsilon(1e-4));
    CHECK(nib::log_loss(probabilities, targets) ==
          doctest::Approx(-(2 * std::log(0.9) + std::log(0.8) + std::log(0.65)) / 4).epsilon(1e-6));

    nib::Matrix<T> sure(1, 2);
    sure(0, 0) = 1;
    const double e = static_cast<double>(std::numeric_limits<T>::epsilon());
    CHECK(nib::log_loss(sure.view(), std::vector<int>{1}) == doctest::Approx(-std::log(e)));
    CHECK(nib::log_loss(sure.view(), std::vector<int>{0}) == doctest::Approx(e).epsilon(1e-4));
    CHECK(nib::log_loss(nib::Matrix<T>(0, 2), std::vector<int>{}) == 0);
    CHECK(support::error_of([&] {
              return nib::log_loss(sure, std::vector<int>{1, 0});
          }) == "log_loss: expected a class for each of 1 rows of outputs, found 2");
}
