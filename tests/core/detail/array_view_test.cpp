#include <nib/core/detail/array_view.hpp>

#include <doctest/doctest.h>

#include <array>
#include <vector>

using nib::detail::ArrayView;

namespace {

// What a function sees that takes a view.
std::vector<int> seen(ArrayView<int> view) {
    std::vector<int> values;
    for (const int& value : view) {
        CHECK(&value == &view[values.size()]);
        CHECK(&value == view.data() + values.size());
        values.push_back(value);
    }
    CHECK(view.size() == values.size());
    CHECK(view.empty() == values.empty());
    return values;
}

}  // namespace

TEST_CASE("arrays, vectors and parts of them are viewed where they are") {
    static constexpr int numbers[] = {3, 1, 4};
    CHECK(seen(numbers) == std::vector{3, 1, 4});
    CHECK(seen(std::array{1, 5}) == std::vector{1, 5});
    const std::vector<int> more{9, 2, 6};
    CHECK(seen(more) == more);
    CHECK(ArrayView<int>{more}.data() == more.data());
    CHECK(seen({more.data() + 1, 2}) == std::vector{2, 6});
    CHECK(seen({}).empty());
    static_assert(ArrayView<int>{numbers}[2] == 4);
}
