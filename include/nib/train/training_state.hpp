// TrainingState: what fit knows of a run beside the network, its optimiser and the generator: its history, the state of
// the schedule and of early stopping, averaged parameters, the best ones. Pass one to fit to look at it between epochs,
// and to save it with a checkpoint, from which the run continues to the same bits.
//
//   nib::TrainingState<float> state;
//   if (goes_on) options.first_epoch = nib::load_checkpoint(net, adam, rng, state, path) + 1;
//   nib::fit(net, adam, train, options, rng, nib::Validation{validation}, state, [&](const nib::EpochReport&) {
//       nib::save_checkpoint(net, adam, rng, state, path);
//   });
//
// A state belongs to one run of one network.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/optim/schedule.hpp>
#include <nib/train/averages.hpp>
#include <nib/train/history.hpp>

#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

// A network's numbers, as they were at some time.
template <class T>
struct NetworkCopy {
    AlignedVector<T> parameters, buffers;

    bool empty() const { return parameters.empty(); }
    void take(std::span<const T> of_parameters, std::span<const T> of_buffers);
    // Fails where the network has more or fewer numbers.
    void put(std::span<T> to_parameters, std::span<T> to_buffers) const;
};

template <class T = float>
struct TrainingState {
    History history;              // of the epochs that are done
    int best_epoch = 0;           // whose validation loss, or accuracy, is the best; 0 before there is one
    PlateauState plateau;         // of ReduceLROnPlateau
    ParameterAverage<T> average;  // with FitOptions::ema_decay
    NetworkCopy<T> best;          // the network after best_epoch, with FitOptions::patience
    // The parameters that training continues with, where the network holds others: between epochs the averaged
    // parameters, at the end the best ones. Else empty.
    NetworkCopy<T> training;

    // How many epochs are done.
    int epochs() const { return history.empty() ? 0 : history.back().epoch; }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>

#include <string>

namespace nib::inline NIB_ABI {

template <class T>
void NetworkCopy<T>::take(std::span<const T> of_parameters, std::span<const T> of_buffers) {
    parameters.resize(of_parameters.size());
    buffers.resize(of_buffers.size());
    copy_values(of_parameters.data(), parameters.size(), parameters.data());
    copy_values(of_buffers.data(), buffers.size(), buffers.data());
}

template <class T>
void NetworkCopy<T>::put(std::span<T> to_parameters, std::span<T> to_buffers) const {
    if (parameters.size() != to_parameters.size() || buffers.size() != to_buffers.size())
        fail({"the training state is of a network with ", parameters.size(), " parameters and ", buffers.size(),
              " buffers, expected ", to_parameters.size(), " and ", to_buffers.size()});
    copy_values(parameters.data(), parameters.size(), to_parameters.data());
    copy_values(buffers.data(), buffers.size(), to_buffers.data());
}

}  // namespace nib::inline NIB_ABI

#endif
