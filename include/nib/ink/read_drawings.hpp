// load_drawings: the drawings of a stroke file, whichever of the formats it has.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/ink/unipen.hpp>
#include <nib/io/file.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The first line that is neither blank nor a comment decides. automatic: none of the formats.
inline StrokeFormat recognized_format(std::string_view line) {
    const char first = line.front();
    const char second = line.size() > 1 ? line[1] : '\0';
    if (first == '.' && second >= 'A' && second <= 'Z') return StrokeFormat::unipen;
    if (is_digit(first) || ((first == '-' || first == '.') && is_digit(second))) return StrokeFormat::log;
    return StrokeFormat::automatic;
}

inline StrokeFormat recognize_format(std::string_view text, const std::string& name) {
    constexpr std::string_view expected = "UNIPEN keywords ('.PEN_DOWN') or a pointer log ('x y t')";
    LineScanner scanner{text, name};
    while (scanner.next()) {
        if (scanner.line().empty() || scanner.line().front() == '#') continue;
        const StrokeFormat format = recognized_format(scanner.line());
        if (format == StrokeFormat::automatic) scanner.fail_here(expected);
        return format;
    }
    fail(name + ": no stroke found: expected " + std::string(expected) + ", found " +
         (text.empty() ? "an empty file" : "only blank lines and comments"));
}

}  // namespace detail

// The drawings that a text holds; `name` is the file's, for messages.
inline std::vector<Drawing> parse_drawings(std::string_view text, const std::string& name,
                                           StrokeFormat format = StrokeFormat::automatic) {
    if (format == StrokeFormat::automatic) format = detail::recognize_format(text, name);
    return format == StrokeFormat::unipen ? parse_unipen(text, name) : parse_pointer_log(text, name);
}

[[nodiscard]] inline std::vector<Drawing> load_drawings(const std::string& path,
                                                        StrokeFormat format = StrokeFormat::automatic) {
    return parse_drawings(read_file(path), path, format);
}

}  // namespace nib::inline NIB_ABI
