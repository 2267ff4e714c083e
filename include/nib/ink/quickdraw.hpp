// QuickDraw ndjson: a JSON object a line, each a drawing.
//
//   {"word":"cat","drawing":[[[1,2,3],[4,5,6],[0,16,33]],[[7],[8],[120]]]}
//
// "word" is the label. "drawing" lists the strokes, each an array of x, one of y (downwards) and, in the raw form, one
// of t, in milliseconds; the simplified form has none. Other keys are skipped, and so are blank lines. Messages read
// `name:LINE: byte N: expected ..., found ...`, bytes counted from the start of the line.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// A drawing for each line that is not blank. `name` is the file's, for messages.
NIB_API std::vector<Drawing> parse_quickdraw(std::string_view text, const std::string& name,
                                             SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/text_source.hpp>
#include <nib/io/json.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// One line's drawing.
class QuickdrawParser {
public:
    QuickdrawParser(std::string_view line, const std::string& place) : json_{line, place}, place_{place} {}

    Drawing parse() {
        bool has_drawing = false;
        json_.object([&](const std::string& key) {
            if (key == "word") {
                drawing_.label = json_.string();
            } else if (key == "drawing") {
                json_.array([this] { parse_stroke(); });
                has_drawing = true;
            } else {
                json_.skip();
            }
        });
        json_.end();
        if (!has_drawing) fail(place_ + ": expected the key 'drawing', found none");
        if (drawing_.strokes.empty()) fail(place_ + ": expected at least one stroke in 'drawing', found none");
        return std::move(drawing_);
    }

private:
    void parse_stroke() {
        Stroke stroke;
        std::size_t rows = 0;
        json_.array([&] {
            if (rows == 3) refuse("a stroke of two or three arrays: x, y and t", "a fourth");
            parse_row(stroke, rows++);
        });
        if (rows < 2) refuse("a stroke of two or three arrays: x, y and t", std::to_string(rows));
        if (!drawing_.strokes.empty() && rows != rows_)
            refuse("times in every stroke or in none", std::to_string(rows) + " arrays after " + std::to_string(rows_));
        rows_ = rows;
        count_ += stroke.size();
        drawing_.strokes.push_back(std::move(stroke));
    }

    // x for row 0, y for 1, t for 2.
    void parse_row(Stroke& stroke, std::size_t row) {
        std::size_t i = 0;
        json_.array([&] {
            const double limit = row < 2 ? static_cast<double>(coordinate_limit) : 1000 * time_limit;
            const double value = json_.number();
            if (!(value >= -limit && value <= limit))
                refuse(row < 2 ? "a number up to 1e7" : "a time up to 1e13", "one beyond");
            if (row == 0) {
                if (count_ + i == drawing_point_limit) refuse(not_too_many_points, "another");
                stroke.push_back({});
            }
            if (i == stroke.size()) refuse("as many numbers as x has (" + std::to_string(i) + ")", "another");
            set(stroke[i++], row, value);
        });
        if (i == 0) refuse("at least one point in a stroke", "none");
        if (i < stroke.size())
            refuse("as many numbers as x has (" + std::to_string(stroke.size()) + ")", std::to_string(i));
    }

    void set(Point& point, std::size_t row, double value) {
        if (row == 0) point.x = static_cast<float>(value);
        if (row == 1) point.y = static_cast<float>(value);
        if (row != 2) return;
        if (!has_start_) start_ = value;
        has_start_ = true;
        point.t = static_cast<float>((value - start_) / 1000);
    }

    [[noreturn]] void refuse(std::string_view expected, std::string_view found) const {
        json_.fail_at(json_.position(), "expected " + std::string(expected) + ", found " + std::string(found));
    }

    JsonReader json_;
    const std::string& place_;
    Drawing drawing_;
    std::size_t rows_ = 0;   // of every stroke
    std::size_t count_ = 0;  // points
    bool has_start_ = false;
    double start_ = 0;  // milliseconds
};

class QuickdrawReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    QuickdrawReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : scanner_{source, name}, name_{name}, skipped_{skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        while (scanner_.next()) {
            if (scanner_.line().empty()) continue;
            const std::string place = name_ + ":" + std::to_string(scanner_.number());
            drawing = QuickdrawParser{scanner_.whole_line(), place}.parse();
            found_ = true;
            return true;
        }
        if (!found_) fail(name_ + ": no stroke found: expected a JSON object a line, found none");
        return false;
    }

private:
    LineScanner scanner_;
    const std::string& name_;
    SkippedDrawings* skipped_;
    bool found_ = false;
};

}  // namespace detail

NIB_API std::vector<Drawing> parse_quickdraw(std::string_view text, const std::string& name, SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::QuickdrawReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
