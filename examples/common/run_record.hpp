// What a training run is: the record that its checkpoints hold, what may differ where it goes on from one, and how to
// do that.
#pragma once

#include "command_line.hpp"

#include <nib/data/dataset.hpp>
#include <nib/io/strings.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace examples {

// The options of a run and what it is trained on. The line's options are --batch, --seed, --hidden, --augment, --lr,
// --epochs, --data, --synthetic, and those of fit_choices.hpp, which are in the record where they are not what they are
// without being given. `synthetic` is how many synthetic digits are among the images.
nib::StringMap run_record(const CommandLine& line, const nib::Dataset& training, std::size_t synthetic);

// The options of a run as they are given: "--lr 0.001 --epochs 4 --batch 15 …".
std::string options_text(const CommandLine& line);

struct TakenOver {
    nib::StringMap record;
    // What the user is to know, a line each: what has changed, and what the record does not say.
    std::string notes;
};

// The record that checkpoint `path` holds, compared with the command line before any data is read. Options that are not
// given are taken from it, but for those that say what the data are. --lr, --epochs and --patience may be others; where
// anything else differs, fails with both values.
TakenOver take_over_run(CommandLine& line, const std::string& path, std::size_t synthetic);

// Fails where the record that was taken over is of other images.
void check_same_images(const nib::StringMap& before, const nib::StringMap& now, const std::string& path);

// Fails where the checkpoint's file is too small for a network of such layers, its moments among them: the widths may
// be the checkpoint's own claim, and nothing of that size is to be made before it is known to be true.
void check_holds(const std::string& path, const std::vector<std::size_t>& widths);

// The last checkpoint of a run: what it is, and how to go on from it.
class LastCheckpoint {
public:
    // The run's command line, which must outlive it.
    explicit LastCheckpoint(const CommandLine& line) : line_{line} {}

    void set(const std::string& path, int epochs);

    // For the end of a message. Of a run that failed, the learning rate may be the reason: it is not to go on with.
    std::string advice(bool failed) const;

private:
    const CommandLine& line_;
    std::string path_;
    int epochs_ = 0;
};

}  // namespace examples
