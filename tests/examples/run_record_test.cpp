#include <run_record.hpp>

#include "../support.hpp"

#include <fit_choices.hpp>

#include <nib/ink/synthetic.hpp>
#include <nib/io/safetensors.hpp>

#include <cstdint>
#include <functional>

namespace {

struct Options {
    std::string data;
    std::size_t synthetic = 0;
    bool augment = false;
    int epochs = 4;
    std::size_t batch = 15;
    double lr = 0.001;
    std::uint64_t seed = 42;
    std::vector<std::size_t> hidden{64, 64, 64};
    examples::FitChoices choices;
    nib::FitOptions fit;
};

// Calls f(line) as a program that was called with `words`.
int run(Options& options, std::vector<const char*> words, const std::function<void(examples::CommandLine&)>& f) {
    examples::CommandLine line{"train", "Trains."};
    line.option("--data", "DIR", "", options.data);
    line.option("--synthetic", "N", "", options.synthetic, 0, 10'000'000);
    line.flag("--augment", "", options.augment);
    line.option("--epochs", "N", "", options.epochs, 1, 1'000'000);
    line.option("--batch", "N", "", options.batch, 1, 1'000'000);
    line.option("--lr", "X", "", options.lr, 0, 1e6);
    line.option("--seed", "N", "", options.seed, 0, UINT64_MAX);
    line.option("--hidden", "N,N,...", "", options.hidden, 1, 65'536);
    examples::add_options(line, options.choices, options.fit);
    words.insert(words.begin(), "train");
    return line.run(static_cast<int>(words.size()), words.data(), [&] { f(line); });
}

// A checkpoint's record in a file.
std::string saved(const support::TemporaryDirectory& folder, const nib::StringMap& record) {
    nib::StringMap metadata;
    for (const auto& [name, value] : record) metadata["run." + name] = value;
    const std::string path = folder.path("checkpoint");
    nib::save_safetensors(path, {}, metadata);
    return path;
}

nib::StringMap record_of(const std::vector<const char*>& words, const nib::Dataset& data, std::size_t synthetic = 0) {
    Options options;
    nib::StringMap record;
    REQUIRE(run(options, words,
                [&](examples::CommandLine& line) { record = examples::run_record(line, data, synthetic); }) == 0);
    return record;
}

}  // namespace

TEST_CASE("a record says the options of a run and what it is trained on") {
    const nib::Dataset digits = nib::synthetic_digits(3, 1);
    nib::StringMap record =
        record_of({"--data", "d", "--batch=30", "--lr", "1e-2", "--hidden", "5,6", "--augment"}, digits, 7);
    const std::string images = record.at("images");
    CHECK(images.starts_with("3 images of 28x28 with fingerprint "));
    CHECK(images.size() == std::string("3 images of 28x28 with fingerprint 0123456789abcdef").size());
    record["images"] = "";
    CHECK(record == nib::StringMap{{"augment", "yes"},
                                   {"batch", "30"},
                                   {"data", "a folder"},
                                   {"epochs", "4"},
                                   {"hidden", "5,6"},
                                   {"images", ""},
                                   {"lr", "0.01"},
                                   {"seed", "42"},
                                   {"synthetic", "7"}});
}

TEST_CASE("images that differ in one pixel, one label or their shape have other records") {
    const nib::Dataset digits = nib::synthetic_digits(3, 1);
    const auto images = [](const nib::Dataset& data) { return record_of({}, data).at("images"); };
    const std::string before = images(digits);
    CHECK(images(digits) == before);
    for (const std::size_t place : {std::size_t{0}, digits.pixels.size() - 1}) {
        nib::Dataset other = digits;
        other.pixels[place] ^= 1;
        CHECK(images(other) != before);
    }
    nib::Dataset other = digits;
    other.labels[2] ^= 1;
    CHECK(images(other) != before);
    other = digits;
    other.rows = 14;
    other.cols = 56;
    CHECK(images(other) != before);
    const std::string message = support::error_of([&] {
        examples::check_same_images({{"images", before}}, {{"images", images(other)}}, "ck");
    });
    CHECK(message == "ck: cannot go on with other data: the run had " + before + ", not " + images(other) +
                         "; --data and --synthetic are to be given as they were");
    examples::check_same_images({}, {}, "ck");
}

TEST_CASE("options that are not given are taken from the record, and those that may change may be given") {
    const support::TemporaryDirectory folder;
    const nib::Dataset digits = nib::synthetic_digits(3, 1);
    const std::string path = saved(folder, record_of({"--data", "d", "--batch", "30", "--lr", "0.5", "--epochs", "9",
                                                      "--seed", "1", "--hidden", "5", "--augment"},
                                                     digits));
    Options options;
    const auto take_over = [&](examples::CommandLine& line) {
        CHECK(examples::take_over_run(line, path, options.synthetic).notes ==
              path + ": from here on changed: the run had --lr 0.5, not 0.25\n");
    };
    CHECK(run(options, {"--data", "elsewhere", "--lr", "0.25"}, take_over) == 0);
    CHECK(options.batch == 30);
    CHECK(options.lr == 0.25);
    CHECK(options.epochs == 9);
    CHECK(options.seed == 1);
    CHECK(options.hidden == std::vector<std::size_t>{5});
    CHECK(options.augment);
    CHECK(options.data == "elsewhere");
}

TEST_CASE("what differs is refused, each with both values") {
    const support::TemporaryDirectory folder;
    const std::string path = saved(folder, record_of({"--data", "d"}, nib::synthetic_digits(3, 1)));
    const auto message = [&](const std::vector<const char*>& words) {
        Options options;
        std::string text;
        CHECK(run(options, words, [&](examples::CommandLine& line) {
                  text = support::error_of([&] { return examples::take_over_run(line, path, options.synthetic); });
              }) == 0);
        const std::string start = path + ": cannot go on with other options: the run had ";
        const std::string end = "; --data and --synthetic are to be given as they were, and others may be left out";
        if (text.empty()) return text;
        REQUIRE(text.starts_with(start));
        REQUIRE(text.ends_with(end));
        return text.substr(start.size(), text.size() - start.size() - end.size());
    };
    CHECK(message({"--data", "d"}) == "");
    CHECK(message({"--data", "d", "--batch", "15", "--hidden", "64,64,64"}) == "");
    CHECK(message({"--data", "d", "--batch", "16"}) == "--batch 15, not 16");
    CHECK(message({"--data", "d", "--augment"}) == "--augment no, not yes");
    CHECK(message({"--data", "d", "--seed", "7", "--hidden", "64,64"}) ==
          "--seed 42, not 7, --hidden 64,64,64, not 64,64");
    CHECK(message({"--synthetic", "5"}) == "--data a folder, not none, --synthetic 0, not 5");
    CHECK(message({"--data", "d", "--patience", "3"}) == "");
    CHECK(message({"--data", "d", "--weight-decay", "0.1", "--dropout", "0.5", "--schedule", "cosine", "--ema", "0.9",
                   "--validation", "9"}) ==
          "--weight-decay 0, not 0.1, --dropout 0, not 0.5, no --schedule, --ema 0, not 0.9, --validation 0, not 9");
}

TEST_CASE("how a run learns is taken over too; a record that does not say it means the initial values") {
    const support::TemporaryDirectory folder;
    const nib::StringMap record = record_of({"--weight-decay", "0.1", "--dropout", "0.5", "--schedule", "cosine",
                                             "--ema", "0.9", "--validation", "9", "--patience", "4"},
                                            nib::synthetic_digits(3, 1));
    CHECK(record.at("schedule") == "cosine");
    Options options;
    CHECK(run(options, {"--patience", "5"}, [&](examples::CommandLine& line) {
              const std::string path = saved(folder, record);
              CHECK(examples::take_over_run(line, path, 0).notes ==
                    path + ": from here on changed: the run had --patience 4, not 5\n");
          }) == 0);
    CHECK(options.choices.weight_decay == 0.1);
    CHECK(options.choices.dropout == 0.5);
    CHECK(options.choices.schedule == "cosine");
    CHECK(options.fit.ema_decay == 0.9);
    CHECK(options.choices.validation == 9);
    CHECK(options.fit.patience == 5);
}

TEST_CASE("a record may say anything, and is taken for what an option may be") {
    const support::TemporaryDirectory folder;
    const auto message = [&](const nib::StringMap& record) {
        const std::string path = saved(folder, record);
        Options none;
        std::string text;
        CHECK(run(none, {}, [&](examples::CommandLine& line) {
                  text = support::error_of([&] { return examples::take_over_run(line, path, none.synthetic); });
              }) == 0);
        return text.empty() ? text : text.substr(path.size());
    };
    CHECK(message({}) == "");  // of a program that wrote none
    Options options;
    const std::string old = saved(folder, {{"batch", "20"}, {"hidden", "5"}, {"augment", "no"}, {"synthetic", "0"}});
    CHECK(run(options, {}, [&](examples::CommandLine& line) {
              CHECK(examples::take_over_run(line, old, 0).notes ==
                    old +
                        ": does not say what the run had for --seed, --data, --lr, --epochs: they are to be given as "
                        "they were\n");
          }) == 0);
    CHECK(message({{"batch", "20"}}) == "");
    CHECK(message({{"other", "value"}}) == "");
    CHECK(message({{"batch", "0"}}) ==
          ": record of the run: --batch: expected a whole number from 1 to 1000000, found '0'");
    CHECK(message({{"hidden", "64,,"}}) ==
          ": record of the run: --hidden: expected a whole number from 1 to 65536, found ''");
    CHECK(message({{"augment", "maybe"}}) == ": record of the run: --augment: expected yes or no, found 'maybe'");
    CHECK(message({{"lr", "nan"}}) == ": record of the run: --lr: expected a number from 0 to 1e+06, found 'nan'");
    CHECK(message({{"epochs", ""}}) ==
          ": record of the run: --epochs: expected a whole number from 1 to 1000000, found ''");
    CHECK(message({{"seed", "a\nb"}}).starts_with(": record of the run: expected values of at most "));
}

TEST_CASE("the last checkpoint is named with the command that goes on from it") {
    using Words = std::vector<const char*>;
    const auto advice = [](const Words& words, int epochs, bool failed) {
        Options options;
        std::string text, checkpoint;
        examples::CommandLine line{"train", "Trains."};
        line.option("--data", "DIR", "", options.data);
        line.option("--synthetic", "N", "", options.synthetic, 0, 10'000'000);
        line.option("--epochs", "N", "", options.epochs, 1, 1'000'000);
        line.option("--lr", "X", "", options.lr, 0, 1e6);
        for (const char* const option : {"--checkpoint", "--save", "--history", "--report"})
            line.option(option, "FILE", "", checkpoint);
        Words all{"train"};
        all.insert(all.end(), words.begin(), words.end());
        CHECK(line.run(static_cast<int>(all.size()), all.data(), [&] {
            examples::LastCheckpoint last{line};
            if (epochs > 0) last.set("my file", epochs);
            text = last.advice(failed);
        }) == 0);
        return text;
    };
    CHECK(advice({}, 0, false) == "there is no checkpoint to go on from (--checkpoint writes them)");
    CHECK(advice({"--checkpoint", "c"}, 0, false) == "no epoch was done, and there is no checkpoint to go on from");
    CHECK(advice({}, 1, false) ==
          "'my file' has the first 1 epoch, to go on from by: train --resume 'my file' --epochs 4");
    const std::string start =
        "'my file' has the first 2 epochs, to go on from by: train --data d --resume 'my file' --epochs 9";
    CHECK(advice({"--lr", "0.5", "--epochs", "9", "--data", "d"}, 2, false) == start + " --lr 0.5");
    CHECK(advice({"--lr", "0.5", "--epochs", "9", "--data", "d"}, 2, true) == start);
    CHECK(advice({"--history", "h", "--epochs", "9", "--data", "d"}, 2, true) == start + " --history h");
}
