// fit: the training loop, for those who do not want to write its four lines themselves.
//
//   nib::fit(net, adam, train, {.epochs = 4, .batch_size = 15}, rng, [&](const nib::EpochReport& epoch) {
//       std::printf("epoch %d  accuracy %.4f\n", epoch.epoch, nib::accuracy(net, test));
//   });
//   nib::fit(net, sgd, nib::Examples{x, y}, {.epochs = 20}, rng, nib::MseLoss{});
//
//   // Early stopping: ends after five epochs without a better validation loss, with the best network.
//   const auto result = nib::fit(net, adam, train, {.epochs = 99, .patience = 5}, rng, nib::Validation{validation});
//   nib::save_history(result.history, "history.csv");
#pragma once

#include <nib/core/clock.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/batch_stream.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/train/detail/course.hpp>
#include <nib/train/detail/fit_checks.hpp>
#include <nib/train/detail/scheduled_rate.hpp>
#include <nib/train/detail/thread_choice.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit_options.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/progress.hpp>
#include <nib/train/training_state.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// Whether a callback wants fit to go on.
template <class Callback, class Report>
bool proceeds(Callback& callback, const Report& report) {
    if constexpr (std::is_same_v<decltype(callback(report)), Training>) {
        return callback(report) == Training::proceed;
    } else {
        static_assert(std::is_void_v<decltype(callback(report))>,
                      "nib::fit: expected a callback that returns nothing or nib::Training");
        callback(report);
        return true;
    }
}

// Stands for validation data where there are none.
struct NoValidation {};

template <class V>
inline constexpr bool is_validation = false;
template <class Data>
inline constexpr bool is_validation<Validation<Data>> = true;

// Tests the network on the validation data.
template <class Net, class V, class L>
void validate([[maybe_unused]] const Net& net, [[maybe_unused]] const V& validation, [[maybe_unused]] const L& loss,
              [[maybe_unused]] EpochReport& report) {
    if constexpr (is_validation<V>) {
        const auto found = evaluate(net, validation.data, loss);
        if (!is_finite(found.loss)) fail_validation(report.epoch, found.loss);
        report.validation_loss = found.loss;
        if constexpr (requires { found.accuracy(); }) report.validation_accuracy = found.accuracy();
    }
}

