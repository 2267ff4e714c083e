#include <nib/layers/initializers.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace {

using nib::LayerShape;

template <class T, class I>
std::vector<T> draw(const I& initializer, LayerShape shape, std::uint64_t seed = 1) {
    static_assert(nib::Initializer<I, T>);
    nib::Rng rng{seed};
    std::vector<T> weight(shape.in * shape.out, T{7});
    initializer(std::span<T>{weight}, shape, rng);
    return weight;
}

struct Moments {
    double mean = 0, deviation = 0, fourth = 0, largest = 0;
};
Moments moments(const std::vector<double>& weight) {
    const auto count = static_cast<double>(weight.size());
    Moments m;
    for (const double w : weight) {
        m.mean += w / count;
        m.deviation += w * w / count;
        m.fourth += w * w * w * w / count;
        m.largest = std::max(m.largest, std::abs(w));
    }
    m.fourth /= m.deviation * m.deviation;
    m.deviation = std::sqrt(m.deviation);
    return m;
}

}  // namespace

TEST_CASE("Kaiming's and Xavier's numbers have the mean, the deviation and the distribution of torch.nn.init's") {
    constexpr LayerShape shape{200, 500};
    const double kaiming = std::sqrt(2.0 / 200), leaky = std::sqrt(2 / (1 + 0.25) / 200), xavier = std::sqrt(2.0 / 700);
    const auto check = [&](const auto& initializer, double deviation, bool is_normal) {
        const Moments found = moments(draw<double>(initializer, shape));
        // 100,000 draws: within five standard deviations of what they estimate.
        CHECK(std::abs(found.mean) < 5 * deviation / std::sqrt(1e5));
        CHECK(found.deviation == doctest::Approx(deviation).epsilon(5 * std::sqrt(0.5 / 1e5)));
        CHECK(found.fourth == doctest::Approx(is_normal ? 3 : 1.8).epsilon(0.03));
        if (is_normal) {
            CHECK(found.largest > 3.5 * deviation);
        } else {
            CHECK(found.largest <= std::sqrt(3.0) * deviation);
            CHECK(found.largest > 0.999 * std::sqrt(3.0) * deviation);
        }
    };
    check(nib::KaimingUniform{}, kaiming, false);
    check(nib::KaimingUniform{.a = 0.5}, leaky, false);
    check(nib::KaimingNormal{}, kaiming, true);
    check(nib::KaimingNormal{.a = 0.5}, leaky, true);
    check(nib::XavierUniform{}, xavier, false);
    check(nib::XavierUniform{.gain = 3}, 3 * xavier, false);
    check(nib::XavierNormal{}, xavier, true);
    check(nib::XavierNormal{.gain = 3}, 3 * xavier, true);
    const auto zeros = draw<float>(nib::Zeros{}, shape);
    CHECK(std::count(zeros.begin(), zeros.end(), 0.0f) == 100'000);
}

TEST_CASE_TEMPLATE("the shorter side of an orthogonal matrix is orthonormal, times the gain", T, float, double) {
    for (const LayerShape shape :
         {LayerShape{1, 1}, LayerShape{1, 5}, LayerShape{40, 40}, LayerShape{70, 30}, LayerShape{30, 70}}) {
        const auto weight = draw<T>(nib::Orthogonal{.gain = 2}, shape);
        const bool by_columns = shape.in >= shape.out;
        const std::size_t count = std::min(shape.in, shape.out), size = std::max(shape.in, shape.out);
        const auto at = [&](std::size_t n, std::size_t i) {
            return static_cast<double>(weight[by_columns ? i * shape.out + n : n * shape.out + i]);
        };
        double worst = 0;
        for (std::size_t n = 0; n < count; ++n)
            for (std::size_t k = 0; k < count; ++k) {
                double product = 0;
                for (std::size_t i = 0; i < size; ++i) product += at(n, i) * at(k, i);
                worst = std::max(worst, std::abs(product - (n == k ? 4 : 0)));
            }
        CHECK(worst < (sizeof(T) == 4 ? 2e-6 : 1e-13));
    }
}

TEST_CASE("orthogonal matrices have no preferred direction") {
    double first = 0, last = 0, sum = 0;
    constexpr int draws = 2000;
    for (int seed = 0; seed < draws; ++seed) {
        const auto weight = draw<double>(nib::Orthogonal{}, {3, 3}, static_cast<std::uint64_t>(seed));
        first += weight[0] * weight[0] / draws;
        last += weight[8] * weight[8] / draws;
        sum += weight[8] / draws;
    }
    CHECK(first == doctest::Approx(1.0 / 3).epsilon(0.05));
    CHECK(last == doctest::Approx(1.0 / 3).epsilon(0.05));
    CHECK(std::abs(sum) < 5 * std::sqrt(1.0 / 3 / draws));
}

TEST_CASE("the same seed gives the same numbers; options that are not finite are refused") {
    CHECK(draw<float>(nib::Orthogonal{}, {9, 7}) == draw<float>(nib::Orthogonal{}, {9, 7}));
    CHECK(draw<float>(nib::KaimingNormal{}, {9, 7}) != draw<float>(nib::KaimingNormal{}, {9, 7}, 2));
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const auto error = [&](const auto& initializer) {
        return support::error_of([&] { return draw<float>(initializer, {2, 2}); });
    };
    CHECK(error(nib::KaimingUniform{.a = nan}) == "Kaiming: a: expected a finite number, found NaN");
    CHECK(error(nib::XavierNormal{.gain = 1 / 0.0}) == "Xavier: gain: expected a finite number, found infinity");
    CHECK(error(nib::Orthogonal{.gain = nan}) == "Orthogonal: gain: expected a finite number, found NaN");
}
