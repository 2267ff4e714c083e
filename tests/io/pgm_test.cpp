#include <nib/io/pgm.hpp>

#include "../support.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace std::string_literals;

namespace {

using Pixels = std::vector<std::uint8_t>;

std::string error_in(const std::string& content) {
    return support::error_of([&] { return nib::parse_pgm(content, "f"); });
}

}  // namespace

TEST_CASE("binary and plain files are read, with comments and any white space between the numbers") {
    for (const std::string& content :
         {"P5\n3 2\n255\n\x00\x01\x02\x80\xfe\xff"s, "P5 3 2 255 \x00\x01\x02\x80\xfe\xff"s,
          "P5#c\n# by hand\n3#w\n\t2 # h 7 8\r255\n\x00\x01\x02\x80\xfe\xff"s, "P2\n3 2\n255\n0 1 2\n128 254 255\n"s,
          "P2 # plain\n3 2 255 # no\n0 1 2 128 # three more\n254 255"s}) {
        CAPTURE(content);
        const nib::Image image = nib::parse_pgm(content, "f");
        CHECK(image.rows == 2);
        CHECK(image.cols == 3);
        CHECK(image.pixels == Pixels{0, 1, 2, 128, 254, 255});
        CHECK(nib::is_pgm(content));
    }
    CHECK(nib::is_pgm("P6 1 1 255 abc"));
    CHECK_FALSE(nib::is_pgm("P7\nWIDTH 1\n"));
    CHECK_FALSE(nib::is_pgm("P0 "));
    CHECK_FALSE(nib::is_pgm(""));
}

TEST_CASE("a file's maximal value becomes 255, and what lies between is rounded") {
    CHECK(nib::parse_pgm("P2 5 1 4 0 1 2 3 4", "f").pixels == Pixels{0, 64, 128, 191, 255});
    CHECK(nib::parse_pgm("P5 2 1 1 \x00\x01"s, "f").pixels == Pixels{0, 255});
    for (int most = 1; most <= 255; ++most)
        for (int value = 0; value <= most; ++value) {
            const std::string text = "P2 1 1 " + std::to_string(most) + " " + std::to_string(value);
            const int expected = static_cast<int>(value * 255.0 / most + 0.5);
            CHECK(nib::parse_pgm(text, "f").pixels[0] == expected);
        }
}

TEST_CASE("above a maximal value of 255 a value has two bytes, the higher first") {
    CHECK(nib::parse_pgm("P5 4 1 65535 \x00\x00\x00\xff\x80\x00\xff\xff"s, "f").pixels == Pixels{0, 1, 128, 255});
    CHECK(nib::parse_pgm("P5 2 1 256 \x00\x80\x01\x00\n"s, "f").pixels == Pixels{128, 255});
    CHECK(nib::parse_pgm("P5 2 1 1023 \x01\x00\x03\xff"s, "f").pixels == Pixels{64, 255});
    CHECK(nib::parse_pgm("P6 1 1 65535 \xff\xff\x00\x00\x00\x00"s, "f").pixels == Pixels{76});
    CHECK(nib::parse_pgm("P2 3 1 65535 0 32768 65535", "f").pixels == Pixels{0, 128, 255});
    CHECK(nib::parse_pgm("P3 1 1 65535 65535 65535 65535", "f").pixels == Pixels{255});
}

TEST_CASE("what is written is read again unchanged") {
    const support::TemporaryDirectory folder;
    nib::Image image{3, 5, {}};
    for (int i = 0; i < 15; ++i) image.pixels.push_back(static_cast<std::uint8_t>(17 * i));
    nib::save_pgm(image, folder.path("x.pgm"));
    const nib::Image again = nib::load_pgm(folder.path("x.pgm"));
    CHECK(again.rows == 3);
    CHECK(again.cols == 5);
    CHECK(again.pixels == image.pixels);
    CHECK(support::error_of([&] { nib::save_pgm({}, "y.pgm"); }) ==
          "y.pgm: expected an image of at least 1x1 pixels, found 0x0 with 0");
    CHECK(support::error_of([&] {
              nib::save_pgm({2, 2, {1}}, "y.pgm");
          }) == "y.pgm: expected an image of at least 1x1 pixels, found 2x2 with 1");
}

