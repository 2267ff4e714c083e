// JsonReader: a strict reader of JSON text (RFC 8259) that hands over one value after the other and builds no tree:
// what it keeps is the keys of the objects that are open. json_quoted: a string as JSON text.
//
//     JsonReader json{text, "drawing.json"};
//     json.object([&](const std::string& key) {  // reads exactly one value each time it is called
//         if (key == "x") json.array([&] { x.push_back(json.number()); });
//         else json.skip();
//     });
//     json.end();
//
// Refused by Error, with the offset of the byte: what RFC 8259's grammar does not allow, text that is not UTF-8, an
// escaped surrogate without its partner, a key that its object has already, nesting deeper than 64, anything after the
// value, and a value of another type than the caller asks for. `text` must outlive the reader.
#pragma once

#include <nib/core/detail/characters.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/strings.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

enum class JsonType { object, array, string, number, boolean, null };

class JsonReader {
public:
    static constexpr std::size_t max_depth = 64;

    // `name` starts every message; `offset` is where `text` begins in what it names.
    JsonReader(std::string_view text, std::string name, std::size_t offset = 0)
        : text_{text}, name_{std::move(name)}, offset_{offset} {}

    // The type of the value that comes next.
    JsonType type();

    // Calls on_member(key) for each member; it must read the member's value.
    template <class OnMember>
    void object(OnMember&& on_member) {
        expect(JsonType::object, "an object");
        StringSet keys;
        if (opens_empty('}')) return;
        do {
            expect(JsonType::string, "a key");
            const std::size_t key_position = position();
            const std::string key = string();
            if (!keys.insert(key)) fail_twice(key_position, key);
            skip_space();
            if (!accept(':')) fail_expected("':'");
            on_member(key);
        } while (continues('}'));
    }

    // Calls on_element() for each element; it must read the element.
    template <class OnElement>
    void array(OnElement&& on_element) {
        expect(JsonType::array, "an array");
        if (opens_empty(']')) return;
        do {
            on_element();
        } while (continues(']'));
    }

    std::string string();

    // Fails on what a double cannot hold (1e999).
    double number();

    // Digits alone, and a '-' where Integer is signed: 1.0 and 1e3 are refused.
    template <std::integral Integer>
    Integer integer();

    bool boolean();
    void null();

    // Any value; it is checked as strictly as one that is used.
    void skip();

    // Fails where anything but white space follows.
    void end();

    // The offset of the next byte, counted as in messages.
    std::size_t position() const { return offset_ + position_; }

    [[noreturn]] void fail_at(std::size_t position, const std::string& message) const;

private:
    struct NumberText {
        std::string_view text;
        std::size_t start;
    };

    char current() const { return position_ < text_.size() ? text_[position_] : '\0'; }

    bool accept(char c) { return accept(std::string_view(&c, 1)); }
    bool accept(std::string_view word) {
        if (text_.substr(position_, word.size()) != word) return false;
        position_ += word.size();
        return true;
    }

    void skip_space() {
        while (current() == ' ' || current() == '\t' || current() == '\n' || current() == '\r') ++position_;
    }

    // Judged by its first byte; nothing where no value can start so.
    std::optional<JsonType> next_type();

    void expect(JsonType expected, const char* what);

    // Past the opening bracket: is there nothing in it?
    bool opens_empty(char close);

    // After a member or element: does another follow?
    bool continues(char close);

    NumberText number_text();
    void digits();
    void append_escape(std::string& result);

    // After "\u": four digits, or a pair of surrogates.
    std::uint32_t escaped_code();
    std::uint32_t four_hex_digits();

    std::string found() const;
    [[noreturn]] void fail_expected(const std::string& what) const;
    [[noreturn]] void fail_twice(std::size_t position, const std::string& key) const;

    std::string_view text_;
    std::string name_;
    std::size_t offset_;
    std::size_t position_ = 0;
    std::size_t depth_ = 0;
};

// `text` in double quotes, escaped where JSON asks for it. Fails on what is not UTF-8.
std::string json_quoted(std::string_view text);

inline JsonType JsonReader::type() {
    const std::optional<JsonType> next = next_type();
    if (!next) fail_expected("a value");
    return *next;
}

inline std::string JsonReader::string() {
    expect(JsonType::string, "a string");
    ++position_;
    std::string result;
    while (!accept('"')) {
        if (accept('\\')) {
            append_escape(result);
            continue;
        }
        const std::size_t length = detail::utf8_length(text_.substr(position_));
        if (length == 0 && position_ < text_.size()) fail_expected("UTF-8");
        if (length == 0 || static_cast<unsigned char>(current()) < 0x20) fail_expected("'\"' or a character");
        result.append(text_, position_, length);
        position_ += length;
    }
    return result;
}

inline double JsonReader::number() {
    const auto [text, start] = number_text();
    const std::optional<double> value = parse_number<double>(text);
    if (!value) fail_at(start, "expected a number within the range of a double, found " + format_quoted(text));
    return *value;
}

template <std::integral Integer>
Integer JsonReader::integer() {
    const auto [text, start] = number_text();
    const std::optional<Integer> value = parse_number<Integer>(text);
    if (!value) fail_at(start, "expected a whole number within range, found " + format_quoted(text));
    return *value;
}

