// The program train: what it prints, keeps and learns.
#include "world.hpp"

#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

using namespace programs;

TEST_CASE("train prints the initial accuracy, a line an epoch and the test accuracy, and nothing else") {
    const Words lines = lines_of(results("train", train_arguments({"--epochs", "3"})));
    REQUIRE(lines.size() == 5);
    CHECK(has_form(lines[0], "initial accuracy 0.####"));
    for (std::size_t epoch = 1; epoch <= 3; ++epoch)
        CHECK(has_form(lines[epoch], "epoch " + std::to_string(epoch) + " loss *.#### accuracy #.#### seconds *.##"));
    const std::size_t correct = correct_of(lines[4], test_count);
    CHECK(correct > test_count / 5);  // chance is a tenth
    CHECK(contains(lines[3], " accuracy " + four_digits(static_cast<double>(correct) / test_count) + " "));
}

TEST_CASE("train without data draws its own digits and says so on standard error") {
    if (sanitized) {
        MESSAGE("skipped: 70,000 digits take long under a sanitizer");
        return;
    }
    const Outcome outcome = run("train", {"--epochs", "1", "--hidden", "8"});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "no --data: training on 60000 synthetic digits, testing on 10000 others\n");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 3);
    CHECK(correct_of(lines[2], 10'000) > 8'000);
}

TEST_CASE("train --synthetic adds digits to the data, and says how many there are without any") {
    if (sanitized) {
        MESSAGE("skipped: 10,000 digits take long under a sanitizer");
        return;
    }
    const Outcome alone = run("train", {"--synthetic", "500", "--epochs", "1", "--hidden", "8"});
    CHECK(alone.err == "no --data: training on 500 synthetic digits, testing on 10000 others\n");
    const std::string less = results("train", train_arguments({"--epochs", "1"}));
    const std::string more = results("train", train_arguments({"--epochs", "1", "--synthetic", "3000"}));
    const auto correct = [](const std::string& output) { return correct_of(lines_of(output).back(), test_count); };
    CHECK(correct(more) > correct(less));  // six times as many steps
}

TEST_CASE("train --augment gives the same for any number of threads") {
    const auto lines = [](const Words& more) {
        Words arguments = train_arguments({"--augment", "--epochs", "3", "--batch", "100"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return without_seconds(lines_of(results("train", arguments)));
    };
    const Words whole = lines({});
    CHECK(lines({"--threads", "2"}) == whole);
    CHECK(lines({"--threads", "3"}) == whole);
    CHECK(whole != without_seconds(lines_of(results("train", train_arguments({"--epochs", "3", "--batch", "100"})))));
}

TEST_CASE("the same seed gives the same output and the same model, another seed others") {
    const TemporaryDirectory folder;
    const auto trained = [&](const std::string& seed, const std::string& name) {
        return without_seconds(
            lines_of(results("train", train_arguments({"--seed", seed, "--save", folder.path(name)}))));
    };
    const Words first = trained("7", "first");
    CHECK(trained("7", "second") == first);
    CHECK(trained("8", "third") != first);
    CHECK(nib::read_file(folder.path("second")) == nib::read_file(folder.path("first")));
    CHECK(nib::read_file(folder.path("third")) != nib::read_file(folder.path("first")));
}

TEST_CASE("a batch of all images is one step of Adam, which moves no parameter by more than the learning rate") {
    const TemporaryDirectory folder;
    const auto trained = [&](const std::string& rate) {
        const std::string all = std::to_string(training_count);
        results("train", train_arguments({"--epochs", "1", "--lr", rate, "--batch", all, "--save", folder.path("m")}));
        return nib::load_mlp(folder.path("m"));
    };
    const nib::Mlp before = trained("0");
    const nib::Mlp after = trained("0.25");
    REQUIRE(before.parameter_count() == 784 * 8 + 8 + 8 * 10 + 10);
    float largest = 0;
    for (std::size_t i = 0; i < before.parameter_count(); ++i)
        largest = std::max(largest, std::abs(after.parameters()[i] - before.parameters()[i]));
    CHECK(largest == doctest::Approx(0.25).epsilon(1e-3));
}

TEST_CASE("train stops early, keeps a history, and goes on with all that shapes its learning to the same network") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), history = folder.path("history.csv");
    const Words how{"--weight-decay", "0.1", "--dropout", "0.2",  "--schedule",   "plateau",
                    "--ema",          "0.9", "--lr",      "0.01", "--validation", "100"};
    const auto trained = [&](const Words& more, const std::string& save) {
        Words arguments = train_arguments(more);
        arguments.insert(arguments.end(), {"--history", history, "--save", folder.path(save)});
        return run("train", arguments);
    };
    const auto with = [&](Words more) {
        more.insert(more.end(), how.begin(), how.end());
        return more;
    };
    REQUIRE(trained(with({"--epochs", "4", "--patience", "9"}), "whole").status == 0);
    REQUIRE(trained(with({"--epochs", "2", "--patience", "9", "--checkpoint", checkpoint}), "half").status == 0);
    const Outcome rest = trained({"--epochs", "4", "--resume", checkpoint}, "rest");
    CHECK(rest.status == 0);
    CHECK((nib::read_file(folder.path("rest")) == nib::read_file(folder.path("whole"))));
    const Words rows = lines_of(nib::read_file(history));
    REQUIRE(rows.size() == 5);
    CHECK(rows[0] == "epoch,loss,validation_loss,validation_accuracy,learning_rate,seconds");
    CHECK(rows[1].starts_with("1,"));
    CHECK(rows[4].starts_with("4,"));

    const Outcome early = trained(with({"--epochs", "1000", "--patience", "1"}), "early");
    CHECK(early.status == 0);
    const std::size_t epochs = lines_of(early.out).size() - 2;
    CHECK(early.err == "the network is that of epoch " + std::to_string(epochs - 1) +
                           ", which was best on the images of --validation\n");
    CHECK(misuse("train", train_arguments({"--patience", "1"})) ==
          "--patience: expected images that it looks at, --validation N");
    CHECK(
        misuse("train", train_arguments({"--schedule", "slow"})) ==
        "--schedule: expected constant, step, exponential, cosine, one-cycle, plateau or warmup-cosine, found 'slow'");
    CHECK(refusal("train", train_arguments({"--validation", "100000"})) ==
          "--validation: expected fewer than the " + std::to_string(training_count) + " training images, found 100000");
}

TEST_CASE("evaluate prints the last line that train printed of the model that it saved") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model.safetensors");
    const Words trained = lines_of(results("train", train_arguments({"--hidden", "5,7", "--save", model})));
    CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).back() == trained.back());
    const nib::Mlp net = nib::load_mlp(model);
    CHECK(std::vector<std::size_t>(net.widths().begin(), net.widths().end()) ==
          std::vector<std::size_t>{784, 5, 7, 10});
    CHECK(files_in(folder.path()) == Words{"model.safetensors"});
    // 600 images make 40 batches of 15; 4 epochs.
    CHECK(nib::open_safetensors(model).metadata().at("steps") == "160");
    CHECK(nib::open_safetensors(model).metadata().at("layers") ==
          "Linear(784, 5), ReLU, Linear(5, 7), ReLU, Linear(7, 10), LogSoftmax");
}
