// Which strokes and points a UNIPEN file's .SEGMENT lines make a drawing of.
#include <nib/ink/unipen.hpp>

#include "../support.hpp"
#include "unipen_text.hpp"

#include <string>

using namespace support::unipen;

TEST_CASE("a segment must spell component numbers") {
    for (const std::string bad :
         {"x", "-1", "1-", "3-2", "0,", "99999999999999999999", "1.5", "0:3", "0:3-0:2", "0:-1", "0-1:", "0-1-2"}) {
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

TEST_CASE("a file whose segments count pen-down components alone is read so") {
    const std::string strokes =
        ".PEN_DOWN\n0 1\n.PEN_UP\n9 9\n.PEN_DOWN\n2 3\n.PEN_UP\n9 9\n.PEN_DOWN\n4 5\n.PEN_UP\n9 9\n";
    CHECK(shape(parse(".SEGMENT D 0 OK \"a\"\n.SEGMENT D 1 OK \"b\"\n.SEGMENT D 2 OK \"c\"\n" + strokes)) ==
          "a: 0,1 | / b: 2,3 | / c: 4,5 |");
    // Number 3 is more than there are: it is UNIPEN's own numbering, and component 1 has no ink.
    nib::SkippedDrawings skipped;
    CHECK(shape(nib::parse_unipen(".SEGMENT D 0,2 OK \"a\"\n.SEGMENT D 1 OK \"b\"\n.SEGMENT D 3-4 OK \"c\"\n" + strokes,
                                  "a.unp", &skipped)) == "a: 0,1 | 2,3 | / c: 4,5 |");
    CHECK(skipped.count == 1);
    CHECK(skipped.first == "a.unp:2: expected a .SEGMENT with a .PEN_DOWN component, found only .PEN_UP components");
}

TEST_CASE("the lowest level of the hierarchy that has segments makes the drawings") {
    const std::string strokes = ".PEN_DOWN\n1 1\n.PEN_UP\n.PEN_DOWN\n2 2\n.PEN_UP\n.PEN_DOWN\n3 3\n.PEN_UP\n";
    const std::string words = ".SEGMENT WORD 0-1 OK \"ab\"\n.SEGMENT WORD 2 OK \"c\"\n";
    const std::string characters = ".SEGMENT CHAR 0 OK \"a\"\n.SEGMENT CHAR 1 OK \"b\"\n.SEGMENT CHAR 2 OK \"c\"\n";
    const std::string page = ".SEGMENT PAGE 0-2 OK \"ab c\"\n.SEGMENT PAGE ?\n";
    const std::string levels = ".HIERARCHY PAGE WORD\n CHAR\n";
    const std::string three = "a: 1,1 | / b: 2,2 | / c: 3,3 |";
    const std::string two = "ab: 1,1 | 2,2 | / c: 3,3 |";
    CHECK(shape(parse(levels + page + words + characters + strokes)) == three);
    CHECK(shape(parse(levels + strokes + characters + words + page)) == three);
    CHECK(shape(parse(levels + page + strokes + words + ".SEGMENT PAGE 0-1\n")) == two);
    CHECK(shape(parse(levels + words + strokes)) == two);
    CHECK(shape(parse(levels + ".SEGMENT PAGE 0-2 OK \"ab c\"\n" + strokes)) == "ab c: 1,1 | 2,2 | 3,3 |");
    CHECK(shape(parse(".HIERARCHY 0 1\n" + strokes + ".SEGMENT 0 0-2 OK \"all\"\n.SEGMENT 1 0-2 OK \"x\"\n")) ==
          "x: 1,1 | 2,2 | 3,3 |");
    // A level that was not declared, and none at all.
    CHECK(shape(parse(".HIERARCHY PAGE WORD\n" + page + characters + strokes)) == three);
    CHECK(error_in(words + characters + strokes) ==
          "a.unp:3: expected components that no other .SEGMENT names, found 0");
    std::string many = ".HIERARCHY";
    for (int i = 0; i < 100; ++i) many += " L" + std::to_string(i);
    CHECK(shape(parse(many + "\n.SEGMENT L99 0-2 OK \"x\"\n" + strokes)) == "x: 1,1 | 2,2 | 3,3 |");
    CHECK(error_in(many + "\nL100\n" + strokes) ==
          "a.unp:2: expected .HIERARCHY with at most 100 levels, found 'L100'");
    CHECK(error_in(levels + words + ".HIERARCHY WORD\n" + strokes) ==
          "a.unp:5: expected .HIERARCHY before the first .SEGMENT, and once, found '.HIERARCHY WORD'");
}

TEST_CASE("segments of points may share components") {
    const std::string strokes = ".PEN_DOWN\n0 0\n1 1\n2 2\n3 3\n.PEN_UP\n8 8\n.PEN_DOWN\n4 4\n5 5\n.PEN_UP\n";
    const std::string a = ".SEGMENT C 0:0-0:1 ? \"a\"\n";
    CHECK(shape(parse(a + ".SEGMENT C 0:1-2:0 ? \"b\"\n.SEGMENT C 2:1-2 ? \"c\"\n" + strokes)) ==
          "a: 0,0 1,1 | / b: 1,1 2,2 3,3 | 4,4 | / c: 5,5 |");
    CHECK(shape(parse(strokes + ".SEGMENT C 0-2:0 ? \"a\"\n.SEGMENT C 1:0-2 ? \"b\"\n")) ==
          "a: 0,0 1,1 2,2 3,3 | 4,4 | / b: 4,4 5,5 |");
    CHECK(shape(parse(strokes + ".SEGMENT C 0:3-1:5,2:0-2:0 ? \"a\"\n")) == "a: 3,3 | 4,4 |");
    CHECK(error_in(strokes + ".SEGMENT C 0:0-2:2\n") == "a.unp:12: expected points of component 2 below 2, found 2");
    CHECK(error_in(strokes + ".SEGMENT C 0:4-2\n") == "a.unp:12: expected points of component 0 below 4, found 4");
    std::string many = ".HIERARCHY W C\n" + strokes;
    for (int i = 0; i < 4; ++i) many += ".SEGMENT C 0-2\n";
    CHECK(parse(many).size() == 4);
    for (int i = 0; i < 4; ++i) many += ".SEGMENT C 0-2\n";
    CHECK(error_in(many) == "a.unp:17: expected segments that share few of their components, found too many points");
}

TEST_CASE("a segment that does not tell its components is passed over and counted") {
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_UP\n.PEN_DOWN\n3 4\n.PEN_UP\n";
    const std::string untold = "expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none";
    nib::SkippedDrawings skipped;
    CHECK(shape(nib::parse_unipen(".SEGMENT D ? OK \"1\"\n.SEGMENT D 1 OK \"7\"\n.SEGMENT D\n" + strokes, "a.unp",
                                  &skipped)) == "7: 3,4 |");
    CHECK(skipped.count == 2);
    CHECK(skipped.first == "a.unp:1: " + untold);
    CHECK(error_in(".SEGMENT D 1 OK \"7\"\n.SEGMENT D ? OK \"1\"\n" + strokes) == "a.unp:2: " + untold);
}

TEST_CASE("strokes that no segment names are counted as one drawing that cannot be used") {
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_DOWN\n3 4\n.PEN_DOWN\n5 6\n.PEN_UP\n";
    nib::SkippedDrawings skipped;
    CHECK(shape(nib::parse_unipen(strokes + ".SEGMENT D 1 OK \"7\"\n", "a.unp", &skipped)) == "7: 3,4 |");
    CHECK(skipped.count == 1);
    CHECK(skipped.first == "a.unp:1: expected a .SEGMENT that names component 0, found none");
    // Segments of higher levels do not count.
    nib::SkippedDrawings of_levels;
    CHECK(
        shape(nib::parse_unipen(".HIERARCHY PAGE TEXT WORD CHARACTER\n.SEGMENT PAGE 0-2\n.SEGMENT WORD 0-1 OK \"47\"\n"
                                ".SEGMENT WORD 2 OK \"9\"\n.SEGMENT CHARACTER 0 OK \"4\"\n.SEGMENT CHARACTER 1\n" +
                                    strokes,
                                "a.unp", &of_levels)) == "4: 1,2 | / 3,4 |");
    CHECK(of_levels.count == 1);
    CHECK(of_levels.first ==
          "a.unp:11: expected a .SEGMENT of the lowest level in use that names component 2, found none");
}

TEST_CASE("each set has its own numbers") {
    const std::string set = ".START_SET one\n.SEGMENT D 0 OK \"a\"\n.PEN_DOWN\n1 2\n.PEN_UP\n8 8\n";
    CHECK(shape(parse(set + set)) == "a: 1,2 | / a: 1,2 |");
    CHECK(shape(parse(".SEGMENT D 0 OK \"b\"\n" + std::string(".START_SET x\n.PEN_DOWN\n3 4\n") + set)) ==
          "b: 3,4 | / a: 1,2 |");
    CHECK(shape(parse(".PEN_DOWN\n3 4\n" + set)) == "3,4 | / a: 1,2 |");
    CHECK(error_in(set + ".START_SET two\n.SEGMENT D 1\n.PEN_DOWN\n1 2\n") ==
          "a.unp:8: expected components below 1, found 1");
}

TEST_CASE("a segment may go on in further lines, and its label hold quotes") {
    const std::string stroke = ".PEN_DOWN\n1 2\n.PEN_UP\n";
    CHECK(parse(".SEGMENT D 0\n OK\n \"a\n  0 b\"\n" + stroke)[0].label == "a 0 b");
    CHECK(parse(".SEGMENT D 0 OK \"say \\\"7\\\" \\\\ \\t\\n\\@\"\n" + stroke)[0].label == "say \"7\" \\ \t\n@");
    CHECK(parse(".SEGMENT D 0 OK\n\"a\"\n" + stroke)[0].label == "a");
    CHECK(parse(stroke + ".SEGMENT D 0 OK \"a\"")[0].label == "a");
    CHECK(error_in(".SEGMENT D 0 OK \"a\n1 2\n" + stroke) ==
          "a.unp:1: expected a label in double quotes at the end of .SEGMENT, found '.SEGMENT D 0 OK \"a 1 2'");
    CHECK(error_in(".SEGMENT D 0 OK \"a\"\n1 2\n" + stroke) ==
          "a.unp:2: expected points only after .PEN_DOWN or .PEN_UP, found '1 2'");
}

TEST_CASE("segments that wait for their components are bounded in memory") {
    std::string text;
    for (int i = 0; i < 500'000; ++i) text += ".SEGMENT DIGIT 9\n";
    const std::string error = error_in(text);
    CHECK(support::contains(
        error, ": expected every .SEGMENT near its components, and at most 48 MB of them that wait, found more"));
    CHECK(support::contains(error, "a.unp:"));
    // Those that do not wait count no more.
    text = ".PEN_DOWN\n1 2\n.PEN_UP\n";
    nib::SkippedDrawings skipped;
    for (int i = 0; i < 500'000; ++i) text += ".SEGMENT DIGIT ?\n";
    nib::parse_unipen(text, "a.unp", &skipped);
    CHECK(skipped.count >= 500'000);
}