template <class Net, class Optimizer, class Data, class L, class V, class OnEpoch, class OnProgress>
FitResult run_fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, const L& loss,
                  const V& validation, TrainingState<typename Net::scalar_type>& state, OnEpoch& on_epoch,
                  OnProgress& on_progress) {
    using T = typename Net::scalar_type;
    check_data(net, data);
    if constexpr (is_validation<V>) check_data(net, validation.data);
    check_options(options, is_validation<V>, has_class_targets<L, T>, state.epochs());
    // Whether the loss tells of inputs that are not finite, or there are none.
    constexpr bool inputs_will_tell = arithmetic_keeps_nan || std::is_same_v<Data, Dataset>;
    const bool beside = RandomExampleSource<Data, T> && options.threads > 1;
    ThreadPool pool{beside ? options.threads - 1 : options.threads};
    ThreadPool pair{beside ? std::size_t{2} : 1};
    ThreadChoice threads{pool};
    Gradients gradients{net, loss, &threads};
    if (const auto& first = net.view().steps.front(); first.check_ready != nullptr)
        first.check_ready(std::as_const(net).buffers().first(first.buffers));
    if (options.allow_zero_parameters) gradients.allow_zero_parameters();
    Progress progress{.epochs = options.epochs, .first_epoch = options.first_epoch, .examples_per_epoch = data.size()};
    Course<T> course{options, state, is_sum(loss)};
    FitResult::End end = FitResult::End::all_epochs;
    for (int epoch = options.first_epoch; epoch <= options.epochs; ++epoch) {
        if (course.is_over()) {
            end = FitResult::End::patience;
            break;
        }
        course.begin(net.parameters(), net.buffers());
        EpochReport report{.epoch = epoch};
        const double seconds_before = progress.seconds;
        bool whole = true;
        {
            const Stopwatch stopwatch;
            ScheduledRate rate{optimizer, options.schedule};
            const auto batches = nib::batches<T>(data, options.batch_size, rng, beside ? nullptr : &threads);
            const std::size_t steps = (batches.size() - 1) / options.accumulate + 1;
            bool finite = true;
            double step_began = 0;
            const auto use = [&](const auto& batch) {
                rate.set(
                    {.progress = progress.part_done(batch.size()),
                     .epochs_done = epoch - 1 + static_cast<double>(batch.step) / static_cast<double>(batches.size()),
                     .epochs = options.epochs,
                     .plateau_factor = state.plateau.factor,
                     .steps = options.epochs * static_cast<double>(steps)});
                // Gradients of weight matrices are not computed yet: the optimiser's step does that, block by
                // block (model/gradient.hpp).
                const DeferredGradient<T> gradient = gradients(net, batch);
                finite = is_finite(gradients.loss()) && gradient.rest_is_finite() &&
                         (inputs_will_tell || find_not_finite(batch).text.empty());
                if (!finite) return;
                const bool last = batch.step + 1 == batches.size();
                if (const auto of_step = course.gradients(gradient, batch.size(), last, finite)) {
                    optimizer.step(net, *of_step);
                    course.stepped(net.parameters());
                }
            };
            const auto done = [&](const auto& batch) {
                if (!finite)
                    fail_step(epoch, batch.step + 1, batches.size(), gradients.loss(),
                              not_finite_cause(net, data, batches, batch, rate));
                report.loss += loss_total(loss, gradients.loss(), batch.size());
                progress.examples += batch.size();
                const double step_ended = stopwatch.seconds();
                threads.add((step_ended - step_began) / static_cast<double>(batch.size()));
                progress.seconds = seconds_before + step_ended;
                const bool goes_on = proceeds(on_progress, progress);
                step_began = stopwatch.seconds();
                return goes_on;
            };
            whole = BatchStream{batches, pair}.for_each(use, done);
            check_learned(net, optimizer, epoch, rate);
            report.learning_rate = rate.now();
        }
        course.present(net.parameters(), net.buffers());
        if (whole) {
            report.loss /= static_cast<double>(data.size());
            report.seconds = progress.seconds - seconds_before;
            validate(net, validation, loss, report);
            course.note(report, net.parameters(), net.buffers());
            whole = proceeds(on_epoch, report);
        }
        if (!whole) {
            end = FitResult::End::callback;
            break;
        }
    }
    return course.result(end, net.parameters(), net.buffers());
}

template <class Callback, class Report>
inline constexpr bool is_callback = requires(Callback& callback, const Report& report) {
    callback(report);
};

// Finds out what of a loss, validation data, a state and callbacks a call of fit gives. (Behind what it gives there is
// more than one NoCallback for each.)
template <class Net, class Optimizer, class Data>
struct FitCall {
    using T = typename Net::scalar_type;

    Net& net;
    Optimizer& optimizer;
    const Data& data;
    const FitOptions& options;
    Rng& rng;

