// Checkpoints of any optimiser, and of a run with all that a nib::TrainingState keeps.
#include <nib/train/detail/checkpoint_state.hpp>

#include "../../support.hpp"

#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adagrad.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/adamw.hpp>
#include <nib/optim/amsgrad.hpp>
#include <nib/optim/rmsprop.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/checkpoint.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

// p -= learning_rate (1 + count) sign(g), with a count of steps for each parameter: an optimiser of a user's own.
struct CountingMethod {
    struct Options {
        double learning_rate = 1e-3;
    };
    static constexpr const char* name = "Counting";
    static constexpr const char* state_names[] = {"count"};

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 1;
        T learning_rate;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            state[0] = state[0] + 1;
            parameter -= learning_rate * state[0] * where(gradient > 0, 1, where(gradient < 0, -1, 0));
        }
    };
    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t) {
        return {static_cast<T>(options.learning_rate)};
    }
};

using Normed = nib::Sequential<nib::Dense<784, 12>, nib::BatchNorm, nib::ReLU, nib::Dropout<0.25>, nib::Dense<12, 10>,
                               nib::LogSoftmax>;

// A run of four epochs, and one that goes on after two: the same bits.
template <class Optimizer>
void check_goes_on(const auto& options) {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const nib::Dataset digits = nib::synthetic_digits(200, 1);
    nib::Rng rng{61};
    Normed whole{rng};
    Optimizer optimizer{whole, options};
    nib::fit(whole, optimizer, digits, {.epochs = 4, .batch_size = 20}, rng, [&](const nib::EpochReport& epoch) {
        if (epoch.epoch == 2) nib::save_checkpoint(whole, optimizer, rng, epoch.epoch, path);
    });
    nib::Rng other{62};
    Normed net{other};
    Optimizer again{net, options};
    const int done = nib::load_checkpoint(net, again, other, path);
    CHECK(again.steps() == 20);
    nib::fit(net, again, digits, {.epochs = 4, .batch_size = 20, .first_epoch = done + 1}, other);
    CHECK(std::ranges::equal(net.parameters(), whole.parameters()));
    CHECK(std::ranges::equal(net.buffers(), whole.buffers()));
    for (std::size_t i = 0; i < Optimizer::state_count; ++i)
        CHECK(std::ranges::equal(again.state(i), optimizer.state(i)));
}

}  // namespace

TEST_CASE("any optimiser's run goes on to the same bits, with batch norm and dropout too") {
    check_goes_on<nib::Adam<float>>(nib::AdamOptions{});
    check_goes_on<nib::Sgd<float>>(nib::SgdOptions{.learning_rate = 0.01, .momentum = 0.9});
    check_goes_on<nib::AdamW<float>>(nib::AdamWOptions{});
    check_goes_on<nib::Amsgrad<float>>(nib::AdamOptions{.weight_decay = 0.01});
    check_goes_on<nib::RmsProp<float>>(nib::RmsPropOptions{.momentum = 0.5, .centered = true});
    check_goes_on<nib::Adagrad<float>>(nib::AdagradOptions{.lr_decay = 0.01, .initial_accumulator_value = 0.1});
    check_goes_on<nib::Optimizer<float, CountingMethod>>(CountingMethod::Options{.learning_rate = 1e-4});
}

namespace {

// A run with all that a state keeps.
struct FullRun {
    nib::Rng rng{61};
    Normed net{rng};
    nib::Adam<float> adam{net};
    nib::TrainingState<float> state;

