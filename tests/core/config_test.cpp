#include <nib/core/config.hpp>

#include "../support.hpp"

#include <string>

TEST_CASE("the version's text says the version's numbers") {
    CHECK(std::string(NIB_VERSION_STRING) == std::to_string(NIB_VERSION_MAJOR) + "." +
                                                 std::to_string(NIB_VERSION_MINOR) + "." +
                                                 std::to_string(NIB_VERSION_PATCH));
}

TEST_CASE("an unrolled loop gives what the loop gives") {
    int sum = 0;
    NIB_UNROLL
    for (int i = 1; i <= 4; ++i) sum += i;
    const auto twice = [](int x) NIB_LAMBDA_ALWAYS_INLINE { return 2 * x; };
    CHECK(twice(sum) == 20);
}
