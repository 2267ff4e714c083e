// Expected values were computed from the published algorithms with Python's integers.
#include <nib/core/random.hpp>

#include "../support.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

TEST_CASE("the state is filled by SplitMix64") {
    CHECK(nib::Rng{0}.state() ==
          nib::Rng::State{0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu, 0xf88bb8a8724c81ecu});
    CHECK(nib::Rng{42}.state() ==
          nib::Rng::State{0xbdd732262feb6e95u, 0x28efe333b266f103u, 0x47526757130f9f52u, 0x581ce1ff0e4ae394u});
}

TEST_CASE("the bits are xoshiro256++'s") {
    const auto first_five = [](std::uint64_t seed) {
        nib::Rng rng{seed};
        std::array<std::uint64_t, 5> bits{};
        for (auto& word : bits) word = rng();
        return bits;
    };
    using Bits = std::array<std::uint64_t, 5>;
    CHECK(first_five(0) == Bits{0x53175d61490b23dfu, 0x61da6f3dc380d507u, 0x5c0fdf91ec9a7bfcu, 0x02eebf8c3bbe5e1au,
                                0x7eca04ebaf4a5eeau});
    CHECK(first_five(42) == Bits{0xd0764d4f4476689fu, 0x519e4174576f3791u, 0xfbe07cfb0c24ed8cu, 0xb37d9f600cd835b8u,
                                 0xcb231c3874846a73u});
    CHECK(first_five(std::numeric_limits<std::uint64_t>::max()) == Bits{0x56ccf8ce948e27b2u, 0xe68588432e5a5b90u,
                                                                        0xe3e9b5a48119ca8bu, 0x460f19495532ae73u,
                                                                        0xa7d62040ea9263e1u});
}

TEST_CASE("the state after a thousand numbers is xoshiro256++'s") {
    nib::Rng rng{42};
    for (int i = 0; i < 1000; ++i) rng();
    CHECK(rng.state() ==
          nib::Rng::State{0x77207d54bea1d06bu, 0xda7dd60d30782605u, 0xf156ab3da9bd2b55u, 0x0adfc76570efc8b1u});
}

TEST_CASE("a generator goes on where another's state was taken") {
    nib::Rng rng{7};
    for (int i = 0; i < 10; ++i) rng();
    nib::Rng other{rng.state()};
    for (int i = 0; i < 10; ++i) CHECK(rng() == other());
}

TEST_CASE("a generator works at compile time") {
    static_assert(nib::Rng{42}() == 0xd0764d4f4476689fu);
    static_assert(nib::Rng{42}.below(10) == 8);
}

TEST_CASE("a generator serves the standard library's distributions") {
    static_assert(std::uniform_random_bit_generator<nib::Rng>);
    static_assert(nib::Rng::min() == 0);
    static_assert(nib::Rng::max() == 0xffffffffffffffffu);
}

TEST_CASE("uniform is the top 53 bits") {
    nib::Rng rng{42};
    for (const double expected :
         {0x1.a0ec9a9e88ecdp-1, 0x1.467905d15dbccp-2, 0x1.f7c0f9f61849dp-1, 0x1.66fb3ec019b06p-1})
        CHECK(rng.uniform() == expected);
}

TEST_CASE("uniform with bounds stretches the same numbers") {
    nib::Rng rng{42};
    nib::Rng same{42};
    for (int i = 0; i < 1000; ++i) {
        const double value = rng.uniform(-3.0, 5.0);
        CHECK(value == -3.0 + same.uniform() * 8.0);
        CHECK(value >= -3.0);
        CHECK(value <= 5.0);
    }
}

TEST_CASE("uniform numbers are uniform, by Kolmogorov and Smirnov's test") {
    nib::Rng rng{1};
    std::vector<double> sample(20000);
    for (double& value : sample) value = rng.uniform();
    std::sort(sample.begin(), sample.end());
    CHECK(sample.front() >= 0.0);
    CHECK(sample.back() < 1.0);
    const auto n = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const auto rank = static_cast<double>(i);
        distance = std::max({distance, sample[i] - rank / n, (rank + 1) / n - sample[i]});
    }
    CHECK(distance * std::sqrt(n) < 1.95);  // exceeded with probability 0.001
}

