#include <nib/ink/quickdraw.hpp>

#include "../support.hpp"

namespace {

std::vector<nib::Drawing> parse(std::string_view text) { return nib::parse_quickdraw(text, "a.ndjson"); }
std::string error_in(std::string_view text) {
    return support::error_of([&] { return parse(text); });
}

}  // namespace

TEST_CASE("the raw form has times, in milliseconds, and keys that are skipped") {
    const auto drawings = parse(
        R"({"word":"cat","countrycode":"VE","timestamp":"2017-03-02 23:25:10.07453 UTC","recognized":true,"key_id":"5",)"
        R"("drawing":[[[12.5,-3],[4,5e1],[100,137]],[[7],[8],[1100]]]})");
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label == "cat");
    REQUIRE(drawings[0].strokes.size() == 2);
    const nib::Stroke& stroke = drawings[0].strokes[0];
    REQUIRE(stroke.size() == 2);
    CHECK(stroke[0].x == 12.5f);
    CHECK(stroke[0].y == 4);
    CHECK(stroke[0].t == 0);
    CHECK(stroke[1].x == -3);
    CHECK(stroke[1].y == 50);
    CHECK(stroke[1].t == 0.037f);
    CHECK(drawings[0].strokes[1][0].t == 1);
}

TEST_CASE("the simplified form has no times, and the label may be missing or come last") {
    const auto drawings =
        parse("{\"drawing\":[[[1,2],[3,4]]]}\r\n\n  \n{\"drawing\":[[[255],[0]]],\"word\":\"\\u00e9\"}");
    REQUIRE(drawings.size() == 2);
    CHECK(drawings[0].label.empty());
    CHECK(drawings[0].strokes[0][1].y == 4);
    CHECK(drawings[0].strokes[0][1].t == 0);
    CHECK(drawings[1].label == "\xc3\xa9");
    CHECK(drawings[1].strokes[0][0].x == 255);
}

TEST_CASE("times may go backwards, and those since 1970 keep their resolution") {
    const auto drawings = parse(R"({"drawing":[[[1,2,3],[3,4,5],[1760000000000,1760000000016,1760000000008]]]})");
    CHECK(drawings[0].strokes[0][1].t == 0.016f);
    CHECK(drawings[0].strokes[0][2].t == 0.008f);
}

TEST_CASE("a line's mistakes are named with the line and the byte in it") {
    const std::string good = "{\"drawing\":[[[1],[2]]]}\n";
    CHECK(error_in(good + "{\"drawing\":[[[1],[x]]]}") == "a.ndjson:2: byte 18: expected a value, found 'x'");
    CHECK(error_in(good + "  {\"drawing\":[[[1],[x]]]}") == "a.ndjson:2: byte 20: expected a value, found 'x'");
    CHECK(error_in(good + "\n[]") == "a.ndjson:3: byte 0: expected an object, found '['");
}

TEST_CASE("a drawing has at most 1048576 points") {
    const auto text = [](std::size_t first, std::size_t second) {
        const auto ones = [](std::size_t count) {
            std::string row = "[1";
            for (std::size_t i = 1; i < count; ++i) row += ",1";
            return row + "]";
        };
        return "{\"drawing\":[[" + ones(first) + "," + ones(first) + "],[" + ones(second) + "," + ones(second) + "]]}";
    };
    CHECK(parse(text(1048570, 6))[0].strokes[0].size() == 1048570);
    CHECK(error_in(text(1048570, 7)) ==
          "a.ndjson:1: byte 4194313: expected a drawing of at most 1048576 points, found another");
}

TEST_CASE("a file without drawings is refused") {
    CHECK(error_in("\n\n") == "a.ndjson: no stroke found: expected a JSON object a line, found none");
}

TEST_CASE("a drawing that cannot be used is skipped and counted, and the others come out") {
    const std::string good = "{\"word\":\"a\",\"drawing\":[[[1,2],[3,4]]]}\n";
    for (const std::string bad :
         {R"({"word":"7","drawing":[]})", R"({"word":"7"})", R"({"word":"7","drawing":null})", R"({"drawing":"x"})",
          R"({"drawing":[[[],[]]]})", R"({"drawing":[[[1,2],[3]]]})", R"({"drawing":[[[1],[2],[3],[4]]]})",
          R"({"drawing":[[["1"],[2]]]})", R"({"drawing":[[[1],[null]]],"recognized":false})", R"({"drawing":[7,8]})",
          R"({"drawing":[[[1e8],[2]]]})", R"({"word":{"a":[1]},"drawing":[[[1],[2]]]})", "{}"}) {
        CAPTURE(bad);
        nib::SkippedDrawings skipped;
        const auto drawings = nib::parse_quickdraw(good + bad + "\n" + good + bad + "\n", "a.ndjson", &skipped);
        REQUIRE(drawings.size() == 2);
        for (const nib::Drawing& drawing : drawings) {
            CHECK(drawing.label == "a");
            REQUIRE(drawing.strokes.size() == 1);
            CHECK(drawing.strokes[0].size() == 2);
        }
        CHECK(skipped.count == 2);
        CHECK(skipped.first.starts_with("a.ndjson:2: "));
        CHECK(error_in(good + bad) == skipped.first);
    }
}

TEST_CASE("a line that is no JSON object is an error, also where drawings are skipped") {
    for (const std::string bad : {R"({"drawing":[)", R"({"drawing":[],})", R"({"drawing":[[[1,2],[3]]])", "[]", "7",
                                  R"({"drawing":null} x)", R"({"drawing":[[["1"],[NaN]]]})"}) {
        CAPTURE(bad);
        nib::SkippedDrawings skipped;
        CHECK(support::error_of([&] {
                  return nib::parse_quickdraw(bad, "a.ndjson", &skipped);
              }).starts_with("a.ndjson:1: byte "));
        CHECK(skipped.count == 0);
    }
}

TEST_CASE("a file of drawings that cannot be used is empty") {
    nib::SkippedDrawings skipped;
    CHECK(nib::parse_quickdraw("{}\n{}\n", "a.ndjson", &skipped).empty());
    CHECK(skipped.count == 2);
    CHECK(skipped.first == "a.ndjson:1: expected the key 'drawing', found none");
}

TEST_CASE("a stroke without points is nothing") {
    const auto drawings = parse(R"({"drawing":[[[],[],[]],[[1,2],[3,4]],[[],[]],[],[[5],[6]]]})");
    REQUIRE(drawings.size() == 1);
    REQUIRE(drawings[0].strokes.size() == 2);
    CHECK(drawings[0].strokes[0][1].x == 2);
    CHECK(drawings[0].strokes[1][0].y == 6);
}

TEST_CASE("a label is a text, or a number's text; null is none") {
    const auto label = [](const std::string& word) {
        return parse("{\"word\": " + word + " ,\"drawing\":[[[1],[2]]]}")[0].label;
    };
    CHECK(label("7") == "7");
    CHECK(label("-1.50") == "-1.50");
    CHECK(label("\"7\"") == "7");
    CHECK(label("\"\"") == "");
    CHECK(label("null") == "");
    CHECK(label("true") == "true");
}

TEST_CASE("other keys hold anything, in any order") {
    const auto drawings = parse(
        R"({"key_id":"5891796615823360","drawing":[[[1],[2]]],"timestamp":1488,"recognized":null,"x":{"drawing":[]},)"
        R"("countrycode":"VE","word":"7","list":[[],{},null,true,1e3]})");
    REQUIRE(drawings.size() == 1);
    CHECK(drawings[0].label == "7");
}
