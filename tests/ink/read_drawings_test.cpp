#include <nib/ink/read_drawings.hpp>

#include "../support.hpp"

namespace {

std::string error_in(std::string_view text, nib::StrokeFormat format = nib::StrokeFormat::automatic) {
    return support::error_of([&] { nib::parse_drawings(text, "file", format); });
}

}  // namespace

TEST_CASE("a file's format is recognised by its first line that is neither blank nor a comment") {
    CHECK(nib::parse_drawings("\n.PEN_DOWN\n1 2\n", "file")[0].strokes[0][0].y == -2);
    CHECK(nib::parse_drawings(".pen_down\n1 2\n", "file")[0].strokes[0][0].y == -2);
    CHECK(nib::parse_drawings("# log\n\n1 2 3\n", "file")[0].strokes[0][0].y == 2);
    CHECK(nib::parse_drawings(" \n{\"drawing\":[[[1],[2]]]}\n", "file")[0].strokes[0][0].y == 2);
    CHECK(nib::parse_drawings("\n\n<ink><trace>1 2</trace></ink>", "file")[0].strokes[0][0].y == 2);
    CHECK(nib::parse_drawings("\xef\xbb\xbf<ink><trace>1 2</trace></ink>", "file")[0].strokes[0][0].y == 2);
    CHECK(nib::parse_drawings(".5 2 3\n", "file")[0].strokes[0][0].x == 0.5f);
    CHECK(nib::parse_drawings("-1 2 3\n", "file")[0].strokes[0][0].x == -1);
}

TEST_CASE("a first line that names the columns of a log is recognised, other words are not") {
    for (const std::string text :
         {"x y t\n1 2 3\n", "\n# a\nX,Y,T\n1,2,3\n", "time;x;y\r\n3;1;2\r\n", ",x,y,t\n0,1,2,3"}) {
        CAPTURE(text);
        CHECK(nib::parse_drawings(text, "file")[0].strokes[0][0].y == 2);
        const support::TemporaryDirectory directory;
        CHECK(nib::load_drawings(directory.write("log", text))[0].strokes[0][0].y == 2);
    }
    for (const std::string text : {"a b c\n1 2 3\n", "x y\n1 2\n", "The quick brown fox\n", "x y t 5\n"}) {
        CAPTURE(text);
        CHECK(support::contains(error_in(text), "expected UNIPEN keywords"));
    }
}

TEST_CASE("a log in milliseconds is read where the format says so") {
    const std::string log = "x y t\n1 2 0\n1 3 16\n1 4 33\n1 5 50\n";
    CHECK(support::contains(error_in(log), "are the times milliseconds?"));
    CHECK(nib::parse_drawings(log, "file", nib::StrokeFormat::log_ms)[0].strokes.size() == 1);
    const support::TemporaryDirectory directory;
    CHECK(nib::load_drawings(directory.write("log", log), nib::StrokeFormat::log_ms)[0].strokes[0].size() == 4);
}

TEST_CASE("a format that is named is not guessed") {
    CHECK(support::contains(error_in("1 2 3\n", nib::StrokeFormat::unipen), "file:1: expected points only after"));
    CHECK(support::contains(error_in(".PEN_DOWN\n1 2\n", nib::StrokeFormat::log), "file:1: expected three numbers"));
    CHECK(support::contains(error_in("1 2 3\n", nib::StrokeFormat::quickdraw), "file:1: byte 0: expected an object"));
    CHECK(support::contains(error_in("1 2 3\n", nib::StrokeFormat::inkml), "file:1: expected an element, found '1'"));
}

