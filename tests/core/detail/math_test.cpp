#include <nib/core/detail/math.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

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

TEST_CASE_TEMPLATE("the first number that is not finite is found, wherever it stands", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    for (const std::size_t count : {1U, 63U, 64U, 65U, 200U}) {
        std::vector<T> numbers(count, std::numeric_limits<T>::max());
        CHECK(nib::first_not_finite(numbers.data(), count) == count);
        for (std::size_t place = count; place-- > 0;) {
            numbers[place] = place % 2 == 0 ? -infinity : nan;
            CHECK(nib::first_not_finite(numbers.data(), count) == place);
        }
    }
    CHECK(nib::first_not_finite<T>(nullptr, 0) == 0);
    CHECK(std::string_view(nib::not_finite_name(-infinity)) == "infinity");
    CHECK(std::string_view(nib::not_finite_name(-nan)) == "NaN");
    CHECK(std::string_view(nib::not_finite_name(std::numeric_limits<T>::signaling_NaN())) == "NaN");
}
