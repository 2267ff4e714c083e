// fit: the training loop, for those who do not want to write its four lines themselves.
//
//   nib::fit(net, adam, train, {.epochs = 4, .batch_size = 15}, rng, [&](const nib::EpochReport& epoch) {
//       std::printf("epoch %d  accuracy %.4f\n", epoch.epoch, nib::accuracy(net, test));
//   });
//   nib::fit(net, sgd, nib::Examples{x, y}, {.epochs = 20}, rng, nib::MseLoss{});
//
//   // Until five epochs have brought no better loss on other data; the network is then the best one.
//   const auto result = nib::fit(net, adam, train, {.epochs = 99, .patience = 5}, rng, nib::Validation{validation});
//   nib::save_history(result.history, "history.csv");
#pragma once

#include <nib/core/clock.hpp>
#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/batch_stream.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/detail/finite.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/clip_grad.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/averages.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/history.hpp>
#include <nib/train/progress.hpp>
#include <nib/train/training_state.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace nib::inline NIB_ABI {

// What of the validation data early stopping looks at.
enum class Monitor : unsigned char { loss, accuracy };

struct FitOptions {
    int epochs = 4;                      // times through the data
    std::size_t batch_size = 15;         // at least 1
    int first_epoch = 1;                 // later where a checkpoint has those before it
    std::size_t threads = 1;             // for batches large enough to gain; the results are the same to the bit
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

// Sets an optimiser's learning rate by a schedule, and restores it at the end of the scope: by scale_learning_rate, or,
// in an optimiser without that, in options().learning_rate. A constant schedule changes nothing. An optimiser without
// either can only be trained with that.
template <class Optimizer>
class ScheduledRate {
public:
    ScheduledRate(Optimizer& optimizer, const Schedule& schedule) : optimizer_{optimizer}, schedule_{schedule} {
        if constexpr (has_rate)
            rate_ = optimizer.options().learning_rate;
        else if (is_scheduled())
            fail("fit: the optimiser has no options().learning_rate for a schedule to set");
    }
    ScheduledRate(const ScheduledRate&) = delete;
    ScheduledRate& operator=(const ScheduledRate&) = delete;
    ~ScheduledRate() { set_factor(1); }
    void set(const ScheduleTime& time) {
        if (is_scheduled()) set_factor(schedule_.factor(time));
    }

    // As it is now; 0 where the optimiser tells of none.
    double now() const {
        if constexpr (has_rate)
            return static_cast<double>(optimizer_.options().learning_rate) * factor_;
        else
            return 0;
    }

    // What to say where training goes astray: ", the learning rate of 1000 may be too high".
    std::string suspicion() const {
        if constexpr (has_rate)
            return ": the learning rate, " + format_shortest(now()) + ", may be too high";
        else
            return "";
    }

private:
    static constexpr bool has_rate = requires(Optimizer optimizer) { optimizer.options().learning_rate = 0.0; };
    bool is_scheduled() const { return !schedule_.is_constant(); }
    void set_factor(double factor) {
        if (!is_scheduled()) return;
        if constexpr (requires { optimizer_.scale_learning_rate(factor); })
            optimizer_.scale_learning_rate(factor_ = factor);
        else if constexpr (has_rate)
            optimizer_.options().learning_rate = rate_ * factor;
    }

