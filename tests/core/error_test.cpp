#include <nib/core/error.hpp>

#include "../support.hpp"

#include <stdexcept>
#include <type_traits>

TEST_CASE("fail throws an Error with the text it was given") {
    CHECK(support::error_of([] { nib::fail("model.npy: byte 3: expected a, found b"); }) ==
          "model.npy: byte 3: expected a, found b");
}

TEST_CASE("an Error is caught as a runtime_error") {
    static_assert(std::is_base_of_v<std::runtime_error, nib::Error>);
    CHECK_THROWS_AS(nib::fail("x"), std::runtime_error);
}
