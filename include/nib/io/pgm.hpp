// Images in Netpbm files, as scanners and image programs write them, as grey images: graymaps (PGM: binary "P5", plain
// "P2"), pixmaps (PPM: "P6", "P3"), whose colours become grey, and bitmaps (PBM: "P4", "P1"), whose 1 is black. Binary
// graymaps are written. A file's maximal value, 1 to 65535, becomes 255.
//
//   P5                               the magic number
//   # any comments                   up to the end of the line, before and after any of the numbers
//   28 28 255                        width, height, maximal value (not in a bitmap), then one white-space character
//   784 bytes                        row by row from the top; two bytes a value, the higher first, where the maximal
//                                    value is above 255; in a plain file decimal numbers between white space
//
// White space at the end is skipped. Refused by Error, with the path and the byte: sizes beyond 1x1 to 65536x65536, a
// maximal value above 65535, pixels above the maximal value, fewer or more pixels than the header says, and a second
// image in the file.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/image.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

// Whether a file with this content claims to be a Netpbm file that parse_pgm may read.
inline bool is_pgm(std::string_view content) {
    return content.size() >= 2 && content[0] == 'P' && content[1] >= '1' && content[1] <= '6';
}

// `path` is for messages. Sizes are at most longest_side x longest_side.
[[nodiscard]] Image parse_pgm(std::string_view content, const std::string& path, std::size_t longest_side = 65536);

[[nodiscard]] Image load_pgm(const std::string& path);

