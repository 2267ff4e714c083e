// Error: what nib throws for bad files, failed writes and wrong sizes that only show at run time.
#pragma once

#include <nib/core/config.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace nib::inline NIB_ABI {

// The text holds the path, the place in the file, what was expected and what was found. It is one line.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The one place that raises an Error. Without exceptions (-fno-exceptions) it ends the program, silently: nothing in
// the core, the layers or inference reaches it unless the caller broke a function's contract.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
    throw Error(message);
#else
    static_cast<void>(message);
    std::abort();
#endif
}

}  // namespace nib::inline NIB_ABI
