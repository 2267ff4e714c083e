// Text that a program did not write itself (paths, names in files), made safe to print on one line of a terminal.
#pragma once

#include <string>
#include <string_view>

namespace examples {

// UTF-8 stays as it is. Escapes take the place of control characters, of line separators, of what turns the direction
// of writing round, and of bytes that are no UTF-8: \n, \t, \r, \x1b, \u202e. A backslash stays, so that a path can be
// copied; text that is printable comes back unchanged.
std::string printable(std::string_view text);

}  // namespace examples
