// What the test's program needs of the board, through a debugger's semihosting: text, an exit status, and how much of
// the stack was used.
#pragma once

#include <cstddef>

namespace board {

// The program, which main.cpp defines, and its exit status. (main() itself may not be called in C++.)
int run();

void print(const char* text);
void print(std::size_t number);
[[noreturn]] void exit(int status);

// Bytes of the stack that were written since the program started.
std::size_t stack_used();

}  // namespace board
