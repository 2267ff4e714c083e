#include <nib/ink/stroke.hpp>

#include "../support.hpp"

TEST_CASE("a point starts at the origin with no time known") {
    const nib::Point point{.x = 3};
    CHECK(point.x == 3);
    CHECK(point.y == 0);
    CHECK(point.t == 0);
}

TEST_CASE("a drawing starts without strokes and without a label") {
    const nib::Drawing drawing;
    CHECK(drawing.strokes.empty());
    CHECK(drawing.label.empty());
}
