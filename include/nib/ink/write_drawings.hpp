// save_drawings: drawings as a UNIPEN file, QuickDraw ndjson or a pointer log, which the readers read back unchanged.
// format_drawings: the text of such a file.  DrawingWriter: the same drawing by drawing, for files of many.
//
// UNIPEN has no times. QuickDraw has them where any is not 0. A pointer log is one drawing without a label, whose
// strokes are told apart by the times alone: where those the drawing has do not tell them apart, it gets others, with
// 0.01 s between points and 0.5 s between strokes.
#pragma once

#include <nib/core/config.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

class DrawingWriter {
public:
    // `name` is the file's, for messages. Fails for a format that is not written: inkml, and automatic.
    DrawingWriter(StrokeFormat format, std::string name);

    // Appends the text of the next drawing of the file to `text`. Fails on what the format cannot hold and on what no
    // reader accepts: no stroke, a stroke without points, coordinates beyond coordinate_limit, too many points.
    void append(std::string& text, const Drawing& drawing);

private:
    [[noreturn]] void refuse(std::string_view expected, std::string_view found) const;
    void check_drawing(const Drawing& drawing) const;
    void append_unipen(std::string& text, const Drawing& drawing);
    void append_quickdraw(std::string& text, const Drawing& drawing) const;
    void append_log(std::string& text, const Drawing& drawing) const;

    StrokeFormat format_;
    std::string name_;
    std::size_t count_ = 0;       // drawings
    std::size_t components_ = 0;  // strokes
};

// The text that save_drawings writes to a file; `name` is for messages.
[[nodiscard]] std::string format_drawings(std::span<const Drawing> drawings, StrokeFormat format,
                                          const std::string& name = "drawings");

// Writes a file with all the drawings, at least one. Until it is complete, `path` stays as it was.
void save_drawings(const std::string& path, std::span<const Drawing> drawings, StrokeFormat format);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/characters.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/json.hpp>

#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// The shortest text that reads back as `value` / `divisor`, `value` being a float times `divisor`: readers parse a
// double, divide it and round it to a float.
inline std::string number_text(double value, double divisor = 1) {
    const auto read_back = [&](double read) { return static_cast<float>(read / divisor); };
    std::string text = format_shortest(static_cast<float>(value));
    const auto read = parse_number<double>(text);
    if (!read || read_back(*read) != read_back(value)) text = format_shortest(value);
    return text;
}

inline bool is_within(float value, float limit) { return value >= -limit && value <= limit; }

template <class Value>
void append_array(std::string& text, const Stroke& stroke, Value value, double divisor = 1) {
    const char* separator = "[";
    for (const Point& point : stroke) {
        text += separator;
        text += number_text(value(point), divisor);
        separator = ",";
    }
    text += ']';
}

// Whether the reader of logs finds the drawing's strokes by its times, which it reads as they are written.
inline bool times_separate_strokes(const Drawing& drawing) {
    const auto read_back = [](const Point& point) {
        return *parse_number<double>(number_text(static_cast<double>(point.t)));
    };
    double last = read_back(drawing.strokes[0][0]);
    for (std::size_t i = 0; i < drawing.strokes.size(); ++i)
        for (std::size_t j = 0; j < drawing.strokes[i].size(); ++j) {
            const double time = read_back(drawing.strokes[i][j]);
            const double passed = time - last;
            const bool starts_stroke = i > 0 && j == 0;
            if (passed < 0 || (passed >= log_stroke_gap) != starts_stroke) return false;
            last = time;
        }
    return true;
}

}  // namespace detail

NIB_API DrawingWriter::DrawingWriter(StrokeFormat format, std::string name) : format_{format}, name_{std::move(name)} {
    if (format == StrokeFormat::inkml || format == StrokeFormat::automatic || format == StrokeFormat::log_ms)
        fail(name_ + ": expected one of the formats that are written (UNIPEN, QuickDraw, pointer log), found " +
             (format == StrokeFormat::inkml    ? "InkML"
              : format == StrokeFormat::log_ms ? "a log in milliseconds"
                                               : "none"));
}

NIB_API void DrawingWriter::append(std::string& text, const Drawing& drawing) {
    ++count_;
    check_drawing(drawing);
    const std::size_t start = text.size();
    if (format_ == StrokeFormat::unipen)
        append_unipen(text, drawing);
    else if (format_ == StrokeFormat::quickdraw)
        append_quickdraw(text, drawing);
    else
        append_log(text, drawing);
    if (format_ == StrokeFormat::quickdraw && text.size() - start > detail::longest_line)
        refuse("a drawing whose line has at most 64 MB", "a longer one");
}

inline void DrawingWriter::refuse(std::string_view expected, std::string_view found) const {
    fail(name_ + ": drawing " + std::to_string(count_) + ": expected " + std::string(expected) + ", found " +
         std::string(found));
}

