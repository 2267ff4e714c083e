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

// As Windows defines them.
#undef min
#undef max
#define min(a, b) NIB_HOSTILE
#define max(a, b) NIB_HOSTILE

// <complex.h>, <math.h>, <fenv.h>.
#undef I
#define I NIB_HOSTILE
#undef complex
#define complex NIB_HOSTILE
#undef imaginary
#define imaginary NIB_HOSTILE
#undef isnan
#define isnan NIB_HOSTILE
#undef isinf
#define isinf NIB_HOSTILE
#undef isfinite
#define isfinite NIB_HOSTILE
#undef isnormal
#define isnormal NIB_HOSTILE
#undef signbit
#define signbit NIB_HOSTILE
#undef fpclassify
#define fpclassify NIB_HOSTILE
#undef HUGE
#define HUGE NIB_HOSTILE
#undef DOMAIN
#define DOMAIN NIB_HOSTILE
#undef SING
#define SING NIB_HOSTILE
#undef OVERFLOW
#define OVERFLOW NIB_HOSTILE
#undef UNDERFLOW
#define UNDERFLOW NIB_HOSTILE
#undef PLOSS
#define PLOSS NIB_HOSTILE
#undef TLOSS
#define TLOSS NIB_HOSTILE

// <termios.h>, <sys/sysmacros.h>, <sys/param.h>, <signal.h>, <netdb.h>.
#undef B0
#define B0 NIB_HOSTILE
#undef B50
#define B50 NIB_HOSTILE
#undef B9600
#define B9600 NIB_HOSTILE
#undef CR1
#define CR1 NIB_HOSTILE
#undef NL1
#define NL1 NIB_HOSTILE
#undef TAB1
#define TAB1 NIB_HOSTILE
#undef BS1
#define BS1 NIB_HOSTILE
#undef VT1
#define VT1 NIB_HOSTILE
#undef FF1
#define FF1 NIB_HOSTILE
#undef CS5
#define CS5 NIB_HOSTILE
#undef ECHO
#define ECHO NIB_HOSTILE
#undef NCCS
#define NCCS NIB_HOSTILE
#undef major
#define major NIB_HOSTILE
#undef minor
#define minor NIB_HOSTILE
#undef makedev
#define makedev NIB_HOSTILE
#undef howmany
#define howmany NIB_HOSTILE
#undef roundup
#define roundup NIB_HOSTILE
#undef powerof2
#define powerof2 NIB_HOSTILE
#undef MIN
#define MIN NIB_HOSTILE
#undef MAX
#define MAX NIB_HOSTILE
#undef NBBY
#define NBBY NIB_HOSTILE
#undef sa_handler
#define sa_handler NIB_HOSTILE
#undef si_pid
#define si_pid NIB_HOSTILE
#undef s_addr
#define s_addr NIB_HOSTILE
#undef h_addr
#define h_addr NIB_HOSTILE
#undef st_atime
#define st_atime NIB_HOSTILE
#undef minherit
#define minherit NIB_HOSTILE

// <ctype.h> of some C libraries.
#undef _A
#define _A NIB_HOSTILE
#undef _B
#define _B NIB_HOSTILE
#undef _C
#define _C NIB_HOSTILE
#undef _D
#define _D NIB_HOSTILE
#undef _E
#define _E NIB_HOSTILE
#undef _F
#define _F NIB_HOSTILE
#undef _I
#define _I NIB_HOSTILE
#undef _L
#define _L NIB_HOSTILE
#undef _N
#define _N NIB_HOSTILE
#undef _P
#define _P NIB_HOSTILE
#undef _S
#define _S NIB_HOSTILE
#undef _U
#define _U NIB_HOSTILE
#undef _W
#define _W NIB_HOSTILE
#undef _X
#define _X NIB_HOSTILE
#undef _T
#define _T NIB_HOSTILE

// GCC's own in its GNU modes.
#undef linux
#define linux NIB_HOSTILE
#undef unix
#define unix NIB_HOSTILE
#undef i386
#define i386 NIB_HOSTILE
#undef vax
#define vax NIB_HOSTILE
#undef mips
#define mips NIB_HOSTILE
#undef arm
#define arm NIB_HOSTILE

