// Which strokes are one digit, where several are drawn side by side.
//
// Strokes are told apart by their extents along x alone. What two neighbours are is seen by the gap between them
// (negative where they overlap) in parts of the height that both take together:
//
//   above 0.15        two digits. The second stroke of a 4 hardly ever stands so far from the first.
//   0 to 0.15         one digit, unless both are at least 0.8 of the height: of a 4's strokes one is always shorter,
//                     and other digits' strokes overlap. So 11 may be written closely.
//   above 0.3         two digits, where one is flatter than 0.25: no digit is so flat beside another, but the bar of a
//                     5 is, and may have come off.
#pragma once

#include <nib/core/error.hpp>
#include <nib/ink/stroke.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace draw {

struct Box {
    float left = 0;
    float top = 0;
    float right = 0;
    float bottom = 0;

    float height() const { return bottom - top; }
};

inline Box box_of(const nib::Stroke& stroke) {
    const nib::Point first = stroke.front();
    Box box{first.x, first.y, first.x, first.y};
    for (const nib::Point& point : stroke) {
        box.left = std::min(box.left, point.x);
        box.top = std::min(box.top, point.y);
        box.right = std::max(box.right, point.x);
        box.bottom = std::max(box.bottom, point.y);
    }
    return box;
}

inline Box box_around(const Box& a, const Box& b) {
    return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right), std::max(a.bottom, b.bottom)};
}

inline Box box_of(const nib::Drawing& drawing) {
    Box box = box_of(drawing.strokes.front());
    for (const nib::Stroke& stroke : drawing.strokes) box = box_around(box, box_of(stroke));
    return box;
}

// A digit: some of a drawing's strokes, as numbers in it, and where they are.
struct Digit {
    std::vector<std::size_t> strokes;
    Box box;
};

// Of the left and the right one of two neighbours.
inline float gap_between(const Digit& left, const Digit& right) { return right.box.left - left.box.right; }

inline bool are_one_digit(const Digit& left, const Digit& right) {
    const float gap = gap_between(left, right);
    if (gap <= 0) return true;
    const float height = box_around(left.box, right.box).height();
    const float shorter = std::min(left.box.height(), right.box.height());
    if (shorter < 0.25f * height) return gap <= 0.3f * height;
    return shorter < 0.8f * height && gap <= 0.15f * height;
}

// Appends the strokes of the digit to the right.
inline void join(Digit& digit, const Digit& right) {
    digit.box = box_around(digit.box, right.box);
    digit.strokes.insert(digit.strokes.end(), right.strokes.begin(), right.strokes.end());
}

// What lies apart along x, from left to right.
inline std::vector<Digit> split_at_gaps(const nib::Drawing& drawing) {
    std::vector<Digit> strokes;
    for (std::size_t i = 0; i < drawing.strokes.size(); ++i) strokes.push_back({{i}, box_of(drawing.strokes[i])});
    std::stable_sort(strokes.begin(), strokes.end(),
                     [](const Digit& a, const Digit& b) { return a.box.left < b.box.left; });
    std::vector<Digit> pieces;
    for (const Digit& stroke : strokes) {
        if (!pieces.empty() && gap_between(pieces.back(), stroke) <= 0)
            join(pieces.back(), stroke);
        else
            pieces.push_back(stroke);
    }
    return pieces;
}

// More pieces are no number.
inline constexpr std::size_t most_pieces = 100;

// The digits from left to right, each with its strokes in the order in which they were drawn. All strokes have points.
// Fails on a drawing of more than most_pieces.
inline std::vector<Digit> split_digits(const nib::Drawing& drawing) {
    std::vector<Digit> digits = split_at_gaps(drawing);
    if (digits.size() > most_pieces)
        nib::fail("expected digits side by side, found " + std::to_string(digits.size()) + " strokes apart");
    // The nearest neighbours first: what they are together says more about the others than either alone.
    for (;;) {
        std::size_t nearest = 0;
        for (std::size_t i = 1; i < digits.size(); ++i)
            if (are_one_digit(digits[i - 1], digits[i]) &&
                (nearest == 0 ||
                 gap_between(digits[i - 1], digits[i]) < gap_between(digits[nearest - 1], digits[nearest])))
                nearest = i;
        if (nearest == 0) break;
        join(digits[nearest - 1], digits[nearest]);
        digits.erase(digits.begin() + static_cast<std::ptrdiff_t>(nearest));
    }
    for (Digit& digit : digits) std::sort(digit.strokes.begin(), digit.strokes.end());
    return digits;
}

// A digit as a drawing of its own.
inline nib::Drawing drawing_of(const Digit& digit, const nib::Drawing& drawing) {
    nib::Drawing alone;
    for (const std::size_t stroke : digit.strokes) alone.strokes.push_back(drawing.strokes[stroke]);
    return alone;
}

// A drawing for each digit; or the drawing as it is, where it is no number.
inline std::vector<nib::Drawing> drawings_of_digits(const nib::Drawing& drawing) {
    if (split_at_gaps(drawing).size() > most_pieces) return {drawing};
    std::vector<nib::Drawing> drawings;
    for (const Digit& digit : split_digits(drawing)) drawings.push_back(drawing_of(digit, drawing));
    return drawings;
}

// Moves all points to the right and down.
inline void move(nib::Drawing& drawing, float right, float down) {
    for (nib::Stroke& stroke : drawing.strokes)
        for (nib::Point& point : stroke) {
            point.x += right;
            point.y += down;
        }
}

// Whether split_digits takes the strokes of the drawings, one drawing after the other, for these drawings again.
inline bool are_apart(const std::vector<nib::Drawing>& drawings, const nib::Drawing& all) {
    const std::size_t pieces = split_at_gaps(all).size();
    if (pieces < drawings.size() || pieces > most_pieces) return false;
    const std::vector<Digit> digits = split_digits(all);
    if (digits.size() != drawings.size()) return false;
    std::size_t first = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::vector<std::size_t>& strokes = digits[i].strokes;
        if (strokes.size() != drawings[i].strokes.size() || strokes.front() != first) return false;
        if (strokes.back() != first + strokes.size() - 1) return false;
        first += strokes.size();
    }
    return true;
}

// The strokes of several drawings as those of one: where they are, if they are apart there, else each to the right of
// the one before it, on a common base line.
inline nib::Drawing side_by_side(std::vector<nib::Drawing> drawings) {
    const auto joined = [&] {
        nib::Drawing all;
        for (const nib::Drawing& drawing : drawings)
            all.strokes.insert(all.strokes.end(), drawing.strokes.begin(), drawing.strokes.end());
        return all;
    };
    nib::Drawing all = joined();
    if (are_apart(drawings, all)) return all;
    Box before = box_of(drawings.front());
    for (std::size_t i = 1; i < drawings.size(); ++i) {
        const Box box = box_of(drawings[i]);
        const float gap = 0.4f * std::max(before.height(), box.height());
        move(drawings[i], before.right + gap - box.left, before.bottom - box.bottom);
        before = box_of(drawings[i]);
    }
    return joined();
}

}  // namespace draw
