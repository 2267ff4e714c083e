#include <nib/optim/clip_grad.hpp>

#include "torch_optim.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

TEST_CASE_TEMPLATE("gradients are clipped as torch.nn.utils does", T, float, double) {
    constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-12;
    const std::vector<T> all = support::rounded<T>(support::torch_optim("gradients"));
    const std::span<const T> first = std::span{all}.first(27);
    const double norm = support::torch_optim("norm")[0];
    const auto check = [&](const char* name, const auto& clip) {
        const std::vector<double> expected = support::torch_optim(name);
        std::vector<T> gradients(first.begin(), first.end());
        clip(std::span<T>{gradients});
        for (std::size_t i = 0; i < expected.size(); ++i)
            CHECK(static_cast<double>(gradients[i]) == doctest::Approx(expected[i]).epsilon(tolerance).scale(1e-6));
    };
    for (const double bound : {1.0, 1000.0})
        check(bound == 1 ? "clipped_norm_1" : "clipped_norm_1000", [&](std::span<T> gradients) {
            CHECK(nib::clip_grad_norm(gradients, bound) == doctest::Approx(norm).epsilon(tolerance));
        });
    check("clipped_value", [](std::span<T> gradients) { nib::clip_grad_value(gradients, 0.25); });
}

TEST_CASE("the norm is that of all numbers, however many and large they are") {
    for (const std::size_t count : {0u, 1u, 15u, 16u, 17u, 100u}) {
        std::vector<float> numbers(count, 2.0f);
        CHECK(nib::norm_of(std::span<const float>{numbers}) == doctest::Approx(2 * std::sqrt(count)));
        if (count > 0) numbers.back() = 1e30f;
        CHECK(nib::norm_of(std::span<const float>{numbers}) == (count > 0 ? static_cast<double>(1e30f) : 0.0));
    }
}

TEST_CASE("gradients that are not finite are reported, and nothing is changed") {
    for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
        std::vector<double> gradients{3, bad, 4};
        const double norm = nib::clip_grad_norm(std::span{gradients}, 0.5);
        CHECK(!std::isfinite(norm));
        CHECK(gradients[0] == 3);
        CHECK(gradients[2] == 4);
        nib::clip_grad_value(std::span{gradients}, 0.5);
        CHECK(gradients[0] == 0.5);
        CHECK(std::isnan(gradients[1]) == std::isnan(bad));
    }
    std::vector<double> gradients{1};
    CHECK(support::error_of([&] { return nib::clip_grad_norm(std::span{gradients}, -1); }) ==
          "clip_grad_norm: expected a max_norm of at least 0");
    CHECK(support::error_of([&] { nib::clip_grad_value(std::span{gradients}, std::nan("")); }) ==
          "clip_grad_value: expected a clip_value of at least 0");
}
