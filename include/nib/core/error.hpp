// Error: what nib throws for bad files, failed writes and wrong sizes that only show at run time.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/join.hpp>

#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

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
[[gnu::cold, gnu::noinline]] inline std::string one_line(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string result;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        const char escape[] = {'\\', 'x', digits[code >> 4], digits[code & 15]};
        const char* const word = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : nullptr;
        if (code >= 0x20 && code != 0x7f)
            result.append(&c, 1);
        else if (word != nullptr)
            result.append(word, 2);
        else
            result.append(escape, sizeof escape);
    }
    return result;
}

}  // namespace detail

#if !defined(__cpp_exceptions)
// What fail() calls with an Error's text in a program without exceptions, before it ends the program: to say it
// somewhere, or to leave by a way that the program has (its host's exceptions). Null, as at the start: nothing is said.
// Not to be changed while other threads run. Returns the one before.
using FailHandler = void (*)(std::string_view text);

namespace detail {

inline constinit FailHandler fail_handler = nullptr;

}  // namespace detail

inline FailHandler set_fail_handler(FailHandler handler) { return std::exchange(detail::fail_handler, handler); }
#endif

// The one place that raises an Error; its text is `message` as one line. Without exceptions (-fno-exceptions) it ends
// the program, silently unless there is a handler: nothing in the core, the layers or inference reaches it unless the
// caller broke a function's contract.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(std::string_view message) {
#if defined(__cpp_exceptions)
    throw Error(detail::one_line(message));
#else
    if (detail::fail_handler != nullptr) detail::fail_handler(detail::one_line(message));
    std::abort();
#endif
}

// The same of a message in parts: fail({path, ": expected ", count, " bytes"}).
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(std::initializer_list<detail::TextPart> parts) {
    fail(detail::join(parts));
}

}  // namespace nib::inline NIB_ABI
