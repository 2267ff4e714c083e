#include <nib/core/text.hpp>

#include "../support.hpp"

#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

TEST_CASE("format_fixed prints as many digits after the point as asked") {
    CHECK(nib::format_fixed(0.97, 4) == "0.9700");
    CHECK(nib::format_fixed(1.0, 0) == "1");
    CHECK(nib::format_fixed(-2.5, 1) == "-2.5");
    CHECK(nib::format_fixed(0.125, 2) == "0.12");  // ties go to even, as printf's do
    CHECK(nib::format_fixed(1234567.0, 2) == "1234567.00");
    CHECK(nib::format_fixed(1e-9, 3) == "0.000");
}

TEST_CASE("format_fixed prints what printf prints") {
    for (double value = 1e-5; value < 1e6; value *= 1.7) {
        char buffer[64];
        std::snprintf(buffer, sizeof buffer, "%.4f", value);
        CHECK(nib::format_fixed(value, 4) == buffer);
    }
}

TEST_CASE("format_fixed has room for the largest double and prints what is no number") {
    CHECK(nib::format_fixed(std::numeric_limits<double>::max(), 2).size() == 312);
    CHECK(nib::format_fixed(std::numeric_limits<double>::infinity(), 2) == "inf");
    CHECK(nib::format_fixed(std::nan(""), 2) == "nan");
}

TEST_CASE("parse_number takes the whole text or nothing") {
    CHECK(nib::parse_number<int>("-12") == -12);
    CHECK(nib::parse_number<double>("1.5e3") == 1500.0);
    CHECK(nib::parse_number<double>("0.1") == 0.1);
    CHECK(nib::parse_number<std::uint64_t>("18446744073709551615") == 18446744073709551615u);
    for (const char* text : {"", " 1", "1 ", "+1", "1x", "1,5", "x", "-", "0x10"}) {
        CAPTURE(text);
        CHECK_FALSE(nib::parse_number<int>(text));
        CHECK_FALSE(nib::parse_number<double>(text));
    }
}

TEST_CASE("parse_number refuses what overflows") {
    CHECK_FALSE(nib::parse_number<std::uint8_t>("256"));
    CHECK(nib::parse_number<std::uint8_t>("255") == 255);
    CHECK_FALSE(nib::parse_number<unsigned>("-1"));
    CHECK_FALSE(nib::parse_number<double>("1e999"));
    CHECK_FALSE(nib::parse_number<float>("1e39"));
}

TEST_CASE("a list has a separator between its items and nowhere else") {
    std::string list;
    nib::append_to_list(list, ", ", "a");
    CHECK(list == "a");
    nib::append_to_list(list, ", ", "b");
    CHECK(list == "a, b");
}

TEST_CASE("format_quoted keeps what a file says on one short line") {
    CHECK(nib::format_quoted("abc") == "'abc'");
    CHECK(nib::format_quoted("") == "''");
    CHECK(nib::format_quoted("a\nb\tc\x7f") == "'a?b?c?'");
    CHECK(nib::format_quoted("größe") == "'größe'");
    CHECK(nib::format_quoted(std::string(60, 'x')) == "'" + std::string(60, 'x') + "'");
    CHECK(nib::format_quoted(std::string(61, 'x')) == "'" + std::string(60, 'x') + "...'");
}

TEST_CASE("numbers are printed and parsed alike in a locale with a decimal comma") {
    const std::string before = std::setlocale(LC_ALL, nullptr);
    bool found = false;
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", "es_ES.UTF-8", "de_DE"})
        found = found || std::setlocale(LC_ALL, name) != nullptr;
    if (found) {
        CHECK(std::string(std::localeconv()->decimal_point) == ",");
        CHECK(nib::format_fixed(0.5, 2) == "0.50");
        CHECK(nib::parse_number<double>("0.5") == 0.5);
        CHECK_FALSE(nib::parse_number<double>("0,5"));
    } else {
        MESSAGE("skipped: this machine has no locale with a decimal comma");
    }
    std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("the shortest text of a number has no exponent and reads back") {
    CHECK(nib::format_shortest(0.1f) == "0.1");
    CHECK(nib::format_shortest(0.1) == "0.1");
    CHECK(nib::format_shortest(-267.0f) == "-267");
    CHECK(nib::format_shortest(1e7f) == "10000000");
    CHECK(nib::format_shortest(1e-5f) == "0.00001");
    CHECK(nib::format_shortest(static_cast<double>(0.1f)) == "0.10000000149011612");
    for (const double value : {5e-324, 1.7976931348623157e308, 1.0 / 3, -2.5})
        CHECK(nib::parse_number<double>(nib::format_shortest(value)) == value);
}
