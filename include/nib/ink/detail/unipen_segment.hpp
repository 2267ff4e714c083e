// The keyword .SEGMENT of UNIPEN text: which components of the pen's trajectory are one drawing, and what it shows.
//
//   .SEGMENT DIGIT 6-7 ? "4"           the level of the hierarchy, the components, the quality, the label
//   .SEGMENT CHARACTER 0-1,3           components 0, 1 and 3; quality and label may be missing
//   .SEGMENT CHARACTER 1:40-3,6:0-6:12 "a"
//                                      component 1 from point 40, all of 2 and 3, component 6 up to point 12
//   .SEGMENT WORD ? OK "four"          the components are not told
//
// In a label \" is a quote, \\ a backslash, \t and \n are a tab and a new line, and a line's end is a space.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI::detail {

// From a point of component `first` to a point of component `last`, both included; the components between them whole.
struct UnipenPart {
    static constexpr std::size_t to_the_end = static_cast<std::size_t>(-1);

    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t first_point = 0;
    std::size_t last_point = to_the_end;

    bool whole() const { return first_point == 0 && last_point == to_the_end; }
};

struct UnipenSegment {
    List<UnipenPart> parts;  // none: the file does not tell them
    std::size_t last = 0;    // of all components
    std::size_t level = 0;   // in the file's hierarchy
    std::string label;
    std::size_t line = 0;
};

// The text behind .SEGMENT, which may go on in the lines below.
class UnipenSegmentText {
public:
    void start(std::string_view text) {
        text_ = text;
        in_label_ = escaped_ = false;
        follow(text_);
    }

    void append(std::string_view line) {
        const std::size_t start = text_.size();
        text_.append(" ").append(line);
        follow(std::string_view{text_}.substr(start));
    }

    // Whether a label has started and not ended.
    bool in_label() const { return in_label_; }

    std::string_view text() const { return text_; }

private:
    void follow(std::string_view text) {
        for (const char c : text) {
            if (c == '"' && !escaped_) in_label_ = !in_label_;
            escaped_ = in_label_ && c == '\\' && !escaped_;
        }
    }

    std::string text_;
    bool in_label_ = false;
    bool escaped_ = false;
};

// The parts that a list such as "0-1,3" or "1:40-3" names; none where it is no such list.
inline List<UnipenPart> parse_unipen_parts(std::string_view list) {
    const auto parse_end = [](std::string_view text, std::size_t& component, std::size_t& point) {
        const std::size_t colon = text.find(':');
        const auto number = parse_number<std::size_t>(text.substr(0, colon));
        if (!number) return false;
        component = *number;
        if (colon == std::string_view::npos) return true;
        const auto index = parse_number<std::size_t>(text.substr(colon + 1));
        if (index) point = *index;
        return index.has_value();
    };
    List<UnipenPart> parts;
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        const std::string_view text = list.substr(0, comma);
        const std::size_t dash = text.find('-');
        UnipenPart part;
        if (!parse_end(text.substr(0, dash), part.first, part.first_point)) return {};
        part.last = part.first;
        if (dash == std::string_view::npos) {
            if (text.find(':') != std::string_view::npos) return {};
        } else if (!parse_end(text.substr(dash + 1), part.last, part.last_point)) {
            return {};
        }
        if (part.first > part.last || (part.first == part.last && part.first_point > part.last_point)) return {};
        parts.push_back(part);
        if (parts.size() > drawing_point_limit) break;  // more than is of use
        more = comma != std::string_view::npos;
        if (more) list.remove_prefix(comma + 1);
    }
    return parts;
}

// What stands in quotes, which `text` consists of; nothing where it does not.
inline std::optional<std::string> parse_unipen_label(std::string_view text) {
    if (text.size() < 2 || text.front() != '"') return std::nullopt;
    std::string label;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1 == text.size() ? std::optional(label) : std::nullopt;
        if (text[i] != '\\') {
            label += text[i];
        } else if (++i < text.size()) {
            label += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i];
        }
    }
    return std::nullopt;
}

// The segment that the text behind .SEGMENT describes, but for its level, whose name is put into `level`. `name` and
// `line` are for messages.
inline UnipenSegment parse_unipen_segment(std::string_view text, const std::string& name, std::size_t line,
                                          std::string_view& level) {
    const std::string_view whole = trimmed(text);
    const auto check_that = [&](bool valid, std::string_view expected) {
        if (!valid) fail_at_line(name, line, expected, format_quoted(trimmed(std::string(".SEGMENT ").append(whole))));
    };
    UnipenSegment segment;
    segment.line = line;
    level = take_word(text);
    const std::string_view list = take_word(text);
    constexpr std::string_view components_expected = ".SEGMENT LEVEL with component numbers such as 6 or 6-7";
    check_that(!level.empty(), components_expected);
    if (!list.empty() && list != "?") {
        segment.parts = parse_unipen_parts(list);
        check_that(!segment.parts.empty(), components_expected);
        // Each part has a point.
        check_that(segment.parts.size() <= drawing_point_limit, not_too_many_points);
        for (const UnipenPart& part : segment.parts) segment.last = larger(segment.last, part.last);
    }
    if (!trimmed(text).starts_with('"')) take_word(text);  // the quality
    text = trimmed(text);
    if (text.empty()) return segment;
    auto label = parse_unipen_label(text);
    check_that(label.has_value(), "a label in double quotes at the end of .SEGMENT");
    segment.label = std::move(*label);
    return segment;
}

}  // namespace nib::inline NIB_ABI::detail
