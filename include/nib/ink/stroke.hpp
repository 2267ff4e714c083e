// Drawing: what a pen did, as strokes of points. The readers of stroke files make drawings, the rasteriser draws them.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// The unit of x and y is the file's own (tablet units, screen pixels); y grows downwards, as in an image.
struct Point {
    float x = 0;
    float y = 0;
    float t = 0;  // seconds since the first sample of the drawing; 0 where the times are not known
};

// From one pen-down to the next pen-up. A stroke of one point is a dot.
using Stroke = std::vector<Point>;

struct Drawing {
    std::vector<Stroke> strokes;
    std::string label;  // what it shows ("4"), "" when not known
};

// Drawings that a reader passed over because they cannot be used: one without a point, or whose strokes the file does
// not tell. Readers take a pointer to one; without it, such a drawing is an Error.
struct SkippedDrawings {
    std::size_t count = 0;
    std::string first;  // what was wrong with the first, and where: "a.unp:12: expected ..., found ..."
};

enum class StrokeFormat {
    automatic,  // recognised by the content
    unipen,
    quickdraw,
    inkml,
    log,     // a pointer log with times in seconds
    log_ms,  // in milliseconds; it is never recognised by the content
};

// No coordinate is larger than this, whatever its sign: readers, writers and the rasteriser refuse what is.
inline constexpr float coordinate_limit = 1e7f;

// Seconds: no time in a file is larger, counted from whatever its origin is. 1970 is 1.8e9 ago.
inline constexpr double time_limit = 1e10;

// No drawing of a file has more points: an hour and a half of a pen that is sampled 200 times a second.
inline constexpr std::size_t drawing_point_limit = std::size_t{1} << 20;

}  // namespace nib::inline NIB_ABI
