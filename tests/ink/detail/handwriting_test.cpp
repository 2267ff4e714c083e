#include <nib/ink/detail/handwriting.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

using nib::Point;

TEST_CASE("a Catmull-Rom curve passes through its inner points and is straight through points on a line") {
    const Point a{0, 0}, b{1, 2}, c{3, 1}, d{4, 4};
    CHECK(nib::detail::catmull_rom(a, b, c, d, 0).x == 1);
    CHECK(nib::detail::catmull_rom(a, b, c, d, 0).y == 2);
    CHECK(nib::detail::catmull_rom(a, b, c, d, 1).x == doctest::Approx(3));
    CHECK(nib::detail::catmull_rom(a, b, c, d, 1).y == doctest::Approx(1));
    // At the middle the weights are (-1, 9, 9, -1) / 16.
    CHECK(nib::detail::catmull_rom(a, b, c, d, 0.5f).y == doctest::Approx((9 * 2 + 9 * 1 - 4) / 16.0));
    const Point middle = nib::detail::catmull_rom({0, 0}, {1, 1}, {2, 2}, {3, 3}, 0.25f);
    CHECK(middle.x == doctest::Approx(1.25));
    CHECK(middle.y == doctest::Approx(1.25));
}

TEST_CASE("starts begin strokes, corners are reached exactly, straight sides stay two points") {
    using nib::ControlPoint;
    using nib::Knot;
    const std::array<ControlPoint, 7> points{ControlPoint{0, 0, Knot::start},
                                             {1, 0, Knot::corner},
                                             {1.5f, 0.5f},
                                             {1, 1, Knot::corner},
                                             {0, 1, Knot::corner},
                                             {5, 5, Knot::start},
                                             {6, 6}};
    const auto strokes = nib::detail::strokes_through(points);
    REQUIRE(strokes.size() == 2);
    CHECK(strokes[0].size() == 1 + 1 + 12 + 1);
    CHECK(strokes[0][1].x == 1);
    CHECK(strokes[0][1].y == 0);
    const auto turns_sharply = [&](const Point& p) { return std::abs(p.x - 1) < 1e-6f && std::abs(p.y - 1) < 1e-6f; };
    CHECK(std::any_of(strokes[0].begin(), strokes[0].end(), turns_sharply));
    CHECK(strokes[0].back().y == 1);
    CHECK(strokes[1].size() == 2);
}

TEST_CASE("the scale factor is close to exp and turns into its reciprocal with the sign") {
    for (const double x : {-0.7, -0.3, 0.0, 0.2, 0.7}) {
        CHECK(nib::detail::scale_factor(x) == doctest::Approx(std::exp(x)).epsilon(0.04));
        CHECK(nib::detail::scale_factor(x) * nib::detail::scale_factor(-x) == doctest::Approx(1));
    }
    CHECK(nib::detail::scale_factor(9) == nib::detail::scale_factor(0.75));
}

TEST_CASE("a sampled stroke has a point at each interval, and its last one only if asked for or needed") {
    const nib::Stroke hook{{0, 0}, {3, 0}, {3, 4}, {3, 5}};  // 8 long
    const auto is = [](const nib::Stroke& stroke, const std::vector<std::array<float, 2>>& points) {
        REQUIRE(stroke.size() == points.size());
        for (std::size_t i = 0; i < points.size(); ++i) {
            CHECK(stroke[i].x == doctest::Approx(points[i][0]));
            CHECK(stroke[i].y == doctest::Approx(points[i][1]));
        }
    };
    is(nib::detail::sampled(hook, 2.5f, false), {{0, 0}, {2.5f, 0}, {3, 2}, {3, 4.5f}});
    is(nib::detail::sampled(hook, 2.5f, true), {{0, 0}, {2.5f, 0}, {3, 2}, {3, 4.5f}, {3, 5}});
    is(nib::detail::sampled(hook, 3, false), {{0, 0}, {3, 0}, {3, 3}});
    is(nib::detail::sampled(hook, 1.5f, false), {{0, 0}, {1.5f, 0}, {3, 0}, {3, 1.5f}, {3, 3}, {3, 4.5f}});
    is(nib::detail::sampled(hook, 7, false), {{0, 0}, {3, 4}});
    is(nib::detail::sampled(hook, 100, false), {{0, 0}, {3, 5}});
    is(nib::detail::sampled({{1, 2}, {1, 2}}, 1, false), {{1, 2}, {1, 2}});
}

TEST_CASE("an eighth of the digits has all its points, an eighth trembles, most lose a little of strokes' ends") {
    nib::Rng rng{4};
    const nib::Stroke line{{0, 0}, {10, 0}, {20, 0}, {30, 0}};
    int whole = 0, trembling = 0, with_end = 0, far_short = 0;
    for (int i = 0; i < 4000; ++i) {
        const nib::detail::Sampling sampling{rng};
        const nib::Stroke result = sampling(line, rng);
        REQUIRE(result.size() >= 4);
        CHECK(std::abs(result.front().x) < 0.2f);
        CHECK(std::abs(result.back().x - 30) < 1.2f);  // 1 lost at most, and some trembling
        whole += result.size() == line.size() ? 1 : 0;
        trembling += result[1].y != 0 ? 1 : 0;
        with_end += result[1].y == 0 && result.back().x == 30 ? 1 : 0;
        far_short += result.back().x < 29.7f ? 1 : 0;
    }
    CHECK(whole > 400);
    CHECK(whole < 600);
    CHECK(trembling > 400);
    CHECK(trembling < 600);
    CHECK(with_end > 1100);  // of the 3500 that do not tremble: 1 - 7/8 * 3/4
    CHECK(with_end < 1300);
    CHECK(far_short > 500);
}
