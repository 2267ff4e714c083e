// Stroke files of all formats, good and bad, in recognize and rasterize.
#include "world.hpp"

#include <nib/data/dataset.hpp>
#include <nib/io/file.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace programs;

TEST_CASE("the same drawing gives the same image from each format, named by --format or recognised") {
    struct StrokeFile {
        std::string format;
        std::string text;
    };
    const TemporaryDirectory folder;
    const std::vector<StrokeFile> files{
        {"log", std::string(upright_line)},
        {"unipen", ".PEN_DOWN\n100 0\n100 -50\n100 -100\n.PEN_UP\n"},
        {"quickdraw", "{\"drawing\":[[[100,100,100],[0,50,100]]]}\n"},
        {"inkml", "<ink><trace>100 0, 100 50, 100 100</trace></ink>\n"},
    };
    const nib::Dataset expected = rasterized(folder, {folder.write("line", files[0].text)});
    for (const StrokeFile& drawn : files) {
        CAPTURE(drawn.format);
        const std::string file = folder.write("strokes", drawn.text);
        CHECK(rasterized(folder, {file}).pixels == expected.pixels);
        CHECK(rasterized(folder, {file, "--format", drawn.format}).pixels == expected.pixels);
        for (const StrokeFile& other : files)
            if (other.format != drawn.format)
                CHECK(
                    refusal("recognize", {world().model(), file, "--format", other.format}).starts_with(file + ":1: "));
    }
}

TEST_CASE("recognize and rasterize read a log in milliseconds where --ms says so, and ask otherwise") {
    const TemporaryDirectory folder;
    std::string text = "x,y,t\n";
    for (int i = 0; i < 20; ++i)
        text += "50," + std::to_string(10 + 4 * i) + "," + std::to_string(1000 + 16 * i) + "\n";
    const std::string log = folder.write("ms.csv", text);
    const std::string question = refusal("recognize", {world().model(), log});
    CHECK(question.starts_with(log + ": expected times in seconds, found 19 of 19 samples 0.9 s or more after"));
    CHECK(contains(question, "are the times milliseconds? "));
    CHECK(contains(question, "--ms"));
    CHECK(contains(refusal("rasterize", {log, "--png", folder.path("no")}), "--ms"));
    const std::string seconds = folder.write("line.log", upright_line);
    CHECK(lines_of(results("recognize", {world().model(), log, "--ms"})).size() == 1);
    CHECK(results("rasterize", {log, "--png", folder.path("out"), "--ms"}) == "1 image\n");
    CHECK(results("recognize", {world().model(), log, "--ms", "--format", "log"}) ==
          results("recognize", {world().model(), log, "--ms"}));
    CHECK(misuse("recognize", {world().model(), log, "--ms", "--format", "inkml"}) ==
          "--ms: expected pointer logs, found --format inkml");
}

