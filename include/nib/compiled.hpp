// The compiled library: one source file of a program includes this, before any other header of nib, and all others are
// compiled with NIB_COMPILED defined. They compile in a fraction of the time, to the same code.
//
// With CMake, link nib::compiled and do neither.
#pragma once

#if defined(NIB_VERSION_MAJOR)
#error "nib/compiled.hpp comes before all other headers of nib"
#endif
#define NIB_COMPILING

#include <nib/all.hpp>