TEST_CASE("what is no stroke file is refused, and the message says what was found") {
    const std::string expected =
        "expected UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log "
        "('x y t'), found ";
    CHECK(error_in("\n[1, 2]\r\n3") == "file:2: " + expected + "'[1, 2]'");
    CHECK(error_in("# 1\n#\n  x") == "file:3: " + expected + "'x'");
    CHECK(error_in("PK\x03\x04") == "file:1: " + expected + "'PK\?\?'");
    CHECK(error_in("-x") == "file:1: " + expected + "'-x'");
    const std::string utf16 = "file: expected a text in UTF-8, found one in UTF-16: save it as UTF-8";
    CHECK(error_in(std::string("\xff\xfe.\0P\0", 6)) == utf16);
    CHECK(error_in(std::string("\xfe\xff\0<\0i", 6)) == utf16);
    CHECK(error_in("\xff").starts_with("file:1: " + expected));
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

TEST_CASE("a file's drawings come one by one, those before an error too") {
    const support::TemporaryDirectory directory;
    const std::string good = "{\"word\":\"a\",\"drawing\":[[[1,2],[3,4]]]}\n";
    const std::string path = directory.write("bad", good + good + "{}\n");
    std::size_t count = 0;
    const std::string error = support::error_of([&] {
        nib::for_each_drawing(path, nib::StrokeFormat::automatic, [&](nib::Drawing drawing) {
            CHECK(drawing.label == "a");
            ++count;
        });
        return count;
    });
    CHECK(error == path + ":3: expected the key 'drawing', found none");
    CHECK(count == 2);
}

TEST_CASE("a DrawingReader reads nothing behind the last drawing, nor behind an error") {
    const support::TemporaryDirectory directory;
    const std::string quickdraw = "{\"word\":\"a\",\"drawing\":[[[1,2],[3,4]]]}\n";
    nib::Drawing drawing;
    nib::DrawingReader whole{directory.write("whole", quickdraw)};
    CHECK(whole.next(drawing));
    CHECK(drawing.label == "a");
    CHECK_FALSE(whole.next(drawing));
    CHECK_FALSE(whole.next(drawing));
    // One for each format's reader.
    for (const std::string text : {"1 2 3\n1 2\n3 4 5\n", ".PEN_DOWN\nx\n1 2\n", "{}\n",
                                   "<foo><annotation type=\"label\">x</annotation></foo>"}) {
        CAPTURE(text);
        nib::DrawingReader bad{directory.write("bad", text)};
        const auto read_all = [&] {
            while (bad.next(drawing)) {
            }
            return 0;
        };
        CHECK(support::error_of(read_all) != "");
        CHECK_FALSE(bad.next(drawing));
        CHECK_FALSE(bad.next(drawing));
    }
}

TEST_CASE("a file is read as the same text in memory is, however its pieces fall") {
    // Longer than the pieces that a file is read in, which then end at every place of a line.
    std::string log;
    std::string unipen;
    std::string quickdraw;
    std::string inkml = "<?xml version=\"1.0\"?>\n<ink>";
    for (std::size_t i = 0; i < 20011; ++i) {
        const std::string n = std::to_string(i);
        log += n + " 5 " + (i == 20010 ? "9000.125\n" : std::to_string(i / 10) + "." + std::to_string(i % 10) + "\n");
        unipen += ".SEGMENT D " + n + " ? \"" + n + "\"\n.PEN_DOWN\n" + n + " 7\n.PEN_UP\n";
        quickdraw += "{\"word\":\"" + n + "\",\"drawing\":[[[" + n + "],[3]]]}\n";
        inkml += "<traceGroup ><annotation type='truth'>&lt;" + n + "</annotation><!-- x --><trace>" + n +
                 " 2</trace></traceGroup>\n";
    }
    inkml += "</ink>\n";
    const support::TemporaryDirectory directory;
    for (const std::string& text : {log, unipen, quickdraw, inkml}) {
        CAPTURE(text.substr(0, 20));
        const auto expected = nib::parse_drawings(text, "memory");
        const auto drawings = nib::load_drawings(directory.write("file", text));
        REQUIRE(drawings.size() == expected.size());
        bool same = true;
        for (std::size_t i = 0; i < drawings.size(); ++i) {
            same = same && drawings[i].label == expected[i].label;
            same = same && drawings[i].strokes.size() == expected[i].strokes.size();
            same = same && drawings[i].strokes.back()[0].x == expected[i].strokes.back()[0].x;
            same = same && drawings[i].strokes.back()[0].x == static_cast<float>(drawings.size() == 1 ? 20010 : i);
        }
        CHECK(same);
    }
}
