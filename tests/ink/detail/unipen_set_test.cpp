#include <nib/ink/detail/unipen_set.hpp>

#include "../../support.hpp"

namespace {

nib::detail::UnipenSegment segment(std::size_t component, std::size_t level, std::string label) {
    nib::detail::UnipenSegment result;
    result.parts.push_back({component, component});
    result.last = component;
    result.level = level;
    result.label = std::move(label);
    return result;
}

}  // namespace

TEST_CASE("a queue keeps the numbers of what is in it") {
    nib::detail::NumberedQueue<int> queue;
    std::size_t pushed = 0;
    std::size_t popped = 0;
    bool same = true;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < round % 7; ++i) queue.push(static_cast<int>(pushed++));
        for (int i = 0; i < round % 5 && !queue.empty(); ++i) {
            same = same && queue.front() == static_cast<int>(popped++);
            queue.pop();
        }
        same = same && queue.first_number() == popped && queue.end_number() == pushed;
        for (std::size_t i = popped; i < pushed; ++i) same = same && queue.at(i) == static_cast<int>(i);
    }
    queue.push(2);
    queue.push(3);
    queue.push(4);
    const std::size_t last = queue.end_number() - 1;
    queue.remove_if([](int value) { return value == 3; });
    CHECK(queue.end_number() == last);
    CHECK(queue.at(last - 1) == 4);
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.end_number() == 0);
    CHECK(same);
    CHECK(popped > 100);
    CHECK(pushed > popped);
}

TEST_CASE("a set gives a drawing as soon as nothing that follows can change it") {
    const std::string name = "a.unp";
    nib::detail::UnipenSet set{name, nullptr};
    nib::Drawing drawing;
    set.add_segment(segment(0, 0, "a"));
    CHECK_FALSE(set.next(drawing));
    set.add_stroke({{1, 2}}, 1);
    REQUIRE(set.next(drawing));
    CHECK(drawing.label == "a");
    drawing = {};
    // From here on numbers may mean pen-down components alone.
    set.add_way_in_air(2);
    set.add_stroke({{3, 4}}, 3);
    set.add_segment(segment(2, 0, "b"));
    CHECK_FALSE(set.next(drawing));
    set.end();
    REQUIRE(set.next(drawing));
    CHECK(drawing.label == "b");
    drawing = {};
    CHECK_FALSE(set.next(drawing));
    set.start();
    CHECK_FALSE(set.has_components());
}

TEST_CASE("a set waits for the lowest level of its hierarchy") {
    const std::string name = "a.unp";
    nib::detail::UnipenSet set{name, nullptr};
    nib::Drawing drawing;
    set.set_levels(2);
    set.add_stroke({{1, 2}}, 1);
    set.add_segment(segment(0, 0, "word"));
    CHECK_FALSE(set.next(drawing));
    set.add_segment(segment(0, 1, "c"));
    REQUIRE(set.next(drawing));
    CHECK(drawing.label == "c");
}
