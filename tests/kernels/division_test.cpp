// Quotients from multiply-adds (kernels/vector.hpp, divide_by_multiplying) are those of the instruction: by a proof
// that holds for every estimate as exact as promised, and on this machine's own where it has one.
//
// The proof. Powers of two aside, which scaling takes care of, a and b are integers A and B of 24 bits. After the first
// Newton step the reciprocal is one of two neighbours (below), so after the second it is one of two values, y, whose
// relative error is at most 2^-24 and a little. Then q = a y is within two units in its last place of a / b; its
// residual is rounded by at most 2^-23 of such a unit; and so q less residual times y is, before it is rounded, within
// 5 / 2^24 units of a / b. It rounds as a / b does unless a / b is as close to the middle of two numbers. Such
// quotients are few: A 2^24 - B (2 Q + 1) = j, or A 2^25 where A < B, with |j| <= 10. They are found by the inverse of
// B modulo a power of two, and tried, for every B; and so are quotients close to 1 and at the ends, where units change.
#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/kernels/vector.hpp>

#include "../support.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <utility>

namespace {

namespace kernels = nib::kernels;

// Of divide_by_multiplying, one lane and operation after the other; `first` is the reciprocal after one step.
float newton_step(float estimate, float b) { return std::fma(estimate, std::fma(-b, estimate, 1.0f), estimate); }
float divide_from(float first, float a, float b) {
    if (std::fma(-b, first, 1.0f) == 0x1p-24f) return a / b;
    const float y = newton_step(first, b), q = a * y;
    return std::fma(-std::fma(b, q, -a), y, q);
}

constexpr std::uint32_t lowest = 1 << 23, end = 1 << 24;
float to_float(std::uint32_t digits) { return static_cast<float>(digits) / lowest; }

// All that the first Newton step makes of estimates within 2^-14 of 1 / b. The step is y0 + y0 e, where e = 1 - b y0 is
// rounded by at most 2^-39; unrounded it is (1 - e^2) / b, so it is between 1 / b - 2^-28 / b and 1 / b, give or take
// the rounding of e.
struct Reciprocals {
    float low, high;

    explicit Reciprocals(float b)
        : low{static_cast<float>((1 - 0x1p-28 - 0x1p-38) / b)}, high{static_cast<float>((1 + 0x1p-38) / b)} {}
};

struct Tally {
    std::uint64_t tried = 0, wrong = 0, far = 0;
    float low = 0, high = 0;  // the reciprocals of b after the first step

    void check(std::uint32_t a_digits, std::uint32_t b_digits) {
        const float a = to_float(a_digits), b = to_float(b_digits);
        ++tried;
        for (const float first : {low, high}) wrong += divide_from(first, a, b) != a / b;
    }

    // All A for which A 2^shift - B (2 Q + 1) = j, with a quotient of 24 bits.
    void check_near_middle(std::uint32_t b, int shift, std::int64_t j) {
        const int zeros = std::countr_zero(b);
        if (j % (std::int64_t{1} << zeros) != 0 || (j >> zeros) % 2 == 0) return;
        const std::uint64_t odd = b >> zeros, modulus = std::uint64_t{1} << (shift - zeros);
        std::uint64_t inverse = odd;  // by Newton, 3 bits from the start
        for (int step = 0; step < 5; ++step) inverse *= 2 - odd * inverse;
        const std::uint64_t first = (static_cast<std::uint64_t>(-(j >> zeros)) * inverse) % modulus;
        // 2 Q + 1 in [2^24, 2^25)
        for (std::uint64_t middle = first + (std::uint64_t{1} << 24) / modulus * modulus;
             middle < std::uint64_t{1} << 25; middle += modulus) {
            if (middle < std::uint64_t{1} << 24) continue;
            const auto scaled = static_cast<std::int64_t>(b * middle) + j;
            const auto a = static_cast<std::uint32_t>(scaled >> shift);
            const bool fits = a >= lowest && a < end && (shift == 24 ? a >= b : a < b);
            if (fits && scaled % (std::int64_t{1} << shift) == 0) check(a, b);
        }
    }

