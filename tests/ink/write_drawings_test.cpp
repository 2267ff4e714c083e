#include <nib/ink/write_drawings.hpp>

#include "../support.hpp"

#include <nib/core/random.hpp>
#include <nib/ink/read_drawings.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>

#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

using nib::StrokeFormat;

namespace {

bool same(const nib::Drawing& a, const nib::Drawing& b) {
    bool equal = a.label == b.label && a.strokes.size() == b.strokes.size();
    for (std::size_t i = 0; equal && i < a.strokes.size(); ++i) {
        equal = a.strokes[i].size() == b.strokes[i].size();
        for (std::size_t j = 0; equal && j < a.strokes[i].size(); ++j) {
            const nib::Point& p = a.strokes[i][j];
            const nib::Point& q = b.strokes[i][j];
            equal = p.x == q.x && p.y == q.y && p.t == q.t;
        }
    }
    return equal;
}

bool same(const std::vector<nib::Drawing>& a, const std::vector<nib::Drawing>& b) {
    bool equal = a.size() == b.size();
    for (std::size_t i = 0; equal && i < a.size(); ++i) equal = same(a[i], b[i]);
    return equal;
}

std::string text_of(const std::vector<nib::Drawing>& drawings, StrokeFormat format) {
    nib::DrawingWriter writer{format, "out"};
    std::string text;
    for (const nib::Drawing& drawing : drawings) writer.append(text, drawing);
    return text;
}

std::vector<nib::Drawing> written_and_read(const std::vector<nib::Drawing>& drawings, StrokeFormat format) {
    return nib::parse_drawings(text_of(drawings, format), "out");
}

std::string error_of_writing(const std::vector<nib::Drawing>& drawings, StrokeFormat format) {
    return support::error_of([&] { return text_of(drawings, format); });
}

// What is read from a text comes back after writing and reading, whatever the format.
void check_round_trip(std::string_view text, StrokeFormat format) {
    CAPTURE(text.substr(0, 60));
    const auto drawings = nib::parse_drawings(text, "in");
    CHECK(same(written_and_read(drawings, format), drawings));
}

const nib::Drawing dot{{{{1, 2, 0}}}, ""};

}  // namespace

TEST_CASE("the text of each format") {
    const std::vector<nib::Drawing> drawings{{{{{1, 2, 0}, {0.1f, 0, 0}}, {{-3, 4.5f, 0}}}, "a b"}, dot};
    CHECK(text_of(drawings, StrokeFormat::unipen) ==
          ".VERSION 1.0\n.HIERARCHY DRAWING\n.COORD X Y\n"
          "\n.SEGMENT DRAWING 0-1 ? \"a b\"\n.PEN_DOWN\n1 -2\n0.1 0\n.PEN_UP\n.PEN_DOWN\n-3 -4.5\n.PEN_UP\n"
          "\n.SEGMENT DRAWING 2 ?\n.PEN_DOWN\n1 -2\n.PEN_UP\n");
    CHECK(text_of(drawings, StrokeFormat::quickdraw) ==
          "{\"word\":\"a b\",\"drawing\":[[[1,0.1],[2,0]],[[-3],[4.5]]]}\n"
          "{\"drawing\":[[[1],[2]]]}\n");
    CHECK(text_of({{{{{1, 2, 0}, {3, 4, 0.037f}}, {{5, 6, 1.5f}}}, ""}}, StrokeFormat::quickdraw) ==
          "{\"drawing\":[[[1,3],[2,4],[0,37]],[[5],[6],[1500]]]}\n");
    CHECK(text_of({{{{{1, 2, 0}, {3, 4, 0.25f}}, {{5, 6, 1.5f}}}, ""}}, StrokeFormat::log) ==
          "1 2 0\n3 4 0.25\n5 6 1.5\n");
}

