#include <nib/io/strings.hpp>

#include "../support.hpp"

#include <nib/core/detail/list.hpp>
#include <nib/core/random.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

TEST_CASE("a string is new to a set once") {
    nib::Rng rng{3};
    nib::StringSet set;
    std::set<std::string> expected;
    for (int i = 0; i < 2000; ++i) {
        const std::string text = std::to_string(rng.below(1500));
        CHECK(set.insert(text) == expected.insert(text).second);
    }
    for (int i = 0; i < 1500; ++i) CHECK(set.insert(std::to_string(i)) == !expected.contains(std::to_string(i)));
}

TEST_CASE("a map holds what std::map holds, in its order") {
    nib::Rng rng{4};
    nib::StringMap map;
    std::map<std::string, std::string> expected;
    for (int i = 0; i < 300; ++i) {
        const std::string name = std::to_string(rng.below(100));
        map[name] += std::to_string(i);
        expected[name] += std::to_string(i);
    }
    REQUIRE(map.size() == expected.size());
    auto next = expected.begin();
    for (const auto& [name, value] : map) {
        CHECK(name == next->first);
        CHECK(value == next->second);
        ++next;
    }
    for (const auto& [name, value] : expected) {
        CHECK(map.contains(name));
        CHECK(map.find(name)->second == value);
        CHECK(map.at(name) == value);
    }
    CHECK(map.find("none") == map.end());
    CHECK(support::error_of([&] { map.at("none"); }) == "StringMap: there is no 'none'");

    nib::detail::List<nib::StringMap::Entry> entries;
    for (const nib::StringMap::Entry& entry : map) entries.push_back(entry);
    for (std::size_t i = entries.size(); i > 1; --i) std::swap(entries[i - 1], entries[rng.below(i)]);
    nib::StringMap again{std::move(entries)};
    CHECK(again == map);
    again["0"] += "x";
    CHECK(again != map);
}

TEST_CASE("a name may be a text of the map itself") {
    nib::StringMap map{{"a", "short"}, {"b", "a text that is too long to lie in the string itself"}};
    for (const char* const key : {"a", "b"}) map[map.at(key)] = key;
    CHECK(map.size() == 4);
    CHECK(map.at("short") == "a");
    CHECK(map.at("a text that is too long to lie in the string itself") == "b");
}

TEST_CASE("a map is written as a list of pairs; of one name the first counts") {
    const nib::StringMap map{{"b", "1"}, {"a", "2"}, {"b", "3"}};
    CHECK(map == nib::StringMap{{"a", "2"}, {"b", "1"}});
    CHECK(nib::StringMap{}.empty());
    CHECK(map != nib::StringMap{{"a", "2"}});
}
