#define NIB_BODIES 1  // looks inside
#include <nib/ink/inkml.hpp>

#include "../support.hpp"

#include <nib/core/text.hpp>

namespace {

std::vector<nib::Drawing> parse(std::string_view text) { return nib::parse_inkml(text, "a.inkml"); }
std::string error_in(std::string_view text) {
    return support::error_of([&] { return parse(text); });
}

std::string in_ink(const std::string& text) { return "<ink>" + text + "</ink>"; }

std::string format(const std::string& channels) { return "<traceFormat>" + channels + "</traceFormat>"; }

const std::string xy = R"(<channel name="X" type="decimal"/><channel name="Y" type="decimal"/>)";

}  // namespace

TEST_CASE("without groups the file is one drawing, its y as it stands in the file") {
    const auto drawings = parse(R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- strokes -->
<ink xmlns="http://www.w3.org/2003/InkML">
  <annotation type="writer">somebody</annotation>
  <annotation type="truth"> 4 </annotation>
  <trace>
    10 0, 9 14,
    8 28
  </trace>
  <trace id="t2">-1.5 .25</trace>
</ink>
)");
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label == "4");
    REQUIRE(drawings[0].strokes.size() == 2);
    const nib::Stroke& stroke = drawings[0].strokes[0];
    REQUIRE(stroke.size() == 3);
    CHECK(stroke[1].x == 9);
    CHECK(stroke[1].y == 14);
    CHECK(stroke[2].y == 28);
    CHECK(stroke[2].t == 0);
    CHECK(drawings[0].strokes[1][0].x == -1.5f);
    CHECK(drawings[0].strokes[1][0].y == 0.25f);
}

