#include <nib/io/detail/json.hpp>

#include "../../support.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::string_literals;
using support::error_of;

namespace {

// The error of reading `text` as one JSON value, "" where it is one.
std::string error_in(std::string_view text) {
    return error_of([&] {
        nib::JsonReader json{text, "f"};
        json.skip();
        json.end();
    });
}

std::string string_in(std::string_view text) {
    nib::JsonReader json{text, "f"};
    std::string result = json.string();
    json.end();
    return result;
}

double number_in(std::string_view text) {
    nib::JsonReader json{text, "f"};
    const double result = json.number();
    json.end();
    return result;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("values are read one after the other") {
    const std::string_view text =
        R"( {"name": "a", "sizes": [1, 22], "on": true, "off": false, "none": null, "x": -0.5} )";
    nib::JsonReader json{text, "f"};
    std::vector<std::string> keys;
    std::vector<int> sizes;
    json.object([&](std::string_view key) {
        keys.emplace_back(key);
        if (key == "name") CHECK(json.string() == "a");
        if (key == "sizes") json.array([&] { sizes.push_back(json.integer<int>()); });
        if (key == "on") CHECK(json.boolean());
        if (key == "off") CHECK_FALSE(json.boolean());
        if (key == "none") json.null();
        if (key == "x") CHECK(json.number() == -0.5);
    });
    json.end();
    CHECK(keys == std::vector<std::string>{"name", "sizes", "on", "off", "none", "x"});
    CHECK(sizes == std::vector<int>{1, 22});
    CHECK(json.position() == text.size());
}

TEST_CASE("empty objects and arrays call nothing") {
    for (const char* text : {"{}", " { } ", "{\n}"}) {
        nib::JsonReader json{text, "f"};
        json.object([](std::string_view) { FAIL("there is no member"); });
        json.end();
    }
    nib::JsonReader json{"[ ]", "f"};
    json.array([] { FAIL("there is no element"); });
    json.end();
}

TEST_CASE("type tells what comes next without reading it") {
    const auto type_of = [](std::string_view text) { return nib::JsonReader{text, "f"}.type(); };
    CHECK(type_of(" {") == nib::JsonType::object);
    CHECK(type_of("[") == nib::JsonType::array);
    CHECK(type_of("\"") == nib::JsonType::string);
    CHECK(type_of("-1") == nib::JsonType::number);
    CHECK(type_of("0") == nib::JsonType::number);
    CHECK(type_of("true") == nib::JsonType::boolean);
    CHECK(type_of("false") == nib::JsonType::boolean);
    CHECK(type_of("null") == nib::JsonType::null);
    CHECK(error_of([&] { type_of(" x"); }) == "f: byte 1: expected a value, found 'x'");
    CHECK(error_of([&] { type_of(""); }) == "f: byte 0: expected a value, found the end");
}

TEST_CASE("skip takes any valid value") {
    for (const char* text :
         {"{}", "[]", "\"\"", "0", "-1.5e+3", "1E9", "true", "false", "null", " [1 , {\"a\" : [ ] } ] \n", "\t\r\n1",
          "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "1e999"}) {
        CAPTURE(text);
        CHECK(error_in(text).empty());
    }
}

TEST_CASE("what RFC 8259 does not allow is refused, and where it stands is said") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "0: expected a value, found the end"},       {"   ", "3: expected a value, found the end"},
        {"[1,]", "3: expected a value, found ']'"},       {"[,1]", "1: expected a value, found ','"},
        {"[1 2]", "3: expected ',' or ']', found '2'"},   {"[1", "2: expected ',' or ']', found the end"},
        {"[1}", "2: expected ',' or ']', found '}'"},     {"{\"a\":1,}", "7: expected a key, found '}'"},
        {"{\"a\" 1}", "5: expected ':', found '1'"},      {"{\"a\":}", "5: expected a value, found '}'"},
        {"{a:1}", "1: expected a key, found 'a'"},        {"{1:1}", "1: expected a key, found '1'"},
        {"{'a':1}", "1: expected a key, found '''"},      {"{\"a\":1", "6: expected ',' or '}', found the end"},
        {"01", "1: expected the end, found '1'"},         {"-", "1: expected a digit, found the end"},
        {"-a", "1: expected a digit, found 'a'"},         {"+1", "0: expected a value, found '+'"},
        {"1.", "2: expected a digit, found the end"},     {".5", "0: expected a value, found '.'"},
        {"1.e5", "2: expected a digit, found 'e'"},       {"1e", "2: expected a digit, found the end"},
        {"1e+-1", "3: expected a digit, found '-'"},      {"0x10", "1: expected the end, found 'x'"},
        {"NaN", "0: expected a value, found 'N'"},        {"Infinity", "0: expected a value, found 'I'"},
        {"nul", "0: expected null, found 'n'"},           {"nulls", "4: expected the end, found 's'"},
        {"tru", "0: expected true or false, found 't'"},  {"TRUE", "0: expected a value, found 'T'"},
        {"1 1", "2: expected the end, found '1'"},        {"{}x", "2: expected the end, found 'x'"},
        {"{} // no", "3: expected the end, found '/'"},   {"1\v", "1: expected the end, found byte 0x0b"},
        {"1\0"s, "1: expected the end, found byte 0x00"}, {"\xef\xbb\xbf{}", "0: expected a value, found byte 0xef"},
    };
    for (const auto& [text, message] : cases) CHECK(error_in(text) == "f: byte " + message);
}

