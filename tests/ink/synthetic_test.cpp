#include <nib/ink/synthetic.hpp>

#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/ink/detail/handwriting.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

using nib::Point;

TEST_CASE("a synthetic digit is a labelled drawing of finite points, the same for the same generator") {
    for (int digit = 0; digit < 10; ++digit) {
        nib::Rng rng{7};
        nib::Rng again{7};
        const nib::Drawing drawing = nib::synthetic_digit(digit, rng);
        const nib::Drawing same = nib::synthetic_digit(digit, again);
        const nib::Drawing other = nib::synthetic_digit(digit, again);
        CHECK(drawing.label == std::to_string(digit));
        REQUIRE_FALSE(drawing.strokes.empty());
        CHECK(drawing.strokes[0][1].x == same.strokes[0][1].x);
        CHECK(drawing.strokes[0][1].x != other.strokes[0][1].x);
        for (const nib::Stroke& stroke : drawing.strokes) {
            CHECK(stroke.size() >= 2);
            for (const Point& point : stroke) {
                CHECK(std::abs(point.x) < 5);
                CHECK(std::abs(point.y) < 5);
            }
        }
    }
}

TEST_CASE("every template of a digit is used") {
    nib::Rng rng{1};
    std::set<std::size_t> lengths;
    std::set<std::size_t> expected;
    for (const nib::DigitTemplate& one : nib::templates_of(7)) {
        std::size_t points = 0;
        for (const nib::Stroke& stroke : nib::detail::strokes_through(one.points)) points += stroke.size();
        expected.insert(points);
    }
    for (int i = 0; i < 2000; ++i) {
        std::size_t points = 0;
        for (const nib::Stroke& stroke : nib::synthetic_digit(7, rng).strokes) points += stroke.size();
        lengths.insert(points);
    }
    // Others come from those that are seen as few points.
    CHECK(std::includes(lengths.begin(), lengths.end(), expected.begin(), expected.end()));
}

TEST_CASE("a digit outside 0 to 9 is refused") {
    nib::Rng rng{1};
    CHECK(support::error_of([&] { nib::synthetic_digit(10, rng); }) ==
          "synthetic_digit: expected a digit from 0 to 9, found 10");
    CHECK(support::error_of([&] { nib::synthetic_digit(-1, rng); }) ==
          "synthetic_digit: expected a digit from 0 to 9, found -1");
}

TEST_CASE("the dataset is balanced, shuffled and 28 x 28") {
    const nib::Dataset digits = nib::synthetic_digits(1003, 1);
    CHECK(digits.size() == 1003);
    CHECK(digits.rows == 28);
    CHECK(digits.cols == 28);
    CHECK(digits.pixels.size() == 1003 * 784);
    CHECK_FALSE(digits.name.empty());
    std::array<int, 10> counts{};
    for (const int label : digits.labels) ++counts.at(static_cast<std::size_t>(label));
    CHECK(counts == std::array<int, 10>{101, 101, 101, 100, 100, 100, 100, 100, 100, 100});
    std::size_t in_order = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) in_order += digits.labels[i] == static_cast<int>(i % 10);
    CHECK(in_order < 200);
    CHECK(nib::synthetic_digits(0, 1).size() == 0);
}

TEST_CASE("the same seed gives the same digits, another seed gives others") {
    const nib::Dataset digits = nib::synthetic_digits(100, 5);
    CHECK(digits.pixels == nib::synthetic_digits(100, 5).pixels);
    CHECK(digits.labels == nib::synthetic_digits(100, 5).labels);
    CHECK(digits.pixels != nib::synthetic_digits(100, 6).pixels);
    CHECK(digits.labels != nib::synthetic_digits(100, 6).labels);
}

TEST_CASE("an image can be drawn alone, from the seed, its index and its label") {
    const nib::Dataset digits = nib::synthetic_digits(50, 5);
    for (const std::size_t index : {0u, 17u, 49u}) {
        nib::Rng rng = nib::Rng::stream(5, index);
        const nib::Drawing drawing = nib::synthetic_digit(digits.labels[index], rng);
        const nib::Image image = nib::rasterize(drawing, nib::detail::random_pen(rng));
        CHECK(std::equal(image.pixels.begin(), image.pixels.end(), digits.image(index).begin()));
    }
}

TEST_CASE("every image has ink, centred as in MNIST and about as much of it") {
    const nib::Dataset digits = nib::synthetic_digits(1000, 3);
    double total = 0;
    int off_center = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        double mass = 0, x = 0, y = 0;
        for (std::size_t pixel = 0; pixel < 784; ++pixel) {
            const double value = digits.image(i)[pixel];
            mass += value;
            x += value * static_cast<double>(pixel % 28);
            y += value * static_cast<double>(pixel / 28);
        }
        REQUIRE(mass > 0);
        off_center += std::abs(x / mass - 14) > 0.05 || std::abs(y / mass - 14) > 0.05;
        total += mass / 255 / 784;
    }
    CHECK(off_center == 0);
    // MNIST's mean is 0.1307.
    CHECK(total / 1000 > 0.10);
    CHECK(total / 1000 < 0.16);
}

TEST_CASE("any number of threads draws the same digits, also more than there are digits") {
    for (const std::size_t count : {0u, 1u, 2u, 100u, 101u}) {
        const nib::Dataset alone = nib::synthetic_digits(count, 5);
        for (const std::size_t threads : {1u, 2u, 3u, 7u}) {
            CAPTURE(count);
            CAPTURE(threads);
            nib::ThreadPool pool{threads};
            const nib::Dataset shared = nib::synthetic_digits(count, 5, &pool);
            CHECK(shared.labels == alone.labels);
            CHECK(shared.pixels == alone.pixels);
        }
    }
}

TEST_CASE("drawing i is what image i was drawn from") {
    const std::vector<nib::Drawing> drawings = nib::synthetic_drawings(60, 5);
    const nib::Dataset digits = nib::synthetic_digits(60, 5);
    REQUIRE(drawings.size() == 60);
    for (std::size_t i = 0; i < drawings.size(); ++i) {
        CHECK(drawings[i].label == std::to_string(digits.labels[i]));
        // The generator's next numbers after the drawing's are the pen's.
        nib::Rng rng = nib::Rng::stream(5, i);
        static_cast<void>(nib::synthetic_digit(digits.labels[i], rng));
        const nib::Image image = nib::rasterize(drawings[i], nib::detail::random_pen(rng));
        CHECK(std::equal(image.pixels.begin(), image.pixels.end(), digits.image(i).begin()));
    }
    CHECK(nib::synthetic_drawings(0, 5).empty());
    CHECK(nib::synthetic_drawings(60, 6)[0].strokes[0][1].x != drawings[0].strokes[0][1].x);
}
