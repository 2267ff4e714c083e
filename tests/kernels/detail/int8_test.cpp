#include <nib/kernels/detail/int8.hpp>

#include "../../reference.hpp"

#include <cmath>
#include <limits>

namespace {

namespace kernels = nib::kernels;
using kernels::Int8Matrix;
using kernels::Int8Pair;
using kernels::Int8Range;

// A matrix by column and row, and its layout for the kernels.
struct Numbers {
    std::size_t in;
    std::size_t out;
    std::vector<std::int8_t> by_column;  // [out, in]
    std::vector<std::int8_t> values;
    std::vector<std::int32_t> biases;
    std::vector<float> scales;

    Numbers(std::size_t rows, std::size_t cols)
        : in{rows},
          out{cols},
          by_column(in * out),
          values(kernels::int8_value_count(in, out)),
          biases(out),
          scales(out, 1) {}

    Int8Matrix matrix() {
        for (std::size_t o = 0; o < out; ++o)
            for (std::size_t i = 0; i < in; ++i) values[i / 2 * out * 2 + o * 2 + i % 2] = by_column[o * in + i];
        return {in, out, values.data(), biases.data(), scales.data()};
    }

    std::int64_t sum(std::size_t o, const std::vector<std::int16_t>& x) const {
        std::int64_t result = biases[o];
        for (std::size_t i = 0; i < in; ++i) result += std::int64_t{by_column[o * in + i]} * x[i];
        return result;
    }
};

Numbers random_numbers(std::size_t in, std::size_t out, nib::Rng& rng) {
    Numbers numbers{in, out};
    for (std::int8_t& value : numbers.by_column)
        value = static_cast<std::int8_t>(static_cast<int>(rng.below(255)) - 127);
    for (std::int32_t& bias : numbers.biases) bias = static_cast<std::int32_t>(rng.below(1 << 20)) - (1 << 19);
    for (float& scale : numbers.scales) scale = static_cast<float>(rng.uniform(1e-6, 1e-3));
    return numbers;
}

std::vector<std::int16_t> random_steps(std::size_t count, int zero_point, nib::Rng& rng) {
    std::vector<std::int16_t> steps(count);
    for (std::int16_t& step : steps)
        step = rng.uniform() < 0.5 ? std::int16_t{0}
                                   : static_cast<std::int16_t>(static_cast<int>(rng.below(256)) - zero_point);
    return steps;
}

std::vector<Int8Pair> pairs_of(const std::vector<std::int16_t>& steps) {
    std::vector<Int8Pair> pairs(kernels::int8_pairs(steps.size()));
    pairs.resize(kernels::list_pairs(steps.data(), steps.size(), pairs.data()));
    return pairs;
}

// Halves away from zero, by the standard library.
int rounded(float x, float factor, int low, int high) {
    const float product = x * factor;
    if (!(product > static_cast<float>(low))) return low;
    if (product > static_cast<float>(high)) return high;
    return static_cast<int>(std::lround(product));
}

}  // namespace

TEST_CASE("numbers are rounded to the nearest step, halves away from zero, within the range") {
    CHECK(kernels::quantized(0.49f, 1, -10, 245) == 0);
    CHECK(kernels::quantized(0.5f, 1, -10, 245) == 1);
    CHECK(kernels::quantized(-0.5f, 1, -10, 245) == -1);
    CHECK(kernels::quantized(-0.49f, 1, -10, 245) == 0);
    CHECK(kernels::quantized(1.5f, 1, -10, 245) == 2);
    CHECK(kernels::quantized(-2.5f, 1, -10, 245) == -3);
    CHECK(kernels::quantized(0.49999997f, 1, 0, 255) == 0);  // to which 0.5 must not be added: that rounds to 1
    CHECK(kernels::quantized(300, 1, -10, 245) == 245);
    CHECK(kernels::quantized(-300, 1, -10, 245) == -10);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(kernels::quantized(infinity, 2, -10, 245) == 245);
    CHECK(kernels::quantized(-infinity, 2, -10, 245) == -10);
    CHECK(kernels::quantized(std::numeric_limits<float>::quiet_NaN(), 2, -10, 245) == -10);
}

TEST_CASE("a pixel's byte is its number of steps, on every instruction set") {
    const Int8Range range{1 / (1.0f / 255), 0};
    std::vector<float> pixels(256);
    for (std::size_t byte = 0; byte < 256; ++byte) pixels[byte] = static_cast<float>(byte) / 255.0f;
    reference::for_each_isa([&](nib::Isa) {
        std::vector<std::int16_t> steps(256);
        kernels::quantize(pixels, range, steps.data());
        for (std::size_t byte = 0; byte < 256; ++byte) CHECK(steps[byte] == static_cast<std::int16_t>(byte));
    });
}