TEST_CASE("strings are read with their escapes") {
    CHECK(string_in(R"("")").empty());
    CHECK(string_in(R"("a\"b\\c\/d\b\f\n\r\t")") == "a\"b\\c/d\b\f\n\r\t");
    CHECK(string_in(R"("\u0041\u00e9\u20AC\uFFFF")") == "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf");
    CHECK(string_in(R"("\ud83d\ude00\uDBFF\uDFFF")") == "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    CHECK(string_in(R"("\u0000")") == "\0"s);
    CHECK(string_in("\"größe €  \xf0\x9f\x98\x80\x7f\"") == "größe €  \xf0\x9f\x98\x80\x7f");
}

TEST_CASE("malformed strings are refused") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"\"abc", "4: expected '\"' or a character, found the end"},
        {"\"a\nb\"", "2: expected '\"' or a character, found byte 0x0a"},
        {"\"a\0b\""s, "2: expected '\"' or a character, found byte 0x00"},
        {"\"\\x\"", "2: expected an escaped character, found 'x'"},
        {"\"\\", "2: expected an escaped character, found the end"},
        {"\"\\\0\""s, "2: expected an escaped character, found byte 0x00"},
        {"\"\\u12g4\"", "5: expected a hexadecimal digit, found 'g'"},
        {"\"\\u123", "6: expected a hexadecimal digit, found the end"},
        {"\"\\ud83d\"", "1: expected a pair of surrogates, found one alone"},
        {"\"\\ud83dx\"", "1: expected a pair of surrogates, found one alone"},
        {"\"\\ud83d\\n\"", "1: expected a pair of surrogates, found one alone"},
        {"\"\\ud83d\\ud83d\"", "1: expected a pair of surrogates, found one alone"},
        {"\"\\ude00\\ude00\"", "1: expected a pair of surrogates, found one alone"},
        {"\"\\ude00\\ud83d\"", "1: expected a pair of surrogates, found one alone"},
    };
    for (const auto& [text, message] : cases) CHECK(error_in(text) == "f: byte " + message);
}

TEST_CASE("bytes that are not UTF-8 are refused") {
    for (const std::string text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3\x28", "\xe0\x9f\xbf",
                                   "\xe2\x82", "\xe2\x28\xac", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
                                   "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
        CAPTURE(text);
        CHECK(support::contains(error_in("\"a" + text + "\""), "f: byte 2: expected UTF-8, found byte 0x"));
        CHECK(support::contains(error_of([&] { nib::json_quoted(text); }), "byte 0 of "));
    }
}

TEST_CASE("the first and last character of each UTF-8 length is accepted") {
    for (const char* text :
         {"\x20", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf",
          "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf"})
        CHECK(string_in(std::string("\"").append(text).append("\"")) == text);
}