TEST_CASE("a stroke file that is broken is named, with the line and what was expected there") {
    const TemporaryDirectory folder;
    const std::string either =
        "expected UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log ('x y "
        "t')";
    const std::string sample = "expected three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10)";
    const std::vector<BadInput> bad_files{
        {"", ": no stroke found: " + either + ", found an empty file"},
        {"\n# nothing\n", ": no stroke found: " + either + ", found only blank lines and comments"},
        {"hello\n", ":1: " + either + ", found 'hello'"},
        {".VERSION 1\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n.PEN_UP\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n1 2\n3\n.PEN_UP\n", ":3: expected a point 'x y' (two numbers up to 1e7), found '3'"},
        {".PEN_DOWN\n1 2\n3 nan\n.PEN_UP\n", ":3: expected a point 'x y' (two numbers up to 1e7), found '3 nan'"},
        {".SEGMENT DIGIT 0-1 ? \"4\"\n.PEN_DOWN\n1 2\n.PEN_UP\n", ":1: expected components below 1, found 1"},
        {".SEGMENT DIGIT 0 ? \"4\n.PEN_DOWN\n1 2\n.PEN_UP\n",
         ":1: expected a label in double quotes at the end of .SEGMENT, found '.SEGMENT DIGIT 0 ? \"4'"},
        {"1 2 0\n3 4\n", ":2: " + sample + ", found '3 4'"},
        {"1 2 0\n3 4 -1\n", ":2: expected a time not before that of the sample above, found '3 4 -1'"},
        {"1 2 0\n1e9 4 1\n", ":2: " + sample + ", found '1e9 4 1'"},
        {"{\"drawing\":[[[1],[2]]]}\nwords\n", ":2: byte 0: expected an object, found 'w'"},
        {"<ink>\n<trace>1 2, 3 x</trace></ink>", ":2: expected a number (coordinates up to 1e7), found 'x'"},
    };
    const std::string good = folder.write("good.log", upright_line);
    for (const BadInput& bad : bad_files) {
        const std::string file = folder.write("strokes", bad.content);
        const std::string message = file + bad.message;
        CHECK(refusal("recognize", {world().model(), good, file}) == message);
        CHECK(refusal("rasterize", {good, file, "--idx", folder.path("set")}) == message);
    }
    CHECK(!std::filesystem::exists(folder.path("set-images-idx3-ubyte")));
    const std::string missing = folder.path("missing");
    CHECK(refusal("rasterize", {missing, "--idx", folder.path("set")}) ==
          missing + ": cannot open: No such file or directory");
    CHECK(refusal("recognize", {world().model(), good, "--format", "unipen"}) ==
          good + ":1: expected points only after .PEN_DOWN or .PEN_UP, found '100 0 0'");
}

TEST_CASE("a drawing that cannot be used is left out and counted, or refused with --strict") {
    const TemporaryDirectory folder;
    const std::string strokes = ".PEN_DOWN\n10 50\n10 10\n.PEN_UP\n.PEN_DOWN\n0 40\n30 40\n10 0\n.PEN_UP\n";
    const std::string seven = folder.write(
        "seven.unp", ".SEGMENT DIGIT ? OK \"1\"\n.SEGMENT DIGIT 1 OK \"7\"\n.SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    const std::string good = folder.write("good.unp", ".SEGMENT D 0 ? \"1\"\n.SEGMENT D 1 ? \"7\"\n" + strokes);
    const std::string reason =
        seven + ":1: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none";
    const std::string said = "2 of 5 drawings cannot be used and are left out; the first: " + reason + "\n";
    const std::string png = folder.path("png");

    const Words all = lines_of(results("recognize", {world().model(), good}));
    for (const Words& more : {Words{}, Words{"--png", png}}) {
        Words arguments{world().model(), good, seven};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = run("recognize", arguments);
        CHECK(outcome.status == 0);
        CHECK(outcome.err == said);
        const Words lines = lines_of(outcome.out);
        REQUIRE(lines.size() == 4);
        CHECK(lines[1] == all[1]);
        CHECK(lines[2] == all[1]);
        CHECK(lines[3].ends_with("/3)"));
    }
    CHECK(files_in(png) == Words{"00001-1.png", "00002-7.png", "00003-7.png"});

    for (const Words& output : {Words{"--png", folder.path("pictures")}, Words{"--idx", folder.path("set")}}) {
        const Outcome outcome = run("rasterize", {good, seven, output[0], output[1]});
        CHECK(outcome.status == 0);
        CHECK(outcome.err == said);
        CHECK(outcome.out == "3 images\n");
    }
    CHECK(files_in(folder.path("pictures")) == Words{"00001-1.png", "00002-7.png", "00003-7.png"});

    CHECK(refusal("recognize", {world().model(), good, seven, "--strict"}) == reason);
    CHECK(refusal("rasterize", {good, seven, "--strict", "--png", folder.path("none")}) == reason);
    CHECK(files_in(folder.path("none")).empty());
    results("rasterize", {good, "--strict", "--png", folder.path("none")});
}

