// normalize_image: a picture of a digit becomes an image such as rasterize() draws of a pen's path, for those who have
// the picture alone: a scan, a photo, a canvas.
//
//   nib::Image picture = nib::load_pgm("seven.pgm");
//   nib::Image image = nib::normalize_image(picture);  // 28 x 28, 0 background and 255 ink
//
// The ink is parted from the paper (paper.hpp) and measured: the pen's width is twice the ink's area over its outline's
// length. The longer side of the ink's box less the pen's width, which is what the pen's path took, becomes 17/28 of
// the image; a pen that is thinner than rasterize()'s own is thickened to it. So a brush and a pencil give the same
// image, as far as ink without its path allows. A wide pen's ink becomes at most 20/28, MNIST's size. The centre of
// mass comes to the centre of the pixel with index (size/2, size/2), or as near to it as it can without cutting ink
// off.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/image.hpp>
#include <nib/ink/detail/paper.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI {

struct NormalizeOptions {
    std::size_t size = 28;  // rows and columns of the result, 8 to 1024
    Paper paper = Paper::automatic;
    float pen_width = 1.6f;  // what thinner pens are thickened to, in 28ths of the image's side; 0 to 4, 0: not at all
};

// Fails on options out of range, on a picture of other than 1x1 to 4096x4096 pixels, and on one without ink.
[[nodiscard]] Image normalize_image(const Image& picture, const NormalizeOptions& options = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/distances.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Rows and columns [top, bottom) x [left, right).
struct PixelBox {
    std::size_t top = 0;
    std::size_t left = 0;
    std::size_t bottom = 0;
    std::size_t right = 0;

    std::size_t longer_side() const { return larger(bottom - top, right - left); }
};

// Of the inked pixels, of which there is one.
inline PixelBox box_of_ink(const Image& ink) {
    PixelBox box{ink.rows, ink.cols, 0, 0};
    for (std::size_t row = 0; row < ink.rows; ++row) {
        for (std::size_t col = 0; col < ink.cols; ++col) {
            if (ink.pixels[row * ink.cols + col] < inked) continue;
            box = {smaller(box.top, row), smaller(box.left, col), row + 1, larger(box.right, col + 1)};
        }
    }
    return box;
}

// What is in `box`, with a margin of `margin` empty pixels around it.
inline Image cut_out(const Image& image, const PixelBox& box, std::size_t margin) {
    Image result{box.bottom - box.top + 2 * margin, box.right - box.left + 2 * margin, {}};
    result.pixels.resize(result.rows * result.cols);
    for (std::size_t row = box.top; row < box.bottom; ++row)
        copy_values(image.pixels.data() + row * image.cols + box.left, box.right - box.left,
                    result.pixels.data() + (row - box.top + margin) * result.cols + margin);
    return result;
}

inline std::vector<std::int32_t> squared_distances_to_ink(const Image& ink) {
    std::vector<std::uint8_t> mask(ink.pixels.size());
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = ink.pixels[i] >= inked ? 1 : 0;
    return squared_distances({mask.data(), mask.size()}, ink.rows, ink.cols);
}

// Twice the area over the outline's length; that is the area of a band around the ink over the band's width.
inline double pen_width_of(const std::vector<std::int32_t>& squared) {
    constexpr double band = 2;  // pixels
    double area = 0;
    double band_area = 0;
    for (const std::int32_t distance : squared) {
        area += distance == 0 ? 1 : 0;
        band_area += distance > 0 && distance < (band + 0.5) * (band + 0.5) ? 1 : 0;
    }
    return 2 * area * band / band_area;
}

// Adds a band of ink of `width` pixels around the ink.
inline void thicken(Image& ink, const std::vector<std::int32_t>& squared, double width) {
    for (std::size_t i = 0; i < squared.size(); ++i) {
        const double reached = width + 1 - square_root(static_cast<double>(squared[i]));
        if (reached <= 0) continue;
        ink.pixels[i] = larger(ink.pixels[i], static_cast<std::uint8_t>(255 * smaller(reached, 1.0) + 0.5));
    }
}

// image = scale * picture + offset, along one side of both.
struct Mapping {
    double scale = 1;
    double offset = 0;
};

// Each pixel of `to` is the mean of `from` over the pixel's extent in it, which is taken for no less than a pixel of
// `from`: that is linear interpolation where the image is larger than the picture. Strides lie between neighbours.
inline void resample(const float* from, std::size_t from_count, std::size_t from_stride, float* to,
                     std::size_t to_count, std::size_t to_stride, Mapping mapping) {
    const double extent = larger(1 / mapping.scale, 1.0);
    for (std::size_t i = 0; i < to_count; ++i) {
        const double middle = (static_cast<double>(i) + 0.5 - mapping.offset) / mapping.scale;
        const double low = clamped(middle - extent / 2, 0.0, static_cast<double>(from_count));
        const double high = clamped(middle + extent / 2, 0.0, static_cast<double>(from_count));
        double sum = 0;
        for (auto k = static_cast<std::size_t>(low); static_cast<double>(k) < high; ++k) {
            const double covered = smaller(static_cast<double>(k + 1), high) - larger(static_cast<double>(k), low);
            sum += covered * static_cast<double>(from[k * from_stride]);
        }
        to[i * to_stride] = static_cast<float>(sum / extent);
    }
}

inline Image resampled(const Image& ink, std::size_t size, Mapping x, Mapping y) {
    std::vector<float> values(ink.pixels.begin(), ink.pixels.end());
    std::vector<float> narrow(ink.rows * size);
    for (std::size_t row = 0; row < ink.rows; ++row)
        resample(values.data() + row * ink.cols, ink.cols, 1, narrow.data() + row * size, size, 1, x);
    std::vector<float> reduced(size * size);
    for (std::size_t col = 0; col < size; ++col)
        resample(narrow.data() + col, ink.rows, size, reduced.data() + col, size, size, y);
    Image result{size, size, std::vector<std::uint8_t>(size * size)};
    for (std::size_t i = 0; i < reduced.size(); ++i)
        result.pixels[i] = static_cast<std::uint8_t>(smaller(reduced[i], 255.0f) + 0.5f);
    return result;
}

// Puts `center` at the centre of the middle pixel, or as near to it as [low, high] stays within the image.
inline Mapping centered(double scale, double center, double low, double high, std::size_t size) {
    const double wanted = static_cast<double>(size / 2) + 0.5 - scale * center;
    const double least = -scale * low;
    const double most = static_cast<double>(size) - scale * high;
    return {scale, clamped(wanted, smaller(least, most), larger(least, most))};
}

}  // namespace detail

