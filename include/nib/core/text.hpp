// Numbers to text and back, the same in every locale (printf and strtod follow the program's locale; these do not).
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/join.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Whether nib reads numbers with a point by itself: std::from_chars reads integers alone in some standard libraries
// (libc++). Tests ask for it elsewhere (NIB_OWN_FROM_CHARS=1).
#if !defined(NIB_OWN_FROM_CHARS)
#if defined(__cpp_lib_to_chars)
#define NIB_OWN_FROM_CHARS 0
#else
#define NIB_OWN_FROM_CHARS 1
#endif
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// The number that the whole of `text` spells, by the rules of std::from_chars and in every locale; defined where
// NIB_OWN_FROM_CHARS is 1.
bool parse_floating(std::string_view text, float& value);
bool parse_floating(std::string_view text, double& value);

}  // namespace detail

// format_fixed(0.97, 4) is "0.9700".
std::string format_fixed(double value, int digits);

// The shortest text without an exponent that parse_number reads back to the same number: format_shortest(0.1f) is
// "0.1". `value` is finite.
template <std::floating_point Number>
std::string format_shortest(Number value) {
    char buffer[400];  // the smallest double has 324 digits behind the point
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return error == decltype(error){} ? std::string(buffer, end) : std::string("?");
}

// The number that the whole of `text` spells, or nothing: no spaces, no sign '+', no rest, no overflow.
template <class Number>
requires(std::integral<Number> ||
         std::floating_point<Number>) std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    if constexpr (NIB_OWN_FROM_CHARS && std::floating_point<Number>) {
        if (!detail::parse_floating(text, value)) return std::nullopt;
    } else {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != decltype(error){} || end != text.data() + text.size()) return std::nullopt;
    }
    return value;
}

// Appends `item` to `list`, after `separator` unless it is the first.
void append_to_list(std::string& list, std::string_view separator, std::string_view item);

// `text` in single quotes, for a message: control characters become '?', and only the first 60 characters are kept, so
// that what a hostile file says stays one short line.
std::string format_quoted(std::string_view text);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#if NIB_OWN_FROM_CHARS
#include <nib/core/detail/math.hpp>

#include <clocale>
#include <cstdlib>

#if __has_include(<xlocale.h>)
#include <xlocale.h>
#elif __has_include(<locale.h>)
#include <locale.h>
#endif
#endif

namespace nib::inline NIB_ABI {

#if NIB_OWN_FROM_CHARS
namespace detail {

constexpr bool is_decimal_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Whether `text` begins with `word`, whatever its case; then that is cut off.
constexpr bool skip_word(std::string_view& text, std::string_view word) {
    if (text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
        if (lower_case(text[i]) != word[i]) return false;
    text.remove_prefix(word.size());
    return true;
}

// Cuts off the digits that `text` begins with; their number.
constexpr std::size_t skip_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_decimal_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
}

// Whether std::from_chars would take all of `text`: [-](digits[.digits][e[sign]digits] | inf[inity] | nan[(word)]).
constexpr bool is_floating(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    if (skip_word(text, "nan")) {
        if (text.empty()) return true;
        if (!text.starts_with('(') || !text.ends_with(')')) return false;
        for (const char c : text.substr(1, text.size() - 2))
            if (!is_decimal_digit(c) && c != '_' && (lower_case(c) < 'a' || lower_case(c) > 'z')) return false;
        return true;
    }
    if (skip_word(text, "inf")) {
        skip_word(text, "inity");
        return text.empty();
    }
    std::size_t digits = skip_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += skip_digits(text);
    }
    if (digits == 0) return false;
    if (text.empty()) return true;
    if (text[0] != 'e' && text[0] != 'E') return false;
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return skip_digits(text) > 0 && text.empty();
}

// What strtof or strtod reads at `text` in the locale "C", whatever the program's.
#if defined(_UCRT)
struct CLocale {
    ::_locale_t locale = ::_create_locale(LC_ALL, "C");
    CLocale() = default;
    CLocale(const CLocale&) = delete;
    ~CLocale() { ::_free_locale(locale); }
    void read(const std::string& text, float& value) { value = ::_strtof_l(text.c_str(), nullptr, locale); }
    void read(const std::string& text, double& value) { value = ::_strtod_l(text.c_str(), nullptr, locale); }
};
#elif defined(LC_ALL_MASK)
struct CLocale {
    ::locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);  // one that is there already: this cannot fail
    CLocale() = default;
    CLocale(const CLocale&) = delete;
    ~CLocale() { ::freelocale(locale); }
    void read(const std::string& text, float& value) { value = ::strtof_l(text.c_str(), nullptr, locale); }
    void read(const std::string& text, double& value) { value = ::strtod_l(text.c_str(), nullptr, locale); }
};
#else
struct CLocale {
    // The program's locale, in its own spelling.
    static std::string spelled(std::string text) {
        const std::size_t point = text.find('.');
        if (point != std::string::npos) text.replace(point, 1, std::localeconv()->decimal_point);
        return text;
    }
    void read(const std::string& text, float& value) { value = std::strtof(spelled(text).c_str(), nullptr); }
    void read(const std::string& text, double& value) { value = std::strtod(spelled(text).c_str(), nullptr); }
};
#endif

template <class Number>
bool parse_floating_as(std::string_view text, Number& value) {
    if (!is_floating(text)) return false;
    CLocale{}.read(std::string(text), value);
    // Out of range: infinity, or zero, that the text does not spell.
    if (text.find_first_of("nN") != std::string_view::npos) return true;
    const std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
    const bool spells_zero = mantissa.find_first_of("123456789") == std::string_view::npos;
    return is_finite(value) && (value == 0) == spells_zero;
}

NIB_API bool parse_floating(std::string_view text, float& value) { return parse_floating_as(text, value); }
NIB_API bool parse_floating(std::string_view text, double& value) { return parse_floating_as(text, value); }

}  // namespace detail
#endif

NIB_API std::string format_fixed(double value, int digits) {
    char buffer[400];  // the largest double has 309 digits before the point
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits);
    return error == decltype(error){} ? std::string(buffer, end) : std::string("?");
}

NIB_API void append_to_list(std::string& list, std::string_view separator, std::string_view item) {
    detail::append_parts(list, {list.empty() ? std::string_view{} : separator, item});
}

NIB_API std::string format_quoted(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string_view kept = text.substr(0, longest);
    // Not in the middle of a UTF-8 character: its bytes but the first are 10xxxxxx.
    while (kept.size() < text.size() && (static_cast<unsigned char>(text[kept.size()]) & 0xc0) == 0x80 && !kept.empty())
        kept.remove_suffix(1);
    std::string result = detail::join({"'", kept, text.size() > longest ? "...'" : "'"});
    for (std::size_t i = 1; i <= kept.size(); ++i) {
        const auto code = static_cast<unsigned char>(result[i]);
        if (code < 0x20 || code == 0x7f) result[i] = '?';
    }
    return result;
}

}  // namespace nib::inline NIB_ABI

#endif
