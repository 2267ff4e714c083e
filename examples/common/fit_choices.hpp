// The options of train that say how it learns, beyond epochs, batches and the learning rate.
#pragma once

#include "command_line.hpp"

#include <nib/data/dataset.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/fit.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

struct FitChoices {
    double weight_decay = 0;     // above 0: with AdamW
    double dropout = 0;          // behind each hidden layer
    std::string schedule;        // one word; empty: what goes with the augmentation, or without it
    std::size_t validation = 0;  // images of the training set that are kept aside
    std::string history;         // a file
};

// Declares them, and those of `fit` that go with them.
void add_options(CommandLine& line, FitChoices& choices, nib::FitOptions& fit);

// Throws UsageError where they do not go together, and nib::Error where the history cannot be written.
void check_choices(const FitChoices& choices, const nib::FitOptions& fit);

nib::Schedule schedule_of(const FitChoices& choices, int epochs, bool augment);

// Takes `count` images, of no particular order, out of `images`. Fails where none would be left.
nib::Dataset take_aside(nib::Dataset& images, std::size_t count, std::uint64_t seed);

}  // namespace examples
