#define NIB_BODIES 1  // looks inside
#include <nib/ink/unipen.hpp>

#include "../support.hpp"

#include <nib/io/file.hpp>

#include <array>
#include <cmath>
#include <map>

namespace {

std::vector<nib::Drawing> parse(std::string_view text) { return nib::parse_unipen(text, "a.unp"); }
std::string error_in(std::string_view text) {
    return support::error_of([&] { parse(text); });
}

constexpr std::string_view two_digits = R"(.INCLUDE        dene.doc

.LEXICON "0" "1"
.SEGMENT DIGIT    0 ? "4"
.COMMENT 8 12  224
.PEN_DOWN
 267  333
 268  300
.PEN_UP
.DT 100

.SEGMENT DIGIT  1-2 ? "0"
.PEN_DOWN
 1 0
.PEN_UP
.PEN_DOWN
 2.5 -3
 3 4
.PEN_UP
)";

}  // namespace

TEST_CASE("segments name components and label them; y is flipped; a dot stays a dot") {
    const auto drawings = parse(two_digits);
    REQUIRE(drawings.size() == 2);
    CHECK(drawings[0].label == "4");
    REQUIRE(drawings[0].strokes.size() == 1);
    REQUIRE(drawings[0].strokes[0].size() == 2);
    CHECK(drawings[0].strokes[0][1].x == 268);
    CHECK(drawings[0].strokes[0][1].y == -300);
    CHECK(drawings[1].label == "0");
    REQUIRE(drawings[1].strokes.size() == 2);
    REQUIRE(drawings[1].strokes[0].size() == 1);
    CHECK_FALSE(std::signbit(drawings[1].strokes[0][0].y));
    CHECK(drawings[1].strokes[1][0].x == 2.5f);
    CHECK(drawings[1].strokes[1][0].y == 3);
    CHECK(drawings[1].strokes[1][0].t == 0);
}

TEST_CASE("segments may all stand first, name lists of components, and lack quality or label") {
    const auto drawings = parse(
        ".SEGMENT WORD 0,2-3 OK \"a b\"\n.SEGMENT WORD 1 \"\"\n.SEGMENT WORD 4\n"
        ".PEN_DOWN\n0 0\n.PEN_DOWN\n1 0\n.PEN_DOWN\n2 0\n.PEN_DOWN\n3 0\n.PEN_DOWN\n4 0\n");
    REQUIRE(drawings.size() == 3);
    CHECK(drawings[0].label == "a b");
    REQUIRE(drawings[0].strokes.size() == 3);
    CHECK(drawings[0].strokes[1][0].x == 2);
    CHECK(drawings[1].label.empty());
    CHECK(drawings[1].strokes[0][0].x == 1);
    CHECK(drawings[2].strokes[0][0].x == 4);
}

TEST_CASE("without segments the whole file is one drawing without a label") {
    const auto drawings = parse(".PEN_DOWN\r\n1 2\r\n.PEN_UP\r\n.PEN_DOWN\r\n3 4\r\n");
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label.empty());
    CHECK(drawings[0].strokes.size() == 2);
}

TEST_CASE("columns named by .COORD are told apart") {
    const auto drawings = parse(".COORD T Y X P\n.PEN_DOWN\n123456789012 7 5 0.5\n.PEN_UP\n");
    CHECK(drawings[0].strokes[0][0].x == 5);
    CHECK(drawings[0].strokes[0][0].y == -7);
    CHECK(error_in(".COORD X P\n.PEN_DOWN\n1 2\n") ==
          "a.unp:1: expected .COORD with the columns X and Y, found '.COORD X P'");
    CHECK(error_in(".COORD X Y P\n.PEN_DOWN\n1 2\n") ==
          "a.unp:3: expected a point with the numbers that .COORD names, found '1 2'");
}

TEST_CASE("keywords that are not understood are skipped with their lines of text") {
    const auto drawings =
        parse(".COMMENT written by hand\nwith a pen\n\n.NEW.THING 1 2\n.PEN_DOWN\n.DT 5\n1 2\n.PEN_UP\n");
    CHECK(drawings[0].strokes[0].size() == 1);
}

TEST_CASE("a file without any stroke is refused") {
    const std::string expected = "a.unp: no stroke found: expected points after .PEN_DOWN, found none";
    CHECK(error_in("") == expected);
    CHECK(error_in(".INCLUDE x\n.PEN_UP\n") == expected);
    CHECK(error_in(".SEGMENT DIGIT 0 ? \"1\"\n") == expected);
}

