// Schedules: how the learning rate goes in the course of training.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/config.hpp>

namespace nib::inline NIB_ABI {

enum class Schedule {
    constant,
    // Up from 0 in the first twentieth, then down along half a cosine to a hundredth (Loshchilov & Hutter 2017, "SGDR",
    // without restarts): for longer training, of 10 epochs or more.
    warmup_cosine,
};

namespace detail {

// cos(pi x) for x in [0, 1], within 1e-6: the Taylor series of -sin(pi (x - 1/2)), which is the same for every C
// library.
constexpr double cosine_of_half_turns(double x) {
    const double angle = 3.14159265358979323846 * (x - 0.5);
    const double square = angle * angle;
    double sum = 0;
    for (int n = 11; n > 1; n -= 2) sum = -(sum + 1) * square / (n * (n - 1));
    return -angle * (1 + sum);
}

}  // namespace detail

// What the learning rate is multiplied by when the part `progress`, in [0, 1], of all steps is done.
constexpr double schedule_factor(Schedule schedule, double progress) {
    constexpr double warmup = 0.05, last = 0.01;
    if (schedule == Schedule::constant) return 1;
    if (progress < warmup) return progress / warmup;
    const double place = smaller((progress - warmup) / (1 - warmup), 1.0);
    return last + (1 - last) * (1 + detail::cosine_of_half_turns(place)) / 2;
}

}  // namespace nib::inline NIB_ABI
