#include <nib/ink/lines.hpp>

#include "../support.hpp"

using nib::detail::LineScanner;

TEST_CASE("lines end with \\n or \\r\\n, come trimmed and are counted from 1") {
    const std::string name = "a.log";
    LineScanner scanner{" one \r\n\n\ttwo", name};
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "one");
    CHECK(scanner.number() == 1);
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "");
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "two");
    CHECK(scanner.number() == 3);
    CHECK_FALSE(scanner.next());
}

TEST_CASE("an empty text has no line") {
    const std::string name = "empty";
    CHECK_FALSE(LineScanner("", name).next());
}

TEST_CASE("words are separated by spaces and tabs") {
    std::string_view rest = "  12\t -3.5  x";
    CHECK(nib::detail::take_word(rest) == "12");
    CHECK(nib::detail::take_word(rest) == "-3.5");
    CHECK(nib::detail::take_word(rest) == "x");
    CHECK(nib::detail::take_word(rest) == "");
}

TEST_CASE("numbers are whole words within the limit, and the error names the line") {
    const std::string name = "a.log";
    LineScanner scanner{"first\nsecond", name};
    scanner.next();
    scanner.next();
    CHECK(scanner.number_of("-2.5e1", 100, "a number") == -25.0);
    for (const char* bad : {"", "x", "1x", "nan", "inf", "-inf", "1e999", "101", "-101", "+1", "0x10", "1,5"}) {
        CAPTURE(bad);
        CHECK(support::error_of([&] { scanner.number_of(bad, 100, "a number"); }) ==
              "a.log:2: expected a number, found 'second'");
    }
}
