// QuickDraw ndjson: a JSON object a line, each a drawing.
//
//   {"word":"cat","drawing":[[[1,2,3],[4,5,6],[0,16,33]],[[7],[8],[120]]]}
//
// "word" is the label: a string, or a number or truth value, whose text is taken; null is no label. "drawing" lists the
// strokes, each an array of x, one of y (downwards) and, in the raw form, one of t, in milliseconds; the simplified
// form has none. A stroke without points is nothing. Keys may stand in any order; other keys are skipped, and so are
// blank lines. Messages read `name:LINE: byte N: expected ..., found ...`, bytes counted from the start of the line.
//
// A line that is no JSON object is an Error. An object without a drawing that can be used, such as one without a
// stroke, is counted by SkippedDrawings, where there is one.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// A drawing for each line that is not blank and can be used. `name` is the file's, for messages.
std::vector<Drawing> parse_quickdraw(std::string_view text, const std::string& name,
                                     SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/io/detail/json.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// One line's drawing. What makes it unusable is noted, and the rest of the line still read, so that it is known to be
// JSON.
class QuickdrawParser {
public:
    QuickdrawParser(std::string_view line, const std::string& place) : line_{line}, json_{line, place}, place_{place} {}

    // Fails where the line is no JSON object; "" or why the drawing cannot be used.
    std::string parse(Drawing& drawing) {
        bool has_drawing = false;
        json_.object([&](std::string_view key) {
            if (key == "word") {
                parse_label();
            } else if (key == "drawing") {
                each_element("an array of strokes", [this] { parse_stroke(); });
                has_drawing = true;
            } else {
                json_.skip();
            }
        });
        json_.end();
        if (!has_drawing && problem_.empty()) problem_ = place_ + ": expected the key 'drawing', found none";
        if (drawing_.strokes.empty() && problem_.empty())
            problem_ = place_ + ": expected at least one stroke in 'drawing', found none";
        drawing = std::move(drawing_);
        return std::move(problem_);
    }

private:
    void parse_label() {
        const JsonType type = json_.type();
        const std::size_t start = json_.position();
        if (type == JsonType::string) {
            drawing_.label = json_.string();
            return;
        }
        if (type == JsonType::object || type == JsonType::array) refuse("a text or a number in 'word'", name_of(type));
        json_.skip();
        if (type != JsonType::null) drawing_.label = trimmed(line_.substr(start, json_.position() - start));
    }

    void parse_stroke() {
        Stroke stroke;
        std::size_t rows = 0;
        const bool is_array = each_element(stroke_arrays, [&] {
            if (rows == 3) refuse(stroke_arrays, "a fourth");
            parse_row(stroke, rows++);
        });
        if (!is_array || !problem_.empty()) return;
        if (rows == 1) refuse(stroke_arrays, std::to_string(rows));
        if (stroke.empty()) return;
        if (!drawing_.strokes.empty() && rows != rows_)
            refuse("times in every stroke or in none", std::to_string(rows) + " arrays after " + std::to_string(rows_));
        rows_ = rows;
        count_ += stroke.size();
        drawing_.strokes.push_back(std::move(stroke));
    }

    // x for row 0, y for 1, t for 2.
    void parse_row(Stroke& stroke, std::size_t row) {
        std::size_t i = 0;
        const bool is_array = each_element("an array of numbers", [&] {
            const JsonType type = json_.type();
            if (type != JsonType::number) refuse("a number", name_of(type));
            // After a problem nothing is kept.
            if (!problem_.empty()) return json_.skip();
            const double limit = row < 2 ? static_cast<double>(coordinate_limit) : 1000 * time_limit;
            const double value = json_.number();
            if (!(value >= -limit && value <= limit))
                return refuse(row < 2 ? "a number up to 1e7" : "a time up to 1e13", "one beyond");
            if (row == 0) {
                if (count_ + i == drawing_point_limit) return refuse(not_too_many_points, "another");
                stroke.push_back({});
            }
            if (i == stroke.size()) return refuse("as many numbers as x has (" + std::to_string(i) + ")", "another");
            set(stroke[i++], row, value);
        });
        if (is_array && i < stroke.size())
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

    // Calls on_element() for each element of an array. Any other value is refused and read: false.
    template <class OnElement>
    bool each_element(std::string_view expected, OnElement on_element) {
        const JsonType type = json_.type();
        if (type == JsonType::array) {
            json_.array(on_element);
            return true;
        }
        refuse(expected, name_of(type));
        json_.skip();
        return false;
    }

    // The first problem is the one that is told.
    void refuse(std::string_view expected, std::string_view found) {
        if (!problem_.empty()) return;
        problem_ = place_ + ": byte " + std::to_string(json_.position()) + ": expected ";
        problem_.append(expected).append(", found ").append(found);
    }

    static std::string_view name_of(JsonType type) {
        return type == JsonType::object    ? "an object"
               : type == JsonType::array   ? "an array"
               : type == JsonType::string  ? "a string"
               : type == JsonType::number  ? "a number"
               : type == JsonType::boolean ? "a truth value"
                                           : "null";
    }

    static constexpr std::string_view stroke_arrays = "a stroke of two or three arrays: x, y and t";

    std::string_view line_;
    JsonReader json_;
    const std::string& place_;
    std::string problem_;
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
        while (scanner_.next()) {
            if (scanner_.line().empty()) continue;
            const std::string place = name_ + ":" + std::to_string(scanner_.number());
            std::string problem = QuickdrawParser{scanner_.whole_line(), place}.parse(drawing);
            found_ = true;
            if (problem.empty()) return true;
            skip_drawing(skipped_, std::move(problem));
        }
        drawing = {};
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
