#include "read_picture.hpp"

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/file.hpp>
#include <nib/io/pgm.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace {

// Of the largest picture, with 8 bytes a pixel, and the byte that PNG has before each row. Compressed data can claim a
// thousand times their size, whatever the header says of the picture's.
constexpr std::size_t most_bytes = std::size_t{160} << 20;

void* limited_realloc(void* block, std::size_t size) { return size > most_bytes ? nullptr : std::realloc(block, size); }

}  // namespace

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_FAILURE_USERMSG
#define STBI_MALLOC(size) limited_realloc(nullptr, size)
#define STBI_REALLOC(block, size) limited_realloc(block, size)
#define STBI_FREE(block) std::free(block)
#include <stb_image.h>

namespace examples {

namespace {

constexpr std::string_view png_start{"\x89PNG\r\n\x1a\n", 8};
constexpr std::size_t longest_side = 4096;

enum class Kind { none, netpbm, png, jpeg, bmp, other };

bool is_at(std::string_view content, std::size_t position, std::string_view word) {
    return content.size() >= position && content.substr(position, word.size()) == word;
}

// Of a picture that is not read, as people call it; "" for anything else.
std::string_view other_kind(std::string_view content) {
    using namespace std::string_view_literals;
    if (content.starts_with("GIF8")) return "a GIF";
    if (content.starts_with("II*\0"sv) || content.starts_with("MM\0*"sv)) return "a TIFF";
    if (content.starts_with("RIFF") && is_at(content, 8, "WEBP")) return "a WebP picture";
    if (is_at(content, 4, "ftyp")) return is_at(content, 8, "avif") ? "an AVIF picture" : "a HEIC picture or a film";
    if (content.starts_with("P7\n") || content.starts_with("P7 ")) return "a PAM picture";
    if (content.starts_with("Pf") || content.starts_with("PF")) return "a PFM picture";
    if (content.starts_with("8BPS")) return "a Photoshop file";
    if (content.starts_with("%PDF")) return "a PDF document";
    if (content.starts_with("\0\0\1\0"sv)) return "an icon (ICO)";
    if (content.starts_with("\0\0\0\x0cJXL "sv) || content.starts_with("\xff\x0a")) return "a JPEG XL picture";
    if (content.starts_with("\0\0\0\x0cjP  "sv)) return "a JPEG 2000 picture";
    // An SVG file is XML; its first element may stand behind a declaration and comments.
    const std::size_t first = content.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first != std::string_view::npos && content[first] == '<' && content.find("<svg") != std::string_view::npos &&
        content.find("<ink") == std::string_view::npos)
        return "an SVG drawing";
    return "";
}

// Judged by the first bytes.
Kind kind_of(std::string_view content) {
    if (nib::is_pgm(content)) return Kind::netpbm;
    if (content.starts_with(png_start)) return Kind::png;
    if (content.starts_with("\xff\xd8\xff")) return Kind::jpeg;
    if (content.starts_with("BM") && content.size() >= 10 && content.substr(6, 4) == std::string_view("\0\0\0\0", 4))
        return Kind::bmp;
    return other_kind(content.substr(0, 1024)).empty() ? Kind::none : Kind::other;
}

[[noreturn]] void fail_at(const std::string& path, std::size_t byte, const std::string& message) {
    nib::fail(path + ": byte " + std::to_string(byte) + ": " + message);
}

void check_size(const std::string& path, std::size_t byte, std::size_t width, std::size_t height) {
    if (width < 1 || width > longest_side || height < 1 || height > longest_side)
        fail_at(path, byte,
                "expected a picture of 1x1 to 4096x4096 pixels, found " + std::to_string(width) + "x" +
                    std::to_string(height));
}

// CRC-32 as PNG has it (ISO 3309).
std::uint32_t crc_of(std::string_view bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> made{};
        for (std::uint32_t n = 0; n < 256; ++n) {
            std::uint32_t value = n;
            for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
            made[n] = value;
        }
        return made;
    }();
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
    return ~crc;
}

std::uint32_t number_at(std::string_view content, std::size_t position) {
    return nib::load_number<std::uint32_t>(nib::bytes_of(content).data() + position, std::endian::big);
}

