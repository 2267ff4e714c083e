// All of nib and its compiled library, behind the macros.
#include "hostile.hpp"
//
#include <nib/compiled.hpp>
