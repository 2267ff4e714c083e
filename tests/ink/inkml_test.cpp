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

// A drawing's label, and where its strokes start.
std::string describe(const nib::Drawing& drawing) {
    std::string result = drawing.label;
    for (const nib::Stroke& stroke : drawing.strokes) result += " " + std::to_string(static_cast<int>(stroke[0].x));
    return result;
}

std::string described(const std::string& text) {
    std::string result;
    for (const nib::Drawing& drawing : parse(in_ink(text))) nib::append_to_list(result, "; ", describe(drawing));
    return result;
}

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
    CHECK(describe(drawings[0]) == "a&b 1 2");
    CHECK(describe(drawings[1]) == "<in> 4");
    CHECK(describe(drawings[2]) == "outer 5 6");
    CHECK(describe(drawings[3]) == "all 0 3");
}

TEST_CASE("groups and views of traces that stand elsewhere are drawings of their own") {
    // As in the files of the CROHME competitions.
    const std::string traces =
        R"(<annotation type="truth">$17$</annotation><annotation type="UI">2011_x</annotation>
           <annotationXML type="truth"><math><mn xml:id="A">17</mn></math></annotationXML>
           <trace id="0">10 0, 10 40</trace><trace id="1">30 0, 60 0, 40 40</trace><trace id="2">5 5</trace>)";
    const std::string one = R"(<traceGroup xml:id="3"><annotation type="truth">1</annotation>
        <traceView traceDataRef="0"/><annotationXML href="A"/></traceGroup>)";
    const std::string seven = R"(<traceGroup xml:id="4"><annotation type="truth">7</annotation>
        <traceView traceDataRef="#1"/><traceView traceDataRef="2"/></traceGroup>)";
    const auto in_group = [](const std::string& text) {
        return "<traceGroup xml:id='g'><annotation type='truth'>Segmentation</annotation>" + text + "</traceGroup>";
    };
    CHECK(described(traces + in_group(one + seven)) == "1 10; 7 30 5");
    CHECK(described(in_group(one + seven) + traces) == "1 10; 7 30 5");  // in any order
    // What is left is not what the label of <ink> says.
    CHECK(described(traces + in_group(one)) == "1 10;  30 5");
    CHECK(described(traces + one + "<traceGroup><trace>8 8</trace></traceGroup>") == "1 10;  30 5 8");
    // Views without a label say nothing.
    CHECK(described(traces + "<traceView traceDataRef='0'/>") == "$17$ 10 30 5");
    CHECK(described(traces + "<traceGroup><traceView traceDataRef='0'/></traceGroup>") == "$17$ 10 30 5");
    // A stroke of two symbols is in both.
    CHECK(described(traces + one + one + seven) == "1 10; 1 10; 7 30 5");
    // Views hold views, and have labels.
    CHECK(described(traces + R"(<traceView><annotation type="truth">x</annotation><traceView traceDataRef="#0"/>
        <traceView><traceView traceDataRef="#2"/></traceView></traceView>
        <traceView traceDataRef="1"><annotation type="label">y</annotation></traceView>)") == "x 10 5; y 30");
    // Groups have ids, and points numbers.
    CHECK(described(
              "<traceGroup id='a'><trace>1 1</trace><trace>2 2</trace></traceGroup><trace id='b'>3 3, 4 4, 5 5</trace>"
              "<traceGroup><annotation type='truth'>l</annotation><traceView traceDataRef='#a'/>"
              "<traceView traceDataRef='#b' from='2' to='3'/><trace>9 9</trace></traceGroup>") == "l 9 1 2 4");
}

TEST_CASE("a labelled group that cannot be used is skipped and counted, and the others come out") {
    const auto label = [](const std::string& text) {
        return "<traceGroup>\n<annotation type='truth'>b</annotation>" + text + "</traceGroup>";
    };
    const std::string good =
        "<traceGroup><annotation type='truth'>a</annotation><trace id='own'>1 2</trace></traceGroup>"
        "<trace id='x'>3 4,5 6</trace><trace id='d'>3 4</trace><trace id='d'>3 4</trace>"
        "<traceGroup id='g'><trace>5 5</trace><trace>6 6</trace></traceGroup>";
    for (const std::string bad :
         {"", "<trace></trace>", "<trace>? ?</trace>", "<trace type='penUp'>1 2</trace>",
          "<traceView traceDataRef='none'/>", "<traceView traceDataRef='own'/>", "<traceView traceDataRef='d'/>",
          "<traceView traceDataRef='x' from='2:1'/>", "<traceView traceDataRef='x' to='3'/>",
          "<traceView traceDataRef='g' from='1' to='1'/>", "<traceView traceDataRef='x' from='0'/>"}) {
        CAPTURE(bad);
        const std::string text = in_ink(good + "\n" + label(bad));
        nib::SkippedDrawings skipped;
        const auto drawings = nib::parse_inkml(text, "a.inkml", &skipped);
        CHECK(drawings.size() == 2);
        CHECK(drawings[0].label == "a");
        CHECK(skipped.count == 1);
        CHECK(skipped.first.starts_with("a.inkml:2: expected "));
        CHECK(error_in(text) == skipped.first);
    }
    nib::SkippedDrawings skipped;
    CHECK(nib::parse_inkml(in_ink(label("")), "a.inkml", &skipped).empty());
    CHECK(skipped.first == "a.inkml:1: expected traces with points in the group labelled 'b', found none");
    CHECK(error_in(in_ink(label("<traceView traceDataRef='#7'/>"))) ==
          "a.inkml:1: expected a <traceView> of a trace that is in no labelled group, found '7'");
}

