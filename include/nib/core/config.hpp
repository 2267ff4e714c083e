// The version, the inline namespace, and every macro that nib defines.
//
// All names live in `namespace nib`, inside an inline namespace that carries the version and those of the build's flags
// that change code most: the instruction set, exceptions and fast arithmetic. Translation units that differ in them
// never share a weak symbol, so the linker cannot pick an AVX-512 copy of a function for a unit that must run without
// it.
#pragma once

#define NIB_VERSION_MAJOR 0
#define NIB_VERSION_MINOR 1
#define NIB_VERSION_PATCH 0
#define NIB_VERSION_STRING "0.1.0"

#if defined(__AVX512F__) && defined(__AVX2__) && defined(__FMA__)
#define NIB_ABI_ISA _avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define NIB_ABI_ISA _avx2
#elif defined(__AVX__) && defined(__FMA__)
#define NIB_ABI_ISA _avx_fma
#elif defined(__AVX__)
#define NIB_ABI_ISA _avx
#else
#define NIB_ABI_ISA _base
#endif

#if defined(__cpp_exceptions)
#define NIB_ABI_EXCEPTIONS
#else
#define NIB_ABI_EXCEPTIONS _noexceptions
#endif

#if defined(__FAST_MATH__)
#define NIB_ABI_MATH _fastmath
#else
#define NIB_ABI_MATH
#endif

#define NIB_JOIN_EXPANDED(a, b, c, d) a##b##c##d
#define NIB_JOIN(a, b, c, d) NIB_JOIN_EXPANDED(a, b, c, d)
#define NIB_ABI NIB_JOIN(v0_1, NIB_ABI_ISA, NIB_ABI_EXCEPTIONS, NIB_ABI_MATH)

// The compiled library (README, "Compile times"). NIB_COMPILED: this program links it, so what it holds is only
// declared here. NIB_COMPILING, which <nib/compiled.hpp> defines: this unit is it.
//
//   NIB_API        before a function that the library holds; its body follows where NIB_BODIES is 1
//   NIB_BODIES     whether this unit sees bodies. A program that links the library can ask for them all the same
//                  (NIB_BODIES=1), as tests do that look inside.
//   NIB_TEMPLATE   before each template that the library holds, behind its definition; without the library there is no
//                  such word
#if defined(NIB_COMPILING)
#define NIB_TEMPLATE template
#define NIB_BODIES 1
#define NIB_API
#elif defined(NIB_COMPILED)
#define NIB_TEMPLATE extern template
#if !defined(NIB_BODIES)
#define NIB_BODIES 0
#endif
#else
#define NIB_BODIES 1
#endif
#if !defined(NIB_API)
#if NIB_BODIES
#define NIB_API inline
#else
#define NIB_API
#endif
#endif

// Whether kernels are compiled for several instruction sets and chosen at run time.
#if defined(__GNUC__) && defined(__x86_64__)
#define NIB_X86_DISPATCH 1
#else
#define NIB_X86_DISPATCH 0
#endif

// Whether files have permissions, links and fsync. (MinGW has the headers, not what they promise.)
#if !defined(_WIN32) && __has_include(<unistd.h>) && __has_include(<sys/stat.h>)
#define NIB_POSIX_FILES 1
#else
#define NIB_POSIX_FILES 0
#endif

// Whether threads are POSIX's: the standard's <thread> takes longer to parse than all of nib.
#if __has_include(<pthread.h>)
#define NIB_PTHREADS 1
#else
#define NIB_PTHREADS 0
#endif

#if !defined(__GNUC__)
#error "nib's kernels are written in the vector types of GCC and Clang"
#endif

// Functions that must be inlined into the function whose instruction set they are to use.
#define NIB_ALWAYS_INLINE [[gnu::always_inline]] inline
#define NIB_LAMBDA_ALWAYS_INLINE __attribute__((always_inline))

// Unrolls the loop that follows completely; its bounds are constants.
#if defined(__clang__)
#define NIB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NIB_UNROLL _Pragma("GCC unroll 32")
#endif
