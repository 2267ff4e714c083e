#include <nib/core/detail/abi.hpp>

#include <nib/core/config.hpp>

#include "../../support.hpp"

#include <string>
#include <typeinfo>

namespace nib::inline NIB_ABI {
struct Probe {};
}  // namespace nib::inline NIB_ABI

// That different flags make different names is tested with the flags themselves: tests/abi.
TEST_CASE("the inline namespace carries the version, the level of the instruction set and its features") {
    std::string expected = "v";
    expected.append(std::to_string(NIB_VERSION_MAJOR)).append("_").append(std::to_string(NIB_VERSION_MINOR));
#if defined(__AVX512F__)
    expected += "_avx512";
#elif defined(__AVX2__)
    expected += "_avx2";
#elif defined(__AVX__)
    expected += "_avx";
#elif defined(__SSE3__)
    expected += "_s";
#else
    expected += "_base";
#endif
    const std::string name = typeid(nib::Probe).name();
    CHECK(support::contains(name, expected));
#if defined(__FMA__)
    CHECK(support::contains(name, "_fma"));
#else
    CHECK_FALSE(support::contains(name, "_fma"));
#endif
}

TEST_CASE("a feature is in the name only where its macro is 1") {
#define NIB_TEST_ON 1
#define NIB_TEST_QUOTED(x) #x
#define NIB_TEST_TEXT(...) NIB_TEST_QUOTED(__VA_ARGS__)
    CHECK(std::string(NIB_TEST_TEXT(NIB_ABI_IF(NIB_TEST_ON, _on))) == "_on");
    CHECK(std::string(NIB_TEST_TEXT(NIB_ABI_IF(NIB_TEST_OFF, _off))).empty());
    CHECK(std::string(NIB_TEST_TEXT(NIB_ABI_IF(0, _off))).empty());
    static_assert(NIB_ABI_IS_EMPTY(NIB_ABI_IF(NIB_TEST_OFF, _off)) == 1);
    static_assert(NIB_ABI_IS_EMPTY(NIB_ABI_IF(NIB_TEST_ON, _on)) == 0);
#undef NIB_TEST_TEXT
#undef NIB_TEST_QUOTED
#undef NIB_TEST_ON
}
