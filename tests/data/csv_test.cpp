#include <nib/data/csv.hpp>

#include "../support.hpp"

#include <nib/core/detail/math.hpp>
#include <nib/core/random.hpp>

#include <clocale>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using nib::CsvHeader;
using nib::CsvOptions;
using nib::parse_csv;
using nib::Table;
using support::error_of;
using Strings = std::vector<std::string>;

std::vector<float> numbers(const nib::Matrix<float>& matrix) {
    return {matrix.values().begin(), matrix.values().end()};
}

std::string error_in(const std::string& text, const CsvOptions& options = {}) {
    return error_of([&] { return parse_csv(text, "a.csv", options); });
}

}  // namespace

TEST_CASE("a header, a class column and columns of numbers, by name and by number") {
    const std::string text = "length,width,species\n5.5,-2,virginica\n4e1,+0.25,setosa\n\n6,1,virginica\n";
    for (const nib::CsvColumn& column : {nib::CsvColumn{"species"}, nib::CsvColumn{2}, nib::CsvColumn{-1}}) {
        const Table<float> table = parse_csv(text, "a.csv", {.class_column = column});
        CHECK(numbers(table.inputs) == std::vector<float>{5.5f, -2, 40, 0.25f, 6, 1});
        CHECK(table.size() == 3);
        CHECK(table.input_size() == 2);
        CHECK(table.input_names == Strings{"length", "width"});
        CHECK(table.class_names == Strings{"setosa", "virginica"});
        CHECK(table.classes == std::vector<int>{1, 0, 1});
        CHECK(table.name == "a.csv");
        const auto examples = table.examples();
        CHECK(examples.inputs.data() == table.inputs.data());
        CHECK(examples.targets.data() == table.classes.data());
        CHECK(error_of([&] { return table.target_examples(); }) ==
              "a.csv: was read without target_columns: it has no targets to learn");
    }
    static_assert(std::is_same_v<decltype(parse_csv<double>("", "")), Table<double>>);
}

TEST_CASE("target columns keep the order in which they are given, and what is left out may be anything") {
    const auto table = parse_csv<double>("a;id;b;c\r\n1;x;2;3\r\n4;NA;5;1e-3\r\n\r\n", "a.csv",
                                         {.target_columns = {"c", "a"}, .leave_out = {"id"}});
    CHECK(table.inputs(1, 0) == 5);
    CHECK(table.targets(0, 0) == 3);
    CHECK(table.targets(0, 1) == 1);
    CHECK(table.targets(1, 0) == 1e-3);
    CHECK(table.target_names == Strings{"c", "a"});
    CHECK(table.target_examples().targets.cols() == 2);
    CHECK(error_of([&] { return table.examples(); }) ==
          "a.csv: was read without a class_column: it has no classes to learn");
    // Columns that may be text do not make a header of the first line.
    CHECK(parse_csv("x,1,setosa\n", "", {.class_column = -1, .leave_out = {0}}).inputs(0, 0) == 1);
}

