// The program evaluate: its tables, 8-bit integers, and the reports of evaluate and train.
#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/dataset.hpp>
#include <nib/data/mnist.hpp>
#include <nib/io/file.hpp>
#include <nib/model/int8.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/predict.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

using namespace programs;

TEST_CASE("evaluate's precision, recall and accuracy are those of its confusion matrix") {
    const Words lines = lines_of(results("evaluate", {world().model(), "--data", world().data()}));
    REQUIRE(lines.size() == 27);
    CHECK(has_form(lines[0], "loss *.####"));
    CHECK(words_of(lines[2]) == Words{"class", "examples", "precision", "recall"});
    CHECK(words_of(lines[14]) == Words{"truth", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    std::array<std::array<std::size_t, 10>, 10> counts{};
    for (std::size_t truth = 0; truth < 10; ++truth) {
        const Words words = words_of(lines[15 + truth]);
        REQUIRE(words.size() == 11);
        CHECK(words[0] == std::to_string(truth));
        for (std::size_t answer = 0; answer < 10; ++answer)
            counts[truth][answer] = static_cast<std::size_t>(number(words[1 + answer]));
    }
    std::size_t correct = 0;
    for (std::size_t c = 0; c < 10; ++c) {
        const std::size_t examples = std::accumulate(counts[c].begin(), counts[c].end(), std::size_t{0});
        std::size_t answers = 0;
        for (const auto& row : counts) answers += row[c];
        const auto right = static_cast<double>(counts[c][c]);
        const std::string precision = four_digits(answers == 0 ? 0 : right / static_cast<double>(answers));
        const std::string recall = four_digits(right / static_cast<double>(examples));
        CHECK(words_of(lines[3 + c]) == Words{std::to_string(c), std::to_string(examples), precision, recall});
        CHECK(examples == test_count / 10);
        correct += counts[c][c];
    }
    CHECK(lines[26] == "test " + accuracy_line(correct, test_count));
}

TEST_CASE("evaluate prints no table that is too wide to read, and works in the memory of its network") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model");
    nib::Rng rng{1};
    nib::save(nib::Mlp{{784, 100}, rng}, model);
    CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).size() == 1 + 1 + 101 + 1 + 101 + 1 + 1);
    nib::save(nib::Mlp{{784, 4, 50'000}, rng}, model);  // a table of 50,000 squared would be of 20 GB
    const Shell limited{can_limit_memory ? "ulimit -v 600000 && " : "", ""};
    const Outcome outcome = run("evaluate", {model, "--data", world().data()}, limited);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == model + ": has 50000 classes: tables of them are printed up to 100\n");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 3);
    CHECK(has_form(lines[0], "loss *.####"));
    correct_of(lines[2], test_count);
}

TEST_CASE("evaluate refuses a network whose answers are not finite") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model");
    nib::Mlp net = nib::load_mlp(world().model());
    for (float& parameter : net.parameters()) parameter = parameter < 0 ? -3e38f : 3e38f;
    nib::save(net, model);
    CHECK(refusal("evaluate", {model, "--data", world().data()}) ==
          model + ": expected answers with a finite loss; the network's weights are too large to compute with");
}

TEST_CASE("evaluate --int8 compares the network in 8-bit integers with the one that was loaded") {
    const Words before = lines_of(results("evaluate", {world().model(), "--data", world().data()}));
    const Words lines = lines_of(results("evaluate", {world().model(), "--data", world().data(), "--int8"}));
    REQUIRE(lines.size() == before.size() + 4);
    CHECK(words_of(lines[14]) == Words{"truth", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    const std::size_t float_correct = correct_of(before.back(), test_count);
    const std::size_t int8_correct = correct_of(lines.back(), test_count);
    CHECK(int8_correct + 3 > float_correct);
    CHECK(lines[26] == "float " + accuracy_line(float_correct, test_count) + " 50920 bytes");
    CHECK(lines[27] == "int8 " + accuracy_line(int8_correct, test_count) + " 12917 bytes");
    CHECK(lines[28] == "3.94 times smaller");

    // Calibrated on training images.
    const nib::Int8Mlp small =
        nib::quantize(nib::load_mlp(world().model()), nib::load_mnist(world().data(), nib::Split::train));
    const nib::Dataset test = nib::load_mnist(world().data(), nib::Split::test);
    std::size_t correct = 0;
    for (const auto& batch : nib::batches(test, 1))
        correct += nib::predict(small, batch.inputs)[0] == batch.targets[0] ? 1 : 0;
    CHECK(correct == int8_correct);
}

TEST_CASE("evaluate --int8 calibrates on synthetic digits where there are no training images, and says so") {
    const TemporaryDirectory folder;
    nib::save_images(nib::load_mnist(world().data(), nib::Split::test), folder.path("t10k"));
    const Outcome outcome = run("evaluate", {world().model(), "--data", folder.path(), "--int8"});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == folder.path() + ": no training images: calibrating on synthetic digits\n");
    correct_of(lines_of(outcome.out).back(), test_count);
}

TEST_CASE("--report writes a page, and the first test images and the mistakes as PNG files") {
    const TemporaryDirectory folder;
    const std::string report = folder.path("new/report");
    const std::string out = results("evaluate", {world().model(), "--data", world().data(), "--report", report});
    const auto mistakes = static_cast<std::uint32_t>(test_count - correct_of(lines_of(out).back(), test_count));
    REQUIRE(mistakes > 0);
    CHECK(files_in(report) == Words{"mistakes.png", "report.html", "samples.png"});
    const std::string page = nib::read_file(report + "/report.html");
    CHECK(contains(page, "<h1>Test of " + world().model() + "</h1>"));
    CHECK(contains(page, "mistakes in " + std::to_string(test_count) + " images"));
    CHECK(contains(page, "<b>" + std::to_string(mistakes) + "</b>"));
    CHECK(contains(page, "10), LogSoftmax</dd>"));
    CHECK(contains(page, "Weights of the first layer"));
    CHECK_FALSE(contains(page, "<h2>Loss</h2>"));
    // Cells: 28 pixels three times as large, or the caption "7 (is 2)" of 8 glyphs at twice their 6 x 7 pixels, and
    // gaps.
    const auto sheet = [](std::uint32_t images) {
        return Size{std::min(images, 10u) * (8 * 12 - 2 + 8) + 8, (images + 9) / 10 * (3 * 28 + 4 + 14 + 8) + 8};
    };
    CHECK(png_size(report + "/mistakes.png") == sheet(std::min(mistakes, 60u)));
    CHECK(png_size(report + "/samples.png").height == sheet(60).height);

    results("train", train_arguments({"--epochs", "2", "--report", folder.path("training")}));
    CHECK(files_in(folder.path("training")) == Words{"mistakes.png", "report.html", "samples.png"});
    const std::string training = nib::read_file(folder.path("training/report.html"));
    CHECK(contains(training, "<title>epoch 2, training: "));
    CHECK(contains(training, "<title>epoch 2, test: "));
    CHECK(contains(training, "<dt>options</dt><dd>--lr 0.001 --epochs 2 "));
}
