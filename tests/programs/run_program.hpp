// Runs the example programs as a user does, and reads what they print.
#pragma once

#include "../support.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace programs {

using support::contains;
using support::sanitized;
using support::TemporaryDirectory;

#if defined(__linux__)
inline constexpr bool can_limit_memory = !sanitized;  // the sanitizers' own maps take terabytes of addresses
#else
inline constexpr bool can_limit_memory = false;
#endif

using Words = std::vector<std::string>;

struct Outcome {
    int status = -1;  // -1: ended by a signal
    std::string out;
    std::string err;
};

// How the shell starts a program.
struct Shell {
    std::string before;  // commands before it, each with what separates it from the next
    std::string out;     // a redirection of standard output; "": to Outcome::out
};

std::string quoted(const std::string& word);

Outcome run(const std::string& program, const Words& arguments, const Shell& shell = {});

// What a program that succeeds prints; it has nothing to say on standard error.
std::string results(const std::string& program, const Words& arguments);

// What a program that refuses its input (exit status 1) says after its name, in one line; it prints no results.
std::string refusal(const std::string& program, const Words& arguments, const Shell& shell = {});

// The same of wrong usage (exit status 2), without the hint at the end.
std::string misuse(const std::string& program, const Words& arguments);

Words lines_of(const std::string& text);

// Between one space or several.
Words words_of(const std::string& line);

Words without_seconds(Words lines);

// In a form '#' stands for a digit and '*' for one or more of them.
bool has_form(std::string_view text, std::string_view form);

double number(const std::string& text);

std::string four_digits(double value);

std::string accuracy_line(std::size_t correct, std::size_t total);

// The correct answers of `total` that the last line of train and evaluate has.
std::size_t correct_of(const std::string& line, std::size_t total);

// The names of a folder's files, in order.
Words files_in(const std::string& folder);

struct BadInput {
    std::string content;
    std::string message;  // after the file's name
};

}  // namespace programs
