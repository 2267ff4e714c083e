#include "command_line.hpp"

#include "interrupt.hpp"
#include "printable.hpp"

#include <nib/core/text.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<unistd.h>) && __has_include(<fcntl.h>)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace examples {

namespace {

// Where one of the three was closed, the next file that is opened would take its place, and what is printed would go
// into that file. Nothing can be written to what stands there now.
void keep_standard_descriptors() {
#if defined(F_GETFD)
    for (int descriptor = 0; descriptor <= 2; ++descriptor)
        if (::fcntl(descriptor, F_GETFD) == -1) static_cast<void>(::open("/dev/null", O_RDONLY));
#endif
}

std::string list(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
    return text;
}

std::string line(const std::string& left, const std::string& right, std::size_t width) {
    return "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
}

// The shortest spelling that reads back as the same number.
template <class T>
std::string text_of(T value) {
    char buffer[64];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    return error == std::errc{} ? std::string(buffer, end) : std::string("?");
}

template <class T>
T number(const std::string& option, std::string_view text, T low, T high) {
    const auto value = nib::parse_number<T>(text);
    // Written so that a NaN fails.
    if (value && *value >= low && *value <= high) return *value;
    throw UsageError(option + ": expected a " + (std::integral<T> ? "whole number" : "number") + " from " +
                     text_of(low) + " to " + text_of(high) + ", found " + nib::format_quoted(text));
}

template <class T>
std::vector<T> numbers(const std::string& option, std::string_view text, T low, T high) {
    std::vector<T> values;
    for (;;) {
        const std::size_t comma = text.find(',');
        values.push_back(number<T>(option, text.substr(0, comma), low, high));
        if (comma == std::string_view::npos) return values;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace

std::string shell_word(const std::string& word) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

// Results that never reached their reader are a failure, whatever happened before.
void check_output(std::FILE* out) {
    errno = 0;
    if (std::fflush(out) == 0 && std::ferror(out) == 0) return;
    const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
    throw std::runtime_error("standard output: cannot write" + reason);
}

struct CommandLine::Option {
    std::string name;
    std::string value;  // how the help names it; empty for a flag
    std::string help;
    std::string initial;
    Getter get;
    Setter set;
    bool given = false;
};

struct CommandLine::Argument {
    std::string name;
    std::string help;
    std::string* one;
    std::vector<std::string>* rest;
};

CommandLine::CommandLine(std::string_view program, std::string_view description)
    : program_{program}, description_{description} {}

CommandLine::CommandLine(CommandLine&& other) noexcept = default;

CommandLine::~CommandLine() = default;

template <class T>
void CommandLine::option(std::string_view name, std::string_view value, std::string_view help, T& destination,
                         std::type_identity_t<T> low, std::type_identity_t<T> high) {
    add(
        name, value, help, [&destination] { return text_of(destination); },
        [&destination, low, high](const std::string& option, std::string_view text) {
            destination = number<T>(option, text, low, high);
        });
}

template <class T>
void CommandLine::option(std::string_view name, std::string_view value, std::string_view help,
                         std::optional<T>& destination, std::type_identity_t<T> low, std::type_identity_t<T> high) {
    add(
        name, value, help, [&destination] { return destination ? text_of(*destination) : std::string(); },
        [&destination, low, high](const std::string& option, std::string_view text) {
            destination = number<T>(option, text, low, high);
        });
}

template <class T>
void CommandLine::option(std::string_view name, std::string_view value, std::string_view help,
                         std::vector<T>& destination, std::type_identity_t<T> low, std::type_identity_t<T> high) {
    add(
        name, value, help,
        [&destination] {
            std::string list;
            for (const T& element : destination) nib::append_to_list(list, ",", text_of(element));
            return list;
        },
        [&destination, low, high](const std::string& option, std::string_view text) {
            destination = numbers<T>(option, text, low, high);
        });
}

template void CommandLine::option(std::string_view, std::string_view, std::string_view, int&, int, int);
template void CommandLine::option(std::string_view, std::string_view, std::string_view, std::size_t&, std::size_t,
                                  std::size_t);
template void CommandLine::option(std::string_view, std::string_view, std::string_view, double&, double, double);
template void CommandLine::option(std::string_view, std::string_view, std::string_view, std::optional<double>&, double,
                                  double);
template void CommandLine::option(std::string_view, std::string_view, std::string_view, std::vector<std::size_t>&,
                                  std::size_t, std::size_t);

void CommandLine::option(std::string_view name, std::string_view value, std::string_view help,
                         std::string& destination) {
    add(
        name, value, help, [&destination] { return destination; },
        [&destination](const std::string& option, std::string_view text) {
            if (text.empty()) throw UsageError(option + ": expected a value, found ''");
            destination = text;
        });
}

void CommandLine::option(std::string_view name, std::string_view value, std::string_view help, std::string& destination,
                         std::vector<std::string> words) {
    add(
        name, value, help, [&destination] { return destination; },
        [&destination, words = std::move(words)](const std::string& option, std::string_view text) {
            if (std::find(words.begin(), words.end(), text) == words.end())
                throw UsageError(option + ": expected " + list(words) + ", found " + nib::format_quoted(text));
            destination = text;
        });
}

void CommandLine::flag(std::string_view name, std::string_view help, bool& destination) {
    add(
        name, "", help, [&destination] { return destination ? "yes" : "no"; },
        [&destination](const std::string& option, std::string_view text) {
            if (text != "yes" && text != "no")
                throw UsageError(option + ": expected yes or no, found " + nib::format_quoted(text));
            destination = text == "yes";
        });
}

void CommandLine::argument(std::string_view name, std::string_view help, std::string& destination) {
    arguments_.push_back({std::string(name), std::string(help), &destination, nullptr});
}

void CommandLine::arguments(std::string_view name, std::string_view help, std::vector<std::string>& destination) {
    arguments_.push_back({std::string(name), std::string(help), nullptr, &destination});
}

int CommandLine::run(int argc, const char* const* argv, const std::function<void()>& program, std::FILE* out,
                     std::FILE* err) {
    keep_standard_descriptors();
#if defined(SIGPIPE)
    std::signal(SIGPIPE, SIG_IGN);
#endif
    try {
        if (parse({argv + std::min(argc, 1), argv + argc}))
            program();
        else
            std::fputs(help().c_str(), out);
        check_output(out);
        return 0;
    } catch (const Interrupted& error) {
        return complain(err, error.what(), error.status());
    } catch (const UsageError& error) {
        return complain(err, std::string(error.what()) + " (see " + program_ + " --help)", 2);
    } catch (const std::bad_alloc&) {
        return complain(err, "not enough memory", 1);
    } catch (const std::exception& error) {
        return complain(err, error.what(), 1);
    }
}

bool CommandLine::given(std::string_view name) const { return find(name).given; }

std::string CommandLine::value(std::string_view name) const { return find(name).get(); }

void CommandLine::set(std::string_view name, std::string_view text) {
    const Option& option = find(name);
    option.set(option.name, text);
}

std::string CommandLine::help() const {
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

void CommandLine::add(std::string_view name, std::string_view value, std::string_view help, Getter get, Setter set) {
    std::string initial = value.empty() ? "" : get();
    options_.push_back(
        {std::string(name), std::string(value), std::string(help), std::move(initial), std::move(get), std::move(set)});
}

bool CommandLine::parse(const std::vector<std::string>& words) {
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

std::size_t CommandLine::parse_option(const std::string& word, const std::string* next) {
    const std::size_t equals = word.find('=');
    const Option& option = find(word.substr(0, equals));
    options_[static_cast<std::size_t>(&option - options_.data())].given = true;
    if (equals != std::string::npos) {
        if (option.value.empty())
            throw UsageError(option.name + ": takes no value, found " + nib::format_quoted(word.substr(equals + 1)));
        option.set(option.name, std::string_view(word).substr(equals + 1));
        return 0;
    }
    if (option.value.empty()) {
        option.set(option.name, "yes");
        return 0;
    }
    if (next == nullptr || next->starts_with("--"))
        throw UsageError(option.name + ": expected a value " + option.value + ", found " +
                         (next == nullptr ? "the end of the command line" : nib::format_quoted(*next)));
    option.set(option.name, *next);
    return 1;
}

const CommandLine::Option& CommandLine::find(std::string_view name) const {
    const auto found =
        std::find_if(options_.begin(), options_.end(), [&](const Option& option) { return option.name == name; });
    if (found == options_.end()) throw UsageError("unknown option " + nib::format_quoted(name));
    return *found;
}

void CommandLine::place(const std::vector<std::string>& words) const {
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
    if (taken < words.size()) throw UsageError("unexpected argument " + nib::format_quoted(words[taken]));
}

std::string CommandLine::spelling(const Option& option) {
    return option.value.empty() ? option.name : option.name + " " + option.value;
}

int CommandLine::complain(std::FILE* err, const std::string& message, int status) const {
    std::fprintf(err, "%s: %s\n", program_.c_str(), printable(message).c_str());
    return status;
}

}  // namespace examples