    nib::FitResult fit(nib::FitOptions options, const auto& on_epoch) {
        static const nib::Dataset digits = nib::synthetic_digits(150, 1), others = nib::synthetic_digits(60, 2);
        options.batch_size = 20;
        options.first_epoch = state.epochs() + 1;
        options.schedule = nib::ReduceLROnPlateau{.factor = 0.5, .patience = 0, .threshold = 0.5};
        options.accumulate = 2;
        options.clip_norm = 0.5;
        options.ema_decay = 0.9;
        options.patience = 5;
        options.min_delta = 0.5;
        return nib::fit(net, adam, digits, options, rng, nib::NllLoss{}, nib::Validation{others}, state, on_epoch);
    }
    // Where it has come to, but for the time it took.
    std::vector<float> numbers() const {
        std::vector<float> result;
        const auto add = [&](const auto& values) { result.insert(result.end(), values.begin(), values.end()); };
        add(net.parameters());
        add(net.buffers());
        add(adam.state(0));
        add(adam.state(1));
        add(state.average.values());
        for (const nib::NetworkCopy<float>* const copy : {&state.best, &state.training}) {
            add(copy->parameters);
            add(copy->buffers);
        }
        for (const nib::EpochReport& report : state.history)
            for (const double value : {report.loss, *report.validation_loss, *report.validation_accuracy,
                                       report.learning_rate, static_cast<double>(report.epoch)})
                result.push_back(static_cast<float>(value));
        for (const double value : {state.plateau.best, state.plateau.factor})
            result.push_back(static_cast<float>(value));
        for (const int value : {state.plateau.bad_epochs, state.plateau.cooldown, state.best_epoch})
            result.push_back(static_cast<float>(value));
        return result;
    }
};

}  // namespace

TEST_CASE("a run with a state goes on to the same bits: averages, plateaus, early stopping, accumulation, history") {
    const support::TemporaryDirectory directory;
    const std::string in_epoch = directory.path("in_epoch"), after = directory.path("after");
    FullRun whole;
    const auto save = [&](const nib::EpochReport& report) {
        if (report.epoch == 3) nib::save_checkpoint(whole.net, whole.adam, whole.rng, whole.state, in_epoch);
    };
    whole.fit({.epochs = 6}, save);
    CHECK(whole.state.plateau.factor < 1);
    CHECK(whole.state.best_epoch > 0);
    CHECK(whole.state.best_epoch < 6);  // what the network holds at the end is not what training went on with
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        FullRun half;
        half.fit({.epochs = 3, .threads = threads}, nib::NoCallback{});
        nib::save_checkpoint(half.net, half.adam, half.rng, half.state, after, {{"who", "half"}});
        CHECK(nib::checkpoint_record(after) == nib::StringMap{{"who", "half"}});
        for (const std::string& path : {in_epoch, after}) {
            FullRun rest;
            rest.rng = nib::Rng{5};
            rest.net = Normed{rest.rng};
            CHECK(nib::load_checkpoint(rest.net, rest.adam, rest.rng, rest.state, path) == 3);
            const nib::FitResult result = rest.fit({.epochs = 6, .threads = threads}, nib::NoCallback{});
            CHECK(result.history.size() == 6);
            CHECK(rest.numbers() == whole.numbers());
            CHECK(rest.rng.state() == whole.rng.state());
        }
    }
    FullRun run;
    CHECK(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, after); }) ==
          after + ": is the checkpoint of a run with a nib::TrainingState, expected one without: load it with one");
    nib::save_checkpoint(run.net, run.adam, run.rng, 2, after);
    run.state = whole.state;
    CHECK(nib::load_checkpoint(run.net, run.adam, run.rng, run.state, after) == 2);
    CHECK(run.state.history.empty());
    CHECK(run.state.best.empty());
}

