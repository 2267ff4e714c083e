#include <nib/data/augmentation.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using nib::Augmentation;
using nib::AugmentationOptions;
using Pixels = std::vector<std::uint8_t>;

constexpr AugmentationOptions nothing{.probability = 1,
                                      .rotation = 0,
                                      .scale = 0,
                                      .aspect = 0,
                                      .shear = 0,
                                      .shift = 0,
                                      .elastic = 0,
                                      .thickness = 0,
                                      .contrast = 0};

// A filled ellipse with soft edges, of half axes `a` and `b` around (x, y).
Pixels ellipse(std::size_t rows, std::size_t cols, double x, double y, double a, double b, double ink = 255) {
    Pixels image(rows * cols);
    for (std::size_t i = 0; i < image.size(); ++i) {
        const double u = (static_cast<double>(i % cols) - x) / a, v = (static_cast<double>(i / cols) - y) / b;
        image[i] =
            static_cast<std::uint8_t>(ink * std::clamp((1 - std::sqrt(u * u + v * v)) * std::min(a, b), 0.0, 1.0));
    }
    return image;
}

Pixels changed(const Pixels& image, std::size_t rows, std::size_t cols, const AugmentationOptions& options,
               nib::Rng& rng) {
    const Augmentation augmentation{rows, cols, options};
    Pixels result(image.size(), 77);
    Pixels scratch(augmentation.scratch_size(), 99);
    augmentation(image, rng, result, scratch.data());
    return result;
}

// The ink, its centre and its second moments around it.
struct Moments {
    double ink = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

    Moments(const Pixels& image, std::size_t cols) {
        const auto sum = [&](auto f) {
            double total = 0;
            for (std::size_t i = 0; i < image.size(); ++i)
                total += image[i] * f(static_cast<double>(i % cols), static_cast<double>(i / cols));
            return total;
        };
        ink = sum([](double, double) { return 1.0; });
        x = sum([](double u, double) { return u; }) / ink;
        y = sum([](double, double v) { return v; }) / ink;
        xx = sum([&](double u, double) { return (u - x) * (u - x); }) / ink;
        xy = sum([&](double u, double v) { return (u - x) * (v - y); }) / ink;
        yy = sum([&](double, double v) { return (v - y) * (v - y); }) / ink;
    }
};

// What f finds in `count` changed copies: the smallest and the largest.
template <class F>
std::pair<double, double> extremes(const Pixels& image, const AugmentationOptions& options, const F& f,
                                   int count = 300) {
    nib::Rng rng{3};
    double low = 1e300, high = -1e300;
    for (int i = 0; i < count; ++i) {
        const double value = f(Moments{changed(image, 40, 40, options, rng), 40});
        low = std::min(low, value);
        high = std::max(high, value);
    }
    return {low, high};
}

// Three neighbours along both axes, by definition.
Pixels filtered(const Pixels& image, std::size_t rows, std::size_t cols, bool largest) {
    Pixels result(image.size());
    for (std::size_t y = 0; y < rows; ++y)
        for (std::size_t x = 0; x < cols; ++x) {
            int best = image[y * cols + x];
            for (std::size_t v = y > 0 ? y - 1 : 0; v <= std::min(y + 1, rows - 1); ++v)
                for (std::size_t u = x > 0 ? x - 1 : 0; u <= std::min(x + 1, cols - 1); ++u)
                    best =
                        largest ? std::max<int>(best, image[v * cols + u]) : std::min<int>(best, image[v * cols + u]);
            result[y * cols + x] = static_cast<std::uint8_t>(best);
        }
    return result;
}

nib::Dataset ellipses(std::size_t count) {
    nib::Dataset data{.rows = 28, .cols = 28, .pixels = {}, .labels = {}, .name = "ellipses"};
    for (std::size_t i = 0; i < count; ++i) {
        const Pixels image = ellipse(28, 28, 14, 14, 3 + static_cast<double>(i % 7), 5);
        data.pixels.insert(data.pixels.end(), image.begin(), image.end());
        data.labels.push_back(static_cast<int>(i % 10));
    }
    return data;
}

}  // namespace

