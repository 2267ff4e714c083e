// fsync as the library calls it, for tests of what is on the disk when: before_fsync, where it is set, runs first. On
// Linux alone.
#pragma once

#if defined(__linux__)
#include <functional>

#include <sys/syscall.h>
#include <unistd.h>

namespace support {

inline std::function<void(int descriptor)> before_fsync;

}  // namespace support

// Stands before the C library's, and does the same.
extern "C" [[gnu::weak]] int fsync(int descriptor) {
    if (support::before_fsync) support::before_fsync(descriptor);
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}
#endif
