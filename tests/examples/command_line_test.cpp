#include <command_line.hpp>

#include "../support.hpp"

#include <interrupt.hpp>
#include <nib/core/error.hpp>
#include <nib/io/file.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>

using examples::CommandLine;

namespace {

struct Options {
    int epochs = 4;
    double lr = 0.001;
    std::uint64_t seed = 42;
    std::vector<std::size_t> hidden{64, 64};
    std::string save;
    std::string format = "log";
    bool raw = false;
    std::string model;
    std::vector<std::string> files;
};

struct Outcome {
    int status = 0;
    std::string out;
    std::string err;
    bool ran = false;
    Options options;
};

std::string content(std::FILE* file) {
    std::string text;
    std::rewind(file);
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
    return text;
}

CommandLine declare(Options& options) {
    CommandLine line{"train", "Trains a network."};
    line.option("--epochs", "N", "times through the images", options.epochs, 1, 1000);
    line.option("--lr", "X", "learning rate", options.lr, 0.0, 10.0);
    line.option("--seed", "N", "start of the random numbers", options.seed, 0, UINT64_MAX);
    line.option("--hidden", "N,N,...", "widths", options.hidden, 1, 65536);
    line.option("--save", "FILE", "where the model goes", options.save);
    line.option("--format", "FORMAT", "what the files are", options.format, {"unipen", "inkml", "log"});
    line.flag("--raw", "as it was drawn", options.raw);
    return line;
}

template <class Program>
Outcome run(const std::vector<const char*>& words, bool with_arguments, Program program) {
    Outcome outcome;
    CommandLine line = declare(outcome.options);
    if (with_arguments) {
        line.argument("MODEL", "the network", outcome.options.model);
        line.arguments("FILE", "drawings", outcome.options.files);
    }
    std::vector<const char*> argv{"./path/to/train"};
    argv.insert(argv.end(), words.begin(), words.end());
    const nib::detail::FileHandle out{std::tmpfile()};
    const nib::detail::FileHandle err{std::tmpfile()};
    outcome.status = line.run(
        static_cast<int>(argv.size()), argv.data(),
        [&] {
            outcome.ran = true;
            program();
        },
        out.get(), err.get());
    outcome.out = content(out.get());
    outcome.err = content(err.get());
    return outcome;
}

Outcome run(const std::vector<const char*>& words, bool with_arguments = false) {
    return run(words, with_arguments, [] {});
}

// The line on standard error of a command line that is wrong.
std::string complaint(const std::vector<const char*>& words, bool with_arguments = false) {
    const Outcome outcome = run(words, with_arguments);
    CHECK(outcome.status == 2);
    CHECK(!outcome.ran);
    CHECK(outcome.out == "");
    return outcome.err;
}

std::string usage_line(const std::string& message) { return "train: " + message + " (see train --help)\n"; }

}  // namespace

TEST_CASE("without options the defaults stay and the program runs") {
    const Outcome outcome = run({});
    CHECK(outcome.status == 0);
    CHECK(outcome.ran);
    CHECK(outcome.err == "");
    CHECK(outcome.options.epochs == 4);
    CHECK(outcome.options.hidden == std::vector<std::size_t>{64, 64});
    CHECK(!outcome.options.raw);
}

TEST_CASE("an empty argv is a command line without options") {
    Options options;
    const char* argv[] = {nullptr};
    CHECK(declare(options).run(0, argv, [] {}) == 0);
}

TEST_CASE("a value follows its option or an equals sign") {
    const Outcome outcome = run({"--epochs", "9", "--lr=0.5", "--seed", "18446744073709551615", "--hidden=64,32,8",
                                 "--save", "a b.safetensors", "--format", "inkml", "--raw"});
    CHECK(outcome.status == 0);
    CHECK(outcome.options.epochs == 9);
    CHECK(outcome.options.lr == 0.5);
    CHECK(outcome.options.seed == UINT64_MAX);
    CHECK(outcome.options.hidden == std::vector<std::size_t>{64, 32, 8});
    CHECK(outcome.options.save == "a b.safetensors");
    CHECK(outcome.options.format == "inkml");
    CHECK(outcome.options.raw);
}

TEST_CASE("a value may hold an equals sign, start with a dash, or after an equals sign with two") {
    CHECK(run({"--save=a=b"}).options.save == "a=b");
    CHECK(run({"--save", "-"}).options.save == "-");
    CHECK(run({"--save=--odd"}).options.save == "--odd");
}

