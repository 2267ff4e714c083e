// error_of where there are no exceptions: the host calls the function, and takes it back with an exception of its own
// when nib fails. What was on the stack is not destroyed.
#pragma once

#include <nib/core/error.hpp>

#include <string>
#include <string_view>
#include <type_traits>

extern "C" {

// Whether run(argument) returns, and is not taken back by leave().
__attribute__((import_module("host"), import_name("returns"))) bool host_returns(void (*run)(void*), void* argument);
[[noreturn]] __attribute__((import_module("host"), import_name("leave"))) void host_leave();
}

namespace support {

namespace detail {

inline std::string failure;

}  // namespace detail

// The text of the nib::Error that `f` would throw, or "" when it throws none.
template <class F>
std::string error_of(F&& f) {
    const nib::FailHandler before = nib::set_fail_handler([](std::string_view text) {
        detail::failure = text;
        host_leave();
    });
    detail::failure.clear();
    const auto run = [](void* function) { static_cast<void>((*static_cast<std::remove_reference_t<F>*>(function))()); };
    const bool failed = !host_returns(run, const_cast<void*>(static_cast<const void*>(&f)));
    nib::set_fail_handler(before);
    return failed ? detail::failure : "";
}

}  // namespace support
