// NIB_ABI: the name of the inline namespace that holds nib. It carries the version and every flag of the build that
// changes code: v0_1_base without any, v0_1_avx2_popcnt_fma with -mavx2 -mfma.
//
// Translation units that differ in such flags never share a weak symbol. So the linker cannot pick the AVX-512 copy of
// a function for a unit that must run without it, nor one that takes all numbers for finite.
#pragma once

#include <version>  // says which strings the standard library has

// NIB_ABI_IF(flag, text) is `text` where the macro `flag` is 1, and nothing where it is not defined.
#define NIB_ABI_ON_1 ,
#define NIB_ABI_IF(flag, text) NIB_ABI_IF_VALUE(flag, text)
#define NIB_ABI_IF_VALUE(value, text) NIB_ABI_SECOND(NIB_ABI_ON_##value text, , )
#define NIB_ABI_SECOND(...) NIB_ABI_SECOND_OF(__VA_ARGS__)
#define NIB_ABI_SECOND_OF(first, second, ...) second

// 1 where `flags`, as NIB_ABI_JOIN joins them, are nothing, and 0 elsewhere.
#define NIB_ABI_NOTHING_ ,
#define NIB_ABI_IS_EMPTY(flags) NIB_ABI_IS_EMPTY_EXPANDED(flags)
#define NIB_ABI_IS_EMPTY_EXPANDED(flags) NIB_ABI_SECOND(NIB_ABI_NOTHING_##flags 1, 0, )

#define NIB_ABI_JOIN(a, b, c, d, e, f, g, h) NIB_ABI_JOIN_EXPANDED(a, b, c, d, e, f, g, h)
#define NIB_ABI_JOIN_EXPANDED(a, b, c, d, e, f, g, h) a##b##c##d##e##f##g##h

// x86's levels, each of which has all those below it. `base` is what every machine of the architecture has.
#if defined(__AVX512F__)
#define NIB_ABI_LEVEL _avx512
#elif defined(__AVX2__)
#define NIB_ABI_LEVEL _avx2
#elif defined(__AVX__)
#define NIB_ABI_LEVEL _avx
#elif defined(__SSE4_2__)
#define NIB_ABI_LEVEL _sse42
#elif defined(__SSE4_1__)
#define NIB_ABI_LEVEL _sse41
#elif defined(__SSSE3__)
#define NIB_ABI_LEVEL _ssse3
#elif defined(__SSE3__)
#define NIB_ABI_LEVEL _sse3
#elif (defined(__x86_64__) || defined(__i386__)) && !defined(__SSE2__)
#define NIB_ABI_LEVEL _nosse2
#else
#define NIB_ABI_LEVEL _base
#endif

// Single features of x86. Those without instructions that a compiler would choose by itself (AES, SHA and so on) make
// no difference to nib.
#define NIB_ABI_SCALAR                                                                                      \
    NIB_ABI_JOIN(NIB_ABI_IF(__POPCNT__, _popcnt), NIB_ABI_IF(__LZCNT__, _lzcnt), NIB_ABI_IF(__BMI__, _bmi), \
                 NIB_ABI_IF(__BMI2__, _bmi2), NIB_ABI_IF(__MOVBE__, _movbe), NIB_ABI_IF(__TBM__, _tbm),     \
                 NIB_ABI_IF(__PRFCHW__, _prfchw), NIB_ABI_IF(__APX_F__, _apx))
#define NIB_ABI_VECTOR                                                                                \
    NIB_ABI_JOIN(NIB_ABI_IF(__FMA__, _fma), NIB_ABI_IF(__F16C__, _f16c), NIB_ABI_IF(__FMA4__, _fma4), \
                 NIB_ABI_IF(__XOP__, _xop), NIB_ABI_IF(__SSE4A__, _sse4a), NIB_ABI_IF(__GFNI__, _gfni), , )
