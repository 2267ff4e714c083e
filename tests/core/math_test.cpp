#include <nib/core/math.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

TEST_CASE("the functions are the C library's") {
    for (const double x : {0.0, 0.1, 0.5, 1.0, 2.75, 1e10}) {
        CHECK(nib::square_root(x) == std::sqrt(x));
        CHECK(nib::square_root(static_cast<float>(x)) == std::sqrt(static_cast<float>(x)));
        CHECK(nib::logarithm(x + 1) == std::log(x + 1));
        CHECK(nib::logarithm(static_cast<float>(x) + 1) == std::log(static_cast<float>(x) + 1));
        CHECK(nib::exponential(-x) == std::exp(-x));
        CHECK(nib::power(0.999, x) == std::pow(0.999, x));
        CHECK(nib::rounded_down(-x) == std::floor(-x));
        CHECK(nib::magnitude(-x) == x);
    }
}

TEST_CASE("finite numbers are told from infinity and NaN") {
    CHECK(nib::is_finite(0.0f));
    CHECK(nib::is_finite(-std::numeric_limits<float>::max()));
    CHECK(nib::is_finite(std::numeric_limits<double>::denorm_min()));
    CHECK(!nib::is_finite(std::numeric_limits<float>::infinity()));
    CHECK(!nib::is_finite(-std::numeric_limits<double>::infinity()));
    CHECK(!nib::is_finite(std::numeric_limits<double>::quiet_NaN()));
}
