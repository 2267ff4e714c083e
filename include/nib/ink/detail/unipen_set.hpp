// UnipenSet: the components and segments of UNIPEN text, as drawings.  The components are numbered from 0 as they come.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/detail/unipen_segment.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// First in, first out, the elements numbered from 0 as they came. Memory for those that are still in.
template <class T>
class NumberedQueue {
public:
    bool empty() const { return first_ == elements_.size(); }
    T& front() { return elements_[first_]; }
    void push(T element) { elements_.push_back(std::move(element)); }
    void pop() {
        if (++first_ * 2 <= elements_.size()) return;
        elements_.erase(0, first_);
        popped_ += std::exchange(first_, 0);
    }
    void clear() { *this = {}; }

    std::size_t first_number() const { return popped_ + first_; }
    std::size_t end_number() const { return popped_ + elements_.size(); }
    T& at(std::size_t number) { return elements_[number - popped_]; }  // from first_number() to before end_number()

    // Takes out those of which condition(element) holds; the others are numbered as if these had never come.
    template <class Condition>
    void remove_if(const Condition& condition) {
        std::size_t kept = first_;
        for (std::size_t i = first_; i < elements_.size(); ++i)
            if (!condition(elements_[i])) {
                if (kept != i) elements_[kept] = std::move(elements_[i]);
                ++kept;
            }
        elements_.erase(kept, elements_.size() - kept);
    }

private:
    List<T> elements_;
    std::size_t first_ = 0;   // elements_ before this one are popped
    std::size_t popped_ = 0;  // and were erased
};

// The drawings in the order of their segments, each as soon as its components and the segments before it are complete.
// Where the pen's way in the air counts in the numbering, or the lowest level of a hierarchy has not been seen yet,
// that is at the end of the set: what comes later may change what a segment means.
class UnipenSet {
public:
    // `name` is the file's, for messages, and must outlive the set, as must `skipped`.
    UnipenSet(const std::string& name, SkippedDrawings* skipped) : name_{name}, skipped_{skipped} {}

    // Of the file's hierarchy; before its segments.
    void set_levels(std::size_t count) { level_count_ = count; }

    // What errors say of components that are named but are not there.
    void explain_missing(std::string why) { why_missing_ = std::move(why); }

    // A component with points; `line` is where it starts.
    void add_stroke(const Stroke& stroke, std::size_t line) {
        components_.push({stroke, line});
        points_read_ += stroke.size();
        ++pen_downs_;
    }

    // A component of a lifted pen, with points.
    void add_way_in_air(std::size_t line) {
        components_.push({{}, line, Ink::none});
        ++points_read_;
        air_found_ = true;
    }

    void add_segment(UnipenSegment segment) {
        lowest_level_ = larger(lowest_level_, segment.level);
        for (const UnipenPart& part : segment.parts) names_points_ = names_points_ || !part.whole();
        waiting_bytes_ += bytes_of_segment(segment);
        if (waiting_bytes_ > most_waiting_bytes)
            fail_at(segment.line, "every .SEGMENT near its components, and at most 48 MB of them that wait", "more");
        segments_.push(std::move(segment));
        has_segments_ = true;
    }

    bool has_components() const { return components_.end_number() > 0; }

    // No component and no segment follows.
    void end() {
        ended_ = true;
        if (air_found_ && counts_only_ink())
            components_.remove_if([](const Component& component) { return component.ink == Ink::none; });
    }
    bool ended() const { return ended_; }

    // Starts the next set, with component 0. After the last drawing of one that has ended.
    void start() {
        components_.clear();
        waiting_bytes_ = 0;
        pen_downs_ = lowest_level_ = 0;
        air_found_ = names_points_ = has_segments_ = ended_ = false;
        components_are_told_ = true;
    }

    // Puts the next drawing into `drawing`, which is empty; false where none is complete.
    bool next(Drawing& drawing) {
        while (segment_complete())
            if (take_segment(drawing)) return true;
        return ended_ && take_rest(drawing);
    }

private:
    enum class Ink { there, taken, none };  // none: the pen was in the air

    struct Component {
        Stroke stroke;
        std::size_t line = 0;
        Ink ink = Ink::there;
        bool named = false;  // by a segment
    };

    // Whether the segments make sense with the pen-down components alone, and not with all.
    bool counts_only_ink() {
        std::vector<std::size_t> inked{0};  // of the components before this one that are left
        for (std::size_t i = components_.first_number(); i < components_.end_number(); ++i)
            inked.push_back(inked.back() + (components_.at(i).ink == Ink::none ? 0 : 1));
        const std::size_t first = components_.first_number();
        const auto has_ink = [&](const UnipenPart& part) {
            if (part.first < first || part.last >= components_.end_number()) return true;
            return inked[part.last + 1 - first] > inked[part.first - first];
        };
        bool some_without_ink = false;
        for (std::size_t i = segments_.first_number(); i < segments_.end_number(); ++i) {
            const UnipenSegment& segment = segments_.at(i);
            if (segment.last >= pen_downs_) return false;
            bool ink = segment.parts.empty();
            for (const UnipenPart& part : segment.parts) ink = ink || has_ink(part);
            some_without_ink = some_without_ink || !ink;
        }
        return some_without_ink;
    }

    // In memory, as near as it matters.
    static std::size_t bytes_of_segment(const UnipenSegment& segment) {
        return sizeof(UnipenSegment) + segment.parts.size() * sizeof(UnipenPart) + segment.label.size();
    }

    UnipenSegment pop_segment() {
        UnipenSegment segment = std::move(segments_.front());
        segments_.pop();
        waiting_bytes_ -= bytes_of_segment(segment);
        return segment;
    }