#define NIB_ABI_AVX                                                                              \
    NIB_ABI_JOIN(NIB_ABI_IF(__AVXVNNI__, _avxvnni), NIB_ABI_IF(__AVXVNNIINT8__, _avxvnniint8),   \
                 NIB_ABI_IF(__AVXVNNIINT16__, _avxvnniint16), NIB_ABI_IF(__AVXIFMA__, _avxifma), \
                 NIB_ABI_IF(__AVXNECONVERT__, _avxneconvert), NIB_ABI_IF(__AVX10_1__, _avx10_1), \
                 NIB_ABI_IF(__AVX10_2__, _avx10_2), )
#define NIB_ABI_AVX512                                                                                        \
    NIB_ABI_JOIN(NIB_ABI_IF(__AVX512CD__, _cd), NIB_ABI_IF(__AVX512BW__, _bw), NIB_ABI_IF(__AVX512DQ__, _dq), \
                 NIB_ABI_IF(__AVX512VL__, _vl), NIB_ABI_IF(__AVX512ER__, _er), NIB_ABI_IF(__AVX512PF__, _pf), \
                 NIB_ABI_IF(__AVX512VPOPCNTDQ__, _vpopcntdq), NIB_ABI_IF(__AVX512VP2INTERSECT__, _vp2intersect))
#define NIB_ABI_AVX512_MORE                                                                \
    NIB_ABI_JOIN(NIB_ABI_IF(__AVX512IFMA__, _ifma), NIB_ABI_IF(__AVX512VBMI__, _vbmi),     \
                 NIB_ABI_IF(__AVX512VBMI2__, _vbmi2), NIB_ABI_IF(__AVX512VNNI__, _vnni),   \
                 NIB_ABI_IF(__AVX512BITALG__, _bitalg), NIB_ABI_IF(__AVX512BF16__, _bf16), \
                 NIB_ABI_IF(__AVX512FP16__, _fp16), )

// Single features of Arm, and the vectors of WebAssembly and POWER.
#define NIB_ABI_ARM                                                                                  \
    NIB_ABI_JOIN(NIB_ABI_IF(__ARM_NEON, _neon), NIB_ABI_IF(__ARM_FEATURE_FMA, _fma),                 \
                 NIB_ABI_IF(__ARM_FEATURE_IDIV, _idiv), NIB_ABI_IF(__ARM_FEATURE_ATOMICS, _lse),     \
                 NIB_ABI_IF(__ARM_FEATURE_QRDMX, _rdm), NIB_ABI_IF(__ARM_FEATURE_DOTPROD, _dotprod), \
                 NIB_ABI_IF(__ARM_FEATURE_COMPLEX, _fcma), NIB_ABI_IF(__ARM_FEATURE_JCVT, _jscvt))
#define NIB_ABI_ARM_MORE                                                                                           \
    NIB_ABI_JOIN(NIB_ABI_IF(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC, _fp16), NIB_ABI_IF(__ARM_FEATURE_FRINT, _frint), \
                 NIB_ABI_IF(__ARM_FEATURE_MATMUL_INT8, _i8mm), NIB_ABI_IF(__ARM_FEATURE_BF16, _bf16),              \
                 NIB_ABI_IF(__ARM_FEATURE_SVE, _sve), NIB_ABI_IF(__ARM_FEATURE_SVE2, _sve2),                       \
                 NIB_ABI_IF(__ARM_FEATURE_SME, _sme), )
#define NIB_ABI_OTHERS                                                                                                 \
    NIB_ABI_JOIN(NIB_ABI_IF(__wasm_simd128__, _simd128), NIB_ABI_IF(__wasm_relaxed_simd__, _relaxed),                  \
                 NIB_ABI_IF(__ALTIVEC__, _altivec), NIB_ABI_IF(__VSX__, _vsx), NIB_ABI_IF(__POWER8_VECTOR__, _power8), \
                 NIB_ABI_IF(__POWER9_VECTOR__, _power9), , )

// Arithmetic that is looser than the language's, or that heeds the rounding mode; and how char is signed.
#define NIB_ABI_MATH                                                                                       \
    NIB_ABI_JOIN(NIB_ABI_IF(__FAST_MATH__, _fastmath), NIB_ABI_IF(__FINITE_MATH_ONLY__, _finite),          \
                 NIB_ABI_IF(__NO_SIGNED_ZEROS__, _unsignedzeros), NIB_ABI_IF(__NO_MATH_ERRNO__, _noerrno), \
                 NIB_ABI_IF(__NO_TRAPPING_MATH__, _notraps), NIB_ABI_IF(__RECIPROCAL_MATH__, _reciprocal), \
                 NIB_ABI_IF(__ASSOCIATIVE_MATH__, _associative), NIB_ABI_IF(__ROUNDING_MATH__, _rounding))
