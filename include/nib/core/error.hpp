// Error: what nib throws for bad files, failed writes and wrong sizes that only show at run time.
#pragma once

#include <nib/core/config.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace nib {

// The text holds the path, the place in the file, what was expected and what was found. It is one line.
//
// It is the one name outside of the inline namespace (abi.hpp), so that what a unit throws is caught by units with
// other flags. It adds nothing to its base, so that its code is the same whatever the flags.
class NIB_VISIBLE Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace nib

namespace nib::inline NIB_ABI {

namespace detail {

// `text` as one line that can be printed: control characters become escapes (\n, \x1b), all else stays as it is.
inline std::string one_line(const std::string& text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string result;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x20 && code != 0x7f) {
            result += c;
            continue;
        }
        result += '\\';
        if (c == '\n') {
            result += 'n';
        } else if (c == '\t') {
            result += 't';
        } else if (c == '\r') {
            result += 'r';
        } else {
            result += 'x';
            result += digits[code >> 4];
            result += digits[code & 15];
        }
    }
    return result;
}

}  // namespace detail

// The one place that raises an Error; its text is `message` as one line. Without exceptions (-fno-exceptions) it ends
// the program, silently: nothing in the core, the layers or inference reaches it unless the caller broke a function's
// contract.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
    throw Error(detail::one_line(message));
#else
    static_cast<void>(message);
    std::abort();
#endif
}

}  // namespace nib::inline NIB_ABI
