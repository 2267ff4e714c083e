#include <nib/loss/l1.hpp>

#include "../reference.hpp"

TEST_CASE_TEMPLATE("L1Loss is the mean distance, whose slope is 0 where there is none", T, float, double) {
    nib::Matrix<T> y(1, 4), targets(1, 4), dy(1, 4);
    const T numbers[] = {1, -2, 3, 0.5};
    for (std::size_t i = 0; i < 4; ++i) y.values()[i] = targets.values()[i] = numbers[i];
    y(0, 0) += 2;
    y(0, 1) -= 4;
    CHECK(nib::L1Loss{}.value<T>(y, targets) == 1.5);
    nib::L1Loss{}.gradient<T>(y, targets, dy);
    const T expected[] = {0.25, -0.25, 0, 0};
    for (std::size_t i = 0; i < 4; ++i) CHECK(dy.values()[i] == expected[i]);
}
