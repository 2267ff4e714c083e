#include <nib/ink/detail/inkml_views.hpp>

#include "../../support.hpp"

#include <vector>

using nib::detail::inkml_reference;
using nib::detail::InkmlId;
using nib::detail::InkmlIndex;
using nib::detail::InkmlStroke;

namespace {

// Strokes 3, 4 and 6 with 1, 2 and 3 points; 5 belongs to a drawing.
nib::detail::List<InkmlStroke> some_strokes() {
    return support::list_of<InkmlStroke>({{3, {{30, 0, 0}}, 0, false},
                                          {4, {{40, 0, 0}, {41, 0, 0}}, 0, false},
                                          {6, {{60, 0, 0}, {61, 0, 0}, {62, 0, 0}}, 0, false}});
}

// What a view shows, or why not.
std::string shown(std::string_view data, std::string_view from = "", std::string_view to = "") {
    auto strokes = some_strokes();
    const std::string name = "a";
    InkmlIndex index{strokes,
                     support::list_of<InkmlId>({{"six", 6, 7},
                                                {"three", 3, 4},
                                                {"both", 3, 5},
                                                {"all", 3, 7},
                                                {"none", 4, 4},
                                                {"two", 4, 5},
                                                {"two", 6, 7}}),
                     name};
    nib::detail::List<InkmlStroke> chosen;
    const std::string problem = index.append(inkml_reference(data, from, to), chosen);
    if (!problem.empty()) return problem;
    std::string text;
    for (const InkmlStroke& stroke : chosen) {
        text += "/";
        for (const nib::Point& point : stroke.points) text += " " + std::to_string(static_cast<int>(point.x));
    }
    return text;
}

}  // namespace

TEST_CASE("a view shows a trace, the traces of a group, or points of a trace") {
    CHECK(shown("three") == "/ 30");
    CHECK(shown("#six") == "/ 60 61 62");
    CHECK(shown("#both") == "/ 30/ 40 41");
    CHECK(shown("none") == "");
    CHECK(shown("six", "2") == "/ 61 62");
    CHECK(shown("six", "", "2") == "/ 60 61");
    CHECK(shown("six", "2", "2") == "/ 61");
    CHECK(shown("six", "1", "3") == "/ 60 61 62");
}

TEST_CASE("a view that shows nothing known is told") {
    CHECK(support::contains(shown("seven"), "a trace that is in no labelled group"));
    CHECK(support::contains(shown(""), "a trace that is in no labelled group"));
    CHECK(support::contains(shown("all"), "traces that are in no labelled group"));
    CHECK(support::contains(shown("two"), "an id that one trace has"));
    const std::string numbers = "the numbers of points of one trace";
    CHECK(support::contains(shown("both", "1"), numbers));
    for (const std::string bad : {"0", "-1", "1:2", "x", "1.5"}) CHECK(support::contains(shown("six", bad), numbers));
    CHECK(support::contains(shown("six", "3", "2"), numbers));
    CHECK(support::contains(shown("six", "4"), "points that the trace has"));
    CHECK(support::contains(shown("six", "1", "4"), "points that the trace has"));
}

TEST_CASE("what a view shows is marked, and each point is shown sixteen times at most") {
    auto strokes = some_strokes();
    const std::string name = "a";
    InkmlIndex index{strokes, support::list_of<InkmlId>({{"six", 6, 7}}), name};
    nib::detail::List<InkmlStroke> chosen;
    CHECK(index.append(inkml_reference("six", "", ""), chosen) == "");
    CHECK(strokes[2].taken);
    CHECK_FALSE(strokes[0].taken);
    const std::string error = support::error_of([&] {
        for (int i = 0; i < 1000; ++i) index.append(inkml_reference("six", "", ""), chosen);
        return 0;
    });
    CHECK(error == "a: expected <traceView> elements that use each point at most 16 times, found more");
    CHECK(chosen.size() < 50);
}