// <windows.h>.
#undef ERROR
#define ERROR NIB_HOSTILE
#undef NO_ERROR
#define NO_ERROR NIB_HOSTILE
#undef near
#define near NIB_HOSTILE
#undef far
#define far NIB_HOSTILE
#undef small
#define small NIB_HOSTILE
#undef hyper
#define hyper NIB_HOSTILE
#undef pascal
#define pascal NIB_HOSTILE
#undef cdecl
#define cdecl NIB_HOSTILE
#undef interface
#define interface NIB_HOSTILE
#undef uuid
#define uuid NIB_HOSTILE
#undef IN
#define IN NIB_HOSTILE
#undef OUT
#define OUT NIB_HOSTILE
#undef OPTIONAL
#define OPTIONAL NIB_HOSTILE
#undef CONST
#define CONST NIB_HOSTILE
#undef VOID
#define VOID NIB_HOSTILE
#undef CALLBACK
#define CALLBACK NIB_HOSTILE
#undef STRICT
#define STRICT NIB_HOSTILE
#undef DELETE
#define DELETE NIB_HOSTILE
#undef TEXT
#define TEXT NIB_HOSTILE
#undef TRUE
#define TRUE NIB_HOSTILE
#undef FALSE
#define FALSE NIB_HOSTILE
#undef BOOL
#define BOOL NIB_HOSTILE
#undef THIS
#define THIS NIB_HOSTILE
#undef IGNORE
#define IGNORE NIB_HOSTILE
#undef INFINITE
#define INFINITE NIB_HOSTILE
#undef ABSOLUTE
#define ABSOLUTE NIB_HOSTILE
#undef RELATIVE
#define RELATIVE NIB_HOSTILE
#undef TRANSPARENT
#define TRANSPARENT NIB_HOSTILE
#undef OPAQUE
#define OPAQUE NIB_HOSTILE
#undef DIFFERENCE
#define DIFFERENCE NIB_HOSTILE
#undef PASSTHROUGH
#define PASSTHROUGH NIB_HOSTILE
#undef Yield
#define Yield NIB_HOSTILE
#undef GetObject
#define GetObject NIB_HOSTILE
#undef CreateFile
#define CreateFile NIB_HOSTILE
#undef LoadImage
#define LoadImage NIB_HOSTILE
#undef SendMessage
#define SendMessage NIB_HOSTILE
#undef DrawText
#define DrawText NIB_HOSTILE
#undef GetMessage
#define GetMessage NIB_HOSTILE
#undef GetCurrentTime
#define GetCurrentTime NIB_HOSTILE
#undef SearchPath
#define SearchPath NIB_HOSTILE
#undef rad1
#define rad1 NIB_HOSTILE
#undef grp1
#define grp1 NIB_HOSTILE
#undef MAX_PATH
#define MAX_PATH NIB_HOSTILE
#undef EXPORT
#define EXPORT NIB_HOSTILE
#undef IMPORT
#define IMPORT NIB_HOSTILE

// X11.
#undef Yes
#define Yes NIB_HOSTILE
#undef No
#define No NIB_HOSTILE
#undef None
#define None NIB_HOSTILE
#undef Success
#define Success NIB_HOSTILE
#undef Status
#define Status NIB_HOSTILE
#undef Bool
#define Bool NIB_HOSTILE
#undef True
#define True NIB_HOSTILE
#undef False
#define False NIB_HOSTILE
#undef Always
#define Always NIB_HOSTILE
#undef Never
#define Never NIB_HOSTILE
#undef Above
#define Above NIB_HOSTILE
#undef Below
#define Below NIB_HOSTILE
#undef Opposite
#define Opposite NIB_HOSTILE
#undef Unsorted
#define Unsorted NIB_HOSTILE
#undef Complex
#define Complex NIB_HOSTILE
#undef Convex
#define Convex NIB_HOSTILE
#undef Nonconvex
#define Nonconvex NIB_HOSTILE
#undef CurrentTime
#define CurrentTime NIB_HOSTILE
#undef KeyPress
#define KeyPress NIB_HOSTILE
#undef FocusIn
#define FocusIn NIB_HOSTILE
#undef FocusOut
#define FocusOut NIB_HOSTILE
#undef Expose
#define Expose NIB_HOSTILE
#undef ControlMask
#define ControlMask NIB_HOSTILE
#undef DestroyAll
#define DestroyAll NIB_HOSTILE
#undef Button1
#define Button1 NIB_HOSTILE
#undef CursorShape
#define CursorShape NIB_HOSTILE
#undef ScreenCount
#define ScreenCount NIB_HOSTILE
#undef AnyKey
#define AnyKey NIB_HOSTILE
#undef GrayScale
#define GrayScale NIB_HOSTILE
#undef PseudoColor
#define PseudoColor NIB_HOSTILE
#undef Absolute
#define Absolute NIB_HOSTILE

// MacOS.
#undef check
#define check NIB_HOSTILE
#undef verify
#define verify NIB_HOSTILE
#undef require
#define require NIB_HOSTILE
#undef check_string
#define check_string NIB_HOSTILE
#undef verify_noerr
#define verify_noerr NIB_HOSTILE
#undef require_action
#define require_action NIB_HOSTILE
#undef nil
#define nil NIB_HOSTILE
#undef Nil
#define Nil NIB_HOSTILE
#undef YES
#define YES NIB_HOSTILE
#undef NO
#define NO NIB_HOSTILE