TEST_CASE("of an option given twice the last counts") {
    CHECK(run({"--epochs=2", "--epochs", "3"}).options.epochs == 3);
}

TEST_CASE("arguments are taken in order, between options, and after -- whatever they look like") {
    const Outcome outcome = run({"m.pth", "--raw", "a", "-", "--", "--epochs"}, true);
    CHECK(outcome.status == 0);
    CHECK(outcome.options.model == "m.pth");
    CHECK(outcome.options.files == std::vector<std::string>{"a", "-", "--epochs"});
    CHECK(outcome.options.raw);
}

TEST_CASE("wrong usage is one line on standard error and exit status 2") {
    CHECK(complaint({"--epoch", "3"}) == usage_line("unknown option '--epoch'"));
    CHECK(complaint({"-e"}) == usage_line("unknown option '-e'"));
    CHECK(complaint({"--epochs"}) == usage_line("--epochs: expected a value N, found the end of the command line"));
    CHECK(complaint({"--save", "--raw"}) == usage_line("--save: expected a value FILE, found '--raw'"));
    CHECK(complaint({"--save="}) == usage_line("--save: expected a value, found ''"));
    CHECK(complaint({"--raw=1"}) == usage_line("--raw: takes no value, found '1'"));
    CHECK(complaint({"--format", "png"}) == usage_line("--format: expected unipen, inkml or log, found 'png'"));
    CHECK(complaint({"stray"}) == usage_line("unexpected argument 'stray'"));
    CHECK(complaint({}, true) == usage_line("missing argument MODEL"));
    CHECK(complaint({"m.pth"}, true) == usage_line("missing argument FILE"));
    CHECK(complaint({""}, true) == usage_line("an argument is empty"));
    CHECK(complaint({"--a\nb"}) == usage_line("unknown option '--a?b'"));
}