TEST_CASE("what is no point is refused with its line") {
    const std::string expected = "a.unp:2: expected a point 'x y' (two numbers up to 1e7), found ";
    for (const std::string bad : {"1", "1 2 3", "a b", "1 x", "nan 1", "1 inf", "1e8 0", "0 -10000001", "1e999 0"}) {
        CAPTURE(bad);
        CHECK(error_in(".PEN_DOWN\n" + bad + "\n.PEN_UP\n") == expected + "'" + bad + "'");
    }
    CHECK(parse(".PEN_DOWN\n1e7 -1e7\n")[0].strokes[0][0].y == 1e7f);
}

TEST_CASE("points before the first pen-down and text outside of keywords are refused") {
    CHECK(error_in("1 2\n.PEN_DOWN\n3 4\n") == "a.unp:1: expected points only after .PEN_DOWN or .PEN_UP, found '1 2'");
    CHECK(error_in(".PEN_DOWN\n3 4\n.PEN_UP\nhello\n") ==
          "a.unp:4: expected a keyword that starts with '.', found 'hello'");
}

TEST_CASE("points of a lifted pen are skipped and count as no component, but must be points") {
    const auto drawings = parse(
        ".SEGMENT D 0 ? \"a\"\n.SEGMENT D 1 ? \"b\"\n.PEN_UP\n9 9\n"
        ".PEN_DOWN\n3 4\n.PEN_UP\n.DT 100\n-5 6\n7 8\n.PEN_DOWN\n1 2\n.PEN_UP\n0 0\n");
    REQUIRE(drawings.size() == 2);
    for (const nib::Drawing& drawing : drawings) {
        REQUIRE(drawing.strokes.size() == 1);
        CHECK(drawing.strokes[0].size() == 1);
    }
    CHECK(drawings[0].strokes[0][0].x == 3);
    CHECK(drawings[1].strokes[0][0].x == 1);
    CHECK(error_in(".PEN_DOWN\n3 4\n.PEN_UP\n-5\n") ==
          "a.unp:4: expected a point 'x y' (two numbers up to 1e7), found '-5'");
    CHECK(error_in(".PEN_UP\n3 4\n") == "a.unp: no stroke found: expected points after .PEN_DOWN, found none");
}

TEST_CASE("a number that starts with its decimal point is no keyword") {
    CHECK(parse(".PEN_DOWN\n.5 .25\n")[0].strokes[0][0].x == 0.5f);
}

TEST_CASE("a drawing comes as soon as its components and the segments before it are complete") {
    const std::string text =
        ".SEGMENT D 0 ? \"a\"\n.PEN_DOWN\n0 0\n.PEN_UP\n"
        ".SEGMENT D 2 ? \"b\"\n.SEGMENT D 1 ? \"c\"\n.PEN_DOWN\n1 0\n.PEN_UP\n.PEN_DOWN\n2 0\n.PEN_UP\n"
        "broken\n";
    nib::detail::TextSource source{text};
    const std::string name = "a.unp";
    nib::detail::UnipenReader reader{source, name};
    nib::Drawing drawing;
    REQUIRE(reader.next(drawing));
    CHECK(drawing.label == "a");
    CHECK(drawing.strokes[0][0].x == 0);
    CHECK(nib::detail::LineScanner(source, name).next());  // from here on nothing has been read
    CHECK(source.rest().starts_with(".SEGMENT D 1"));
}

TEST_CASE("drawings come in the order of their segments, and what was handed over is not named again") {
    const std::string strokes = ".PEN_DOWN\n0 0\n.PEN_DOWN\n1 0\n.PEN_DOWN\n2 0\n.PEN_UP\n";
    const auto drawings = parse(".SEGMENT D 2 ? \"b\"\n" + strokes + ".SEGMENT D 0-1 ? \"c\"\n");
    REQUIRE(drawings.size() == 2);
    CHECK(drawings[0].strokes[0][0].x == 2);
    CHECK(drawings[1].strokes.size() == 2);
    CHECK(error_in(".SEGMENT D 0-2\n" + strokes + ".SEGMENT D 1\n") ==
          "a.unp:9: expected components that no other .SEGMENT names, found 1");
}

TEST_CASE("a queue keeps the numbers of what is in it") {
    nib::detail::NumberedQueue<int> queue;
    std::size_t pushed = 0;
    std::size_t popped = 0;
    bool same = true;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < round % 7; ++i) queue.push(static_cast<int>(pushed++));
        for (int i = 0; i < round % 5 && !queue.empty(); ++i) {
            same = same && queue.front() == static_cast<int>(popped++);
            queue.pop();
        }
        same = same && queue.first_number() == popped && queue.end_number() == pushed;
        for (std::size_t i = popped; i < pushed; ++i) same = same && queue.at(i) == static_cast<int>(i);
    }
    CHECK(same);
    CHECK(popped > 100);
    CHECK(pushed > popped);
}

