#include <nib/ink/read_drawings.hpp>

#include "../support.hpp"

namespace {

std::string error_in(std::string_view text, nib::StrokeFormat format = nib::StrokeFormat::automatic) {
    return support::error_of([&] { nib::parse_drawings(text, "file", format); });
}

}  // namespace

TEST_CASE("a file's format is recognised by its first line that is neither blank nor a comment") {
    CHECK(nib::parse_drawings("\n.PEN_DOWN\n1 2\n", "file")[0].strokes[0][0].y == -2);
    CHECK(nib::parse_drawings("# log\n\n1 2 3\n", "file")[0].strokes[0][0].y == 2);
    CHECK(nib::parse_drawings(".5 2 3\n", "file")[0].strokes[0][0].x == 0.5f);
    CHECK(nib::parse_drawings("-1 2 3\n", "file")[0].strokes[0][0].x == -1);
}

TEST_CASE("a format that is named is not guessed") {
    CHECK(support::contains(error_in("1 2 3\n", nib::StrokeFormat::unipen), "file:1: expected points only between"));
    CHECK(support::contains(error_in(".PEN_DOWN\n1 2\n", nib::StrokeFormat::log), "file:1: expected three numbers"));
}

TEST_CASE("what is no stroke file is refused, and the message says what was found") {
    const std::string expected = "expected UNIPEN keywords ('.PEN_DOWN') or a pointer log ('x y t'), found ";
    CHECK(error_in("\n<ink>\n") == "file:2: " + expected + "'<ink>'");
    CHECK(error_in("PK\x03\x04") == "file:1: " + expected + "'PK\?\?'");
    CHECK(error_in("-x") == "file:1: " + expected + "'-x'");
    CHECK(error_in("") == "file: no stroke found: " + expected + "an empty file");
    CHECK(error_in("# a\n\n") == "file: no stroke found: " + expected + "only blank lines and comments");
}

TEST_CASE("drawings are loaded from a path, and errors name it") {
    const support::TemporaryDirectory directory;
    CHECK(nib::load_drawings(directory.write("good", "1 2 3\n")).size() == 1);
    const std::string bad = directory.write("bad", "1 2 3\n1 2\n");
    CHECK(support::contains(support::error_of([&] { return nib::load_drawings(bad); }),
                            bad + ":2: expected three numbers"));
    const std::string missing = directory.path("missing");
    CHECK(support::contains(support::error_of([&] { return nib::load_drawings(missing); }), missing + ": cannot open"));
    CHECK(support::contains(support::error_of([&] { return nib::load_drawings(directory.path()); }), directory.path()));
}
