// Numbers to text and back, the same in every locale (printf and strtod follow the program's locale; these do not).
#pragma once

#include <nib/core/config.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

// fixed(0.97, 4) is "0.9700".
NIB_API std::string fixed(double value, int digits);

// The shortest text without an exponent that parse_number reads back to the same number: shortest(0.1f) is "0.1".
// `value` is finite.
template <std::floating_point Number>
std::string shortest(Number value) {
    char buffer[400];  // the smallest double has 324 digits behind the point
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return error == decltype(error){} ? std::string(buffer, end) : std::string("?");
}

// The number that the whole of `text` spells, or nothing: no spaces, no sign '+', no rest, no overflow.
template <class Number>
requires(std::integral<Number> ||
         std::floating_point<Number>) std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != decltype(error){} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Appends `item` to `list`, after `separator` unless it is the first.
NIB_API void append_to_list(std::string& list, std::string_view separator, std::string_view item);

// `text` in single quotes, for a message: control characters become '?', and only the first 60 characters are kept, so
// that what a hostile file says stays one short line.
NIB_API std::string in_quotes(std::string_view text);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI {

NIB_API std::string fixed(double value, int digits) {
    char buffer[400];  // the largest double has 309 digits before the point
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits);
    return error == decltype(error){} ? std::string(buffer, end) : std::string("?");
}

NIB_API void append_to_list(std::string& list, std::string_view separator, std::string_view item) {
    if (!list.empty()) list += separator;
    list += item;
}

NIB_API std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string result = "'";
    std::string_view kept = text.substr(0, longest);
    // Not in the middle of a UTF-8 character: its bytes but the first are 10xxxxxx.
    while (kept.size() < text.size() && (static_cast<unsigned char>(text[kept.size()]) & 0xc0) == 0x80 && !kept.empty())
        kept.remove_suffix(1);
    for (const char c : kept) {
        const auto code = static_cast<unsigned char>(c);
        result += code < 0x20 || code == 0x7f ? '?' : c;
    }
    if (text.size() > longest) result += "...";
    return result + "'";
}

}  // namespace nib::inline NIB_ABI

#endif
