// StringSet: whether a string was there before.  StringMap: strings by the names of strings, in the names' order, as
// std::map has them. Both are plain arrays, because <map> and <set> are expensive to include.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>

#include <bit>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// The strings lie in sorted runs, whose lengths are the powers of two that add up to their number: a new string ends as
// many runs as a carry runs through digits. n strings take n log(n)^2 steps, in whatever order they come.
class StringSet {
public:
    // False where it is there already.
    [[gnu::cold]] bool insert(std::string text);

private:
    std::vector<std::string> strings_;
};

class StringMap {
public:
    struct Entry {
        std::string first;
        std::string second;
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    StringMap() = default;
    // Of several entries with one name, the first.
    StringMap(std::initializer_list<Entry> entries);
    // The names differ.
    explicit StringMap(detail::List<Entry> entries);

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    const Entry* begin() const { return entries_.data(); }
    const Entry* end() const { return entries_.data() + entries_.size(); }

    // end() where there is none of that name.
    [[gnu::cold]] const Entry* find(std::string_view name) const;
    bool contains(std::string_view name) const { return find(name) != end(); }
    // Fails where there is none of that name.
    const std::string& at(std::string_view name) const;
    // Empty at first.
    std::string& operator[](std::string_view name);

    friend bool operator==(const StringMap& a, const StringMap& b);

private:
    [[gnu::cold]] std::size_t place_of(std::string_view name) const;
    [[gnu::cold]] void insert(std::size_t place, std::string_view name);

    detail::List<Entry> entries_;
};

inline bool StringSet::insert(std::string text) {
    std::size_t first = 0;
    while (first < strings_.size()) {
        const std::string* const run = strings_.data() + first;
        const std::size_t length = std::bit_floor(strings_.size() - first);
        const std::size_t place = first_not(length, [&](std::size_t i) { return run[i] < text; });
        if (place < length && run[place] == text) return false;
        first += length;
    }
    strings_.push_back(std::move(text));
    const std::size_t length = std::size_t{1} << std::countr_zero(strings_.size());
    sort_records(strings_.data() + strings_.size() - length, length,
                 [](const std::string& a, const std::string& b) { return a < b; });
    return true;
}

inline StringMap::StringMap(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries)
        if (!contains(entry.first)) (*this)[entry.first] = entry.second;
}

inline StringMap::StringMap(detail::List<Entry> entries) : entries_{std::move(entries)} {
    sort_records(entries_.data(), entries_.size(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
}

inline const StringMap::Entry* StringMap::find(std::string_view name) const {
    const std::size_t place = place_of(name);
    return place < size() && entries_[place].first == name ? begin() + place : end();
}

inline const std::string& StringMap::at(std::string_view name) const {
    if (!contains(name)) fail({"StringMap: there is no '", name, "'"});
    return find(name)->second;
}

inline void StringMap::insert(std::size_t place, std::string_view name) {
    detail::List<Entry> grown(size() + 1);
    grown[place].first.append(name);  // before what it may be a part of moves
    for (std::size_t i = 0; i < size(); ++i) grown[i < place ? i : i + 1] = std::move(entries_[i]);
    entries_ = std::move(grown);
}

inline std::string& StringMap::operator[](std::string_view name) {
    const std::size_t place = place_of(name);
    if (!contains(name)) insert(place, name);
    return entries_[place].second;
}

inline bool operator==(const StringMap& a, const StringMap& b) {
    bool equal = a.size() == b.size();
    for (std::size_t i = 0; equal && i < a.size(); ++i) equal = a.entries_[i] == b.entries_[i];
    return equal;
}

inline std::size_t StringMap::place_of(std::string_view name) const {
    return first_not(size(), [&](std::size_t i) { return entries_[i].first < name; });
}

}  // namespace nib::inline NIB_ABI
