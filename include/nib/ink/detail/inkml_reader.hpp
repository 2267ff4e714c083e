// InkmlReader: the drawings of an InkML file, one after the other (inkml.hpp).
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/characters.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/ink/detail/inkml_trace.hpp>
#include <nib/ink/detail/inkml_views.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/detail/xml_scanner.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/io/detail/text_source.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// The drawings in the order in which their elements end, each as soon as it does; those with views come at the end.
class InkmlReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    InkmlReader(TextSource& source, const std::string& name, SkippedDrawings* skipped = nullptr)
        : xml_{source, name}, name_{name}, skipped_{skipped} {}

    bool next(Drawing& drawing) {
        drawing = {};
        while (!index_) {
            const auto event = xml_.next();
            if (event == XmlScanner::Event::end) return at_end();
            if (event == XmlScanner::Event::start_tag)
                start_element();
            else if (end_element(drawing))
                return true;
        }
        while (next_waiting_ < waiting_.size())
            if (finish(std::exchange(waiting_[next_waiting_++], Group{}), drawing)) return true;
        index_.reset();
        return (!root_.strokes.empty() && finish(std::move(root_), drawing)) || next(drawing);
    }

private:
    // An open <ink>, <traceGroup> or <traceView>, with what belongs to no drawing yet.
    struct Group {
        std::size_t depth = 0;
        std::size_t line = 0;
        std::size_t first = 0;  // the number of the first stroke in it
        std::string id;
        std::string label;
        bool holds_drawings = false;  // of groups in it
        List<InkmlStroke> strokes;
        List<InkmlReference> references;
        List<InkmlId> ids;
        std::size_t count = 0;  // points
    };

    // Of ids and references in memory, each with what holds it.
    static constexpr std::size_t most_id_bytes = 64'000'000;

    // After the last drawing.
    bool at_end() const {
        if (!found_) fail(name_ + ": no stroke found: expected <trace> elements with points, found none");
        return false;
    }

    void start_element() {
        const std::string_view element = xml_.element();
        const auto tag = [&] { return std::string(1, '<').append(element).append(1, '>'); };
        if (xml_.depth() == 1 && element != "ink") xml_.fail_here("<ink>", tag());
        if (xml_.parent() == "trace") xml_.fail_here("nothing but points in <trace>", tag());
        if (xml_.depth() == 1 || element == "traceGroup" || element == "traceView")
            start_group(element);
        else if (element == "trace")
            read_trace();
        else if (element == "annotation" && groups_.back().depth + 1 == xml_.depth())
            read_annotation();
        else if (element == "traceFormat")
            start_format();
        else if (element == "channel" && format_depth_ > 0)
            read_channel();
    }

    void start_group(std::string_view element) {
        Group group;
        group.depth = xml_.depth();
        group.line = xml_.line();
        group.first = stroke_count_;
        group.id = id_of_element();
        const std::string_view data = xml_.attribute("traceDataRef");
        if (element == "traceView" && !data.empty())
            group.references.push_back(inkml_reference(data, xml_.attribute("from"), xml_.attribute("to")));
        for (const InkmlReference& reference : group.references) count_id(reference.id, sizeof reference);
        groups_.push_back(std::move(group));
    }

    // In InkML 1.0 it is xml:id; drafts and many programs have id.
    std::string id_of_element() const {
        const std::string_view id = xml_.attribute("xml:id");
        return std::string(id.empty() ? xml_.attribute("id") : id);
    }

    void count_id(const std::string& id, std::size_t around) {
        id_bytes_ += id.size() + around;
        if (id_bytes_ > most_id_bytes) xml_.fail_here("at most 64 MB of ids and references", "more");
    }

    // Whether it completes a drawing.
    bool end_element(Drawing& drawing) {
        if (xml_.depth() + 1 == format_depth_) end_format();
        if (groups_.back().depth != xml_.depth() + 1) return false;
        Group group = std::move(groups_.back());
        groups_.pop_back();
        if (groups_.empty()) {
            root_ = std::move(group);
            root_.references.clear();
            index_.emplace(root_.strokes, std::move(root_.ids), name_);
            return false;
        }
        if (group.label.empty()) {
            join(std::move(group));
            return false;
        }
        groups_.back().holds_drawings = true;
        for (const InkmlId& id : group.ids) id_bytes_ -= id.id.size() + sizeof id;
        group.ids.clear();
        if (group.references.empty()) return finish(std::move(group), drawing);
        waiting_points_ += group.count;
        if (waiting_points_ > drawing_point_limit)
            xml_.fail_here("at most 1048576 points in groups with a <traceView>", "more");
        waiting_.push_back(std::move(group));
        return false;
    }

    // What a group without a label has goes to the group around it.
    void join(Group inner) {
        Group& outer = groups_.back();
        outer.count += inner.count;
        if (outer.count > drawing_point_limit) xml_.fail_here(not_too_many_points, "more");
        outer.holds_drawings = outer.holds_drawings || inner.holds_drawings;
        for (InkmlStroke& stroke : inner.strokes) outer.strokes.push_back(std::move(stroke));
        for (InkmlReference& reference : inner.references) outer.references.push_back(std::move(reference));
        for (InkmlId& id : inner.ids) outer.ids.push_back(std::move(id));
        if (inner.id.empty()) return;
        outer.ids.push_back({std::move(inner.id), inner.first, stroke_count_});
        count_id(outer.ids.back().id, sizeof(InkmlId));
    }

    // Makes a drawing of a group's strokes and of what its views refer to. False where there is none, which is counted
    // unless groups in it have drawings.
    bool finish(Group group, Drawing& drawing) {
        List<InkmlStroke> chosen;
        for (InkmlStroke& stroke : group.strokes)
            if (!stroke.taken) chosen.push_back(std::move(stroke));
        const bool is_part = chosen.size() < group.strokes.size();
        if (is_part) group.label.clear();  // which is of the whole
        for (const InkmlReference& reference : group.references) {
            const std::string problem = index_->append(reference, chosen);
            if (!problem.empty()) return skip(group, problem + format_quoted(reference.id));
        }
        std::size_t count = 0;
        for (const InkmlStroke& stroke : chosen) count += stroke.points.size();
        if (count > drawing_point_limit)
            return skip(group, "expected " + std::string(not_too_many_points) + ", found more");
        if (chosen.empty() && (is_part || group.holds_drawings)) return false;
        if (chosen.empty())
            return skip(group, "expected traces with points in the group labelled " + format_quoted(group.label) +
                                   ", found none");
        drawing.label = std::move(group.label);
        for (InkmlStroke& stroke : chosen) {
            const double shift = stroke.start - chosen[0].start;
            for (Point& point : stroke.points) point.t = static_cast<float>(static_cast<double>(point.t) + shift);
            drawing.strokes.push_back(std::move(stroke.points));
        }
        return true;
    }

    bool skip(const Group& group, const std::string& problem) {
        found_ = true;
        skip_drawing(skipped_, name_ + ":" + std::to_string(group.line) + ": " + problem);
        return false;
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
        if (!is_utf8(label)) xml_.fail_here("a label in UTF-8", format_quoted(label));
        Group& group = groups_.back();
        if (!group.label.empty() && label != group.label)
            xml_.fail_here("one label", format_quoted(group.label) + " and " + format_quoted(label));
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
        if (place != TraceFormat::absent) xml_.fail_here("each channel once", "a second " + format_quoted(channel));
        place = next_format_.count++;
        if (next_format_.optional > 0) xml_.fail_here("intermittent channels last", format_quoted(channel));
        const double sign = xml_.attribute("orientation") == "-ve" ? -1 : 1;
        if (channel == "X") next_format_.x_sign = sign;
        if (channel == "Y") next_format_.y_sign = sign;
        if (channel != "T") return;
        const std::string_view units = xml_.attribute("units");
        next_format_.seconds = units == "s" ? 1 : units == "us" ? 1e-6 : units == "ns" ? 1e-9 : 1e-3;
        // Without a unit of time ('dev') the times are not known.
        if (next_format_.seconds == 1e-3 && !units.empty() && units != "ms") next_format_.t = TraceFormat::absent;
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
        const bool pen_up = xml_.attribute("type") == "penUp";
        const std::string_view continuation = xml_.attribute("continuation");
        const bool goes_on = continuation == "middle" || continuation == "end";
        std::string id = id_of_element();
        Group& group = groups_.back();
        InkmlStroke fresh;
        InkmlStroke& stroke = goes_on && !pen_up ? prior_stroke(group) : fresh;
        const std::size_t before = stroke.points.size();
        has_traces_ = true;
        InkmlTrace trace{format_, name_, xml_.line()};
        const auto on_sample = [&](const InkmlTrace::Sample& sample) {
            if (stroke.points.size() - before + group.count == drawing_point_limit)
                xml_.fail_here(not_too_many_points, "another");
            if (stroke.points.empty()) stroke.start = sample.t;
            stroke.points.push_back({sample.x, sample.y, static_cast<float>(sample.t - stroke.start)});
        };
        for (char c = ' '; xml_.take_text(c);) trace.take(c, xml_.line(), on_sample);
        trace.end(on_sample);
        if (pen_up) fresh.points.clear();
        group.count += stroke.points.size() - (pen_up ? 0 : before);
        found_ = found_ || !stroke.points.empty();
        const std::size_t first = &stroke == &fresh ? stroke_count_ : stroke.number;
        if (&stroke == &fresh && !fresh.points.empty()) {
            fresh.number = stroke_count_++;
            group.strokes.push_back(std::move(fresh));
        }
        if (id.empty()) return;
        count_id(id, sizeof(InkmlId));
        group.ids.push_back({std::move(id), first, stroke_count_ > first ? first + 1 : first});
    }

    // The stroke of this group that a trace goes on from.
    InkmlStroke& prior_stroke(Group& group) const {
        constexpr std::size_t farthest = 1000;
        std::string_view prior = xml_.attribute("priorRef");
        if (prior.starts_with('#')) prior.remove_prefix(1);
        for (std::size_t back = 1; back <= group.ids.size() && back <= farthest; ++back) {
            const InkmlId& id = group.ids[group.ids.size() - back];
            if (id.id != prior || id.end != id.first + 1) continue;
            const std::size_t place =
                first_not(group.strokes.size(), [&](std::size_t i) { return group.strokes[i].number < id.first; });
            if (place < group.strokes.size() && group.strokes[place].number == id.first) return group.strokes[place];
        }
        xml_.fail_here("the id of a trace above, in the same group, as 'priorRef' of a trace that goes on",
                       format_quoted(prior));
    }

    XmlScanner xml_;
    const std::string& name_;
    SkippedDrawings* skipped_;
    List<Group> groups_;
    TraceFormat format_;
    TraceFormat next_format_;       // while format_depth_ > 0
    std::size_t format_depth_ = 0;  // of the open <traceFormat>
    bool has_format_ = false;
    bool has_traces_ = false;
    bool found_ = false;
    std::size_t stroke_count_ = 0;  // of the file
    std::size_t id_bytes_ = 0;
    List<Group> waiting_;  // labelled groups with views
    std::size_t next_waiting_ = 0;
    std::size_t waiting_points_ = 0;
    Group root_;                       // <ink>, once it has ended
    std::optional<InkmlIndex> index_;  // of its strokes, until all drawings are made
};

}  // namespace nib::inline NIB_ABI::detail
