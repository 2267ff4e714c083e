#include <picture.hpp>
#include <read_picture.hpp>

#include "../support.hpp"

#include <nib/core/random.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#include <stb_image.h>

using examples::CaptionedImage;
using examples::Color;
using examples::Picture;
using examples::PixelFormat;
using examples::Verdict;

namespace {

std::string bytes_of(const Picture& picture) { return {picture.pixels().begin(), picture.pixels().end()}; }

// The pixels of a PNG file with `channels` bytes each, through an independent decoder.
std::string decoded(const std::string& path, int channels, int& width, int& height) {
    const std::string png = nib::read_file(path);
    int found = 0;
    const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels{
        stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(png.data()), static_cast<int>(png.size()), &width,
                              &height, &found, 0),
        &stbi_image_free};
    REQUIRE(pixels != nullptr);
    REQUIRE(found == channels);
    return {pixels.get(), pixels.get() + width * height * channels};
}

// The picture as text: '#' where a pixel has the color, ' ' elsewhere, a line a row.
std::string where(const Picture& picture, Color color) {
    std::string text;
    for (int y = 0; y < picture.height(); ++y) {
        for (int x = 0; x < picture.width(); ++x) {
            const std::uint8_t* pixel = picture.pixels().data() + (y * picture.width() + x) * 3;
            text += pixel[0] == color.red && pixel[1] == color.green && pixel[2] == color.blue ? '#' : ' ';
        }
        text += '\n';
    }
    return text;
}

std::size_t count(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '#'));
}

// A PNG file's chunk, with its CRC.
std::string chunk(std::string_view type, std::string_view data) {
    const auto number = [](std::uint32_t value) {
        std::string text;
        for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 255);
        return text;
    };
    std::string body{type};
    body += data;
    std::uint32_t crc = 0xffffffff;
    for (const char c : body) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
    }
    return number(static_cast<std::uint32_t>(data.size())) + body + number(~crc);
}

const std::string png_start{"\x89PNG\r\n\x1a\n", 8};

// A picture of 2 rows and 3 columns with a color type of PNG, from its bytes behind each row's filter, uncompressed.
std::string png_of(char color_type, const std::string& bytes) {
    const auto size = static_cast<unsigned char>(bytes.size());
    std::uint32_t a = 1, b = 0;  // Adler-32
    for (const char c : bytes) {
        a = (a + static_cast<unsigned char>(c)) % 65521;
        b = (b + a) % 65521;
    }
    std::string zlib{"\x78\x01\x01", 3};
    for (const unsigned value : {unsigned{size}, 0u, 255u - size, 255u, b >> 8, b & 255, a >> 8, a & 255})
        zlib += static_cast<char>(value);
    zlib.insert(7, bytes);
    const std::string header = std::string("\0\0\0\3\0\0\0\2\x08", 9) + color_type + std::string(3, '\0');
    return png_start + chunk("IHDR", header) + chunk("IDAT", zlib) + chunk("IEND", "");
}

std::string error_in_picture(const std::string& content) {
    return support::error_of([&] { return examples::parse_picture(content, "f"); });
}

std::vector<int> pixels_of(const std::string& content) {
    const nib::Image image = examples::parse_picture(content, "f");
    return {image.pixels.begin(), image.pixels.end()};
}

// A BMP file of 2x2 pixels and a header's 40 bytes.
std::string bmp_of(int width, int height, int bits, int compression, const std::string& pixels) {
    const auto number = [](int value, int bytes) {
        std::string text;
        for (int i = 0; i < bytes; ++i) text += static_cast<char>(static_cast<unsigned>(value) >> (8 * i) & 255);
        return text;
    };
    return "BM" + number(54 + static_cast<int>(pixels.size()), 4) + number(0, 4) + number(54, 4) + number(40, 4) +
           number(width, 4) + number(height, 4) + number(1, 2) + number(bits, 2) + number(compression, 4) +
           number(static_cast<int>(pixels.size()), 4) + std::string(16, '\0') + pixels;
}

}  // namespace