// A PNG file is a row of chunks: length, type, data, CRC of type and data. Checked here: that they are whole, from
// IHDR, which has the size, to IEND. stb_image checks no CRC, and cannot take an IDAT chunk without data: the result is
// the file without such.
std::string checked_chunks(std::string_view content, const std::string& path) {
    std::string result{png_start};
    std::size_t compressed = 0;
    std::string_view type;
    for (std::size_t position = png_start.size(); type != "IEND";) {
        constexpr std::size_t around = 12;
        const std::size_t held = content.size() - position;
        const std::size_t length = held < around ? 0 : number_at(content, position);
        if (held < around || length > held - around)
            fail_at(path, position,
                    held < around ? "expected a PNG chunk, found the file's end"
                                  : "a PNG chunk declares " + std::to_string(length) + " bytes, the file holds " +
                                        std::to_string(held - around));
        type = content.substr(position + 4, 4);
        if (position == png_start.size()) {
            if (type != "IHDR" || length != 13)
                fail_at(path, position, "expected a PNG header, found the chunk " + nib::format_quoted(type));
            check_size(path, position + 8, number_at(content, position + 8), number_at(content, position + 12));
        }
        if (crc_of(content.substr(position + 4, 4 + length)) != number_at(content, position + 8 + length))
            fail_at(path, position, "the PNG chunk " + nib::format_quoted(type) + " is damaged: its CRC is another");
        if (type == "IDAT") compressed += length;
        if (type != "IDAT" || length > 0) result += content.substr(position, length + around);
        position += length + around;
    }
    if (compressed == 0) nib::fail(path + ": expected the pixels of a PNG image (IDAT), found none");
    return result;
}

// What stb_image may not see of a BMP file: sizes beyond ours, and pixels that the file does not hold.
void check_bmp(std::string_view content, const std::string& path) {
    const auto number = [&](std::size_t position, std::size_t bytes) {
        const std::byte* const data = nib::bytes_of(content).data() + position;
        return bytes == 2 ? std::size_t{nib::load_number<std::uint16_t>(data, std::endian::little)}
                          : std::size_t{nib::load_number<std::uint32_t>(data, std::endian::little)};
    };
    constexpr std::size_t file_header = 14;
    constexpr std::size_t shortest = 40;  // of the headers that follow
    if (content.size() < file_header + shortest)
        nib::fail(path + ": expected a BMP file's headers, found the file's end");
    const std::size_t header = number(14, 4);
    if (header < shortest || header > 124)
        fail_at(path, 14, "expected a BMP header of 40 to 124 bytes, found " + std::to_string(header));
    const std::size_t width = number(18, 4);
    const std::size_t height = number(22, 4);
    // A negative height, with the rows from the top.
    const std::size_t rows = height >= 0x80000000u ? 0x100000000u - height : height;
    check_size(path, 18, width, rows);
    const std::size_t bits = number(28, 2);
    const std::size_t compression = number(30, 4);
    if ((bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) ||
        (compression != 0 && (compression != 3 || bits < 16)))
        fail_at(path, 28,
                "expected a BMP without compression, found " + std::to_string(bits) + " bits a pixel and compression " +
                    std::to_string(compression));
    const std::size_t needed = (width * bits + 31) / 32 * 4 * rows;
    const std::size_t offset = number(10, 4);
    if (offset < file_header + header || offset > content.size() || content.size() - offset < needed)
        fail_at(path, 10,
                "the BMP's header declares " + std::to_string(needed) + " bytes of pixels from byte " +
                    std::to_string(offset) + ", the file holds " + std::to_string(content.size()) + " bytes");
}

// What stb_image may not see of a JPEG file: a Huffman table (DHT) of more codes than there are bytes. Goes from marker
// to marker as stb_image does; what stands inside of other segments, such as a small picture, is none of it.
void check_huffman_tables(std::string_view content, const std::string& path) {
    const auto byte = [&](std::size_t position) -> std::size_t {
        return position < content.size() ? static_cast<unsigned char>(content[position]) : 0;
    };
    constexpr std::size_t no_marker = 0x00, fill = 0xff, restart_0 = 0xd0, restart_7 = 0xd7, end_of_image = 0xd9;
    constexpr std::size_t huffman_tables = 0xc4;
    for (std::size_t position = 2; position + 1 < content.size();) {
        const std::size_t marker = byte(position + 1);
        if (byte(position) != 0xff || marker == fill) {
            ++position;
        } else if (marker == no_marker || (marker >= restart_0 && marker <= restart_7)) {
            position += 2;
        } else if (marker == end_of_image) {
            return;
        } else {
            const std::size_t end = position + 2 + byte(position + 2) * 256 + byte(position + 3);
            if (marker == huffman_tables)
                for (std::size_t table = position + 4; table < end && table < content.size();) {
                    std::size_t codes = 0;
                    for (std::size_t length = 1; length <= 16; ++length) codes += byte(table + length);
                    if (codes > 256)
                        fail_at(path, table,
                                "expected a JPEG Huffman table of at most 256 codes, found " + std::to_string(codes));
                    table += 17 + codes;
                }
            position = end;
        }
    }
}