    void drop_higher_segments() {
        while (!segments_.empty() && segments_.front().level < lowest_level_) static_cast<void>(pop_segment());
    }

    // Whether there is a first segment, and nothing that may still come changes it.
    bool segment_complete() {
        const bool level_is_known = lowest_level_ + 1 >= level_count_;
        if (!ended_ && (air_found_ || !level_is_known)) return false;
        drop_higher_segments();
        return !segments_.empty() && (ended_ || segments_.front().last < components_.end_number());
    }

    // Puts the first segment's strokes into `drawing`; false where it has none that can be used.
    bool take_segment(Drawing& drawing) {
        UnipenSegment segment = pop_segment();
        if (segment.parts.empty()) {
            components_are_told_ = false;
            return skip(segment.line, "component numbers in .SEGMENT, such as 6 or 6-7", "'?', which tells none");
        }
        if (segment.last >= components_.end_number()) fail_beyond(segment);
        std::size_t count = 0;
        for (const UnipenPart& part : segment.parts)
            for (std::size_t i = part.first; i <= part.last; ++i) {
                if (i < components_.first_number() || components_.at(i).ink == Ink::taken)
                    fail_at(segment.line, "components that no other .SEGMENT names", std::to_string(i));
                const std::size_t points = take_component(components_.at(i), i, part, segment.line, drawing);
                count += points;
                if (count > drawing_point_limit) fail_at(segment.line, not_too_many_points, "more");
                // However often components are shared, a small file must not become a large result.
                points_taken_ += larger(points, std::size_t{1});
                if (points_taken_ / 4 > points_read_)
                    fail_at(segment.line, "segments that share few of their components", "too many points");
            }
        while (!components_.empty() && components_.front().ink == Ink::taken) components_.pop();
        if (drawing.strokes.empty())
            return skip(segment.line, "a .SEGMENT with a .PEN_DOWN component", "only .PEN_UP components");
        drawing.label = std::move(segment.label);
        return true;
    }

    // Moves or copies the points of component number `i` that `part` names; returns how many.
    std::size_t take_component(Component& component, std::size_t i, const UnipenPart& part, std::size_t line,
                               Drawing& drawing) {
        component.named = true;
        if (component.ink == Ink::none) return 0;
        const std::size_t size = component.stroke.size();
        const std::size_t first = i == part.first ? part.first_point : 0;
        const std::size_t last = i == part.last && part.last_point != part.to_the_end ? part.last_point : size - 1;
        if (first >= size || last >= size)
            fail_at(line, "points of component " + std::to_string(i) + " below " + std::to_string(size),
                    std::to_string(larger(first, last)));
        if (level_count_ > 1 || names_points_) {
            drawing.strokes.emplace_back(component.stroke.begin() + static_cast<std::ptrdiff_t>(first),
                                         component.stroke.begin() + static_cast<std::ptrdiff_t>(last + 1));
        } else {
            drawing.strokes.push_back(std::exchange(component.stroke, {}));
            component.ink = Ink::taken;
        }
        return last + 1 - first;
    }

    [[noreturn]] void fail_beyond(const UnipenSegment& segment) const {
        fail_at(segment.line, "components below " + std::to_string(components_.end_number()),
                std::to_string(segment.last) + why_missing_);
    }

    [[noreturn]] void fail_at(std::size_t line, std::string_view expected, std::string_view found) const {
        fail_at_line(name_, line, expected, found);
    }

    bool skip(std::size_t line, const std::string& expected, const std::string& found) {
        skip_drawing(skipped_, name_ + ":" + std::to_string(line) + ": expected " + expected + ", found " + found);
        return false;
    }

    // What no segment named. In a set without segments that is a drawing.
    bool take_rest(Drawing& drawing) {
        if (!has_segments_)
            take_all(drawing);
        else if (components_are_told_)
            check_all_named();
        components_.clear();
        return !drawing.strokes.empty();
    }

    void take_all(Drawing& drawing) {
        std::size_t count = 0;
        for (; !components_.empty(); components_.pop()) {
            Component& component = components_.front();
            if (component.ink != Ink::there) continue;
            count += component.stroke.size();
            if (count > drawing_point_limit) fail_at(component.line, not_too_many_points, "more, and no .SEGMENT");
            drawing.strokes.push_back(std::move(component.stroke));
        }
    }

    void check_all_named() {
        for (std::size_t i = components_.first_number(); i < components_.end_number(); ++i)
            if (const Component& component = components_.at(i); component.ink == Ink::there && !component.named)
                return static_cast<void>(
                    skip(component.line,
                         join({"a .SEGMENT ", lowest_level_ > 0 ? "of the lowest level in use " : "",
                               "that names component ", i}),
                         "none"));
    }

    const std::string& name_;
    SkippedDrawings* skipped_;
    std::string why_missing_;
    NumberedQueue<Component> components_;
    NumberedQueue<UnipenSegment> segments_;
    static constexpr std::size_t most_waiting_bytes = 48'000'000;
    std::size_t waiting_bytes_ = 0;  // of segments_
    std::size_t level_count_ = 0;
    std::size_t lowest_level_ = 0;  // that a segment has
    std::size_t pen_downs_ = 0;     // components with ink
    bool air_found_ = false;        // a component of a lifted pen with points
    bool names_points_ = false;     // a segment names points of components
    bool has_segments_ = false;
    bool components_are_told_ = true;  // by all segments so far
    bool ended_ = false;
    std::size_t points_read_ = 0;  // of all sets
    std::size_t points_taken_ = 0;
};

}  // namespace nib::inline NIB_ABI::detail