// A binary file with 255 as its maximal value. Fails on an image without pixels, or of another number than its sizes
// say.
void save_pgm(const Image& image, const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/join.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

class PgmReader {
public:
    PgmReader(std::string_view content, const std::string& path, std::size_t longest_side)
        : content_{content}, path_{path}, longest_side_{longest_side} {}

    Image read() {
        if (!is_pgm(content_)) fail_expected("a PGM, PPM or PBM file, which starts with P1 to P6");
        const char kind = content_[1];
        plain_ = kind <= '3';
        bitmap_ = kind == '1' || kind == '4';
        channels_ = kind == '3' || kind == '6' ? 3 : 1;
        position_ = 2;
        Image image;
        image.cols = number("a width", 1, longest_side_);
        image.rows = number("a height", 1, longest_side_);
        largest_ = bitmap_ ? 1 : number("a maximal value", 1, 65535);
        end_header();
        check_held(image);
        image.pixels.resize(image.rows * image.cols);
        std::size_t i = 0;
        for (std::uint8_t& pixel : image.pixels) {
            // Each row of a binary bitmap starts with a new byte.
            if (i++ % image.cols == 0) end_byte();
            pixel = grey();
        }
        end_byte();
        check_end(image);
        return image;
    }

private:
    static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

    // -1 at the end.
    int next() const { return position_ < content_.size() ? static_cast<unsigned char>(content_[position_]) : -1; }

    void skip_spaces() {
        bool in_comment = false;
        for (; next() == '#' || is_space(next()) || (in_comment && next() != -1); ++position_) {
            if (next() == '#') in_comment = true;
            if (next() == '\n' || next() == '\r') in_comment = false;
        }
    }

    std::size_t number(const char* what, std::size_t low, std::size_t high) {
        // The magic number, or a number: something must part them.
        const std::size_t before = position_;
        if (!is_space(next()) && next() != '#' && before == 2) fail_expected("white space after the magic number");
        skip_spaces();
        std::size_t end = position_;
        while (end < content_.size() && content_[end] >= '0' && content_[end] <= '9') ++end;
        const auto value = parse_number<std::size_t>(content_.substr(position_, end - position_));
        if (!value || *value < low || *value > high)
            fail_expected(std::string(what) + " from " + std::to_string(low) + " to " + std::to_string(high));
        position_ = end;
        return *value;
    }

    // One white-space character, in front of which a comment may stand: it is then the comment's line end.
    void end_header() {
        if (plain_ && next() == '#') return;
        while (next() == '#') skip_comment();
        if (!is_space(next()))
            fail_expected(bitmap_ ? "white space after the height" : "white space after the maximal value");
        ++position_;
    }

    void skip_comment() {
        while (next() != -1 && next() != '\n' && next() != '\r') ++position_;
    }

    // That the file has all pixels, before memory is taken for them.
    void check_held(const Image& image) const {
        const std::uint64_t rows = image.rows, cols = image.cols;  // whose product may be beyond a size of 32 bits
        const std::uint64_t values = rows * cols * channels_;
        const std::size_t held = content_.size() - position_;
        // A plain file has a digit for a value, and white space before it, but not at the first; a bitmap needs none.
        const std::uint64_t needed = plain_ && bitmap_ ? values
                                     : plain_          ? 2 * values - 1
                                     : bitmap_         ? rows * ((cols + 7) / 8)
                                                       : values * value_bytes();
        if (held >= needed) return;
        fail({path_, ": byte ", position_, ": the header declares ", image.cols, "x", image.rows, " pixels (", needed,
              (plain_ ? " bytes at least" : " bytes"), "), the file holds ", held, " bytes of them"});
    }

    // At most white space, and in a plain file comments.
    void check_end(const Image& image) {
        const std::size_t end = position_;
        while (is_space(next())) ++position_;
        if (plain_) skip_spaces();
        const std::string_view rest = content_.substr(position_);
        if (rest.empty()) return;
        position_ = plain_ || is_pgm(rest) ? position_ : end;
        if (is_pgm(rest))
            fail_expected("one image of " + std::to_string(image.cols) + "x" + std::to_string(image.rows) +
                          " pixels (a file of several images is not read)");
        fail_expected("the end after " + std::to_string(image.pixels.size()) + " pixels");
    }

    // Of the next pixel.
    std::uint8_t grey() {
        if (bitmap_) return plain_bit() == 0 ? 255 : 0;
        if (channels_ == 1) return scaled(value());
        const std::size_t red = scaled(value());
        const std::size_t green = scaled(value());
        const std::size_t blue = scaled(value());
        // ITU-R BT.601.
        return static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
    }

    void end_byte() {
        if (bit_ > 0) ++position_;
        bit_ = 0;
    }

    std::size_t value() { return plain_ ? number("a pixel", 0, largest_) : bytes(); }

    // Of a bitmap.
    std::size_t plain_bit() {
        if (plain_) {
            skip_spaces();
            if (next() != '0' && next() != '1') fail_expected("a pixel, 0 or 1");
            return content_[position_++] == '1' ? 1 : 0;
        }
        const auto byte = static_cast<unsigned char>(content_[position_]);
        const std::size_t result = (byte >> (7 - bit_)) & 1u;
        bit_ = (bit_ + 1) % 8;
        if (bit_ == 0) ++position_;
        return result;
    }

    std::size_t value_bytes() const { return largest_ > 255 ? 2 : 1; }

    // Of a binary file.
    std::size_t bytes() {
        const std::size_t start = position_;
        std::size_t value = 0;
        for (const std::size_t end = start + value_bytes(); position_ < end; ++position_)
            value = value * 256 + static_cast<std::size_t>(next());
        if (value > largest_)
            fail({path_, ": byte ", start, ": expected a pixel from 0 to ", largest_, ", found ", value});
        return value;
    }

    std::uint8_t scaled(std::size_t value) const {
        return static_cast<std::uint8_t>((2 * value * 255 + largest_) / (2 * largest_));
    }

    [[noreturn]] void fail_expected(const std::string& what) const {
        const std::string_view rest = content_.substr(position_);
        fail({path_, ": byte ", position_, ": expected ", what, ", found ",
              (rest.empty() ? "the file's end" : format_quoted(rest.substr(0, 10)))});
    }

    std::string_view content_;
    const std::string& path_;
    std::size_t longest_side_;
    std::size_t position_ = 0;
    std::size_t largest_ = 255;
    std::size_t channels_ = 1;
    unsigned bit_ = 0;  // of the byte at position_, in a binary bitmap
    bool plain_ = false;
    bool bitmap_ = false;
};

}  // namespace detail

NIB_API Image parse_pgm(std::string_view content, const std::string& path, std::size_t longest_side) {
    return detail::PgmReader{content, path, longest_side}.read();
}

NIB_API Image load_pgm(const std::string& path) { return parse_pgm(read_file(path), path); }

NIB_API void save_pgm(const Image& image, const std::string& path) {
    if (image.pixels.empty() || image.pixels.size() != image.rows * image.cols)
        fail({path, ": expected an image of at least 1x1 pixels, found ", image.cols, "x", image.rows, " with ",
              image.pixels.size()});
    AtomicFile file{path};
    file.write(bytes_of(detail::join({"P5\n", image.cols, " ", image.rows, "\n255\n"})));
    file.write(bytes_of(image.pixels));
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
