// History: loss, validation results and more of each epoch of a training run, and a file of them.
//
//   epoch,loss,validation_loss,validation_accuracy,learning_rate,seconds
//   1,0.3456,0.2871,0.9175,0.001,0.21
#pragma once

#include <nib/core/config.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

struct EpochReport {
    int epoch = 0;             // 1, 2, …
    double loss = 0;           // mean over the epoch's examples, each as it was before its batch's step
    double seconds = 0;        // of training alone: without validation and what on_epoch does
    double learning_rate = 0;  // of the last step; 0 where the optimiser tells of none

    // Of the validation data, after the epoch; nothing without such data, or where their targets are no classes.
    std::optional<double> validation_loss = {};
    std::optional<double> validation_accuracy = {};  // in [0, 1]
};

// In the order of the epochs.
using History = std::vector<EpochReport>;

// Writes the history as CSV: the line of names above, and one line an epoch, with empty fields where there is no value.
// Numbers are the shortest that read back the same, in every locale. Written as AtomicFile writes; fails where the file
// cannot be written.
void save_history(std::span<const EpochReport> history, const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>

namespace nib::inline NIB_ABI {

NIB_API void save_history(std::span<const EpochReport> history, const std::string& path) {
    std::string text = "epoch,loss,validation_loss,validation_accuracy,learning_rate,seconds\n";
    const auto add = [&](const std::optional<double>& number, char end) {
        if (number) text += format_shortest(*number);
        text += end;
    };
    for (const EpochReport& report : history) {
        text += std::to_string(report.epoch) + ',';
        add(report.loss, ',');
        add(report.validation_loss, ',');
        add(report.validation_accuracy, ',');
        add(report.learning_rate, ',');
        add(report.seconds, '\n');
    }
    AtomicFile file{path};
    file.write(bytes_of(text));
    file.commit();
}

}  // namespace nib::inline NIB_ABI

#endif
