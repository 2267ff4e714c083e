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

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <new>
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
    void option(std::string name, std::string value, std::string help, std::string& destination) {
        add(std::move(name), std::move(value), std::move(help), destination,
            [&destination](const std::string& option, std::string_view text) {
                if (text.empty()) throw UsageError(option + ": expected a value, found ''");
                destination = text;
            });
    }

    // One word of a list.
    void option(std::string name, std::string value, std::string help, std::string& destination,
                std::vector<std::string> words) {
        add(std::move(name), std::move(value), std::move(help), destination,
            [&destination, words = std::move(words)](const std::string& option, std::string_view text) {
                if (std::find(words.begin(), words.end(), text) == words.end())
                    throw UsageError(option + ": expected " + list(words) + ", found " + nib::in_quotes(text));
                destination = text;
            });
    }

    // False until it is given.
    void flag(std::string name, std::string help, bool& destination) {
        add(std::move(name), "", std::move(help), "",
            [&destination](const std::string&, std::string_view) { destination = true; });
    }

    // Arguments are taken in the order in which they are declared, and none may be missing.
    void argument(std::string name, std::string help, std::string& destination) {
        arguments_.push_back({std::move(name), std::move(help), &destination, nullptr});
    }
    // One or more, up to the end of the command line; declared last.
    void arguments(std::string name, std::string help, std::vector<std::string>& destination) {
        arguments_.push_back({std::move(name), std::move(help), nullptr, &destination});
    }

    // Reads the command line and runs `program`; returns the exit status.
    template <std::invocable Program>
    int run(int argc, const char* const* argv, Program&& program, std::FILE* out = stdout,
            std::FILE* err = stderr) const {
        try {
            if (parse({argv + std::min(argc, 1), argv + argc}))
                program();
            else
                std::fputs(help().c_str(), out);
            check_written(out);
            return 0;
        } catch (const UsageError& error) {
            return complain(err, std::string(error.what()) + " (see " + program_ + " --help)", 2);
        } catch (const std::bad_alloc&) {
            return complain(err, "not enough memory", 1);
        } catch (const std::exception& error) {
            return complain(err, error.what(), 1);
        }
    }

    // What --help prints.
    std::string help() const {
        std::string text = "usage: " + program_ + (options_.empty() ? "" : " [OPTION]...");
        for (const Argument& argument : arguments_) text += " " + argument.name + (argument.rest ? "..." : "");
        text += "\n" + description_ + "\n\n";
        std::size_t width = std::string_view("--help").size();
        for (const Argument& argument : arguments_) width = std::max(width, argument.name.size());
        for (const Option& option : options_) width = std::max(width, spelling(option).size());
        for (const Argument& argument : arguments_) text += line(argument.name, argument.help, width);
        for (const Option& option : options_) {
            const std::string initial = option.initial.empty() ? "" : " (default " + option.initial + ")";
            text += line(spelling(option), option.help + initial, width);
        }
        return text + line("--help", "prints this and ends", width);
    }

private:
    struct Option {
        std::string name;
        std::string value;  // how the help names it; empty for a flag
        std::string help;
        std::string initial;
        std::function<void(const std::string& option, std::string_view text)> set;
    };
    struct Argument {
        std::string name;
        std::string help;
        std::string* one;
        std::vector<std::string>* rest;
    };

    template <class Setter>
    void add(std::string name, std::string value, std::string help, std::string initial, Setter set) {
        options_.push_back({std::move(name), std::move(value), std::move(help), std::move(initial), std::move(set)});
    }

    // False when help is asked for.
    bool parse(const std::vector<std::string>& words) const {
        std::vector<std::string> positional;
        bool options_end = false;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const std::string& word = words[i];
            if (word.empty()) throw UsageError("an argument is empty");
            if (options_end || word == "-" || word[0] != '-') {
                positional.push_back(word);
            } else if (word == "--") {
                options_end = true;
            } else if (word == "--help" || word == "-h") {
                return false;
            } else {
                i += parse_option(word, i + 1 < words.size() ? &words[i + 1] : nullptr);
            }
        }
        place(positional);
        return true;
    }

    // How many words beyond its own the option took.
    std::size_t parse_option(const std::string& word, const std::string* next) const {
        const std::size_t equals = word.find('=');
        const Option& option = find(word.substr(0, equals));
        if (equals != std::string::npos) {
            if (option.value.empty())
                throw UsageError(option.name + ": takes no value, found " + nib::in_quotes(word.substr(equals + 1)));
            option.set(option.name, std::string_view(word).substr(equals + 1));
            return 0;
        }
        if (option.value.empty()) {
            option.set(option.name, "");
            return 0;
        }
        if (next == nullptr || next->starts_with("--"))
            throw UsageError(option.name + ": expected a value " + option.value + ", found " +
                             (next == nullptr ? "the end of the command line" : nib::in_quotes(*next)));
        option.set(option.name, *next);
        return 1;
    }

    const Option& find(const std::string& name) const {
        const auto found =
            std::find_if(options_.begin(), options_.end(), [&](const Option& option) { return option.name == name; });
        if (found == options_.end()) throw UsageError("unknown option " + nib::in_quotes(name));
        return *found;
    }

    void place(const std::vector<std::string>& words) const {
        std::size_t taken = 0;
        for (const Argument& argument : arguments_) {
            if (taken == words.size()) throw UsageError("missing argument " + argument.name);
            if (argument.one != nullptr) {
                *argument.one = words[taken++];
            } else {
                argument.rest->assign(words.begin() + static_cast<std::ptrdiff_t>(taken), words.end());
                taken = words.size();
            }
        }
        if (taken < words.size()) throw UsageError("unexpected argument " + nib::in_quotes(words[taken]));
    }

    template <Number T>
    static T number(const std::string& option, std::string_view text, T low, T high) {
        const auto value = nib::parse_number<T>(text);
        // Written so that a NaN fails.
        if (value && *value >= low && *value <= high) return *value;
        throw UsageError(option + ": expected a " + (std::integral<T> ? "whole number" : "number") + " from " +
                         text_of(low) + " to " + text_of(high) + ", found " + nib::in_quotes(text));
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

    static std::string list(const std::vector<std::string>& words) {
        std::string text;
        for (std::size_t i = 0; i < words.size(); ++i)
            text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
        return text;
    }

    static std::string spelling(const Option& option) {
        return option.value.empty() ? option.name : option.name + " " + option.value;
    }
    static std::string line(const std::string& left, const std::string& right, std::size_t width) {
        return "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
    }

    // Results that never reached their reader are a failure, whatever happened before.
    static void check_written(std::FILE* out) {
        errno = 0;
        if (std::fflush(out) == 0 && std::ferror(out) == 0) return;
        const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
        throw std::runtime_error("standard output: cannot write" + reason);
    }

    int complain(std::FILE* err, const std::string& message, int status) const {
        std::fprintf(err, "%s: %s\n", program_.c_str(), message.c_str());
        return status;
    }

    std::string program_;
    std::string description_;
    std::vector<Option> options_;
    std::vector<Argument> arguments_;
};

}  // namespace examples
