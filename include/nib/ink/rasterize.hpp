// rasterize: a drawing becomes a square grey image, 0 background and 255 ink.
//
// The pen is round. A pixel's value is 255 · clip((r + soft/2 - d) / soft, 0, 1), d being the distance from the pixel's
// centre to the nearest segment of the path, r the pen's radius and soft the width of its edge. Strokes are never
// joined; a stroke of one point is a dot.
//
// Normalised as MNIST's digits were: the longer side of the path's bounding box becomes 17/28 of the image (the pen
// comes on top: 20 of 28 pixels in all), and the centre of mass of the ink comes to the centre of the pixel with index
// (size/2, size/2), or as near to it as it can without cutting ink off. Raw: the drawing stays where it was drawn on
// its canvas.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/image.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

// A square in the drawing's own unit.
struct Canvas {
    float left = 0;
    float top = 0;
    float side = 0;  // 0: chosen from the drawing, see automatic_canvas
};

struct RasterOptions {
    std::size_t size = 28;    // rows and columns, 8 to 1024
    float pen_radius = 0.8f;  // in 28ths of the image's side, so that a larger image is the same picture; 0.05 to 7
    float softness = 1;       // width of the pen's edge in pixels of the image, 0.1 to 3
    bool raw = false;
    Canvas canvas{};  // only used when raw
};

// Into `pixels`, options.size * options.size of them. Fails on options out of range, on a drawing without a point, and
// on coordinates beyond coordinate_limit.
void rasterize(const Drawing& drawing, const RasterOptions& options, std::span<std::uint8_t> pixels);

