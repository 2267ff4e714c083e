// join: a text of its parts, strings and whole numbers. Out of line, so that messages take little code where they are
// made: chains of operator+ are compiled anew in each place, with all that destroys what lies in between.
#pragma once

#include <nib/core/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI::detail {

template <class Number>
concept WholeNumber = std::integral<Number> && !std::same_as<Number, bool> && !std::same_as<Number, char>;

// Someone else's string, or a number in decimal.
class TextPart {
public:
    TextPart(std::string_view text) : text_{text.data() == nullptr ? "" : text.data()}, number_{text.size()} {}
    TextPart(const char* text) : TextPart{std::string_view(text)} {}
    TextPart(const std::string& text) : text_{text.data()}, number_{text.size()} {}
    template <WholeNumber Number>
    TextPart(Number number)
        : text_{number < Number{0} ? minus : nullptr},
          number_{number < Number{0} ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number)} {}

    [[gnu::cold, gnu::noinline]] void append_to(std::string& to) const {
        if (text_ != nullptr && text_ != minus) {
            to.append(text_, static_cast<std::size_t>(number_));
            return;
        }
        char digits[21];
        char* const end = digits + sizeof digits;
        char* begin = end;
        std::uint64_t rest = number_;
        do *--begin = static_cast<char>('0' + rest % 10);
        while ((rest /= 10) != 0);
        if (text_ == minus) *--begin = '-';
        to.append(begin, static_cast<std::size_t>(end - begin));
    }

private:
    static constexpr char minus[] = "-";

    const char* text_;      // null or `minus`: a number
    std::uint64_t number_;  // or the size of the text
};

[[gnu::cold, gnu::noinline]] inline void append_parts(std::string& text, std::initializer_list<TextPart> parts) {
    for (const TextPart& part : parts) part.append_to(text);
}

[[nodiscard, gnu::cold, gnu::noinline]] inline std::string join(std::initializer_list<TextPart> parts) {
    std::string text;
    append_parts(text, parts);
    return text;
}

}  // namespace nib::inline NIB_ABI::detail
