#include "printable.hpp"

#include "../support.hpp"

#include <string>

using examples::printable;
using namespace std::string_literals;

TEST_CASE("printable text stays as it is") {
    for (const std::string& text :
         {""s, "a/b c\\d"s, "gr\xc3\xbc\xc3\x9f"s, "\xe6\x95\xb0\xe5\xad\x97"s, "\xf0\x9f\x96\x8a"s, "\\x1b"s}) {
        CHECK(printable(text) == text);
    }
}

TEST_CASE("what would steer a terminal is escaped") {
    CHECK(printable("\n\t\r\0\x1b[2J\x7f"s) == "\\n\\t\\r\\x00\\x1b[2J\\x7f");
    CHECK(printable("\xc2\x80\xc2\x9f\xc2\xa0") == "\\u0080\\u009f\xc2\xa0");
    CHECK(printable("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6") == "\\u2028\\u2029\\u202e\\u2066");
    CHECK(printable("\xe2\x80\x90") == "\xe2\x80\x90");
}

TEST_CASE("bytes that are no UTF-8 are escaped, one by one") {
    CHECK(printable("a\xff"
                    "b") == "a\\xffb");
    CHECK(printable("\xc3") == "\\xc3");
    CHECK(printable("\xe2\x80") == "\\xe2\\x80");
    CHECK(printable("\xc0\x80") == "\\xc0\\x80");           // overlong
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    CHECK(printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
    CHECK(printable("\x80\xc3\xa4") == "\\x80\xc3\xa4");
}
