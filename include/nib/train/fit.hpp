// fit: the training loop, for those who do not want to write its four lines themselves.
//
//   nib::fit(net, adam, train, {.epochs = 4, .batch_size = 15}, rng, [&](const nib::EpochReport& epoch) {
//       std::printf("epoch %d  accuracy %.4f\n", epoch.epoch, nib::accuracy(net, test));
//   });
#pragma once

#include <nib/core/clock.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>
#include <nib/core/text.hpp>
#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/dataset.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/finite.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/progress.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

struct FitOptions {
    int epochs = 4;                          // times through the data
    std::size_t batch_size = 15;             // at least 1
    int first_epoch = 1;                     // later where a checkpoint has those before it
    std::size_t threads = 1;                 // for batches large enough to gain; the results are the same to the bit
    Schedule schedule = Schedule::constant;  // of the optimiser's learning rate
};

struct EpochReport {
    int epoch = 0;       // 1, 2, …
    double loss = 0;     // mean over the epoch's examples, each as it was before its batch's step
    double seconds = 0;  // of training alone: without what on_epoch does
};

// What fit calls where nobody wants to hear.
struct Quiet {
    template <class Report>
    void operator()(const Report&) const {}
};

namespace detail {

// Batches one after the other, each gathered while its predecessor is trained on, where that takes long enough to be
// worth a thread of its own.
template <class Range>
class BatchStream {
public:
    BatchStream(const Range& batches, Executor& pair) : batches_{batches}, pair_{pair} {}

    // For each calls use(batch), which must not throw where there is a thread beside, then done(batch).
    template <class Use, class Done>
    void for_each(const Use& use, const Done& done) {
        auto batch = batches_.gather(0, places_[0]);
        for (std::size_t i = 0; i < batches_.size(); ++i) {
            auto next = decltype(batch){};
            const auto gather_next = [&] { next = batches_.gather(i + 1, places_[beside() ? (i + 1) % 2 : 0]); };
            pair_.run(beside() ? 2 : 1, [&](std::size_t part) { part == 0 ? use(batch) : gather_next(); });
            done(batch);
            if (!beside()) gather_next();
            batch = next;
        }
    }

private:
    bool beside() const { return pair_.size() > 1; }

