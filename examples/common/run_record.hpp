// What a training run is: the record that its checkpoints hold, and what may differ where it goes on from one.
#pragma once

#include "command_line.hpp"

#include <nib/data/dataset.hpp>
#include <nib/io/strings.hpp>

#include <cstddef>
#include <string>

namespace examples {

// The options of a run and what it is trained on. The line's options are --batch, --seed, --hidden, --augment, --lr,
// --epochs, --data and --synthetic. `synthetic` is how many synthetic digits are among the images.
nib::StringMap run_record(const CommandLine& line, const nib::Dataset& training, std::size_t synthetic);

struct TakenOver {
    nib::StringMap record;
    // What the user is to know, a line each: what has changed, and what the record does not say.
    std::string notes;
};

// The record that checkpoint `path` holds, compared with the command line before any data is read. Options that are not
// given are taken from it, but for those that say what the data are. --lr and --epochs may be others; where anything
// else differs, fails with both values.
TakenOver take_over_run(CommandLine& line, const std::string& path, std::size_t synthetic);

// Fails where the record that was taken over is of other images.
void check_same_images(const nib::StringMap& before, const nib::StringMap& now, const std::string& path);

}  // namespace examples
