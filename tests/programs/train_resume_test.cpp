// The program train with checkpoints: going on, failing, interrupted.
#include "world.hpp"

#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace programs;

TEST_CASE("training that goes on from a checkpoint prints and saves what it would have without a break") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    const Words whole = without_seconds(lines_of(
        results("train", train_arguments({"--batch", "20", "--lr", "0.005", "--epochs", "3", "--save", model}))));
    const std::string expected = nib::read_file(model);
    results("train", train_arguments({"--batch", "20", "--lr", "0.005", "--epochs", "1", "--checkpoint", checkpoint}));
    // The options that are not given are those of the run.
    const Outcome rest =
        run("train", {"--data", world().data(), "--epochs", "3", "--resume", checkpoint, "--save", model});
    CHECK(rest.status == 0);
    CHECK(rest.err == checkpoint + ": from here on changed: the run had --epochs 1, not 3\n");
    const Words lines = without_seconds(lines_of(rest.out));
    REQUIRE(lines.size() == 4);
    CHECK(Words(lines.begin() + 1, lines.end()) == Words(whole.begin() + 2, whole.end()));
    CHECK((nib::read_file(model) == expected));
    const Outcome again = run("train", {"--data", world().data(), "--resume", checkpoint, "--lr", "0.25"});
    CHECK(again.err == checkpoint + ": from here on changed: the run had --lr 0.005, not 0.25\n" + checkpoint +
                           ": 1 epochs are done: --epochs 1 leaves none\n");
}

TEST_CASE("training does not go on with other options or other data than before") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const std::string before = nib::read_file(checkpoint);
    const auto refused = [&](const Words& more) {
        Words arguments{"--resume", checkpoint, "--checkpoint", checkpoint, "--epochs", "2"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = run("train", arguments);
        CHECK(outcome.status == 1);
        CHECK(outcome.out == "");
        CHECK((nib::read_file(checkpoint) == before));
        return lines_of(outcome.err).back();
    };
    const std::string start = "train: " + checkpoint + ": cannot go on with other ";
    const std::string end = "; --data and --synthetic are to be given as they were";
    const std::string data = world().data();
    CHECK(refused({"--data", data, "--batch", "16", "--seed", "43"}) ==
          start + "options: the run had --batch 15, not 16, --seed 42, not 43" + end + ", and others may be left out");
    CHECK(contains(refused({"--data", data, "--augment"}), "the run had --augment no, not yes;"));
    CHECK(contains(refused({"--data", data, "--hidden", "8,8"}), "the run had --hidden 8, not 8,8;"));
    CHECK(contains(refused({"--data", data, "--synthetic", "10"}), "the run had --synthetic 0, not 10;"));
    CHECK(contains(refused({}), "the run had --data a folder, not none, --synthetic 0, not 60000;"));

    // Another folder with the same images is the same; one other label is not.
    const std::string other = folder.path("other");
    std::filesystem::copy(data, other);
    CHECK(run("train", {"--data", other, "--resume", checkpoint}).status == 0);
    std::string labels = nib::read_file(other + "/train-labels-idx1-ubyte");
    labels.back() = labels.back() == 0 ? 1 : 0;
    std::ofstream(other + "/train-labels-idx1-ubyte", std::ios::binary) << labels;
    const std::string message = refused({"--data", other});
    CHECK(message.starts_with(start + "data: the run had 600 images of 28x28 with fingerprint "));
    CHECK(contains(message, ", not 600 images of 28x28 with fingerprint "));
    CHECK(message.ends_with(end));
}

TEST_CASE("a checkpoint without a record of its run is gone on with, which is said; one that lies is refused") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), changed = folder.path("changed");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const auto rewrite = [&](const auto& change) {
        nib::TensorFile file = nib::open_safetensors(checkpoint);
        std::vector<std::vector<std::byte>> bytes;
        std::vector<nib::Tensor> tensors;
        for (const nib::TensorInfo& tensor : file.tensors()) bytes.push_back(file.bytes(tensor));
        for (std::size_t i = 0; i < bytes.size(); ++i)
            tensors.push_back({file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, bytes[i]});
        nib::StringMap metadata;
        for (const auto& [key, value] : file.metadata()) change(metadata, key, value);
        nib::save_safetensors(changed, tensors, metadata);
    };
    rewrite([](nib::StringMap& metadata, const std::string& key, const std::string& value) {
        if (!key.starts_with("run.")) metadata[key] = value;
    });
    const Outcome old = run("train", train_arguments({"--epochs", "2", "--resume", changed}));
    CHECK(old.status == 0);
    CHECK(old.err == changed +
                         ": does not say what the run had for --batch, --seed, --hidden, --augment, --data, "
                         "--synthetic, --lr, --epochs: they are to be given as they were\n");
    rewrite([](nib::StringMap& metadata, const std::string& key, const std::string& value) {
        metadata[key] = key == "run.hidden" ? "65536,65536,65536,65536" : value;
    });
    const Words arguments{"--data", world().data(), "--resume", changed};
    CHECK(refusal("train", arguments, can_limit_memory ? Shell{"ulimit -v 600000 && ", ""} : Shell{}) ==
          changed + ": is too small for a checkpoint of a network with 12937199626 parameters");
}

