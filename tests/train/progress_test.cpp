#include <nib/train/progress.hpp>

#include "../support.hpp"

TEST_CASE("the rate and the time left follow from what was done so far") {
    const nib::Progress progress{.epochs = 4, .examples_per_epoch = 1000, .examples = 1500, .seconds = 3};
    CHECK(progress.rate() == 500);
    CHECK(progress.seconds_left() == 5);
    CHECK(nib::progress_line(progress) == "epoch 2/4  [#######-------------]  37%  500 examples/s  0:05 left");
}

TEST_CASE("a run that goes on from a checkpoint counts its own epochs only") {
    const nib::Progress progress{
        .epochs = 5, .first_epoch = 4, .examples_per_epoch = 100, .examples = 150, .seconds = 1.5};
    CHECK(progress.seconds_left() == 0.5);
    CHECK(nib::progress_line(progress) == "epoch 5/5  [###############-----]  75%  100 examples/s  0:01 left");
}

TEST_CASE("a progress line is right at the start, at the end, and for large numbers") {
    CHECK(nib::progress_line({.epochs = 2, .examples_per_epoch = 10}) ==
          "epoch 1/2  [--------------------]  0%  0 examples/s  0:00 left");
    CHECK(nib::progress_line({.epochs = 2, .examples_per_epoch = 10, .examples = 20, .seconds = 1}) ==
          "epoch 2/2  [####################]  100%  20 examples/s  0:00 left");
    CHECK(nib::progress_line({.epochs = 100, .examples_per_epoch = 60'000'000, .examples = 1'200'000, .seconds = 1}) ==
          "epoch 1/100  [--------------------]  0%  1.2M examples/s  1:23:19 left");
    CHECK(nib::progress_line({.epochs = 1, .examples_per_epoch = 620'000, .examples = 310'000, .seconds = 1}) ==
          "epoch 1/1  [##########----------]  50%  310k examples/s  0:01 left");
    CHECK(nib::progress_line({}).size() <= 79);
}

TEST_CASE("the part that is done counts all epochs, those before a checkpoint too") {
    CHECK(nib::Progress{.epochs = 4, .examples_per_epoch = 10, .examples = 5}.part_done() == 0.125);
    CHECK(nib::Progress{.epochs = 4, .examples_per_epoch = 10, .examples = 5}.part_done(5) == 0.25);
    CHECK(nib::Progress{.epochs = 4, .first_epoch = 3, .examples_per_epoch = 10}.part_done() == 0.5);
    CHECK(nib::Progress{.epochs = 1, .examples_per_epoch = 10, .examples = 10}.part_done(3) == 1);
    CHECK(nib::Progress{}.part_done() == 1);
}
