// Pointer logs: what a drawing window knows that only sees "mouse moved with the button down".
//
// A line for each sample: `x y t`, pixels with y downwards, t in seconds from any origin and never going backwards. A
// gap in t of 0.3 s or more starts a new stroke. Blank lines and lines that start with '#' are skipped. The whole file
// is one drawing, without a label.
#pragma once

#include <nib/core/error.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr double log_stroke_gap = 0.3;  // seconds
inline constexpr double log_time_limit = 1e10;

struct LogSample {
    float x = 0;
    float y = 0;
    double t = 0;  // a double: seconds since 1970 leave a float no resolution
};

inline LogSample parse_log_sample(const LineScanner& scanner) {
    constexpr std::string_view expected = "three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10)";
    std::string_view rest = scanner.line();
    const double x = scanner.number_of(take_word(rest), coordinate_limit, expected);
    const double y = scanner.number_of(take_word(rest), coordinate_limit, expected);
    const double t = scanner.number_of(take_word(rest), log_time_limit, expected);
    if (!trimmed(rest).empty()) scanner.fail_here(expected);
    return {static_cast<float>(x), static_cast<float>(y), t};
}

}  // namespace detail

// `name` is the file's, for messages. Fails on a line that is no sample, and when there is none.
inline std::vector<Drawing> parse_pointer_log(std::string_view text, const std::string& name) {
    // A gap of 0.3 s written in decimal may come out a few units in the last place short.
    constexpr double gap = detail::log_stroke_gap - 1e-6;
    detail::LineScanner scanner{text, name};
    Drawing drawing;
    double start = 0;
    double last = 0;
    while (scanner.next()) {
        if (scanner.line().empty() || scanner.line().front() == '#') continue;
        const detail::LogSample sample = detail::parse_log_sample(scanner);
        const bool first = drawing.strokes.empty();
        if (first) start = last = sample.t;
        if (sample.t < last) scanner.fail_here("a time not before that of the sample above");
        if (first || sample.t - last >= gap) drawing.strokes.push_back({});
        drawing.strokes.back().push_back({sample.x, sample.y, static_cast<float>(sample.t - start)});
        last = sample.t;
    }
    if (drawing.strokes.empty()) fail(name + ": no stroke found: expected lines 'x y t', found none");
    std::vector<Drawing> drawings;
    drawings.push_back(std::move(drawing));
    return drawings;
}

}  // namespace nib::inline NIB_ABI