TEST_CASE("malformed files are refused, with the byte") {
    struct Case {
        std::string content, message;
    };
    const Case catalogue[] = {
        {"", "byte 0: expected a PGM, PPM or PBM file, which starts with P1 to P6, found the file's end"},
        {"P7 1 1 255 x", "byte 0: expected a PGM, PPM or PBM file, which starts with P1 to P6, found 'P7 1 1 255'"},
        {"P5", "byte 2: expected white space after the magic number, found the file's end"},
        {"P51 1 255 x", "byte 2: expected white space after the magic number, found '1 1 255 x'"},
        {"P5 ", "byte 3: expected a width from 1 to 65536, found the file's end"},
        {"P5 0 0 255 ", "byte 3: expected a width from 1 to 65536, found '0 0 255 '"},
        {"P5 1 0 255 ", "byte 5: expected a height from 1 to 65536, found '0 255 '"},
        {"P5 -1 1 255 x", "byte 3: expected a width from 1 to 65536, found '-1 1 255 x'"},
        {"P5 65537 1 255 x", "byte 3: expected a width from 1 to 65536, found '65537 1 25'"},
        {"P5 99999999999999999999 1 255 x", "byte 3: expected a width from 1 to 65536, found '9999999999'"},
        {"P5 1 x 255 x", "byte 5: expected a height from 1 to 65536, found 'x 255 x'"},
        {"P5 1 1 0 x", "byte 7: expected a maximal value from 1 to 65535, found '0 x'"},
        {"P5 1 1 65536 xx", "byte 7: expected a maximal value from 1 to 65535, found '65536 xx'"},
        {"P5 1 1 256 x", "byte 11: the header declares 1x1 pixels (2 bytes), the file holds 1 bytes of them"},
        {"P6 1 1 65535 abcde", "byte 13: the header declares 1x1 pixels (6 bytes), the file holds 5 bytes of them"},
        {"P5 1 1 65535 xxx", "byte 15: expected the end after 1 pixels, found 'x'"},
        {"P5 1 1 300 xx", "byte 11: expected a pixel from 0 to 300, found 30840"},
        {"P2 1 1 300 301", "byte 11: expected a pixel from 0 to 300, found '301'"},
        {"P5 1 1 255", "byte 10: expected white space after the maximal value, found the file's end"},
        {"P5 1 1 255#", "byte 11: expected white space after the maximal value, found the file's end"},
        {"P5 2 2 255 abc", "byte 11: the header declares 2x2 pixels (4 bytes), the file holds 3 bytes of them"},
        {"P5 2 2 255 abcde", "byte 15: expected the end after 4 pixels, found 'e'"},
        {"P5 65536 65536 255 a",
         "byte 19: the header declares 65536x65536 pixels (4294967296 bytes), the file holds 1 bytes of them"},
        {"P5 1 1 9 a", "byte 9: expected a pixel from 0 to 9, found 97"},
        {"P6 1 1 255 ab", "byte 11: the header declares 1x1 pixels (3 bytes), the file holds 2 bytes of them"},
        {"P4 9 2 abc", "byte 7: the header declares 9x2 pixels (4 bytes), the file holds 3 bytes of them"},
        {"P4 9 2", "byte 6: expected white space after the height, found the file's end"},
        {"P1 2 2 01", "byte 7: the header declares 2x2 pixels (4 bytes at least), the file holds 2 bytes of them"},
        {"P1 2 2 0120", "byte 9: expected a pixel, 0 or 1, found '20'"},
        {"P1 2 2 01011", "byte 11: expected the end after 4 pixels, found '1'"},
        {"P3 1 1 255 1 2",
         "byte 11: the header declares 1x1 pixels (5 bytes at least), the file holds 3 bytes of them"},
        {"P2 2 2 255 1 2 3",
         "byte 11: the header declares 2x2 pixels (7 bytes at least), the file holds 5 bytes of them"},
        {"P2 2 2 255 1 222 333", "byte 17: expected a pixel from 0 to 255, found '333'"},
        {"P2 2 1 255 1 22 3", "byte 16: expected the end after 2 pixels, found '3'"},
        {"P2 2 1 255 1 -2", "byte 13: expected a pixel from 0 to 255, found '-2'"},
        {"P2 2 1 9 1 10", "byte 11: expected a pixel from 0 to 9, found '10'"},
        {"P2 2 1 255 1    ", "byte 16: expected a pixel from 0 to 255, found the file's end"},
    };
    for (const Case& one : catalogue) {
        CAPTURE(one.content);
        CHECK(error_in(one.content) == "f: " + one.message);
    }
}

