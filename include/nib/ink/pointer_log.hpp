// Pointer logs: what a drawing window knows that only sees "mouse moved with the button down".
//
// A line for each sample: `x y t`, pixels with y downwards, t in seconds or milliseconds from any origin and never
// going backwards. Blanks, commas and semicolons separate the numbers. A gap in t of 0.3 s or more starts a new stroke.
// Blank lines and lines that start with '#' are skipped. The whole file is one drawing, without a label.
//
// A first line of words is skipped. Where it names columns (`t,x,y,pressure`), they are read in its order, and what is
// not x, y and t is passed over.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

enum class LogTime { seconds, milliseconds };

// `name` is the file's, for messages. Fails on a line that is no sample, when there is none, and where the times look
// like milliseconds and are to be seconds.
std::vector<Drawing> parse_pointer_log(std::string_view text, const std::string& name, LogTime unit = LogTime::seconds);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Seconds. A gap of 0.3 s written in decimal may come out a few units in the last place short.
inline constexpr double log_stroke_gap = 0.3 - 1e-6;

// Takes the next of the words that blanks, commas and semicolons separate. Two separators that are no blanks have an
// empty word between them; false at the end.
inline bool take_log_word(std::string_view& rest, std::string_view& word) {
    rest = trimmed(rest);
    if (rest.empty()) return false;
    word = rest.substr(0, rest.find_first_of(" \t\r,;"));
    rest = trimmed(rest.substr(word.size()));
    if (!rest.empty() && (rest.front() == ',' || rest.front() == ';')) rest.remove_prefix(1);
    return true;
}

// What the columns of a log hold.
struct LogColumns {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::size_t x = 0;
    std::size_t y = 1;
    std::size_t t = 2;
    std::size_t count = 3;

    // The columns that a line of names says (`X, "Y", timestamp_ms`); without x, y or t where it does not name one.
    static LogColumns named_by(std::string_view line) {
        LogColumns columns{none, none, none, 0};
        for (std::string_view word; take_log_word(line, word); ++columns.count) {
            std::size_t* const place = is_name(word, "x", "xpos")         ? &columns.x
                                       : is_name(word, "y", "ypos")       ? &columns.y
                                       : is_name(word, "t", "time", "ts") ? &columns.t
                                                                          : nullptr;
            if (place != nullptr && *place == none) *place = columns.count;
        }
        return columns;
    }

    bool has_all() const { return x != none && y != none && t != none; }
    bool has_any() const { return x != none || y != none || t != none; }

private:
    // Whether `word` is one letter, whatever follows it but a letter (`x`, `X_px`), or one of the longer names.
    static bool is_name(std::string_view word, std::string_view letter, std::string_view name,
                        std::string_view other = {}) {
        std::string lower;
        for (const char c : word.substr(0, 64))
            if (c != '"' && c != '\'') lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
        return (lower.starts_with(letter) && (lower.size() == 1 || !is_letter(lower[1]))) || lower.starts_with(name) ||
               (!other.empty() && lower == other);
    }
};

// Whether no word of a line is a number and there are at least three.
inline bool is_line_of_words(std::string_view line) {
    std::size_t count = 0;
    for (std::string_view word; take_log_word(line, word);) {
        if (parse_number<double>(word)) return false;
        if (!word.empty()) ++count;
    }
    return count >= 3;
}

// The one drawing of a log. Fails on a line that is no sample, and when there is none.
class PointerLogReader {
public:
    // Both must outlive the reader. `name` is the file's, for messages.
    PointerLogReader(TextSource& source, const std::string& name, LogTime unit = LogTime::seconds)
        : scanner_{source, name}, name_{name}, unit_{unit} {}

    bool next(Drawing& drawing) {
        drawing = {};
        if (done_) return false;
        done_ = true;
        std::size_t count = 0;
        std::size_t long_gaps = 0;
        double start = 0;
        double last = 0;
        const double seconds = unit_ == LogTime::milliseconds ? 1e-3 : 1;
        for (bool first_line = true; scanner_.next();) {
            if (scanner_.line().empty() || scanner_.line().front() == '#') continue;
            if (std::exchange(first_line, false) && is_line_of_words(scanner_.line())) {
                read_names();
                continue;
            }
            const Sample sample = parse_sample();
            if (count == 0) start = last = sample.t;
            if (sample.t < last) scanner_.fail_here("a time not before that of the sample above");
            if (count == drawing_point_limit) scanner_.fail_at(scanner_.number(), not_too_many_points, "another");
            const double gap = (sample.t - last) * seconds;
            if (count == 0 || gap >= log_stroke_gap) drawing.strokes.push_back({});
            if (gap >= longest_interval) ++long_gaps;
            drawing.strokes.back().push_back({sample.x, sample.y, static_cast<float>((sample.t - start) * seconds)});
            last = sample.t;
            ++count;
        }
        if (count == 0) fail(name_ + ": no stroke found: expected lines 'x y t', found none");
        check_unit(count - 1, long_gaps);
        return true;
    }

private:
    struct Sample {
        float x = 0;
        float y = 0;
        double t = 0;  // in the log's unit; a double, as times since 1970 leave a float no resolution
    };

    // Seconds: no window samples a pen so seldom, and almost none so often in milliseconds.
    static constexpr double longest_interval = 0.9;

    void read_names() {
        const LogColumns named = LogColumns::named_by(scanner_.line());
        if (named.has_all())
            columns_ = named;
        else if (named.has_any() || named.count != columns_.count)
            scanner_.fail_here("a first line that names the columns x, y and t, or samples 'x y t'");
    }

    // Of one or two gaps nothing is known: they may be dots.
    void check_unit(std::size_t gaps, std::size_t long_gaps) const {
        if (unit_ == LogTime::milliseconds || gaps < 3 || 2 * long_gaps <= gaps) return;
        fail(name_ + ": expected times in seconds, found " + std::to_string(long_gaps) + " of " + std::to_string(gaps) +
             " samples 0.9 s or more after the one before: are the times milliseconds? Then say so with "
             "StrokeFormat::log_ms (--ms of the example programs)");
    }

    Sample parse_sample() const {
        const bool ms = unit_ == LogTime::milliseconds;
        const std::string_view expected = columns_.count != 3
                                              ? "as many values as the first line names, with numbers for x, y and t"
                                          : ms ? "three numbers 'x y t' (pixels up to 1e7, milliseconds up to 1e13)"
                                               : "three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10)";
        Sample sample;
        std::size_t column = 0;
        std::string_view rest = scanner_.line();
        for (std::string_view word; take_log_word(rest, word); ++column) {
            if (column == columns_.x)
                sample.x =
                    static_cast<float>(scanner_.number_of(word, static_cast<double>(coordinate_limit), expected));
            if (column == columns_.y)
                sample.y =
                    static_cast<float>(scanner_.number_of(word, static_cast<double>(coordinate_limit), expected));
            if (column == columns_.t)
                sample.t = scanner_.number_of(word, ms ? 1000 * time_limit : time_limit, expected);
        }
        if (column != columns_.count) scanner_.fail_here(expected);
        return sample;
    }

    LineScanner scanner_;
    const std::string& name_;
    LogTime unit_;
    LogColumns columns_;
    bool done_ = false;
};

}  // namespace detail

NIB_API std::vector<Drawing> parse_pointer_log(std::string_view text, const std::string& name, LogTime unit) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::PointerLogReader{source, name, unit});
}

}  // namespace nib::inline NIB_ABI

#endif
