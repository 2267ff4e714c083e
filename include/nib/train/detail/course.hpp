// What fit does around its steps: gradients that are accumulated and clipped, averages of the parameters, the history,
// early stopping and the best network.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/model/detail/finite.hpp>
#include <nib/model/gradient.hpp>
#include <nib/optim/clip_grad.hpp>
#include <nib/train/averages.hpp>
#include <nib/train/fit_options.hpp>
#include <nib/train/progress.hpp>
#include <nib/train/training_state.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace nib::inline NIB_ABI::detail {

// What fit does between the steps of its loop, whatever the network, which between epochs holds what it is tested,
// saved and reported as: with ema_decay, the averages.
template <class T>
class Course {
public:
    Course(const FitOptions& options, TrainingState<T>& state, bool of_sums)
        : options_{options}, state_{state}, of_sums_{of_sums} {}

    // Whether patience is at its end. (Where a run before had none, the network of its best epoch is not there.)
    bool is_over() const {
        return options_.patience > 0 && !state_.best.empty() &&
               state_.epochs() - state_.best_epoch >= options_.patience;
    }
    // Before an epoch: the network gets what training goes on with.
    void begin(std::span<T> parameters, std::span<T> buffers);
    // The gradients of a step, of this batch and those before it; nothing while more are to come, or where they are
    // `finite` no longer.
    std::optional<DeferredGradient<T>> gradients(const DeferredGradient<T>& batch, std::size_t examples, bool last,
                                                 bool& finite) {
        if (options_.accumulate == 1 && options_.clip_value == 0 && options_.clip_norm == 0) return batch;
        return averaged(batch, examples, last, finite);
    }
    // After a step.
    void stepped(std::span<const T> parameters) {
        if (options_.ema_decay > 0) state_.average.update(parameters, options_.ema_decay);
    }
    // After an epoch, or what there was of it: the network gets what it is tested as.
    void present(std::span<T> parameters, std::span<T> buffers);
    // The epoch is done.
    void note(const EpochReport& report, std::span<const T> parameters, std::span<const T> buffers);
    // No more epochs: the network gets the best of its numbers, where there are such.
    FitResult result(FitResult::End end, std::span<T> parameters, std::span<T> buffers);

private:
    std::optional<DeferredGradient<T>> averaged(const DeferredGradient<T>& batch, std::size_t examples, bool last,
                                                bool& finite);

    const FitOptions& options_;
    TrainingState<T>& state_;
    bool of_sums_;  // whether the loss of a batch is a sum over its examples
    GradientAverage<T> average_;
};

}  // namespace nib::inline NIB_ABI::detail

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

template <class T>
void Course<T>::begin(std::span<T> parameters, std::span<T> buffers) {
    if (state_.training.empty()) return;
    state_.training.put(parameters, buffers);
    state_.training.parameters.clear();
}

template <class T>
std::optional<DeferredGradient<T>> Course<T>::averaged(const DeferredGradient<T>& batch, std::size_t examples,
                                                       bool last, bool& finite) {
    average_.add(batch, of_sums_ ? 1 : examples);
    if (average_.batches() < options_.accumulate && !last) return std::nullopt;
    const std::span<T> values = average_.values();
    for (std::size_t i = 0; of_sums_ && i < values.size(); ++i) values[i] *= static_cast<T>(average_.batches());
    finite = first_not_finite(values.data(), values.size()) == values.size();
    if (!finite) return std::nullopt;
    if (options_.clip_value > 0) clip_grad_value(values, options_.clip_value);
    if (options_.clip_norm > 0) clip_grad_norm(values, options_.clip_norm);
    return average_.take();
}

template <class T>
void Course<T>::present(std::span<T> parameters, std::span<T> buffers) {
    const std::span<const T> average = state_.average.values();
    if (options_.ema_decay == 0 || average.empty()) return;
    check_average_size(average.size(), parameters.size());
    state_.training.take(parameters, buffers);
    copy_values(average.data(), average.size(), parameters.data());
}

template <class T>
void Course<T>::note(const EpochReport& report, std::span<const T> parameters, std::span<const T> buffers) {
    const auto value = [&](const EpochReport& of) {
        return options_.monitor == Monitor::loss ? of.validation_loss : of.validation_accuracy;
    };
    std::optional<double> best;
    for (const EpochReport& before : state_.history)
        if (before.epoch == state_.best_epoch) best = value(before);
    state_.history.push_back(report);
    state_.plateau.update(options_.schedule, report.validation_loss.value_or(report.loss));
    if (!value(report)) return;
    const double gain = !best ? 0 : options_.monitor == Monitor::loss ? *best - *value(report) : *value(report) - *best;
    const bool keeps = options_.patience > 0;
    if (best && !(gain > options_.min_delta) && !(keeps && state_.best.empty())) return;
    state_.best_epoch = report.epoch;
    if (keeps) state_.best.take(parameters, buffers);
}

template <class T>
FitResult Course<T>::result(FitResult::End end, std::span<T> parameters, std::span<T> buffers) {
    if (options_.patience > 0 && !state_.best.empty()) {
        if (state_.training.empty()) state_.training.take(parameters, buffers);
        state_.best.put(parameters, buffers);
    }
    return {state_.history, state_.best_epoch, end};
}

}  // namespace nib::inline NIB_ABI::detail

#endif
