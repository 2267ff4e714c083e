// The classes of a table: their texts, numbered.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

inline constexpr std::size_t most_csv_classes = 10'000;

// Numbers the classes' texts. (A template, as CsvLines is.)
template <class T>
class CsvClasses {
public:
    // Where `given` is empty, any text is a class.
    explicit CsvClasses(const std::vector<std::string>& given);

    std::size_t size() const { return entries_.size(); }

    // Of a text: in `given`, or in the order in which texts appear; -1 where it is not in `given`.
    int number_of(const std::string& text);

    // Puts them in order; numbers_[i] becomes the number of what was i before.
    std::vector<int> sort();

    std::vector<std::string> names() const;

private:
    struct Entry {
        std::string text;
        int number;
    };

    bool is_open_;
    List<Entry> entries_;  // sorted by their texts
};

template <class T>
CsvClasses<T>::CsvClasses(const std::vector<std::string>& given) : is_open_{true} {
    if (given.size() > most_csv_classes)
        fail("class_names: expected at most " + std::to_string(most_csv_classes) + ", found " +
             std::to_string(given.size()));
    for (const std::string& name : given)
        if (const auto before = size(); number_of(name), size() == before)
            fail("class_names: found " + format_quoted(name) + " twice");
    is_open_ = given.empty();
}

template <class T>
int CsvClasses<T>::number_of(const std::string& text) {
    const std::size_t place = first_not(size(), [&](std::size_t i) { return entries_[i].text < text; });
    if (place < size() && entries_[place].text == text) return entries_[place].number;
    if (!is_open_) return -1;
    const int number = static_cast<int>(size());
    entries_.push_back({text, number});
    for (std::size_t i = size() - 1; i > place; --i) std::swap(entries_[i], entries_[i - 1]);
    return number;
}

template <class T>
std::vector<int> CsvClasses<T>::sort() {
    std::vector<int> numbers(size());
    const auto value = [](const Entry& entry) { return parse_number<double>(entry.text); };
    bool are_numbers = is_open_;
    for (const Entry& entry : entries_) are_numbers = are_numbers && value(entry) && is_finite(*value(entry));
    if (are_numbers)
        sort_values(entries_.data(), size(), [&](const Entry& a, const Entry& b) {
            return *value(a) != *value(b) ? *value(a) < *value(b) : a.text < b.text;
        });
    for (std::size_t i = 0; i < size(); ++i) {
        const int before = entries_[i].number;
        if (is_open_) entries_[i].number = static_cast<int>(i);
        numbers[static_cast<std::size_t>(before)] = entries_[i].number;
    }
    return numbers;
}

template <class T>
std::vector<std::string> CsvClasses<T>::names() const {
    std::vector<std::string> names(size());
    for (const Entry& entry : entries_) names[static_cast<std::size_t>(entry.number)] = entry.text;
    return names;
}

}  // namespace nib::inline NIB_ABI::detail