TEST_CASE("a file without a drawing that can be used is refused") {
    const TemporaryDirectory folder;
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_UP\n";
    const std::string expected =
        ":1: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none";
    const std::string one = folder.write("one.unp", ".SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    const std::string two = folder.write("two.unp", ".SEGMENT DIGIT\n.SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    for (const Words& program : {Words{"recognize", world().model()}, Words{"rasterize", "--png", folder.path("p")}}) {
        const Words before(program.begin() + 1, program.end());
        Words arguments = before;
        arguments.push_back(one);
        CHECK(refusal(program[0], arguments) == one + expected);
        arguments.back() = two;
        CHECK(refusal(program[0], arguments) == "none of the 2 drawings can be used; the first: " + two + expected);
    }
    const std::string blank = folder.write("blank.pgm", std::string("P5 20 20 255 ").append(400, 'x'));
    const std::string log = folder.write("line.log", upright_line);
    const Outcome outcome = run("recognize", {world().model(), blank, log});
    CHECK(outcome.status == 0);
    CHECK(lines_of(outcome.out).size() == 1);
    CHECK(outcome.err == "1 of 2 drawings cannot be used and are left out; the first: " + blank +
                             ": picture: expected ink on paper, found no ink\n");
}

TEST_CASE("pictures are written when all files are known to be good, and not before") {
    const TemporaryDirectory folder;
    const std::string good = folder.write("digits.unipen", unipen(synthetic_drawings(3)));
    const std::string broken = folder.write("broken.unp", unipen(synthetic_drawings(2)) + ".PEN_DOWN\n1 2\n3\n");
    const std::string message = broken + ":";
    CHECK(refusal("rasterize", {good, broken, "--png", folder.path("a")}).starts_with(message));
    CHECK(refusal("recognize", {world().model(), good, broken, "--png", folder.path("b")}).starts_with(message));
    CHECK(files_in(folder.path("a")).empty());
    CHECK(files_in(folder.path("b")).empty());

    // From a pipe, which can be read only once.
    const auto through_pipe = [&](const std::string& program, const Words& arguments) {
        std::string command = "cat " + quoted(good) + " | " + quoted(NIB_EXAMPLES_DIR "/" + program);
        for (const std::string& argument : arguments) command.append(" ").append(quoted(argument));
        return std::system((command + " >" + quoted(folder.path("out"))).c_str());
    };
    results("rasterize", {good, "--png", folder.path("file")});
    CHECK(through_pipe("rasterize", {"/dev/stdin", "--png", folder.path("pipe")}) == 0);
    REQUIRE(files_in(folder.path("pipe")) == files_in(folder.path("file")));
    for (const std::string& name : files_in(folder.path("pipe")))
        CHECK(nib::read_file(folder.path("pipe/" + name)) == nib::read_file(folder.path("file/" + name)));
    CHECK(through_pipe("recognize", {world().model(), "/dev/stdin", "--png", folder.path("seen")}) == 0);
    CHECK(nib::read_file(folder.path("out")) == results("recognize", {world().model(), good}));
    CHECK(files_in(folder.path("seen")) == files_in(folder.path("file")));
}

TEST_CASE("UNIPEN files that include others are refused with what to do") {
    const TemporaryDirectory folder;
    const std::string file = folder.write("a.unp", ".VERSION 1.0\n.COORD X Y\n.INCLUDE ink.unp\n");
    CHECK(refusal("recognize", {world().model(), file}) ==
          file +
              ":3: .INCLUDE 'ink.unp' is not followed, and there is no stroke beside it: put the text of that file in "
              "place of the line");
}

TEST_CASE("drawings are read one by one, however many a file has") {
    if (!can_limit_memory) {
        MESSAGE("skipped: the memory of a program cannot be limited here");
        return;
    }
    const TemporaryDirectory folder;
    std::string numbers = "[1";
    for (int i = 1; i < 8000; ++i) numbers += ",1";
    const std::string drawing = "{\"drawing\":[[" + numbers + "]," + numbers + "]]]}\n";
    std::string text;
    for (int i = 0; i < 1000; ++i) text += drawing;  // 8 million points, of 12 bytes each
    const std::string strokes = folder.write("many.ndjson", text);
    const Shell limited{"ulimit -v 80000 && ", ""};
    CHECK(lines_of(run("recognize", {world().model(), strokes}, limited).out).size() == 1000);
    CHECK(run("rasterize", {strokes, "--idx", folder.path("set")}, limited).out == "1000 images\n");
}