TEST_CASE("each group with a label is a drawing, and the rest of the file one more") {
    const auto drawings = parse(in_ink(R"(
        <annotation type="truth">all</annotation>
        <trace>0 0</trace>
        <traceGroup><trace>1 0</trace><annotation type="label">a&amp;b</annotation><trace>2 0</trace></traceGroup>
        <traceGroup><trace>3 0</trace></traceGroup>
        <traceGroup>
          <annotation type="truth">outer</annotation>
          <traceGroup><annotation type="truth"><![CDATA[<in>]]></annotation><trace>4 0</trace></traceGroup>
          <traceGroup><annotation type="other">x</annotation><trace>5 0</trace></traceGroup>
          <trace>6 0</trace>
        </traceGroup>)"));
    REQUIRE(drawings.size() == 4);
    const auto describe = [](const nib::Drawing& drawing) {
        std::string result = drawing.label;
        for (const nib::Stroke& stroke : drawing.strokes)
            nib::append_to_list(result, " ", std::to_string(static_cast<int>(stroke[0].x)));
        return result;
    };
    CHECK(describe(drawings[0]) == "a&b 1 2");
    CHECK(describe(drawings[1]) == "<in> 4");
    CHECK(describe(drawings[2]) == "outer 5 6");
    CHECK(describe(drawings[3]) == "all 0 3");
}

TEST_CASE("labels of groups whose traces stand elsewhere make no drawing") {
    // As in the files of the CROHME competitions.
    const auto drawings = parse(in_ink(
        R"(<annotation type="truth">$x$</annotation><trace id="0">1 2</trace><trace id="1">3 4</trace>
           <traceGroup><annotation type="truth">Segmentation</annotation>
             <traceGroup><annotation type="truth">x</annotation><traceView traceDataRef="0"/></traceGroup>
           </traceGroup>)"));
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label == "$x$");
    CHECK(drawings[0].strokes.size() == 2);
}

TEST_CASE("a trace format says which values are used, and names may have a prefix") {
    const auto drawings = parse(R"(<inkml:ink xmlns:inkml="http://www.w3.org/2003/InkML"><inkml:definitions>
        <inkml:context><inkml:inkSource><inkml:traceFormat>
          <inkml:channel name="F"/><inkml:channel name="Y" orientation="-ve"/><inkml:channel name="S" type="boolean"/>
          <inkml:channel name="X" orientation="+ve"/><inkml:channel name="T"/>
          <inkml:intermittentChannels><inkml:channel name="B"/></inkml:intermittentChannels>
        </inkml:traceFormat></inkml:inkSource>
        <inkml:canvas><inkml:traceFormat><inkml:channel name="X"/><inkml:channel name="Y"/></inkml:traceFormat>
        </inkml:canvas></inkml:context></inkml:definitions>
        <inkml:trace>0.5 7 T 5 1000, 1e300 8 F 6 1037 9</inkml:trace>
        <inkml:trace>0 0 T 0 2500</inkml:trace></inkml:ink>)");
    REQUIRE(drawings.size() == 1);
    const nib::Stroke& stroke = drawings[0].strokes[0];
    REQUIRE(stroke.size() == 2);
    CHECK(stroke[0].x == 5);
    CHECK(stroke[0].y == -7);
    CHECK(stroke[0].t == 0);
    CHECK(stroke[1].x == 6);
    CHECK(stroke[1].y == -8);
    CHECK(stroke[1].t == doctest::Approx(0.037));
    CHECK(drawings[0].strokes[1][0].t == 1.5f);
}

TEST_CASE("times are counted from the start of each drawing, in milliseconds or seconds") {
    const auto channels = [](const std::string& units) { return format(xy + "<channel name='T'" + units + "/>"); };
    const std::string traces =
        "<traceGroup><trace>0 0 1000</trace><trace>0 0 3000</trace></traceGroup>"
        "<traceGroup><trace>0 0 4000</trace></traceGroup>"
        "<traceGroup><annotation type='truth'>a</annotation><trace>0 0 9000,0 0 9500</trace></traceGroup>";
    for (const std::string units : {"", " units='ms'", " units='s'"}) {
        CAPTURE(units);
        const float second = support::contains(units, "'s'") ? 1 : 1000;
        const auto drawings = parse(in_ink(channels(units) + traces));
        REQUIRE(drawings.size() == 2);
        CHECK(drawings[0].strokes[0][1].t == doctest::Approx(500 / second));
        CHECK(drawings[1].strokes[0][0].t == 0);
        CHECK(drawings[1].strokes[1][0].t == doctest::Approx(2000 / second));
        CHECK(drawings[1].strokes[2][0].t == doctest::Approx(3000 / second));
    }
}

TEST_CASE("traces of a lifted pen are skipped, others are not") {
    const auto drawings = parse(in_ink(
        R"(<trace type="penUp">9 9, 8 8</trace><trace type="penDown">1 2</trace><trace type="indeterminate">3 4</trace>)"));
    REQUIRE(drawings[0].strokes.size() == 2);
    CHECK(drawings[0].strokes[0][0].x == 1);
    CHECK(error_in(in_ink("<trace type='penUp'>9 9</trace>")) ==
          "a.inkml: no stroke found: expected <trace> elements, found none");
}

TEST_CASE("one trace format for all traces may stand there several times") {
    const std::string trace = "<trace>1 2</trace>";
    CHECK(parse(in_ink(trace + format(xy) + trace + format(xy) + trace))[0].strokes.size() == 3);
    CHECK(parse(in_ink(format(xy) + format(xy) + trace))[0].strokes.size() == 1);
    CHECK(error_in(in_ink(trace + format(xy + "<channel name='F'/>"))) ==
          "a.inkml:1: expected one <traceFormat> for all traces, found another one than the traces above have");
}

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

TEST_CASE("a drawing has at most 1048576 points") {
    const auto trace = [](std::size_t count) {
        std::string text = "<trace>1 2";
        for (std::size_t i = 1; i < count; ++i) text += ",1 2";
        return text + "</trace>";
    };
    CHECK(parse(in_ink(trace(1048570) + trace(6)))[0].strokes.size() == 2);
    CHECK(error_in(in_ink(trace(1048570) + "\n" + trace(7))) ==
          "a.inkml:2: expected a drawing of at most 1048576 points, found another");
    const std::string group = "<traceGroup>" + trace(600000) + "</traceGroup>";
    CHECK(error_in(in_ink(group + "\n" + group)) ==
          "a.inkml:2: expected a drawing of at most 1048576 points, found more");
}
