// JsonReader: a strict reader of JSON text (RFC 8259) that hands over one value after the other and builds no tree:
// what it keeps is the keys of the objects that are open. json_quoted: a string as JSON text.
//
//     JsonReader json{text, "drawing.json"};
//     json.object([&](std::string_view key) {  // reads exactly one value each time it is called
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
#include <nib/core/detail/join.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/strings.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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
    void object(OnMember on_member) {
        read_object(&on_member, [](void* call, std::string_view key) { (*static_cast<OnMember*>(call))(key); });
    }

    // Calls on_element() for each element; it must read the element.
    template <class OnElement>
    void array(OnElement on_element) {
        read_array(&on_element, [](void* call) { (*static_cast<OnElement*>(call))(); });
    }

    std::string string() {
        std::string text;
        string(text);
        return text;
    }
    // Into `text`, in place of what it held.
    void string(std::string& text);

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

    [[noreturn, gnu::cold]] void fail_at(std::size_t position, std::string_view message) const;
    [[noreturn, gnu::cold]] void fail_at(std::size_t position, std::initializer_list<detail::TextPart> message) const {
        fail_at(position, detail::join(message));
    }

private:
    struct NumberText {
        std::string_view text;
        std::size_t start;
    };

    char current() const { return position_ < text_.size() ? text_[position_] : '\0'; }

    // `c` is not '\0', which stands for the end.
    bool accept(char c) {
        if (current() != c) return false;
        ++position_;
        return true;
    }
    bool accept(std::string_view word) {
        if (text_.substr(position_, word.size()) != word) return false;
        position_ += word.size();
        return true;
    }

    void skip_space() {
        while (current() == ' ' || current() == '\t' || current() == '\n' || current() == '\r') ++position_;
    }

    // Judged by its first byte; fails, with what was expected, where no value can start so.
    JsonType next_type(const char* what);

    void expect(JsonType expected, const char* what);

    // Past the opening bracket.
    void begin(JsonType expected, const char* what);

    // Whether another member or element follows, the `first` or one behind a comma; else past the closing bracket.
    bool next(bool first, char close);

    // Out of line, and the same for all that object and array call.
    [[gnu::cold]] void read_object(void* on_member, void (*call)(void* on_member, std::string_view key));
    void read_array(void* on_element, void (*call)(void* on_element));

    NumberText number_text();
    void digits();
    [[gnu::cold]] void append_escape(std::string& result);

    // After "\u": four digits, or a pair of surrogates.
    [[gnu::cold]] std::uint32_t escaped_code();
    [[gnu::cold]] std::uint32_t four_hex_digits();

    [[gnu::cold]] std::string found() const;
    [[noreturn, gnu::cold]] void fail_expected(std::string_view what) const;

    std::string_view text_;
    std::string name_;
    std::size_t offset_;
    std::size_t position_ = 0;
    std::size_t depth_ = 0;
};

// `text` in double quotes, escaped where JSON asks for it. Fails on what is not UTF-8.
[[gnu::cold]] std::string json_quoted(std::string_view text);

inline JsonType JsonReader::type() { return next_type("a value"); }

inline void JsonReader::string(std::string& text) {
    expect(JsonType::string, "a string");
    ++position_;
    text.clear();
    while (!accept('"')) {
        if (accept('\\')) {
            append_escape(text);
            continue;
        }
        const std::size_t length = detail::utf8_length(text_.substr(position_));
        if (length == 0 && position_ < text_.size()) fail_expected("UTF-8");
        if (length == 0 || static_cast<unsigned char>(current()) < 0x20) fail_expected("'\"' or a character");
        text.append(text_.data() + position_, length);
        position_ += length;
    }
}

inline double JsonReader::number() {
    const auto [text, start] = number_text();
    const std::optional<double> value = parse_number<double>(text);
    if (!value) fail_at(start, {"expected a number within the range of a double, found ", format_quoted(text)});
    return *value;
}

template <std::integral Integer>
Integer JsonReader::integer() {
    const auto [text, start] = number_text();
    const std::optional<Integer> value = parse_number<Integer>(text);
    if (!value) fail_at(start, {"expected a whole number within range, found ", format_quoted(text)});
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
            return object([this](std::string_view) { skip(); });
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

inline void JsonReader::fail_at(std::size_t position, std::string_view message) const {
    fail({name_, ": byte ", position, ": ", message});
}

inline void JsonReader::expect(JsonType expected, const char* what) {
    if (next_type(what) != expected) fail_expected(what);
}

inline void JsonReader::begin(JsonType expected, const char* what) {
    expect(expected, what);
    if (++depth_ > max_depth) fail_at(position(), {"nested deeper than ", max_depth});
    ++position_;
}

inline bool JsonReader::next(bool first, char close) {
    skip_space();
    if (!first && accept(',')) return true;
    if (accept(close)) {
        --depth_;
        return false;
    }
    if (!first) fail_expected(close == ']' ? "',' or ']'" : "',' or '}'");
    return true;
}

inline void JsonReader::read_object(void* on_member, void (*call)(void* on_member, std::string_view key)) {
    StringSet keys;
    std::string key;
    begin(JsonType::object, "an object");
    for (bool first = true; next(first, '}'); first = false) {
        expect(JsonType::string, "a key");
        const std::size_t key_position = position();
        string(key);
        if (!keys.insert(key)) fail_at(key_position, {"the key ", format_quoted(key), " stands twice in one object"});
        skip_space();
        if (!accept(':')) fail_expected("':'");
        call(on_member, key);
    }
}

inline void JsonReader::read_array(void* on_element, void (*call)(void* on_element)) {
    begin(JsonType::array, "an array");
    for (bool first = true; next(first, ']'); first = false) call(on_element);
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

inline JsonType JsonReader::next_type(const char* what) {
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
            fail_expected(what);
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
    result.append(meanings.data() + index, 1);
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
    const char digits[] = {detail::hex_digits[code >> 4], detail::hex_digits[code & 15]};
    return detail::join({"byte 0x", std::string_view(digits, sizeof digits)});
}

inline void JsonReader::fail_expected(std::string_view what) const {
    fail_at(position(), {"expected ", what, ", found ", found()});
}

inline std::string json_quoted(std::string_view text) {
    constexpr std::string_view escaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    std::string result;
    result.append("\"", 1);
    for (std::size_t i = 0, length = 0; i < text.size(); i += length) {
        length = detail::utf8_length(text.substr(i));
        if (length == 0) fail({"byte ", i, " of ", format_quoted(text), ": expected UTF-8 for a JSON string"});
        const auto code = static_cast<unsigned char>(text[i]);
        const std::size_t index = escaped.find(text[i]);
        const bool has_letter = index != std::string_view::npos;
        const char pair[] = {'\\', has_letter ? letters[index] : 'u'};
        const char number[] = {'0', '0', detail::hex_digits[code >> 4], detail::hex_digits[code & 15]};
        if (!has_letter && code >= 0x20) {
            result.append(text.data() + i, length);
            continue;
        }
        result.append(pair, sizeof pair);
        if (!has_letter) result.append(number, sizeof number);
    }
    result.append("\"", 1);
    return result;
}

}  // namespace nib::inline NIB_ABI
