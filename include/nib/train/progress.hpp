// Progress: how far a training run is, how fast it goes and how long it will take; and one line that says so.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/text.hpp>

#include <cstddef>
#include <string>

namespace nib::inline NIB_ABI {

struct Progress {
    int epochs = 0;                      // in all
    int first_epoch = 1;                 // larger when training resumes from a checkpoint
    std::size_t examples_per_epoch = 0;  // in each
    std::size_t examples = 0;            // seen so far, from the first epoch on
    double seconds = 0;                  // of training so far

    std::size_t all_examples() const {
        return examples_per_epoch * static_cast<std::size_t>(larger(epochs - first_epoch + 1, 0));
    }
    // What part of the examples of all epochs, those before first_epoch among them, is done after `more` more: in [0,
    // 1].
    double part_done(std::size_t more = 0) const {
        const double before = static_cast<double>(first_epoch - 1) * static_cast<double>(examples_per_epoch);
        const double all = static_cast<double>(epochs) * static_cast<double>(examples_per_epoch);
        return all > 0 ? smaller((before + static_cast<double>(examples + more)) / all, 1.0) : 1;
    }
    // Examples a second; 0 before anything is known.
    double rate() const { return seconds > 0 ? static_cast<double>(examples) / seconds : 0; }
    // Seconds left at this rate.
    double seconds_left() const {
        return rate() > 0 ? static_cast<double>(all_examples() - smaller(examples, all_examples())) / rate() : 0;
    }
};

// "epoch 2/4  [#####---------------]  25%  310k examples/s  0:02 left": at most 79 characters, no line break.
std::string progress_line(const Progress& progress);

inline std::string progress_line(const Progress& progress) {
    const std::size_t all = larger<std::size_t>(progress.all_examples(), 1);
    const std::size_t done = smaller(progress.examples, all);
    constexpr std::size_t width = 20;
    std::string bar(width, '-');
    fill_values(bar.data(), done * width / all, '#');
    const std::size_t per_epoch = larger<std::size_t>(progress.examples_per_epoch, 1);
    const std::size_t epoch = smaller(done / per_epoch + static_cast<std::size_t>(progress.first_epoch),
                                      static_cast<std::size_t>(larger(progress.epochs, 1)));
    const double rate = progress.rate();
    const std::string speed = rate >= 1e6   ? format_fixed(rate / 1e6, 1) + "M"
                              : rate >= 1e3 ? format_fixed(rate / 1e3, 0) + "k"
                                            : format_fixed(rate, 0);
    const auto left = static_cast<std::size_t>(smaller(progress.seconds_left(), 3.6e6) + 0.5);
    const auto two_digits = [](std::size_t number) {
        std::string digits = number < 10 ? "0" : "";
        return digits.append(std::to_string(number));
    };
    const std::string time =
        left >= 3600 ? std::to_string(left / 3600) + ":" + two_digits(left / 60 % 60) : std::to_string(left / 60);
    return "epoch " + std::to_string(epoch) + "/" + std::to_string(progress.epochs) + "  [" + bar + "]  " +
           std::to_string(done * 100 / all) + "%  " + speed + " examples/s  " + time + ":" + two_digits(left % 60) +
           " left";
}

}  // namespace nib::inline NIB_ABI
