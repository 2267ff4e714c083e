// InkML (W3C Recommendation of 20 September 2011): digital ink as XML.
//
//   <ink xmlns="http://www.w3.org/2003/InkML">
//     <annotation type="truth">4</annotation>
//     <trace>10 0, 9 14, 8 28</trace>
//   </ink>
//
// Each <trace> with points is a stroke, wherever it stands; with type="penUp" it is skipped, and with
// continuation="middle" or "end" it goes on from the trace that priorRef names. X and Y (downwards) are taken, or the
// channels of a <traceFormat>, of which X, Y and T are used; inkml_trace.hpp says how values are written. T is in
// milliseconds, unless its units are another unit of time (s, us, ns); with units of any other kind, as Office has
// them, the times are not known. A channel whose orientation is "-ve" is turned. A trace format that differs from the
// one before it, or from what the traces so far had, is refused.
//
// <annotation type="truth"> or type="label" gives the <ink>, the <traceGroup> or the <traceView> around it a label.
// Each group or view with a label is a drawing. It has the traces in it, and those that views in it refer to: by
// traceDataRef, the id of a trace or of a group without a label, with from and to, numbers of a trace's points, counted
// from 1. It does not have what groups and views within it that have a label took. What is left, in a file without such
// groups everything, is one drawing with the label of <ink>; where views took a part of it, without a label. A labelled
// group that cannot be used, such as one without a trace, is counted by SkippedDrawings, where there is one. Other
// elements are skipped, and so are views outside of labelled groups.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// `name` is the file's, for messages.
std::vector<Drawing> parse_inkml(std::string_view text, const std::string& name, SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/ink/detail/inkml_reader.hpp>

namespace nib::inline NIB_ABI {

NIB_API std::vector<Drawing> parse_inkml(std::string_view text, const std::string& name, SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::InkmlReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
