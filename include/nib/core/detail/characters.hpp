// Characters in files: UTF-8, and hexadecimal digits.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI::detail {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

// The length of the well-formed UTF-8 sequence at the start of `text` (The Unicode Standard, table 3-7), 0 for none.
inline std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
    if (text.empty()) return 0;
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second >= 0xa0;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && second < 0x90;
        const bool too_large = first == 0xf4 && second >= 0x90;
        return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
    }
    return 0;
}

inline bool is_utf8(std::string_view text) {
    while (const std::size_t length = utf8_length(text)) text.remove_prefix(length);
    return text.empty();
}

// `code` is a Unicode scalar value.
[[gnu::cold]] inline void append_utf8(std::string& text, std::uint32_t code) {
    const auto append = [&](std::uint32_t byte) {
        const char character = static_cast<char>(static_cast<unsigned char>(byte));
        text.append(&character, 1);
    };
    if (code < 0x80) return append(code);
    if (code < 0x800) {
        append(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        append(0xe0 | code >> 12);
        append(0x80 | (code >> 6 & 0x3f));
    } else {
        append(0xf0 | code >> 18);
        append(0x80 | (code >> 12 & 0x3f));
        append(0x80 | (code >> 6 & 0x3f));
    }
    append(0x80 | (code & 0x3f));
}

}  // namespace nib::inline NIB_ABI::detail