TEST_CASE("what is read can be written and read again unchanged") {
    check_round_trip(".PEN_DOWN\n1 2\n1e7 -1e-7\n.PEN_UP\n.PEN_DOWN\n0.1 0.3\n", StrokeFormat::unipen);
    check_round_trip(".SEGMENT A 1 ? \"x\\y\"\n.PEN_DOWN\n1 2\n.PEN_DOWN\n3 4\n.PEN_UP\n.SEGMENT A 0\n",
                     StrokeFormat::unipen);
    check_round_trip("{\"word\":\"\\\"\\n\\u00e9\",\"drawing\":[[[1,0.1],[2,-3e-5]]]}\n{\"drawing\":[[[1],[2]]]}",
                     StrokeFormat::quickdraw);
    check_round_trip("{\"drawing\":[[[1,2,3],[4,5,6],[7,23.1,40]],[[1],[2],[12345.678]]]}", StrokeFormat::quickdraw);
    check_round_trip("{\"drawing\":[[[1,2],[4,5],[7,7]],[[1],[2],[6]]]}", StrokeFormat::quickdraw);
    check_round_trip("10 20 1760000000.00\n1 1 1760000000.25\n2 2 1760000000.55\n3 3 1760000009.11\n",
                     StrokeFormat::log);
    check_round_trip("1 2 5\n3 4 5\n5 6 5\n", StrokeFormat::log);
    // From one format to another that holds the same.
    check_round_trip("<ink><annotation type='truth'>8</annotation><trace>1 2, 3 4</trace></ink>", StrokeFormat::unipen);
    check_round_trip("1 2 0\n3 4 0.01\n5 6 2\n", StrokeFormat::quickdraw);
    check_round_trip("{\"drawing\":[[[1,2],[4,5],[0,16]],[[1],[2],[500]]]}", StrokeFormat::log);
}

TEST_CASE("any coordinate and time comes back to the bit") {
    nib::Rng rng{5};
    const auto any = [&](double largest) {
        const double unit = static_cast<double>(rng() >> 11) * 0x1p-53;
        const double scale = std::pow(10.0, -40 * (static_cast<double>(rng() >> 11) * 0x1p-53));
        return static_cast<float>((unit - 0.5) * 2 * largest * scale);
    };
    nib::Drawing drawing;
    for (int i = 0; i < 200; ++i) {
        drawing.strokes.push_back({});
        for (int j = 0; j < 100; ++j) drawing.strokes.back().push_back({any(1e7), any(1e7), any(1e4)});
    }
    drawing.strokes[0][0] = {1e7f, -1e7f, 0};
    drawing.strokes[0][1].x = std::numeric_limits<float>::denorm_min();
    CHECK(same(written_and_read({drawing}, StrokeFormat::quickdraw), {drawing}));
    for (nib::Stroke& stroke : drawing.strokes)
        for (nib::Point& point : stroke) point.t = 0;
    CHECK(same(written_and_read({drawing}, StrokeFormat::unipen), {drawing}));
}

TEST_CASE("synthetic digits come back from UNIPEN and QuickDraw") {
    nib::Rng rng{3};
    std::vector<nib::Drawing> drawings;
    for (int i = 0; i < 30; ++i) drawings.push_back(nib::synthetic_digit(i % 10, rng));
    for (nib::Drawing& drawing : drawings)
        for (nib::Stroke& stroke : drawing.strokes)
            for (nib::Point& point : stroke) point.t = 0;
    CHECK(same(written_and_read(drawings, StrokeFormat::unipen), drawings));
    CHECK(same(written_and_read(drawings, StrokeFormat::quickdraw), drawings));
}

