// InkML (W3C Recommendation of 20 September 2011): digital ink as XML.
//
//   <ink xmlns="http://www.w3.org/2003/InkML">
//     <annotation type="truth">4</annotation>
//     <trace>10 0, 9 14, 8 28</trace>
//   </ink>
//
// Each <trace> is a stroke, wherever it stands; with type="penUp" it is skipped. Points are separated by commas, their
// values by white space: X and Y (downwards), or the channels of a <traceFormat>, of which X, Y and T are used. T is in
// milliseconds, unless its units are "s". A channel whose orientation is "-ve" is turned. A trace format that differs
// from the one before it, or from what the traces so far had, is refused, and so are values that are not written out:
// differences (' and "), !, *, ? and hexadecimal numbers.
//
// <annotation type="truth"> or type="label" gives the <ink> or the <traceGroup> around it a label. Each <traceGroup>
// with a label is a drawing, and takes the traces of groups within it that have none; what is left, in a file without
// such groups everything, is one drawing with the label of <ink>. Other elements are skipped, <traceView> among them.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// `name` is the file's, for messages.
NIB_API std::vector<Drawing> parse_inkml(std::string_view text, const std::string& name,
                                         SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/text_source.hpp>
#include <nib/ink/xml_scanner.hpp>
#include <nib/io/json.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// What the values of a point mean.
struct TraceFormat {
    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    std::size_t x = 0;
    std::size_t y = 1;
    std::size_t t = absent;
    std::size_t count = 2;     // of values that every point has
    std::size_t optional = 0;  // and of those that may follow
    double x_sign = 1;
    double y_sign = 1;
    double seconds = 1e-3;  // in a unit of t

    friend bool operator==(const TraceFormat&, const TraceFormat&) = default;
};

// The drawings in the order in which their elements end, each as soon as it does.
class InkmlReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    InkmlReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : xml_{source, name}, name_{name}, skipped_{skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        for (auto event = xml_.next(); event != XmlScanner::Event::end; event = xml_.next()) {
            if (event == XmlScanner::Event::start_tag)
                start_element();
            else if (end_element(drawing))
                return true;
        }
        if (!found_) fail(name_ + ": no stroke found: expected <trace> elements, found none");
        return false;
    }

private:
    // An open <ink> or <traceGroup>, with the traces in it that belong to no drawing yet.
    struct Group {
        std::size_t depth = 0;
        std::string label;
        std::vector<Stroke> strokes;
        std::size_t count = 0;  // points
        double start = 0;       // seconds: the time of the first point, which t is counted from
    };

    void start_element() {
        const std::string_view element = xml_.element();
        const auto tag = [&] { return std::string(1, '<').append(element).append(1, '>'); };
        if (xml_.depth() == 1 && element != "ink") xml_.fail_here("<ink>", tag());
        if (xml_.parent() == "trace") xml_.fail_here("nothing but points in <trace>", tag());
        if (xml_.depth() == 1 || element == "traceGroup")
            groups_.push_back({xml_.depth(), {}, {}, 0, 0});
        else if (element == "trace")
            read_trace();
        else if (element == "annotation" && groups_.back().depth + 1 == xml_.depth())
            read_annotation();
        else if (element == "traceFormat")
            start_format();
        else if (element == "channel" && format_depth_ > 0)
            read_channel();
    }

    // Whether it completes a drawing.
    bool end_element(Drawing& drawing) {
        if (xml_.depth() + 1 == format_depth_) end_format();
        if (groups_.back().depth != xml_.depth() + 1) return false;
        Group group = std::move(groups_.back());
        groups_.pop_back();
        if (group.strokes.empty()) return false;
        const bool is_drawing = groups_.empty() || !group.label.empty();
        if (is_drawing)
            drawing = {std::move(group.strokes), std::move(group.label)};
        else
            join(std::move(group));
        return is_drawing;
    }

    // The traces of a group without a label go to the group around it.
    void join(Group inner) {
        Group& outer = groups_.back();
        if (outer.strokes.empty()) outer.start = inner.start;
        const auto shift = static_cast<float>(inner.start - outer.start);
        outer.count += inner.count;
        if (outer.count > drawing_point_limit) xml_.fail_here(not_too_many_points, "more");
        for (Stroke& stroke : inner.strokes) {
            for (Point& point : stroke) point.t += shift;
            outer.strokes.push_back(std::move(stroke));
        }
    }

    void read_annotation() {
        const std::string_view type = xml_.attribute("type");
        if (type != "truth" && type != "label") return;
        std::string text;
        for (char c; xml_.take_text(c);) {
            if (text.size() == XmlScanner::longest_tag)
                xml_.fail_here("a label of at most 65536 bytes", "a longer one");
            text += c;
        }
        constexpr std::string_view spaces = " \t\r\n";
        const std::size_t first = text.find_first_not_of(spaces);
        const std::string label =
            first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(spaces) - first + 1);
        if (!is_utf8(label)) xml_.fail_here("a label in UTF-8", in_quotes(label));
        Group& group = groups_.back();
        if (!group.label.empty() && label != group.label)
            xml_.fail_here("one label", in_quotes(group.label) + " and " + in_quotes(label));
        group.label = label;
    }

    // A canvas has a trace format too, which no trace is written in.
    void start_format() {
        if (format_depth_ > 0) xml_.fail_here("no <traceFormat> in another", "one");
        if (xml_.parent() == "canvas") return;
        format_depth_ = xml_.depth();
        next_format_ = {TraceFormat::absent, TraceFormat::absent, TraceFormat::absent, 0, 0, 1, 1, 1e-3};
    }

    void read_channel() {
        if (xml_.parent() == "intermittentChannels") {
            ++next_format_.optional;
            return;
        }
        const std::string_view channel = xml_.attribute("name");
        std::size_t unused = TraceFormat::absent;
        std::size_t& place = channel == "X"   ? next_format_.x
                             : channel == "Y" ? next_format_.y
                             : channel == "T" ? next_format_.t
                                              : unused;
        if (place != TraceFormat::absent) xml_.fail_here("each channel once", "a second " + in_quotes(channel));
        place = next_format_.count++;
        if (next_format_.optional > 0) xml_.fail_here("intermittent channels last", in_quotes(channel));
        const double sign = xml_.attribute("orientation") == "-ve" ? -1 : 1;
        if (channel == "X") next_format_.x_sign = sign;
        if (channel == "Y") next_format_.y_sign = sign;
        if (channel != "T") return;
        const std::string_view units = xml_.attribute("units");
        if (units == "s")
            next_format_.seconds = 1;
        else if (!units.empty() && units != "ms")
            xml_.fail_here("the units 'ms' or 's' of channel T", in_quotes(units));
    }

    void end_format() {
        format_depth_ = 0;
        if (next_format_.x == TraceFormat::absent || next_format_.y == TraceFormat::absent)
            xml_.fail_here("a <traceFormat> with the channels X and Y", "one without");
        if ((has_traces_ || has_format_) && next_format_ != format_)
            xml_.fail_here("one <traceFormat> for all traces",
                           has_traces_ ? "another one than the traces above have" : "another one than above");
        format_ = next_format_;
        has_format_ = true;
    }

    void read_trace() {
        if (!xml_.attribute("continuation").empty())
            xml_.fail_here("each trace in one piece", "the attribute 'continuation'");
        const bool pen_up = xml_.attribute("type") == "penUp";
        Stroke stroke;
        Group& group = groups_.back();
        has_traces_ = true;
        word_.clear();
        column_ = 0;
        line_ = xml_.line();
        for (bool more = true; more;) {
            char c = ',';
            more = xml_.take_text(c);
            if (more && !is_space(c)) line_ = xml_.line();
            if (more && c != ',' && !is_space(c)) {
                if (word_.size() == 64) xml_.fail_here("a number", in_quotes(word_ + "..."));
                word_ += c;
                continue;
            }
            end_word();
            if (more && c != ',') continue;
            end_point();
            if (stroke.size() + group.count == drawing_point_limit) xml_.fail_here(not_too_many_points, "another");
            if (group.strokes.empty() && stroke.empty()) group.start = time_;
            point_.t = static_cast<float>(time_ - group.start);
            stroke.push_back(point_);
        }
        if (pen_up) return;
        found_ = true;
        group.count += stroke.size();
        group.strokes.push_back(std::move(stroke));
    }

    static bool is_space(char c) { return c == '\n' || blanks.find(c) != std::string_view::npos; }

    void end_word() {
        if (!word_.empty()) take_value();
        word_.clear();
    }

    // The word is the value of the column.
    void take_value() {
        check_written_out();
        const bool is_x = column_ == format_.x;
        const bool is_y = column_ == format_.y;
        const bool is_t = column_ == format_.t;
        ++column_;
        const bool used = is_x || is_y || is_t;
        const bool is_truth_value = word_ == "T" || word_ == "F";  // of a boolean channel
        if (!used && is_truth_value) return;
        const double limit = is_t ? time_limit / format_.seconds : used ? static_cast<double>(coordinate_limit) : 1e300;
        const auto value = parse_number<double>(word_);
        if (!value || !(*value >= -limit && *value <= limit))
            fail_at_point(is_t ? "a time (up to 1e10 seconds)" : "a number (coordinates up to 1e7)", in_quotes(word_));
        if (is_x) point_.x = static_cast<float>(*value * format_.x_sign);
        if (is_y) point_.y = static_cast<float>(*value * format_.y_sign);
        if (is_t) time_ = *value * format_.seconds;
    }

    void check_written_out() const {
        const std::size_t special = word_.find_first_of("'\"!*?#");
        if (special == std::string::npos) return;
        const char c = word_[special];
        const std::string_view what = c == '\'' || c == '"' ? "difference encoding"
                                      : c == '#'            ? "a hexadecimal number"
                                                            : "an abbreviation";
        fail_at_point("values that are written out", std::string(what) + " (" + c + ") in " + in_quotes(word_));
    }

    void end_point() {
        const std::size_t count = std::exchange(column_, 0);
        if (count >= format_.count && count <= format_.count + format_.optional) return;
        std::string expected = "a point of " + std::to_string(format_.count);
        if (format_.optional > 0) expected += " to " + std::to_string(format_.count + format_.optional);
        fail_at_point(expected + " values", std::to_string(count));
    }

    // White space after a value is read before the value is judged: the error is not where the reader is.
    [[noreturn]] void fail_at_point(std::string_view expected, std::string_view found) const {
        fail_at_line(name_, line_, expected, found);
    }

    XmlScanner xml_;
    const std::string& name_;
    SkippedDrawings* skipped_;
    std::vector<Group> groups_;
    TraceFormat format_;
    TraceFormat next_format_;       // while format_depth_ > 0
    std::size_t format_depth_ = 0;  // of the open <traceFormat>
    bool has_format_ = false;
    bool has_traces_ = false;
    bool found_ = false;
    std::string word_;        // of the current trace
    std::size_t column_ = 0;  // of the current point
    std::size_t line_ = 0;    // of the current trace's last byte so far that is no white space
    Point point_;
    double time_ = 0;  // seconds
};

}  // namespace detail

NIB_API std::vector<Drawing> parse_inkml(std::string_view text, const std::string& name, SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::InkmlReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