TEST_CASE("a number must be a whole, plain number in its range") {
    const auto expected = [](const std::string& found) {
        return usage_line("--epochs: expected a whole number from 1 to 1000, found '" + found + "'");
    };
    for (const char* text : {"0", "1001", "-1", "3x", "x", "", " 3", "3 ", "+3", "3.0", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(complaint({"--epochs", text}) == expected(text));
    }
    CHECK(run({"--epochs", "1"}).options.epochs == 1);
    CHECK(run({"--epochs", "1000"}).options.epochs == 1000);
    CHECK(complaint({"--seed=-1"}) ==
          usage_line("--seed: expected a whole number from 0 to 18446744073709551615, found '-1'"));
}

TEST_CASE("a real number must be in its range, and no NaN or infinity") {
    for (const char* text : {"-0.1", "10.5", "nan", "inf", "1e999", "0,5", "0.5f", ""}) {
        CAPTURE(text);
        CHECK(complaint({"--lr", text}) ==
              usage_line("--lr: expected a number from 0 to 10, found '" + std::string(text) + "'"));
    }
    CHECK(run({"--lr", "1e-3"}).options.lr == 1e-3);
    CHECK(run({"--lr", "10"}).options.lr == 10.0);
}

TEST_CASE("a list's every number is checked") {
    for (const char* text : {"", ",", "64,", ",64", "64,,32", "64,0", "64;32", "64, 32"}) {
        CAPTURE(text);
        CHECK(support::contains(complaint({"--hidden", text}), "--hidden: expected a whole number from 1 to 65536"));
    }
    CHECK(run({"--hidden", "5"}).options.hidden == std::vector<std::size_t>{5});
}

TEST_CASE("--help describes options, defaults and arguments on standard output, and nothing else happens") {
    for (const char* word : {"--help", "-h"}) {
        const Outcome outcome = run({"--epochs", "3", word, "--nonsense"}, true);
        CHECK(outcome.status == 0);
        CHECK(!outcome.ran);
        CHECK(outcome.err == "");
        CHECK(outcome.out ==
              "usage: train [OPTION]... MODEL FILE...\n"
              "Trains a network.\n"
              "\n"
              "  MODEL             the network\n"
              "  FILE              drawings\n"
              "  --epochs N        times through the images (default 4)\n"
              "  --lr X            learning rate (default 0.001)\n"
              "  --seed N          start of the random numbers (default 42)\n"
              "  --hidden N,N,...  widths (default 64,64)\n"
              "  --save FILE       where the model goes\n"
              "  --format FORMAT   what the files are (default log)\n"
              "  --raw             as it was drawn\n"
              "  --help            prints this and ends\n");
    }
}

TEST_CASE("what the program throws is one line and exit status 1, or 2 for wrong usage") {
    const Outcome bad_file = run({}, false, [] { nib::fail("a.idx: byte 4: expected 3, found 2"); });
    CHECK(bad_file.status == 1);
    CHECK(bad_file.err == "train: a.idx: byte 4: expected 3, found 2\n");
    const Outcome no_memory = run({}, false, [] { throw std::bad_alloc(); });
    CHECK(no_memory.status == 1);
    CHECK(no_memory.err == "train: not enough memory\n");
    const Outcome usage = run({}, false, [] { throw examples::UsageError("give --png or --idx"); });
    CHECK(usage.status == 2);
    CHECK(usage.err == usage_line("give --png or --idx"));
}

TEST_CASE("results that cannot be written to standard output are exit status 1") {
    const nib::detail::FileHandle full{std::fopen("/dev/full", "w")};
    if (!full) {
        MESSAGE("skipped: this system has no /dev/full");
        return;
    }
    const nib::detail::FileHandle err{std::tmpfile()};
    Options options;
    const char* argv[] = {"train", "--help"};
    CommandLine line = declare(options);
    CHECK(line.run(
              1, argv, [&] { std::fputs("test accuracy", full.get()); }, full.get(), err.get()) == 1);
    CHECK(content(err.get()) == "train: standard output: cannot write: No space left on device\n");
    CHECK(line.run(
              2, argv, [] {}, full.get(), err.get()) == 1);
}

TEST_CASE("a program knows which options were given, and may read and set them as text") {
    Options options;
    CommandLine line = declare(options);
    const char* const argv[] = {"train", "--epochs", "4", "--hidden=5,6", "--raw"};
    CHECK(line.run(5, argv, [&] {
        for (const char* const name : {"--epochs", "--hidden", "--raw"}) CHECK(line.given(name));
        for (const char* const name : {"--lr", "--seed", "--save", "--format"}) CHECK(!line.given(name));
        CHECK(line.value("--epochs") == "4");
        CHECK(line.value("--lr") == "0.001");
        CHECK(line.value("--hidden") == "5,6");
        CHECK(line.value("--save") == "");
        CHECK(line.value("--format") == "log");
        CHECK(line.value("--raw") == "yes");
        line.set("--raw", "no");
        CHECK(line.value("--raw") == "no");
        line.set("--hidden", "7");
        CHECK(options.hidden == std::vector<std::size_t>{7});
        CHECK_THROWS_AS(line.set("--epochs", "0"), examples::UsageError);
        CHECK_THROWS_AS(line.set("--raw", ""), examples::UsageError);
        CHECK_THROWS_AS(line.set("--none", ""), examples::UsageError);
        CHECK(options.epochs == 4);
    }) == 0);
}

TEST_CASE("an interruption is an exit status of its own, and says what the program has to say") {
    const Outcome outcome = run({}, false, [] { throw examples::Interrupted(2, "interrupted: go on later"); });
    CHECK(outcome.status == 130);
    CHECK(outcome.err == "train: interrupted: go on later\n");
    CHECK(run({}, false, [] { throw examples::Interrupted(15, "interrupted"); }).status == 143);
}

TEST_CASE("words for a shell are in quotes where it would change them") {
    CHECK(examples::shell_word("data/mnist-2.st") == "data/mnist-2.st");
    CHECK(examples::shell_word("") == "''");
    CHECK(examples::shell_word("my data") == "'my data'");
    CHECK(examples::shell_word("$HOME") == "'$HOME'");
    CHECK(examples::shell_word("it's") == "'it'\\''s'");
}

TEST_CASE("output that does not get out is an error as soon as it is looked at") {
    std::FILE* const full = std::fopen("/dev/full", "w");
    if (full == nullptr) {
        MESSAGE("skipped: there is no /dev/full");
        return;
    }
    examples::check_output(full);
    std::fputs("results", full);
    CHECK_THROWS_WITH(examples::check_output(full), "standard output: cannot write: No space left on device");
    std::fclose(full);
}
