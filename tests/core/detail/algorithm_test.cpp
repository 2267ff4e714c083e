#include <nib/core/detail/algorithm.hpp>

#include <nib/core/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

TEST_CASE("smaller, larger and clamped are std's min, max and clamp") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double a : {-1.0, 0.0, -0.0, 2.5, nan})
        for (const double b : {-1.0, 0.0, -0.0, 2.5, nan}) {
            const auto same = [](double x, double y) {
                return x == y ? std::signbit(x) == std::signbit(y) : x != x && y != y;
            };
            CHECK(same(nib::smaller(a, b), std::min(a, b)));
            CHECK(same(nib::larger(a, b), std::max(a, b)));
        }
    for (const int value : {-5, 0, 1, 3, 4, 9}) CHECK(nib::clamped(value, 0, 3) == std::clamp(value, 0, 3));
    static_assert(nib::smaller(2u, 3u) == 2 && nib::larger(2u, 3u) == 3);
}

TEST_CASE("values are copied and filled as far as asked") {
    const std::array<float, 3> from{1, 2, 3};
    std::array<double, 4> to{};
    nib::copy_values(from.data(), from.size(), to.data());
    CHECK(to == std::array<double, 4>{1, 2, 3, 0});
    nib::fill_values(to.data() + 1, 2, 7.0);
    CHECK(to == std::array<double, 4>{1, 7, 7, 0});
}

TEST_CASE("values are appended, to a vector itself too") {
    std::vector<int> values{1, 2};
    nib::append_values(values, std::array<short, 2>{3, 4});
    nib::append_values(values, std::vector<int>{});
    nib::append_values(values, values);
    CHECK(values == std::vector<int>{1, 2, 3, 4, 1, 2, 3, 4});
}

TEST_CASE("first_not finds where a condition ends") {
    for (std::size_t count = 0; count < 20; ++count)
        for (std::size_t end = 0; end <= count; ++end)
            CHECK(nib::first_not(count, [=](std::size_t i) { return i < end; }) == end);
}

TEST_CASE("sort_values sorts as std::sort does") {
    nib::Rng rng{1};
    for (std::size_t count = 0; count < 100; ++count) {
        std::vector<std::uint64_t> values(count);
        for (auto& value : values) value = rng.below(40);  // some are equal
        auto expected = values;
        std::sort(expected.begin(), expected.end());
        nib::sort_values(values.data(), values.size(), [](std::uint64_t a, std::uint64_t b) { return a < b; });
        CHECK(values == expected);
    }
}

TEST_CASE("sort_records leaves values where sort_values does, equal ones too") {
    nib::Rng rng{2};
    struct Record {
        std::uint64_t key;
        std::size_t place;
        bool operator==(const Record&) const = default;
    };
    for (std::size_t count = 0; count < 100; ++count) {
        std::vector<Record> values(count);
        for (std::size_t i = 0; i < count; ++i) values[i] = {rng.below(40), i};
        auto expected = values;
        const auto before = [](const Record& a, const Record& b) { return a.key < b.key; };
        nib::sort_values(expected.data(), expected.size(), before);
        nib::sort_records(values.data(), values.size(), before);
        CHECK((values == expected));
    }
}

TEST_CASE("a number from a file becomes a size") { CHECK(nib::to_size(std::uint64_t{5}) == std::size_t{5}); }
