// InkmlIndex: what a <traceView> of InkML refers to: a trace, some of a trace's points, or the traces of a group.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// A stroke that belongs to no drawing yet.
struct InkmlStroke {
    std::size_t number = 0;  // of all strokes of the file
    Stroke points;           // t counts from the first
    double start = 0;        // seconds
    bool taken = false;      // by a view
};

// The strokes with the numbers first to end - 1 have this id.
struct InkmlId {
    std::string id;
    std::size_t first = 0;
    std::size_t end = 0;
};

// The attributes of a <traceView>.
struct InkmlReference {
    std::string id;
    std::size_t from = 1;  // points, counted from 1
    std::size_t to = drawing_point_limit;
    bool whole = true;       // neither from nor to is given
    bool understood = true;  // whether both are numbers of points
};

inline InkmlReference inkml_reference(std::string_view data, std::string_view from, std::string_view to) {
    InkmlReference result;
    result.id = data.substr(data.starts_with('#') ? 1 : 0);
    result.whole = from.empty() && to.empty();
    const auto read = [&](std::string_view text, std::size_t& number) {
        const auto value = parse_number<std::size_t>(text);
        result.understood = result.understood && (text.empty() || value);
        if (value) number = *value;
    };
    read(from, result.from);
    read(to, result.to);
    result.understood = result.understood && result.from >= 1 && result.from <= result.to;
    return result;
}

class InkmlIndex {
public:
    // The strokes stand in the order of their numbers, and must outlive the index. `name` is the file's, for messages.
    InkmlIndex(List<InkmlStroke>& strokes, List<InkmlId> ids, const std::string& name)
        : strokes_{strokes}, ids_{std::move(ids)}, name_{name} {
        sort_values(ids_.data(), ids_.size(), [](const InkmlId& a, const InkmlId& b) { return a.id < b.id; });
        for (const InkmlStroke& stroke : strokes) points_ += stroke.points.size();
    }

    // Appends what a view refers to, and marks it as taken. "", or why that is not possible.
    std::string append(const InkmlReference& reference, List<InkmlStroke>& chosen) {
        const std::size_t place = first_not(ids_.size(), [&](std::size_t i) { return ids_[i].id < reference.id; });
        const auto has_id = [&](std::size_t i) { return i < ids_.size() && ids_[i].id == reference.id; };
        if (!has_id(place)) return "expected a <traceView> of a trace that is in no labelled group, found ";
        if (has_id(place + 1)) return "expected an id that one trace has in a <traceView>, found ";
        const std::size_t first = ids_[place].first;
        const std::size_t count = ids_[place].end - first;
        if (!reference.understood || (!reference.whole && count > 1))
            return "expected the numbers of points of one trace as 'from' and 'to' of the <traceView> of ";
        const std::size_t begin = first_not(strokes_.size(), [&](std::size_t i) { return strokes_[i].number < first; });
        if (strokes_.size() - begin < count || (count > 0 && strokes_[begin + count - 1].number != first + count - 1))
            return "expected a <traceView> of traces that are in no labelled group, found ";
        for (std::size_t i = begin; i < begin + count; ++i)
            if (!append_part(strokes_[i], reference, chosen))
                return "expected points that the trace has as 'from' and 'to' of the <traceView> of ";
        return "";
    }

private:
    // How often all points of a file may stand in drawings.
    static constexpr std::size_t most_views = 16;

    bool append_part(InkmlStroke& stroke, const InkmlReference& reference, List<InkmlStroke>& chosen) {
        const std::size_t size = stroke.points.size();
        if (!reference.whole && (reference.from > size || (reference.to > size && reference.to < drawing_point_limit)))
            return false;
        const std::size_t begin = reference.from - 1;
        const std::size_t end = smaller(reference.to, size);
        viewed_ += end - begin;
        if (viewed_ > most_views * points_)
            fail(name_ + ": expected <traceView> elements that use each point at most 16 times, found more");
        InkmlStroke part{stroke.number, {}, stroke.start, false};
        for (std::size_t i = begin; i < end; ++i) part.points.push_back(stroke.points[i]);
        stroke.taken = true;
        chosen.push_back(std::move(part));
        return true;
    }

    List<InkmlStroke>& strokes_;
    List<InkmlId> ids_;  // sorted
    const std::string& name_;
    std::size_t points_ = 0;  // of all strokes
    std::size_t viewed_ = 0;  // points
};

}  // namespace nib::inline NIB_ABI::detail
