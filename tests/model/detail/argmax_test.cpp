#include <nib/model/detail/argmax.hpp>

#include "../../support.hpp"

#include <limits>
#include <vector>

TEST_CASE_TEMPLATE("argmax is the first of the largest values, and NaN is the largest", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    const auto argmax = [](const std::vector<T>& values) { return nib::detail::argmax<T>(values); };
    CHECK(argmax({5}) == 0);
    CHECK(argmax({1, 3, 2}) == 1);
    CHECK(argmax({1, 3, 2, 3}) == 1);
    CHECK(argmax({-infinity, -infinity}) == 0);
    CHECK(argmax({1, infinity, nan, nan}) == 2);
    CHECK(argmax({nan, infinity}) == 0);
}

TEST_CASE_TEMPLATE("clear_argmax finds the largest value where it is 32 times the precision larger", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    constexpr T gap = 32 * std::numeric_limits<T>::epsilon();
    const auto argmax = [](const std::vector<T>& values) { return nib::detail::clear_argmax<T>(values); };
    CHECK(argmax({5}) == 0);
    CHECK(argmax({1, 3, 2}) == 1);
    CHECK(argmax({1, 3, 2, 3}) == -1);
    CHECK(argmax({0, gap}) == 1);
    CHECK(argmax({-gap, 0}) == 1);
    CHECK(argmax({0, gap / 2}) == -1);
    CHECK(argmax({0, 1 - gap, 1}) == 2);
    CHECK(argmax({0, 1 - gap / 2, 1}) == -1);
    CHECK(argmax({-infinity, 2}) == 1);
    CHECK(argmax({-infinity, -infinity}) == -1);
    CHECK(argmax({infinity, 2}) == -1);
    CHECK(argmax({nan, 2}) == -1);
    CHECK(argmax({2, nan, 4}) == -1);
    CHECK(argmax({nan}) == -1);
    CHECK(argmax({std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()}) == 0);
}
