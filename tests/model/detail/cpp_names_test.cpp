#include <nib/model/detail/cpp_names.hpp>

#include <doctest/doctest.h>

#include <string_view>

using nib::detail::namespace_name_problem;

TEST_CASE("identifiers are letters, digits and underscores, no digit first") {
    for (const char* name : {"a", "Z", "_", "a1", "snake_case"}) CHECK(nib::detail::is_identifier(name));
    for (const char* name : {"", "1", "1a", "a-", "a b", "gr\xc3\xbc\xc3\x9f", "a:"})
        CHECK_FALSE(nib::detail::is_identifier(name));
}

TEST_CASE("a name is told whose it is") {
    CHECK(namespace_name_problem("digits", true) == "");
    CHECK(namespace_name_problem("class", true) == ", a word of the language");
    CHECK(namespace_name_problem("xor_eq", false) == ", a word of the language");
    for (const char* name : {"_x", "_X", "a__b"})
        CHECK(namespace_name_problem(name, false) ==
              ": names that start with an underscore or hold two in a row belong to the compiler");
    CHECK(namespace_name_problem("NULL", true) == ", which is a macro in common headers");
    CHECK(namespace_name_problem("sq", true) == ", which is a macro in common headers");
    for (const char* name : {"std", "std2b", "std20", "posix", "nib"})
        CHECK((namespace_name_problem(name, true) == ": that namespace is somebody else's") ==
              (std::string_view(name) != "std2b"));
}

TEST_CASE("C's functions and types stand in the way of an outermost namespace alone") {
    for (const char* name : {"abort", "fmin", "tanh", "y1"}) {
        CHECK(namespace_name_problem(name, true) == ", which is a function or type of C's headers");
        CHECK(namespace_name_problem(name, false) == "");
    }
}
