// LineScanner: one pass over a text, line by line, for the readers of stroke files. Lines end with \n or \r\n; spaces
// and tabs separate words. It owns nothing and allocates nothing but its error messages, which read
// `name:LINE: expected ..., found ...`, lines counted from 1.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI::detail {

inline constexpr std::string_view blanks = " \t\r";

// `text` without the blanks at its start and end.
inline std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The first word of `rest`, which keeps what follows it; "" when there is none.
inline std::string_view take_word(std::string_view& rest) {
    rest = trimmed(rest);
    const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(word.size());
    return word;
}

class LineScanner {
public:
    // Both must outlive the scanner. `name` is the file's, for messages.
    LineScanner(std::string_view text, const std::string& name) : rest_{text}, name_{name} {}

    // Goes to the next line; false at the end of the text.
    bool next() {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find('\n');
        line_ = trimmed(rest_.substr(0, end));
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        ++number_;
        return true;
    }

    std::string_view line() const { return line_; }  // trimmed
    std::size_t number() const { return number_; }

    // The number that `word` spells, within ±limit.
    double number_of(std::string_view word, double limit, std::string_view expected) const {
        const auto value = parse_number<double>(word);
        // Written so that NaN, which from_chars accepts, fails it.
        if (!value || !(*value >= -limit && *value <= limit)) fail_here(expected);
        return *value;
    }

    // Fails at the current line.
    [[noreturn]] void fail_here(std::string_view expected) const { fail_at(number_, expected, in_quotes(line_)); }

    [[noreturn]] void fail_at(std::size_t line, std::string_view expected, std::string_view found) const {
        fail(name_ + ":" + std::to_string(line) + ": expected " + std::string(expected) + ", found " +
             std::string(found));
    }

private:
    std::string_view rest_;
    const std::string& name_;
    std::string_view line_;
    std::size_t number_ = 0;
};

}  // namespace nib::inline NIB_ABI::detail
