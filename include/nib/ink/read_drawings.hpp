// load_drawings: the drawings of a stroke file, whichever of the formats it has.  DrawingReader and for_each_drawing:
// one after the other, in the memory that one of them needs, however large the file.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// The drawings of the file at `path` (a pipe will do), as it is read. What is wrong with the file fails where it is
// found, after the drawings before it. Kept in memory are at most one line and one drawing, and of UNIPEN also what
// waits for its segment or for the segments before it, of InkML the traces outside of labelled groups.
//
// `skipped`, which must outlive the reader, counts the drawings that cannot be used; without it, they are errors too.
class DrawingReader {
public:
    explicit DrawingReader(const std::string& path, StrokeFormat format = StrokeFormat::automatic,
                           SkippedDrawings* skipped = nullptr);
    DrawingReader(const DrawingReader&) = delete;
    DrawingReader& operator=(const DrawingReader&) = delete;
    ~DrawingReader();

    // Reads the next drawing; false after the last, and after an error, behind which nothing is read.
    bool next(Drawing& drawing);

private:
    struct State;

    State* state_;  // owned
};

// Calls on_drawing(Drawing&&) for each drawing of the file at `path`, as a DrawingReader reads it.
template <class OnDrawing>
void for_each_drawing(const std::string& path, StrokeFormat format, OnDrawing&& on_drawing,
                      SkippedDrawings* skipped = nullptr) {
    DrawingReader reader{path, format, skipped};
    for (Drawing drawing; reader.next(drawing);) on_drawing(std::move(drawing));
}

// The drawings that a text holds; `name` is the file's, for messages.
std::vector<Drawing> parse_drawings(std::string_view text, const std::string& name,
                                    StrokeFormat format = StrokeFormat::automatic, SkippedDrawings* skipped = nullptr);

[[nodiscard]] std::vector<Drawing> load_drawings(const std::string& path, StrokeFormat format = StrokeFormat::automatic,
                                                 SkippedDrawings* skipped = nullptr);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/inkml_reader.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/detail/unipen_reader.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/ink/quickdraw.hpp>
#include <nib/io/detail/text_source.hpp>
#include <nib/io/file.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a text is whose first line that is neither blank nor a comment starts so. automatic: none of the formats.
inline StrokeFormat recognized_format(char first, char second) {
    if (first == '{') return StrokeFormat::quickdraw;
    if (first == '<') return StrokeFormat::inkml;
    const bool letter = (second >= 'A' && second <= 'Z') || (second >= 'a' && second <= 'z');
    if (first == '.' && letter) return StrokeFormat::unipen;
    if (is_digit(first) || ((first == '-' || first == '.') && is_digit(second))) return StrokeFormat::log;
    return StrokeFormat::automatic;
}

// Whether the line at `start` of what comes next names the columns of a pointer log.
inline bool names_log_columns(TextSource& source, std::size_t start) {
    constexpr std::size_t longest = 4096;
    while (source.rest().find('\n', start) == std::string_view::npos && source.rest().size() < start + longest &&
           source.grow()) {
    }
    std::string_view line = source.rest().substr(start, longest);
    line = line.substr(0, line.find('\n'));
    return is_line_of_words(line) && LogColumns::named_by(line).has_all();
}

// Consumes nothing.
inline StrokeFormat recognize_format(TextSource& source, const std::string& name) {
    constexpr std::string_view expected =
        "UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log ('x y t')";
    const auto has = [&](std::size_t place) { return place < source.rest().size() || source.grow(); };
    // Some programs of Windows write texts so.
    if (has(1) && (source.rest().starts_with("\xff\xfe") || source.rest().starts_with("\xfe\xff")))
        fail(name + ": expected a text in UTF-8, found one in UTF-16: save it as UTF-8");
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
            if (format == StrokeFormat::automatic && names_log_columns(source, i)) return StrokeFormat::log;
            const std::string_view rest = source.rest().substr(i);
            if (format == StrokeFormat::automatic)
                fail_at_line(name, line, expected, format_quoted(trimmed(rest.substr(0, rest.find('\n')))));
            return format;
        }
    }
    fail(name + ": no stroke found: expected " + std::string(expected) + ", found " +
         (source.rest().empty() ? "an empty file" : "only blank lines and comments"));
}

// The drawings of a text in any of the formats.
class AnyReader {
public:
    // All must outlive the reader. `name` is the file's, for messages.
    AnyReader(TextSource& source, const std::string& name, StrokeFormat format, SkippedDrawings* skipped)
        : reader_{made(source, name, format, skipped)} {}
    AnyReader(const AnyReader&) = delete;
    AnyReader& operator=(const AnyReader&) = delete;
    ~AnyReader() { delete reader_; }

    bool next(Drawing& drawing) { return reader_->next(drawing); }

private:
    struct Base {
        virtual ~Base() = default;
        virtual bool next(Drawing& drawing) = 0;
    };
    template <class Reader>
    struct Of final : Base {
        template <class Option>
        Of(TextSource& source, const std::string& name, Option option) : reader{source, name, option} {}
        bool next(Drawing& drawing) override { return reader.next(drawing); }
        Reader reader;
    };

    static Base* made(TextSource& source, const std::string& name, StrokeFormat format, SkippedDrawings* skipped) {
        if (format == StrokeFormat::automatic) format = recognize_format(source, name);
        switch (format) {
            case StrokeFormat::unipen:
                return new Of<UnipenReader>{source, name, skipped};
            case StrokeFormat::quickdraw:
                return new Of<QuickdrawReader>{source, name, skipped};
            case StrokeFormat::inkml:
                return new Of<InkmlReader>{source, name, skipped};
            default:
                return new Of<PointerLogReader>{
                    source, name, format == StrokeFormat::log_ms ? LogTime::milliseconds : LogTime::seconds};
        }
    }

    Base* reader_;  // owned
};

}  // namespace detail

struct DrawingReader::State {
    State(const std::string& path, StrokeFormat format, SkippedDrawings* skipped)
        : name{path}, source{detail::open_for_reading(path), path}, reader{source, name, format, skipped} {}

    std::string name;
    detail::TextSource source;
    detail::AnyReader reader;
    bool ended = false;
};

NIB_API DrawingReader::DrawingReader(const std::string& path, StrokeFormat format, SkippedDrawings* skipped)
    : state_{new State{path, format, skipped}} {}

NIB_API DrawingReader::~DrawingReader() { delete state_; }

NIB_API bool DrawingReader::next(Drawing& drawing) {
    if (std::exchange(state_->ended, true)) return false;
    const bool found = state_->reader.next(drawing);
    state_->ended = !found;
    return found;
}

NIB_API std::vector<Drawing> parse_drawings(std::string_view text, const std::string& name, StrokeFormat format,
                                            SkippedDrawings* skipped) {
    detail::TextSource source{text};
    return detail::all_drawings(detail::AnyReader{source, name, format, skipped});
}

NIB_API std::vector<Drawing> load_drawings(const std::string& path, StrokeFormat format, SkippedDrawings* skipped) {
    return detail::all_drawings(DrawingReader{path, format, skipped});
}

}  // namespace nib::inline NIB_ABI

#endif
