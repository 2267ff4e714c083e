#include <nib/ink/rasterize.hpp>

#include "../support.hpp"

#include <nib/core/random.hpp>
#include <nib/ink/read_drawings.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

using nib::Drawing;
using nib::Image;
using nib::Point;
using nib::RasterOptions;

// 255 times the coverage at (x, y), by the obvious loop.
double ink_at(double x, double y, const Drawing& drawing, double scale, double radius, double soft) {
    double nearest = 1e300;
    for (const nib::Stroke& stroke : drawing.strokes) {
        for (std::size_t i = 0; i < stroke.size(); ++i) {
            const Point& a = stroke[i];
            const Point& b = stroke[i + 1 < stroke.size() ? i + 1 : i];
            const double ax = scale * static_cast<double>(a.x), ay = scale * static_cast<double>(a.y);
            const double dx = scale * static_cast<double>(b.x) - ax, dy = scale * static_cast<double>(b.y) - ay;
            const double length = dx * dx + dy * dy;
            const double t = length > 0 ? std::clamp(((x - ax) * dx + (y - ay) * dy) / length, 0.0, 1.0) : 0;
            nearest = std::min(nearest, std::hypot(x - ax - t * dx, y - ay - t * dy));
        }
    }
    return 255 * std::clamp((radius + soft / 2 - nearest) / soft, 0.0, 1.0);
}

struct Ink {
    double x = 0, y = 0, mass = 0;                               // centre of mass, in pixel indices
    std::size_t left = 9999, top = 9999, right = 0, bottom = 0;  // of the ink's box
};

Ink ink_of(const Image& image) {
    Ink ink;
    for (std::size_t row = 0; row < image.rows; ++row) {
        for (std::size_t col = 0; col < image.cols; ++col) {
            const double value = image.pixels[row * image.cols + col];
            if (value == 0) continue;
            ink.mass += value;
            ink.x += value * static_cast<double>(col);
            ink.y += value * static_cast<double>(row);
            ink.left = std::min(ink.left, col);
            ink.right = std::max(ink.right, col);
            ink.top = std::min(ink.top, row);
            ink.bottom = std::max(ink.bottom, row);
        }
    }
    ink.x /= ink.mass;
    ink.y /= ink.mass;
    return ink;
}

Drawing random_drawing(nib::Rng& rng, double extent, std::uint64_t fewest_points) {
    Drawing drawing;
    for (int stroke = 0; stroke < 3; ++stroke) {
        drawing.strokes.emplace_back();
        const std::uint64_t points = fewest_points + rng.below(4);
        for (std::uint64_t i = 0; i < points; ++i)
            drawing.strokes.back().push_back(
                {static_cast<float>(rng.uniform(0, extent)), static_cast<float>(rng.uniform(0, extent))});
    }
    return drawing;
}

const Drawing seven{{{{10, 10}, {40, 10}, {20, 70}}}, "7"};

}  // namespace

TEST_CASE("every pixel has the coverage that its distance to the nearest segment gives") {
    nib::Rng rng{1};
    for (int round = 0; round < 60; ++round) {
        const Drawing drawing = random_drawing(rng, 100, 1);
        const RasterOptions options{.size = round % 2 == 0 ? 28u : 45u,
                                    .pen_radius = static_cast<float>(rng.uniform(0.1, 3)),
                                    .softness = static_cast<float>(rng.uniform(0.3, 2)),
                                    .raw = true,
                                    .canvas = {0, 0, 100}};
        const Image image = nib::rasterize(drawing, options);
        const double size = static_cast<double>(options.size);
        const double radius = static_cast<double>(options.pen_radius) * size / 28;
        double worst = 0;
        for (std::size_t row = 0; row < image.rows; ++row)
            for (std::size_t col = 0; col < image.cols; ++col)
                worst = std::max(
                    worst, std::abs(image.pixels[row * image.cols + col] -
                                    ink_at(static_cast<double>(col) + 0.5, static_cast<double>(row) + 0.5, drawing,
                                           size / 100, radius, static_cast<double>(options.softness))));
        CHECK(worst < 0.51);  // rounding to a whole number
    }
}

TEST_CASE("what lies outside the canvas leaves the pixels inside as they are") {
    const Drawing line{{{{-1e7f, 14}, {1e7f, 14}}}, ""};
    const Image image = nib::rasterize(line, {.raw = true, .canvas = {0, 0, 28}});
    for (std::size_t col = 0; col < 28; ++col) {
        CHECK(image.pixels[13 * 28 + col] == 204);  // distance 0.5: 0.8 of 255
        CHECK(image.pixels[14 * 28 + col] == 204);
        CHECK(image.pixels[12 * 28 + col] == 0);
    }
    const Drawing far_away{{{{5000, 5000}, {6000, 9000}}}, ""};
    const Image blank = nib::rasterize(far_away, {.raw = true, .canvas = {0, 0, 28}});
    CHECK(std::count(blank.pixels.begin(), blank.pixels.end(), 0) == 784);
}