TEST_CASE("an image is left as it is with a probability of 0, and where nothing may change") {
    nib::Rng rng{1};
    for (const std::size_t cols : reference::Sizes{2, 3, 28, 61}) {
        Pixels image(17 * cols);
        for (auto& pixel : image) pixel = static_cast<std::uint8_t>(rng.below(256));
        CHECK(changed(image, 17, cols, nothing, rng) == image);
        CHECK(changed(image, 17, cols, {.probability = 0}, rng) == image);
    }
}

TEST_CASE("the part of the images that change is the probability") {
    const Pixels image = ellipse(28, 28, 14, 14, 8, 5);
    nib::Rng rng{2};
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += changed(image, 28, 28, {.probability = 0.3}, rng) != image ? 1 : 0;
    CHECK(count > 250);
    CHECK(count < 350);
}

TEST_CASE("each change alone goes as far as its option says, in both directions, and no further") {
    const Pixels image = ellipse(40, 40, 19.5, 19.5, 12, 6);
    const Moments before{image, 40};

    AugmentationOptions options = nothing;
    options.shift = 3;
    auto [low, high] = extremes(image, options, [&](const Moments& m) { return m.x - before.x; });
    CHECK(low == doctest::Approx(-3).epsilon(0.03));
    CHECK(high == doctest::Approx(3).epsilon(0.03));
    std::tie(low, high) = extremes(image, options, [&](const Moments& m) { return m.y - before.y; });
    CHECK(low == doctest::Approx(-3).epsilon(0.03));
    CHECK(high == doctest::Approx(3).epsilon(0.03));

    options = nothing;
    options.rotation = 20;
    const auto angle = [](const Moments& m) { return std::atan2(2 * m.xy, m.xx - m.yy) / 2 * 180 / 3.14159265; };
    std::tie(low, high) = extremes(image, options, angle);
    CHECK(low == doctest::Approx(-20).epsilon(0.05));
    CHECK(high == doctest::Approx(20).epsilon(0.05));

    options = nothing;
    options.scale = 0.2;
    const auto area = [&](const Moments& m) { return std::log(m.ink / before.ink) / 2; };
    std::tie(low, high) = extremes(image, options, area);
    CHECK(low == doctest::Approx(-0.2).epsilon(0.04));
    CHECK(high == doctest::Approx(0.2).epsilon(0.04));

    options = nothing;
    options.aspect = 0.3;
    const auto aspect = [&](const Moments& m) { return std::log(m.xx / m.yy * before.yy / before.xx) / 2; };
    std::tie(low, high) = extremes(image, options, aspect);
    CHECK(low == doctest::Approx(-0.3).epsilon(0.04));
    CHECK(high == doctest::Approx(0.3).epsilon(0.04));

    options = nothing;
    options.shear = 0.4;
    std::tie(low, high) = extremes(image, options, [](const Moments& m) { return m.xy / m.yy; });
    CHECK(low == doctest::Approx(-0.4).epsilon(0.04));
    CHECK(high == doctest::Approx(0.4).epsilon(0.04));

    options = nothing;
    options.contrast = 0.5;
    const Pixels pale = ellipse(40, 40, 19.5, 19.5, 12, 6, 100);
    const double pale_ink = Moments{pale, 40}.ink;
    std::tie(low, high) = extremes(pale, options, [&](const Moments& m) { return std::log(m.ink / pale_ink); });
    CHECK(low == doctest::Approx(-0.5).epsilon(0.04));
    CHECK(high == doctest::Approx(0.5).epsilon(0.04));
}

