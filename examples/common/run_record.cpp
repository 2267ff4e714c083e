#include "run_record.hpp"

#include "printable.hpp"

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/file.hpp>
#include <nib/train/checkpoint.hpp>

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace examples {

namespace {

constexpr const char* fixed_options[] = {"--batch",   "--seed",     "--hidden", "--augment",   "--weight-decay",
                                         "--dropout", "--schedule", "--ema",    "--validation"};
constexpr const char* free_options[] = {"--lr", "--epochs", "--patience"};
constexpr const char* images_entry = "images";
constexpr const char* data_entry = "data";
constexpr const char* synthetic_entry = "synthetic";

std::string entry_of(std::string_view option) { return std::string(option.substr(2)); }

// What a record without an entry of the option means; nothing where that cannot be known.
std::optional<std::string> meaning_of_none(std::string_view option) {
    if (option == "--schedule") return "";
    for (const std::string_view other : {"--weight-decay", "--dropout", "--ema", "--validation", "--patience"})
        if (option == other) return "0";
    return std::nullopt;
}

// One multiplication for eight bytes (the finaliser of splitmix64): the same on every machine.
class Fingerprint {
public:
    void add(std::uint64_t number) {
        state_ = (state_ ^ number) * 0xbf58476d1ce4e5b9;
        state_ ^= state_ >> 31;
    }
    void add(std::span<const std::uint8_t> bytes) {
        std::size_t i = 0;
        for (; i + 8 <= bytes.size(); i += 8)
            add(nib::load_number<std::uint64_t>(std::as_bytes(bytes).data() + i, std::endian::little));
        for (; i < bytes.size(); ++i) add(std::uint64_t{bytes[i]});
    }
    std::string text() const {
        std::string digits;
        for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(state_ >> shift) & 15];
        return digits;
    }

private:
    std::uint64_t state_ = 0x9e3779b97f4a7c15;
};

std::string images_text(const nib::Dataset& data) {
    Fingerprint fingerprint;
    fingerprint.add(data.pixels);
    for (const int label : data.labels) fingerprint.add(static_cast<std::uint64_t>(label));
    return std::to_string(data.size()) + " images of " + std::to_string(data.rows) + "x" + std::to_string(data.cols) +
           " with fingerprint " + fingerprint.text();
}

// Where the images come from.
std::string data_text(const CommandLine& line) { return line.value("--data").empty() ? "none" : "a folder"; }

// An option as a checkpoint has it, which may be anything.
void set_option(CommandLine& line, const std::string& option, const std::string& text, const std::string& path) {
    try {
        line.set(option, text);
    } catch (const UsageError& error) {
        nib::fail(path + ": record of the run: " + error.what());
    }
}

}  // namespace

std::string options_text(const CommandLine& line) {
    std::string text;
    const auto add = [&](const auto& options) {
        for (const char* const option : options)
            if (line.value(option) != meaning_of_none(option))
                nib::append_to_list(text, " ", std::string(option).append(" ").append(line.value(option)));
    };
    add(free_options);
    add(fixed_options);
    return text;
}

nib::StringMap run_record(const CommandLine& line, const nib::Dataset& training, std::size_t synthetic) {
    nib::StringMap record;
    const auto add = [&](const auto& options) {
        for (const char* const option : options)
            if (line.value(option) != meaning_of_none(option)) record[entry_of(option)] = line.value(option);
    };
    add(fixed_options);
    add(free_options);
    record[data_entry] = data_text(line);
    record[synthetic_entry] = std::to_string(synthetic);
    record[images_entry] = images_text(training);
    return record;
}

TakenOver take_over_run(CommandLine& line, const std::string& path, std::size_t synthetic) {
    const nib::StringMap record = nib::checkpoint_record(path);
    std::string unknown, differences, changes;
    // The record's value.
    const auto recorded = [&](const std::string& option) {
        const nib::StringMap::Entry* const found = record.find(entry_of(option));
        const std::optional<std::string> value =
            found == record.end() ? meaning_of_none(option) : std::optional{found->second};
        if (!value) nib::append_to_list(unknown, ", ", option);
        return value;
    };
    const auto compare = [&](const std::string& option, const std::optional<std::string>& before,
                             const std::string& now, std::string& list) {
        if (before && *before != now)
            nib::append_to_list(list, ", ", before->empty() ? "no " + option : option + " " + *before + ", not " + now);
    };
    // What the command line does not say is as it was.
    const auto take_over = [&](const auto& options, std::string& list) {
        for (const std::string option : options) {
            const std::optional<std::string> before = recorded(option);
            if (line.given(option))
                compare(option, before, line.value(option), list);
            else if (before && *before != line.value(option))
                set_option(line, option, *before, path);
        }
    };
    take_over(fixed_options, differences);
    compare("--data", recorded("--data"), data_text(line), differences);
    compare("--synthetic", recorded("--synthetic"), std::to_string(synthetic), differences);
    take_over(free_options, changes);
    if (!differences.empty())
        nib::fail(path + ": cannot go on with other options: the run had " + differences +
                  "; --data and --synthetic are to be given as they were, and others may be left out");
    std::string notes;
    if (!unknown.empty())
        notes += printable(path) + ": does not say what the run had for " + unknown +
                 ": they are to be given as they were\n";
    if (!changes.empty()) notes += printable(path) + ": from here on changed: the run had " + changes + "\n";
    return {record, notes};
}

void check_same_images(const nib::StringMap& before, const nib::StringMap& now, const std::string& path) {
    if (before.contains(images_entry) && before.at(images_entry) != now.at(images_entry))
        nib::fail(path + ": cannot go on with other data: the run had " + before.at(images_entry) + ", not " +
                  now.at(images_entry) + "; --data and --synthetic are to be given as they were");
}

void check_holds(const std::string& path, const std::vector<std::size_t>& widths) {
    double numbers = 0;
    for (std::size_t i = 1; i < widths.size(); ++i)
        numbers += (static_cast<double>(widths[i - 1]) + 1) * static_cast<double>(widths[i]);
    const double bytes = 3 * sizeof(float) * numbers;
    if (bytes > static_cast<double>(nib::InputFile{path}.size()))
        nib::fail(path + ": is too small for a checkpoint of a network with " + nib::format_fixed(numbers, 0) +
                  " parameters");
}

void LastCheckpoint::set(const std::string& path, int epochs) {
    path_ = path;
    epochs_ = epochs;
}

std::string LastCheckpoint::advice(bool failed) const {
    if (path_.empty())
        return line_.given("--checkpoint") ? "no epoch was done, and there is no checkpoint to go on from"
                                           : "there is no checkpoint to go on from (--checkpoint writes them)";
    std::string command = "train";
    const auto add = [&](const char* option, const std::string& value) {
        command.append(" ").append(option).append(" ").append(shell_word(value));
    };
    const auto repeat = [&](const char* option) {
        if (line_.given(option)) add(option, line_.value(option));
    };
    repeat("--data");
    repeat("--synthetic");
    add("--resume", path_);
    add("--epochs", line_.value("--epochs"));
    if (!failed) repeat("--lr");
    repeat("--checkpoint");
    repeat("--save");
    repeat("--history");
    repeat("--report");
    return shell_word(path_) + " has the first " + std::to_string(epochs_) + (epochs_ == 1 ? " epoch" : " epochs") +
           ", to go on from by: " + command;
}

}  // namespace examples
