#include <nib/ink/detail/unipen_segment.hpp>

#include "../../support.hpp"

namespace {

using nib::detail::UnipenPart;

nib::detail::UnipenSegment parse(std::string_view text) {
    std::string_view level;
    return nib::detail::parse_unipen_segment(text, "a.unp", 7, level);
}

// "first:point-last:point", with * for the last point.
std::string described(const nib::detail::List<UnipenPart>& parts) {
    std::string text;
    for (const UnipenPart& part : parts)
        nib::append_to_list(text, " ",
                            std::to_string(part.first) + ":" + std::to_string(part.first_point) + "-" +
                                std::to_string(part.last) + ":" +
                                (part.last_point == part.to_the_end ? "*" : std::to_string(part.last_point)));
    return text;
}

}  // namespace

TEST_CASE("a list names components and their points") {
    const auto parts_of = [](std::string_view list) {
        const auto parts = nib::detail::parse_unipen_parts(list);
        return parts.empty() ? "none" : described(parts);
    };
    CHECK(parts_of("6") == "6:0-6:*");
    CHECK(parts_of("0,2,4") == "0:0-0:* 2:0-2:* 4:0-4:*");
    CHECK(parts_of("2-5,15,9") == "2:0-5:* 15:0-15:* 9:0-9:*");
    CHECK(parts_of("1:40-3,5,6:0-6:12") == "1:40-3:* 5:0-5:* 6:0-6:12");
    CHECK(parts_of("0:10-2:5") == "0:10-2:5");
    for (const std::string bad :
         {"", ",", "1,", "a", "1 2", "2-1", "1:5-1:4", "1:-2", "1:2", "1-", "-1", "1--2", "+1"}) {
        CAPTURE(bad);
        CHECK(parts_of(bad) == "none");
    }
    CHECK(UnipenPart{1, 2}.whole());
    CHECK_FALSE(UnipenPart{1, 2, 3}.whole());
    CHECK_FALSE(UnipenPart{1, 2, 0, 3}.whole());
}

TEST_CASE("a segment has level, components, quality and label; the last three may be missing") {
    std::string_view level;
    const std::string text = " CHARACTER 3,1 OK \"a b\" ";
    const auto segment = nib::detail::parse_unipen_segment(text, "a.unp", 7, level);
    CHECK(level == "CHARACTER");
    CHECK(described(segment.parts) == "3:0-3:* 1:0-1:*");
    CHECK(segment.last == 3);
    CHECK(segment.label == "a b");
    CHECK(segment.line == 7);
    CHECK(parse("D 1 \"a\"").label == "a");
    CHECK(parse("D 1 GOOD").label == "");
    CHECK(parse("D 1").parts.size() == 1);
    CHECK(parse("D ? ? \"a\"").parts.empty());
    CHECK(parse("D ? ? \"a\"").label == "a");
    CHECK(parse("D").parts.empty());
    CHECK(support::error_of([] { parse(""); }) ==
          "a.unp:7: expected .SEGMENT LEVEL with component numbers such as 6 or 6-7, found '.SEGMENT'");
}

TEST_CASE("a label is what stands in quotes, and escapes are resolved") {
    using nib::detail::parse_unipen_label;
    CHECK(parse_unipen_label("\"\"") == "");
    CHECK(parse_unipen_label("\"\\\"\"") == "\"");
    CHECK(parse_unipen_label("\"\\\\\"") == "\\");
    CHECK(parse_unipen_label("\"a\\tb\\nc\\@\"") == "a\tb\nc@");
    for (const std::string bad : {"", "\"", "a", "\"a", "a\"", "\"a\" b", "\"a\"b\"", "\"\\\""}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_unipen_label(bad).has_value());
    }
    CHECK(support::error_of([] { parse("D 1 OK \"a\" b"); }) ==
          "a.unp:7: expected a label in double quotes at the end of .SEGMENT, found '.SEGMENT D 1 OK \"a\" b'");
}

TEST_CASE("the text of a segment knows whether its label has ended") {
    nib::detail::UnipenSegmentText text;
    text.start("D 0 OK \"a \\");
    CHECK(text.in_label());
    text.append(R"(\" \")");
    CHECK(text.in_label());
    text.append("b\"");
    CHECK_FALSE(text.in_label());
    CHECK(text.text() == R"(D 0 OK "a \ \" \" b")");
    text.start("D 1");
    CHECK(text.text() == "D 1");
    CHECK_FALSE(text.in_label());
}
