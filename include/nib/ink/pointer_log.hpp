// Pointer logs: what a drawing window knows that only sees "mouse moved with the button down".
//
// A line for each sample: `x y t`, pixels with y downwards, t in seconds from any origin and never going backwards. A
// gap in t of 0.3 s or more starts a new stroke. Blank lines and lines that start with '#' are skipped. The whole file
// is one drawing, without a label.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// `name` is the file's, for messages. Fails on a line that is no sample, and when there is none.
NIB_API std::vector<Drawing> parse_pointer_log(std::string_view text, const std::string& name,
                                               SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/text_source.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Seconds. A gap of 0.3 s written in decimal may come out a few units in the last place short.
inline constexpr double log_stroke_gap = 0.3 - 1e-6;

// The one drawing of a log. Fails on a line that is no sample, and when there is none.
class PointerLogReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    PointerLogReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : scanner_{source, name}, name_{name}, skipped_{skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        if (done_) return false;
        done_ = true;
        std::size_t count = 0;
        double start = 0;
        double last = 0;
        while (scanner_.next()) {
            if (scanner_.line().empty() || scanner_.line().front() == '#') continue;
            const Sample sample = parse_sample();
            if (count == 0) start = last = sample.t;
            if (sample.t < last) scanner_.fail_here("a time not before that of the sample above");
            if (count == drawing_point_limit) scanner_.fail_at(scanner_.number(), not_too_many_points, "another");
            if (count == 0 || sample.t - last >= log_stroke_gap) drawing.strokes.push_back({});
            drawing.strokes.back().push_back({sample.x, sample.y, static_cast<float>(sample.t - start)});
            last = sample.t;
            ++count;
        }
        if (count == 0) fail(name_ + ": no stroke found: expected lines 'x y t', found none");
        return true;
    }

private:
    struct Sample {
        float x = 0;
        float y = 0;
        double t = 0;  // a double: seconds since 1970 leave a float no resolution
    };

    Sample parse_sample() const {
        constexpr std::string_view expected = "three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10)";
        std::string_view rest = scanner_.line();
        const double x = scanner_.number_of(take_word(rest), static_cast<double>(coordinate_limit), expected);
        const double y = scanner_.number_of(take_word(rest), static_cast<double>(coordinate_limit), expected);
        const double t = scanner_.number_of(take_word(rest), time_limit, expected);
        if (!trimmed(rest).empty()) scanner_.fail_here(expected);
        return {static_cast<float>(x), static_cast<float>(y), t};
    }

    LineScanner scanner_;
    const std::string& name_;
    SkippedDrawings* skipped_;
    bool done_ = false;
};

}  // namespace detail

NIB_API std::vector<Drawing> parse_pointer_log(std::string_view text, const std::string& name,
                                               SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::PointerLogReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
