#include <nib/ink/normalize_image.hpp>

#include "../support.hpp"

#include <nib/ink/rasterize.hpp>
#include <nib/ink/synthetic.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using nib::Image;

// The digit `height` pixels high at (left, top) of a canvas of 280 x 280, with a brush of `width` pixels; dark on
// light.
Image on_canvas(const nib::Drawing& drawing, float left, float top, float height, float width) {
    float x = 1e9f, y = 1e9f, right = -1e9f, bottom = -1e9f;
    for (const nib::Stroke& stroke : drawing.strokes)
        for (const nib::Point& point : stroke) {
            x = std::min(x, point.x);
            y = std::min(y, point.y);
            right = std::max(right, point.x);
            bottom = std::max(bottom, point.y);
        }
    const float scale = height / std::max(right - x, bottom - y);
    nib::Drawing placed = drawing;
    for (nib::Stroke& stroke : placed.strokes)
        for (nib::Point& point : stroke) point = {left + (point.x - x) * scale, top + (point.y - y) * scale, 0};
    Image image = nib::rasterize(
        placed, {.size = 280, .pen_radius = width / 20, .raw = true, .canvas = {.left = 0, .top = 0, .side = 280}});
    for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
    return image;
}

// The mean difference of two images' pixels, of 255.
double difference(const Image& a, const Image& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(double{1} * a.pixels[i] - b.pixels[i]);
    return sum / static_cast<double>(a.pixels.size());
}

std::pair<double, double> center_of_mass(const Image& image) {
    double mass = 0, x = 0, y = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        mass += image.pixels[i];
        x += image.pixels[i] * static_cast<double>(i % image.cols);
        y += image.pixels[i] * static_cast<double>(i / image.cols);
    }
    return {x / mass, y / mass};
}

}  // namespace

TEST_CASE("a picture becomes what rasterize draws of the path, wherever it is drawn, how large, and on which paper") {
    for (int digit = 0; digit < 10; ++digit) {
        nib::Rng rng{static_cast<std::uint64_t>(digit)};
        const nib::Drawing drawing = nib::synthetic_digit(digit, rng);
        const Image expected = nib::rasterize(drawing);
        const Image blank{28, 28, std::vector<std::uint8_t>(784)};
        const double ink = difference(expected, blank);
        struct Place {
            float left, top, height;
        };
        for (const Place& place : {Place{30, 40, 180}, Place{10, 10, 100}, Place{150, 170, 90}}) {
            CAPTURE(digit);
            CAPTURE(place.height);
            const float brush = 1.6f / 17 * place.height;  // as wide as rasterize()'s own pen
            Image picture = on_canvas(drawing, place.left, place.top, place.height, brush);
            const Image image = nib::normalize_image(picture);
            CHECK(image.rows == 28);
            CHECK(image.cols == 28);
            CHECK(difference(image, expected) < 0.25 * ink);
            for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
            CHECK(difference(nib::normalize_image(picture), image) < 0.02 * ink);
        }
    }
}

TEST_CASE("a thin brush is thickened to rasterize's own pen, and a wide one is not cut off") {
    nib::Rng rng{3};
    const nib::Drawing drawing = nib::synthetic_digit(3, rng);
    const Image expected = nib::rasterize(drawing);
    const double ink = difference(expected, {28, 28, std::vector<std::uint8_t>(784)});
    CHECK(difference(nib::normalize_image(on_canvas(drawing, 40, 40, 150, 4)), expected) < 0.3 * ink);
    const Image wide = nib::normalize_image(on_canvas(drawing, 60, 60, 150, 30));
    double border = 0;
    for (std::size_t i = 0; i < 784; ++i)
        if (i / 28 == 0 || i / 28 == 27 || i % 28 == 0 || i % 28 == 27) border += wide.pixels[i];
    CHECK(border == 0);
}

TEST_CASE("the centre of mass comes to the middle pixel, for every size") {
    nib::Rng rng{4};
    const Image picture = on_canvas(nib::synthetic_digit(5, rng), 90, 30, 120, 10);
    for (const std::size_t size : {std::size_t{8}, std::size_t{28}, std::size_t{29}, std::size_t{64}}) {
        CAPTURE(size);
        const auto [x, y] = center_of_mass(nib::normalize_image(picture, {.size = size}));
        CHECK(std::abs(x - static_cast<double>(size / 2)) < 0.15);
        CHECK(std::abs(y - static_cast<double>(size / 2)) < 0.15);
    }
}

TEST_CASE("a single dot, and ink along the edges, have an image too") {
    Image dot{50, 50, std::vector<std::uint8_t>(2500, 255)};
    dot.pixels[25 * 50 + 30] = 0;
    const Image image = nib::normalize_image(dot);
    CHECK(image.pixels[14 * 28 + 14] > 100);
    Image edge{40, 40, std::vector<std::uint8_t>(1600, 255)};
    for (std::size_t i = 1; i < 39; ++i) edge.pixels[i * 40 + 38] = edge.pixels[38 * 40 + i] = 0;
    CHECK(nib::normalize_image(edge, {.paper = nib::Paper::light}).pixels.size() == 784);
}

TEST_CASE("options out of range and pictures without ink are refused") {
    const Image blank{50, 50, std::vector<std::uint8_t>(2500, 255)};
    const auto error = [&](const nib::NormalizeOptions& options) {
        return support::error_of([&] { return nib::normalize_image(blank, options); });
    };
    CHECK(error({}) == "picture: expected ink on paper, found no ink");
    CHECK(error({.size = 7}) == "normalize_image: expected a size from 8 to 1024, found 7");
    CHECK(error({.size = 1025}) == "normalize_image: expected a size from 8 to 1024, found 1025");
    CHECK(error({.pen_width = 5}) == "normalize_image: expected a pen width from 0 to 4, found 5.00");
    CHECK(error({.pen_width = -1}) == "normalize_image: expected a pen width from 0 to 4, found -1.00");
}