    void check(std::uint32_t b) {
        const Reciprocals first{to_float(b)};
        far += std::nextafter(first.low, 2.0f) < first.high;
        low = first.low;
        high = first.high;
        for (std::int64_t j = -16; j <= 16; ++j) {
            if (j == 0) continue;
            check_near_middle(b, 24, j);
            check_near_middle(b, 25, j);
        }
        for (std::uint32_t a = std::max(b, lowest + 8) - 8; a < std::min(b, end - 8) + 8; ++a) check(a, b);
        for (std::uint32_t k = 0; k < 8; ++k) {
            check(lowest + k, b);
            check(end - 1 - k, b);
        }
    }
};

TEST_CASE("a quotient from multiply-adds is correctly rounded, whatever the estimate of the reciprocal") {
    Tally tally;
    // Every B with NIB_EXHAUSTIVE=1, some ten seconds.
    const std::uint32_t step = std::getenv("NIB_EXHAUSTIVE") == nullptr ? 61 : 1;
    for (std::uint32_t b = lowest; b < end; b += step) tally.check(b);
    for (std::uint32_t b = end - 4096; b < end; ++b) tally.check(b);
    CHECK(tally.tried > 30 * ((end - lowest) / step));
    CHECK(tally.far == 0);
    CHECK(tally.wrong == 0);
}

TEST_CASE("a Newton step from any estimate within 2^-14 gives one of two neighbours") {
    std::mt19937 random{1};
    std::uniform_real_distribution<double> error{-0x1p-14, 0x1p-14};
    for (int i = 0; i < 1'000'000; ++i) {
        const float b = to_float(lowest + random() % lowest);
        const float y = newton_step(static_cast<float>((1 + error(random) * 0.999) / b), b);
        const Reciprocals reciprocals{b};
        if (y != reciprocals.low && y != reciprocals.high) FAIL(b);
    }
}

#if NIB_X86_INSTRUCTIONS
// Bits of a / b by the function, or by the instruction where the function declines, in vectors of 16.
struct Sixteen {
    float a[16], b[16], quotient[16], expected[16];
    bool done;

    void divide() {
        for (int i = 0; i < 16; ++i) expected[i] = a[i] / b[i];
        kernels::dispatch([this](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            if constexpr (sizeof(kernels::Vector<decltype(level), float>) == 64) {
                kernels::Vector<decltype(level), float> x, y, z;
                kernels::load(x, a);
                kernels::load(y, b);
                done = kernels::divide_by_multiplying(z, x, y);
                kernels::store(quotient, z);
            }
        });
    }
    bool same() const { return std::memcmp(quotient, expected, sizeof quotient) == 0; }
};

TEST_CASE("vectors of 64 bytes are divided to the bit, or not at all") {
    if (kernels::active_isa() != nib::Isa::avx512) return;
    const nib::ScopedFlushSubnormals scope;
    constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float largest = std::numeric_limits<float>::max(), smallest = std::numeric_limits<float>::min();
    Sixteen sixteen;
    SUBCASE("of all magnitudes") {
        std::mt19937 random{2};
        std::uint64_t declined = 0, wrong = 0;
        for (int round = 0; round < 200'000; ++round) {
            for (int i = 0; i < 16; ++i) {
                sixteen.a[i] = std::ldexp(to_float(lowest + random() % lowest), static_cast<int>(random() % 140) - 126);
                if (random() % 2 == 0) sixteen.a[i] = -sixteen.a[i];
                if (random() % 16 == 0) sixteen.a[i] = random() % 2 == 0 ? 0.0f : -0.0f;
                sixteen.b[i] = std::ldexp(to_float(lowest + random() % lowest), static_cast<int>(random() % 124) - 60);
            }
            sixteen.divide();
            declined += !sixteen.done;
            wrong += sixteen.done && !sixteen.same();
        }
        CHECK(wrong == 0);
        CHECK(declined < 100);
    }
    SUBCASE("with one lane that it cannot divide") {
        const std::pair<float, float> pairs[] = {
            {1, 0.0f}, {0.0f, 0.0f}, {1, infinity},       {infinity, 1},  {infinity, infinity},  {nan, 1},
            {1, nan},  {largest, 1}, {largest, smallest}, {1, -infinity}, {1, to_float(end - 1)}};
        for (const auto& [a, b] : pairs) {
            CAPTURE(a);
            CAPTURE(b);
            std::fill(sixteen.a, sixteen.a + 16, 3.0f);
            std::fill(sixteen.b, sixteen.b + 16, 7.0f);
            sixteen.a[5] = a;
            sixteen.b[5] = b;
            sixteen.divide();
            CHECK((!sixteen.done || sixteen.same()));
        }
    }
    SUBCASE("with results and residuals that are subnormal") {
        for (const float a : {smallest, -smallest, smallest * 0x1.8p3f, 0x1p-80f * 0x1.234568p0f}) {
            for (const float b : {1.5f, 0x1.fffffcp0f, 0x1.55p60f, 0x1.234p-20f}) {
                std::fill(sixteen.a, sixteen.a + 16, a);
                std::fill(sixteen.b, sixteen.b + 16, b);
                sixteen.divide();
                CHECK(sixteen.done);
                CHECK(sixteen.same());
            }
        }
    }
}
#endif

}  // namespace