TEST_CASE("strokes are not joined across a pen lift") {
    const Drawing apart{{{{4, 4}, {4, 24}}, {{24, 4}, {24, 24}}}, ""};
    const Image image = nib::rasterize(apart, {.raw = true, .canvas = {0, 0, 28}});
    CHECK(image.pixels[14 * 28 + 4] > 0);
    CHECK(image.pixels[14 * 28 + 24] > 0);
    for (std::size_t row = 0; row < 28; ++row) CHECK(image.pixels[row * 28 + 14] == 0);
}

TEST_CASE("a normalised path's longer side is 17 pixels of 28, whatever the drawing's unit and place") {
    for (const float unit : {1e-3f, 1.0f, 1000.0f}) {
        Drawing bar{{{{-3 * unit, 5 * unit}, {14 * unit, 5 * unit}}}, ""};
        const Image image = nib::rasterize(bar, {.pen_radius = 1, .softness = 0.1f});
        const Ink ink = ink_of(image);
        // 17 + 2 · radius long and 2 · radius thick, less the round corners.
        const double area = 17 * 2 + 3.14159;
        CHECK(ink.mass / 255 == doctest::Approx(area).epsilon(0.1));
        CHECK(ink.right - ink.left + 1 == 19);
        CHECK(ink.bottom - ink.top + 1 <= 3);
    }
}

TEST_CASE("the picture scales with the size") {
    const Ink small = ink_of(nib::rasterize(seven));
    const Ink large = ink_of(nib::rasterize(seven, {.size = 280}));
    CHECK(large.mass / small.mass == doctest::Approx(100).epsilon(0.05));
    CHECK(large.bottom - large.top + 1 == doctest::Approx(170 + 16).epsilon(0.02));
    CHECK(ink_of(nib::rasterize(seven, {.size = 8})).mass > 0);
    CHECK(ink_of(nib::rasterize(seven, {.size = 1024})).y == doctest::Approx(512).epsilon(1e-4));
}

TEST_CASE("the ink's centre of mass lies at pixel index (14, 14), unless ink would leave the image") {
    nib::Rng rng{2};
    int off_center = 0;
    for (int round = 0; round < 300; ++round) {
        const Drawing drawing = random_drawing(rng, 1000, 2);
        const Ink ink = ink_of(nib::rasterize(drawing, {.pen_radius = static_cast<float>(rng.uniform(0.5, 1.5))}));
        off_center += std::abs(ink.x - 14) > 0.05 || std::abs(ink.y - 14) > 0.05;
        if (std::abs(ink.x - 14) > 0.05) CHECK((ink.x > 14 ? ink.left == 0 : ink.right == 27));
        if (std::abs(ink.y - 14) > 0.05) CHECK((ink.y > 14 ? ink.top == 0 : ink.bottom == 27));
    }
    CHECK(off_center < 15);
}

TEST_CASE("ink is never cut off, even where its centre of mass would ask for it") {
    // Almost all of the ink is at the right end, so that centring it would push the left end out of the image.
    Drawing comb{{{{0, 50}, {100, 50}}}, ""};
    for (int i = 0; i <= 16; ++i)
        comb.strokes.push_back({{99, static_cast<float>(6 * i)}, {100, static_cast<float>(6 * i)}});
    for (const float radius : {0.05f, 1.0f, 3.0f, 5.0f}) {
        const RasterOptions options{.size = 280, .pen_radius = radius};
        const Ink ink = ink_of(nib::rasterize(comb, options));
        const double side = static_cast<double>(std::min(170.0f, 280 - 20 * radius - 1));
        // Where the pen fades out, up to a pixel on each side is too faint to see.
        CHECK(std::abs(static_cast<double>(ink.right - ink.left + 1) - (side + 20 * static_cast<double>(radius))) <= 2);
    }
    const Ink wide = ink_of(nib::rasterize(comb, {.size = 280, .pen_radius = 5}));
    CHECK(wide.x > 145);
    CHECK(wide.left <= 1);
}

TEST_CASE("a dot stays a dot of the pen's size in the middle") {
    for (const Drawing& dot : {Drawing{{{{300, -4}}}, ""}, Drawing{{{{5, 5}, {5, 5}, {5, 5}}}, ""}}) {
        const Image image = nib::rasterize(dot, {.pen_radius = 2});
        const Ink ink = ink_of(image);
        CHECK(ink.mass / 255 == doctest::Approx(3.14159 * 4).epsilon(0.05));
        CHECK(ink.x == doctest::Approx(14));
        CHECK(ink.y == doctest::Approx(14));
        const Image raw = nib::rasterize(dot, {.pen_radius = 2, .raw = true});
        CHECK(ink_of(raw).mass / 255 == doctest::Approx(3.14159 * 4).epsilon(0.05));
    }
}

TEST_CASE("raw with a canvas keeps the drawing where it was drawn") {
    const Drawing dot{{{{75, 25}}}, ""};
    const Image image = nib::rasterize(dot, {.raw = true, .canvas = {-25, -75, 200}});
    const Ink ink = ink_of(image);
    CHECK(ink.x == doctest::Approx(13.5));  // the middle of the canvas, in pixel indices
    CHECK(ink.y == doctest::Approx(13.5));
}

