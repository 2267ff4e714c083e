#include "run_program.hpp"

#include <nib/core/text.hpp>
#include <nib/io/file.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <sys/wait.h>

namespace programs {

std::string quoted(const std::string& word) {
    std::string result = "'";
    for (const char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
    return result + "'";
}

Outcome run(const std::string& program, const Words& arguments, const Shell& shell) {
    const TemporaryDirectory folder;
    const std::string out = folder.write("out", "");
    const std::string err = folder.write("err", "");
    std::string command = shell.before + "exec " + quoted(NIB_EXAMPLES_DIR "/" + program);
    for (const std::string& argument : arguments) command.append(" ").append(quoted(argument));
    command.append(" </dev/null 2>").append(quoted(err));
    command.append(shell.out.empty() ? ">" + quoted(out) : shell.out);
    const int result = std::system(command.c_str());
    return {WIFEXITED(result) ? WEXITSTATUS(result) : -1, nib::read_file(out), nib::read_file(err)};
}

std::string results(const std::string& program, const Words& arguments) {
    const Outcome outcome = run(program, arguments);
    CAPTURE(program);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    return outcome.out;
}

namespace {

std::string complaint(int status, const std::string& program, const Words& arguments, const Shell& shell) {
    const Outcome outcome = run(program, arguments, shell);
    const std::string prefix = program + ": ";
    CAPTURE(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.out == "");
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    REQUIRE(outcome.err.starts_with(prefix));
    REQUIRE(outcome.err.ends_with('\n'));
    return outcome.err.substr(prefix.size(), outcome.err.size() - prefix.size() - 1);
}

Words split(const std::string& text, char separator) {
    Words parts;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

}  // namespace

std::string refusal(const std::string& program, const Words& arguments, const Shell& shell) {
    return complaint(1, program, arguments, shell);
}

std::string misuse(const std::string& program, const Words& arguments) {
    const std::string message = complaint(2, program, arguments, {});
    const std::string hint = " (see " + program + " --help)";
    REQUIRE(message.ends_with(hint));
    return message.substr(0, message.size() - hint.size());
}

Words lines_of(const std::string& text) { return split(text, '\n'); }

Words words_of(const std::string& line) {
    Words words = split(line, ' ');
    std::erase(words, "");
    return words;
}

Words without_seconds(Words lines) {
    for (std::string& line : lines) line = line.substr(0, line.find(" seconds "));
    return lines;
}

bool has_form(std::string_view text, std::string_view form) {
    for (const char c : form) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        const bool fits = c == '#' || c == '*' ? digits > 0 : text.starts_with(c);
        if (!fits) return false;
        text.remove_prefix(c == '*' ? digits : 1);
    }
    return text.empty();
}

double number(const std::string& text) { return nib::parse_number<double>(text).value(); }

std::string four_digits(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4f", value);
    return text.data();
}

std::string accuracy_line(std::size_t correct, std::size_t total) {
    return "accuracy " + four_digits(static_cast<double>(correct) / static_cast<double>(total)) + " (" +
           std::to_string(correct) + "/" + std::to_string(total) + ")";
}

std::size_t correct_of(const std::string& line, std::size_t total) {
    REQUIRE(has_form(line, "test accuracy #.#### (*/*)"));
    const std::size_t start = line.find('(') + 1;
    const auto correct = static_cast<std::size_t>(number(line.substr(start, line.find('/') - start)));
    CHECK(line == "test " + accuracy_line(correct, total));
    return correct;
}

Words files_in(const std::string& folder) {
    Words names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace programs