inline void DrawingWriter::check_drawing(const Drawing& drawing) const {
    std::size_t count = 0;
    if (drawing.strokes.empty()) refuse("at least one stroke", "none");
    for (const Stroke& stroke : drawing.strokes) {
        if (stroke.empty()) refuse("at least one point in each stroke", "none");
        count += stroke.size();
        for (const Point& point : stroke)
            if (!detail::is_within(point.x, coordinate_limit) || !detail::is_within(point.y, coordinate_limit) ||
                !detail::is_within(point.t, static_cast<float>(time_limit)))
                refuse("finite numbers (coordinates up to 1e7, seconds up to 1e10)", "others");
    }
    if (count > drawing_point_limit) refuse(detail::not_too_many_points, std::to_string(count));
}

inline void DrawingWriter::append_unipen(std::string& text, const Drawing& drawing) {
    if (drawing.label.find_first_of("\"\n") != std::string::npos)
        refuse("a label without quotes and line ends, as UNIPEN has it", format_quoted(drawing.label));
    if (count_ == 1) text += ".VERSION 1.0\n.HIERARCHY DRAWING\n.COORD X Y\n";
    text += "\n.SEGMENT DRAWING " + std::to_string(components_);
    components_ += drawing.strokes.size();
    if (drawing.strokes.size() > 1) text += "-" + std::to_string(components_ - 1);
    text += drawing.label.empty() ? " ?\n" : " ? \"" + drawing.label + "\"\n";
    for (const Stroke& stroke : drawing.strokes) {
        text += ".PEN_DOWN\n";
        // 0 - y, not -y: 0 stays +0.
        for (const Point& point : stroke)
            text += detail::number_text(static_cast<double>(point.x)) + " " +
                    detail::number_text(0 - static_cast<double>(point.y)) + "\n";
        text += ".PEN_UP\n";
    }
}

inline void DrawingWriter::append_quickdraw(std::string& text, const Drawing& drawing) const {
    if (!detail::is_utf8(drawing.label)) refuse("a label in UTF-8", format_quoted(drawing.label));
    bool has_times = false;
    for (const Stroke& stroke : drawing.strokes)
        for (const Point& point : stroke) has_times = has_times || point.t != 0;
    text += drawing.label.empty() ? "{" : "{\"word\":" + json_quoted(drawing.label) + ",";
    const char* separator = "\"drawing\":[[";
    for (const Stroke& stroke : drawing.strokes) {
        text += separator;
        separator = ",[";
        detail::append_array(text, stroke, [](const Point& point) { return static_cast<double>(point.x); });
        text += ',';
        detail::append_array(text, stroke, [](const Point& point) { return static_cast<double>(point.y); });
        if (has_times) text += ',';
        if (has_times)
            detail::append_array(
                text, stroke, [](const Point& point) { return 1000 * static_cast<double>(point.t); }, 1000);
        text += ']';
    }
    text += "]}\n";
}

inline void DrawingWriter::append_log(std::string& text, const Drawing& drawing) const {
    if (count_ > 1) refuse("no more than the one drawing of a pointer log", "a second one");
    if (!drawing.label.empty()) refuse("no label, as in a pointer log", format_quoted(drawing.label));
    const bool own_times = detail::times_separate_strokes(drawing);
    std::size_t hundredths = 0;
    for (const Stroke& stroke : drawing.strokes) {
        for (const Point& point : stroke) {
            text += detail::number_text(static_cast<double>(point.x)) + " " +
                    detail::number_text(static_cast<double>(point.y)) + " ";
            // Not as a float, which has no hundredths left after a day.
            text += own_times ? detail::number_text(static_cast<double>(point.t))
                              : format_fixed(static_cast<double>(hundredths) / 100, 2);
            text += '\n';
            ++hundredths;
        }
        hundredths += 49;
    }
}

NIB_API std::string format_drawings(std::span<const Drawing> drawings, StrokeFormat format, const std::string& name) {
    DrawingWriter writer{format, name};
    if (drawings.empty()) fail(name + ": expected at least one drawing to write, found none");
    std::string text;
    for (const Drawing& drawing : drawings) writer.append(text, drawing);
    return text;
}

NIB_API void save_drawings(const std::string& path, std::span<const Drawing> drawings, StrokeFormat format) {
    DrawingWriter writer{format, path};
    if (drawings.empty()) fail(path + ": expected at least one drawing to write, found none");
    AtomicFile file{path};
    std::string text;
    for (const Drawing& drawing : drawings) {
        writer.append(text, drawing);
        if (text.size() < 1'000'000) continue;
        file.write(bytes_of(text));
        text.clear();
    }
    file.write(bytes_of(text));
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
