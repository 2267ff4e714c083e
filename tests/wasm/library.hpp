// What tests use of C++20's library that libc++ 14 does not have.
#pragma once

#include <algorithm>
#include <iterator>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000
namespace std::ranges {

template <class A, class B>
bool equal(const A& a, const B& b) {
    return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b));
}
template <class A, class Out>
void copy(const A& from, Out to) {
    std::copy(std::begin(from), std::end(from), to);
}
template <class A, class Value>
void fill(A&& values, const Value& value) {
    std::fill(std::begin(values), std::end(values), value);
}
template <class A, class Test>
bool any_of(const A& values, Test test) {
    return std::any_of(std::begin(values), std::end(values), test);
}
template <class A>
auto distance(const A& values) {
    return std::distance(begin(values), end(values));
}
template <class A, class Before>
void stable_sort(A&& values, Before before) {
    std::stable_sort(std::begin(values), std::end(values), before);
}

}  // namespace std::ranges
#endif
