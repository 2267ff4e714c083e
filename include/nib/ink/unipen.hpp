// UNIPEN text: pen trajectories of labelled drawings.
//
//   .SEGMENT DIGIT 6-7 ? "4"   components 6 and 7 are one drawing; its quality is not known, its label is 4
//   .PEN_DOWN                  a component starts: one stroke
//    267  333                  a point, y upwards
//   .PEN_UP
//
// Components are the pen-down blocks, numbered from 0 through the whole file (pen-up blocks hold no points and do not
// count). A segment names them as `6`, `6-7` or `0-1,3`, and may stand before or after them. Each component belongs to
// exactly one segment; in a file without segments all are one drawing without a label. `.COORD X Y T P` names the
// columns where they are not just x and y; only these two are used. Other keywords are skipped, with the lines of text
// below.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

class UnipenParser {
public:
    UnipenParser(std::string_view text, const std::string& name) : scanner_{text, name}, name_{name} {}

    std::vector<Drawing> parse() {
        while (scanner_.next()) {
            if (scanner_.line().empty()) continue;
            if (scanner_.line().front() == '.')
                parse_keyword();
            else if (pen_down_)
                parse_point();
            else
                check_text();
        }
        end_component();
        if (components_.empty()) fail(name_ + ": no stroke found: expected points after .PEN_DOWN, found none");
        return segments_.empty() ? whole_file() : assembled();
    }

private:
    // Components first, first + 1, ..., last belong to drawings_[drawing].
    struct Segment {
        std::size_t first = 0;
        std::size_t last = 0;
        std::size_t drawing = 0;
        std::size_t line = 0;
    };

    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    void parse_keyword() {
        std::string_view rest = scanner_.line();
        const std::string_view keyword = take_word(rest);
        in_skipped_keyword_ = false;
        if (keyword == ".PEN_DOWN") {
            end_component();
            pen_down_ = true;
            pen_down_line_ = scanner_.number();
        } else if (keyword == ".PEN_UP") {
            end_component();
        } else if (keyword == ".SEGMENT") {
            parse_segment(rest);
        } else if (keyword == ".COORD") {
            parse_columns(rest);
        } else {
            in_skipped_keyword_ = true;
        }
    }

    void end_component() {
        if (!pen_down_) return;
        if (stroke_.empty()) scanner_.fail_at(pen_down_line_, "points after .PEN_DOWN", "none");
        component_lines_.push_back(pen_down_line_);
        components_.push_back(stroke_);
        stroke_.clear();
        pen_down_ = false;
    }

    void parse_point() {
        const std::string_view expected =
            column_count_ == 2 ? "a point 'x y' (two numbers up to 1e7)" : "a point with the numbers that .COORD names";
        std::string_view rest = scanner_.line();
        Point point;
        for (std::size_t column = 0; column < column_count_; ++column) {
            const bool used = column == x_column_ || column == y_column_;
            const double value = scanner_.number_of(take_word(rest), used ? coordinate_limit : 1e300, expected);
            if (column == x_column_) point.x = static_cast<float>(value);
            if (column == y_column_) point.y = static_cast<float>(0 - value);  // not -value: 0 stays +0
        }
        if (!trimmed(rest).empty()) scanner_.fail_here(expected);
        stroke_.push_back(point);
    }

    // A line outside pen-down: nothing but the text of a skipped keyword may stand there.
    void check_text() const {
        constexpr std::string_view number_starts = "+-.0123456789";
        const bool looks_like_point = number_starts.find(scanner_.line().front()) != std::string_view::npos;
        if (looks_like_point) scanner_.fail_here("points only between .PEN_DOWN and .PEN_UP");
        if (!in_skipped_keyword_) scanner_.fail_here("a keyword that starts with '.'");
    }

    void parse_columns(std::string_view rest) {
        column_count_ = 0;
        x_column_ = y_column_ = absent;
        for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
            if (word == "X") x_column_ = column_count_;
            if (word == "Y") y_column_ = column_count_;
            ++column_count_;
        }
        if (x_column_ == absent || y_column_ == absent) scanner_.fail_here(".COORD with the columns X and Y");
    }

    // The rest of `.SEGMENT DIGIT 6-7 ? "4"`.
    void parse_segment(std::string_view rest) {
        take_word(rest);  // the name of the hierarchy's level
        parse_components(take_word(rest));
        if (!trimmed(rest).starts_with('"')) take_word(rest);  // the quality
        drawings_.push_back({{}, std::string(parse_label(trimmed(rest)))});
    }

    void parse_components(std::string_view list) {
        for (bool more = true; more;) {
            const std::size_t comma = list.find(',');
            const std::string_view part = list.substr(0, comma);
            const std::size_t dash = part.find('-');
            const auto first = parse_number<std::size_t>(part.substr(0, dash));
            const auto last = dash == std::string_view::npos ? first : parse_number<std::size_t>(part.substr(dash + 1));
            if (!first || !last || *first > *last)
                scanner_.fail_here(".SEGMENT LEVEL with component numbers such as 6 or 6-7");
            segments_.push_back({*first, *last, drawings_.size(), scanner_.number()});
            more = comma != std::string_view::npos;
            if (more) list.remove_prefix(comma + 1);
        }
    }

    std::string_view parse_label(std::string_view text) const {
        if (text.empty()) return text;
        if (text.size() < 2 || text.front() != '"' || text.find('"', 1) != text.size() - 1)
            scanner_.fail_here("a label in double quotes at the end of .SEGMENT");
        return text.substr(1, text.size() - 2);
    }

    std::vector<Drawing> whole_file() {
        drawings_.push_back({});
        drawings_.back().strokes = std::move(components_);
        return std::move(drawings_);
    }

    // Each component is moved into its segment's drawing: what segments name can never cost more than the file holds.
    std::vector<Drawing> assembled() {
        for (const Segment& segment : segments_) {
            if (segment.last >= components_.size())
                scanner_.fail_at(segment.line, "components below " + std::to_string(components_.size()),
                                 std::to_string(segment.last));
            for (std::size_t i = segment.first; i <= segment.last; ++i) {
                if (components_[i].empty())
                    scanner_.fail_at(segment.line, "components that no other .SEGMENT names", std::to_string(i));
                drawings_[segment.drawing].strokes.push_back(std::exchange(components_[i], {}));
            }
        }
        for (std::size_t i = 0; i < components_.size(); ++i)
            if (!components_[i].empty())
                scanner_.fail_at(component_lines_[i], "a .SEGMENT that names component " + std::to_string(i), "none");
        return std::move(drawings_);
    }

    LineScanner scanner_;
    const std::string& name_;
    std::vector<Stroke> components_;
    std::vector<std::size_t> component_lines_;
    std::vector<Drawing> drawings_;
    std::vector<Segment> segments_;
    Stroke stroke_;  // of the current component; its memory is reused
    bool pen_down_ = false;
    bool in_skipped_keyword_ = false;
    std::size_t pen_down_line_ = 0;
    std::size_t column_count_ = 2;
    std::size_t x_column_ = 0;
    std::size_t y_column_ = 1;
};

}  // namespace detail

// The drawings in the order of their segments. `name` is the file's, for messages.
inline std::vector<Drawing> parse_unipen(std::string_view text, const std::string& name) {
    return detail::UnipenParser{text, name}.parse();
}

}  // namespace nib::inline NIB_ABI