TEST_CASE("training that fails keeps what was there, and names the last checkpoint and how to go on from it") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    const Words widths{"--data", world().data(), "--hidden", "64,64,64"};
    const auto with_widths = [&](const Words& more) {
        Words arguments = widths;
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    results("train", with_widths({"--epochs", "1", "--checkpoint", checkpoint, "--save", model}));
    const std::string checkpoint_before = nib::read_file(checkpoint), model_before = nib::read_file(model);
    const auto failed = [&](const Words& more) {
        const Outcome outcome = run("train", with_widths(more));
        CHECK(outcome.status == 1);
        CHECK(lines_of(outcome.out).size() == 1);
        CHECK(outcome.out.starts_with("initial accuracy "));
        CHECK((nib::read_file(checkpoint) == checkpoint_before));
        CHECK((nib::read_file(model) == model_before));
        CHECK(files_in(folder.path()) == Words{"checkpoint", "model"});
        return lines_of(outcome.err).back();
    };
    const Words fast{"--lr", "1e6", "--epochs", "3", "--save", model};
    const auto too_fast = [&](Words more) {
        more.insert(more.begin(), fast.begin(), fast.end());
        const std::string message = failed(more);
        CHECK(message.starts_with("train: fit: epoch " + std::string(contains(message, "epoch 2") ? "2" : "1") + ", "));
        CHECK(contains(message, "the learning rate, 1000000, may be too high"));
        return message.substr(message.rfind("; "));
    };
    CHECK(too_fast({}) == "; there is no checkpoint to go on from (--checkpoint writes them)");
    CHECK(too_fast({"--checkpoint", folder.path("new")}) ==
          "; no epoch was done, and there is no checkpoint to go on from");
    CHECK(too_fast({"--resume", checkpoint, "--checkpoint", checkpoint}) ==
          "; " + checkpoint + " has the first 1 epoch, to go on from by: train --data " + world().data() +
              " --resume " + checkpoint + " --epochs 3 --checkpoint " + checkpoint + " --save " + model);
}

TEST_CASE("a checkpoint that cannot be written ends training, and the one before is named") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const std::string before = nib::read_file(checkpoint);
    const Outcome outcome =
        run("train", {"--data", world().data(), "--resume", checkpoint, "--epochs", "3", "--checkpoint", checkpoint},
            {"trap '' XFSZ; ulimit -f 8 && ", ""});
    CHECK(outcome.status == 1);
    CHECK(lines_of(outcome.err).back() == "train: " + checkpoint + ": cannot write: File too large; " + checkpoint +
                                              " has the first 1 epoch, to go on from by: train --data " +
                                              world().data() + " --resume " + checkpoint + " --epochs 3 --checkpoint " +
                                              checkpoint);
    CHECK((nib::read_file(checkpoint) == before));
    CHECK(files_in(folder.path()) == Words{"checkpoint"});
}

TEST_CASE("train ends in order after Ctrl-C and SIGTERM, and says how to go on") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    for (const int status : {130, 143}) {
        const std::string signal = status == 130 ? "INT" : "TERM";
        // The signal comes when the file is there, from a process beside; "exec" keeps the number.
        const auto interrupted = [&](const std::string& file, const Words& more) {
            const std::string beside =
                "(until [ -e " + quoted(file) + " ]; do sleep 0.05; done; kill -" + signal + " $$) & ";
            Words arguments{"--data", world().data(), "--hidden", "8", "--epochs", "1000000", "--save", model};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return run("train", arguments, {beside, ""});
        };
        const Outcome outcome = interrupted(checkpoint, {"--checkpoint", checkpoint, "--lr", "0.002"});
        CHECK(outcome.status == status);
        CHECK(!contains(outcome.out, "test accuracy"));
        const nib::StringMap metadata = nib::open_safetensors(checkpoint).metadata();
        CHECK(metadata.at("run.epochs") == "1000000");
        const std::string epochs = metadata.at("epochs") == "1" ? "1 epoch" : metadata.at("epochs") + " epochs";
        const std::string command = "--data " + world().data() + " --resume " + checkpoint +
                                    " --epochs 1000000 --lr 0.002 --checkpoint " + checkpoint + " --save " + model;
        CHECK(outcome.err == "train: interrupted: " + checkpoint + " has the first " + epochs +
                                 ", to go on from by: train " + command + "\n");
        CHECK(files_in(folder.path()) == Words{"checkpoint"});
        // As it says.
        const Outcome on = run("train", {"--data", world().data(), "--resume", checkpoint, "--epochs",
                                         std::to_string(1 + std::stoi(metadata.at("epochs"))), "--lr", "0.002"});
        CHECK(on.status == 0);

        const std::string report = folder.path("report");  // made at the start
        const Outcome without = interrupted(report, {"--report", report});
        CHECK(without.status == status);
        CHECK(without.err == "train: interrupted: there is no checkpoint to go on from (--checkpoint writes them)\n");
        CHECK(files_in(folder.path()) == Words{"checkpoint", "report"});
        std::filesystem::remove(checkpoint);
        std::filesystem::remove(report);
    }
}

TEST_CASE("a checkpoint may take the place of the one that is resumed, and devices are no files") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("c");
    CHECK(run("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint})).status == 0);
    CHECK(run("train", train_arguments({"--epochs", "2", "--checkpoint", checkpoint, "--resume", checkpoint})).status ==
          0);
    CHECK(run("train", train_arguments({"--epochs", "1", "--checkpoint", "/dev/null", "--save", "/dev/null"})).status ==
          0);
}
