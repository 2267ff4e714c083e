// CommandLine: what every example program does around its work. It declares the options, reads the command line, and
// turns whatever goes wrong into one line on standard error and an exit status:
//
//   0  success; --help, on standard output
//   1  bad input: a nib::Error, no memory, standard output that cannot be written
//   2  wrong usage: an unknown option, a missing value, a number that is none or out of range
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

#include <nib/core/text.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace examples {

// Thrown for wrong usage, here and by programs whose options depend on one another.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

class CommandLine {
public:
    CommandLine(std::string program, std::string description)
        : program_{std::move(program)}, description_{std::move(description)} {}

    // A number from low to high, both allowed.
    template <Number T>
    void option(std::string name, std::string value, std::string help, T& destination, std::type_identity_t<T> low,
                std::type_identity_t<T> high) {
        add(std::move(name), std::move(value), std::move(help), text_of(destination),
            [&destination, low, high](const std::string& option, std::string_view text) {
                destination = number<T>(option, text, low, high);
            });
    }

    // The same, and nothing until it is given.
    template <Number T>
    void option(std::string name, std::string value, std::string help, std::optional<T>& destination,
                std::type_identity_t<T> low, std::type_identity_t<T> high) {
        add(std::move(name), std::move(value), std::move(help), destination ? text_of(*destination) : std::string(),
            [&destination, low, high](const std::string& option, std::string_view text) {
                destination = number<T>(option, text, low, high);
            });
    }

    // Numbers from low to high with commas between them.
    template <Number T>
    void option(std::string name, std::string value, std::string help, std::vector<T>& destination,
                std::type_identity_t<T> low, std::type_identity_t<T> high) {
        std::string initial;
        for (const T& element : destination) nib::append_to_list(initial, ",", text_of(element));
        add(std::move(name), std::move(value), std::move(help), std::move(initial),
            [&destination, low, high](const std::string& option, std::string_view text) {
                destination = numbers<T>(option, text, low, high);
            });
    }

    // Any text but an empty one, so that an empty string can mean "not given".
    void option(std::string name, std::string value, std::string help, std::string& destination);

    // One word of a list.
    void option(std::string name, std::string value, std::string help, std::string& destination,
                std::vector<std::string> words);

    // False until it is given.
    void flag(std::string name, std::string help, bool& destination);

    // Arguments are taken in the order in which they are declared, and none may be missing.
    void argument(std::string name, std::string help, std::string& destination);
    // One or more, up to the end of the command line; declared last.
    void arguments(std::string name, std::string help, std::vector<std::string>& destination);

    // Reads the command line and runs `program`; returns the exit status.
    int run(int argc, const char* const* argv, const std::function<void()>& program, std::FILE* out = stdout,
            std::FILE* err = stderr) const;

    // What --help prints.
    std::string help() const;

private:
    using Setter = std::function<void(const std::string& option, std::string_view text)>;
    struct Option {
        std::string name;
        std::string value;  // how the help names it; empty for a flag
        std::string help;
        std::string initial;
        Setter set;
    };
    struct Argument {
        std::string name;
        std::string help;
        std::string* one;
        std::vector<std::string>* rest;
    };

    void add(std::string name, std::string value, std::string help, std::string initial, Setter set);

    // False when help is asked for.
    bool parse(const std::vector<std::string>& words) const;

    // How many words beyond its own the option took.
    std::size_t parse_option(const std::string& word, const std::string* next) const;

    const Option& find(const std::string& name) const;
    void place(const std::vector<std::string>& words) const;

    [[noreturn]] static void refuse_number(const std::string& option, const char* kind, const std::string& low,
                                           const std::string& high, std::string_view text);

    template <Number T>
    static T number(const std::string& option, std::string_view text, T low, T high) {
        const auto value = nib::parse_number<T>(text);
        // Written so that a NaN fails.
        if (value && *value >= low && *value <= high) return *value;
        refuse_number(option, std::integral<T> ? "whole number" : "number", text_of(low), text_of(high), text);
    }

    template <Number T>
    static std::vector<T> numbers(const std::string& option, std::string_view text, T low, T high) {
        std::vector<T> values;
        for (;;) {
            const std::size_t comma = text.find(',');
            values.push_back(number<T>(option, text.substr(0, comma), low, high));
            if (comma == std::string_view::npos) return values;
            text.remove_prefix(comma + 1);
        }
    }

    // The shortest spelling that reads back as the same number.
    template <Number T>
    static std::string text_of(T value) {
        char buffer[64];
        const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
        return error == std::errc{} ? std::string(buffer, end) : std::string("?");
    }

    static std::string spelling(const Option& option);
    int complain(std::FILE* err, const std::string& message, int status) const;

    std::string program_;
    std::string description_;
    std::vector<Option> options_;
    std::vector<Argument> arguments_;
};

}  // namespace examples
