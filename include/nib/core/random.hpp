// Rng: the one source of randomness, specified to the bit: the same seed gives the same numbers with every compiler on
// every machine. Generators are passed, never global.
//
//   bits     xoshiro256++ (Blackman & Vigna 2021, "Scrambled linear pseudorandom number generators"), its state filled
//            by SplitMix64 from the seed
//   uniform  the top 53 bits times 2^-53: [0, 1)
//   below    Lemire 2019, "Fast random integer generation in an interval": no bias
//   normal   Karney 2016, "Sampling exactly from the normal distribution", algorithm N: comparisons of uniforms alone,
//            because log and cos differ in their last bits from one C library to the next
#pragma once

#include <nib/core/config.hpp>

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace nib::inline NIB_ABI {

class Rng {
public:
    using result_type = std::uint64_t;
    using State = std::array<std::uint64_t, 4>;

    explicit constexpr Rng(std::uint64_t seed) {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15u;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
            word = z ^ (z >> 31);
        }
    }
    // Goes on where another generator's state() was taken.
    explicit constexpr Rng(const State& state) : state_{state} { assert(state != State{}); }

    // Generator number `number` of those that one seed gives: for things that are made in any order, each from its own.
    static constexpr Rng stream(std::uint64_t seed, std::uint64_t number) {
        Rng rng{seed};
        return Rng{rng() ^ (0xd1342543de82ef95u * (number + 1))};
    }

    // 64 random bits; with min and max, a UniformRandomBitGenerator for the standard library.
    constexpr std::uint64_t operator()() {
        const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    static constexpr std::uint64_t(min)() { return 0; }
    static constexpr std::uint64_t(max)() { return (std::numeric_limits<std::uint64_t>::max)(); }

    // [0, 1), a multiple of 2^-53.
    constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

    // [low, high].
    constexpr double uniform(double low, double high) { return low + rounded(uniform() * (high - low)); }

    // 0, 1, …, bound - 1, each with the same probability. bound is in [1, 2^32].
    constexpr std::uint64_t below(std::uint64_t bound) {
        assert(bound >= 1 && bound <= std::uint64_t{1} << 32);
        std::uint64_t product = ((*this)() >> 32) * bound;
        if ((product & 0xffffffffu) < bound) {
            const std::uint64_t threshold = (0x100000000u - bound) % bound;
            while ((product & 0xffffffffu) < threshold) product = ((*this)() >> 32) * bound;
        }
        return product >> 32;
    }

    // Mean 0, standard deviation 1.
    constexpr double normal() {
        for (;;) {
            // k >= 0 with probability proportional to exp(-k/2), then to exp(-k^2/2).
            std::uint64_t k = 0;
            while (exp_minus_half()) ++k;
            std::uint64_t repeats = k * (k - (k > 0));
            while (repeats > 0 && exp_minus_half()) --repeats;
            if (repeats > 0) continue;
            // x in [0, 1) with probability proportional to exp(-x(2k + x)/2); the result is ±(k + x).
            const double x = uniform();
            std::uint64_t steps = k + 1;
            while (steps > 0 && accept(k, x)) --steps;
            if (steps > 0) continue;
            const double magnitude = static_cast<double>(k) + x;
            return ((*this)() >> 63) != 0 ? -magnitude : magnitude;
        }
    }

    // Fisher & Yates, from the back.
    template <class Array>
    constexpr void shuffle(Array&& values) {
        for (std::size_t i = values.size(); i > 1; --i) {
            const std::uint64_t other = below(i);
            std::swap(values[i - 1], values[static_cast<std::size_t>(other)]);
        }
    }

    constexpr const State& state() const { return state_; }

private:
    // A product that is rounded before it is added to something: where the machine has fused multiply-add, the compiler
    // would else make one operation of both, and other bits.
    static constexpr double rounded(double product) {
#if __has_builtin(__builtin_assoc_barrier)
        return __builtin_assoc_barrier(product);
#else
        return product;  // Clang, by default, fuses within one expression only
#endif
    }

    // True with probability exp(-1/2): a falling run 1/2 > u1 > u2 > … of even length (von Neumann 1951).
    constexpr bool exp_minus_half() {
        double last = 0.5;
        for (bool even = true;; even = !even) {
            const double next = uniform();
            if (next >= last) return even;
            last = next;
        }
    }

    // True with probability exp(-x(2k + x)/(2k + 2)): Karney's algorithm B.
    constexpr bool accept(std::uint64_t k, double x) {
        const double twice_k = static_cast<double>(2 * k);
        const double limit = (twice_k + x) / (twice_k + 2);
        double last = x;
        for (bool even = true;; even = !even) {
            const double next = uniform();
            if (next >= last || uniform() >= limit) return even;
            last = next;
        }
    }

    State state_{};
};

}  // namespace nib::inline NIB_ABI