TEST_CASE("a log gets times that tell strokes apart where the drawing's own do not") {
    const auto strokes_come_back = [](const nib::Drawing& drawing) {
        nib::Drawing read = written_and_read({drawing}, StrokeFormat::log)[0];
        nib::Drawing expected = drawing;
        for (nib::Drawing* without_times : {&read, &expected})
            for (nib::Stroke& stroke : without_times->strokes)
                for (nib::Point& point : stroke) point.t = 0;
        CHECK(same(read, expected));
    };
    CHECK(text_of({{{{{1, 2, 0}, {3, 4, 0}}, {{5, 6, 0}}, {{7, 8, 0}}}, ""}}, StrokeFormat::log) ==
          "1 2 0.00\n3 4 0.01\n5 6 0.51\n7 8 1.01\n");
    strokes_come_back({{{{1, 2, 0}, {3, 4, 0}}, {{5, 6, 0}}}, ""});         // not known
    strokes_come_back({{{{1, 2, 0}, {3, 4, 0.01f}}, {{5, 6, 0.2f}}}, ""});  // too close
    strokes_come_back({{{{1, 2, 0}, {3, 4, 0.5f}}, {{5, 6, 2}}}, ""});      // too far apart in a stroke
    strokes_come_back({{{{1, 2, 0}, {3, 4, 0.2f}, {3, 4, 0.1f}}}, ""});     // backwards
    // As a float the second time is 10000.2998, less than a gap after the first, and its text is 10000.3.
    strokes_come_back({{{{1, 2, 0}}, {{3, 4, 10000}, {5, 6, 10000.2998f}}}, ""});
    // So many that a float has no hundredths of a second left.
    nib::Drawing long_one;
    for (int i = 0; i < 600000; ++i) long_one.strokes.push_back({{static_cast<float>(i), 0, 0}});
    for (int i = 0; i < 100; ++i) long_one.strokes.back().push_back({0, 0, 0});
    strokes_come_back(long_one);
}

TEST_CASE("what a format cannot hold is refused, with the drawing's number") {
    const auto labelled = [](const std::string& label) { return nib::Drawing{dot.strokes, label}; };
    CHECK(error_of_writing({dot, labelled("a\"b")}, StrokeFormat::unipen) ==
          "out: drawing 2: expected a label without quotes and line ends, as UNIPEN has it, found 'a\"b'");
    CHECK(error_of_writing({labelled("a\nb")}, StrokeFormat::unipen) ==
          "out: drawing 1: expected a label without quotes and line ends, as UNIPEN has it, found 'a?b'");
    CHECK(error_of_writing({labelled("\xe9")}, StrokeFormat::quickdraw) ==
          "out: drawing 1: expected a label in UTF-8, found '\xe9'");
    CHECK(error_of_writing({labelled("7")}, StrokeFormat::log) ==
          "out: drawing 1: expected no label, as in a pointer log, found '7'");
    CHECK(error_of_writing({dot, dot}, StrokeFormat::log) ==
          "out: drawing 2: expected no more than the one drawing of a pointer log, found a second one");
    CHECK(error_of_writing({dot}, StrokeFormat::inkml) ==
          "out: expected one of the formats that are written (UNIPEN, QuickDraw, pointer log), found InkML");
    CHECK(error_of_writing({dot}, StrokeFormat::log_ms) ==
          "out: expected one of the formats that are written (UNIPEN, QuickDraw, pointer log), found a log in "
          "milliseconds");
    CHECK(error_of_writing({dot}, StrokeFormat::automatic) ==
          "out: expected one of the formats that are written (UNIPEN, QuickDraw, pointer log), found none");
}

