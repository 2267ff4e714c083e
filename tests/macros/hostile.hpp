// Macros that headers of C, POSIX, Windows, X11, macOS and Arduino define, and other libraries with them. Here they
// stand for nothing that compiles, so that nib shows that it uses none of their names.
#pragma once

// What nib includes, which is not to see the macros.
#include <array>
#include <bit>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <climits>
#include <clocale>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <limits>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>
#include <version>

#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#endif
#if __has_include(<pthread.h>)
#include <pthread.h>
#include <sched.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define NIB_HOSTILE macro of another header !

#include "apple.hpp"
#include "arduino.hpp"
#include "c.hpp"
#include "libraries.hpp"
#include "windows.hpp"
#include "x11.hpp"
