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
#include <nib/train/evaluate.hpp>
#include <nib/train/gradients.hpp>
#include <nib/train/progress.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI {

struct FitOptions {
    int epochs = 4;               // times through the data
    std::size_t batch_size = 15;  // at least 1
    int first_epoch = 1;          // later where a checkpoint has those before it
    std::size_t threads = 1;      // for batches large enough to gain; the results are the same to the bit
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

// Trains `net` on `data`, in batches that are shuffled anew in each epoch. Calls on_epoch(EpochReport) after each epoch
// and on_progress(Progress) after each batch. Fails where check_data does.
template <Network Net, class Optimizer, class Data, class OnEpoch = Quiet, class OnProgress = Quiet,
          class Loss = NllLoss>
void fit(Net& net, Optimizer& optimizer, const Data& data, const FitOptions& options, Rng& rng, OnEpoch&& on_epoch = {},
         OnProgress&& on_progress = {}, Loss loss = {}) {
    using T = typename Net::scalar_type;
    check_data(net, data);
    ThreadPool pool{options.threads};
    Gradients gradients{net, loss, &pool};
    Progress progress{.epochs = options.epochs, .first_epoch = options.first_epoch, .examples_per_epoch = data.size()};
    for (int epoch = options.first_epoch; epoch <= options.epochs; ++epoch) {
        const double seconds_before = progress.seconds;
        const Stopwatch stopwatch;
        double loss_sum = 0;
        for (const auto& batch : batches<T>(data, options.batch_size, rng, &pool)) {
            optimizer.step(net, gradients(batch));
            loss_sum += gradients.loss() * static_cast<double>(batch.targets.size());
            progress.examples += batch.targets.size();
            progress.seconds = seconds_before + stopwatch.seconds();
            on_progress(progress);
        }
        on_epoch(EpochReport{.epoch = epoch,
                             .loss = loss_sum / static_cast<double>(data.size()),
                             .seconds = progress.seconds - seconds_before});
    }
}

}  // namespace nib::inline NIB_ABI
