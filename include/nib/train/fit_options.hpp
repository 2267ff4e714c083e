// The options of fit, and what it returns.
#pragma once

#include <nib/core/config.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/history.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI {

// What early stopping compares.
enum class Monitor : unsigned char { loss, accuracy };

struct FitOptions {
    int epochs = 4;                      // times through the data
    std::size_t batch_size = 15;         // at least 1
    int first_epoch = 1;                 // larger when training resumes from a checkpoint
    std::size_t threads = 1;             // at most, while and where they gain; the results are the same to the bit
    Schedule schedule = {};              // of the optimiser's learning rate: constant unless it is set
    bool allow_zero_parameters = false;  // train even a network whose parameters are all 0

    // A step for each so many batches, whose gradients are averaged (GradientAverage), or added where the loss is a
    // sum; those that an epoch ends with, fewer than that, have a step of their own.
    std::size_t accumulate = 1;
    // Above 0: bounds on a step's gradients, those by frozen parameters among them, by clip_grad_value and then by
    // clip_grad_norm.
    double clip_value = 0;
    double clip_norm = 0;
    double ema_decay = 0;  // above 0: the network is an average of the parameters over steps (ParameterAverage)

    // Early stopping, above 0: training ends where so many epochs one after the other have brought nothing better, by
    // more than min_delta, and the network is then what it was after the best epoch. (With as many as `epochs` nothing
    // ends early, and the best is kept all the same.)
    int patience = 0;
    double min_delta = 0;
    Monitor monitor = Monitor::loss;
};

// What a network is tested on after each epoch, and never trained on.
template <class Data>
struct Validation {
    Data data;  // a reference, but where it was a temporary
};
template <class Data>
Validation(Data&&) -> Validation<Data>;

// What fit returns.
struct FitResult {
    enum class End : unsigned char { all_epochs, patience, callback };

    History history;            // of all epochs, with those that a TrainingState had before
    int best_epoch = 0;         // whose validation loss, or accuracy, is the best; 0 without validation data
    End end = End::all_epochs;  // why there were no more

    bool stopped_early() const { return end == End::patience; }
};

// What fit's callbacks may return; those that return nothing go on.
enum class Training : unsigned char { proceed, stop };

// What fit calls where nobody wants to hear.
struct NoCallback {
    template <class Report>
    void operator()(const Report&) const {}
};

namespace detail {

// Fails on options that are out of their ranges, or that these data or epochs before them do not go with.
void check_options(const FitOptions& options, bool has_validation, bool has_accuracy, int epochs_done);

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <string>

namespace nib::inline NIB_ABI::detail {

NIB_API void check_options(const FitOptions& options, bool has_validation, bool has_accuracy, int epochs_done) {
    const auto refuse = [](const std::string& expected, const std::string& found) {
        fail({"fit: expected ", expected, ", found ", found});
    };
    const auto at_least_1 = [&](const char* what, auto found) {
        if (found < 1) refuse(std::string(what) + " of at least 1", std::to_string(found));
    };
    at_least_1("epochs", options.epochs);
    at_least_1("a first_epoch", options.first_epoch);
    at_least_1("a batch_size", options.batch_size);
    at_least_1("threads", options.threads);
    at_least_1("accumulate", options.accumulate);
    const auto text = [](double number) {
        return is_finite(number) ? format_shortest(number) : not_finite_name(number);
    };
    const auto at_least_0 = [&](const char* what, double found) {
        if (!is_finite(found) || found < 0) refuse(std::string(what) + " of at least 0", text(found));
    };
    at_least_0("a clip_value", options.clip_value);
    at_least_0("a clip_norm", options.clip_norm);
    at_least_0("a patience", options.patience);
    at_least_0("a min_delta", options.min_delta);
    at_least_0("an ema_decay", options.ema_decay);
    if (options.ema_decay >= 1) refuse("an ema_decay below 1", text(options.ema_decay));
    if (options.patience > 0 && !has_validation)
        fail("fit: patience waits for a better validation loss: expected nib::Validation{data}, found none");
    if (options.monitor == Monitor::accuracy && !has_accuracy)
        fail("fit: expected Monitor::loss, as targets that are no classes have no accuracy, found Monitor::accuracy");
    if (epochs_done > 0 && options.first_epoch != epochs_done + 1)
        refuse("a first_epoch of " + std::to_string(epochs_done + 1) + ", the one behind those of the training state",
               std::to_string(options.first_epoch));
}

}  // namespace nib::inline NIB_ABI::detail

#endif
