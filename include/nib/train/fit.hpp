// fit: the training loop, for those who do not want to write its four lines themselves.
//
//   nib::fit(net, adam, train, {.epochs = 4, .batch_size = 15}, rng, [&](const nib::EpochReport& epoch) {
//       std::printf("epoch %d  accuracy %.4f\n", epoch.epoch, nib::accuracy(net, test));
//   });
//   nib::fit(net, sgd, nib::Examples{x, y}, {.epochs = 20}, rng, nib::MseLoss{});
#pragma once

#include <nib/core/clock.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>
#include <nib/core/text.hpp>
#include <nib/core/threads.hpp>
#include <nib/data/batch_stream.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/check.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/finite.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/history.hpp>
#include <nib/train/progress.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

namespace nib::inline NIB_ABI {

struct FitOptions {
    int epochs = 4;                      // times through the data
    std::size_t batch_size = 15;         // at least 1
    int first_epoch = 1;                 // later where a checkpoint has those before it
    std::size_t threads = 1;             // for batches large enough to gain; the results are the same to the bit
    Schedule schedule = {};              // of the optimiser's learning rate: constant unless it is set
    bool allow_zero_parameters = false;  // train even a network whose parameters are all 0
};

// What fit's callbacks may return; those that return nothing go on.
enum class Training : unsigned char { go_on, stop };

// What fit calls where nobody wants to hear.
struct Quiet {
    template <class Report>
    void operator()(const Report&) const {}
};

namespace detail {

// Whether a callback wants fit to go on.
template <class Callback, class Report>
bool goes_on(Callback& callback, const Report& report) {
    if constexpr (std::is_same_v<decltype(callback(report)), Training>) {
        return callback(report) == Training::go_on;
    } else {
        static_assert(std::is_void_v<decltype(callback(report))>,
                      "nib::fit: expected a callback that returns nothing or nib::Training");
        callback(report);
        return true;
    }
}

// Sets an optimiser's learning rate by a schedule, and restores it at the end of the scope. A constant schedule changes
// nothing. An optimiser without options().learning_rate can only be trained with that.
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

    // What to say where training goes astray: ", the learning rate of 1000 may be too high".
    std::string suspicion() const {
        if constexpr (has_rate)
            return ": the learning rate, " + shortest(static_cast<double>(optimizer_.options().learning_rate)) +
                   ", may be too high";
        else
            return "";
    }

private:
    static constexpr bool has_rate = requires(Optimizer optimizer) { optimizer.options().learning_rate = 0.0; };
    bool is_scheduled() const { return !schedule_.is_constant(); }
    void set_factor(double factor) {
        if constexpr (has_rate)
            if (is_scheduled()) optimizer_.options().learning_rate = rate_ * factor;
    }

