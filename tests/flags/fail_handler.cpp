// What a handler is told where there are no exceptions: the text that an Error would have had.
#include <nib/core/error.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

int main() {
    const auto leave = [](std::string_view text) {
        std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
        std::exit(0);
    };
    if (nib::set_fail_handler(leave) != nullptr || nib::set_fail_handler(leave) != leave) return 1;
    nib::fail("two\nlines");
}
