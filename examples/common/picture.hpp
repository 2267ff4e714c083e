// Picture: 8-bit pixels, grey or RGB.  draw_text: captions in a small font.  write_png: to a PNG file, whole or not at
// all.  contact_sheet: many small images with a caption each, to look over what a network got wrong.
#pragma once

#include "font.hpp"

#include <nib/core/error.hpp>
#include <nib/io/file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

struct Color {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
};
inline constexpr Color black{0, 0, 0};
inline constexpr Color white{255, 255, 255};

enum class PixelFormat { grey = 1, rgb = 3 };  // the value is the number of bytes of a pixel

// Row by row from the top; pixel (0, 0) is the upper left one.
class Picture {
public:
    // Fails on sizes that are not positive or that take more than 256 MiB.
    Picture(int width, int height, PixelFormat format, Color background) : format_{format} {
        constexpr std::int64_t most = std::int64_t{1} << 28;
        if (width < 1 || height < 1 || std::int64_t{width} * height > most / channels())
            nib::fail("a picture of " + std::to_string(width) + "x" + std::to_string(height) +
                      " pixels: expected at least 1x1 and at most 256 MiB");
        width_ = width;
        height_ = height;
        pixels_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                       static_cast<std::size_t>(channels()));
        fill(0, 0, width, height, background);
    }

    int width() const { return width_; }
    int height() const { return height_; }
    int channels() const { return static_cast<int>(format_); }
    std::span<const std::uint8_t> pixels() const { return pixels_; }

    // What lies outside is not drawn.
    void set(int x, int y, Color color) {
        if (x < 0 || x >= width_ || y < 0 || y >= height_) return;
        std::uint8_t* pixel = &pixels_[offset(x, y)];
        if (format_ == PixelFormat::grey) {
            pixel[0] = luma(color);
        } else {
            pixel[0] = color.red;
            pixel[1] = color.green;
            pixel[2] = color.blue;
        }
    }

    void fill(int left, int top, int width, int height, Color color) {
        for (int y = top; y < top + height; ++y)
            for (int x = left; x < left + width; ++x) set(x, y, color);
    }

private:
    std::size_t offset(int x, int y) const {
        const std::size_t index =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
        return index * static_cast<std::size_t>(channels());
    }

    // ITU-R BT.601.
    static std::uint8_t luma(Color color) {
        return static_cast<std::uint8_t>((299 * color.red + 587 * color.green + 114 * color.blue + 500) / 1000);
    }

    PixelFormat format_;
    int width_ = 0;
    int height_ = 0;
    std::vector<std::uint8_t> pixels_;
};

// `text` with its upper left corner at (left, top), every pixel of the font scale x scale pixels.
void draw_text(Picture& picture, int left, int top, std::string_view text, Color color, int scale = 1);

// The width of what draw_text draws, in pixels.
int text_width(std::string_view text, int scale = 1);

// The picture as a PNG file.
std::string png_bytes(const Picture& picture);
void write_png(const Picture& picture, const std::string& path);

// Whether a label is a plain word: 1 to 32 digits and letters.
bool is_plain(std::string_view label);

// The file name of drawing `number`: 00001.png, or 00001-LABEL.png where the label is a plain word.
std::string png_name(std::size_t number, const std::string& label);

enum class Verdict { none, right, wrong };

struct CaptionedImage {
    std::span<const std::uint8_t> pixels;  // [rows, cols]; 0 is background, 255 is ink
    std::string caption;
    Verdict verdict = Verdict::none;
};

// Dark ink on white paper, `scale` times as large as the image of rows x cols pixels.
void draw_image(Picture& picture, int left, int top, std::span<const std::uint8_t> pixels, int rows, int cols,
                int scale);

// Images of rows x cols pixels in a grid of `columns`, each `scale` times as large; below each its caption, green where
// the verdict is right and red where it is wrong.
Picture contact_sheet(std::span<const CaptionedImage> images, int rows, int cols, int scale, int columns);

}  // namespace examples
