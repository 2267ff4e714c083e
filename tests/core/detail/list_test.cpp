#include <nib/core/detail/list.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using nib::detail::List;

namespace {

// Longer than what a string holds without memory of its own, so that a sanitizer sees each that is lost or freed twice.
std::string text(int i) { return "the element with the number " + std::to_string(i); }

List<std::string> texts(int count) {
    List<std::string> list;
    for (int i = 0; i < count; ++i) list.push_back(text(i));
    return list;
}

std::vector<std::string> elements(const List<std::string>& list) { return {list.begin(), list.end()}; }

}  // namespace

TEST_CASE("a list keeps what it was given while it grows") {
    const List<std::string> list = texts(100);
    REQUIRE(list.size() == 100);
    CHECK_FALSE(list.empty());
    for (int i = 0; i < 100; ++i) CHECK(list[static_cast<std::size_t>(i)] == text(i));
    CHECK(list.begin() == list.data());
    CHECK(list.end() == list.data() + 100);
}

TEST_CASE("an element may be added to its own list") {
    List<std::string> list = texts(1);
    for (int i = 0; i < 20; ++i) list.push_back(list[0]);
    CHECK(list.back() == text(0));
    CHECK(list[0] == text(0));
}

TEST_CASE("a list of a size holds default values") {
    const List<int> list(3);
    CHECK(std::vector<int>(list.begin(), list.end()) == std::vector{0, 0, 0});
    CHECK(List<int>{}.empty());
    CHECK(List<int>(0).empty());
}

TEST_CASE("elements are removed from the end and from the middle") {
    List<std::string> list = texts(6);
    list.pop_back();
    list.erase(1, 2);
    CHECK(elements(list) == std::vector{text(0), text(3), text(4)});
    list.erase(3, 0);
    list.erase(0, 1);
    list.push_back(text(9));
    CHECK(elements(list) == std::vector{text(3), text(4), text(9)});
    list.clear();
    CHECK(list.empty());
    list.push_back(text(1));
    CHECK(elements(list) == std::vector{text(1)});
}

TEST_CASE("what was moved from is empty and can be used again") {
    List<std::string> list = texts(3);
    List<std::string> other{std::move(list)};
    CHECK(list.empty());
    CHECK(other.size() == 3);
    list.push_back(text(7));
    other = std::move(list);
    CHECK(list.empty());
    CHECK(elements(other) == std::vector{text(7)});
    list = texts(2);
    CHECK(elements(list) == elements(texts(2)));
}

TEST_CASE("a copy has elements of its own") {
    List<std::string> list = texts(3);
    List<std::string> copy{list};
    copy[1] = text(8);
    copy.push_back(text(9));
    CHECK(elements(list) == elements(texts(3)));
    CHECK(elements(copy) == std::vector{text(0), text(8), text(2), text(9)});
    list = copy;
    copy.clear();
    CHECK(elements(list) == std::vector{text(0), text(8), text(2), text(9)});
    CHECK(List<std::string>{copy}.empty());
}
