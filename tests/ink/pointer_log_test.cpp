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
    CHECK(error_in("a 2 3\n") == "a.log:1" + expected.substr(7) + "'a 2 3'");
    CHECK(error_in("1 2 3\na 2 3\n") == expected + "'a 2 3'");
    CHECK(error_in("1 2 3\n1 nan 3\n") == expected + "'1 nan 3'");
    CHECK(error_in("1 2 3\n1 2 inf\n") == expected + "'1 2 inf'");
    CHECK(error_in("1 2 3\n1e8 2 3\n") == expected + "'1e8 2 3'");
    CHECK(error_in("1 2 3\n1 2 1e11\n") == expected + "'1 2 1e11'");
    CHECK(error_in("1 2 3\n1,,2,3\n") == expected + "'1,,2,3'");
    CHECK(error_in("1 2 3\n1,2\n") == expected + "'1,2'");
    CHECK(error_in("1 2 3\n1,2;3,4;0,5\n") == expected + "'1,2;3,4;0,5'");
    CHECK(error_in("1 2 3\nx y t\n") == expected + "'x y t'");
}

TEST_CASE("time that goes backwards is refused") {
    CHECK(error_in("1 2 3\n1 2 2.9\n") ==
          "a.log:2: expected a time not before that of the sample above, found '1 2 2.9'");
}

TEST_CASE("a log without samples is refused") {
    CHECK(error_in("# nothing\n\n") == "a.log: no stroke found: expected lines 'x y t', found none");
    CHECK(error_in("") == "a.log: no stroke found: expected lines 'x y t', found none");
}

TEST_CASE("numbers may have commas, semicolons or tabs between them") {
    for (const std::string text :
         {"1,2,3\n4,5,3.1\n", "1, 2 ,3\r\n4,5 ,3.1,\n", "1;2;3\n4; 5;3.1\n", "1\t2\t3\n4\t5\t3.1"}) {
        CAPTURE(text);
        const auto drawings = parse(text);
        REQUIRE(drawings[0].strokes.size() == 1);
        CHECK(drawings[0].strokes[0][1].x == 4);
        CHECK(drawings[0].strokes[0][1].y == 5);
        CHECK(drawings[0].strokes[0][1].t == doctest::Approx(0.1));
    }
}

TEST_CASE("a first line of words is skipped, and columns are read as it names them") {
    for (const std::string text : {"x y t\n1 2 3\n", "# log\n\nx,y,t\n1,2,3\n", "X;Y;Time\n1;2;3\n", "a b c\n1 2 3\n",
                                   "t,x,y\n3,1,2\n", "\"timestamp\",\"y\",\"x\"\n3,2,1\n", ",x,y,t\n0,1,2,3\n",
                                   "x y pressure t\n1 2 off 3\n", "x_px,y_px,t_s,button\n1,2,3,\"left\"\n"}) {
        CAPTURE(text);
        const auto drawings = parse(text);
        REQUIRE(drawings.size() == 1);
        REQUIRE(drawings[0].strokes.size() == 1);
        CHECK(drawings[0].strokes[0][0].x == 1);
        CHECK(drawings[0].strokes[0][0].y == 2);
    }
    const std::string expected = "a.log:1: expected a first line that names the columns x, y and t, or samples 'x y t'";
    CHECK(error_in("x y pressure\n1 2 3\n") == expected + ", found 'x y pressure'");
    CHECK(error_in("some words of text\n1 2 3\n") == expected + ", found 'some words of text'");
    CHECK(error_in("x y t p\n1 2 3\n") ==
          "a.log:2: expected as many values as the first line names, with numbers for x, y and t, found '1 2 3'");
    CHECK(error_in("x y t\nx y t\n1 2 3\n") ==
          "a.log:2: expected three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10), found 'x y t'");
}

TEST_CASE("times that look like milliseconds are asked about, and read as such where the caller says so") {
    const std::string log = "10 10 1000\n10 20 1016\n10 30 1033\n10 40 1050\n40 40 1900\n40 50 1916\n";
    CHECK(error_in(log) ==
          "a.log: expected times in seconds, found 5 of 5 samples 0.9 s or more after the one before: are the times "
          "milliseconds? Then say so with StrokeFormat::log_ms (--ms of the example programs)");
    const auto drawings = nib::parse_pointer_log(log, "a.log", nib::LogTime::milliseconds);
    REQUIRE(drawings.size() == 1);
    REQUIRE(drawings[0].strokes.size() == 2);
    CHECK(drawings[0].strokes[0].size() == 4);
    CHECK(drawings[0].strokes[0][1].t == 0.016f);
    CHECK(drawings[0].strokes[1][0].t == 0.9f);
    // Milliseconds since 1970 are within the limit, as seconds they are not.
    const std::string now = "1 2 1760000000000\n1 3 1760000000016\n";
    CHECK(support::contains(error_in(now), "seconds up to 1e10"));
    CHECK(nib::parse_pointer_log(now, "a.log", nib::LogTime::milliseconds)[0].strokes[0][1].t == 0.016f);
    // A few dots, and strokes with pauses between them, are seconds.
    CHECK(parse("1 1 0\n2 2 1\n3 3 2\n")[0].strokes.size() == 3);
    CHECK(parse("1 1 0\n2 2 0.1\n3 3 2\n4 4 2.1\n5 5 5\n6 6 5.1\n")[0].strokes.size() == 3);
}