[[nodiscard]] Image rasterize(const Drawing& drawing, const RasterOptions& options = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Image coordinates: in pixels, x to the right and y downwards; pixel i covers [i, i + 1], its centre is i + 0.5.
struct PixelPoint {
    double x = 0;
    double y = 0;
};

struct Bounds {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;

    double longer_side() const { return larger(right - left, bottom - top); }
};

// image = scale * drawing + offset
struct Placement {
    double scale = 1;
    double offset_x = 0;
    double offset_y = 0;

    PixelPoint operator()(const Point& point) const {
        return {scale * static_cast<double>(point.x) + offset_x, scale * static_cast<double>(point.y) + offset_y};
    }
};

struct Pen {
    double radius = 0;    // pixels
    double softness = 1;  // pixels

    // No ink is further from the path.
    double reach() const { return radius + softness / 2; }
};

inline void check_range(const char* what, double value, double low, double high, int digits) {
    if (value >= low && value <= high) return;
    fail(std::string("rasterize: expected a ") + what + " from " + format_fixed(low, digits) + " to " +
         format_fixed(high, digits) + ", found " + format_fixed(value, digits));
}

inline void check_options(const RasterOptions& options) {
    check_range("size", static_cast<double>(options.size), 8, 1024, 0);
    check_range("pen radius", static_cast<double>(options.pen_radius), 0.05, 7, 2);
    check_range("softness", static_cast<double>(options.softness), 0.1, 3, 2);
    if (!options.raw) return;
    const double limit = static_cast<double>(coordinate_limit);
    check_range("canvas left", static_cast<double>(options.canvas.left), -limit, limit, 2);
    check_range("canvas top", static_cast<double>(options.canvas.top), -limit, limit, 2);
    if (options.canvas.side != 0.0f)
        check_range("canvas side", static_cast<double>(options.canvas.side), 0.001, limit, 3);
}

inline Bounds bounds_of(const Drawing& drawing) {
    const double limit = static_cast<double>(coordinate_limit);
    Bounds bounds{limit, limit, -limit, -limit};
    bool empty = true;
    for (const Stroke& stroke : drawing.strokes) {
        for (const Point& point : stroke) {
            const double x = static_cast<double>(point.x);
            const double y = static_cast<double>(point.y);
            check_range("coordinate", x, -limit, limit, 0);
            check_range("coordinate", y, -limit, limit, 0);
            bounds = {smaller(bounds.left, x), smaller(bounds.top, y), larger(bounds.right, x),
                      larger(bounds.bottom, y)};
            empty = false;
        }
    }
    if (empty) fail("rasterize: expected a drawing with at least one point, found none");
    return bounds;
}

// For each pixel the squared distance to the nearest segment, as far as it is within the pen's reach.
class DistanceField {
public:
    DistanceField(std::size_t size, double reach)
        : size_{size}, reach_{reach}, squared_(size * size, static_cast<float>(reach * reach)) {}

    void clear() { fill_values(squared_.data(), squared_.size(), static_cast<float>(reach_ * reach_)); }

    const std::vector<float>& squared() const { return squared_; }

    void add(const Stroke& stroke, const Placement& placement) {
        if (stroke.empty()) return;
        PixelPoint from = placement(stroke.front());
        if (stroke.size() == 1) add_segment(from, from);
        for (std::size_t i = 1; i < stroke.size(); ++i) {
            const PixelPoint to = placement(stroke[i]);
            add_segment(from, to);
            from = to;
        }
    }

private:
    // Row by row, and in each row only the pixels near the part of the segment that is near the row: the work grows
    // with the ink's area, not with the bounding box of a long slanted segment.
    void add_segment(PixelPoint a, PixelPoint b) {
        if (a.y > b.y) std::swap(a, b);
        const double dx = b.x - a.x;
        const double dy = b.y - a.y;
        const double length_squared = dx * dx + dy * dy;
        const double inverse = length_squared > 1e-12 ? 1 / length_squared : 0;
        const double height = larger(dy, 1e-9);
        const std::size_t last_row = pixel_after(b.y + reach_);
        for (std::size_t row = pixel_after(a.y - reach_); row < last_row; ++row) {
            const double y = static_cast<double>(row) + 0.5;
            const double x0 = a.x + dx * clamped((y - reach_ - a.y) / height, 0.0, 1.0);
            const double x1 = a.x + dx * clamped((y + reach_ - a.y) / height, 0.0, 1.0);
            const std::size_t last = pixel_after(larger(x0, x1) + reach_);
            float* const values = squared_.data() + row * size_;
            for (std::size_t col = pixel_after(smaller(x0, x1) - reach_); col < last; ++col) {
                const double px = static_cast<double>(col) + 0.5 - a.x;
                const double py = y - a.y;
                const double along = smaller(larger((px * dx + py * dy) * inverse, 0.0), 1.0);
                const double ex = px - along * dx;
                const double ey = py - along * dy;
                values[col] = smaller(values[col], static_cast<float>(ex * ex + ey * ey));
            }
        }
    }

    // The first pixel whose centre is after `position`, at most size. (Where a centre is exactly there it has no ink.)
    std::size_t pixel_after(double position) const {
        return static_cast<std::size_t>(smaller(larger(position + 0.5, 0.0), static_cast<double>(size_)));
    }

    std::size_t size_;
    double reach_;
    std::vector<float> squared_;  // [size, size]
};

class Renderer {
public:
    Renderer(const RasterOptions& options, std::span<std::uint8_t> pixels)
        : size_{options.size},
          pen_{static_cast<double>(options.pen_radius) * static_cast<double>(options.size) / 28,
               static_cast<double>(options.softness)},
          field_{options.size, pen_.reach()},
          pixels_{pixels} {}

    double size() const { return static_cast<double>(size_); }
    const Pen& pen() const { return pen_; }

    void render(const Drawing& drawing, const Placement& placement) {
        field_.clear();
        for (const Stroke& stroke : drawing.strokes) field_.add(stroke, placement);
        const float reach = static_cast<float>(pen_.reach());
        const float nothing = reach * reach;
        const float per_pixel = 255 / static_cast<float>(pen_.softness);
        const std::vector<float>& squared = field_.squared();
        for (std::size_t i = 0; i < pixels_.size(); ++i) {
            const float value = squared[i] < nothing ? (reach - square_root(squared[i])) * per_pixel : 0.0f;
            pixels_[i] = static_cast<std::uint8_t>(smaller(value, 255.0f) + 0.5f);
        }
    }

    // Of what was rendered last, weighted by the pixels' values.
    PixelPoint center_of_mass() const {
        std::uint64_t mass = 0;
        std::uint64_t moment_x = 0;
        std::uint64_t moment_y = 0;
        for (std::size_t row = 0; row < size_; ++row) {
            std::uint64_t row_mass = 0;
            for (std::size_t col = 0; col < size_; ++col) {
                const std::uint64_t value = pixels_[row * size_ + col];
                row_mass += value;
                moment_x += value * col;
            }
            mass += row_mass;
            moment_y += row_mass * row;
        }
        if (mass == 0) return {size() / 2 + 0.5, size() / 2 + 0.5};
        return {static_cast<double>(moment_x) / static_cast<double>(mass) + 0.5,
                static_cast<double>(moment_y) / static_cast<double>(mass) + 0.5};
    }

private:
    std::size_t size_;
    Pen pen_;
    DistanceField field_;
    std::span<std::uint8_t> pixels_;
};

// Centres the path's box; its longer side becomes 17/28 of the image, or what is left beside a very wide pen.
inline Placement fitted(const Bounds& bounds, double size, double reach) {
    const double side = smaller(size * 17 / 28, size - 2 * reach);
    const double longer = bounds.longer_side();
    const double scale = longer > 0 ? side / longer : 1;
    return {scale, size / 2 - scale * (bounds.left + bounds.right) / 2,
            size / 2 - scale * (bounds.top + bounds.bottom) / 2};
}

// `shift`, or what of it keeps [low, high] within [-0.5, size + 0.5]: beyond are the centres of pixels outside.
inline double allowed_shift(double shift, double low, double high, double size) {
    return clamped(shift, smaller(-0.5 - low, 0.0), larger(size + 0.5 - high, 0.0));
}

inline void render_normalized(Renderer& renderer, const Drawing& drawing, const Bounds& bounds) {
    const double size = renderer.size();
    const double reach = renderer.pen().reach();
    const double target = rounded_down(size / 2) + 0.5;
    constexpr double close_enough = 0.02;  // pixels
    Placement placement = fitted(bounds, size, reach);
    renderer.render(drawing, placement);
    for (int attempt = 0; attempt < 8; ++attempt) {
        const PixelPoint center = renderer.center_of_mass();
        const double left = placement.scale * bounds.left + placement.offset_x - reach;
        const double right = placement.scale * bounds.right + placement.offset_x + reach;
        const double top = placement.scale * bounds.top + placement.offset_y - reach;
        const double bottom = placement.scale * bounds.bottom + placement.offset_y + reach;
        // A thin pen's sampled mass can move faster than the pen: halved steps end the swinging.
        const double step = attempt < 2 ? 1 : 0.5;
        const double dx = allowed_shift(step * (target - center.x), left, right, size);
        const double dy = allowed_shift(step * (target - center.y), top, bottom, size);
        if (magnitude(dx) < close_enough && magnitude(dy) < close_enough) return;
        placement.offset_x += dx;
        placement.offset_y += dy;
        renderer.render(drawing, placement);
    }
}

// Where no coordinate is negative (a window's pixels) the square from the origin to the largest coordinate, elsewhere
// the square around the drawing; drawn so that the pen's width is not cut off at its edges.
inline Placement automatic_canvas(const Bounds& bounds, double size, double reach) {
    const bool from_origin = bounds.left >= 0 && bounds.top >= 0;
    const Bounds canvas = from_origin ? Bounds{0, 0, bounds.right, bounds.bottom} : bounds;
    const double side = canvas.longer_side();
    const double scale = side > 0 ? (size - 2 * reach) / side : 1;
    if (side <= 0) return {1, size / 2 - bounds.left, size / 2 - bounds.top};
    if (from_origin) return {scale, reach, reach};
    return {scale, size / 2 - scale * (bounds.left + bounds.right) / 2,
            size / 2 - scale * (bounds.top + bounds.bottom) / 2};
}

inline Placement raw_placement(const Canvas& canvas, const Bounds& bounds, double size, double reach) {
    if (canvas.side == 0.0f) return automatic_canvas(bounds, size, reach);
    const double scale = size / static_cast<double>(canvas.side);
    return {scale, -scale * static_cast<double>(canvas.left), -scale * static_cast<double>(canvas.top)};
}

}  // namespace detail

NIB_API void rasterize(const Drawing& drawing, const RasterOptions& options, std::span<std::uint8_t> pixels) {
    detail::check_options(options);
    if (pixels.size() != options.size * options.size)
        fail("rasterize: expected " + std::to_string(options.size * options.size) + " pixels, found " +
             std::to_string(pixels.size()));
    const detail::Bounds bounds = detail::bounds_of(drawing);
    detail::Renderer renderer{options, pixels};
    if (options.raw)
        renderer.render(drawing,
                        detail::raw_placement(options.canvas, bounds, renderer.size(), renderer.pen().reach()));
    else
        detail::render_normalized(renderer, drawing, bounds);
}

NIB_API Image rasterize(const Drawing& drawing, const RasterOptions& options) {
    detail::check_options(options);
    Image image{options.size, options.size, std::vector<std::uint8_t>(options.size * options.size)};
    rasterize(drawing, options, {image.pixels.data(), image.pixels.size()});
    return image;
}

}  // namespace nib::inline NIB_ABI

#endif
