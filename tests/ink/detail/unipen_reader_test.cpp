#include <nib/ink/detail/unipen_reader.hpp>

#include <doctest/doctest.h>

#include <string>

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
