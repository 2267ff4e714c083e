// The tests' program for WASI: what fails outside of error_of says so.
#define DOCTEST_CONFIG_IMPLEMENT
#include <nib/core/error.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
    nib::set_fail_handler([](std::string_view text) {
        std::fprintf(stderr, "an Error: %.*s\n", static_cast<int>(text.size()), text.data());
    });
    return doctest::Context{argc, argv}.run();
}