TEST_CASE("quantize agrees with the standard library's rounding for any count, and writes nothing beside") {
    nib::Rng rng{21};
    for (const std::size_t count : reference::Sizes{1, 3, 4, 15, 16, 17, 100}) {
        std::vector<float> x(count);
        for (float& value : x) value = static_cast<float>(static_cast<int>(rng.below(2000)) - 1000) * 0.25f;
        for (const int zero_point : {0, 100, 255}) {
            const Int8Range range{0.7f, zero_point};
            reference::for_each_isa([&](nib::Isa) {
                std::vector<std::int16_t> steps(count + 16, 12345);
                kernels::quantize(x, range, steps.data());
                for (std::size_t i = 0; i < count; ++i)
                    CHECK(steps[i] == rounded(x[i], 0.7f, -zero_point, 255 - zero_point));
                for (std::size_t i = count; i < steps.size(); ++i) CHECK(steps[i] == 12345);
            });
        }
    }
}

TEST_CASE("pairs are those that are not both 0, and the lists of non-zeros give the same") {
    const std::vector<std::int16_t> steps{0, 0, 5, 0, 0, -3, 7, 9, 0, 0, 4};
    const std::vector<Int8Pair> pairs = pairs_of(steps);
    REQUIRE(pairs.size() == 4);
    const int expected[4][3] = {{1, 5, 0}, {2, 0, -3}, {3, 7, 9}, {5, 4, 0}};
    std::vector<kernels::Nonzero<float>> entries;
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i] != 0) entries.push_back({static_cast<std::uint32_t>(i), static_cast<float>(steps[i]) * 0.5f});
    std::vector<Int8Pair> from_entries(entries.size());
    REQUIRE(kernels::list_pairs(entries, Int8Range{2, 10}, from_entries.data()) == 4);
    for (std::size_t i = 0; i < 4; ++i)
        for (const Int8Pair& pair : {pairs[i], from_entries[i]}) {
            CHECK(pair.position == static_cast<std::uint32_t>(expected[i][0]));
            CHECK(pair.first == expected[i][1]);
            CHECK(pair.second == expected[i][2]);
        }
}

TEST_CASE("sums are exact for any shape, on every instruction set") {
    nib::Rng rng{22};
    for (const std::size_t in : reference::Sizes{1, 2, 5, 64, 131})
        for (const std::size_t out : reference::Sizes{1, 3, 4, 7, 8, 10, 16, 31, 64, 65, 150}) {
            Numbers numbers = random_numbers(in, out, rng);
            const Int8Matrix b = numbers.matrix();
            const std::vector<std::int16_t> x = random_steps(in, 77, rng);
            const std::vector<Int8Pair> pairs = pairs_of(x);
            CAPTURE(in);
            CAPTURE(out);
            reference::for_each_isa([&](nib::Isa) {
                std::vector<float> sums(out + 1, -7);
                kernels::int8_matmul(pairs, b, sums.data());
                std::vector<std::int16_t> steps_out(out + 1, -7);
                kernels::int8_matmul(pairs, b, steps_out.data());
                for (std::size_t o = 0; o < out; ++o) {
                    const auto sum = static_cast<float>(numbers.sum(o, x));
                    CHECK(sums[o] == sum * numbers.scales[o]);
                    CHECK(steps_out[o] == rounded(sum, numbers.scales[o], 0, 255));
                }
                CHECK(sums[out] == -7);
                CHECK(steps_out[out] == -7);
            });
        }
}

TEST_CASE("the largest sums that the limits allow do not overflow, whatever their signs") {
    constexpr std::size_t in = kernels::int8_most_rows, out = 11;
    CHECK(in == 58'022);
    // Exactly the bound: one row more could overflow.
    constexpr std::int64_t largest = std::int64_t{in} * 127 * 255 + kernels::int8_most_bias;
    static_assert(largest <= std::numeric_limits<std::int32_t>::max());
    static_assert(largest + 127 * 255 > std::numeric_limits<std::int32_t>::max());
    Numbers numbers{in, out};
    for (std::size_t o = 0; o < out; ++o) {
        const bool negative = o % 2 == 1;
        std::fill_n(numbers.by_column.begin() + static_cast<std::ptrdiff_t>(o * in), in,
                    negative ? std::int8_t{-127} : std::int8_t{127});
        numbers.biases[o] = negative ? -kernels::int8_most_bias : kernels::int8_most_bias;
    }
    const Int8Matrix b = numbers.matrix();
    for (const int step : {255, -255}) {
        const std::vector<std::int16_t> x(in, static_cast<std::int16_t>(step));
        const std::vector<Int8Pair> pairs = pairs_of(x);
        reference::for_each_isa([&](nib::Isa) {
            std::vector<float> sums(out);
            kernels::int8_matmul(pairs, b, sums.data());
            for (std::size_t o = 0; o < out; ++o) CHECK(sums[o] == static_cast<float>(numbers.sum(o, x)));
            CHECK(sums[0] ==
                  static_cast<float>(step > 0 ? largest : 2 * std::int64_t{kernels::int8_most_bias} - largest));
        });
    }
}

TEST_CASE("a sum of scale 0 is 0") {
    Numbers numbers{3, 2};
    numbers.by_column = {1, 2, 3, 0, 0, 0};
    numbers.scales = {0.5f, 0};
    const Int8Matrix b = numbers.matrix();
    const std::vector<Int8Pair> pairs = pairs_of({10, 20, 30});
    float sums[2];
    kernels::int8_matmul(pairs, b, sums);
    CHECK(sums[0] == 70);
    CHECK(sums[1] == 0);
}
