#include <nib/core/config.hpp>

#include "../support.hpp"

#include <string>
#include <typeinfo>

namespace nib::inline NIB_ABI {
struct Probe {};
}  // namespace nib::inline NIB_ABI

TEST_CASE("the version's text says the version's numbers") {
    CHECK(std::string(NIB_VERSION_STRING) == std::to_string(NIB_VERSION_MAJOR) + "." +
                                                 std::to_string(NIB_VERSION_MINOR) + "." +
                                                 std::to_string(NIB_VERSION_PATCH));
}

#if defined(__GNUC__)
TEST_CASE("the inline namespace carries the version and the instruction set of the build") {
    std::string version = "v";
    version.append(std::to_string(NIB_VERSION_MAJOR)).append("_").append(std::to_string(NIB_VERSION_MINOR));
#if defined(__AVX512F__) && defined(__AVX2__) && defined(__FMA__)
    const std::string expected = version + "_avx512";
#elif defined(__AVX2__) && defined(__FMA__)
    const std::string expected = version + "_avx2";
#else
    const std::string expected = version + "_base";
#endif
    CHECK(support::contains(typeid(nib::Probe).name(), expected));
}
#endif

TEST_CASE("an unrolled loop gives what the loop gives") {
    int sum = 0;
    NIB_UNROLL
    for (int i = 1; i <= 4; ++i) sum += i;
    const auto twice = [](int x) NIB_LAMBDA_ALWAYS_INLINE { return 2 * x; };
    CHECK(twice(sum) == 20);
}