    const Range& batches_;
    Executor& pair_;
    typename Range::Place places_[2];
};

// Sets an optimiser's learning rate by a schedule. One without options().learning_rate can have none but a constant.
template <class Optimizer>
class ScheduledRate {
public:
    ScheduledRate(Optimizer& optimizer, Schedule schedule) : optimizer_{optimizer}, schedule_{schedule} {
        if constexpr (has_rate)
            rate_ = optimizer.options().learning_rate;
        else if (schedule != Schedule::constant)
            fail("fit: the optimiser has no options().learning_rate for a schedule to set");
    }
    void set(double progress) {
        if constexpr (has_rate) optimizer_.options().learning_rate = rate_ * schedule_factor(schedule_, progress);
    }
    ScheduledRate(const ScheduledRate&) = delete;
    ScheduledRate& operator=(const ScheduledRate&) = delete;
    ~ScheduledRate() { reset(); }
    // To what it was at first.
    void reset() {
        if constexpr (has_rate) optimizer_.options().learning_rate = rate_;
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

    Optimizer& optimizer_;
    Schedule schedule_;
    double rate_ = 0;
};

// Whether a batch's inputs are known to be finite, or the loss will tell. Images of bytes are.
template <class Data, class T>
bool inputs_will_tell(const Batch<T>& batch) {
    if constexpr (arithmetic_keeps_nan || std::same_as<Data, Dataset>) {
        return true;
    } else {
        const MatrixView<const T> inputs = batch.inputs.matrix();
        return first_not_finite(inputs.data(), inputs.size()) == inputs.size();
    }
}

// A step of fit, counted from 1 in its epoch.
struct FitStep {
    int epoch;
    std::size_t number;
    std::size_t count;
};
[[noreturn]] NIB_API void fail_step(const FitStep& step, double loss, const std::string& cause);
[[noreturn]] NIB_API void fail_epoch(int epoch, const std::string& problem, const std::string& cause);

// Why a batch's loss or gradients are not finite, as far as can be told: its inputs, the parameters, or the rate.
template <class Net, class T, class Data, class Range, class Rate>
std::string not_finite_cause(const Net& net, const Data& data, const Range& batches, std::size_t number,
                             const Batch<T>& batch, const Rate& rate) {
    const MatrixView<const T> inputs = batch.inputs.matrix();
    for (std::size_t row = 0; row < inputs.rows(); ++row) {
        const auto features = inputs.row(row);
        const std::size_t place = first_not_finite(features.data(), features.size());
        if (place == features.size()) continue;
        std::string_view name;
        if constexpr (requires { data.name; }) name = data.name;
        return ": example " + std::to_string(batches.example(number, row)) + " of " +
               (name.empty() ? "the data" : std::string(name)) + " has " + not_finite_name(features[place]) +
               " as feature " + std::to_string(place);
    }
    const std::string problem = not_finite_text<T>(net.tensors(), net.parameters());
    return (problem.empty() ? "" : ": before this step, tensor " + problem) + rate.suspicion();
}

// What an epoch has learned: fails where a parameter is not finite, or one of the optimiser's moments, which would hold
// its parameter where it is for ever.
template <class Net, class Optimizer, class Rate>
void check_learned(const Net& net, const Optimizer& optimizer, int epoch, const Rate& rate) {
    using T = typename Net::scalar_type;
    const auto check_numbers = [&](std::span<const T> numbers, const char* prefix) {
        if (first_not_finite(numbers.data(), numbers.size()) != numbers.size())
            fail_epoch(epoch, not_finite_text<T>(net.tensors(), numbers, prefix), rate.suspicion());
    };
    check_numbers(net.parameters(), "");
    if constexpr (requires {
                      std::span<const T>{optimizer.means()};
                      std::span<const T>{optimizer.squares()};
                  }) {
        check_numbers(optimizer.means(), "exp_avg.");
        check_numbers(optimizer.squares(), "exp_avg_sq.");
    }
}

}  // namespace detail

// Trains `net` on `data`, in batches that are shuffled anew in each epoch. Calls on_epoch(EpochReport) after each epoch
// and on_progress(Progress) after each batch. Fails where check_data does.
//
// A loss or a gradient that is not finite (NaN in the data, a learning rate that is too high) is an Error that names
// epoch, step and, where it can be told, the example; that step is not taken, and the network is as the step before
// left it. Gradients by weights are not looked at one by one: parameters, and Adam's moments, are at the end of each
// epoch, before on_epoch, which so never saves what cannot be loaded. (Where such a gradient has broken a weight
// before, the next step's loss tells.)
//
// Afterwards the optimiser's learning rate is what it was, also where fit, on_epoch or on_progress fails.
//
// Random examples, such as Augmented's, are made on a thread of their own, one of `threads` if that is 2 or more.
template <Network Net, class Optimizer, class Data, class OnEpoch = Quiet, class OnProgress = Quiet,
          class Loss = NllLoss>
void fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, OnEpoch&& on_epoch = {},
         OnProgress&& on_progress = {}, Loss loss = {}) {
    using T = typename Net::scalar_type;
    check_data(net, data);
    const bool beside = RandomExampleSource<Data, T> && options.threads > 1;
    ThreadPool pool{beside ? options.threads - 1 : options.threads};
    ThreadPool pair{beside ? std::size_t{2} : 1};
    Gradients gradients{net, loss, &pool};
    detail::ScheduledRate rate{optimizer, options.schedule};
    Progress progress{.epochs = options.epochs, .first_epoch = options.first_epoch, .examples_per_epoch = data.size()};
    for (int epoch = options.first_epoch; epoch <= options.epochs; ++epoch) {
        const double seconds_before = progress.seconds;
        const Stopwatch stopwatch;
        double loss_sum = 0;
        std::size_t step = 0;
        bool finite = true;
        const auto batches = nib::batches<T>(data, options.batch_size, rng, beside ? nullptr : &pool);
        detail::BatchStream stream{batches, pair};
        stream.for_each(
            [&](const Batch<T>& batch) {
                // Weights' gradients are multiplied out in the optimiser's step: until then the network is as it was.
                const Gradient<T> gradient = gradients(batch);
                finite =
                    detail::inputs_will_tell<Data>(batch) && is_finite(gradients.loss()) && gradient.rest_is_finite();
                if (!finite) return;
                rate.set(progress.part_done(batch.targets.size()));
                optimizer.step(net, gradient);
            },
            [&](const Batch<T>& batch) {
                ++step;
                if (!finite)
                    detail::fail_step({epoch, step, batches.size()}, gradients.loss(),
                                      detail::not_finite_cause(net, data, batches, step - 1, batch, rate));
                loss_sum += gradients.loss() * static_cast<double>(batch.targets.size());
                progress.examples += batch.targets.size();
                progress.seconds = seconds_before + stopwatch.seconds();
                on_progress(progress);
            });
        detail::check_learned(net, optimizer, epoch, rate);
        rate.reset();
        on_epoch(EpochReport{.epoch = epoch,
                             .loss = loss_sum / static_cast<double>(data.size()),
                             .seconds = progress.seconds - seconds_before});
    }
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

NIB_API void fail_step(const FitStep& step, double loss, const std::string& cause) {
    fail("fit: epoch " + std::to_string(step.epoch) + ", step " + std::to_string(step.number) + " of " +
         std::to_string(step.count) + ": expected a finite loss and finite gradients, found " +
         (is_finite(loss) ? "gradients that are not finite" : std::string("a loss of ") + not_finite_name(loss)) +
         cause + "; this step was not taken");
}

NIB_API void fail_epoch(int epoch, const std::string& problem, const std::string& cause) {
    fail("fit: epoch " + std::to_string(epoch) + ", after its last step: tensor " + problem + cause);
}

}  // namespace nib::inline NIB_ABI::detail

#endif
