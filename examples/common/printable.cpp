#include "printable.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace examples {

namespace {

std::string hexadecimal(std::uint32_t value, int digits) {
    std::string text;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
    return text;
}

struct Character {
    std::size_t size = 0;  // bytes; 0 where there is no character of UTF-8
    std::uint32_t code = 0;
};

// The character that `text`, which is not empty, starts with.
Character first_character(std::string_view text) {
    const std::uint32_t first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return {1, first};
    const std::size_t size = first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (size == 0 || size > text.size()) return {};
    std::uint32_t code = first & (0x7fu >> size);
    for (const char c : text.substr(1, size - 1)) {
        const std::uint32_t byte = static_cast<unsigned char>(c);
        if (byte >> 6 != 2) return {};
        code = code << 6 | (byte & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[size] || code > 0x10ffff || surrogate ? Character{} : Character{size, code};
}

bool is_control(std::uint32_t code) {
    const auto between = [code](std::uint32_t low, std::uint32_t high) { return code >= low && code <= high; };
    return code < 0x20 || between(0x7f, 0x9f) || code == 0x61c || between(0x200e, 0x200f) || between(0x2028, 0x202e) ||
           between(0x2066, 0x2069);
}

std::string escape(std::uint32_t code) {
    if (code == '\n') return "\\n";
    if (code == '\t') return "\\t";
    if (code == '\r') return "\\r";
    return code < 0x80 ? "\\x" + hexadecimal(code, 2) : "\\u" + hexadecimal(code, 4);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const Character character = first_character(text);
        if (character.size == 0) {
            result += "\\x" + hexadecimal(static_cast<unsigned char>(text[0]), 2);
            text.remove_prefix(1);
            continue;
        }
        result += is_control(character.code) ? escape(character.code) : std::string(text.substr(0, character.size));
        text.remove_prefix(character.size);
    }
    return result;
}

}  // namespace examples