    Optimizer& optimizer_;
    Schedule schedule_;
    double rate_ = 0;
};

NIB_API void check_options(const FitOptions& options);
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

template <class Net, class Optimizer, class Data, class L, class OnEpoch, class OnProgress>
void run_fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, const L& loss,
             OnEpoch& on_epoch, OnProgress& on_progress) {
    using T = typename Net::scalar_type;
    check_data(net, data);
    check_options(options);
    // Whether the loss tells of inputs that are not finite, or there are none.
    constexpr bool inputs_will_tell = arithmetic_keeps_nan || std::is_same_v<Data, Dataset>;
    const bool beside = RandomExampleSource<Data, T> && options.threads > 1;
    ThreadPool pool{beside ? options.threads - 1 : options.threads};
    ThreadPool pair{beside ? std::size_t{2} : 1};
    Gradients gradients{net, loss, &pool};
    if (options.allow_zero_parameters) gradients.allow_zero_parameters();
    Progress progress{.epochs = options.epochs, .first_epoch = options.first_epoch, .examples_per_epoch = data.size()};
    for (int epoch = options.first_epoch; epoch <= options.epochs; ++epoch) {
        EpochReport report{.epoch = epoch};
        const double seconds_before = progress.seconds;
        {
            const Stopwatch stopwatch;
            ScheduledRate rate{optimizer, options.schedule};
            const auto batches = nib::batches<T>(data, options.batch_size, rng, beside ? nullptr : &pool);
            bool finite = true;
            const auto use = [&](const auto& batch) {
                const auto size = static_cast<double>(batches.size());
                rate.set({.progress = progress.part_done(batch.size()),
                          .epochs_done = epoch - 1 + static_cast<double>(batch.step) / size,
                          .epochs = options.epochs,
                          .steps = options.epochs * size});
                // Gradients of matrices of weights are not computed yet: the optimiser's step does that, block by
                // block (model/gradient.hpp).
                const Gradient<T> gradient = gradients(net, batch);
                finite = is_finite(gradients.loss()) && gradient.rest_is_finite() &&
                         (inputs_will_tell || find_not_finite(batch).text.empty());
                if (finite) optimizer.step(net, gradient);
            };
            const auto done = [&](const auto& batch) {
                if (!finite)
                    fail_step(epoch, batch.step + 1, batches.size(), gradients.loss(),
                              not_finite_cause(net, data, batches, batch, rate));
                report.loss += gradients.loss() * static_cast<double>(batch.size());
                progress.examples += batch.size();
                progress.seconds = seconds_before + stopwatch.seconds();
                return goes_on(on_progress, progress);
            };
            const bool whole = BatchStream{batches, pair}.for_each(use, done);
            check_learned(net, optimizer, epoch, rate);
            if (!whole) return;
        }
        report.loss /= static_cast<double>(data.size());
        report.seconds = progress.seconds - seconds_before;
        if (!goes_on(on_epoch, report)) return;
    }
}

}  // namespace detail

// Trains `net` on `data`, in batches that are shuffled anew in each epoch. Calls on_epoch(EpochReport) after each epoch
// and on_progress(Progress) after each batch. Fails where check_data does.
//
// A loss or a gradient that is not finite (NaN in the data, a learning rate that is too high) is an Error that names
// epoch, step and, where it can be told, the example; that step is not taken, and the network is as the step before
// left it. Gradients by matrices of weights are not checked one by one. Instead parameters and the optimiser's states
// are checked at the end of each epoch, before on_epoch, which so never saves a model that load would refuse. (Where
// such a gradient has broken a weight before, the next step's loss tells.)
//
// A schedule multiplies the learning rate that the optimiser had when the epoch began; that is restored after each
// epoch, also when an exception ends it. It may be changed between epochs; options are checked at each step.
//
// A callback that returns Training::stop ends the training, on_progress in the middle of an epoch: then on_epoch is not
// called for it.
//
// Fails where epochs, first_epoch or batch_size are below 1, and on a network whose parameters are all 0, unless
// options.allow_zero_parameters.
//
// Random examples, such as Augmented's, are made on a thread of their own, which counts as one of `threads`, if that is
// at least 2.
template <Network Net, class Optimizer, class Data, Loss<typename Net::scalar_type> L, class OnEpoch = Quiet,
          class OnProgress = Quiet>
void fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, L loss,
         OnEpoch&& on_epoch = {}, OnProgress&& on_progress = {}) {
    using T = typename Net::scalar_type;
    if constexpr (detail::data_suit<Data, T, has_class_targets<L, T>>())
        detail::run_fit(net, optimizer, data, options, rng, loss, on_epoch, on_progress);
}
// By NllLoss.
template <Network Net, class Optimizer, class Data, class OnEpoch = Quiet, class OnProgress = Quiet>
requires(!Loss<std::remove_cvref_t<OnEpoch>, typename Net::scalar_type>) void fit(Net& net, Optimizer& optimizer,
                                                                                  const Data& data,
                                                                                  const FitOptions& options, Rng& rng,
                                                                                  OnEpoch&& on_epoch = {},
                                                                                  OnProgress&& on_progress = {}) {
    fit(net, optimizer, data, options, rng, NllLoss{}, on_epoch, on_progress);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

NIB_API void check_options(const FitOptions& options) {
    const auto at_least_1 = [](const char* what, auto found) {
        if (found < 1) fail("fit: expected " + std::string(what) + " of at least 1, found " + std::to_string(found));
    };
    at_least_1("epochs", options.epochs);
    at_least_1("a first_epoch", options.first_epoch);
    at_least_1("a batch_size", options.batch_size);
    at_least_1("threads", options.threads);
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
