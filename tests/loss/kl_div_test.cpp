#include <nib/loss/kl_div.hpp>

#include "../reference.hpp"

#include <cmath>
#include <limits>

TEST_CASE_TEMPLATE("KlDivLoss is the divergence, 0 for the same probabilities; what has none does not count", T, float,
                   double) {
    constexpr nib::KlDivLoss loss{.reduction = nib::Reduction::batchmean};
    nib::Matrix<T> y(2, 3), targets(2, 3), dy(2, 3);
    const T probabilities[] = {0.5, 0.5, 0, 0.25, 0.25, 0.5};
    for (std::size_t i = 0; i < 6; ++i) {
        targets.values()[i] = probabilities[i];
        y.values()[i] = std::log(probabilities[i]);
    }
    CHECK(loss.value<T>(y, targets) == doctest::Approx(0).epsilon(1e-7));
    y(0, 0) = std::log(T{0.25});
    CHECK(loss.value<T>(y, targets) == doctest::Approx(0.25 * std::log(2)).epsilon(1e-6));
    loss.gradient<T>(y, targets, dy);
    for (std::size_t i = 0; i < 6; ++i) CHECK(dy.values()[i] == -probabilities[i] / 2);
    CHECK(nib::KlDivLoss{}.value<T>(y, targets) == doctest::Approx(0.25 * std::log(2) / 3).epsilon(1e-6));
}