TEST_CASE("an empty trace is nothing") {
    CHECK(described("<trace></trace><trace>0 0, 30 0</trace><trace>\n</trace><trace/>") == " 0");
    CHECK(described("<trace>0 0, 30 0,</trace>") == " 0");
    CHECK(error_in(in_ink("<trace></trace>")) ==
          "a.inkml: no stroke found: expected <trace> elements with points, found none");
}

TEST_CASE("a trace may go on from another") {
    CHECK(described("<trace id='a' continuation='begin'>1 1</trace><trace>2 2</trace>"
                    "<trace id='b' continuation='middle' priorRef='#a'>3 3</trace>"
                    "<trace continuation='end' priorRef='#b'>4 4</trace>") == " 1 2");
    const auto drawing =
        parse(in_ink(format(xy + "<channel name='T'/>") +
                     "<trace id='a'>1 1 1000</trace><trace continuation='end' priorRef='a'>3 3 1500</trace>"))[0];
    REQUIRE(drawing.strokes[0].size() == 2);
    CHECK(drawing.strokes[0][1].x == 3);
    CHECK(drawing.strokes[0][1].t == 0.5f);
    CHECK(error_in(in_ink("<trace>1 1</trace>\n<trace continuation='end' priorRef='#a'>3 3</trace>")) ==
          "a.inkml:2: expected the id of a trace above, in the same group, as 'priorRef' of a trace that goes on, "
          "found 'a'");
}

TEST_CASE("the trace that another goes on from is found among any number, in the order of log(n)") {
    constexpr std::size_t count = 100'000;
    std::string traces = "<trace id='a'>1 1</trace>";
    for (std::size_t i = 0; i < count; ++i)
        traces += "<trace>2 2</trace><trace continuation='end' priorRef='a'>3 3</trace>";
    const auto drawing = parse(in_ink(traces))[0];
    REQUIRE(drawing.strokes.size() == count + 1);
    CHECK(drawing.strokes[0].size() == count + 1);
    CHECK(drawing.strokes[1].size() == 1);
}

TEST_CASE("units of time other than seconds' leave the times unknown") {
    for (const std::string units : {"dev", "min", "%", "us", "ns", "ms", "s"}) {
        CAPTURE(units);
        const auto drawing = parse(in_ink(format("<channel name='X' units='cm'/><channel name='Y' units='himetric'/>"
                                                 "<channel name='T' units='" +
                                                 units + "'/><channel name='F' units='dev'/>") +
                                          "<trace>0 0 1 9, 3000 0 2001 9, 1000 4000 3001 9</trace>"))[0];
        CHECK(drawing.strokes[0][2].y == 4000);
        const float unit = units == "s" ? 1 : units == "ms" ? 1e-3f : units == "us" ? 1e-6f : units == "ns" ? 1e-9f : 0;
        CHECK(drawing.strokes[0][1].t == doctest::Approx(2000 * unit));
    }
}

TEST_CASE("differences are read as the values they stand for") {
    const auto strokes =
        parse(in_ink("<trace>0 0, '30'0, '-20'40</trace><trace>0 0,'1'2,\"1\"1,2 2</trace>"))[0].strokes;
    CHECK(strokes[0][1].x == 30);
    CHECK(strokes[0][2].x == 10);
    CHECK(strokes[0][2].y == 40);
    CHECK(strokes[1][2].x == 3);
    CHECK(strokes[1][3].y == 10);
}

TEST_CASE("how much views may show is bounded") {
    // 16 times as many points in drawings as in the file are the most.
    std::string text = "<trace id='a'>1 1,2 2,3 3,4 4</trace>";
    const auto views = [](int count) {
        std::string result;
        for (int i = 0; i < count; ++i)
            result += "<traceGroup><annotation type='truth'>a</annotation><traceView traceDataRef='a'/></traceGroup>";
        return result;
    };
    CHECK(parse(in_ink(text + views(16))).size() == 16);
    CHECK(error_in(in_ink(text + views(18))) ==
          "a.inkml: expected <traceView> elements that use each point at most 16 times, found more");
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
          "a.inkml: no stroke found: expected <trace> elements with points, found none");
}

TEST_CASE("one trace format for all traces may stand there several times") {
    const std::string trace = "<trace>1 2</trace>";
    CHECK(parse(in_ink(trace + format(xy) + trace + format(xy) + trace))[0].strokes.size() == 3);
    CHECK(parse(in_ink(format(xy) + format(xy) + trace))[0].strokes.size() == 1);
    CHECK(error_in(in_ink(trace + format(xy + "<channel name='F'/>"))) ==
          "a.inkml:1: expected one <traceFormat> for all traces, found another one than the traces above have");
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
