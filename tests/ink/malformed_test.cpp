// Stroke files that are broken, of each kind: what is said of each is one line that names the file and the line.
#include <nib/ink/read_drawings.hpp>

#include "../support.hpp"

namespace {

struct Malformed {
    std::string text;
    std::string message;  // after the file's name
};

// In memory and from a file.
void check_refused(const std::vector<Malformed>& catalogue) {
    const support::TemporaryDirectory folder;
    for (const Malformed& bad : catalogue) {
        CAPTURE(bad.text);
        const auto error = [](auto&& read) { return support::error_of(read); };
        CHECK(error([&] { return nib::parse_drawings(bad.text, "f"); }) == "f" + bad.message);
        const std::string path = folder.write("strokes", bad.text);
        CHECK(error([&] { return nib::load_drawings(path); }) == path + bad.message);
    }
}

}  // namespace

TEST_CASE("malformed UNIPEN files") {
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_UP\n.PEN_DOWN\n3 4\n.PEN_UP\n";
    const std::string point = "expected a point 'x y' (two numbers up to 1e7), found ";
    const std::string segment = "expected .SEGMENT LEVEL with component numbers such as 6 or 6-7, found ";
    const std::string label = "expected a label in double quotes at the end of .SEGMENT, found ";
    check_refused({
        {".VERSION 1.0\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_UP\n1 2\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n.PEN_UP\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n1\n", ":2: " + point + "'1'"},
        {".PEN_DOWN\n1 2\n1 2 3\n", ":3: " + point + "'1 2 3'"},
        {".PEN_DOWN\none two\n", ":2: " + point + "'one two'"},
        {".PEN_DOWN\n1,2\n", ":2: " + point + "'1,2'"},
        {".PEN_DOWN\nnan 2\n", ":2: " + point + "'nan 2'"},
        {".PEN_DOWN\n1 -inf\n", ":2: " + point + "'1 -inf'"},
        {".PEN_DOWN\n1 10000001\n", ":2: " + point + "'1 10000001'"},
        {".PEN_DOWN\n1e999 2\n", ":2: " + point + "'1e999 2'"},
        {".PEN_DOWN\n+1 2\n", ":2: " + point + "'+1 2'"},
        {".PEN_DOWN\n0x1 2\n", ":2: " + point + "'0x1 2'"},
        {".PEN_DOWN\n1 2\n.PEN_UP\n3\n", ":4: " + point + "'3'"},
        {".VERSION 1\n1 2\n", ":2: expected points only after .PEN_DOWN or .PEN_UP, found '1 2'"},
        {".PEN_DOWN\n1 2\n.PEN_UP\nPEN_DOWN\n", ":4: expected a keyword that starts with '.', found 'PEN_DOWN'"},
        {".COORD X P\n" + strokes, ":1: expected .COORD with the columns X and Y, found '.COORD X P'"},
        {".COORD\n" + strokes, ":1: expected .COORD with the columns X and Y, found '.COORD'"},
        {".COORD X Y P\n" + strokes, ":3: expected a point with the numbers that .COORD names, found '1 2'"},
        {".SEGMENT\n" + strokes, ":1: " + segment + "'.SEGMENT'"},
        {".SEGMENT D ? \"4\"\n" + strokes,
         ":1: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none"},
        {".SEGMENT D 1-0\n" + strokes, ":1: " + segment + "'.SEGMENT D 1-0'"},
        {".SEGMENT D -1\n" + strokes, ":1: " + segment + "'.SEGMENT D -1'"},
        {".SEGMENT D 0,\n" + strokes, ":1: " + segment + "'.SEGMENT D 0,'"},
        {".SEGMENT D 99999999999999999999\n" + strokes, ":1: " + segment + "'.SEGMENT D 99999999999999999999'"},
        {".SEGMENT D 0-1 ? 4\n" + strokes, ":1: " + label + "'.SEGMENT D 0-1 ? 4'"},
        {".SEGMENT D 0-1 ? \"4\n" + strokes, ":1: " + label + "'.SEGMENT D 0-1 ? \"4'"},
        {".SEGMENT D 0-1 ? \"4\" x\n" + strokes, ":1: " + label + "'.SEGMENT D 0-1 ? \"4\" x'"},
        {".SEGMENT D 0-2\n" + strokes, ":1: expected components below 2, found 2"},
        {".SEGMENT D 0-18446744073709551615\n" + strokes,
         ":1: expected components below 2, found 18446744073709551615"},
        {strokes + ".SEGMENT D 0\n", ":4: expected a .SEGMENT that names component 1, found none"},
        {".SEGMENT D 0\n.SEGMENT D 0-1\n" + strokes, ":2: expected components that no other .SEGMENT names, found 0"},
        {".SEGMENT D 0,0\n.SEGMENT D 1\n" + strokes, ":1: expected components that no other .SEGMENT names, found 0"},
    });
}

