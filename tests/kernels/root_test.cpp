// Square roots from multiply-adds (kernels/vector.hpp, root_by_multiplying) are those of the instruction: by a proof
// that holds for every estimate as exact as promised, and on this machine's own where it has one.
//
// The proof. Powers of four aside, by which everything scales without rounding, x is one of 2^24 numbers in [1, 4). One
// step of Goldschmidt's brings g and h to one of three neighbours each, around sqrt(x) and 1 / (2 sqrt(x)): its own
// error is at most 1.5 * 2^-28, the rest is rounding. For all but ten x, the last step rounds as a root does from every
// such pair, and from more; these ten are tried with every estimate there is.
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

namespace {

namespace kernels = nib::kernels;

// Of root_by_multiplying, one lane.
struct Pair {
    float root, half_reciprocal;

    static Pair from_estimate(float x, float estimate) {
        const float g = x * estimate, h = estimate * 0.5f, error = std::fma(-g, h, 0.5f);
        return {std::fma(g, error, g), std::fma(h, error, h)};
    }
    static Pair exact(float x) { return {std::sqrt(x), static_cast<float>(0.5 / std::sqrt(static_cast<double>(x)))}; }
    float last_step(float x) const { return std::fma(half_reciprocal, std::fma(-root, root, x), root); }
};

std::int32_t units_between(float a, float b) { return std::bit_cast<std::int32_t>(a) - std::bit_cast<std::int32_t>(b); }
float plus_units(float a, std::int32_t units) { return std::bit_cast<float>(std::bit_cast<std::int32_t>(a) + units); }

bool rounds_from_neighbours(float x) {
    const Pair exact = Pair::exact(x);
    for (std::int32_t g = -1; g <= 1; ++g)
        for (std::int32_t h = -2; h <= 2; ++h)
            if (const Pair pair{plus_units(exact.root, g), plus_units(exact.half_reciprocal, h)};
                pair.last_step(x) != exact.root)
                return false;
    return true;
}

struct Estimates {
    float first, last;

    explicit Estimates(float x) {
        const double exact = 1 / std::sqrt(static_cast<double>(x));
        first = static_cast<float>(exact * (1 - 0x1.01p-14));
        last = static_cast<float>(exact * (1 + 0x1.01p-14));
    }
};

constexpr float hard[] = {0x1.000002p+0f, 0x1.24b0b2p+0f, 0x1.f82294p+0f, 0x1.542efep+1f, 0x1.aa3b7ep+1f,
                          0x1.b5c076p+1f, 0x1.dd26e4p+1f, 0x1.fffff6p+1f, 0x1.fffffap+1f, 0x1.fffffep+1f};

TEST_CASE("a square root from multiply-adds is correctly rounded, whatever the estimate of its reciprocal") {
    // Every x with NIB_EXHAUSTIVE=1, a second.
    const std::uint32_t step = std::getenv("NIB_EXHAUSTIVE") == nullptr ? 251 : 1;
    for (std::uint32_t i = 0; i < 1u << 24; i += step) {
        const float x = plus_units(1.0f, static_cast<std::int32_t>(i));
        if (!rounds_from_neighbours(x)) CHECK(std::find(std::begin(hard), std::end(hard), x) != std::end(hard));
    }
    for (const float x : hard) {
        CHECK(!rounds_from_neighbours(x));
        const Estimates estimates{x};
        std::uint32_t wrong = 0;
        for (float y = estimates.first; y <= estimates.last; y = plus_units(y, 1))
            wrong += Pair::from_estimate(x, y).last_step(x) != std::sqrt(x);
        CHECK(wrong == 0);
    }
}

TEST_CASE("a step from any estimate within 2^-14 gives neighbours of the root and of half its reciprocal") {
    std::mt19937 random{1};
    for (int i = 0; i < 2'000; ++i) {
        const float x = plus_units(1.0f, static_cast<std::int32_t>(random() % (1u << 24)));
        const Pair exact = Pair::exact(x);
        const Estimates estimates{x};
        for (float y = estimates.first; y <= estimates.last; y = plus_units(y, 7)) {
            const Pair pair = Pair::from_estimate(x, y);
            if (std::abs(units_between(pair.root, exact.root)) > 1) FAIL(x);
            if (std::abs(units_between(pair.half_reciprocal, exact.half_reciprocal)) > 1) FAIL(x);
        }
    }
}

#if NIB_X86_INSTRUCTIONS
// Bits of sqrt(x) by the function, and by the instruction, in vectors of 16.
struct Sixteen {
    float x[16], root[16], expected[16];
    bool done;

    void take() {
        for (int i = 0; i < 16; ++i) expected[i] = std::sqrt(x[i]);
        kernels::dispatch([this](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            if constexpr (sizeof(kernels::Vector<decltype(level), float>) == 64) {
                kernels::Vector<decltype(level), float> vector, result;
                kernels::load(vector, x);
                done = kernels::root_by_multiplying(result, vector);
                kernels::store(root, result);
            }
        });
    }
    bool same() const { return std::memcmp(root, expected, sizeof root) == 0; }
};

TEST_CASE("vectors of 64 bytes have roots to the bit, or are declined") {
    if (kernels::active_isa() != nib::Isa::avx512) return;
    const nib::ScopedFlushSubnormals scope;
    using Limits = std::numeric_limits<float>;
    Sixteen sixteen;
    SUBCASE("with this machine's estimates") {
        const std::uint32_t step = std::getenv("NIB_EXHAUSTIVE") == nullptr ? 7 : 1;
        std::uint32_t wrong = 0;
        for (std::uint32_t i = 0; i < 1u << 24; i += 16 * step) {
            for (std::uint32_t k = 0; k < 16; ++k)
                sixteen.x[k] = plus_units(1.0f, static_cast<std::int32_t>((i + k * step) % (1u << 24)));
            sixteen.take();
            wrong += !sixteen.done || !sixteen.same();
        }
        CHECK(wrong == 0);
    }
    SUBCASE("of all magnitudes") {
        std::mt19937 random{2};
        std::uint32_t wrong = 0;
        for (int round = 0; round < 100'000; ++round) {
            for (float& x : sixteen.x) {
                x = std::ldexp(plus_units(1.0f, static_cast<std::int32_t>(random() % (1u << 24))),
                               static_cast<int>(random() % 204) - 78);
                if (random() % 16 == 0) x = 0;
            }
            sixteen.take();
            wrong += !sixteen.done || !sixteen.same();
        }
        CHECK(wrong == 0);
    }
    SUBCASE("at the ends") {
        for (const float x : {0.0f, 0x1p-78f, (Limits::max)()}) {
            CAPTURE(x);
            std::fill(sixteen.x, sixteen.x + 16, 3.0f);
            sixteen.x[5] = x;
            sixteen.take();
            CHECK(sixteen.done);
            CHECK(sixteen.same());
        }
    }
    SUBCASE("with one lane that it declines") {
        for (const float x : {-0.0f, plus_units(0x1p-78f, -1), (Limits::min)(), Limits::infinity(), -1.0f, -0x1p-90f,
                              Limits::quiet_NaN(), -Limits::infinity()}) {
            CAPTURE(x);
            std::fill(sixteen.x, sixteen.x + 16, 3.0f);
            sixteen.x[5] = x;
            sixteen.take();
            CHECK(!sixteen.done);
        }
    }
}
#endif

}  // namespace
