#include <nib/ink/unipen.hpp>

#include "../support.hpp"
#include "unipen_text.hpp"

#include <nib/io/file.hpp>

#include <array>
#include <cmath>
#include <map>

using namespace support::unipen;

namespace {

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
    CHECK(error_in(".PEN_UP\n1 2\n") == expected);
    CHECK(error_in(".SEGMENT DIGIT 0 ? \"1\"\n") == expected);
}

TEST_CASE("what is no point is refused with its line") {
    const std::string expected = "a.unp:2: expected a point 'x y' (two numbers up to 1e7), found ";
    for (const std::string bad :
         {"1", "1 2 3", "1 2 3 4 5", "a b", "1 x", "nan 1", "1 inf", "1e8 0", "0 -10000001", "1e999 0"}) {
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

TEST_CASE("points of a lifted pen are no ink, but must be points") {
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

TEST_CASE("drawings come in the order of their segments, and what was handed over is not named again") {
    const std::string strokes = ".PEN_DOWN\n0 0\n.PEN_DOWN\n1 0\n.PEN_DOWN\n2 0\n.PEN_UP\n";
    const auto drawings = parse(".SEGMENT D 2 ? \"b\"\n" + strokes + ".SEGMENT D 0-1 ? \"c\"\n");
    REQUIRE(drawings.size() == 2);
    CHECK(drawings[0].strokes[0][0].x == 2);
    CHECK(drawings[1].strokes.size() == 2);
    CHECK(error_in(".SEGMENT D 0-2\n" + strokes + ".SEGMENT D 1\n") ==
          "a.unp:9: expected components that no other .SEGMENT names, found 1");
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

TEST_CASE("points may stand in the line of their keyword, and several in a line") {
    const std::string seven = "0,40 30,40 10,0 |";
    for (const std::string text : {".PEN_DOWN 0 40\n30 40\n10 0\n", ".PEN_DOWN 0 40 30 40 10 0\n",
                                   ".PEN_DOWN\t0 40 30 40\r\n\r\n 10 0\r\n", ".PEN_DOWN\n0 40 30 40\n10 0"}) {
        CAPTURE(text);
        CHECK(shape(parse(text)) == seven);
    }
    CHECK(shape(parse(".COORD X Y P\n.PEN_DOWN 1 2 500 3 4 500\n5 6 0\n")) == "1,2 3,4 5,6 |");
    CHECK(shape(parse(".PEN_DOWN 1 2\n.PEN_UP 7 7 8 8\n.PEN_DOWN 3 4\n")) == "1,2 | 3,4 |");
    CHECK(error_in(".PEN_DOWN 1 2 3\n4 5\n") ==
          "a.unp:1: expected a point 'x y' (two numbers up to 1e7), found '.PEN_DOWN 1 2 3'");
    CHECK(error_in(".PEN_DOWN\n1 2\n.PEN_UP 3\n") ==
          "a.unp:3: expected a point 'x y' (two numbers up to 1e7), found '.PEN_UP 3'");
}

TEST_CASE("text of a keyword is no point, whatever its lines start with") {
    const std::string stroke = ".PEN_DOWN\n0 40\n30 40\n.PEN_UP\n";
    const std::string expected = "0,40 30,40 |";
    for (const std::string text :
         {".COMMENT\n 12 strokes\n 7 8\n", ".DATA_CONTACT\n  P.O.Box 1\n  6500 HE Town\n\n -1 2\n",
          ".LEXICON \"zero\"\n \"one\"\n.LEXICON_FREQ 10 20\n 30 40\n50\n", ".SETUP\n.5 mm pen\n   ... and\n+5 C\n",
          ".PAD 1 2\n3 4\n", ".H_LINE 1\n2\n", ".NEW.KEYWORD\n9 9\n", ".KEYWORD .PEN_DOWN [N] [.]\n   .PEN_UP\n 1 2\n",
          ".COMMENT see\n\t.PEN_DOWN and\n\t.SEGMENT below\n"}) {
        CAPTURE(text);
        CHECK(shape(parse(text + stroke)) == expected);
        CHECK(shape(parse(stroke + text)) == expected);
        CHECK(shape(parse(".PEN_DOWN\n0 40\n30 40\n" + text + ".PEN_UP\n")) == expected);
    }
}

TEST_CASE("below a keyword of one number there are no points") {
    for (const std::string keyword : {".VERSION 1.0", ".X_DIM 100", ".POINTS_PER_SECOND 100", ".AGE 30"}) {
        CAPTURE(keyword);
        CHECK(error_in(keyword + "\n1 2\n.PEN_DOWN\n3 4\n") ==
              "a.unp:2: expected points only after .PEN_DOWN or .PEN_UP, found '1 2'");
        CHECK(shape(parse(keyword + "\nof the device\n.PEN_DOWN\n3 4\n")) == "3,4 |");
        CHECK(shape(parse(".PEN_DOWN\n1 2\n" + keyword + "\n3 4\n")) == "1,2 3,4 |");
    }
}

TEST_CASE("keywords and levels may be written in small letters, and indented where no text is above") {
    CHECK(shape(parse(".version 1.0\n.coord x y\n.hierarchy word char\n.segment Word 0 ok \"b\"\n"
                      ".segment Char 0 ok \"a\"\n.pen_down\n1 2\n.pen_up\n")) == "a: 1,2 |");
    CHECK(shape(parse("  .VERSION\n.COORD X Y\n  .PEN_DOWN\n  1 2\n  .PEN_UP\n")) == "1,2 |");
    CHECK(shape(parse(".PEN_DOWN\n1 2\n.PEN_UPWARDS_AND_AWAY\n3 4\n")) == "1,2 |");  // no keyword that is known
}

TEST_CASE("the time that a pen rested does not end its component") {
    CHECK(shape(parse(".PEN_DOWN\n1 2\n.DT 100\n3 4\n.START_BOX\n5 6\n.PEN_UP\n")) == "1,2 3,4 5,6 |");
    CHECK(shape(parse(".PEN_DOWN\n1 2\n.PEN_UP\n.DT\n100\n")) == "1,2 |");
}

TEST_CASE("a component without points is nothing, and is not counted") {
    CHECK(shape(parse(".SEGMENT D 0 OK \"1\"\n.PEN_DOWN\n.PEN_UP\n.PEN_DOWN\n1 2\n.PEN_UP\n")) == "1: 1,2 |");
    CHECK(shape(parse(".PEN_DOWN\n1 2\n.PEN_DOWN\n\n.PEN_DOWN\n3 4\n.PEN_UP\n.PEN_DOWN")) == "1,2 | 3,4 |");
    CHECK(shape(parse(".SEGMENT D 0\n.SEGMENT D 1\n.PEN_UP\n.PEN_DOWN\n.PEN_DOWN\n1 2\n.PEN_UP\n.PEN_UP\n"
                      ".PEN_DOWN\n3 4\n.PEN_UP\n")) == "1,2 | / 3,4 |");
    CHECK(error_in(".PEN_DOWN\n.PEN_UP\n") == "a.unp: no stroke found: expected points after .PEN_DOWN, found none");
}

TEST_CASE("components of a lifted pen count where they have points") {
    const std::string one = ".PEN_DOWN\n10 50\n10 10\n.PEN_UP\n12 12\n14 30\n";
    const std::string four = ".PEN_DOWN\n0 20\n40 20\n.PEN_UP\n30 20\n.PEN_DOWN\n20 0\n20 40\n.PEN_UP\n";
    const std::string expected = "1: 10,50 10,10 | / 4: 0,20 40,20 | 20,0 20,40 |";
    CHECK(shape(parse(".SEGMENT D 0 OK \"1\"\n" + one + ".SEGMENT D 2-4 OK \"4\"\n" + four)) == expected);
    CHECK(shape(parse(".SEGMENT D 0-1 OK \"1\"\n.SEGMENT D 2-4 OK \"4\"\n" + one + four)) == expected);
    CHECK(shape(parse(one + four + ".SEGMENT D 0 OK \"1\"\n.SEGMENT D 2,4 OK \"4\"\n")) == expected);
    // A way to the first drawing, and one that two segments share.
    CHECK(shape(parse(".SEGMENT D 0-2 OK \"1\"\n.SEGMENT D 2-5 OK \"4\"\n.PEN_UP\n1 1\n" + one + four)) == expected);
    // Without segments everything is one drawing.
    CHECK(shape(parse(one + four)) == "10,50 10,10 | 0,20 40,20 | 20,0 20,40 |");
    CHECK(error_in(".SEGMENT D 0-5\n" + one + four) == "a.unp:1: expected components below 5, found 5");
}

TEST_CASE("columns may go on in the next line") {
    CHECK(shape(parse(".COORD T\n X Y\n.PEN_DOWN\n9 1 2\n")) == "1,2 |");
    CHECK(error_in(".COORD T\n X\n.PEN_DOWN\n9 1\n") ==
          "a.unp:1: expected .COORD with the columns X and Y, found '.COORD T'");
}

TEST_CASE("a file that another one includes is asked for where the strokes are missing, and only there") {
    CHECK(error_in(".VERSION 1.0\n.INCLUDE ink.unp\n.INCLUDE char.seg\n") ==
          "a.unp:2: .INCLUDE 'ink.unp' is not followed, and there is no stroke beside it: put the text of that file in "
          "place of the line");
    CHECK(error_in(".INCLUDE ink.dat\n.SEGMENT D 73 ? \"1\"\n.PEN_DOWN\n1 2\n") ==
          "a.unp:2: expected components below 1, found 73; .INCLUDE 'ink.dat' in line 1 is not followed: put the text "
          "of that file in its place");
    CHECK(shape(parse(".INCLUDE dene.doc\n.SEGMENT D 0 ? \"1\"\n.PEN_DOWN\n1 2\n")) == "1: 1,2 |");
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
