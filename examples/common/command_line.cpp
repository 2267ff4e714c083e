#include "command_line.hpp"

#include <nib/core/text.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

namespace {

std::string list(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
    return text;
}

std::string line(const std::string& left, const std::string& right, std::size_t width) {
    return "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
}

// Results that never reached their reader are a failure, whatever happened before.
void check_written(std::FILE* out) {
    errno = 0;
    if (std::fflush(out) == 0 && std::ferror(out) == 0) return;
    const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : std::string();
    throw std::runtime_error("standard output: cannot write" + reason);
}

}  // namespace

void CommandLine::option(std::string name, std::string value, std::string help, std::string& destination) {
    add(std::move(name), std::move(value), std::move(help), destination,
        [&destination](const std::string& option, std::string_view text) {
            if (text.empty()) throw UsageError(option + ": expected a value, found ''");
            destination = text;
        });
}

void CommandLine::option(std::string name, std::string value, std::string help, std::string& destination,
                         std::vector<std::string> words) {
    add(std::move(name), std::move(value), std::move(help), destination,
        [&destination, words = std::move(words)](const std::string& option, std::string_view text) {
            if (std::find(words.begin(), words.end(), text) == words.end())
                throw UsageError(option + ": expected " + list(words) + ", found " + nib::in_quotes(text));
            destination = text;
        });
}

void CommandLine::flag(std::string name, std::string help, bool& destination) {
    add(std::move(name), "", std::move(help), "",
        [&destination](const std::string&, std::string_view) { destination = true; });
}

void CommandLine::argument(std::string name, std::string help, std::string& destination) {
    arguments_.push_back({std::move(name), std::move(help), &destination, nullptr});
}

void CommandLine::arguments(std::string name, std::string help, std::vector<std::string>& destination) {
    arguments_.push_back({std::move(name), std::move(help), nullptr, &destination});
}

int CommandLine::run(int argc, const char* const* argv, const std::function<void()>& program, std::FILE* out,
                     std::FILE* err) const {
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

void CommandLine::add(std::string name, std::string value, std::string help, std::string initial, Setter set) {
    options_.push_back({std::move(name), std::move(value), std::move(help), std::move(initial), std::move(set)});
}

bool CommandLine::parse(const std::vector<std::string>& words) const {
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

std::size_t CommandLine::parse_option(const std::string& word, const std::string* next) const {
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

const CommandLine::Option& CommandLine::find(const std::string& name) const {
    const auto found =
        std::find_if(options_.begin(), options_.end(), [&](const Option& option) { return option.name == name; });
    if (found == options_.end()) throw UsageError("unknown option " + nib::in_quotes(name));
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
    if (taken < words.size()) throw UsageError("unexpected argument " + nib::in_quotes(words[taken]));
}

void CommandLine::refuse_number(const std::string& option, const char* kind, const std::string& low,
                                const std::string& high, std::string_view text) {
    throw UsageError(option + ": expected a " + kind + " from " + low + " to " + high + ", found " +
                     nib::in_quotes(text));
}

std::string CommandLine::spelling(const Option& option) {
    return option.value.empty() ? option.name : option.name + " " + option.value;
}

int CommandLine::complain(std::FILE* err, const std::string& message, int status) const {
    std::fprintf(err, "%s: %s\n", program_.c_str(), message.c_str());
    return status;
}

}  // namespace examples