TEST_CASE("thickness stays between the erosion and the dilation, and comes near to both") {
    const Pixels image = ellipse(30, 30, 14, 14, 9, 4);
    const Pixels dilated = filtered(image, 30, 30, true), eroded = filtered(image, 30, 30, false);
    AugmentationOptions options = nothing;
    options.thickness = 1;
    nib::Rng rng{4};
    const double most = Moments{dilated, 30}.ink, least = Moments{eroded, 30}.ink;
    double low = most, high = least;
    for (int i = 0; i < 200; ++i) {
        const Pixels result = changed(image, 30, 30, options, rng);
        for (std::size_t k = 0; k < result.size(); ++k) {
            CHECK(result[k] <= dilated[k]);
            CHECK(result[k] >= eroded[k]);
        }
        low = std::min(low, Moments{result, 30}.ink);
        high = std::max(high, Moments{result, 30}.ink);
    }
    CHECK(high > 0.97 * most);
    CHECK(low < least + 0.03 * most);
}

TEST_CASE("ink at an edge of the image is not drawn out to what is read outside") {
    constexpr std::size_t side = 20;
    AugmentationOptions options = nothing;
    options.shift = 8;
    options.thickness = 1;
    nib::Rng rng{8};
    for (const std::size_t edge : {std::size_t{0}, side - 1}) {
        Pixels column(side * side), row(side * side);
        for (std::size_t i = 0; i < side; ++i) column[i * side + edge] = row[edge * side + i] = 255;
        for (int i = 0; i < 100; ++i) {
            const Pixels columns = changed(column, side, side, options, rng),
                         rows = changed(row, side, side, options, rng);
            for (std::size_t k = 0; k < side; ++k) {
                int across = 0, down = 0;
                for (std::size_t j = 0; j < side; ++j) across += columns[k * side + j], down += rows[j * side + k];
                CHECK(across <= 2 * 255 + 2);  // two pixels at most, the dilation's within the image
                CHECK(down <= 2 * 255 + 2);
            }
        }
    }
}

TEST_CASE("the elastic field bends smoothly, by no more than its option") {
    Pixels lines(40 * 40);  // a grid of single pixels, far enough apart to be told from each other
    for (std::size_t y = 6; y < 40; y += 9)
        for (std::size_t x = 6; x < 40; x += 9) lines[y * 40 + x] = 255;
    AugmentationOptions options = nothing;
    options.elastic = 2;
    nib::Rng rng{5};
    double furthest = 0;
    for (int i = 0; i < 100; ++i) {
        const Pixels result = changed(lines, 40, 40, options, rng);
        for (std::size_t y = 6; y < 40; y += 9)
            for (std::size_t x = 6; x < 40; x += 9) {
                double ink = 0, dx = 0, dy = 0;
                for (std::size_t v = y - 4; v <= y + 4 && v < 40; ++v)
                    for (std::size_t u = x - 4; u <= x + 4 && u < 40; ++u) {
                        const double value = result[v * 40 + u];
                        ink += value;
                        dx += value * (static_cast<double>(u) - static_cast<double>(x));
                        dy += value * (static_cast<double>(v) - static_cast<double>(y));
                    }
                if (ink < 40) continue;
                furthest = std::max({furthest, std::abs(dx / ink), std::abs(dy / ink)});
            }
    }
    CHECK(furthest > 0.8);
    CHECK(furthest < 2.6);  // of a single pixel its weighted place is known to half a pixel
}

TEST_CASE("a black image stays black, whatever is done to it, and a full one is not read outside") {
    nib::Rng rng{6};
    const AugmentationOptions wild{.probability = 1,
                                   .rotation = 45,
                                   .scale = 0.5,
                                   .aspect = 0.5,
                                   .shear = 1,
                                   .shift = 8,
                                   .elastic = 4,
                                   .thickness = 1,
                                   .contrast = 1};
    for (const std::size_t cols : reference::Sizes{2, 5, 28}) {
        const Pixels black(4 * cols), full(4 * cols, 255);
        for (int i = 0; i < 50; ++i) {
            CHECK(changed(black, 4, cols, wild, rng) == black);
            CHECK(changed(full, 4, cols, wild, rng).size() == full.size());
        }
    }
}