TEST_CASE("numbers are read to the last bit") {
    CHECK(number_in("0.1") == 0.1);
    CHECK(number_in("-0") == 0.0);
    CHECK(std::signbit(number_in("-0")));
    CHECK(number_in("1e+2") == 100.0);
    CHECK(number_in("1E-2") == 0.01);
    CHECK(number_in("1.7976931348623157e308") == 1.7976931348623157e308);
    CHECK(error_of([] { number_in("1e999"); }) ==
          "f: byte 0: expected a number within the range of a double, found '1e999'");
}

TEST_CASE("an integer is digits alone, and in range") {
    const auto byte = [](std::string_view text) { return nib::JsonReader{text, "f"}.integer<std::uint8_t>(); };
    CHECK(byte("255") == 255);
    CHECK(nib::JsonReader{"-5", "f"}.integer<int>() == -5);
    CHECK(nib::JsonReader{"18446744073709551615", "f"}.integer<std::uint64_t>() == 18446744073709551615u);
    for (const char* text : {"256", "-1", "1.0", "1e1", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(error_of([&] { byte(text); }) ==
              "f: byte 0: expected a whole number within range, found '" + std::string(text) + "'");
    }
}

TEST_CASE("a value of another type than is asked for is refused") {
    nib::JsonReader json{" \"a\"", "f"};
    CHECK(error_of([&] { json.number(); }) == "f: byte 1: expected a number, found '\"'");
    CHECK(error_of([&] { json.integer<int>(); }) == "f: byte 1: expected a number, found '\"'");
    CHECK(error_of([&] { json.boolean(); }) == "f: byte 1: expected true or false, found '\"'");
    CHECK(error_of([&] { json.null(); }) == "f: byte 1: expected null, found '\"'");
    CHECK(error_of([&] { json.array([] {}); }) == "f: byte 1: expected an array, found '\"'");
    CHECK(error_of([&] { json.object([](std::string_view) {}); }) == "f: byte 1: expected an object, found '\"'");
    CHECK(json.string() == "a");
    CHECK(error_of([&] { json.string(); }) == "f: byte 4: expected a string, found the end");
}

TEST_CASE("a key that its object has already is refused, however it is spelt") {
    CHECK(error_in(R"({"a":1,"a":2})") == "f: byte 7: the key 'a' stands twice in one object");
    CHECK(error_in(R"({"a":1,"b":{"a":1}, "\u0061":2})") == "f: byte 20: the key 'a' stands twice in one object");
}

TEST_CASE("nesting is limited") {
    CHECK(error_in(nested(64)).empty());
    CHECK(error_in(nested(65)) == "f: byte 64: nested deeper than 64");
    CHECK(error_in(std::string(1000000, '[')) == "f: byte 64: nested deeper than 64");
    std::string objects;
    for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
    CHECK(error_in(objects) == "f: byte 320: nested deeper than 64");
    std::string wide = "[";
    for (int i = 0; i < 1000; ++i) wide += "[[]],";
    CHECK(error_in(wide + "{}]").empty());
}

TEST_CASE("offsets in messages are counted from where the text begins") {
    nib::JsonReader json{"[x", "f", 100};
    CHECK(json.position() == 100);
    CHECK(error_of([&] { json.skip(); }) == "f: byte 101: expected a value, found 'x'");
}

TEST_CASE("no text that ends too soon and no changed byte leads astray") {
    const std::string text = R"({"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":[true,false]}})";
    REQUIRE(error_in(text).empty());
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(error_in(std::string_view(cut.data(), cut.size())).empty());
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (int change = 1; change < 256; ++change) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ change);
            static_cast<void>(error_in(changed));
        }
    }
}

TEST_CASE("json_quoted escapes what JSON asks for and no more") {
    CHECK(nib::json_quoted("") == "\"\"");
    CHECK(nib::json_quoted("a\"b\\c\b\f\n\r\t/") == R"("a\"b\\c\b\f\n\r\t/")");
    CHECK(nib::json_quoted("\0\x1f\x7f"s) == "\"\\u0000\\u001f\x7f\"");
    CHECK(nib::json_quoted("größe €") == "\"größe €\"");
}

TEST_CASE("what json_quoted writes is read back") {
    std::string text;
    for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
    text += "é€\xf0\x9f\x98\x80";
    CHECK(string_in(nib::json_quoted(text)) == text);
}
