#include <picture.hpp>

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

}  // namespace

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
