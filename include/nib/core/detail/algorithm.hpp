// The few of <algorithm>'s functions that nib needs, under names that do not collide with std's: <algorithm> is
// expensive to include, and brings much of <functional> with it in some libraries.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI {

// a where both are equal or one is no number, as std::min and std::max do.
template <class T>
constexpr T smaller(T a, T b) {
    return b < a ? b : a;
}
template <class T>
constexpr T larger(T a, T b) {
    return a < b ? b : a;
}

// `value`, or the end of [low, high] that it lies beyond; low <= high.
template <class T>
constexpr T clamped(T value, T low, T high) {
    return value < low ? low : high < value ? high : value;
}

// A number from a file, which is known to be small enough, as a size in memory.
constexpr std::size_t to_size(unsigned long long count) { return static_cast<std::size_t>(count); }

// `from` and `to` do not overlap.
template <class From, class To>
constexpr void copy_values(const From* __restrict from, std::size_t count, To* __restrict to) {
    for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
}

template <class T>
constexpr void fill_values(T* to, std::size_t count, T value) {
    for (std::size_t i = 0; i < count; ++i) to[i] = value;
}

// Adds all of `more` behind the values of a vector. (std::vector's insert of a range compiles far slower.)
template <class Vector, class Range>
constexpr void append_values(Vector& values, const Range& more) {
    const std::size_t before = values.size(), count = more.size();
    values.resize(before + count);
    for (std::size_t i = 0; i < count; ++i) values[before + i] = more[i];
}

// The first index in [0, count) for which before(index) is false, or count; before() is true up to there and false
// after.
template <class Before>
constexpr std::size_t first_not(std::size_t count, Before before) {
    std::size_t first = 0;
    while (count > 0) {
        const std::size_t half = count / 2;
        if (before(first + half)) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

// Ascending by before(a, b); what is equal may change places. Heapsort: count log(count) steps, whatever the order.
template <class T, class Before>
constexpr void sort_values(T* values, std::size_t count, Before before) {
    const auto sink = [&](std::size_t parent, std::size_t end) {
        for (std::size_t child; (child = 2 * parent + 1) < end; parent = child) {
            if (child + 1 < end && before(values[child], values[child + 1])) ++child;
            if (!before(values[parent], values[child])) return;
            std::swap(values[parent], values[child]);
        }
    };
    for (std::size_t i = count / 2; i > 0; --i) sink(i - 1, count);
    for (std::size_t end = count; end > 1; --end) {
        std::swap(values[0], values[end - 1]);
        sink(0, end - 1);
    }
}

namespace detail {

struct Records {
    void* values;
    const void* before;
    bool (*less)(const Records& records, std::size_t a, std::size_t b);
    void (*exchange)(const Records& records, std::size_t a, std::size_t b);
};

// Steps as those of sort_values.
[[gnu::noinline]] inline void heap_sort(const Records& records, std::size_t count) {
    std::size_t end = count;
    for (std::size_t start = count / 2; end > 1;) {
        if (start > 0)
            --start;
        else
            records.exchange(records, 0, --end);
        std::size_t parent = start;
        for (std::size_t child; (child = 2 * parent + 1) < end; parent = child) {
            if (child + 1 < end && records.less(records, child, child + 1)) ++child;
            if (!records.less(records, parent, child)) break;
            records.exchange(records, parent, child);
        }
    }
}

template <class T, class Before>
bool record_less(const Records& records, std::size_t a, std::size_t b) {
    const T* const all = static_cast<const T*>(records.values);
    return (*static_cast<const Before*>(records.before))(all[a], all[b]);
}

template <class T>
[[gnu::cold]] void exchange_records(const Records& records, std::size_t a, std::size_t b) {
    T* const all = static_cast<T*>(records.values);
    T value = std::move(all[a]);
    all[a] = std::move(all[b]);
    all[b] = std::move(value);
}

}  // namespace detail

// The same by code that all types share: for names, tensors and layers, which are few.
template <class T, class Before>
void sort_records(T* values, std::size_t count, Before before) {
    detail::heap_sort({values, &before, &detail::record_less<T, Before>, &detail::exchange_records<T>}, count);
}

}  // namespace nib::inline NIB_ABI
