// fit: the training loop, for those who do not want to write its four lines themselves.
//
//   nib::fit(net, adam, train, {.epochs = 4, .batch_size = 15}, rng, [&](const nib::EpochReport& epoch) {
//       std::printf("epoch %d  accuracy %.4f\n", epoch.epoch, nib::accuracy(net, test));
//   });
#pragma once

#include <nib/core/clock.hpp>
#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/progress.hpp>

#include <cstddef>

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
    // To what it was at first.
    void reset() {
        if constexpr (has_rate) optimizer_.options().learning_rate = rate_;
    }

private:
    static constexpr bool has_rate = requires(Optimizer optimizer) { optimizer.options().learning_rate = 0.0; };

    Optimizer& optimizer_;
    Schedule schedule_;
    double rate_ = 0;
};

}  // namespace detail

// Trains `net` on `data`, in batches that are shuffled anew in each epoch. Calls on_epoch(EpochReport) after each epoch
// and on_progress(Progress) after each batch. Fails where check_data does.
// Afterwards the optimiser's learning rate is what it was.
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
        const auto batches = nib::batches<T>(data, options.batch_size, rng, beside ? nullptr : &pool);
        detail::BatchStream stream{batches, pair};
        stream.for_each(
            [&](const Batch<T>& batch) {
                rate.set(progress.part_done(batch.targets.size()));
                optimizer.step(net, gradients(batch));
            },
            [&](const Batch<T>& batch) {
                loss_sum += gradients.loss() * static_cast<double>(batch.targets.size());
                progress.examples += batch.targets.size();
                progress.seconds = seconds_before + stopwatch.seconds();
                on_progress(progress);
            });
        rate.reset();
        on_epoch(EpochReport{.epoch = epoch,
                             .loss = loss_sum / static_cast<double>(data.size()),
                             .seconds = progress.seconds - seconds_before});
    }
}

}  // namespace nib::inline NIB_ABI