inline bool JsonReader::boolean() {
    expect(JsonType::boolean, "true or false");
    if (accept("true")) return true;
    if (accept("false")) return false;
    fail_expected("true or false");
}

inline void JsonReader::null() {
    expect(JsonType::null, "null");
    if (!accept("null")) fail_expected("null");
}

inline void JsonReader::skip() {
    switch (type()) {
        case JsonType::object:
            return object([this](const std::string&) { skip(); });
        case JsonType::array:
            return array([this] { skip(); });
        case JsonType::string:
            return static_cast<void>(string());
        case JsonType::number:
            return static_cast<void>(number_text());
        case JsonType::boolean:
            return static_cast<void>(boolean());
        case JsonType::null:
            return null();
    }
}

inline void JsonReader::end() {
    skip_space();
    if (position_ != text_.size()) fail_expected("the end");
}

inline void JsonReader::fail_at(std::size_t position, const std::string& message) const {
    fail(name_ + ": byte " + std::to_string(position) + ": " + message);
}

inline void JsonReader::expect(JsonType expected, const char* what) {
    if (next_type() != expected) fail_expected(what);
}

inline bool JsonReader::opens_empty(char close) {
    if (++depth_ > max_depth) fail_at(position(), "nested deeper than " + std::to_string(max_depth));
    ++position_;
    skip_space();
    if (!accept(close)) return false;
    --depth_;
    return true;
}

inline bool JsonReader::continues(char close) {
    skip_space();
    if (accept(',')) return true;
    if (!accept(close)) fail_expected(std::string("',' or '") + close + "'");
    --depth_;
    return false;
}

inline JsonReader::NumberText JsonReader::number_text() {
    expect(JsonType::number, "a number");
    const std::size_t start = position_;
    accept('-');
    if (!accept('0')) digits();
    if (accept('.')) digits();
    if (accept('e') || accept('E')) {
        if (!accept('+')) accept('-');
        digits();
    }
    return {text_.substr(start, position_ - start), offset_ + start};
}

inline std::optional<JsonType> JsonReader::next_type() {
    skip_space();
    const char c = current();
    if (c == '-' || (c >= '0' && c <= '9')) return JsonType::number;
    switch (c) {
        case '{':
            return JsonType::object;
        case '[':
            return JsonType::array;
        case '"':
            return JsonType::string;
        case 't':
        case 'f':
            return JsonType::boolean;
        case 'n':
            return JsonType::null;
        default:
            return std::nullopt;
    }
}

inline void JsonReader::digits() {
    if (current() < '0' || current() > '9') fail_expected("a digit");
    while (current() >= '0' && current() <= '9') ++position_;
}

inline void JsonReader::append_escape(std::string& result) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (accept('u')) return detail::append_utf8(result, escaped_code());
    const std::size_t index = position_ < text_.size() ? letters.find(current()) : std::string_view::npos;
    if (index == std::string_view::npos) fail_expected("an escaped character");
    result += meanings[index];
    ++position_;
}

inline std::uint32_t JsonReader::escaped_code() {
    const std::size_t start = position() - 2;
    const std::uint32_t first = four_hex_digits();
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first < 0xdc00 && accept("\\u")) {
        const std::uint32_t second = four_hex_digits();
        if (second >= 0xdc00 && second <= 0xdfff) return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }
    fail_at(start, "expected a pair of surrogates, found one alone");
}

inline std::uint32_t JsonReader::four_hex_digits() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
        const char c = current() >= 'A' && current() <= 'F' ? static_cast<char>(current() - 'A' + 'a') : current();
        const std::size_t digit = detail::hex_digits.find(c);
        if (digit == std::string_view::npos) fail_expected("a hexadecimal digit");
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
}

inline std::string JsonReader::found() const {
    if (position_ == text_.size()) return "the end";
    const auto code = static_cast<unsigned char>(text_[position_]);
    if (code > 0x20 && code < 0x7f) return format_quoted(text_.substr(position_, 1));
    return std::string("byte 0x") + detail::hex_digits[code >> 4] + detail::hex_digits[code & 15];
}

inline void JsonReader::fail_expected(const std::string& what) const {
    fail_at(position(), "expected " + what + ", found " + found());
}

inline void JsonReader::fail_twice(std::size_t position, const std::string& key) const {
    fail_at(position, "the key " + format_quoted(key) + " stands twice in one object");
}

inline std::string json_quoted(std::string_view text) {
    constexpr std::string_view escaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    std::string result = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = detail::utf8_length(text.substr(i));
        const auto code = static_cast<unsigned char>(text[i]);
        if (length == 0)
            fail("byte " + std::to_string(i) + " of " + format_quoted(text) + ": expected UTF-8 for a JSON string");
        if (const std::size_t index = escaped.find(text[i]); index != std::string_view::npos) {
            result += '\\';
            result += letters[index];
        } else if (code < 0x20) {
            result += "\\u00";
            result += detail::hex_digits[code >> 4];
            result += detail::hex_digits[code & 15];
        } else {
            result.append(text, i, length);
        }
        i += length;
    }
    return result + '"';
}

}  // namespace nib::inline NIB_ABI
