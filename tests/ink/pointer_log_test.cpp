#include <nib/ink/pointer_log.hpp>

#include "../support.hpp"

namespace {

std::vector<nib::Drawing> parse(std::string_view text) { return nib::parse_pointer_log(text, "a.log"); }
std::string error_in(std::string_view text) {
    return support::error_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("a pointer log is one drawing without a label, its y as it stands in the file") {
    const auto drawings = parse("# x y t\n\n10 20 5.0\r\n\t11.5 -22 5.1\n");
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label.empty());
    REQUIRE(drawings[0].strokes.size() == 1);
    const nib::Stroke& stroke = drawings[0].strokes[0];
    REQUIRE(stroke.size() == 2);
    CHECK(stroke[0].x == 10);
    CHECK(stroke[0].y == 20);
    CHECK(stroke[0].t == 0);
    CHECK(stroke[1].x == 11.5f);
    CHECK(stroke[1].y == -22);
    CHECK(stroke[1].t == doctest::Approx(0.1));
}

TEST_CASE("a gap of 0.3 s starts a new stroke, a shorter one does not") {
    CHECK(parse("0 0 1.00\n1 1 1.29\n")[0].strokes.size() == 1);
    CHECK(parse("0 0 1.00\n1 1 1.30\n")[0].strokes.size() == 2);
    CHECK(parse("0 0 2.0\n1 1 2.3\n")[0].strokes.size() == 2);  // 2.3 - 2.0 is less than 0.3 in binary
    CHECK(parse("0 0 0\n1 1 0.31\n2 2 0.32\n3 3 9\n")[0].strokes.size() == 3);
    CHECK(parse("0 0 1\n1 1 1\n")[0].strokes.size() == 1);
}

TEST_CASE("times in seconds since 1970 keep their resolution") {
    const auto drawing = parse("0 0 1760000000.00\n1 1 1760000000.25\n2 2 1760000000.55\n")[0];
    REQUIRE(drawing.strokes.size() == 2);
    CHECK(drawing.strokes[0][1].t == 0.25f);
    CHECK(drawing.strokes[1][0].t == doctest::Approx(0.55));
}

TEST_CASE("a sample at a negative time may come first") { CHECK(parse("0 0 -5\n1 1 -4.9\n")[0].strokes.size() == 1); }

TEST_CASE("a line that is no sample is refused with its number") {
    const std::string expected =
        "a.log:2: expected three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10), found ";
    CHECK(error_in("1 2 3\n1 2\n") == expected + "'1 2'");
    CHECK(error_in("1 2 3\n1 2 3 4\n") == expected + "'1 2 3 4'");
    CHECK(error_in("1 2 3\na 2 3\n") == expected + "'a 2 3'");
    CHECK(error_in("1 2 3\n1 nan 3\n") == expected + "'1 nan 3'");
    CHECK(error_in("1 2 3\n1 2 inf\n") == expected + "'1 2 inf'");
    CHECK(error_in("1 2 3\n1e8 2 3\n") == expected + "'1e8 2 3'");
    CHECK(error_in("1 2 3\n1 2 1e11\n") == expected + "'1 2 1e11'");
    CHECK(error_in("1 2 3\n1,2,3\n") == expected + "'1,2,3'");
}

TEST_CASE("time that goes backwards is refused") {
    CHECK(error_in("1 2 3\n1 2 2.9\n") ==
          "a.log:2: expected a time not before that of the sample above, found '1 2 2.9'");
}

TEST_CASE("a log without samples is refused") {
    CHECK(error_in("# nothing\n\n") == "a.log: no stroke found: expected lines 'x y t', found none");
    CHECK(error_in("") == "a.log: no stroke found: expected lines 'x y t', found none");
}