TEST_CASE("a state that makes no sense is neither saved nor loaded, and what was there stays") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint"), odd = directory.path("odd");
    FullRun run;
    run.fit({.epochs = 2}, nib::NoCallback{});
    nib::save_checkpoint(run.net, run.adam, run.rng, run.state, path);
    nib::TensorFile file = nib::open_safetensors(path);
    const nib::StringMap metadata = file.metadata();
    const FullRun before = run;
    // The file with one change.
    const auto load_error = [&](const std::string& key, const std::string& value, const std::string& left_out = "",
                                std::span<const double> history = {}) {
        nib::StringMap changed = metadata;
        if (!key.empty()) changed[key] = value;
        std::vector<std::vector<std::byte>> bytes;
        std::vector<nib::Tensor> tensors;
        bytes.reserve(file.tensors().size());
        for (const nib::TensorInfo& tensor : file.tensors()) {
            if (tensor.name == left_out) continue;
            const bool replaced = tensor.name == "training_history" && !history.empty();
            bytes.push_back(replaced ? nib::tensor_bytes<double>(history) : file.bytes(tensor));
            tensors.push_back({tensor.name, tensor.dtype, tensor.shape, bytes.back()});
        }
        nib::save_safetensors(odd, tensors, changed);
        const std::string text =
            support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, run.state, odd); });
        if (!text.empty()) CHECK(run.numbers() == before.numbers());
        CHECK(run.rng.state() == before.rng.state());
        return text;
    };
    CHECK(load_error("", "") == "");
    const std::string state = odd + ": state of the run: expected ", in_metadata = odd + ": metadata: ";
    CHECK(load_error("best_epoch", "x") == in_metadata + "best_epoch: expected a whole number, found 'x'");
    CHECK(load_error("best_epoch", "7") == state + "a best epoch with a validation loss in its history, found epoch 7");
    CHECK(load_error("best_epoch", "0") == state + "a best epoch with a validation loss in its history, found epoch 0");
    CHECK(load_error("averaged_steps", "0") == in_metadata + "averaged_steps: expected a number of steps, found 0");
    const std::string no_plateau = state + "a plateau's best loss, factor in [0, 1] and counts of epochs, found others";
    CHECK(load_error("plateau_best", "nan") == no_plateau);
    CHECK(load_error("plateau_best", "-inf") == no_plateau);
    CHECK(load_error("plateau_factor", "nan") == no_plateau);
    CHECK(load_error("plateau_factor", "") == in_metadata + "plateau_factor: expected a number, found ''");
    CHECK(load_error("plateau_bad_epochs", "-1") == no_plateau);
    CHECK(load_error("plateau_bad_epochs", "2147483647") == no_plateau);
    CHECK(load_error("epochs", "3") ==
          odd + ": expected a history of the 3 epochs that are done, found one that ends with epoch 2");
    CHECK(
        support::contains(load_error("", "", "state.best.1.running_var"), "missing \"state.best.1.running_var\" [12]"));
    CHECK(support::contains(load_error("", "", "state.average.0.weight"), "unexpected \"state.average.0.bias\""));
    CHECK(support::contains(load_error("", "", "training_history"), "a best epoch with a validation loss"));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto with_history = [&](double epoch, double loss, double validation_loss, double accuracy) {
        const double rows[] = {1, 1, 1, 1, 1, 0.5, epoch, loss, 1, 1, validation_loss, accuracy};
        return load_error("best_epoch", "1", "", rows);
    };
    CHECK(with_history(2, 1, nan, nan) == "");
    CHECK(run.state.history[1].validation_loss == std::nullopt);
    run = before;
    CHECK(with_history(1, 1, 1, 1) == state + "epochs in ascending order, found 1");
    CHECK(with_history(1.5, 1, 1, 1) == state + "epochs in ascending order, found 0");
    CHECK(with_history(nan, 1, 1, 1) == state + "epochs in ascending order, found 0");
    const std::string others = state + "finite numbers, and accuracies in [0, 1], found others in epoch 2";
    CHECK(with_history(2, nan, 1, 1) == others);
    CHECK(with_history(2, 1, 1, 1.5) == others);

    const auto save_error = [&](auto change) {
        FullRun changed = before;
        change(changed.state);
        const std::string bytes = nib::read_file(path);
        const std::string text = support::error_of(
            [&] { return nib::save_checkpoint(changed.net, changed.adam, changed.rng, changed.state, path), 0; });
        CHECK((nib::read_file(path) == bytes));
        return text;
    };
    CHECK(support::contains(save_error([](auto& s) { s.best_epoch = 7; }), "found epoch 7"));
    CHECK(support::contains(save_error([](auto& s) { s.history[1].loss = 1 / 0.0; }), "found others in epoch 2"));
    CHECK(support::contains(save_error([](auto& s) { s.best.parameters.back() = -1 / 0.0f; }),
                            "tensor \"state.best.4.bias\": expected finite numbers"));
}

TEST_CASE("states have the optimiser's names, those of buffers none") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    nib::Rng rng{61};
    const Normed net{rng};
    nib::save_checkpoint(net, nib::Sgd<float>{net}, rng, 1, path);
    const nib::TensorFile file = nib::open_safetensors(path);
    CHECK(file.metadata().at("optimizer") == "Sgd");
    CHECK(file.tensors().size() == 2 * 6 + 2);
    CHECK(file.at("momentum_buffer.1.weight").shape == std::vector<std::size_t>{12});
    CHECK(file.find("1.running_var") != nullptr);
    CHECK(file.find("momentum_buffer.1.running_var") == nullptr);
}
