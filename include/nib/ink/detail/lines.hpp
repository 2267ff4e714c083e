// LineScanner: one pass over a text, line by line, for the readers of stroke files. Lines end with \n or \r\n; spaces
// and tabs separate words. It allocates nothing but its error messages, which read `name:LINE: expected ..., found
// ...`, lines counted from 1. A line longer than 64 MB is refused: no more is ever held of a file.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

inline constexpr std::string_view blanks = " \t\r";
inline constexpr std::size_t longest_line = 64'000'000;  // bytes

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

[[noreturn]] inline void fail_at_line(const std::string& name, std::size_t line, std::string_view expected,
                                      std::string_view found) {
    fail(name + ":" + std::to_string(line) + ": expected " + std::string(expected) + ", found " + std::string(found));
}

// Counts a drawing that cannot be used, or fails where nobody counts them.
inline void skip_drawing(SkippedDrawings* skipped, std::string reason) {
    if (skipped == nullptr) fail(reason);
    if (skipped->count++ == 0) skipped->first = std::move(reason);
}

// Every reader refuses a drawing with more than drawing_point_limit points in these words.
inline constexpr std::string_view not_too_many_points = "a drawing of at most 1048576 points";

class LineScanner {
public:
    // Both must outlive the scanner. `name` is the file's, for messages.
    LineScanner(TextSource& source, const std::string& name) : source_{source}, name_{name} {}

    // Goes to the next line; false at the end of the text.
    bool next() {
        std::size_t end = source_.rest().find('\n');
        for (std::size_t searched = 0; end == std::string_view::npos; end = source_.rest().find('\n', searched)) {
            searched = source_.rest().size();
            if (searched > longest_line || !source_.grow()) break;
        }
        const std::string_view rest = source_.rest();
        if (rest.empty()) return false;
        ++number_;
        whole_line_ = rest.substr(0, end);
        if (whole_line_.size() > longest_line) fail_at(number_, "a line of at most 64 MB", "a longer one");
        line_ = trimmed(whole_line_);
        source_.consume(end == std::string_view::npos ? rest.size() : end + 1);
        return true;
    }

    // Valid until next() is called.
    std::string_view line() const { return line_; }  // trimmed
    std::string_view whole_line() const { return whole_line_; }
    std::size_t number() const { return number_; }

    // The number that `word` spells, within ±limit.
    double number_of(std::string_view word, double limit, std::string_view expected) const {
        const auto value = parse_number<double>(word);
        // Written so that NaN, which from_chars accepts, fails it.
        if (!value || !(*value >= -limit && *value <= limit)) fail_here(expected);
        return *value;
    }

    // Fails at the current line.
    [[noreturn]] void fail_here(std::string_view expected) const { fail_at(number_, expected, format_quoted(line_)); }

    [[noreturn]] void fail_at(std::size_t line, std::string_view expected, std::string_view found) const {
        fail_at_line(name_, line, expected, found);
    }

private:
    TextSource& source_;
    const std::string& name_;
    std::string_view line_;
    std::string_view whole_line_;
    std::size_t number_ = 0;
};

// All that a reader has: its next(drawing) is true for each drawing and false after the last.
template <class Reader>
std::vector<Drawing> all_drawings(Reader&& reader) {
    std::vector<Drawing> drawings;
    for (Drawing drawing; reader.next(drawing);) drawings.push_back(std::move(drawing));
    return drawings;
}

}  // namespace nib::inline NIB_ABI::detail
