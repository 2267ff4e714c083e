// UnipenReader: the drawings of a UNIPEN file, one after the other (unipen.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/detail/unipen_segment.hpp>
#include <nib/ink/detail/unipen_set.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// The drawings of a text, each as soon as nothing that follows can change it.
class UnipenReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    UnipenReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : scanner_{source, name}, name_{name}, set_{name, skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        while (!set_.next(drawing)) {
            if (!set_.ended())
                read_line();
            else if (ended_)
                return false;
            else
                set_.start();
        }
        return true;
    }

private:
    enum class Pen { unknown, down, up };

    // What the lines below a keyword are, until the next keyword.
    // after_number: text, but for what looks like a point, which is not the keyword's.
    enum class TextKind { points, text, after_number, segment, columns, levels };

    static constexpr std::size_t most_levels = 100;
    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    void read_line() {
        if (!scanner_.next()) return end();
        const std::string_view line = scanner_.line();
        if (line.empty()) return;
        if (starts_keyword(line))
            parse_keyword();
        else
            parse_line_below(line);
    }

    // A word in the text of a comment may start with a dot, where it does not start the line.
    bool starts_keyword(std::string_view line) const {
        const bool indented = blanks.find(scanner_.whole_line().front()) != std::string_view::npos;
        const bool in_text = below_ == TextKind::text || below_ == TextKind::after_number ||
                             (below_ == TextKind::segment && segment_text_.in_label());
        return line.front() == '.' && !starts_number(line.substr(1)) && !(indented && in_text);
    }

    static bool starts_number(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

    static bool looks_like_point(std::string_view line) {
        constexpr std::string_view number_starts = "+-.0123456789";
        return number_starts.find(line.front()) != std::string_view::npos;
    }

    // Of ASCII letters alone.
    static std::string in_capitals(std::string_view word) {
        std::string result{word};
        for (char& c : result)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        return result;
    }

    void parse_keyword() {
        finish_keyword();
        std::string_view rest = scanner_.line();
        const std::string keyword = in_capitals(take_word(rest).substr(0, longest_keyword + 1));
        below_ = TextKind::text;
        if (keyword == ".PEN_DOWN") {
            start_component(Pen::down, rest);
        } else if (keyword == ".PEN_UP") {
            start_component(Pen::up, rest);
        } else if (keyword == ".SEGMENT") {
            segment_text_.start(rest);
            segment_line_ = scanner_.number();
            below_ = TextKind::segment;
        } else if (keyword == ".COORD") {
            column_count_ = 0;
            x_column_ = y_column_ = absent;
            columns_line_ = scanner_.number();
            columns_text_ = format_quoted(scanner_.line());
            parse_columns(rest);
            below_ = TextKind::columns;
        } else if (keyword == ".HIERARCHY") {
            if (segments_seen_) scanner_.fail_here(".HIERARCHY before the first .SEGMENT, and once");
            levels_.clear();
            parse_levels(rest);
            below_ = TextKind::levels;
        } else if (keyword == ".START_SET") {
            end_component();
            pen_ = Pen::unknown;
            if (set_.has_components()) set_.end();
        } else if (keyword == ".INCLUDE" && include_line_ == 0) {
            include_line_ = scanner_.number();
            included_ = format_quoted(trimmed(rest));
            set_.explain_missing("; .INCLUDE " + included_ + " in line " + std::to_string(include_line_) +
                                 " is not followed: put the text of that file in its place");
        } else if ((keyword == ".DT" && !trimmed(rest).empty()) || keyword == ".START_BOX") {
            below_ = TextKind::points;  // it has all that it takes: the pen goes on
        } else if (takes_number(keyword) && !trimmed(rest).empty()) {
            below_ = TextKind::after_number;
        }
    }
    static constexpr std::size_t longest_keyword = 24;  // that matters

    // Keywords of one number.
    static bool takes_number(std::string_view keyword) {
        return keyword == ".VERSION" || keyword == ".X_DIM" || keyword == ".Y_DIM" || keyword == ".AGE" ||
               keyword.find("POINTS_PER_") != std::string_view::npos;
    }

    void parse_line_below(std::string_view line) {
        if (below_ == TextKind::text || (below_ == TextKind::after_number && !looks_like_point(line))) return;
        if (below_ == TextKind::levels) return parse_levels(line);
        if (below_ == TextKind::columns && !looks_like_point(line)) return parse_columns(line);
        if (below_ == TextKind::segment && (segment_text_.in_label() || !looks_like_point(line))) {
            if (segment_text_.text().size() > longest_line)
                scanner_.fail_at(segment_line_, "a .SEGMENT of at most 64 MB", "a longer one");
            return segment_text_.append(line);
        }
        finish_keyword();
        below_ = TextKind::points;
        parse_points(line);
    }

    void start_component(Pen pen, std::string_view points) {
        end_component();
        pen_ = pen;
        component_line_ = scanner_.number();
        below_ = TextKind::points;
        parse_points(points);
    }

    // What has no point is nothing.
    void end_component() {
        if (pen_ == Pen::down && !stroke_.empty()) {
            set_.add_stroke(stroke_, component_line_);
            ink_found_ = true;
        } else if (pen_ == Pen::up && has_air_points_) {
            set_.add_way_in_air(component_line_);
        }
        stroke_.clear();
        has_air_points_ = false;
        pen_ = Pen::unknown;
    }

    void parse_points(std::string_view rest) {
        for (rest = trimmed(rest); !rest.empty(); rest = trimmed(rest)) {
            if (pen_ == Pen::unknown) fail_outside_components();
            if (pen_ == Pen::up && !looks_like_point(rest)) scanner_.fail_here("a keyword that starts with '.'");
            const Point point = parse_point(rest);
            if (pen_ == Pen::down) stroke_.push_back(point);
            has_air_points_ = pen_ == Pen::up;
            if (stroke_.size() > drawing_point_limit)
                scanner_.fail_at(scanner_.number(), not_too_many_points, "another");
        }
    }

    [[noreturn]] void fail_outside_components() const {
        scanner_.fail_here(looks_like_point(scanner_.line()) ? "points only after .PEN_DOWN or .PEN_UP"
                                                             : "a keyword that starts with '.'");
    }

    // Takes one from the line. No point goes on in the next line, so that a number that is missing shows.
    Point parse_point(std::string_view& rest) const {
        const std::string_view expected =
            column_count_ == 2 ? "a point 'x y' (two numbers up to 1e7)" : "a point with the numbers that .COORD names";
        Point point;
        for (std::size_t column = 0; column < column_count_; ++column) {
            const bool used = column == x_column_ || column == y_column_;
            const double value =
                scanner_.number_of(take_word(rest), used ? static_cast<double>(coordinate_limit) : 1e300, expected);
            if (column == x_column_) point.x = static_cast<float>(value);
            if (column == y_column_) point.y = static_cast<float>(0 - value);  // not -value: 0 stays +0
        }
        return point;
    }

    void parse_columns(std::string_view rest) {
        for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
            if (in_capitals(word) == "X") x_column_ = column_count_;
            if (in_capitals(word) == "Y") y_column_ = column_count_;
            ++column_count_;
        }
    }

    void parse_levels(std::string_view rest) {
        for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest))
            levels_.push_back(in_capitals(word));
        if (levels_.size() > most_levels) scanner_.fail_here(".HIERARCHY with at most 100 levels");
        set_.set_levels(levels_.size());
    }

    // What may have gone on in several lines is complete.
    void finish_keyword() {
        if (below_ == TextKind::columns && (x_column_ == absent || y_column_ == absent))
            scanner_.fail_at(columns_line_, ".COORD with the columns X and Y", columns_text_);
        if (below_ == TextKind::segment) finish_segment();
    }

    void finish_segment() {
        std::string_view level;
        UnipenSegment segment = parse_unipen_segment(segment_text_.text(), name_, segment_line_, level);
        segment.level = level_number(level);
        set_.add_segment(std::move(segment));
        segments_seen_ = true;
    }

    // A level that the hierarchy does not know is taken for its lowest one.
    std::size_t level_number(std::string_view level) const {
        const std::string name = in_capitals(level);
        for (std::size_t i = 0; i < levels_.size(); ++i)
            if (levels_[i] == name) return i;
        return levels_.empty() ? 0 : levels_.size() - 1;
    }

    void end() {
        finish_keyword();
        end_component();
        if (!ink_found_ && include_line_ != 0)
            fail(name_ + ":" + std::to_string(include_line_) + ": .INCLUDE " + included_ +
                 " is not followed, and there is no stroke beside it: put the text of that file in place of the line");
        if (!ink_found_) fail(name_ + ": no stroke found: expected points after .PEN_DOWN, found none");
        ended_ = true;
        set_.end();
    }

    LineScanner scanner_;
    const std::string& name_;
    UnipenSet set_;
    std::vector<std::string> levels_;  // of the hierarchy, the highest first
    bool ended_ = false;
    bool segments_seen_ = false;  // in the file
    bool ink_found_ = false;      // in the file

    TextKind below_ = TextKind::points;
    UnipenSegmentText segment_text_;
    std::size_t segment_line_ = 0;
    Pen pen_ = Pen::unknown;
    Stroke stroke_;  // of the current component; its memory is reused
    bool has_air_points_ = false;
    std::size_t component_line_ = 0;
    std::size_t column_count_ = 2;
    std::size_t x_column_ = 0;
    std::size_t y_column_ = 1;
    std::size_t columns_line_ = 0;
    std::string columns_text_;
    std::size_t include_line_ = 0;  // of the first .INCLUDE; 0: none
    std::string included_;          // in quotes
};

}  // namespace nib::inline NIB_ABI::detail