TEST_CASE("options and sizes out of range are errors that name them") {
    const auto error = [](std::size_t rows, std::size_t cols, const AugmentationOptions& options) {
        return support::error_of([&] { Augmentation{rows, cols, options}; });
    };
    CHECK(error(1, 28, {}) == "Augmentation: expected rows from 2 to 1024, found 1");
    CHECK(error(28, 1025, {}) == "Augmentation: expected columns from 2 to 1024, found 1025");
    CHECK(error(28, 28, {.probability = 1.5}) == "Augmentation: expected probability from 0 to 1, found 1.5");
    CHECK(error(28, 28, {.rotation = -1}) == "Augmentation: expected rotation from 0 to 45, found -1");
    CHECK(support::contains(error(28, 28, {.scale = 0.6}), "scale"));
    CHECK(support::contains(error(28, 28, {.aspect = 0.6}), "aspect"));
    CHECK(support::contains(error(28, 28, {.shear = 1.1}), "shear"));
    CHECK(support::contains(error(28, 28, {.shift = 9}), "shift"));
    CHECK(support::contains(error(28, 28, {.elastic = 5}), "elastic"));
    CHECK(support::contains(error(28, 28, {.thickness = 2}), "thickness"));
    CHECK(support::contains(error(28, 28, {.contrast = std::nan("")}), "contrast"));
}

TEST_CASE_TEMPLATE("batches of augmented images are the seed's, other ones in each epoch, for any number of threads", T,
                   float, double) {
    const nib::Dataset data = ellipses(140);
    const nib::Augmented augmented{data};
    CHECK(augmented.name == "ellipses");
    nib::ThreadPool pool{3};
    const auto images = [&](std::uint64_t seed, std::size_t size, nib::Executor* executor) {
        nib::Rng rng{seed};
        std::vector<T> result;
        for (int epoch = 0; epoch < 2; ++epoch)
            for (const auto& batch : nib::batches<T>(augmented, size, rng, executor)) {
                CHECK(batch.inputs.is_sparse());
                const nib::Matrix<T> matrix = reference::dense(batch.inputs);
                const auto values = matrix.values();
                result.insert(result.end(), values.begin(), values.end());
            }
        return result;
    };
    const std::vector<T> once = images(1, 70, nullptr);
    CHECK(images(1, 70, nullptr) == once);
    CHECK(images(1, 70, &pool) == once);
    CHECK(images(1, 7, nullptr) == once);
    CHECK(images(2, 70, nullptr) != once);
    CHECK(!std::equal(once.begin(), once.begin() + static_cast<std::ptrdiff_t>(once.size() / 2),
                      once.begin() + static_cast<std::ptrdiff_t>(once.size() / 2)));

    // Each is what Augmentation makes of its image with a generator of its own.
    Pixels image(784), scratch(augmented.augmentation().scratch_size());
    std::size_t number = 0;
    for (const auto& batch : nib::batches<T>(augmented, 64)) {
        const nib::Matrix<T> matrix = reference::dense(batch.inputs);
        for (std::size_t i = 0; i < batch.targets.size(); ++i, ++number) {
            nib::Rng rng = nib::Rng::stream(0, number);
            augmented.augmentation()(data.image(number), rng, image, scratch.data());
            CHECK(batch.targets[i] == data.labels[number]);
            const auto row = matrix.row(i);
            CHECK(std::equal(image.begin(), image.end(), row.begin(), row.end(),
                             [](std::uint8_t pixel, T value) { return value == static_cast<T>(pixel) / T{255}; }));
        }
    }
    CHECK(number == 140);
}

TEST_CASE("augmented images are the same on every machine") {
    const nib::Dataset data = ellipses(4);
    const Augmentation augmentation{28, 28, {.probability = 1}};
    Pixels image(784), scratch(augmentation.scratch_size());
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (std::size_t i = 0; i < data.size(); ++i) {
        nib::Rng rng = nib::Rng::stream(9, i);
        augmentation(data.image(i), rng, image, scratch.data());
        for (const std::uint8_t pixel : image) hash = (hash ^ pixel) * 1099511628211u;
    }
    CHECK(hash == 12151976415257573660u);
}
