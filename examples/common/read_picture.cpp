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

bool is_png(std::string_view content) { return content.starts_with(png_start); }

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
// IHDR, which has the size, to IEND. stb_image checks no CRC.
void check_chunks(std::string_view content, const std::string& path) {
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
                fail_at(path, position, "expected a PNG header, found the chunk " + nib::in_quotes(type));
            check_size(path, position + 8, number_at(content, position + 8), number_at(content, position + 12));
        }
        if (crc_of(content.substr(position + 4, 4 + length)) != number_at(content, position + 8 + length))
            fail_at(path, position, "the PNG chunk " + nib::in_quotes(type) + " is damaged: its CRC is another");
        position += length + around;
    }
}

nib::Image parse_png(std::string_view content, const std::string& path) {
    check_chunks(content, path);
    int width = 0;
    int height = 0;
    int channels = 0;
    if (content.size() > most_bytes) fail_at(path, most_bytes, "expected a PNG file of at most 160 MiB, found more");
    // Grey and alpha.
    const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels{
        stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(content.data()), static_cast<int>(content.size()),
                              &width, &height, &channels, 2),
        &stbi_image_free};
    if (pixels == nullptr) nib::fail(path + ": expected a PNG image, found a broken one: " + stbi_failure_reason());
    nib::Image image{static_cast<std::size_t>(height), static_cast<std::size_t>(width), {}};
    image.pixels.resize(image.rows * image.cols);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        const unsigned grey = pixels.get()[2 * i];
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
    std::array<char, png_start.size()> start{};
    file.read(start.data(), start.size());
    const std::string_view found{start.data(), static_cast<std::size_t>(file.gcount())};
    return nib::is_pgm(found) || is_png(found);
}

nib::Image read_picture(const std::string& path) { return parse_picture(nib::read_file(path), path); }

nib::Image parse_picture(std::string_view content, const std::string& path) {
    if (is_png(content)) return parse_png(content, path);
    nib::Image image = nib::parse_pgm(content, path);
    check_size(path, 0, image.cols, image.rows);
    return image;
}

}  // namespace examples
