// load_drawings: the drawings of a stroke file, whichever of the formats it has.  for_each_drawing: one after the
// other, in the memory that one of them needs, however large the file.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/inkml.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/ink/quickdraw.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/ink/text_source.hpp>
#include <nib/ink/unipen.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a text is whose first line that is neither blank nor a comment starts so. automatic: none of the formats.
inline StrokeFormat recognized_format(char first, char second) {
    if (first == '{') return StrokeFormat::quickdraw;
    if (first == '<') return StrokeFormat::inkml;
    if (first == '.' && second >= 'A' && second <= 'Z') return StrokeFormat::unipen;
    if (is_digit(first) || ((first == '-' || first == '.') && is_digit(second))) return StrokeFormat::log;
    return StrokeFormat::automatic;
}

// Consumes nothing.
inline StrokeFormat recognize_format(TextSource& source, const std::string& name) {
    constexpr std::string_view expected =
        "UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log ('x y t')";
    const auto has = [&](std::size_t place) { return place < source.rest().size() || source.grow(); };
    bool in_comment = false;
    std::size_t line = 1;
    for (std::size_t i = 0; has(i); ++i) {
        const char c = source.rest()[i];
        if (i > longest_line) fail_at_line(name, line, expected, "64 MB of blank lines and comments");
        if (c == '\n') ++line;
        if (c == '\n' || in_comment || blanks.find(c) != std::string_view::npos) {
            in_comment = in_comment && c != '\n';
        } else if (c == '#') {
            in_comment = true;
        } else {
            const char second = has(i + 1) ? source.rest()[i + 1] : '\0';
            const StrokeFormat format = recognized_format(c, second);
            const std::string_view rest = source.rest().substr(i);
            if (format == StrokeFormat::automatic)
                fail_at_line(name, line, expected, in_quotes(trimmed(rest.substr(0, rest.find('\n')))));
            return format;
        }
    }
    fail(name + ": no stroke found: expected " + std::string(expected) + ", found " +
         (source.rest().empty() ? "an empty file" : "only blank lines and comments"));
}

template <class Reader, class OnDrawing>
void read_all(Reader&& reader, OnDrawing& on_drawing) {
    for (Drawing drawing; reader.next(drawing);) on_drawing(std::move(drawing));
}

template <class OnDrawing>
void read_drawings(TextSource& source, const std::string& name, StrokeFormat format, OnDrawing&& on_drawing) {
    if (format == StrokeFormat::automatic) format = recognize_format(source, name);
    switch (format) {
        case StrokeFormat::unipen:
            return read_all(UnipenReader{source, name}, on_drawing);
        case StrokeFormat::quickdraw:
            return read_all(QuickdrawReader{source, name}, on_drawing);
        case StrokeFormat::inkml:
            return read_all(InkmlReader{source, name}, on_drawing);
        default:
            return read_all(PointerLogReader{source, name}, on_drawing);
    }
}

}  // namespace detail

// Calls on_drawing(Drawing&&) for each drawing of the file at `path` (a pipe will do), as it is read. What is wrong
// with the file fails where it is found, after the drawings before it. Kept in memory are at most one line and one
// drawing, and of UNIPEN also what waits for its segment or for the segments before it, of InkML the traces outside of
// labelled groups.
template <class OnDrawing>
void for_each_drawing(const std::string& path, StrokeFormat format, OnDrawing&& on_drawing) {
    detail::TextSource source{detail::open_for_reading(path), path};
    detail::read_drawings(source, path, format, on_drawing);
}

// The drawings that a text holds; `name` is the file's, for messages.
inline std::vector<Drawing> parse_drawings(std::string_view text, const std::string& name,
                                           StrokeFormat format = StrokeFormat::automatic) {
    std::vector<Drawing> drawings;
    detail::TextSource source{text};
    detail::read_drawings(source, name, format, [&](Drawing&& drawing) { drawings.push_back(std::move(drawing)); });
    return drawings;
}

[[nodiscard]] inline std::vector<Drawing> load_drawings(const std::string& path,
                                                        StrokeFormat format = StrokeFormat::automatic) {
    std::vector<Drawing> drawings;
    for_each_drawing(path, format, [&](Drawing&& drawing) { drawings.push_back(std::move(drawing)); });
    return drawings;
}

}  // namespace nib::inline NIB_ABI