TEST_CASE("below gives Lemire's numbers") {
    const auto first_eight = [](std::uint64_t bound) {
        nib::Rng rng{42};
        std::vector<std::uint64_t> numbers(8);
        for (auto& number : numbers) number = rng.below(bound);
        return numbers;
    };
    using Numbers = std::vector<std::uint64_t>;
    CHECK(first_eight(1) == Numbers{0, 0, 0, 0, 0, 0, 0, 0});
    CHECK(first_eight(2) == Numbers{1, 0, 1, 1, 1, 1, 0, 1});
    CHECK(first_eight(10) == Numbers{8, 3, 9, 7, 7, 5, 1, 6});
    // Some of the draws are rejected here.
    CHECK(first_eight(3'000'000'000) ==
          Numbers{956463119, 2951682504, 2103406794, 2380513468, 1815367345, 2800041352, 2550089478, 2040019411});
    CHECK(first_eight(std::uint64_t{1} << 32) ==
          Numbers{3497413967, 1369325940, 4225793275, 3011354464, 3408075832, 2525863680, 538384639, 2598981127});
}

TEST_CASE("below has no bias where multiplying alone would show one") {
    // 2^32 numbers onto 3 * 2^30 without rejection would hit each multiple of 3 twice: half of all draws, not a third.
    nib::Rng rng{3};
    const int draws = 30000;
    std::array<int, 3> counts{};
    for (int i = 0; i < draws; ++i) ++counts[rng.below(std::uint64_t{3} << 30) % 3];
    for (const int count : counts) CHECK(std::abs(count - draws / 3) < 4 * std::sqrt(draws * (1.0 / 3) * (2.0 / 3)));
}

TEST_CASE("below reaches each number equally often") {
    nib::Rng rng{4};
    const int draws = 100000;
    std::array<int, 10> counts{};
    for (int i = 0; i < draws; ++i) ++counts[rng.below(10)];
    double chi_squared = 0;
    for (const int count : counts) chi_squared += (count - 10000.0) * (count - 10000.0) / 10000.0;
    CHECK(chi_squared < 27.88);  // 9 degrees of freedom, exceeded with probability 0.001
}

TEST_CASE("normal gives the numbers of Karney's algorithm") {
    nib::Rng rng{42};
    for (const double expected : {-0x1.1e7bf530041cfp-1, 0x1.1682c61bd77f9p+1, -0x1.4aa53d77d38aap+0,
                                  -0x1.6b886dcae41c4p+0, -0x1.b735b6997e3a0p-6, 0x1.fe5b9bd0c0108p-3})
        CHECK(rng.normal() == expected);
}

TEST_CASE("normal numbers have the normal distribution's moments") {
    nib::Rng rng{5};
    const int n = 200000;
    std::array<double, 5> moments{};
    for (int i = 0; i < n; ++i) {
        const double x = rng.normal();
        double power = 1;
        for (std::size_t k = 1; k < moments.size(); ++k) moments[k] += (power *= x) / n;
    }
    // Four standard errors of the k-th moment's mean: sqrt((E x^2k - (E x^k)^2) / n).
    CHECK(std::fabs(moments[1]) < 4 * std::sqrt(1.0 / n));
    CHECK(std::fabs(moments[2] - 1) < 4 * std::sqrt(2.0 / n));
    CHECK(std::fabs(moments[3]) < 4 * std::sqrt(15.0 / n));
    CHECK(std::fabs(moments[4] - 3) < 4 * std::sqrt(96.0 / n));
}

TEST_CASE("normal numbers are normal, by Kolmogorov and Smirnov's test") {
    nib::Rng rng{6};
    std::vector<double> sample(50000);
    for (double& value : sample) value = rng.normal();
    std::sort(sample.begin(), sample.end());
    const auto n = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double probability = std::erfc(-sample[i] / std::sqrt(2.0)) / 2;
        const auto rank = static_cast<double>(i);
        distance = std::max({distance, probability - rank / n, (rank + 1) / n - probability});
    }
    CHECK(distance * std::sqrt(n) < 1.95);  // exceeded with probability 0.001
}

TEST_CASE("normal numbers reach the tails as often as they should") {
    nib::Rng rng{8};
    const int n = 400000;
    std::array<int, 5> beyond{};
    for (int i = 0; i < n; ++i) {
        const double x = std::fabs(rng.normal());
        for (std::size_t k = 1; k < beyond.size(); ++k) beyond[k] += x > static_cast<double>(k);
    }
    for (std::size_t k = 1; k < beyond.size(); ++k) {
        const double probability = std::erfc(static_cast<double>(k) / std::sqrt(2.0));
        CHECK(std::fabs(beyond[k] - n * probability) < 4 * std::sqrt(n * probability));
    }
}

TEST_CASE("shuffle is Fisher and Yates's, from the back") {
    std::vector<int> numbers(10);
    std::iota(numbers.begin(), numbers.end(), 0);
    nib::Rng rng{42};
    rng.shuffle(std::span{numbers});
    CHECK(numbers == std::vector<int>{5, 3, 1, 0, 9, 6, 4, 7, 2, 8});
}

TEST_CASE("shuffle reaches every order equally often and leaves less than two elements alone") {
    nib::Rng rng{9};
    std::array<int, 24> counts{};
    std::set<std::array<int, 4>> orders;
    const int draws = 24000;
    for (int i = 0; i < draws; ++i) {
        std::array<int, 4> order{0, 1, 2, 3};
        rng.shuffle(std::span<int>{order});
        orders.insert(order);
        std::vector<int> base{0, 1, 2, 3};
        int index = 0;
        while (!std::equal(base.begin(), base.end(), order.begin())) {
            std::next_permutation(base.begin(), base.end());
            ++index;
        }
        ++counts[static_cast<std::size_t>(index)];
    }
    CHECK(orders.size() == 24);
    double chi_squared = 0;
    for (const int count : counts) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
    CHECK(chi_squared < 49.73);  // 23 degrees of freedom, exceeded with probability 0.001

    const nib::Rng::State before = rng.state();
    std::array<int, 1> one{7};
    rng.shuffle(std::span<int>{one});
    rng.shuffle(std::span<int>{});
    CHECK(one[0] == 7);
    CHECK(rng.state() == before);
}

TEST_CASE("the streams of a seed are other generators for each number and each seed") {
    std::set<std::uint64_t> firsts;
    for (std::uint64_t seed = 0; seed < 50; ++seed)
        for (std::uint64_t number = 0; number < 50; ++number) {
            nib::Rng rng = nib::Rng::stream(seed, number), again = nib::Rng::stream(seed, number);
            const std::uint64_t first = rng();
            CHECK(first == again());
            firsts.insert(first);
        }
    CHECK(firsts.size() == 2500);
}
