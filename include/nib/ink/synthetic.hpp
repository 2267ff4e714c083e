// Synthetic digits: labelled drawings and images of digits that nib draws itself, for training without any data.
//
// A digit starts from one of its templates. Its control points are jittered, the path runs as Catmull-Rom curves
// through them (Catmull & Rom 1974), the whole is warped smoothly, made narrower or wider, slanted and turned, and then
// sampled as a pen, a fast hand or a mouse would be. Its image is rasterised as real drawings are, with a pen of random
// width. Only +, -, *, / and square roots are used, so that the same seed gives the same images whatever the C library
// (where the build's flags fuse multiply-adds, as -march=native does, a pixel may differ by one grey level).
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nib::inline NIB_ABI {

// A drawing of `digit`, 0 to 9, labelled with it; about 2 units high.
Drawing synthetic_digit(int digit, Rng& rng);

// `count` drawings, as many of each digit (one more of the first count % 10), in shuffled order. A drawing depends on
// the seed, its index and its label alone.
[[nodiscard]] std::vector<Drawing> synthetic_drawings(std::size_t count, std::uint64_t seed);

// The images of these, 28 x 28, each drawn with a random pen. An executor shares out the work.
[[nodiscard]] Dataset synthetic_digits(std::size_t count, std::uint64_t seed, Executor* executor = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/ink/detail/handwriting.hpp>
#include <nib/ink/rasterize.hpp>

#include <array>
#include <string>

namespace nib::inline NIB_ABI {

NIB_API Drawing synthetic_digit(int digit, Rng& rng) {
    if (digit < 0 || digit > 9) fail("synthetic_digit: expected a digit from 0 to 9, found " + std::to_string(digit));
    const detail::ArrayView<DigitTemplate> choices = templates_of(digit);
    const std::uint64_t choice = rng.below(choices.size());
    const DigitTemplate& chosen = choices[static_cast<std::size_t>(choice)];
    const detail::List<ControlPoint> points = detail::jittered(chosen.points, rng);
    const detail::Handwriting hand{rng};
    Drawing drawing{detail::strokes_through(points), std::to_string(digit)};
    const detail::Sampling sampling{rng};
    for (Stroke& stroke : drawing.strokes) {
        for (Point& point : stroke) point = hand(point);
        stroke = sampling(stroke, rng);
    }
    return drawing;
}

namespace detail {

// As many of each digit (one more of the first count % 10), in shuffled order.
inline std::vector<int> shuffled_digits(std::size_t count, std::uint64_t seed) {
    std::vector<int> digits(count);
    for (std::size_t i = 0; i < count; ++i) digits[i] = static_cast<int>(i % 10);
    Rng order{seed};
    order.shuffle(digits);
    return digits;
}

}  // namespace detail

NIB_API std::vector<Drawing> synthetic_drawings(std::size_t count, std::uint64_t seed) {
    std::vector<Drawing> drawings;
    drawings.reserve(count);
    for (const int digit : detail::shuffled_digits(count, seed)) {
        Rng rng = Rng::stream(seed, drawings.size());
        drawings.push_back(synthetic_digit(digit, rng));
    }
    return drawings;
}

NIB_API Dataset synthetic_digits(std::size_t count, std::uint64_t seed, Executor* executor) {
    Dataset dataset;
    dataset.rows = dataset.cols = RasterOptions{}.size;
    dataset.name = "synthetic digits";
    dataset.labels = detail::shuffled_digits(count, seed);
    dataset.pixels.resize(count * dataset.input_size());
    const auto draw = [&](Range range) {
        for (std::size_t i = range.first; i < range.first + range.count; ++i) {
            Rng rng = Rng::stream(seed, i);
            const Drawing drawing = synthetic_digit(dataset.labels[i], rng);
            rasterize(drawing, detail::random_pen(rng),
                      {dataset.pixels.data() + i * dataset.input_size(), dataset.input_size()});
        }
    };
    if (executor == nullptr) {
        draw({0, count});
    } else {
        const std::size_t parts = executor->size();
        executor->parallel_for(parts, [&](std::size_t part) { draw(chunk(count, part, parts)); });
    }
    return dataset;
}

}  // namespace nib::inline NIB_ABI

#endif
