// separate_ink: a picture of ink on paper becomes an image of the ink alone, 0 paper and 255 ink.
//
// The paper need not be uniform: what it would look like without ink is estimated for each pixel and subtracted, so
// that a light gradient or a shadow's soft edge is no ink. One threshold then parts ink from paper. Specks are removed.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/image.hpp>

#include <cstdint>

namespace nib::inline NIB_ABI {

enum class Paper {
    automatic,  // light or dark, whichever the picture's border is nearer to
    light,      // dark ink on it
    dark,       // light ink on it
};

// Half way from paper to ink and above a pixel is inked.
inline constexpr std::uint8_t inked = 128;

// The image has the picture's size. Connected inked pixels that are fewer than 1/64 of all inked ones are specks, and
// become paper. Fails on a picture of other than 1x1 to 4096x4096 pixels, and on one without ink, which is at least 20
// of 255 grey levels from the paper.
[[nodiscard]] Image separate_ink(Image picture, Paper paper = Paper::automatic);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// [rows, cols] numbers, row by row.
struct Plane {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<float> values;

    float& at(std::size_t row, std::size_t col) { return values[row * cols + col]; }
    float at(std::size_t row, std::size_t col) const { return values[row * cols + col]; }
};

inline void check_picture(const Image& picture) {
    constexpr std::size_t longest = 4096;
    if (picture.rows < 1 || picture.rows > longest || picture.cols < 1 || picture.cols > longest)
        fail("picture: expected 1x1 to 4096x4096 pixels, found " + std::to_string(picture.cols) + "x" +
             std::to_string(picture.rows));
    if (picture.pixels.size() != picture.rows * picture.cols)
        fail("picture: expected " + std::to_string(picture.rows * picture.cols) + " pixels, found " +
             std::to_string(picture.pixels.size()));
}

// The side of the square blocks of which the longer side of a picture has `blocks`, or one a pixel.
inline std::size_t block_side(const Image& picture, std::size_t blocks) {
    return (larger(picture.rows, picture.cols) + blocks - 1) / blocks;
}

// Means of square blocks of `side` pixels; the last ones of a row or column may be smaller.
inline Plane block_means(const Image& picture, std::size_t side) {
    Plane means{(picture.rows + side - 1) / side, (picture.cols + side - 1) / side, {}};
    means.values.resize(means.rows * means.cols);
    std::vector<float> counts(means.values.size());
    for (std::size_t row = 0; row < picture.rows; ++row) {
        for (std::size_t col = 0; col < picture.cols; ++col) {
            const std::size_t block = row / side * means.cols + col / side;
            means.values[block] += picture.pixels[row * picture.cols + col];
            counts[block] += 1;
        }
    }
    for (std::size_t i = 0; i < counts.size(); ++i) means.values[i] /= counts[i];
    return means;
}

// Whether the border, which hardly ever is ink, is nearer to the lightest than to the darkest that there is.
inline bool has_light_paper(const Image& picture) {
    const Plane means = block_means(picture, block_side(picture, 256));  // fine enough for thin pens
    std::vector<float> border;
    for (std::size_t row = 0; row < means.rows; ++row)
        for (std::size_t col = 0; col < means.cols; ++col)
            if (row == 0 || col == 0 || row + 1 == means.rows || col + 1 == means.cols)
                border.push_back(means.at(row, col));
    sort_values(border.data(), border.size(), [](float a, float b) { return a < b; });
    const float paper = border[border.size() / 2];
    float darkest = paper;
    float lightest = paper;
    for (const float mean : means.values) {
        darkest = smaller(darkest, mean);
        lightest = larger(lightest, mean);
    }
    return paper - darkest >= lightest - paper;
}

// The largest of each window of 2 reach + 1 values of `line`, in all places where a window meets it: reach more at each
// end. `choose` is `larger`, or `smaller` for the smallest.
template <class Choose>
std::vector<float> window_extremes(const std::vector<float>& line, std::size_t reach, Choose choose) {
    std::vector<float> result(line.size() + 2 * reach);
    for (std::size_t place = 0; place < result.size(); ++place) {
        const std::size_t first = place < 2 * reach ? 0 : place - 2 * reach;
        float extreme = line[first];
        for (std::size_t i = first; i <= smaller(place, line.size() - 1); ++i) extreme = choose(extreme, line[i]);
        result[place] = extreme;
    }
    return result;
}

template <class Choose>
Plane window_extremes(const Plane& plane, std::size_t reach, Choose choose) {
    Plane wide{plane.rows, plane.cols + 2 * reach, {}};
    for (std::size_t row = 0; row < plane.rows; ++row) {
        const float* const begin = plane.values.data() + row * plane.cols;
        const std::vector<float> line = window_extremes(std::vector<float>(begin, begin + plane.cols), reach, choose);
        append_values(wide.values, line);
    }
    Plane result{wide.rows + 2 * reach, wide.cols, std::vector<float>((wide.rows + 2 * reach) * wide.cols)};
    for (std::size_t col = 0; col < wide.cols; ++col) {
        std::vector<float> column(wide.rows);
        for (std::size_t row = 0; row < wide.rows; ++row) column[row] = wide.at(row, col);
        column = window_extremes(column, reach, choose);
        for (std::size_t row = 0; row < result.rows; ++row) result.at(row, col) = column[row];
    }
    return result;
}

// A morphological closing: dark things that no window fits into vanish, slopes and light things stay as they are.
inline Plane closed(const Plane& plane, std::size_t reach) {
    const Plane dilated = window_extremes(plane, reach, [](float a, float b) { return larger(a, b); });
    const Plane eroded = window_extremes(dilated, reach, [](float a, float b) { return smaller(a, b); });
    Plane result{plane.rows, plane.cols, {}};
    for (std::size_t row = 0; row < plane.rows; ++row)
        for (std::size_t col = 0; col < plane.cols; ++col)
            result.values.push_back(eroded.at(row + 2 * reach, col + 2 * reach));
    return result;
}

// How much darker than the paper around it each pixel of a picture on light paper is.
inline Image darkness(const Image& picture, const Plane& paper, std::size_t side) {
    // Between the blocks' centres the paper is linear.
    struct Place {
        std::size_t low, high;
        float share;  // of `high`
    };
    const auto place_of = [side](std::size_t pixel, std::size_t count) {
        const float position = (static_cast<float>(pixel) + 0.5f) / static_cast<float>(side) - 0.5f;
        const float inside = clamped(position, 0.0f, static_cast<float>(count - 1));
        const auto low = static_cast<std::size_t>(inside);
        return Place{low, smaller(low + 1, count - 1), inside - static_cast<float>(low)};
    };
    Image result{picture.rows, picture.cols, std::vector<std::uint8_t>(picture.pixels.size())};
    std::vector<float> line(paper.cols);
    for (std::size_t row = 0; row < picture.rows; ++row) {
        const Place y = place_of(row, paper.rows);
        for (std::size_t i = 0; i < paper.cols; ++i)
            line[i] = paper.at(y.low, i) + y.share * (paper.at(y.high, i) - paper.at(y.low, i));
        for (std::size_t col = 0; col < picture.cols; ++col) {
            const Place x = place_of(col, paper.cols);
            const float level = line[x.low] + x.share * (line[x.high] - line[x.low]);
            const float dark = level - static_cast<float>(picture.pixels[row * picture.cols + col]);
            result.pixels[row * picture.cols + col] = static_cast<std::uint8_t>(clamped(dark + 0.5f, 0.0f, 255.0f));
        }
    }
    return result;
}

// The means of the values below and above the threshold that parts them best (Otsu 1979).
struct TwoLevels {
    double low = 0;
    double high = 0;
};

inline TwoLevels two_levels(std::span<const std::uint8_t> values) {
    std::array<double, 256> counts{};
    double sum = 0;
    for (const std::uint8_t value : values) {
        counts[value] += 1;
        sum += value;
    }
    const auto total = static_cast<double>(values.size());
    TwoLevels best;
    double best_spread = -1;
    double below = 0;
    double sum_below = 0;
    for (std::size_t threshold = 0; threshold < 255; ++threshold) {
        below += counts[threshold];
        sum_below += counts[threshold] * static_cast<double>(threshold);
        if (below == 0 || below == total) continue;
        const TwoLevels levels{sum_below / below, (sum - sum_below) / (total - below)};
        const double difference = levels.high - levels.low;
        const double spread = below * (total - below) * difference * difference;
        if (spread <= best_spread) continue;
        best_spread = spread;
        best = levels;
    }
    return best;
}

// The pixels that are connected with `start`, diagonals included, and marked in `mask`; they are unmarked.
inline void take_connected(std::vector<std::uint8_t>& mask, const Image& image, std::size_t start,
                           std::vector<std::uint32_t>& found) {
    found.assign(1, static_cast<std::uint32_t>(start));
    mask[start] = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::size_t row = found[i] / image.cols;
        const std::size_t col = found[i] % image.cols;
        for (std::size_t y = row > 0 ? row - 1 : 0; y <= smaller(row + 1, image.rows - 1); ++y) {
            for (std::size_t x = col > 0 ? col - 1 : 0; x <= smaller(col + 1, image.cols - 1); ++x) {
                const std::size_t next = y * image.cols + x;
                if (mask[next] == 0) continue;
                mask[next] = 0;
                found.push_back(static_cast<std::uint32_t>(next));
            }
        }
    }
}

}  // namespace detail

