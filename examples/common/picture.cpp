#include "picture.hpp"

#include "font.hpp"
#include "interrupt.hpp"

#include <nib/io/atomic_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace examples {

namespace {

constexpr Color caption_color(Verdict verdict) {
    return verdict == Verdict::right ? Color{0, 110, 40} : verdict == Verdict::wrong ? Color{190, 20, 20} : black;
}

}  // namespace

void draw_text(Picture& picture, int left, int top, std::string_view text, Color color, int scale) {
    for (const char character : text) {
        for (int row = 0; row < glyph_height; ++row)
            for (int column = 0; column < glyph_width; ++column)
                if (glyph_has_ink(character, column, row))
                    picture.fill(left + column * scale, top + row * scale, scale, scale, color);
        left += (glyph_width + 1) * scale;
    }
}

int text_width(std::string_view text, int scale) {
    return text.empty() ? 0 : (static_cast<int>(text.size()) * (glyph_width + 1) - 1) * scale;
}

std::string png_bytes(const Picture& picture) {
    std::string png;
    const auto append = [](void* context, void* data, int size) {
        static_cast<std::string*>(context)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
    };
    const int channels = picture.channels();
    const int written = stbi_write_png_to_func(append, &png, picture.width(), picture.height(), channels,
                                               picture.pixels().data(), picture.width() * channels);
    if (written == 0) throw std::bad_alloc();
    return png;
}

void write_png(const Picture& picture, const std::string& path) {
    const std::string png = png_bytes(picture);
    write_whole([&] {
        nib::AtomicFile file{path};
        file.write(png);
        file.commit();
    });
}

bool is_plain(std::string_view label) {
    return !label.empty() && label.size() <= 32 && std::all_of(label.begin(), label.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

std::string png_name(std::size_t number, const std::string& label) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 5 ? 5 - digits.size() : 0, '0');
    return digits + (is_plain(label) ? "-" + label : std::string()) + ".png";
}

void draw_image(Picture& picture, int left, int top, std::span<const std::uint8_t> pixels, int rows, int cols,
                int scale) {
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < cols; ++x) {
            const std::uint8_t ink = pixels[static_cast<std::size_t>(y * cols + x)];
            const auto paper = static_cast<std::uint8_t>(255 - ink);
            picture.fill(left + x * scale, top + y * scale, scale, scale, Color{paper, paper, paper});
        }
}

Picture contact_sheet(std::span<const CaptionedImage> images, int rows, int cols, int scale, int columns) {
    constexpr int gap = 8;
    constexpr int text_scale = 2;
    const int count = static_cast<int>(images.size());
    columns = std::clamp(columns, 1, std::max(count, 1));
    const int grid_rows = std::max((count + columns - 1) / columns, 1);

    const int image_width = cols * scale;
    const int caption_top = rows * scale + gap / 2;
    int cell_width = image_width;
    for (const auto& image : images) cell_width = std::max(cell_width, text_width(image.caption, text_scale));
    const int step_x = cell_width + gap;
    const int step_y = caption_top + glyph_height * text_scale + gap;

    Picture sheet{columns * step_x + gap, grid_rows * step_y + gap, PixelFormat::rgb, Color{226, 229, 233}};
    for (int i = 0; i < count; ++i) {
        const CaptionedImage& image = images[static_cast<std::size_t>(i)];
        const int middle = gap + i % columns * step_x + cell_width / 2;
        const int top = gap + i / columns * step_y;
        draw_image(sheet, middle - image_width / 2, top, image.pixels, rows, cols, scale);
        draw_text(sheet, middle - text_width(image.caption, text_scale) / 2, top + caption_top, image.caption,
                  caption_color(image.verdict), text_scale);
    }
    return sheet;
}

}  // namespace examples