NIB_API Image normalize_image(const Image& picture, const NormalizeOptions& options) {
    if (options.size < 8 || options.size > 1024)
        fail("normalize_image: expected a size from 8 to 1024, found " + std::to_string(options.size));
    if (!(options.pen_width >= 0 && options.pen_width <= 4))
        fail("normalize_image: expected a pen width from 0 to 4, found " +
             format_fixed(static_cast<double>(options.pen_width), 2));
    Image ink = separate_ink(picture, options.paper);
    const detail::PixelBox box = detail::box_of_ink(ink);
    const auto longer = static_cast<double>(box.longer_side());
    const double unit = static_cast<double>(options.size) / 28;
    const double wanted_width = static_cast<double>(options.pen_width);

    const auto margin = static_cast<std::size_t>(longer * wanted_width / (2 * 17)) + 4;
    ink = detail::cut_out(ink, box, margin);
    const std::vector<std::int32_t> squared = detail::squared_distances_to_ink(ink);
    const double pen = detail::pen_width_of(squared);
    const double path = larger(longer - pen, 17 * longer / 20);
    const double scale = 17 * unit / path;
    const double added = larger((wanted_width * unit / scale - pen) / 2, 0.0);
    if (added > 0) detail::thicken(ink, squared, added);

    double mass = 0;
    double moment_x = 0;
    double moment_y = 0;
    for (std::size_t row = 0; row < ink.rows; ++row) {
        for (std::size_t col = 0; col < ink.cols; ++col) {
            const double value = ink.pixels[row * ink.cols + col];
            mass += value;
            moment_x += value * (static_cast<double>(col) + 0.5);
            moment_y += value * (static_cast<double>(row) + 0.5);
        }
    }
    const double begin = static_cast<double>(margin) - added;
    const double end_x = static_cast<double>(ink.cols - margin) + added;
    const double end_y = static_cast<double>(ink.rows - margin) + added;
    return detail::resampled(ink, options.size, detail::centered(scale, moment_x / mass, begin, end_x, options.size),
                             detail::centered(scale, moment_y / mass, begin, end_y, options.size));
}

}  // namespace nib::inline NIB_ABI

#endif
