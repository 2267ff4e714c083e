// How a template of a digit becomes strokes: curves through its points, a hand of its own, and a device that sees the
// pen now and then.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/random.hpp>
#include <nib/ink/detail/digit_templates.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/stroke.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// exp(x) within 4% for |x| <= 0.75, and reciprocal exactly as exp is: the (1, 1) Padé approximant.
inline double scale_factor(double x) {
    const double half = clamped(x, -0.75, 0.75) / 2;
    return (1 + half) / (1 - half);
}

// Where a point p of a Catmull-Rom curve is between b (u = 0) and c (u = 1), a before and d after them.
inline Point catmull_rom(const Point& a, const Point& b, const Point& c, const Point& d, float u) {
    const auto along = [u](float p, float q, float r, float s) {
        return 0.5f * (2 * q + u * ((r - p) + u * ((2 * p - 5 * q + 4 * r - s) + u * (3 * (q - r) + s - p))));
    };
    return {along(a.x, b.x, c.x, d.x), along(a.y, b.y, c.y, d.y)};
}

// Appends the curve through `knots` to `stroke`, which ends at the first of them.
inline void append_curve(const std::vector<Point>& knots, Stroke& stroke) {
    if (knots.size() == 2) {
        stroke.push_back(knots[1]);
        return;
    }
    constexpr int steps = 6;
    for (std::size_t i = 1; i < knots.size(); ++i) {
        const Point& before = knots[i > 1 ? i - 2 : 0];
        const Point& after = knots[smaller(i + 1, knots.size() - 1)];
        for (int step = 1; step <= steps; ++step) {
            const float u = static_cast<float>(step) / steps;
            stroke.push_back(catmull_rom(before, knots[i - 1], knots[i], after, u));
        }
    }
}

// The strokes of a path whose control points are `points`; corners end one curve and start the next.
inline std::vector<Stroke> strokes_through(ArrayView<ControlPoint> points) {
    std::vector<Stroke> strokes;
    std::vector<Point> knots;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Point here{points[i].x, points[i].y};
        if (points[i].knot == Knot::start) {
            strokes.push_back({here});
            knots.assign(1, here);
            continue;
        }
        knots.push_back(here);
        const bool last = i + 1 == points.size() || points[i + 1].knot == Knot::start;
        if (!last && points[i].knot == Knot::smooth) continue;
        append_curve(knots, strokes.back());
        knots.assign(1, here);
    }
    return strokes;
}

// How one hand holds the pen: a smooth warp of the unit box, then aspect, slant and rotation.
class Handwriting {
public:
    explicit Handwriting(Rng& rng) {
        constexpr double warp = 0.1;
        for (auto& row : warp_)
            for (double& coefficient : row) coefficient = warp * rng.normal();
        aspect_ = 0.72 * scale_factor(larger(0.25 * rng.normal(), -0.45));
        slant_ = clamped(-0.15 + 0.25 * rng.normal(), -0.8, 0.6);
        // A rotation whose tangent of the half angle is t: sd 7 degrees.
        const double t = clamped(0.061 * rng.normal(), -0.2, 0.2);
        cosine_ = (1 - t * t) / (1 + t * t);
        sine_ = 2 * t / (1 + t * t);
    }

    Point operator()(const Point& point) const {
        const double u = static_cast<double>(point.x) * 2 - 1;
        const double v = static_cast<double>(point.y) * 2 - 1;
        const std::array<double, 5> terms{u * u - 0.5, v * v - 0.5, u * v, v * (v * v - 0.7), u * (v * v - 0.5)};
        double x = u;
        double y = v;
        for (std::size_t i = 0; i < terms.size(); ++i) {
            x += warp_[0][i] * terms[i];
            y += warp_[1][i] * terms[i];
        }
        x = aspect_ * x + slant_ * y;
        return {static_cast<float>(cosine_ * x - sine_ * y), static_cast<float>(sine_ * x + cosine_ * y)};
    }

private:
    std::array<std::array<double, 5>, 2> warp_{};
    double aspect_ = 1;
    double slant_ = 0;  // to the right at the bottom
    double cosine_ = 1;
    double sine_ = 0;
};

inline List<ControlPoint> jittered(ArrayView<ControlPoint> points, Rng& rng) {
    constexpr double deviation = 0.045;
    List<ControlPoint> result(points.size());
    copy_values(points.data(), points.size(), result.data());
    for (ControlPoint& point : result) {
        point.x += static_cast<float>(deviation * rng.normal());
        point.y += static_cast<float>(deviation * rng.normal());
    }
    return result;
}

inline float distance(const Point& a, const Point& b) {
    return square_root((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
}

// The points at 0, 1, 2, ... times `interval` (> 0) along the stroke, joined by straight lines: what is after the last
// of them is lost. The stroke's own last point comes too if `and_last`, or if only the first one would be left.
inline Stroke sampled(const Stroke& stroke, float interval, bool and_last) {
    Stroke result{stroke.front()};
    float next = interval;  // how far the next sample is, from `from` on
    for (std::size_t i = 1; i < stroke.size(); ++i) {
        const Point& from = stroke[i - 1];
        const Point& to = stroke[i];
        const float length = distance(from, to);
        for (; next <= length; next += interval) {
            const float u = next / length;
            result.push_back({from.x + u * (to.x - from.x), from.y + u * (to.y - from.y)});
        }
        next -= length;
    }
    if (and_last || result.size() == 1) result.push_back(stroke.back());
    return result;
}

// How a device sees a pen. A slow one takes few points of a fast hand: corners and curves become flat, and of each
// stroke's end up to one interval is lost, more the fewer points there are. A mouse or a trembling hand has points
// beside the path. Lengths are in the units of a digit, which is about 2 high.
class Sampling {
public:
    explicit Sampling(Rng& rng) {
        if (rng.below(8) != 0) interval_ = rng.uniform(0.05, 1);
        sees_ends_ = rng.below(4) == 0;
        if (rng.below(8) == 0) wobble_ = rng.uniform(0, 0.03);
    }

    Stroke operator()(const Stroke& stroke, Rng& rng) const {
        Stroke result = interval_ > 0 ? sampled(stroke, static_cast<float>(interval_), sees_ends_) : stroke;
        if (wobble_ > 0)
            for (Point& point : result) {
                point.x += static_cast<float>(wobble_ * rng.normal());
                point.y += static_cast<float>(wobble_ * rng.normal());
            }
        return result;
    }

private:
    double interval_ = 0;  // of samples along a stroke; 0: all points are seen
    bool sees_ends_ = false;
    double wobble_ = 0;  // standard deviation
};

inline RasterOptions random_pen(Rng& rng) {
    RasterOptions options;
    options.pen_radius = static_cast<float>(clamped(1.15 + 0.35 * rng.normal(), 0.4, 2.2));
    options.softness = static_cast<float>(rng.uniform(0.6, 1.5));
    return options;
}

}  // namespace nib::inline NIB_ABI::detail
