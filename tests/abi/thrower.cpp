#include <nib/core/error.hpp>

void throw_error() { nib::fail("thrown by another unit"); }
