// Of the headers of C, POSIX and GCC. (See hostile.hpp.)
#pragma once

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