#define NIB_ABI_SIGNS \
    NIB_ABI_JOIN(NIB_ABI_IF(__SUPPORT_SNAN__, _snan), NIB_ABI_IF(__CHAR_UNSIGNED__, _uchar), , , , , , )

// What is there unless a flag takes it away.
#if defined(__cpp_exceptions)
#define NIB_ABI_EXCEPTIONS
#else
#define NIB_ABI_EXCEPTIONS _noexceptions
#endif
#if defined(__cpp_rtti)
#define NIB_ABI_RTTI
#else
#define NIB_ABI_RTTI _nortti
#endif
#if defined(__cpp_threadsafe_static_init)
#define NIB_ABI_STATICS
#else
#define NIB_ABI_STATICS _nothreadsafestatics
#endif
#if defined(__i386__) || defined(__x86_64__)
#if defined(__SSE2_MATH__)
#define NIB_ABI_X87
#else
#define NIB_ABI_X87 _x87
#endif
#else
#define NIB_ABI_X87
#endif

// Modes of the standard library in which its containers have another layout.
#if defined(_GLIBCXX_DEBUG)
#define NIB_ABI_CONTAINERS _debugcontainers
#else
#define NIB_ABI_CONTAINERS
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define NIB_ABI_STRINGS _oldstrings
#else
#define NIB_ABI_STRINGS
#endif

#define NIB_ABI_FEATURES                                                                                        \
    NIB_ABI_JOIN(NIB_ABI_SCALAR, NIB_ABI_VECTOR, NIB_ABI_AVX, NIB_ABI_AVX512, NIB_ABI_AVX512_MORE, NIB_ABI_ARM, \
                 NIB_ABI_ARM_MORE, NIB_ABI_OTHERS)
#define NIB_ABI_MODES                                                                                                 \
    NIB_ABI_JOIN(NIB_ABI_EXCEPTIONS, NIB_ABI_RTTI, NIB_ABI_STATICS, NIB_ABI_X87, NIB_ABI_CONTAINERS, NIB_ABI_STRINGS, \
                 , )

// Hundreds of lines hold the name, and preprocessors put it together anew on each: what is empty in this build goes.
#if NIB_ABI_IS_EMPTY(NIB_ABI_SCALAR)
#undef NIB_ABI_SCALAR
#define NIB_ABI_SCALAR
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_VECTOR)
#undef NIB_ABI_VECTOR
#define NIB_ABI_VECTOR
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_AVX)
#undef NIB_ABI_AVX
#define NIB_ABI_AVX
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_AVX512)
#undef NIB_ABI_AVX512
#define NIB_ABI_AVX512
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_AVX512_MORE)
#undef NIB_ABI_AVX512_MORE
#define NIB_ABI_AVX512_MORE
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_ARM)
#undef NIB_ABI_ARM
#define NIB_ABI_ARM
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_ARM_MORE)
#undef NIB_ABI_ARM_MORE
#define NIB_ABI_ARM_MORE
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_OTHERS)
#undef NIB_ABI_OTHERS
#define NIB_ABI_OTHERS
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_MATH)
#undef NIB_ABI_MATH
#define NIB_ABI_MATH
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_SIGNS)
#undef NIB_ABI_SIGNS
#define NIB_ABI_SIGNS
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_FEATURES)
#undef NIB_ABI_FEATURES
#define NIB_ABI_FEATURES
#endif
#if NIB_ABI_IS_EMPTY(NIB_ABI_MODES)
#undef NIB_ABI_MODES
#define NIB_ABI_MODES
#endif

#define NIB_ABI NIB_ABI_JOIN(v0_1, NIB_ABI_LEVEL, NIB_ABI_FEATURES, NIB_ABI_MATH, NIB_ABI_SIGNS, NIB_ABI_MODES, , )