TEST_CASE("what is drawn on nothing is dark ink, whatever its colour") {
    const std::string clear("\xff\0", 2);
    for (const char grey : {'\0', '\x80', '\xff'}) {
        const std::string ink{grey, '\xff'};
        const std::string half{grey, '\x80'};
        const std::string row = std::string(1, '\0') + clear + ink + half;
        CHECK(pixels_of(png_of(4, row + row)) == std::vector<int>{255, 0, 127, 255, 0, 127});
    }
    // Paper with a transparent corner shows as it is, and so does a picture without transparency.
    const std::string paper("\xff\xff", 2);
    const std::string black("\0\xff", 2);
    const std::string row = std::string(1, '\0') + paper + black + paper;
    CHECK(pixels_of(png_of(4, row + std::string(1, '\0') + clear + black + paper)) ==
          std::vector<int>{255, 0, 255, 255, 0, 255});
    CHECK(pixels_of(png_of(4, row + row)) == std::vector<int>{255, 0, 255, 255, 0, 255});
    CHECK(pixels_of(png_of(0, std::string("\0\1\2\3\0\4\5\6", 8))) == std::vector<int>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a PNG file's empty chunks of pixels are passed over, and a file of only such is refused") {
    const std::string png = png_of(0, std::string("\0\1\2\3\0\4\5\6", 8));
    const std::size_t pixels = png.find("IDAT") - 4;
    const std::string empty = png.substr(0, pixels) + chunk("IDAT", "");
    CHECK(pixels_of(empty + png.substr(pixels)) == std::vector<int>{1, 2, 3, 4, 5, 6});
    CHECK(error_in_picture(empty + chunk("IEND", "")) == "f: expected the pixels of a PNG image (IDAT), found none");
    for (std::size_t length = 8; length < png.size(); ++length) CHECK(error_in_picture(png.substr(0, length)) != "");
}

TEST_CASE("sizes are judged before memory is taken") {
    const std::string size("\0\1\0\0\0\1\0\0\x08\0\0\0\0", 13);
    CHECK(error_in_picture(png_start + chunk("IHDR", size) + chunk("IDAT", "x") + chunk("IEND", "")) ==
          "f: byte 16: expected a picture of 1x1 to 4096x4096 pixels, found 65536x65536");
    CHECK(error_in_picture("P4 65536 65536 ") == "f: byte 3: expected a width from 1 to 4096, found '65536 6553'");
    CHECK(error_in_picture(bmp_of(65536, 65536, 24, 0, "")) ==
          "f: byte 18: expected a picture of 1x1 to 4096x4096 pixels, found 65536x65536");
    CHECK(support::contains(error_in_picture(bmp_of(4, -2147483647 - 1, 24, 0, "")), "found 4x2147483648"));
}

TEST_CASE("BMP files without compression are read") {
    const std::string pixels("\0\0\0\xff\xff\xff\0\0\x64\x64\x64\0\0\0\0\0", 16);
    CHECK(pixels_of(bmp_of(2, 2, 24, 0, pixels)) == std::vector<int>{100, 0, 0, 255});
    CHECK(pixels_of(bmp_of(2, -2, 24, 0, pixels)) == std::vector<int>{0, 255, 100, 0});
    CHECK(error_in_picture(bmp_of(2, 2, 24, 0, pixels.substr(0, 15))) ==
          "f: byte 10: the BMP's header declares 16 bytes of pixels from byte 54, the file holds 69 bytes");
    CHECK(error_in_picture(bmp_of(2, 2, 8, 1, pixels)) ==
          "f: byte 28: expected a BMP without compression, found 8 bits a pixel and compression 1");
    CHECK(error_in_picture(bmp_of(2, 2, 24, 0, pixels).substr(0, 50)) ==
          "f: expected a BMP file's headers, found the file's end");
    CHECK(error_in_picture(bmp_of(2, 2, 1, 0, pixels)) != "");  // there is no palette
}

TEST_CASE("a JPEG file's Huffman tables are looked at where the decoder reads them") {
    const auto number = [](std::size_t value) {
        return std::string{static_cast<char>(value / 256), static_cast<char>(value % 256)};
    };
    const auto segment = [&](char marker, const std::string& data) {
        return std::string{'\xff', marker} + number(data.size() + 2) + data;
    };
    const auto jpeg = [](const std::string& segments) { return "\xff\xd8" + segments + "\xff\xda\xff\xd9"; };
    const auto tables = [&](const std::string& segments) {
        const std::string error = error_in_picture(jpeg(segments));
        return support::contains(error, "Huffman") ? error : "";
    };
    const char dht = '\xc4';
    const char app1 = '\xe1';
    const std::string too_many = std::string(1, '\0') + std::string(16, '\x11');  // 272 codes
    const std::string empty(17, '\0');
    CHECK(tables(segment(dht, too_many)) == "f: byte 6: expected a JPEG Huffman table of at most 256 codes, found 272");
    CHECK(tables(segment(app1, "Exif") + segment(dht, empty + too_many)) != "");
    // The decoder takes a table of which the segment holds the first byte alone.
    CHECK(tables("\xff\xc4" + number(2 + 18) + empty + too_many) != "");
    CHECK(tables(segment(app1, "") + "padding \xff" + segment(dht, too_many)) != "");
    CHECK(tables(segment('\xda', "") + "scan \xff" + std::string(1, '\0') + "\xff\xd0" + segment(dht, too_many)) != "");
    // Inside of other segments anything may stand, also the tables of another picture.
    CHECK(tables(segment(dht, empty + empty)) == "");
    CHECK(tables(segment(app1, segment(dht, too_many))) == "");
    // However many there are, each byte is looked at once.
    std::string many;
    while (many.size() < 4'000'000) many += segment(dht, "").substr(0, 2) + "\xff\xff" + empty.substr(1) + "\4";
    CHECK(tables(many) == "");
}

TEST_CASE("pictures of other kinds are told by name") {
    const auto refused = [](const std::string& kind) {
        return "f: expected a picture that is read (PNG, JPEG, BMP, PGM, PPM or PBM), found " + kind +
               ": convert it to PNG";
    };
    CHECK(error_in_picture("GIF89a....") == refused("a GIF"));
    CHECK(error_in_picture(std::string("II*\0\x08\0\0\0", 8)) == refused("a TIFF"));
    CHECK(error_in_picture(std::string("MM\0*\0\0\0\x08", 8)) == refused("a TIFF"));
    CHECK(error_in_picture(std::string("RIFF\x10\0\0\0WEBPVP8 ", 16)) == refused("a WebP picture"));
    CHECK(error_in_picture(std::string("\0\0\0\x18"
                                       "ftypheic",
                                       12)) == refused("a HEIC picture or a film"));
    CHECK(error_in_picture(std::string("\0\0\0\x18"
                                       "ftypavif",
                                       12)) == refused("an AVIF picture"));
    CHECK(error_in_picture("<?xml version=\"1.0\"?>\n<!-- x -->\n<svg></svg>") == refused("an SVG drawing"));
    CHECK(error_in_picture("P7\nWIDTH 1\n") == refused("a PAM picture"));
    CHECK(error_in_picture("\xff\xd8\xff\xe0 cut short") ==
          "f: expected a whole JPEG image, found one that is cut short: its end is missing");
    const support::TemporaryDirectory folder;
    CHECK(examples::is_picture_file(folder.write("a", "GIF89a")));
    CHECK(examples::is_picture_file(folder.write("a", "<svg>")));
    for (const std::string strokes :
         {"<ink><trace>1 2</trace></ink>", ".PEN_DOWN\n", "1 2 3\n", "x y t\n", "{}", "", "Perhaps"})
        CHECK_FALSE(examples::is_picture_file(folder.write("a", strokes)));
}

TEST_CASE("a new picture is filled with its background") {
    CHECK(bytes_of(Picture{2, 1, PixelFormat::rgb, Color{1, 2, 3}}) == "\x01\x02\x03\x01\x02\x03");
    CHECK(bytes_of(Picture{3, 2, PixelFormat::grey, Color{9, 9, 9}}) == "\t\t\t\t\t\t");
}

TEST_CASE("a grey picture keeps a color's luminance, and every grey level exactly") {
    Picture picture{256, 1, PixelFormat::grey, examples::black};
    for (int i = 0; i < 256; ++i) {
        const auto level = static_cast<std::uint8_t>(i);
        picture.set(i, 0, Color{level, level, level});
    }
    for (std::size_t i = 0; i < 256; ++i) CHECK(picture.pixels()[i] == i);
    picture.set(0, 0, Color{255, 0, 0});
    CHECK(picture.pixels()[0] == 76);  // 0.299 * 255
    picture.set(0, 0, Color{0, 255, 0});
    CHECK(picture.pixels()[0] == 150);  // 0.587 * 255
}

TEST_CASE("what lies outside a picture is not drawn") {
    Picture picture{3, 3, PixelFormat::rgb, examples::white};
    for (const int far : {-1, 3}) {
        picture.set(far, 1, examples::black);
        picture.set(1, far, examples::black);
    }
    CHECK(count(where(picture, examples::black)) == 0);
    picture.fill(2, 2, 5, 5, examples::black);
    CHECK(where(picture, examples::black) == "   \n   \n  #\n");
}

TEST_CASE("a picture without pixels or of more than 256 MiB is refused") {
    const auto error = [](int width, int height, PixelFormat format) {
        return support::error_of([&] { Picture(width, height, format, examples::white); });
    };
    CHECK(error(0, 5, PixelFormat::grey) == "a picture of 0x5 pixels: expected at least 1x1 and at most 256 MiB");
    CHECK(error(5, -1, PixelFormat::rgb) != "");
    CHECK(error(2147483647, 2147483647, PixelFormat::rgb) != "");
    CHECK(error(16384, 16385, PixelFormat::grey) != "");
    CHECK(error(16384, 5462, PixelFormat::rgb) != "");
}

TEST_CASE("a PNG file holds the picture's pixels") {
    const support::TemporaryDirectory folder;
    nib::Rng rng{5};
    for (const PixelFormat format : {PixelFormat::grey, PixelFormat::rgb}) {
        Picture picture{37, 21, format, examples::white};
        for (int i = 0; i < 400; ++i) {
            const auto byte = [&] { return static_cast<std::uint8_t>(rng.below(256)); };
            picture.set(static_cast<int>(rng.below(37)), static_cast<int>(rng.below(21)),
                        Color{byte(), byte(), byte()});
        }
        write_png(picture, folder.path("picture.png"));
        int width = 0;
        int height = 0;
        CHECK(decoded(folder.path("picture.png"), picture.channels(), width, height) == bytes_of(picture));
        CHECK(width == 37);
        CHECK(height == 21);
    }
}

TEST_CASE("a PNG file that cannot be written is an error that names it") {
    const Picture picture{4, 4, PixelFormat::grey, examples::white};
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("missing/picture.png");
    CHECK(support::error_of([&] { write_png(picture, path); }) == path + ": cannot write: No such file or directory");
    if (std::ifstream("/dev/full"))
        CHECK(
            support::contains(support::error_of([&] { write_png(picture, "/dev/full"); }), "/dev/full: cannot write"));
}

TEST_CASE("text is drawn glyph by glyph, each pixel of the font a square") {
    Picture picture{14, 9, PixelFormat::rgb, examples::white};
    draw_text(picture, 1, 1, "7T", examples::black);
    CHECK(where(picture, examples::black) ==
          "              \n"
          " ##### #####  \n"
          "     #   #    \n"
          "    #    #    \n"
          "   #     #    \n"
          "  #      #    \n"
          "  #      #    \n"
          "  #      #    \n"
          "              \n");
    Picture twice{10, 14, PixelFormat::rgb, examples::white};
    draw_text(twice, 0, 0, "-", examples::black, 2);
    std::string expected(14 * 11, ' ');
    for (std::size_t row = 0; row < 14; ++row) expected[row * 11 + 10] = '\n';
    for (const std::size_t row : {6u, 7u}) expected.replace(row * 11 + 2, 6, "######");
    CHECK(where(twice, examples::black) == expected);
}

TEST_CASE("a text's width is that of its glyphs and the columns between them") {
    CHECK(examples::text_width("") == 0);
    CHECK(examples::text_width("7") == 5);
    CHECK(examples::text_width("123", 2) == 34);
}

TEST_CASE("every glyph is five wide, seven high, with an empty column between, and no two look alike") {
    std::vector<std::string> shapes;
    for (const auto& band : examples::glyph_bands) {
        for (const auto row : band.rows) {
            REQUIRE(row.size() == band.characters.size() * 6 - 1);
            for (std::size_t i = 5; i < row.size(); i += 6) CHECK(row[i] == ' ');
        }
        for (const char character : band.characters) {
            std::string shape;
            for (int y = 0; y < examples::glyph_height; ++y)
                for (int x = 0; x < examples::glyph_width; ++x)
                    shape += examples::glyph_has_ink(character, x, y) ? '#' : ' ';
            CHECK((count(shape) > 0) == (character != ' '));
            shapes.push_back(shape);
        }
    }
    CHECK(shapes.size() > 85);
    std::sort(shapes.begin(), shapes.end());
    CHECK(std::adjacent_find(shapes.begin(), shapes.end()) == shapes.end());
}

TEST_CASE("a character without a glyph is a full block") {
    Picture picture{5, 7, PixelFormat::rgb, examples::white};
    draw_text(picture, 0, 0, "\xc3", examples::black);
    CHECK(count(where(picture, examples::black)) == 35);
}

TEST_CASE("a contact sheet shows each image, enlarged, dark on light") {
    const std::array<std::uint8_t, 4> pixels{0, 255, 100, 0};
    const std::array<CaptionedImage, 1> images{CaptionedImage{pixels, "", Verdict::none}};
    const Picture sheet = examples::contact_sheet(images, 2, 2, 3, 10);
    CHECK(sheet.width() == 2 * 3 + 16);
    CHECK(count(where(sheet, examples::white)) == 2 * 9);
    CHECK(count(where(sheet, examples::black)) == 9);
    CHECK(count(where(sheet, Color{155, 155, 155})) == 9);
    const std::string ink = where(sheet, examples::black);
    const std::size_t stride = static_cast<std::size_t>(sheet.width()) + 1;
    CHECK(ink.find('#') == 8 * stride + 8 + 3);  // the right upper pixel, behind the margin
}

TEST_CASE("captions are green where the answer is right, red where it is wrong, black without a verdict") {
    const std::array<std::uint8_t, 1> pixel{0};
    const auto inks = [&](Verdict verdict) {
        const std::array<CaptionedImage, 1> images{CaptionedImage{pixel, "7 (was 2)", verdict}};
        const Picture sheet = examples::contact_sheet(images, 1, 1, 1, 1);
        return std::array{count(where(sheet, Color{0, 110, 40})), count(where(sheet, Color{190, 20, 20})),
                          count(where(sheet, examples::black))};
    };
    std::size_t expected = 0;
    for (const char character : std::string_view("7 (was 2)"))
        for (int y = 0; y < 7; ++y)
            for (int x = 0; x < 5; ++x) expected += examples::glyph_has_ink(character, x, y) ? 4 : 0;
    CHECK(inks(Verdict::right) == std::array<std::size_t, 3>{expected, 0, 0});
    CHECK(inks(Verdict::wrong) == std::array<std::size_t, 3>{0, expected, 0});
    CHECK(inks(Verdict::none) == std::array<std::size_t, 3>{0, 0, expected});
}

TEST_CASE("a contact sheet has as many rows as its images need, and one where there are none") {
    const std::array<std::uint8_t, 100> pixels{};
    const auto height = [&](std::size_t images, int columns) {
        const std::vector<CaptionedImage> list(images, CaptionedImage{pixels, "", Verdict::none});
        return examples::contact_sheet(list, 10, 10, 1, columns).height();
    };
    const int one_row = height(1, 5);
    CHECK(height(5, 5) == one_row);
    CHECK(height(6, 5) == one_row + (one_row - 8));
    CHECK(height(11, 5) == one_row + 2 * (one_row - 8));
    CHECK(height(2, 0) == height(2, 1));
    CHECK(height(0, 5) == one_row);
}