TEST_CASE("malformed QuickDraw files") {
    const auto drawing = [](const std::string& strokes) { return "\n{\"drawing\":[" + strokes + "]}\n"; };
    check_refused({
        {"{}\n", ":1: expected the key 'drawing', found none"},
        {"{\"word\":\"cat\"}\n", ":1: expected the key 'drawing', found none"},
        {drawing(""), ":2: expected at least one stroke in 'drawing', found none"},
        {"{\n\"drawing\":[[[1],[2]]]}\n", ":1: byte 1: expected a key, found the end"},
        {"{\"drawing\":[[[1],[2]]]", ":1: byte 22: expected ',' or '}', found the end"},
        {"{\"drawing\":[[[1],[2]]]} x", ":1: byte 24: expected the end, found 'x'"},
        {"{\"drawing\":[[[1],[2]]]}{\"drawing\":[[[1],[2]]]}", ":1: byte 23: expected the end, found '{'"},
        {"{\"drawing\":[[[1],[2]]]}\n[1]\n", ":2: byte 0: expected an object, found '['"},
        {"{\"drawing\":[[[1],[2]]]}\n\n1 2 3\n", ":3: byte 0: expected an object, found '1'"},
        {"{\"word\":[7],\"drawing\":[[[1],[2]]]}", ":1: byte 8: expected a text or a number in 'word', found an array"},
        {"{\"word\":\"\xff\",\"drawing\":[[[1],[2]]]}", ":1: byte 9: expected UTF-8, found byte 0xff"},
        {"{\"word\":\"a\",\"word\":\"b\"}", ":1: byte 12: the key 'word' stands twice in one object"},
        {"{\"drawing\":{}}", ":1: byte 11: expected an array of strokes, found an object"},
        {"{\"drawing\":null}", ":1: byte 11: expected an array of strokes, found null"},
        {drawing("[]"), ":2: expected at least one stroke in 'drawing', found none"},
        {drawing("7"), ":2: byte 12: expected a stroke of two or three arrays: x, y and t, found a number"},
        {drawing("[7,8]"), ":2: byte 13: expected an array of numbers, found a number"},
        {drawing("[[1]]"), ":2: byte 17: expected a stroke of two or three arrays: x, y and t, found 1"},
        {drawing("[[1],[2],[3],[4]]"),
         ":2: byte 25: expected a stroke of two or three arrays: x, y and t, found a fourth"},
        {drawing("[[],[]]"), ":2: expected at least one stroke in 'drawing', found none"},
        {drawing("[[1,2],[3]]"), ":2: byte 22: expected as many numbers as x has (2), found 1"},
        {drawing("[[1],[3,4]]"), ":2: byte 21: expected as many numbers as x has (1), found another"},
        {drawing("[[1,2],[3,4],[5]]"), ":2: byte 28: expected as many numbers as x has (2), found 1"},
        {drawing("[[1],[2]],[[1],[2],[3]]"),
         ":2: byte 35: expected times in every stroke or in none, found 3 arrays after 2"},
        {drawing("[[1],[2],[3]],[[1],[2]]"),
         ":2: byte 35: expected times in every stroke or in none, found 2 arrays after 3"},
        {drawing("[[\"1\"],[2]]"), ":2: byte 14: expected a number, found a string"},
        {drawing("[[NaN],[2]]"), ":2: byte 14: expected a value, found 'N'"},
        {drawing("[[1e999],[2]]"), ":2: byte 14: expected a number within the range of a double, found '1e999'"},
        {drawing("[[01],[2]]"), ":2: byte 15: expected ',' or ']', found '1'"},
        {drawing("[[1],[1e8]]"), ":2: byte 21: expected a number up to 1e7, found one beyond"},
        {drawing("[[1],[2],[1e14]]"), ":2: byte 26: expected a time up to 1e13, found one beyond"},
        {"{\"x\":" + std::string(64, '[') + std::string(64, ']') + "}", ":1: byte 68: nested deeper than 64"},
    });
}

