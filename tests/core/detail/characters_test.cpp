#include <nib/core/detail/characters.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace {

std::string bytes_of(std::uint32_t code) {
    std::string text;
    nib::detail::append_utf8(text, code);
    return text;
}

}  // namespace

TEST_CASE("whole texts are told to be UTF-8 or not") {
    CHECK(nib::detail::is_utf8(""));
    CHECK(nib::detail::is_utf8("a\xc3\xa9\xf0\x9f\x98\x80"));
    CHECK_FALSE(nib::detail::is_utf8("a\xc3"));
    CHECK_FALSE(
        nib::detail::is_utf8("\xff"
                             "a"));
}

TEST_CASE("a character becomes the fewest bytes that can hold it") {
    CHECK(bytes_of(0) == std::string(1, '\0'));
    CHECK(bytes_of('A') == "A");
    CHECK(bytes_of(0x7f) == "\x7f");
    CHECK(bytes_of(0x80) == "\xc2\x80");
    CHECK(bytes_of(0x7ff) == "\xdf\xbf");
    CHECK(bytes_of(0x800) == "\xe0\xa0\x80");
    CHECK(bytes_of(0xffff) == "\xef\xbf\xbf");
    CHECK(bytes_of(0x10000) == "\xf0\x90\x80\x80");
    CHECK(bytes_of(0x10ffff) == "\xf4\x8f\xbf\xbf");
}

TEST_CASE("what is appended is read back as one character, and anything else as none") {
    for (std::uint32_t code = 0; code < 0x110000; code += 0x5b) {
        if (code >= 0xd800 && code < 0xe000) continue;
        const std::string text = bytes_of(code);
        REQUIRE(nib::detail::utf8_length(text + "a") == text.size());
        if (text.size() > 1) REQUIRE(nib::detail::utf8_length(std::string(text, 0, text.size() - 1)) == 0);
    }
    for (const char* text :
         {"", "\x80", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"})
        CHECK(nib::detail::utf8_length(text) == 0);
}