TEST_CASE("a file cut short anywhere is refused") {
    const std::string whole = "P5\n# c\n3 2\n255\nabcdef";
    for (std::size_t length = 0; length < whole.size(); ++length) CHECK(error_in(whole.substr(0, length)) != "");
}

TEST_CASE("white space at the end is skipped, and comments may touch the numbers") {
    for (const std::string& content : {"P5 2 1 255 ab\n"s, "P5 2 1 255 ab\r\n \n"s, "P5 2# c\n1# c\n255# c\nab"s,
                                       "P2\n2# c\n 1# c\n255# c\n97 98# c\n# d"s, "P2 2 1 255# c\n97# c\n98\n\n"s,
                                       "P5\n#a\n#b\n2 1\n#c\n255\nab"s}) {
        CAPTURE(content);
        CHECK(nib::parse_pgm(content, "f").pixels == Pixels{97, 98});
    }
    // A pixel may look like white space or a comment.
    CHECK(nib::parse_pgm("P5 3 1 255  #\n"s, "f").pixels == Pixels{' ', '#', '\n'});
}

TEST_CASE("a caller may set a lower bound on the sizes") {
    CHECK(nib::parse_pgm("P5 2 1 255 ab", "f", 2).cols == 2);
    CHECK(support::error_of([] { return nib::parse_pgm("P4 3 1 a", "f", 2); }) ==
          "f: byte 3: expected a width from 1 to 2, found '3 1 a'");
}

TEST_CASE("a file of two images says that it has them") {
    const std::string expected = ": expected one image of 2x1 pixels (a file of several images is not read), found ";
    CHECK(error_in("P5 2 1 255 abP5 2 1 255 cd") == "f: byte 13" + expected + "'P5 2 1 255'");
    CHECK(error_in("P5 2 1 255 ab\nP5 2 1 255 cd") == "f: byte 14" + expected + "'P5 2 1 255'");
    CHECK(error_in("P2 2 1 255 1 2\nP2 2 1 255 3 4") == "f: byte 15" + expected + "'P2 2 1 255'");
    CHECK(error_in("P4 2 1 aP4 2 1 b") == "f: byte 8" + expected + "'P4 2 1 b'");
}

TEST_CASE("colours become grey, and a bitmap's ones are black") {
    const Pixels greys{76, 150, 29, 255, 0, 100};
    CHECK(nib::parse_pgm("P6 3 2 255 \xff\0\0\0\xff\0\0\0\xff\xff\xff\xff\0\0\0\x64\x64\x64"s, "f").pixels == greys);
    CHECK(nib::parse_pgm("P3 3 2 255 255 0 0  0 255 0  0 0 255\n255 255 255 0 0 0 # c\n100 100 100\n", "f").pixels ==
          greys);
    CHECK(nib::parse_pgm("P6 1 1 15 \xf\xf\xf", "f").pixels == Pixels{255});
    const Pixels row{0, 255, 0, 255, 255, 255, 0, 0, 0, 255};
    Pixels rows = row;
    rows.insert(rows.end(), row.begin(), row.end());
    CHECK(nib::parse_pgm("P1 10 2 1010001110 1 0 1 0 0 0 1 1 1 0\n", "f").pixels == rows);
    CHECK(nib::parse_pgm("P4 10 2 \xa3\x80\xa3\xbf\n", "f").pixels == rows);
    CHECK(nib::parse_pgm("P4# c\n8# d\n1\n\x0a", "f").pixels == Pixels{255, 255, 255, 255, 0, 255, 0, 255});
    CHECK(nib::parse_pgm("P4 9 1 \0\x80"s, "f").pixels == Pixels{255, 255, 255, 255, 255, 255, 255, 255, 0});
}