TEST_CASE("raw without a canvas starts at the origin where no coordinate is negative") {
    const Drawing drawing{{{{50, 100}, {50, 50}}}, ""};
    const Ink ink = ink_of(nib::rasterize(drawing, {.size = 100, .pen_radius = 0.28f, .raw = true}));
    CHECK(ink.x == doctest::Approx(49.5).epsilon(0.01));
    CHECK(ink.top == doctest::Approx(49).epsilon(0.03));
    CHECK(ink.bottom == doctest::Approx(98).epsilon(0.02));
}

TEST_CASE("raw without a canvas is the square around a drawing with negative coordinates") {
    const Drawing drawing{{{{300, -400}, {300, -300}}}, ""};
    const Ink ink = ink_of(nib::rasterize(drawing, {.size = 100, .pen_radius = 0.28f, .raw = true}));
    CHECK(ink.x == doctest::Approx(49.5).epsilon(0.01));
    CHECK(ink.top <= 1);
    CHECK(ink.bottom >= 98);
}

TEST_CASE("options out of range are refused") {
    const auto error = [](const RasterOptions& options) {
        return support::error_of([&] { return nib::rasterize(seven, options); });
    };
    CHECK(error({.size = 7}) == "rasterize: expected a size from 8 to 1024, found 7");
    CHECK(error({.size = 1025}) == "rasterize: expected a size from 8 to 1024, found 1025");
    CHECK(error({.pen_radius = 0}) == "rasterize: expected a pen radius from 0.05 to 7.00, found 0.00");
    CHECK(error({.pen_radius = 7.5f}) == "rasterize: expected a pen radius from 0.05 to 7.00, found 7.50");
    CHECK(error({.softness = 0}) == "rasterize: expected a softness from 0.10 to 3.00, found 0.00");
    CHECK(support::contains(error({.pen_radius = std::numeric_limits<float>::quiet_NaN()}), "found nan"));
    CHECK(support::contains(error({.raw = true, .canvas = {0, 0, -1}}), "expected a canvas side from 0.001"));
    CHECK(support::contains(error({.raw = true, .canvas = {1e9f, 0, 1}}), "expected a canvas left"));
    CHECK(error({.pen_radius = 0.05f, .softness = 0.1f}) == "");
    CHECK(error({.pen_radius = 7, .softness = 3}) == "");
}

TEST_CASE("drawings without a point or with coordinates beyond the limit are refused") {
    const auto error = [](const Drawing& drawing) {
        return support::error_of([&] { return nib::rasterize(drawing); });
    };
    CHECK(error({}) == "rasterize: expected a drawing with at least one point, found none");
    CHECK(error({{{}, {}}, ""}) == "rasterize: expected a drawing with at least one point, found none");
    CHECK(support::contains(error({{{{2e7f, 0}}}, ""}), "expected a coordinate from -10000000 to 10000000"));
    CHECK(support::contains(error({{{{0, std::numeric_limits<float>::infinity()}}}, ""}), "found inf"));
    CHECK(support::contains(error({{{{0, std::numeric_limits<float>::quiet_NaN()}}}, ""}), "found nan"));
    CHECK(error({{{{0, 0}, {1e7f, -1e7f}}}, ""}) == "");
    CHECK(error({{{{0, 0}, {1e-38f, 1e-45f}}}, ""}) == "");
}

TEST_CASE("the span must hold exactly the image") {
    std::vector<std::uint8_t> pixels(783);
    CHECK(support::error_of([&] { return nib::rasterize(seven, {}, pixels); }) ==
          "rasterize: expected 784 pixels, found 783");
}

TEST_CASE("long strokes full of hostile coordinates cost no more than their ink") {
    Drawing scribble{{{}}, ""};
    for (int i = 0; i < 200000; ++i)
        scribble.strokes[0].push_back({i % 2 == 0 ? -1e7f : 1e7f, i % 3 == 0 ? 1e7f : 0.0f});
    CHECK(ink_of(nib::rasterize(scribble)).mass > 0);
    CHECK(ink_of(nib::rasterize(scribble, {.raw = true, .canvas = {0, 0, 0.001f}})).mass >= 0);
}

TEST_CASE("every drawing of pendigits is centred and as large as its path") {
    const auto path = support::real_data("pendigits/pendigits-orig.tra");
    if (!path) return;
    std::size_t off_center = 0;
    std::size_t cut_off = 0;
    for (const Drawing& drawing : nib::load_drawings(*path)) {
        const Ink ink = ink_of(nib::rasterize(drawing));
        off_center += std::abs(ink.x - 14) > 0.05 || std::abs(ink.y - 14) > 0.05;
        cut_off += std::max(ink.right - ink.left, ink.bottom - ink.top) + 1 < 18;
    }
    CHECK(off_center == 0);
    CHECK(cut_off == 0);
}
