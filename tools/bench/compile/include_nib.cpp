// Includes all that trains, predicts, saves and loads, and uses nothing.
#include <nib/nib.hpp>
