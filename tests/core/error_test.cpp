#include <nib/core/error.hpp>

#include "../support.hpp"

#include <stdexcept>
#include <string>
#include <type_traits>

TEST_CASE("fail throws an Error with the text it was given") {
    CHECK(support::error_of([] { nib::fail("model.npy: byte 3: expected a, found b"); }) ==
          "model.npy: byte 3: expected a, found b");
}

TEST_CASE("an Error is caught as a runtime_error") {
    static_assert(std::is_base_of_v<std::runtime_error, nib::Error>);
    CHECK_THROWS_AS(nib::fail("x"), std::runtime_error);
}

TEST_CASE("the text of an Error is one line that can be printed") {
    CHECK(support::error_of([] { nib::fail("a\nb\tc\rd"); }) == "a\\nb\\tc\\rd");
    CHECK(support::error_of([] { nib::fail("\x1b[31mred\x7f"); }) == "\\x1b[31mred\\x7f");
    CHECK(support::error_of([] { nib::fail(std::string("nul\0!", 5)); }) == "nul\\x00!");
    CHECK(support::error_of([] {
              nib::fail(
                  "gr\xc3\xb6\xc3\x9f"
                  "e \xe2\x82\xac");
          }) ==
          "gr\xc3\xb6\xc3\x9f"
          "e \xe2\x82\xac");
    // A backslash stays: paths of Windows are full of them.
    CHECK(support::error_of([] { nib::fail("C:\\new"); }) == "C:\\new");
}

TEST_CASE("an Error keeps its text when copied") {
    const nib::Error error{"text"};
    const nib::Error copy = error;
    CHECK(std::string(copy.what()) == "text");
}
