#include "recipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Outcome {
    int status = 0;
    std::string spelled;
    std::vector<std::size_t> hidden{64};
    int epochs = 4;
    bool augment = false;
    double ema = 0;
};

// A program with the options that recipes set, run with these arguments.
template <std::size_t Count>
Outcome run(const std::array<const char*, Count>& arguments) {
    Outcome outcome;
    std::string recipe, resume, schedule;
    std::size_t batch = 15, threads = 1;
    double rate = 0, decay = 0;
    examples::CommandLine line{"test", "Tests."};
    line.option("--hidden", "N,N,...", "", outcome.hidden, 1, 65'536);
    line.option("--epochs", "N", "", outcome.epochs, 1, 1000);
    line.option("--batch", "N", "", batch, 1, 1000);
    line.option("--threads", "N", "", threads, 1, 256);
    line.option("--lr", "X", "", rate, 0, 1);
    line.option("--weight-decay", "X", "", decay, 0, 1);
    line.option("--ema", "X", "", outcome.ema, 0, 1);
    line.option("--schedule", "WORD", "", schedule, {"constant", "warmup-cosine"});
    line.flag("--augment", "", outcome.augment);
    line.option("--resume", "FILE", "", resume);
    examples::add_recipe(line, recipe);
    std::FILE* const nowhere = std::tmpfile();
    outcome.status = line.run(
        static_cast<int>(Count), arguments.data(), [&] { outcome.spelled = examples::take_recipe(line, recipe); },
        nowhere, nowhere);
    std::fclose(nowhere);
    return outcome;
}

}  // namespace

TEST_CASE("without a recipe nothing changes") {
    const Outcome outcome = run(std::array{"test", "--epochs", "7"});
    CHECK(outcome.status == 0);
    CHECK(outcome.spelled.empty());
    CHECK(outcome.epochs == 7);
    CHECK_FALSE(outcome.augment);
}

TEST_CASE("a recipe sets what is not given, and tells all of it") {
    const Outcome outcome = run(std::array{"test", "--recipe", "best", "--epochs", "3"});
    CHECK(outcome.status == 0);
    CHECK(outcome.epochs == 3);
    CHECK(outcome.augment);
    CHECK(outcome.hidden == std::vector<std::size_t>{1024, 1024});
    CHECK(outcome.ema == 0.9995);
    CHECK(outcome.spelled ==
          "--recipe best is --augment --hidden 1024,1024 --epochs 3 --batch 128 --lr 0.001 --weight-decay 0.05 "
          "--schedule warmup-cosine --ema 0.9995 --threads 2\n");
}

TEST_CASE("a run that goes on has its checkpoint's options, and there is no other recipe") {
    CHECK(run(std::array{"test", "--recipe", "best", "--resume", "x"}).status == 2);
    CHECK(run(std::array{"test", "--recipe", "worst"}).status == 2);
}
