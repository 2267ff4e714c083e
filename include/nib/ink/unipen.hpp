// UNIPEN text: pen trajectories of labelled drawings.
//
//   .SEGMENT DIGIT 6-7 ? "4"   components 6 and 7 are one drawing; its quality is not known, its label is 4
//   .PEN_DOWN                  a component starts: one stroke
//    267  333                  a point, y upwards
//   .PEN_UP
//
// Components are the pen-down blocks, numbered from 0 through the whole file; where the pen moved while it was up
// (points after .PEN_UP) does not count and is skipped. A segment names components as `6`, `6-7` or `0-1,3`, and may
// stand before or after them. Each component belongs to exactly one segment; in a file without segments all are one
// drawing without a label. `.COORD X Y T P` names the columns where they are not just x and y; only these two are used.
// Other keywords are skipped, with the lines of text below.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// The drawings in the order of their segments. `name` is the file's, for messages.
NIB_API std::vector<Drawing> parse_unipen(std::string_view text, const std::string& name,
                                          SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/text_source.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// First in, first out, the elements numbered from 0 as they came. Memory for those that are still in.
template <class T>
class NumberedQueue {
public:
    bool empty() const { return first_ == elements_.size(); }
    T& front() { return elements_[first_]; }
    void push(T element) { elements_.push_back(std::move(element)); }
    void pop() {
        if (++first_ * 2 <= elements_.size()) return;
        elements_.erase(elements_.begin(), elements_.begin() + static_cast<std::ptrdiff_t>(first_));
        popped_ += std::exchange(first_, 0);
    }

    std::size_t first_number() const { return popped_ + first_; }
    std::size_t end_number() const { return popped_ + elements_.size(); }
    T& at(std::size_t number) { return elements_[number - popped_]; }  // from first_number() to before end_number()

private:
    std::vector<T> elements_;
    std::size_t first_ = 0;   // elements_ before this one are popped
    std::size_t popped_ = 0;  // and were erased
};

// The drawings in the order of their segments, each as soon as its components and the segments before it are complete.
class UnipenReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    UnipenReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : scanner_{source, name}, name_{name}, skipped_{skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        while (!segment_complete() && !ended_) {
            if (scanner_.next())
                parse_line();
            else
                end();
        }
        if (!has_segments_) return take_whole_file(drawing);
        const bool more = !segments_.empty();
        if (more)
            take_segment(drawing);
        else
            check_all_taken();
        return more;
    }

private:
    struct Component {
        Stroke stroke;  // empty once a segment took it
        std::size_t line = 0;
    };

    // Components first, first + 1, ..., last.
    struct Range {
        std::size_t first = 0;
        std::size_t last = 0;
    };

    struct Segment {
        std::vector<Range> ranges;
        std::size_t last = 0;  // of all components
        std::string label;
        std::size_t line = 0;
    };

    enum class Pen { unknown, down, up };

    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    void parse_line() {
        if (scanner_.line().empty()) return;
        if (scanner_.line().front() == '.' && !starts_number(scanner_.line().substr(1)))
            parse_keyword();
        else if (pen_ == Pen::down)
            stroke_.push_back(parse_point());
        else
            check_line_outside_components();
        if (stroke_.size() > drawing_point_limit) scanner_.fail_at(scanner_.number(), not_too_many_points, "another");
    }

    static bool starts_number(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

    void parse_keyword() {
        std::string_view rest = scanner_.line();
        const std::string_view keyword = take_word(rest);
        in_skipped_keyword_ = false;
        if (keyword == ".PEN_DOWN") {
            end_component();
            pen_ = Pen::down;
            pen_down_line_ = scanner_.number();
        } else if (keyword == ".PEN_UP") {
            end_component();
            pen_ = Pen::up;
        } else if (keyword == ".SEGMENT") {
            parse_segment(rest);
        } else if (keyword == ".COORD") {
            parse_columns(rest);
        } else {
            in_skipped_keyword_ = true;
        }
    }

    void end_component() {
        if (pen_ != Pen::down) return;
        if (stroke_.empty()) scanner_.fail_at(pen_down_line_, "points after .PEN_DOWN", "none");
        components_.push({stroke_, pen_down_line_});
        stroke_.clear();
        pen_ = Pen::unknown;
    }

    Point parse_point() const {
        const std::string_view expected =
            column_count_ == 2 ? "a point 'x y' (two numbers up to 1e7)" : "a point with the numbers that .COORD names";
        std::string_view rest = scanner_.line();
        Point point;
        for (std::size_t column = 0; column < column_count_; ++column) {
            const bool used = column == x_column_ || column == y_column_;
            const double value =
                scanner_.number_of(take_word(rest), used ? static_cast<double>(coordinate_limit) : 1e300, expected);
            if (column == x_column_) point.x = static_cast<float>(value);
            if (column == y_column_) point.y = static_cast<float>(0 - value);  // not -value: 0 stays +0
        }
        if (!trimmed(rest).empty()) scanner_.fail_here(expected);
        return point;
    }

    // Nothing but points of a lifted pen and the text of a skipped keyword may stand there.
    void check_line_outside_components() const {
        constexpr std::string_view number_starts = "+-.0123456789";
        const bool looks_like_point = number_starts.find(scanner_.line().front()) != std::string_view::npos;
        if (looks_like_point && pen_ == Pen::up) return static_cast<void>(parse_point());
        if (looks_like_point) scanner_.fail_here("points only after .PEN_DOWN or .PEN_UP");
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
        Segment segment;
        segment.line = scanner_.number();
        take_word(rest);  // the name of the hierarchy's level
        parse_components(take_word(rest), segment);
        if (!trimmed(rest).starts_with('"')) take_word(rest);  // the quality
        segment.label = parse_label(trimmed(rest));
        segments_.push(std::move(segment));
        has_segments_ = true;
    }

    void parse_components(std::string_view list, Segment& segment) const {
        for (bool more = true; more;) {
            const std::size_t comma = list.find(',');
            const std::string_view part = list.substr(0, comma);
            const std::size_t dash = part.find('-');
            const auto first = parse_number<std::size_t>(part.substr(0, dash));
            const auto last = dash == std::string_view::npos ? first : parse_number<std::size_t>(part.substr(dash + 1));
            if (!first || !last || *first > *last)
                scanner_.fail_here(".SEGMENT LEVEL with component numbers such as 6 or 6-7");
            // Each component has a point.
            if (segment.ranges.size() == drawing_point_limit) scanner_.fail_here(not_too_many_points);
            segment.ranges.push_back({*first, *last});
            segment.last = larger(segment.last, *last);
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

    bool segment_complete() { return !segments_.empty() && segments_.front().last < components_.end_number(); }

    void end() {
        end_component();
        ended_ = true;
        if (components_.end_number() == 0)
            fail(name_ + ": no stroke found: expected points after .PEN_DOWN, found none");
    }

    // Each component is moved into its segment's drawing: what segments name can never cost more than the file holds.
    void take_segment(Drawing& drawing) {
        const Segment& segment = segments_.front();
        if (!segment_complete())
            scanner_.fail_at(segment.line, "components below " + std::to_string(components_.end_number()),
                             std::to_string(segment.last));
        std::size_t count = 0;
        for (const Range& range : segment.ranges)
            for (std::size_t i = range.first; i <= range.last; ++i) {
                if (i < components_.first_number() || components_.at(i).stroke.empty())
                    scanner_.fail_at(segment.line, "components that no other .SEGMENT names", std::to_string(i));
                count += components_.at(i).stroke.size();
                if (count > drawing_point_limit) scanner_.fail_at(segment.line, not_too_many_points, "more");
                drawing.strokes.push_back(std::exchange(components_.at(i).stroke, {}));
            }
        drawing.label = segment.label;
        segments_.pop();
        while (!components_.empty() && components_.front().stroke.empty()) components_.pop();
    }

    void check_all_taken() {
        if (!components_.empty())
            scanner_.fail_at(components_.front().line,
                             "a .SEGMENT that names component " + std::to_string(components_.first_number()), "none");
    }

    bool take_whole_file(Drawing& drawing) {
        std::size_t count = 0;
        for (; !components_.empty(); components_.pop()) {
            count += components_.front().stroke.size();
            if (count > drawing_point_limit)
                scanner_.fail_at(components_.front().line, not_too_many_points, "more, and no .SEGMENT");
            drawing.strokes.push_back(std::move(components_.front().stroke));
        }
        return !drawing.strokes.empty();
    }

    LineScanner scanner_;
    const std::string& name_;
    SkippedDrawings* skipped_;
    NumberedQueue<Component> components_;
    NumberedQueue<Segment> segments_;
    Stroke stroke_;  // of the current component; its memory is reused
    Pen pen_ = Pen::unknown;
    bool in_skipped_keyword_ = false;
    bool has_segments_ = false;
    bool ended_ = false;
    std::size_t pen_down_line_ = 0;
    std::size_t column_count_ = 2;
    std::size_t x_column_ = 0;
    std::size_t y_column_ = 1;
};

}  // namespace detail

NIB_API std::vector<Drawing> parse_unipen(std::string_view text, const std::string& name, SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::UnipenReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
