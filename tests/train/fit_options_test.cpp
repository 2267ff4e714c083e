#include <nib/train/fit_options.hpp>

#include "../support.hpp"
#include "circle.hpp"

#include <nib/layers/dense.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/fit.hpp>
#include <nib/train/training_state.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

using support::Circle;
using support::Learner;

TEST_CASE("options out of range are refused before the first step") {
    const Circle circle;
    Learner learner;
    nib::TrainingState<float> state;
    const auto error = [&](const nib::FitOptions& options) {
        return support::error_of([&] {
            return nib::fit(learner.net, learner.adam, circle.examples(), options, learner.rng,
                            nib::Validation{circle.examples()}, state);
        });
    };
    CHECK(error({.epochs = 0}) == "fit: expected epochs of at least 1, found 0");
    CHECK(error({.epochs = -3}) == "fit: expected epochs of at least 1, found -3");
    CHECK(error({.batch_size = 0}) == "fit: expected a batch_size of at least 1, found 0");
    CHECK(error({.first_epoch = 0}) == "fit: expected a first_epoch of at least 1, found 0");
    CHECK(error({.threads = 0}) == "fit: expected threads of at least 1, found 0");
    CHECK(error({.accumulate = 0}) == "fit: expected accumulate of at least 1, found 0");
    CHECK(error({.clip_value = -2}) == "fit: expected a clip_value of at least 0, found -2");
    CHECK(error({.clip_norm = -1}) == "fit: expected a clip_norm of at least 0, found -1");
    CHECK(error({.ema_decay = -0.5}) == "fit: expected an ema_decay of at least 0, found -0.5");
    CHECK(error({.ema_decay = 1}) == "fit: expected an ema_decay below 1, found 1");
    CHECK(error({.patience = -1}) == "fit: expected a patience of at least 0, found -1");
    CHECK(error({.min_delta = std::nan("")}) == "fit: expected a min_delta of at least 0, found NaN");
    CHECK(learner.adam.steps() == 0);

    state.history.push_back({.epoch = 3});
    CHECK(error({.epochs = 9}) ==
          "fit: expected a first_epoch of 4, the one behind those of the training state, found 1");
    state.training.parameters.resize(5);
    CHECK(support::contains(error({.epochs = 9, .first_epoch = 4}), "is of a network with 5 parameters"));
    CHECK(learner.adam.steps() == 0);

    learner.adam.options().learning_rate = -1;
    CHECK(support::contains(
        support::error_of([&] { nib::fit(learner.net, learner.adam, circle.examples(), {}, learner.rng); }),
        "Adam: expected a learning rate"));
    CHECK(learner.adam.steps() == 0);
}

TEST_CASE("options that ask for validation data or for classes are refused where there are none") {
    const Circle circle;
    Learner learner;
    CHECK(support::error_of([&] {
              return nib::fit(learner.net, learner.adam, circle.examples(), {.patience = 2}, learner.rng);
          }) == "fit: patience waits for a better validation loss: expected nib::Validation{data}, found none");
    const nib::Matrix<float> x(4, 1), y(4, 1);
    const nib::Examples<float, float> rows{x, y};
    nib::Sequential<nib::Dense<1, 1>> net{learner.rng};
    nib::Sgd sgd{net};
    CHECK(support::contains(support::error_of([&] {
                                return nib::fit(net, sgd, rows, {.monitor = nib::Monitor::accuracy}, learner.rng,
                                                nib::MseLoss{}, nib::Validation{rows});
                            }),
                            "targets that are no classes have no accuracy"));
}

TEST_CASE("validation data that do not fit the network, or whose loss is not finite, are refused") {
    const Circle circle;
    Learner learner;
    const nib::Matrix<float> wide(2, 3);
    const std::vector<int> classes(2);
    CHECK(support::contains(support::error_of([&] {
                                return nib::fit(learner.net, learner.adam, circle.examples(), {}, learner.rng,
                                                nib::Validation{nib::Examples{wide, classes}});
                            }),
                            "found 3"));
    CHECK(learner.adam.steps() == 0);
    nib::Matrix<float> odd(1, 2);
    odd(0, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK(support::error_of([&] {
              return nib::fit(learner.net, learner.adam, circle.examples(), {}, learner.rng,
                              nib::Validation{nib::Examples{odd, std::span<const int>{classes.data(), 1}}});
          }) == "fit: epoch 1: expected a finite loss on the validation data, found NaN");
}
