#include <nib/data/detail/csv_classes.hpp>

#include "../../support.hpp"

#include <string>
#include <vector>

namespace {

using nib::detail::CsvClasses;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("classes are numbered as they appear, and then put in order") {
    CsvClasses<float> classes{{}};
    CHECK(classes.number_of("b") == 0);
    CHECK(classes.number_of("a") == 1);
    CHECK(classes.number_of("c") == 2);
    CHECK(classes.number_of("a") == 1);
    CHECK(classes.size() == 3);
    CHECK(classes.names() == Strings{"b", "a", "c"});
    CHECK(classes.sort() == std::vector<int>{1, 0, 2});
    CHECK(classes.names() == Strings{"a", "b", "c"});
}

TEST_CASE("the order is that of numbers where all are finite numbers, else that of their bytes") {
    const auto sorted = [](const Strings& texts) {
        CsvClasses<float> classes{{}};
        for (const std::string& text : texts) classes.number_of(text);
        classes.sort();
        return classes.names();
    };
    CHECK(sorted({"10", "9", "-1"}) == Strings{"-1", "9", "10"});
    CHECK(sorted({"1.0", "1", "0"}) == Strings{"0", "1", "1.0"});
    CHECK(sorted({"10", "9", "b"}) == Strings{"10", "9", "b"});
    CHECK(sorted({"10", "9", "inf"}) == Strings{"10", "9", "inf"});
}

TEST_CASE("classes that are given keep their numbers, and no other is taken") {
    CsvClasses<float> classes{{"10", "b", "9"}};
    CHECK(classes.number_of("9") == 2);
    CHECK(classes.number_of("10") == 0);
    CHECK(classes.number_of("c") == -1);
    CHECK(classes.sort() == std::vector<int>{0, 1, 2});
    CHECK(classes.names() == Strings{"10", "b", "9"});
    CHECK(support::error_of([] { CsvClasses<float>{{"a", "b", "a"}}; }) == "class_names: found 'a' twice");
    CHECK(support::error_of([] { CsvClasses<float>{Strings(10'001)}; }) ==
          "class_names: expected at most 10000, found 10001");
}
