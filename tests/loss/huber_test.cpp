#include <nib/loss/huber.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <limits>

TEST_CASE_TEMPLATE("HuberLoss is half a square up to delta and a line from there", T, float, double) {
    nib::Matrix<T> y(1, 4), targets(1, 4), dy(1, 4);
    const T errors[] = {0.25, -0.5, 2, -3};
    for (std::size_t i = 0; i < 4; ++i) y.values()[i] = errors[i];
    const nib::HuberLoss loss{.delta = 0.5, .reduction = nib::Reduction::sum};
    CHECK(loss.value<T>(y, targets) == 0.03125 + 0.125 + 0.5 * 1.75 + 0.5 * 2.75);
    loss.gradient<T>(y, targets, dy);
    const T expected[] = {0.25, -0.5, 0.5, -0.5};
    for (std::size_t i = 0; i < 4; ++i) CHECK(dy.values()[i] == expected[i]);
}

TEST_CASE("a delta that is not above 0 is an error") {
    const auto error = [](double delta) {
        return support::error_of([&] { nib::HuberLoss{.delta = delta}.check_options(1); });
    };
    CHECK(error(0.1) == "");
    CHECK(error(0) == "HuberLoss: expected a finite delta above 0, found 0");
    CHECK(error(-1) == "HuberLoss: expected a finite delta above 0, found -1");
    CHECK(error(std::numeric_limits<double>::infinity()) == "HuberLoss: expected a finite delta above 0, found inf");
}