TEST_CASE("a drawing has at most 1048576 points") {
    std::string text = ".PEN_DOWN\n";
    for (std::size_t i = 0; i < nib::drawing_point_limit; ++i) text += "1 2\n";
    CHECK(parse(text)[0].strokes[0].size() == 1048576);
    CHECK(error_in(text + "3 4\n") == "a.unp:1048578: expected a drawing of at most 1048576 points, found another");
    CHECK(error_in(text + ".PEN_DOWN\n3 4\n") ==
          "a.unp:1048578: expected a drawing of at most 1048576 points, found more, and no .SEGMENT");
    CHECK(error_in(".SEGMENT D 0-1\n" + text + ".PEN_DOWN\n3 4\n") ==
          "a.unp:1: expected a drawing of at most 1048576 points, found more");
}

TEST_CASE("a .PEN_DOWN without points is refused, wherever it ends") {
    const std::string expected = "a.unp:3: expected points after .PEN_DOWN, found none";
    CHECK(error_in(".PEN_DOWN\n1 2\n.PEN_DOWN\n.PEN_UP\n") == expected);
    CHECK(error_in(".PEN_DOWN\n1 2\n.PEN_DOWN\n\n.PEN_DOWN\n1 2\n") == expected);
    CHECK(error_in(".PEN_DOWN\n1 2\n.PEN_DOWN") == expected);
}

TEST_CASE("a segment must spell component numbers") {
    for (const std::string bad : {"", "?", "x", "-1", "1-", "3-2", "0,", "0:3-1:2", "99999999999999999999", "1.5"}) {
        CAPTURE(bad);
        const std::string line = ".SEGMENT DIGIT " + bad + " ? \"4\"";
        CHECK(error_in(line + "\n.PEN_DOWN\n1 2\n") ==
              "a.unp:1: expected .SEGMENT LEVEL with component numbers such as 6 or 6-7, found '" + line + "'");
    }
}

TEST_CASE("a label must stand in a pair of quotes") {
    for (const std::string bad : {"\"4", "\"", "4", "4\"", "\"4\" x", "\"4\"\""}) {
        CAPTURE(bad);
        const std::string line = ".SEGMENT DIGIT 0 ? " + bad;
        CHECK(error_in(line + "\n.PEN_DOWN\n1 2\n") ==
              "a.unp:1: expected a label in double quotes at the end of .SEGMENT, found '" + line + "'");
    }
}

TEST_CASE("each component belongs to exactly one segment") {
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_UP\n.PEN_DOWN\n3 4\n.PEN_UP\n";
    CHECK(error_in(".SEGMENT D 0-2 ? \"1\"\n" + strokes) == "a.unp:1: expected components below 2, found 2");
    CHECK(error_in(".SEGMENT D 0-4294967295 ? \"1\"\n" + strokes) ==
          "a.unp:1: expected components below 2, found 4294967295");
    CHECK(error_in(".SEGMENT D 0-1 ? \"1\"\n.SEGMENT D 1 ? \"2\"\n" + strokes) ==
          "a.unp:2: expected components that no other .SEGMENT names, found 1");
    CHECK(error_in(strokes + ".SEGMENT D 0 ? \"1\"\n") ==
          "a.unp:4: expected a .SEGMENT that names component 1, found none");
}

TEST_CASE("every drawing of pendigits comes out with its label") {
    const auto path = support::real_data("pendigits/pendigits-orig.tra");
    if (!path) return;
    const auto drawings = nib::parse_unipen(nib::read_file(*path), *path);
    std::map<std::string, int> labels;
    std::size_t strokes = 0;
    std::size_t points = 0;
    std::size_t dots = 0;
    for (const nib::Drawing& drawing : drawings) {
        ++labels[drawing.label];
        strokes += drawing.strokes.size();
        for (const nib::Stroke& stroke : drawing.strokes) {
            points += stroke.size();
            dots += stroke.size() == 1;
        }
    }
    // Counted with grep and Python.
    CHECK(drawings.size() == 7494);
    CHECK(strokes == 9433);
    CHECK(points == 304216);
    CHECK(dots == 1);
    CHECK(labels == std::map<std::string, int>{{"0", 780},
                                               {"1", 779},
                                               {"2", 780},
                                               {"3", 719},
                                               {"4", 780},
                                               {"5", 720},
                                               {"6", 720},
                                               {"7", 778},
                                               {"8", 719},
                                               {"9", 719}});
    CHECK(drawings[0].label == "8");
    CHECK(drawings[0].strokes[0][0].x == 267);
    CHECK(drawings[0].strokes[0][0].y == -333);
}