TEST_CASE("malformed InkML files") {
    const std::string xy = "<channel name='X'/><channel name='Y'/>";
    const auto trace = [](const std::string& points) { return "<ink>\n<trace>" + points + "</trace></ink>"; };
    const auto format = [](const std::string& channels) {
        return "<ink>\n<traceFormat>" + channels + "</traceFormat><trace>1 2</trace></ink>";
    };
    const std::string number = "expected a number (coordinates up to 1e7), found ";
    const std::string differs =
        "expected a second difference after a first, a first after a value, found nothing before ";
    check_refused({
        {"<ink></ink>", ": no stroke found: expected <trace> elements with points, found none"},
        {"<svg/>", ":1: expected <ink>, found <svg>"},
        {"<ink><trace>1 2</trace>\n", ":2: expected the end of <ink>, found the end"},
        {"<ink><trace>1 2", ":1: expected the end of <trace>, found the end"},
        {"<ink><trace>1 2</ink>", ":1: expected </trace>, found '</ink>'"},
        {"<ink><trace>1 2</trace></ink>\n<ink/>", ":2: expected nothing after the outermost element, found '<ink/>'"},
        {"<!DOCTYPE ink [<!ENTITY a \"b\">]>\n<ink/>",
         ":1: expected a tag, a comment or a CDATA section (a document type is not read), found '<!DOCTYPE'"},
        {trace(""), ": no stroke found: expected <trace> elements with points, found none"},
        {trace("1"), ":2: expected a point of 2 values, found 1"},
        {trace("1 2 3"), ":2: expected a point of 2 values, found 3"},
        {trace("1 2,\n3 4,,\n\n"), ":3: expected a point of 2 values, found 0"},
        {trace("1 2,\n3\n\n"), ":3: expected a point of 2 values, found 1"},
        {trace("1 2,\n3 x\n\n"), ":3: " + number + "'x'"},
        {trace("1 2,\r\n3 \"4\r\n,5 6"), ":3: " + differs + "'\"4'"},
        {trace(",\n"), ":2: expected a point of 2 values, found 0"},
        {trace("1 2,,3 4"), ":2: expected a point of 2 values, found 0"},
        {trace("1 x"), ":2: " + number + "'x'"},
        {trace("1 nan"), ":2: " + number + "'nan'"},
        {trace("1 2;3 4"), ":2: " + number + "'2;3'"},
        {trace("1e8 2"), ":2: " + number + "'1e8'"},
        {trace("1 T"), ":2: " + number + "'T'"},
        {trace("1-2 3"), ":2: expected a point of 2 values, found 3"},
        {trace(std::string(65, '1')), ":2: expected a number, found '" + std::string(60, '1') + "...'"},
        {trace("'3 4"), ":2: " + differs + "''3'"},
        {trace("* 4"), ":2: expected '*' after a value, or after a difference, of its channel, found none before it"},
        {trace("#1G 2"), ":2: " + number + "'#1G'"},
        {trace("1 2<b/>"), ":2: expected nothing but points in <trace>, found <b>"},
        {trace("1 &two;"), ":2: expected one of the five entities of XML or the number of a character, found '&two;'"},
        {"<ink>\n<trace continuation='end' priorRef='#a'>1 2</trace></ink>",
         ":2: expected the id of a trace above, in the same group, as 'priorRef' of a trace that goes on, found 'a'"},
        {format("<channel name='X'/>"), ":2: expected a <traceFormat> with the channels X and Y, found one without"},
        {format(xy + "<channel name='X'/>"), ":2: expected each channel once, found a second 'X'"},
        {format(xy + "<channel name='T' units='min'/>"), ":2: expected a point of 3 values, found 2"},
        {format(xy + "<channel name='T'/>"), ":2: expected a point of 3 values, found 2"},
        {format(xy + "<intermittentChannels><channel name='F'/></intermittentChannels><channel name='T'/>"),
         ":2: expected intermittent channels last, found 'T'"},
        {format(xy + "</traceFormat>\n<traceFormat><channel name='Y'/><channel name='X'/>"),
         ":3: expected one <traceFormat> for all traces, found another one than above"},
        {format(xy + "<traceFormat/>"), ":2: expected no <traceFormat> in another, found one"},
        {"<ink>\n<annotation type='truth'>a</annotation><annotation type='label'>b</annotation></ink>",
         ":2: expected one label, found 'a' and 'b'"},
        {"<ink>\n<annotation type='truth'>\xff</annotation></ink>", ":2: expected a label in UTF-8, found '\xff'"},
        {"<ink>\n<annotation type='truth'>" + std::string(65537, 'a') + "</annotation></ink>",
         ":2: expected a label of at most 65536 bytes, found a longer one"},
    });
}

TEST_CASE("malformed pointer logs") {
    const std::string sample = ":2: expected three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10), found ";
    check_refused({
        {"1 2 3\n1 2\n", sample + "'1 2'"},
        {"1 2 3\n1 2 3 4\n", sample + "'1 2 3 4'"},
        {"1 2 3\na b c\n", sample + "'a b c'"},
        {"1 2 3\n1,2\n", sample + "'1,2'"},
        {"1 2 3\nnan 2 3\n", sample + "'nan 2 3'"},
        {"1 2 3\n1 2 inf\n", sample + "'1 2 inf'"},
        {"1 2 3\n1 1e8 3\n", sample + "'1 1e8 3'"},
        {"1 2 3\n1 2 1e11\n", sample + "'1 2 1e11'"},
        {"1 2 3\n.PEN_DOWN\n", sample + "'.PEN_DOWN'"},
        {"1 2 3\n1 2 2.999\n", ":2: expected a time not before that of the sample above, found '1 2 2.999'"},
    });
}

TEST_CASE("files of no format") {
    const std::string expected =
        "expected UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log "
        "('x y t'), found ";
    check_refused({
        {"", ": no stroke found: " + expected + "an empty file"},
        {"\xef\xbb\xbf", ": no stroke found: " + expected + "an empty file"},
        {"\n# nothing\n", ": no stroke found: " + expected + "only blank lines and comments"},
        {"\nx y t\n", ": no stroke found: expected lines 'x y t', found none"},
        {"\nx y z\n", ":2: " + expected + "'x y z'"},
        {"[{\"drawing\":[]}]\n", ":1: " + expected + "'[{\"drawing\":[]}]'"},
        {std::string("\0\0\0\x01", 4), ":1: " + expected + "'\?\?\?\?'"},
        {"\x89PNG\r\n", ":1: " + expected + "'\x89PNG'"},
    });
}
