#include <nib/ink/detail/paper.hpp>

#include "../../support.hpp"

#include <nib/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

using nib::Image;
using nib::Paper;

Image filled(std::size_t rows, std::size_t cols, std::uint8_t value) {
    return {rows, cols, std::vector<std::uint8_t>(rows * cols, value)};
}

// A bar of ink, 8 pixels wide, in the middle.
bool in_bar(std::size_t row, std::size_t col) { return row >= 20 && row < 80 && col >= 46 && col < 54; }

Image bar(std::uint8_t paper, std::uint8_t ink) {
    Image image = filled(100, 100, paper);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        if (in_bar(i / 100, i % 100)) image.pixels[i] = ink;
    return image;
}

// Pixels that are inked where the bar is not, or the other way round.
std::size_t wrong_pixels(const Image& ink) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < ink.pixels.size(); ++i)
        wrong += (ink.pixels[i] >= nib::inked) != in_bar(i / 100, i % 100) ? 1 : 0;
    return wrong;
}

}  // namespace

TEST_CASE("ink is told from light and from dark paper, also where it is faint") {
    struct Levels {
        std::uint8_t paper, ink;
    };
    for (const Levels& levels :
         {Levels{255, 0}, Levels{255, 200}, Levels{120, 20}, Levels{0, 255}, Levels{10, 60}, Levels{200, 255}}) {
        CAPTURE(levels.paper);
        CAPTURE(levels.ink);
        const Image image = bar(levels.paper, levels.ink);
        CHECK(wrong_pixels(nib::separate_ink(image)) == 0);
        CHECK(wrong_pixels(nib::separate_ink(image, levels.paper > levels.ink ? Paper::light : Paper::dark)) == 0);
    }
}

TEST_CASE("a light gradient, noise and specks are no ink") {
    nib::Rng rng{1};
    Image image = bar(255, 60);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        const double light = 0.6 + 0.4 * static_cast<double>(i % 100) / 100;  // darker to the left
        const double noise = 4 * rng.normal();
        image.pixels[i] = static_cast<std::uint8_t>(std::clamp(image.pixels[i] * light + noise, 0.0, 255.0));
    }
    for (const std::size_t speck : {std::size_t{505}, std::size_t{9090}, std::size_t{3012}}) image.pixels[speck] = 0;
    CHECK(wrong_pixels(nib::separate_ink(image)) <= 12);
    CHECK(nib::separate_ink(image).pixels[505] < nib::inked);
}

TEST_CASE("pictures without ink, without pixels or too large are refused") {
    const auto error = [](Image image) {
        return support::error_of([&] { return nib::separate_ink(std::move(image)); });
    };
    CHECK(error(filled(50, 50, 200)) == "picture: expected ink on paper, found no ink");
    CHECK(error(bar(200, 190)) == "picture: expected ink on paper, found no ink");
    CHECK(error({}) == "picture: expected 1x1 to 4096x4096 pixels, found 0x0");
    CHECK(error({4097, 1, {}}) == "picture: expected 1x1 to 4096x4096 pixels, found 1x4097");
    CHECK(error({2, 2, {1}}) == "picture: expected 4 pixels, found 1");
}

TEST_CASE("a picture of one pixel has no ink, and of three the middle one may be") {
    CHECK(support::contains(support::error_of([] { return nib::separate_ink(filled(1, 1, 9)); }), "no ink"));
    const Image three{1, 3, {255, 0, 255}};
    CHECK(nib::separate_ink(three, Paper::light).pixels == std::vector<std::uint8_t>{0, 255, 0});
}
