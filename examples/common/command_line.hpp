// CommandLine: what every example program does around its work. It declares the options, reads the command line, and
// turns whatever goes wrong into one line on standard error and an exit status:
//
//   0  success; --help, on standard output
//   1  bad input: a nib::Error, no memory, standard output that cannot be written
//   2  wrong usage: an unknown option, a missing value, a number that is none or out of range, an output that is one of
//      the inputs
//   130 after Ctrl-C, 143 after SIGTERM, where the program looks for them (interrupt.hpp)
//
// A reader of standard output that has gone is a failure like any other, no signal; a program that prints for long
// calls check_output(), so that it does not work for nobody.
//
//     int epochs = 4;
//     CommandLine line{"train", "Trains a network on handwritten digits."};
//     line.option("--epochs", "N", "times through the training images", epochs, 1, 1000);
//     return line.run(argc, argv, [&] { train(epochs); });
//
// A value follows its option or an equals sign (--epochs 9, --epochs=9); of an option given twice the last counts;
// after -- everything is an argument. Numbers do not depend on the locale. --help shows as default what the variable
// held when it was declared.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace examples {

// Thrown for wrong usage, here and by programs whose options depend on one another.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A word for a command line that is to be copied: in quotes where a shell would change it.
std::string shell_word(const std::string& word);

// Throws where what was printed cannot reach standard output.
void check_output(std::FILE* out = stdout);

class CommandLine {
public:
    CommandLine(std::string_view program, std::string_view description);
    CommandLine(CommandLine&& other) noexcept;
    ~CommandLine();

    // A number from low to high, both allowed. T: int, std::size_t or double.
    template <class T>
    void option(std::string_view name, std::string_view value, std::string_view help, T& destination,
                std::type_identity_t<T> low, std::type_identity_t<T> high);

    // The same, and nothing until it is given.
    template <class T>
    void option(std::string_view name, std::string_view value, std::string_view help, std::optional<T>& destination,
                std::type_identity_t<T> low, std::type_identity_t<T> high);

    // Numbers from low to high with commas between them.
    template <class T>
    void option(std::string_view name, std::string_view value, std::string_view help, std::vector<T>& destination,
                std::type_identity_t<T> low, std::type_identity_t<T> high);

    // Any text but an empty one, so that an empty string can mean "not given".
    void option(std::string_view name, std::string_view value, std::string_view help, std::string& destination);

    // One word of a list.
    void option(std::string_view name, std::string_view value, std::string_view help, std::string& destination,
                std::vector<std::string> words);

    // False until it is given.
    void flag(std::string_view name, std::string_view help, bool& destination);

    // Arguments are taken in the order in which they are declared, and none may be missing.
    void argument(std::string_view name, std::string_view help, std::string& destination);
    // One or more, up to the end of the command line; declared last.
    void arguments(std::string_view name, std::string_view help, std::vector<std::string>& destination);

    // Reads the command line and runs `program`; returns the exit status.
    int run(int argc, const char* const* argv, const std::function<void()>& program, std::FILE* out = stdout,
            std::FILE* err = stderr);

    // Of an option that was declared: whether it is on the command line, what it holds, spelled as it is given ("yes"
    // or "no" for a flag), and a way to set it from such a text. set() throws UsageError as for a command line.
    bool given(std::string_view name) const;
    std::string value(std::string_view name) const;
    void set(std::string_view name, std::string_view text);

    // What --help prints.
    std::string help() const;

private:
    using Setter = std::function<void(const std::string& option, std::string_view text)>;
    using Getter = std::function<std::string()>;
    struct Option;
    struct Argument;

    void add(std::string_view name, std::string_view value, std::string_view help, Getter get, Setter set);

    // False when help is asked for.
    bool parse(const std::vector<std::string>& words);

    // How many words beyond its own the option took.
    std::size_t parse_option(const std::string& word, const std::string* next);

    const Option& find(std::string_view name) const;
    void place(const std::vector<std::string>& words) const;

    static std::string spelling(const Option& option);
    int complain(std::FILE* err, const std::string& message, int status) const;

    std::string program_;
    std::string description_;
    std::vector<Option> options_;
    std::vector<Argument> arguments_;
};

}  // namespace examples