    template <class First, class... Rest>
    FitResult take_loss(First& first, Rest&... rest) const {
        if constexpr (Loss<std::remove_const_t<First>, T>)
            return take_validation(first, rest...);
        else
            return take_validation(NllLoss{}, first, rest...);
    }
    template <class L, class First, class... Rest>
    FitResult take_validation(const L& loss, First& first, Rest&... rest) const {
        if constexpr (is_validation<std::remove_const_t<First>>)
            return take_state(loss, first, rest...);
        else
            return take_state(loss, NoValidation{}, first, rest...);
    }
    template <class L, class V, class First, class... Rest>
    FitResult take_state(const L& loss, const V& validation, First& first, Rest&... rest) const {
        if constexpr (std::is_same_v<First, TrainingState<T>>) {
            return take_callbacks(loss, validation, first, rest...);
        } else {
            TrainingState<T> state;
            return take_callbacks(loss, validation, state, first, rest...);
        }
    }
    template <class L, class V, class OnEpoch, class OnProgress, class... Rest>
    FitResult take_callbacks(const L& loss, const V& validation, TrainingState<T>& state, OnEpoch& on_epoch,
                             OnProgress& on_progress, Rest&...) const {
        constexpr bool known = is_callback<OnEpoch, EpochReport> && is_callback<OnProgress, Progress> &&
                               (std::is_same_v<Rest, const NoCallback> && ...);
        static_assert(known,
                      "nib::fit: expected behind the generator, in this order and where they are wanted: a loss, "
                      "nib::Validation{data}, a nib::TrainingState of the network's numbers, a function of "
                      "nib::EpochReport, a function of nib::Progress");
        if constexpr (known && data_suit<Data, T, has_class_targets<L, T>>() && validation_suits<L, V>())
            return run_fit(net, optimizer, data, options, rng, loss, validation, state, on_epoch, on_progress);
        else
            return {};
    }

private:
    template <class L, class V>
    static constexpr bool validation_suits() {
        if constexpr (is_validation<V>)
            return data_suit<std::remove_cvref_t<decltype(V::data)>, T, has_class_targets<L, T>>();
        else
            return true;
    }
};

}  // namespace detail

// Trains `net` on `data`, in batches that are shuffled anew in each epoch. Behind the generator come, in this
// order, where they are wanted:
//
//   a loss                NllLoss without one
//   Validation{data}      data that the network is tested on after each epoch
//   a TrainingState       which is kept up to date, and which a run goes on from
//   on_epoch(report)      called with an EpochReport after each epoch
//   on_progress(progress) called with a Progress after each batch
//
// Between epochs (in on_epoch, and when fit has returned) the network is what the report tells of: with ema_decay its
// parameters are the averaged ones, and its buffers those of the last step. At the end of a run with patience they are
// those of the best epoch. Training goes on with its own parameters, which the state keeps meanwhile.
//
// A loss or a gradient that is not finite (NaN in the data, a learning rate that is too high) is an Error that names
// epoch, step and, where it can be told, the example; that step is not taken, and the network is as the step before
// left it. Gradients of weight matrices are not checked one by one, unless they are accumulated or clipped. Instead
// parameters and the optimiser's states are checked at the end of each epoch, before on_epoch, which so never saves a
// model that load would refuse. (If such a gradient has broken a weight, the next step's loss shows it.)
//
// A schedule multiplies the learning rate that the optimiser had when the epoch began; that is restored after each
// epoch, also when an exception ends it. It may be changed between epochs; options are checked at each step.
// ReduceLROnPlateau looks at the validation loss, without validation data at the training loss.
//
// A callback that returns Training::stop ends the training, on_progress in the middle of an epoch: then on_epoch is not
// called for it, and batches that have not led to a step yet lead to none.
//
// Fails where check_data does, for both data; where options are out of their ranges; on patience without validation
// data; on a state whose epochs are not those before first_epoch, or that is of another network; on a validation loss
// that is not finite; on a network that begins with Standardize and was not given to fit_standardize; and on one whose
// parameters are all 0, unless options.allow_zero_parameters.
//
// Random examples, such as Augmented's, are made on a thread of their own, which counts as one of `threads`, if that is
// at least 2.
template <Network Net, class Optimizer, class Data, class... More>
FitResult fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, More&&... more) {
    const NoCallback none;
    return detail::FitCall<Net, Optimizer, Data>{net, optimizer, data, options, rng}.take_loss(more..., none, none,
                                                                                               none, none, none);
}

}  // namespace nib::inline NIB_ABI
