#include "../../tools/draw/digits.hpp"

#include "../support.hpp"

#include <nib/ink/read_drawings.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

// A stroke from corner to corner.
nib::Stroke line(float left, float top, float right, float bottom) { return {{left, top, 0}, {right, bottom, 0}}; }

// The numbers of the strokes of each digit, "0 2|1".
std::string split(const nib::Drawing& drawing) {
    std::string text;
    for (const draw::Digit& digit : draw::split_digits(drawing)) {
        if (!text.empty()) text += '|';
        for (const std::size_t stroke : digit.strokes)
            text.append(text.empty() || text.back() == '|' ? "" : " ").append(std::to_string(stroke));
    }
    return text;
}

nib::Drawing moved(nib::Drawing drawing, float right) {
    draw::move(drawing, right, 0);
    return drawing;
}

}  // namespace

TEST_CASE("strokes that overlap along x are one digit") {
    CHECK(split({}).empty());
    CHECK(split({{line(0, 0, 60, 0), line(50, 0, 20, 100), line(20, 50, 55, 50)}, ""}) == "0 1 2");  // a crossed 7
    CHECK(split({{line(0, 40, 50, 60), line(10, 0, 10, 0)}, ""}) == "0 1");                          // a dot above
}

TEST_CASE("digits come from left to right, with their strokes as they were drawn") {
    const nib::Drawing drawing{
        {line(200, 0, 210, 100), line(0, 0, 50, 90), line(220, 0, 205, 90), line(45, 10, 20, 100)}, ""};
    CHECK(split(drawing) == "1 3|0 2");
    const std::vector<draw::Digit> digits = draw::split_digits(drawing);
    CHECK(digits[0].box.left == 0);
    CHECK(digits[0].box.right == 50);
    CHECK(digits[1].box.bottom == 100);
    CHECK(draw::drawing_of(digits[1], drawing).strokes[1][0].x == 220);
}

TEST_CASE("a gap parts strokes by what they are together") {
    // A 4 whose second stroke stands apart; the same two as high as both together are two ones.
    CHECK(split({{line(0, 0, 40, 60), line(54, 20, 50, 100)}, ""}) == "0 1");
    CHECK(split({{line(0, 0, 40, 60), line(60, 20, 58, 100)}, ""}) == "0|1");
    CHECK(split({{line(0, 0, 0, 100), line(5, 10, 5, 100)}, ""}) == "0|1");
    // The bar of a 5.
    CHECK(split({{line(0, 0, 40, 100), line(65, 0, 100, 2)}, ""}) == "0 1");
    CHECK(split({{line(0, 0, 40, 100), line(75, 0, 100, 2)}, ""}) == "0|1");
    // The same at any size.
    CHECK(split({{line(0, 0, 0.4f, 1), line(0.65f, 0, 1, 0.02f)}, ""}) == "0 1");
}

TEST_CASE("the nearest strokes are joined first") {
    // The middle one, as near to the first as it may be, belongs to the last.
    CHECK(split({{line(0, 0, 40, 100), line(46, 30, 60, 60), line(61, 0, 80, 100)}, ""}) == "0|1 2");
}

TEST_CASE("more pieces than a number has are refused") {
    nib::Drawing drawing;
    for (int i = 0; i < 100; ++i) drawing.strokes.push_back({{static_cast<float>(i), 0, 0}});
    CHECK(draw::split_digits(drawing).size() == 100);
    drawing.strokes.push_back({{100, 0, 0}});
    CHECK(support::error_of([&] { return draw::split_digits(drawing).size(); }) ==
          "expected digits side by side, found 101 strokes apart");
}

TEST_CASE("each digit is saved as a drawing, and what is no number as one") {
    nib::Drawing drawing{{line(100, 0, 100, 90), line(0, 0, 40, 60), line(54, 20, 50, 100)}, ""};
    const std::vector<nib::Drawing> two = draw::drawings_of_digits(drawing);
    REQUIRE(two.size() == 2);
    CHECK(two[0].strokes.size() == 2);
    CHECK(two[1].strokes[0][1].y == 90);
    for (int i = 0; i < 100; ++i) drawing.strokes.push_back({{static_cast<float>(200 + i), 0, 0}});
    CHECK(draw::drawings_of_digits(drawing).size() == 1);
    CHECK(draw::drawings_of_digits(drawing)[0].strokes.size() == 103);
    CHECK(draw::side_by_side({drawing}).strokes[102][0].x == 299);  // opened again
    CHECK(draw::side_by_side({drawing, drawing}).strokes.size() == 206);
}

TEST_CASE("drawings stay where they are if they are apart there, and are laid side by side if not") {
    const nib::Drawing seven{{line(0, 0, 60, 0), line(50, 0, 20, 100)}, ""};
    const nib::Drawing apart = draw::side_by_side({seven, moved(seven, 100)});
    CHECK(apart.strokes[3][0].x == 150);
    CHECK(split(apart) == "0 1|2 3");
    const nib::Drawing laid = draw::side_by_side({seven, seven, moved(seven, -30)});
    CHECK(split(laid) == "0 1|2 3|4 5");
    CHECK(laid.strokes[0][1].x == 60);
    CHECK(laid.strokes[2][0].x == 100);
    // Two that only the other order would part.
    CHECK(draw::side_by_side({moved(seven, 100), seven}).strokes[2][0].x == 200);
}

TEST_CASE("every drawing of pendigits is one digit, and each two of them side by side are two") {
    const auto path = support::real_data("pendigits/pendigits-orig.tra");
    if (!path) return;
    const std::vector<nib::Drawing> drawings = nib::load_drawings(*path);
    CHECK(std::all_of(drawings.begin(), drawings.end(),
                      [](const nib::Drawing& drawing) { return draw::split_digits(drawing).size() == 1; }));
    std::size_t parted = 0;
    for (std::size_t i = 0; i + 1 < drawings.size(); i += 2) {
        nib::Drawing both = drawings[i], right = drawings[i + 1];
        const draw::Box box = draw::box_of(both), other = draw::box_of(right);
        draw::move(right, box.right + 0.2f * std::max(box.height(), other.height()) - other.left,
                   box.bottom - other.bottom);
        both.strokes.insert(both.strokes.end(), right.strokes.begin(), right.strokes.end());
        const std::vector<draw::Digit> digits = draw::split_digits(both);
        if (digits.size() == 2 && digits[0].strokes.size() == drawings[i].strokes.size()) ++parted;
    }
    CHECK(parted >= drawings.size() / 2 * 99 / 100);
}