    Optimizer& optimizer_;
    Schedule schedule_;
    double rate_ = 0;
    double factor_ = 1;  // of options().learning_rate
};

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

NIB_API void check_options(const FitOptions& options, bool has_validation, bool has_accuracy, int epochs_done);
[[noreturn]] NIB_API void fail_validation(int epoch, double loss);
[[noreturn]] NIB_API void fail_step(int epoch, std::size_t step, std::size_t steps, double loss,
                                    const std::string& cause);
[[noreturn]] NIB_API void fail_epoch(int epoch, const std::string& problem, const std::string& cause);

// Why a batch's loss or gradients are not finite, as far as can be told: its numbers, the parameters, or the rate.
template <class Net, class Data, class Range, class Batch, class Rate>
std::string not_finite_cause(const Net& net, const Data& data, const Range& batches, const Batch& batch,
                             const Rate& rate) {
    if (const NotFinite found = find_not_finite(batch); !found.text.empty())
        return ": example " + std::to_string(original_index(data, batches.example(batch.step, found.row))) + " of " +
               label_of(data) + " has " + found.text;
    const std::string problem = not_finite_text<typename Net::scalar_type>(net.tensors(), net.parameters());
    return (problem.empty() ? "" : ": before this step, tensor " + problem) + rate.suspicion();
}

// What an epoch has learned: fails where a parameter or a buffer is not finite, or a number of the optimiser's state,
// which would hold its parameter where it is for ever.
template <class Net, class Optimizer, class Rate>
void check_learned(const Net& net, const Optimizer& optimizer, int epoch, const Rate& rate) {
    using T = typename Net::scalar_type;
    const auto check_numbers = [&](std::span<const T> numbers, const std::string& prefix, bool buffers = false) {
        if (first_not_finite(numbers.data(), numbers.size()) != numbers.size())
            fail_epoch(epoch, not_finite_text<T>(net.tensors(), numbers, prefix, buffers), rate.suspicion());
    };
    check_numbers(net.parameters(), "");
    check_numbers(net.buffers(), "", true);
    if constexpr (requires { optimizer.state_names(); })
        for (std::size_t i = 0; i < optimizer.state_names().size(); ++i)
            check_numbers(optimizer.state(i), std::string(optimizer.state_names()[i]) + ".");
}

// What is given for validation data where there are none.
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
    Gradients gradients{net, loss, &pool};
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
            const auto batches = nib::batches<T>(data, options.batch_size, rng, beside ? nullptr : &pool);
            const std::size_t steps = (batches.size() - 1) / options.accumulate + 1;
            bool finite = true;
            const auto use = [&](const auto& batch) {
                rate.set(
                    {.progress = progress.part_done(batch.size()),
                     .epochs_done = epoch - 1 + static_cast<double>(batch.step) / static_cast<double>(batches.size()),
                     .epochs = options.epochs,
                     .plateau_factor = state.plateau.factor,
                     .steps = options.epochs * static_cast<double>(steps)});
                // Gradients of matrices of weights are not computed yet: the optimiser's step does that, block by
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
                progress.seconds = seconds_before + stopwatch.seconds();
                return proceeds(on_progress, progress);
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
// left it. Gradients by matrices of weights are not checked one by one, unless they are accumulated or clipped. Instead
// parameters and the optimiser's states are checked at the end of each epoch, before on_epoch, which so never saves a
// model that load would refuse. (Where such a gradient has broken a weight before, the next step's loss tells.)
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

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Course<float>;
NIB_TEMPLATE class Course<double>;
#endif

NIB_API void check_options(const FitOptions& options, bool has_validation, bool has_accuracy, int epochs_done) {
    const auto refuse = [](const std::string& expected, const std::string& found) {
        fail("fit: expected " + expected + ", found " + found);
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

NIB_API void fail_validation(int epoch, double loss) {
    fail("fit: epoch " + std::to_string(epoch) + ": expected a finite loss on the validation data, found " +
         not_finite_name(loss));
}

NIB_API void fail_step(int epoch, std::size_t step, std::size_t steps, double loss, const std::string& cause) {
    fail("fit: epoch " + std::to_string(epoch) + ", step " + std::to_string(step) + " of " + std::to_string(steps) +
         ": expected a finite loss and finite gradients, found " +
         (is_finite(loss) ? "gradients that are not finite" : std::string("a loss of ") + not_finite_name(loss)) +
         cause + "; this step was not taken");
}

NIB_API void fail_epoch(int epoch, const std::string& problem, const std::string& cause) {
    fail("fit: epoch " + std::to_string(epoch) + ", after its last step: tensor " + problem + cause);
}

}  // namespace nib::inline NIB_ABI::detail

#endif
