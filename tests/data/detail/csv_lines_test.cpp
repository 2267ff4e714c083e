#include <nib/data/detail/csv_lines.hpp>

#include "../../support.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using nib::detail::CsvLines;
using nib::detail::TextSource;
using Strings = std::vector<std::string>;

// The fields of each line, and its number before them.
std::vector<Strings> lines_of(std::string_view text, char separator = '\0') {
    TextSource source{text};
    const std::string name = "a.csv";
    CsvLines<float> lines{source, name, separator};
    std::vector<Strings> result;
    while (lines.next()) {
        Strings line{std::to_string(lines.number())};
        for (const nib::detail::CsvField& field : lines.fields()) line.push_back(field.unquoted());
        result.push_back(line);
    }
    return result;
}

std::string error_in(std::string_view text) {
    return support::error_of([&] { lines_of(text); });
}

}  // namespace

TEST_CASE("lines end with newlines, those of Windows too, and blank ones are counted and left out") {
    CHECK(lines_of("a,b\r\n\n \t\n1,2") == std::vector<Strings>{{"1", "a", "b"}, {"4", "1", "2"}});
    CHECK(lines_of("\n \n").empty());
    CHECK(lines_of("a\n").size() == 1);
}

TEST_CASE("the separator is the one that is given, or a tab, a semicolon or a comma, whichever the first line has") {
    CHECK(lines_of("a|b,c\n", '|') == std::vector<Strings>{{"1", "a", "b,c"}});
    CHECK(lines_of("a;b,c\td\n") == std::vector<Strings>{{"1", "a;b,c", "d"}});
    CHECK(lines_of("a;b,c\nd,e;f\n") == std::vector<Strings>{{"1", "a", "b,c"}, {"2", "d,e", "f"}});
    // Not the one in quotes.
    CHECK(lines_of("\"a;b\",c\n") == std::vector<Strings>{{"1", "a;b", "c"}});
}

TEST_CASE("blanks around fields are none of them; quotes hold blanks, separators and doubled quotes") {
    CHECK(lines_of(" a b ,\t\"c, \"\"d\"\" \" , \n", ',') == std::vector<Strings>{{"1", "a b", "c, \"d\" ", ""}});
    CHECK(lines_of("a,b,\n") == std::vector<Strings>{{"1", "a", "b", ""}});
    // A separator that is a blank.
    CHECK(lines_of("a\t\tb\n") == std::vector<Strings>{{"1", "a", "", "b"}});
}

TEST_CASE("what cannot be taken apart is refused, and it is said where") {
    CHECK(error_in("1,\"2\n3,4\"\n") == "a.csv:1: column 2: expected a closing quote in the same line, found none");
    CHECK(error_in("1,2\n1,\"2\" 3\n") ==
          "a.csv:2: column 2: expected a separator behind the closing quote, found '3'");
    CHECK(error_in({"1,2\n1,\0", 7}) == "a.csv:2: expected text, found a zero byte");
    CHECK(error_in(std::string(1 << 20, ',')) == "a.csv:1: expected at most 1048576 columns, found more");
    CHECK(error_in("1\n" + std::string(64'000'001, '1')) ==
          "a.csv:2: expected a line of at most 64 MB, found a longer one");
    TextSource source{"1,2\n"};
    const std::string name = "a.csv";
    CsvLines<float> lines{source, name, ','};
    REQUIRE(lines.next());
    CHECK(support::error_of([&] { lines.fail_at(1, {"x", "y"}, "no"); }) == "a.csv:1: column 2 ('y'): no");
    CHECK(support::error_of([&] { lines.fail_at(1, {}, "no"); }) == "a.csv:1: column 2: no");
}
