#include <nib/core/detail/join.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using nib::detail::join;

TEST_CASE("a text is joined of strings of any kind, whole numbers and nothing") {
    const std::string path = "m.pth";
    CHECK(join({path, ": byte ", std::size_t{7}, std::string_view(": expected x").substr(0, 10), std::string_view{}}) ==
          "m.pth: byte 7: expected");
    CHECK(join({"a", "b"}) == "ab");
    CHECK(join({std::string("a\0b", 3), "c"}) == std::string("a\0bc", 4));
    CHECK(join({""}).empty());
}

TEST_CASE("numbers are written in decimal up to their types' ends") {
    CHECK(join({0, " ", -1, " ", std::uint8_t{255}, " ", std::int8_t{-128}}) == "0 -1 255 -128");
    CHECK(join({std::numeric_limits<std::uint64_t>::max()}) == "18446744073709551615");
    CHECK(join({std::numeric_limits<std::int64_t>::min()}) == "-9223372036854775808");
    CHECK(join({std::numeric_limits<std::int64_t>::max()}) == "9223372036854775807");
}

TEST_CASE("parts are appended to a text that is there") {
    std::string text = "x";
    nib::detail::append_parts(text, {", ", 12, "\n"});
    CHECK(text == "x, 12\n");
}
