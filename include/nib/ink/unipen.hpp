// UNIPEN text: pen trajectories of labelled drawings.
//
//   .SEGMENT DIGIT 6-7 ? "4"   components 6 and 7 are one drawing; its quality is not known, its label is 4
//   .PEN_DOWN                  a component starts: one stroke
//    267  333                  a point, y upwards; a line, also the keyword's own, may hold several
//   .PEN_UP                    another component starts: the pen moves, and leaves no ink
//
// A keyword is a word that starts with a dot at the start of a line; capitals and small letters are the same in it.
// What follows belongs to it up to the next keyword: below one that this reader has no use for (.COMMENT, .LEXICON,
// .SETUP, ...) all lines are text, whatever they look like.
//
// Components are numbered from 0 through the file, and anew behind each .START_SET; those without a point are not
// counted. Points of a lifted pen are no ink but count as a component, as UNIPEN defines it; unless a segment would
// then name nothing else and all numbers are below that of the pen-down components: such a file counts only those.
//
// A segment names its components as told in unipen_segment.hpp, and may stand before or after them. Where .HIERARCHY
// names several levels, the lowest one that has segments makes the drawings, and these may share components; else each
// component belongs to exactly one segment. A segment that does not tell its components is a drawing that cannot be
// used, and so is all together that no segment names. Where there are no segments at all, everything is one drawing.
//
// `.COORD X Y T P` names the columns where they are not just x and y; only these two are used. `.INCLUDE` is not
// followed: where the strokes are missing, the error names the file.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// The drawings in the order of their segments. `name` is the file's, for messages.
std::vector<Drawing> parse_unipen(std::string_view text, const std::string& name, SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/ink/detail/unipen_reader.hpp>

namespace nib::inline NIB_ABI {

NIB_API std::vector<Drawing> parse_unipen(std::string_view text, const std::string& name, SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::UnipenReader{source, name, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
