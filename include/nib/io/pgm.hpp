// Grey images in PGM files (Netpbm's portable graymap), as scanners and image programs write them: binary ("P5") and
// plain ("P2") ones are read, binary ones are written. A file's maximal value, 1 to 255, becomes 255.
//
//   P5                               the magic number
//   # any comments                   up to the end of the line, before any of the numbers
//   28 28 255                        width, height, maximal value, then one white-space character
//   784 bytes                        row by row from the top; in a plain file decimal numbers between white space
//
// Refused by Error, with the path and the byte: sizes beyond 1x1 to 65536x65536, a maximal value above 255 (pixels of
// 16 bits), pixels above it, and fewer or more pixels than the header says.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/image.hpp>

#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

// Whether a file with this content claims to be a PGM file that parse_pgm may read.
inline bool is_pgm(std::string_view content) { return content.starts_with("P5") || content.starts_with("P2"); }

// `path` is for messages.
[[nodiscard]] NIB_API Image parse_pgm(std::string_view content, const std::string& path);

[[nodiscard]] NIB_API Image load_pgm(const std::string& path);

// A binary file with 255 as its maximal value. Fails on an image without pixels, or of another number than its sizes
// say.
NIB_API void save_pgm(const Image& image, const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

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
    PgmReader(std::string_view content, const std::string& path) : content_{content}, path_{path} {}

    Image read() {
        const bool plain = content_.starts_with("P2");
        if (!plain && !content_.starts_with("P5")) fail_expected("a PGM file, which starts with P5 or P2");
        position_ = 2;
        Image image;
        image.cols = number("a width", 1, longest_side);
        image.rows = number("a height", 1, longest_side);
        largest_ = number("a maximal value", 1, 255);
        if (!is_space(next())) fail_expected("white space after the maximal value");
        ++position_;
        // A pixel takes a byte in a binary file, a digit and white space before it in a plain one (not at the first).
        const std::size_t count = image.rows * image.cols;
        const std::size_t held = content_.size() - position_;
        if (plain ? held / 2 + 1 < count : held != count)
            fail(path_ + ": byte " + std::to_string(position_) + ": the header declares " + std::to_string(image.cols) +
                 "x" + std::to_string(image.rows) + " pixels (" + std::to_string(plain ? 2 * count - 1 : count) +
                 (plain ? " bytes at least" : " bytes") + "), the file holds " + std::to_string(held) +
                 " bytes of them");
        image.pixels.resize(count);
        for (std::uint8_t& pixel : image.pixels) pixel = scaled(plain ? number("a pixel", 0, largest_) : byte());
        skip_spaces();
        if (plain && position_ < content_.size()) fail_expected("the end after " + std::to_string(count) + " pixels");
        return image;
    }

private:
    static constexpr std::size_t longest_side = 65536;

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

    std::size_t byte() {
        const auto value = static_cast<std::size_t>(next());
        if (value > largest_)
            fail(path_ + ": byte " + std::to_string(position_) + ": expected a pixel from 0 to " +
                 std::to_string(largest_) + ", found " + std::to_string(value));
        ++position_;
        return value;
    }

    std::uint8_t scaled(std::size_t value) const {
        return static_cast<std::uint8_t>((2 * value * 255 + largest_) / (2 * largest_));
    }

    [[noreturn]] void fail_expected(const std::string& what) const {
        const std::string_view rest = content_.substr(position_);
        fail(path_ + ": byte " + std::to_string(position_) + ": expected " + what + ", found " +
             (rest.empty() ? "the file's end" : in_quotes(rest.substr(0, 10))));
    }

    std::string_view content_;
    const std::string& path_;
    std::size_t position_ = 0;
    std::size_t largest_ = 255;
};

}  // namespace detail

NIB_API Image parse_pgm(std::string_view content, const std::string& path) {
    return detail::PgmReader{content, path}.read();
}

NIB_API Image load_pgm(const std::string& path) { return parse_pgm(read_file(path), path); }

NIB_API void save_pgm(const Image& image, const std::string& path) {
    if (image.pixels.empty() || image.pixels.size() != image.rows * image.cols)
        fail(path + ": expected an image of at least 1x1 pixels, found " + std::to_string(image.cols) + "x" +
             std::to_string(image.rows) + " with " + std::to_string(image.pixels.size()));
    AtomicFile file{path};
    file.write("P5\n" + std::to_string(image.cols) + " " + std::to_string(image.rows) + "\n255\n");
    file.write(bytes_of(image.pixels));
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
