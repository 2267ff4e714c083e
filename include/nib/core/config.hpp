// The version, the inline namespace, and every macro that nib defines.
//
// All names live in `namespace nib`, inside an inline namespace that carries the version and the instruction set that
// the build's own flags assume: two translation units built with different flags then never share a weak symbol, so
// the linker cannot pick an AVX-512 copy of a function for a unit that must run without it.
#pragma once

#define NIB_VERSION_MAJOR 0
#define NIB_VERSION_MINOR 1
#define NIB_VERSION_PATCH 0
#define NIB_VERSION_STRING "0.1.0"

#if defined(__AVX512F__) && defined(__AVX2__) && defined(__FMA__)
#define NIB_ABI v0_1_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define NIB_ABI v0_1_avx2
#else
#define NIB_ABI v0_1_base
#endif

// GCC and Clang: the compiler's portable vector types, and functions that must be inlined into the function whose
// instruction set they are to use.
#if defined(__GNUC__)
#define NIB_ALWAYS_INLINE [[gnu::always_inline]] inline
#define NIB_LAMBDA_ALWAYS_INLINE __attribute__((always_inline))
#else
#define NIB_ALWAYS_INLINE inline
#define NIB_LAMBDA_ALWAYS_INLINE
#endif

// Unrolls the loop that follows completely; its bounds are constants.
#if defined(__clang__)
#define NIB_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define NIB_UNROLL _Pragma("GCC unroll 32")
#else
#define NIB_UNROLL
#endif
