// Built with -ffast-math, which lets a compiler reorder sums: what nib computes is still right, on every level.
#include <nib/kernels/detail/elementwise.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/vector.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/checkpoint.hpp>
#include <nib/train/fit.hpp>

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

namespace kernels = nib::kernels;

template <class F>
void for_each_isa(F f) {
    for (const nib::Isa isa : kernels::supported_isas()) {
        CAPTURE(static_cast<int>(isa));
        const kernels::ScopedIsa scope{isa};
        f();
    }
}

}  // namespace

TEST_CASE("exponentials") {
    constexpr std::size_t steps = 100'000;
    std::vector<float> x(steps), y(steps);
    for (std::size_t i = 0; i < steps; ++i) x[i] = -87.0f + 175.0f * static_cast<float>(i) / steps;
    for_each_isa([&] {
        kernels::scaled_exponentials<float>(x, 1.0f, y);
        double worst = 0;
        for (std::size_t i = 0; i < steps; ++i) {
            const double expected = std::exp(static_cast<double>(x[i]));
            worst = std::fmax(worst, std::abs(static_cast<double>(y[i]) - expected) / expected);
        }
        CHECK(worst < 1e-5);
    });
}

TEST_CASE("the probabilities of log_softmax add up to 1") {
    const std::vector<float> x{0.3f, -2.0f, 5.5f, 1.0f, 0.0f, -0.7f, 3.1f, 4.0f, -9.0f, 2.2f};
    for_each_isa([&] {
        std::vector<float> y(x.size());
        nib::log_softmax<float>({x.data(), 1, x.size()}, {y.data(), 1, y.size()});
        double sum = 0;
        for (const float value : y) sum += std::exp(static_cast<double>(value));
        CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    });
}

// By the instruction, for which no compiler may put an estimate. The roots are NumPy's.
TEST_CASE("square roots are correctly rounded") {
    constexpr std::array<std::array<float, 2>, 8> known{{{0x1.0000000000000p+1f, 0x1.6a09e60000000p+0f},
                                                         {0x1.8000000000000p+1f, 0x1.bb67ae0000000p+0f},
                                                         {0x1.4000000000000p+2f, 0x1.1e377a0000000p+1f},
                                                         {0x1.c000000000000p+2f, 0x1.52a7fa0000000p+1f},
                                                         {0x1.99999a0000000p-4f, 0x1.43d1360000000p-2f},
                                                         {0x1.79ca100000000p-67f, 0x1.b7cdfe0000000p-34f},
                                                         {0x1.2eec2e0000000p+101f, 0x1.89d2a00000000p+50f},
                                                         {0x1.e240b40000000p+16f, 0x1.5f5d340000000p+8f}}};
    for_each_isa([&] {
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using V = kernels::Vector<decltype(level), float>;
            for (const auto& [square, expected] : known) {
                float roots[kernels::lanes<decltype(level), float>];
                V root;
                kernels::square_root<decltype(level), float>(root, V(square - V{}));
                kernels::store(roots, root);
                CHECK(std::bit_cast<std::uint32_t>(roots[0]) == std::bit_cast<std::uint32_t>(expected));
            }
        });
    });
}

TEST_CASE("bytes are listed as the same numbers that they are copied as") {
    std::vector<std::uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    for_each_isa([&] {
        std::vector<kernels::Nonzero<float>> entries(256);
        REQUIRE(kernels::append_nonzeros(std::span<const std::uint8_t>{bytes}, entries.data()) == 255);
        std::vector<float> copied(256);
        kernels::scale_bytes<float>(bytes, copied);
        for (std::size_t n = 0; n < 255; ++n) CHECK(entries[n].value == copied[n + 1]);
    });
}

// Numbers that are not finite are told by their bits.
TEST_CASE("training stops at NaN in the data, and what is not finite is not saved") {
    constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
    for_each_isa([&] {
        nib::Rng rng{7};
        nib::Mlp net{{4, 16, 2}, rng};
        nib::Adam adam{net};
        nib::Matrix<float> x(100, 4);
        std::vector<int> classes(100);
        for (float& value : x.values()) value = static_cast<float>(rng.normal());
        x(42, 3) = not_a_number;
        std::string message;
        try {
            nib::fit(net, adam, nib::Examples{x, classes}, {}, rng);
        } catch (const nib::Error& error) {
            message = error.what();
        }
        CAPTURE(message);
        CHECK(message.find("example 42 of the data has NaN as feature 3; this step was not taken") != message.npos);
        for (const float parameter : net.parameters()) CHECK(nib::is_finite(parameter));
        net.parameters()[5] = not_a_number;
        CHECK_THROWS_AS(nib::save(net, "not-written.safetensors"), nib::Error);
        CHECK_THROWS_AS(nib::save_checkpoint(net, adam, rng, 1, "not-written.safetensors"), nib::Error);
    });
}
