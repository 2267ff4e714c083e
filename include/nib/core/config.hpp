// The version, the inline namespace, and the macros that all rooms use.
//
// All names live in `namespace nib`, inside an inline namespace that carries the version and the build's flags
// (abi.hpp); only Error stands outside of it (error.hpp).
#pragma once

#if !defined(__GNUC__)
#error "nib's kernels are written in the vector types of GCC and Clang"
#endif

// A file that is not there ends the compilation, before a message about each thing that an older C++ does not know.
#if __cplusplus <= 201703L
#error "nib needs C++20: compile with -std=c++20"
#include "stop: nib needs C++20"
#endif

#include <nib/core/detail/abi.hpp>

#define NIB_VERSION_MAJOR 0
#define NIB_VERSION_MINOR 1
#define NIB_VERSION_PATCH 0
#define NIB_VERSION_STRING "0.1.0"

// The compiled library (include/nib/README.md, "Compile times"). A program that links it defines NIB_COMPILED and sees
// declarations alone; <nib/compiled.hpp>, which defines NIB_COMPILING, makes the one unit that holds the bodies.
//
// Bodies that are worth hiding stand at the end of a header, with the includes that they alone need, below
// `#if NIB_BODIES`. There a function that programs call, or tests, is marked NIB_API, and all others `inline`.
// Declarations carry neither, and templates no mark. What the library instantiates is listed in compiled_templates.hpp,
// the one header with `extern template`. A header in a detail/ folder that only bodies include is written as if there
// were no library.
#if defined(NIB_COMPILING)
#define NIB_API
#else
#define NIB_API inline
#endif
#if defined(NIB_COMPILED) && !defined(NIB_COMPILING)
#define NIB_BODIES 0
#else
#define NIB_BODIES 1
#endif

// Whether kernels are compiled for several instruction sets and chosen at run time. Not by GCC for Windows, which may
// put vectors of 32 bytes on a stack that is aligned to 16 and then crash; where a build of it is known to move them
// unaligned, -DNIB_X86_DISPATCH=1 asks for the fast kernels.
#if !defined(NIB_X86_DISPATCH)
#if defined(__x86_64__) && !(defined(_WIN32) && !defined(__clang__))
#define NIB_X86_DISPATCH 1
#else
#define NIB_X86_DISPATCH 0
#endif
#endif

// Whether files have permissions, links and fsync. (MinGW and WASI have the headers, not what they promise.)
#if !defined(_WIN32) && !defined(__wasi__) && __has_include(<unistd.h>) && __has_include(<sys/stat.h>)
#define NIB_POSIX_FILES 1
#else
#define NIB_POSIX_FILES 0
#endif

// Whether there are threads at all; without them a ThreadPool has the caller's alone. (WASI says so by a flag: another
// system's headers may lie on the path of its compiler.)
#if !defined(NIB_THREADS)
#if defined(__wasi__) && !defined(_REENTRANT)
#define NIB_THREADS 0
#else
#define NIB_THREADS 1
#endif
#endif

// For a variable of which each thread has its own.
#if NIB_THREADS
#define NIB_THREAD_LOCAL thread_local
#else
#define NIB_THREAD_LOCAL static
#endif

// Whether threads are POSIX's; <thread>, which is expensive to include, stands in where there are none.
#if NIB_THREADS && __has_include(<pthread.h>)
#define NIB_PTHREADS 1
#else
#define NIB_PTHREADS 0
#endif

// Whether a process can become two, of which one has a single thread.
#if NIB_PTHREADS && !defined(_WIN32)
#define NIB_FORK 1
#else
#define NIB_FORK 0
#endif

// What programs and their shared libraries have in common even where symbols are hidden (-fvisibility=hidden): on some
// systems an exception is otherwise caught by the library that threw it alone.
#if defined(_WIN32)
#define NIB_VISIBLE
#else
#define NIB_VISIBLE [[gnu::visibility("default")]]
#endif

// Functions that must be inlined into the function whose instruction set they are to use. They are not instrumented
// (-finstrument-functions): that takes their address, and so makes a function of their own for the baseline.
#define NIB_ALWAYS_INLINE [[gnu::always_inline, gnu::no_instrument_function]] inline
#define NIB_LAMBDA_ALWAYS_INLINE __attribute__((always_inline, no_instrument_function))

// Unrolls the loop that follows completely; its bounds are constants.
#if defined(__clang__)
#define NIB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NIB_UNROLL _Pragma("GCC unroll 32")
#endif