NIB_API Image separate_ink(Image picture, Paper paper) {
    detail::check_picture(picture);
    if (paper == Paper::dark || (paper == Paper::automatic && !detail::has_light_paper(picture)))
        for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
    const std::size_t side = detail::block_side(picture, 64);  // blocks average noise away
    const detail::Plane means = detail::block_means(picture, side);
    const std::size_t reach = larger(means.rows, means.cols) / 4 + 1;
    Image ink = detail::darkness(picture, detail::closed(means, reach), side);

    constexpr double least_contrast = 20;
    const detail::TwoLevels levels = detail::two_levels({ink.pixels.data(), ink.pixels.size()});
    const double contrast = levels.high - levels.low;
    if (contrast < least_contrast) fail("picture: expected ink on paper, found no ink");
    // The slope between is that of the edge of a pen's stroke; noise of the paper is cut off.
    const double paper_level = levels.low + 0.2 * contrast;
    const double per_level = 255 / (0.6 * contrast);
    std::vector<std::uint8_t> mask(ink.pixels.size());
    std::size_t inked_pixels = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) {
        const double value = (static_cast<double>(ink.pixels[i]) - paper_level) * per_level;
        ink.pixels[i] = static_cast<std::uint8_t>(clamped(value + 0.5, 0.0, 255.0));
        mask[i] = ink.pixels[i] >= inked ? 1 : 0;
        inked_pixels += mask[i];
    }
    std::vector<std::uint32_t> component;
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) continue;
        detail::take_connected(mask, ink, i, component);
        if (component.size() * 64 >= inked_pixels) continue;
        for (const std::uint32_t pixel : component) ink.pixels[pixel] = 0;
    }
    return ink;
}

}  // namespace nib::inline NIB_ABI

#endif
