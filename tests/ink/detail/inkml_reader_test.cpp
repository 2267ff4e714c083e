#include <nib/ink/detail/inkml_reader.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a drawing comes as soon as its group ends") {
    nib::detail::TextSource source{
        "<ink><traceGroup><annotation type='truth'>1</annotation><trace>1 2</trace></traceGroup><broken"};
    const std::string name = "a.inkml";
    nib::detail::InkmlReader reader{source, name};
    nib::Drawing drawing;
    REQUIRE(reader.next(drawing));
    CHECK(drawing.label == "1");
    CHECK(source.rest() == "<broken");
}