// Arduino.
#undef F
#define F(...) NIB_HOSTILE
#undef HIGH
#define HIGH NIB_HOSTILE
#undef LOW
#define LOW NIB_HOSTILE
#undef INPUT
#define INPUT NIB_HOSTILE
#undef OUTPUT
#define OUTPUT NIB_HOSTILE
#undef DEFAULT
#define DEFAULT NIB_HOSTILE
#undef EXTERNAL
#define EXTERNAL NIB_HOSTILE
#undef INTERNAL
#define INTERNAL NIB_HOSTILE
#undef PI
#define PI NIB_HOSTILE
#undef HALF_PI
#define HALF_PI NIB_HOSTILE
#undef TWO_PI
#define TWO_PI NIB_HOSTILE
#undef SERIAL
#define SERIAL NIB_HOSTILE
#undef DISPLAY
#define DISPLAY NIB_HOSTILE
#undef sq
#define sq(...) NIB_HOSTILE
#undef abs
#define abs(...) NIB_HOSTILE
#undef round
#define round(...) NIB_HOSTILE
#undef radians
#define radians(...) NIB_HOSTILE
#undef degrees
#define degrees(...) NIB_HOSTILE
#undef constrain
#define constrain NIB_HOSTILE
#undef bit
#define bit(...) NIB_HOSTILE
#undef bitRead
#define bitRead NIB_HOSTILE
#undef bitSet
#define bitSet NIB_HOSTILE
#undef bitClear
#define bitClear NIB_HOSTILE
#undef bitWrite
#define bitWrite NIB_HOSTILE
#undef lowByte
#define lowByte NIB_HOSTILE
#undef highByte
#define highByte NIB_HOSTILE
#undef interrupts
#define interrupts NIB_HOSTILE
#undef noInterrupts
#define noInterrupts NIB_HOSTILE
#undef cbi
#define cbi NIB_HOSTILE
#undef sbi
#define sbi NIB_HOSTILE
#undef _BV
#define _BV NIB_HOSTILE
#undef PROGMEM
#define PROGMEM NIB_HOSTILE
#undef DEC
#define DEC NIB_HOSTILE
#undef HEX
#define HEX NIB_HOSTILE
#undef OCT
#define OCT NIB_HOSTILE
#undef BIN
#define BIN NIB_HOSTILE
#undef A0
#define A0 NIB_HOSTILE
#undef D0
#define D0 NIB_HOSTILE
#undef D1
#define D1 NIB_HOSTILE
#undef SS
#define SS NIB_HOSTILE

// Other libraries.
#undef CHECK
#define CHECK NIB_HOSTILE
#undef CHECK_EQ
#define CHECK_EQ NIB_HOSTILE
#undef LOG
#define LOG NIB_HOSTILE
#undef DLOG
#define DLOG NIB_HOSTILE
#undef VLOG
#define VLOG NIB_HOSTILE
#undef DCHECK
#define DCHECK NIB_HOSTILE
#undef FATAL
#define FATAL NIB_HOSTILE
#undef INFO
#define INFO NIB_HOSTILE
#undef WARNING
#define WARNING NIB_HOSTILE
#undef DEBUG
#define DEBUG NIB_HOSTILE
#undef PANIC
#define PANIC NIB_HOSTILE
#undef NOTICE
#define NOTICE NIB_HOSTILE
#undef emit
#define emit NIB_HOSTILE
#undef signals
#define signals NIB_HOSTILE
#undef slots
#define slots NIB_HOSTILE
#undef foreach
#define foreach NIB_HOSTILE
#undef forever
#define forever NIB_HOSTILE
#undef TEST
#define TEST NIB_HOSTILE
#undef FAIL
#define FAIL NIB_HOSTILE
#undef SUCCEED
#define SUCCEED NIB_HOSTILE
#undef REQUIRE
#define REQUIRE NIB_HOSTILE
#undef MESSAGE
#define MESSAGE NIB_HOSTILE
#undef ASSERT
#define ASSERT NIB_HOSTILE
#undef UNUSED
#define UNUSED NIB_HOSTILE
#undef PACKED
#define PACKED NIB_HOSTILE
#undef ALIGN
#define ALIGN NIB_HOSTILE
#undef INLINE
#define INLINE NIB_HOSTILE
#undef FORCEINLINE
#define FORCEINLINE NIB_HOSTILE
#undef RESTRICT
#define RESTRICT NIB_HOSTILE
#undef LIKELY
#define LIKELY NIB_HOSTILE
#undef UNLIKELY
#define UNLIKELY NIB_HOSTILE
#undef OK
#define OK NIB_HOSTILE
#undef ERR
#define ERR NIB_HOSTILE
#undef EOFS
#define EOFS NIB_HOSTILE
#undef OF
#define OF NIB_HOSTILE
#undef ZEXPORT
#define ZEXPORT NIB_HOSTILE
#undef SIZE
#define SIZE NIB_HOSTILE
#undef COUNT
#define COUNT NIB_HOSTILE
#undef LENGTH
#define LENGTH NIB_HOSTILE
#undef RED
#define RED NIB_HOSTILE
#undef GREEN
#define GREEN NIB_HOSTILE
#undef BLUE
#define BLUE NIB_HOSTILE
#undef WIDTH
#define WIDTH NIB_HOSTILE
#undef HEIGHT
#define HEIGHT NIB_HOSTILE
