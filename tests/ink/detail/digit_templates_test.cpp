#include <nib/ink/detail/digit_templates.hpp>

#include "../../support.hpp"

#include <algorithm>
#include <set>

TEST_CASE("each digit has at least four templates, in the order of the digits") {
    std::size_t count = 0;
    for (int digit = 0; digit < 10; ++digit) {
        CAPTURE(digit);
        const auto templates = nib::templates_of(digit);
        CHECK(templates.size() >= 4);
        for (const nib::DigitTemplate& one : templates) CHECK(one.digit == digit);
        count += templates.size();
    }
    CHECK(count == nib::digit_templates.size());
}

TEST_CASE("there are no templates of what is no digit") {
    CHECK(nib::templates_of(-1).empty());
    CHECK(nib::templates_of(10).empty());
}

TEST_CASE("templates of a digit have names of their own") {
    std::set<std::string> names;
    for (const nib::DigitTemplate& one : nib::digit_templates) names.insert(std::to_string(one.digit) + one.name);
    CHECK(names.size() == nib::digit_templates.size());
}

TEST_CASE("every template starts with a stroke, has no dot, and fills the height of the unit box") {
    for (const nib::DigitTemplate& one : nib::digit_templates) {
        CAPTURE(one.digit);
        CAPTURE(one.name);
        REQUIRE(one.points.size() >= 2);
        CHECK(one.points[0].knot == nib::Knot::start);
        CHECK(one.points[one.points.size() - 1].knot != nib::Knot::start);
        float top = 1;
        float bottom = 0;
        for (std::size_t i = 0; i < one.points.size(); ++i) {
            const nib::ControlPoint& point = one.points[i];
            CHECK(point.x >= 0);
            CHECK(point.x <= 1);
            top = std::min(top, point.y);
            bottom = std::max(bottom, point.y);
            if (i > 0) CHECK_FALSE((point.knot == nib::Knot::start && one.points[i - 1].knot == nib::Knot::start));
        }
        CHECK(top >= 0);
        CHECK(top <= 0.05f);
        CHECK(bottom >= 0.95f);
        CHECK(bottom <= 1);
    }
}