TEST_CASE("what no reader accepts is not written") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::string numbers =
        "out: drawing 1: expected finite numbers (coordinates up to 1e7, seconds up to 1e10), found others";
    for (const StrokeFormat format : {StrokeFormat::unipen, StrokeFormat::quickdraw, StrokeFormat::log}) {
        CHECK(error_of_writing({{}}, format) == "out: drawing 1: expected at least one stroke, found none");
        CHECK(error_of_writing({{{{{1, 2, 0}}, {}}, ""}}, format) ==
              "out: drawing 1: expected at least one point in each stroke, found none");
        CHECK(error_of_writing({{{{{nan, 0, 0}}}, ""}}, format) == numbers);
        CHECK(error_of_writing({{{{{0, 1.1e7f, 0}}}, ""}}, format) == numbers);
        CHECK(error_of_writing({{{{{0, 0, nan}}}, ""}}, format) == numbers);
        CHECK(error_of_writing({{{{{0, 0, 1e11f}}}, ""}}, format) == numbers);
        CHECK(error_of_writing({{{nib::Stroke(1048577)}, ""}}, format) ==
              "out: drawing 1: expected a drawing of at most 1048576 points, found 1048577");
    }
    nib::Drawing wide{{nib::Stroke(1 << 20, {1e-38f, 1e-38f, 0})}, ""};
    CHECK(error_of_writing({wide}, StrokeFormat::quickdraw) ==
          "out: drawing 1: expected a drawing whose line has at most 64 MB, found a longer one");
}

TEST_CASE("a file is written whole or not at all") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("drawings", "old");
    const std::vector<nib::Drawing> bad{dot, {}};
    CHECK(support::error_of([&] { return nib::save_drawings(path, bad, StrokeFormat::unipen), 0; }) ==
          path + ": drawing 2: expected at least one stroke, found none");
    CHECK(support::error_of([&] { return nib::save_drawings(path, {}, StrokeFormat::unipen), 0; }) ==
          path + ": expected at least one drawing to write, found none");
    CHECK(nib::read_file(path) == "old");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);

    // More text than is written at once.
    std::vector<nib::Drawing> drawings;
    for (int i = 0; i < 40000; ++i) drawings.push_back({{{{static_cast<float>(i), 2, 0}}}, std::to_string(i)});
    nib::save_drawings(path, drawings, StrokeFormat::unipen);
    CHECK(same(nib::load_drawings(path), drawings));
    CHECK(nib::read_file(path) == text_of(drawings, StrokeFormat::unipen));
}

TEST_CASE("the text of a file is made without the file") {
    const support::TemporaryDirectory folder;
    const std::vector<nib::Drawing> drawings{{{{{1, 2, 0}, {3, 4, 0}}}, "7"}, dot};
    for (const StrokeFormat format : {StrokeFormat::unipen, StrokeFormat::quickdraw}) {
        nib::save_drawings(folder.path("drawings"), drawings, format);
        CHECK(nib::format_drawings(drawings, format) == nib::read_file(folder.path("drawings")));
    }
    CHECK(support::error_of([&] { return nib::format_drawings(drawings, StrokeFormat::log, "out"); }) ==
          "out: drawing 1: expected no label, as in a pointer log, found '7'");
    CHECK(support::error_of([] { return nib::format_drawings({}, StrokeFormat::unipen); }) ==
          "drawings: expected at least one drawing to write, found none");
}

TEST_CASE("all of pendigits comes back, from UNIPEN, from QuickDraw and from logs") {
    const auto original = support::real_data("pendigits/pendigits-orig.tra");
    if (!original) return;
    const auto drawings = nib::load_drawings(*original);
    REQUIRE(drawings.size() == 7494);
    const support::TemporaryDirectory folder;
    for (const StrokeFormat format : {StrokeFormat::unipen, StrokeFormat::quickdraw}) {
        nib::save_drawings(folder.path("copy"), drawings, format);
        CHECK(same(nib::load_drawings(folder.path("copy")), drawings));
    }
    // A log has no label, and times by which to tell strokes apart.
    bool logs_are_same = true;
    for (nib::Drawing drawing : drawings) {
        drawing.label = "";
        const auto log = written_and_read({drawing}, StrokeFormat::log);
        logs_are_same = logs_are_same && log[0].strokes.size() == drawing.strokes.size() &&
                        same(written_and_read(log, StrokeFormat::log), log);
    }
    CHECK(logs_are_same);
}