// stb_image makes up what a JPEG file that was cut short does not hold.
void check_jpeg(std::string_view content, const std::string& path) {
    const std::size_t scan = content.rfind("\xff\xda");
    const std::size_t end = content.rfind("\xff\xd9");
    if (scan == std::string_view::npos || end == std::string_view::npos || end < scan)
        nib::fail(path + ": expected a whole JPEG image, found one that is cut short: its end is missing");
    check_huffman_tables(content, path);
    int width = 0;
    int height = 0;
    int channels = 0;
    if (stbi_info_from_memory(reinterpret_cast<const stbi_uc*>(content.data()), static_cast<int>(content.size()),
                              &width, &height, &channels) == 0)
        nib::fail(path + ": expected a JPEG image, found a broken one: " + stbi_failure_reason());
    check_size(path, 0, static_cast<std::size_t>(width), static_cast<std::size_t>(height));
}

// Whether what is drawn shows by transparency: in a picture most of which is transparent, or whose visible part has one
// grey. Otherwise it is drawn on paper of its own, with transparent borders.
bool is_drawn_on_nothing(const stbi_uc* grey_and_alpha, std::size_t count) {
    std::size_t visible = 0;
    unsigned darkest = 255;
    unsigned lightest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned grey = grey_and_alpha[2 * i];
        if (grey_and_alpha[2 * i + 1] < 128) continue;
        ++visible;
        darkest = grey < darkest ? grey : darkest;
        lightest = grey > lightest ? grey : lightest;
    }
    return visible < count && (2 * visible < count || lightest < darkest + 64);
}

nib::Image parse_with_stb(std::string_view file, const std::string& path, Kind kind) {
    if (file.size() > most_bytes) fail_at(path, most_bytes, "expected a picture file of at most 160 MiB, found more");
    std::string checked;
    if (kind == Kind::png) checked = checked_chunks(file, path);
    if (kind == Kind::bmp) check_bmp(file, path);
    if (kind == Kind::jpeg) check_jpeg(file, path);
    const std::string_view content = kind == Kind::png ? std::string_view(checked) : file;
    int width = 0;
    int height = 0;
    int channels = 0;
    // Grey and alpha.
    const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels{
        stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(content.data()), static_cast<int>(content.size()),
                              &width, &height, &channels, 2),
        &stbi_image_free};
    if (pixels == nullptr)
        nib::fail(path + ": expected a " +
                  (kind == Kind::png   ? "PNG"
                   : kind == Kind::bmp ? "BMP"
                                       : "JPEG") +
                  " image, found a broken one: " + stbi_failure_reason());
    nib::Image image{static_cast<std::size_t>(height), static_cast<std::size_t>(width), {}};
    image.pixels.resize(image.rows * image.cols);
    const bool alpha_is_ink = is_drawn_on_nothing(pixels.get(), image.pixels.size());
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        const unsigned grey = alpha_is_ink ? 0 : pixels.get()[2 * i];
        const unsigned alpha = pixels.get()[2 * i + 1];
        image.pixels[i] = static_cast<std::uint8_t>((grey * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    return image;
}

}  // namespace

bool is_picture_file(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return false;
    std::ifstream file{path, std::ios::binary};
    std::array<char, 1024> start{};
    file.read(start.data(), start.size());
    const std::string_view found{start.data(), static_cast<std::size_t>(file.gcount())};
    return kind_of(found) != Kind::none;
}

// Before anything is read: a file can claim any size.
nib::Image read_picture(const std::string& path) {
    constexpr std::size_t largest = 64'000'000;
    const std::size_t size = nib::InputFile{path}.size();
    if (size > largest)
        nib::fail(path + ": expected a picture of at most 64 MB, found a file of " + std::to_string(size) + " bytes");
    return parse_picture(nib::read_file(path), path);
}

nib::Image parse_picture(std::string_view content, const std::string& path) {
    const Kind kind = kind_of(content);
    if (kind == Kind::none || kind == Kind::other)
        nib::fail(path + ": expected a picture that is read (PNG, JPEG, BMP, PGM, PPM or PBM), found " +
                  (kind == Kind::none ? std::string("none") : std::string(other_kind(content.substr(0, 1024)))) +
                  ": convert it to PNG");
    if (kind != Kind::netpbm) return parse_with_stb(content, path, kind);
    return nib::parse_pgm(content, path, longest_side);
}

}  // namespace examples
