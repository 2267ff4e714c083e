#include <nib/ink/detail/lines.hpp>

#include "../../support.hpp"

#include <algorithm>

using nib::detail::LineScanner;
using nib::detail::TextSource;

TEST_CASE("lines end with \\n or \\r\\n, come trimmed and are counted from 1") {
    const std::string name = "a.log";
    TextSource source{" one \r\n\n\ttwo"};
    LineScanner scanner{source, name};
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "one");
    CHECK(scanner.whole_line() == " one \r");
    CHECK(scanner.number() == 1);
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "");
    REQUIRE(scanner.next());
    CHECK(scanner.line() == "two");
    CHECK(scanner.number() == 3);
    CHECK_FALSE(scanner.next());
}

TEST_CASE("an empty text has no line") {
    const std::string name = "empty";
    TextSource source{""};
    CHECK_FALSE(LineScanner(source, name).next());
}

TEST_CASE("words are separated by spaces and tabs") {
    std::string_view rest = "  12\t -3.5  x";
    CHECK(nib::detail::take_word(rest) == "12");
    CHECK(nib::detail::take_word(rest) == "-3.5");
    CHECK(nib::detail::take_word(rest) == "x");
    CHECK(nib::detail::take_word(rest) == "");
}

TEST_CASE("numbers are whole words within the limit, and the error names the line") {
    const std::string name = "a.log";
    TextSource source{"first\nsecond"};
    LineScanner scanner{source, name};
    scanner.next();
    scanner.next();
    CHECK(scanner.number_of("-2.5e1", 100, "a number") == -25.0);
    for (const char* bad : {"", "x", "1x", "nan", "inf", "-inf", "1e999", "101", "-101", "+1", "0x10", "1,5"}) {
        CAPTURE(bad);
        CHECK(support::error_of([&] { scanner.number_of(bad, 100, "a number"); }) ==
              "a.log:2: expected a number, found 'second'");
    }
}

TEST_CASE("a file's lines are those of the same text in memory, and little of the file is held") {
    // Lines of many lengths, some of them longer than what is read at once.
    std::string text;
    for (std::size_t i = 0; i < 3000; ++i) text += std::string(i * 7919 % (i % 500 == 0 ? 200000 : 1000), 'x') + "\n";
    text += "the last, without an end";
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("lines", text);
    TextSource memory{text};
    TextSource file{nib::detail::open_for_reading(path), path};
    LineScanner expected{memory, path};
    LineScanner scanner{file, path};
    bool same = true;
    std::size_t most = 0;
    while (expected.next()) {
        same = same && scanner.next() && scanner.line() == expected.line();
        most = std::max(most, file.rest().size());
    }
    CHECK(same);
    CHECK_FALSE(scanner.next());
    CHECK(scanner.number() == 3001);
    CHECK(most < 300000);
    CHECK(text.size() > 1500000);
}

TEST_CASE("a line longer than 64 MB is refused, in memory and before the rest of a file is read") {
    std::string text = "short\n" + std::string(64'000'000, 'x');
    const std::string name = "long";
    const auto error = [&](TextSource& source) {
        LineScanner scanner{source, name};
        return support::error_of([&] {
            while (scanner.next()) {
            }
            return scanner.number();
        });
    };
    TextSource longest{text};
    CHECK(error(longest) == "");
    text += "x\n";
    TextSource memory{text};
    CHECK(error(memory) == "long:2: expected a line of at most 64 MB, found a longer one");
    const support::TemporaryDirectory folder;
    TextSource file{nib::detail::open_for_reading(folder.write("long", text + std::string(5'000'000, 'x'))), name};
    CHECK(error(file) == "long:2: expected a line of at most 64 MB, found a longer one");
    CHECK(file.rest().size() < 65'000'000);
}

TEST_CASE("a drawing that cannot be used is counted, the first with its reason, or an error where nobody counts") {
    nib::SkippedDrawings skipped;
    nib::detail::skip_drawing(&skipped, "a:1: one");
    nib::detail::skip_drawing(&skipped, "a:2: two");
    CHECK(skipped.count == 2);
    CHECK(skipped.first == "a:1: one");
    CHECK(support::error_of([] {
              nib::detail::skip_drawing(nullptr, "a:1: one");
              return 0;
          }) == "a:1: one");
}