TEST_CASE("what a CSV may look like") {
    struct Row {
        const char* text;
        CsvOptions options;
        std::vector<float> inputs;
        Strings names;
    };
    const Row rows[] = {
        {"1,2\n3,4", {}, {1, 2, 3, 4}, {}},
        {"\xef\xbb\xbf\"x, 1\", y \n 3 ,\t4\t\n  \n\n", {}, {3, 4}, {"x, 1", "y"}},
        {"a\tb\n1\t2\r\n", {}, {1, 2}, {"a", "b"}},
        {"\"a;\"\"b\"\"\",c\n\"1\" , \"2\"\n", {}, {1, 2}, {"a;\"b\"", "c"}},
        {"1|2\n", {.separator = '|'}, {1, 2}, {}},
        {"a,0,1\n1,2,3\n", {.header = CsvHeader::present}, {1, 2, 3}, {"a", "0", "1"}},
        {",a\n0,1\n", {}, {0, 1}, {"", "a"}},
        {"7\n8\n", {}, {7, 8}, {}},
        {"1e-300,.5,1.e2\n", {}, {0, 0.5f, 100}, {}},
        {"+1,x\n2,x\n", {.leave_out = {1}}, {1, 2}, {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto table = parse_csv(row.text, "a.csv", row.options);
        CHECK(numbers(table.inputs) == row.inputs);
        CHECK(table.input_names == row.names);
    }
}

TEST_CASE("classes are in ascending order, or those that are given") {
    const auto names_of = [](const char* text) { return parse_csv(text, "", {.class_column = 1}).class_names; };
    CHECK(names_of("1,10\n1,9\n1,-1\n") == Strings{"-1", "9", "10"});
    CHECK(names_of("1,10\n1,9\n1,b\n") == Strings{"10", "9", "b"});
    const CsvOptions given{.class_column = 1, .class_names = {"10", "b", "9"}};
    const auto table = parse_csv("1,9\n1,b\n", "a.csv", given);
    CHECK(table.classes == std::vector<int>{2, 1});
    CHECK(table.class_names == given.class_names);
    CHECK(error_in("1,9\n1,c\n", given) ==
          "a.csv:2: column 2: expected one of the 3 classes that were given, found 'c'");
    std::string many;
    for (int i = 0; i < 10'001; ++i) many += "1," + std::to_string(i) + ".5\n";
    CHECK(error_in(many, {.class_column = 1}) ==
          "a.csv:10001: column 2: expected at most 10000 classes, found more: are these numbers, for target_columns?");
}

TEST_CASE("what is wrong is said with line and column") {
    struct Row {
        const char* text;
        CsvOptions options;
        const char* error;
    };
    const CsvOptions species{.class_column = "c"};
    const Row rows[] = {
        {"a,b\n1,2\n\n3,abc\n", {}, ":4: column 2 ('b'): expected a number, found 'abc'"},
        {"1,2\n3,\n",
         {},
         ":2: column 2: expected a number, found none: fill in missing values or leave out their lines"},
        {"a\n1\nNA\n",
         {},
         ":3: column 1 ('a'): expected a number, found 'NA': fill in missing values or leave out their lines"},
        {"?,x\n1,x\n",
         {.class_column = 1},
         ":1: column 1: expected a number, found '?': fill in missing values or leave out their lines"},
        {"1,2\n3,nan\n", {}, ":2: column 2: expected a finite number, found 'nan'"},
        {"1,2\n3,-inf\n", {}, ":2: column 2: expected a finite number, found '-inf'"},
        {"1,2\n1e40,3\n", {}, ":2: column 1: expected a smaller number, found '1e40'"},
        {"1;2\n1,5;3\n", {}, ":2: column 1: expected a number with a point, found '1,5'"},
        {"1,x\n", {}, ":1: column 2: expected a number, found 'x'"},
        {"1,2\n+-3,1\n", {}, ":2: column 1: expected a number, found '+-3'"},
        {"a,b\n1,2\n3\n", {}, ":3: expected 2 columns, as in line 1, found 1"},
        {"1,2\n3,4,5\n", {}, ":2: expected 2 columns, as in line 1, found 3"},
        {"a,c\n1,\n", species, ":2: column 2 ('c'): expected a class, found none"},
        {"a,b\n1,2\n", species, ": expected a column 'c' in the first line, found 'a', 'b'"},
        {"c,c\n1,2\n", species, ": two columns are called 'c'"},
        {"c\nx\n", species, ": expected a column of inputs, found none in 1 columns: is the separator another one?"},
        {"1,2\n", {.class_column = 2}, ": expected a column from 0 to 1 (or from -1 to -2), found 2"},
        {"1,2\n", {.class_column = -3}, ": expected a column from 0 to 1 (or from -1 to -2), found -3"},
        {"a,c\n1,2\n",
         {.class_column = "c", .leave_out = {-1}},
         ": column 2 is named twice in class_column, target_columns and leave_out"},
        {"a,c\n",
         {.header = CsvHeader::absent, .class_column = "c"},
         ": without a header line columns have no names: give their numbers"},
        {"", {}, ": expected lines of numbers, found none"},
        {"\n \n", {}, ": expected lines of numbers, found none"},
        {"a,b\n\n", {}, ": expected lines of numbers behind the header, found none"},
        {"\xff\xfe"
         "1",
         {},
         ": expected a text in UTF-8, found one in UTF-16: save it as UTF-8"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(error_in(row.text, row.options) == "a.csv" + std::string(row.error));
    }
    CHECK(
        support::contains(error_of([] { return nib::load_csv("/nonexistent.csv"); }), "/nonexistent.csv: cannot open"));
}

TEST_CASE("a file larger than what is read of it at once, in a locale with decimal commas") {
    std::string text = "x,name,y\n";
    for (int i = 0; i < 30'000; ++i)
        text += std::to_string(i) + ".5,\"c" + std::to_string(i % 3) + "\"," + std::to_string(-i) + "\n";
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("large.csv", text);
    const bool has_locale = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
    const auto table = nib::load_csv(path, {.class_column = "name"});
    if (has_locale) std::setlocale(LC_ALL, "C");
    CHECK(table.name == path);
    REQUIRE(table.size() == 30'000);
    std::size_t right = 0;
    for (std::size_t i = 0; i < table.size(); ++i)
        right += table.inputs(i, 0) == static_cast<float>(i) + 0.5f && table.inputs(i, 1) == -static_cast<float>(i) &&
                 table.classes[i] == static_cast<int>(i % 3);
    CHECK(right == table.size());
}

TEST_CASE("damaged texts are read or refused, never half") {
    const std::string seeds[] = {"a,b,c\n1,2,x\n3,4,y\n5,6,x\n", "1;2;3\r\n-4e2;\"5\";6\r\n",
                                 "\"a\"\"b\"\tc\td\n1\t2\t3\n"};
    const std::string_view bytes = "\",;\t\n\r \\.-+eE019naif\xef\xbb\xbf";
    nib::Rng rng{1};
    std::size_t read = 0, refused = 0;
    for (int round = 0; round < 6000; ++round) {
        std::string text = seeds[rng.below(std::size(seeds))];
        for (std::uint64_t change = rng.below(4); change > 0 && !text.empty(); --change) {
            const std::size_t place = rng.below(text.size());
            const std::uint64_t kind = rng.below(4);
            if (kind == 0) text[place] = bytes[rng.below(bytes.size())];
            if (kind == 1) text.insert(place, 1, rng.below(8) == 0 ? '\0' : bytes[rng.below(bytes.size())]);
            if (kind == 2) text.erase(place, rng.below(4) + 1);
            if (kind == 3) text.insert(place, text.substr(rng.below(text.size()), rng.below(9)));
        }
        CsvOptions options;
        if (rng.below(2) == 0) options.class_column = rng.below(2) == 0 ? nib::CsvColumn{"c"} : nib::CsvColumn{-1};
        if (rng.below(4) == 0) options.target_columns = {0};
        const std::string error = error_of([&] {
            const auto table = parse_csv(text, "a.csv", options);
            ++read;
            bool good = table.size() > 0 && table.input_size() > 0;
            for (const float number : table.inputs.values()) good = good && nib::is_finite(number);
            good = good && table.classes.size() == (options.class_column ? table.size() : 0);
            for (const int c : table.classes) good = good && static_cast<std::size_t>(c) < table.class_names.size();
            good = good && table.targets.rows() == (options.target_columns.empty() ? 0 : table.size());
            CHECK(good);
            return 0;
        });
        refused += error.starts_with("a.csv:");
        CHECK((error.empty() || error.starts_with("a.csv:")));
    }
    CHECK(read > 1000);
    CHECK(refused > 1000);
}
