#include <nib/train/checkpoint.hpp>

#include "../support.hpp"

#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adagrad.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/adamw.hpp>
#include <nib/optim/amsgrad.hpp>
#include <nib/optim/rmsprop.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

// A network, its optimiser and its generator, as a training program has them.
struct Run {
    nib::Rng rng{61};
    nib::Mlp net{{784, 12, 10}, rng};
    nib::Adam<float> adam{net};
};

// Adam's two states.
void restore(nib::Adam<float>& adam, std::uint64_t steps, std::span<const float> means,
             std::span<const float> squares) {
    const std::span<const float> states[] = {means, squares};
    adam.restore(steps, states);
}

nib::StringMap metadata_of(const Run& run) {
    nib::StringMap metadata{{"epochs", "1"}, {"steps", "5"}};
    for (std::size_t i = 0; i < 4; ++i)
        metadata["random_state_" + std::to_string(i)] = std::to_string(run.rng.state()[i]);
    return metadata;
}

}  // namespace

TEST_CASE("a run that goes on from a checkpoint ends with the bits of one that was never interrupted") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const nib::Dataset digits = nib::synthetic_digits(200, 1);

    Run whole;
    nib::fit(whole.net, whole.adam, digits, {.epochs = 4}, whole.rng, [&](const nib::EpochReport& epoch) {
        if (epoch.epoch == 2) nib::save_checkpoint(whole.net, whole.adam, whole.rng, epoch.epoch, path);
    });

    nib::Rng other{99};
    nib::Mlp net{{784, 12, 10}, other};
    nib::Adam adam{net};
    const int done = nib::load_checkpoint(net, adam, other, path);
    CHECK(done == 2);
    CHECK(adam.steps() == 2 * 14);
    nib::fit(net, adam, digits, {.epochs = 4, .first_epoch = done + 1}, other);
    CHECK(std::ranges::equal(net.parameters(), whole.net.parameters()));
    CHECK(std::ranges::equal(adam.state(1), whole.adam.state(1)));
    CHECK(other.state() == whole.rng.state());
}

TEST_CASE("what is no checkpoint of this network is refused, and changes nothing") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const Run before = run;
    const auto error = [&] {
        const std::string text =
            support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); });
        CHECK(std::ranges::equal(run.net.parameters(), before.net.parameters()));
        CHECK(run.rng.state() == before.rng.state());
        CHECK(run.adam.steps() == 0);
        return text;
    };

    nib::save(run.net, path);
    CHECK(error() == path + ": expected a checkpoint with epochs in its metadata, found none");

    nib::Rng rng{62};
    const nib::Mlp other{{784, 13, 10}, rng};
    const nib::Adam other_adam{other};
    nib::save_checkpoint(other, other_adam, rng, 1, path);
    CHECK(support::contains(error(), "\"exp_avg.0.weight\": expected shape [12, 784], found [13, 784]"));

    auto metadata = metadata_of(run);
    const auto error_with = [&](const std::string& key, const std::string& value) {
        auto changed = metadata;
        changed[key] = value;
        nib::save_safetensors(path, {}, changed);
        return error();
    };
    CHECK(support::contains(error_with("steps", "-1"), "steps: expected a whole number, found '-1'"));
    CHECK(support::contains(error_with("epochs", "2147483647"), "expected a number of epochs"));
    CHECK(support::contains(error_with("random_state_2", "x"), "random_state_2"));
    CHECK(support::contains(error_with("epochs", "1"), "missing \"0.weight\""));
    for (std::size_t i = 0; i < 4; ++i) metadata["random_state_" + std::to_string(i)] = "0";
    CHECK(support::contains(error_with("epochs", "1"), "all zero"));
    directory.write("checkpoint", "");
    CHECK(support::contains(error(), "byte 0"));
}

TEST_CASE("a checkpoint says what it holds") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> zeros(run.net.parameter_count());
    restore(run.adam, 77, zeros, zeros);
    nib::save_checkpoint(run.net, run.adam, run.rng, 3, path);
    nib::StringMap expected = metadata_of(run);
    expected["format"] = "pt";
    expected["nib_version"] = NIB_VERSION_STRING;
    expected["layers"] = "Linear(784, 12), ReLU, Linear(12, 10), LogSoftmax";
    expected["optimizer"] = "Adam";
    expected["epochs"] = "3";
    expected["steps"] = "77";
    CHECK(nib::open_safetensors(path).metadata() == expected);
}

TEST_CASE("a checkpoint is no model") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const Run run;
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    CHECK(support::error_of([&] { return nib::load_mlp(path); }) ==
          path + ": expected a network, found the checkpoint of a training run");
}

TEST_CASE("squares that are negative are refused") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> means(run.net.parameter_count());
    std::vector<float> squares(run.net.parameter_count(), 1.0f);
    restore(run.adam, 1, means, squares);
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    std::string bytes = nib::read_file(path);
    bytes.back() = static_cast<char>(bytes.back() ^ '\x80');  // the sign of the last square
    directory.write("checkpoint", bytes);
    CHECK(support::contains(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }),
                            "found a negative number"));
}

TEST_CASE("what load_checkpoint would refuse is not saved, and the file before stays") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const Run good;
    nib::save_checkpoint(good.net, good.adam, good.rng, 1, path);
    const std::string before = nib::read_file(path);
    const auto error = [&](const Run& run, int epochs) {
        const std::string text =
            support::error_of([&] { nib::save_checkpoint(run.net, run.adam, run.rng, epochs, path); });
        CHECK((nib::read_file(path) == before));
        REQUIRE(text.starts_with(path + ": "));
        return text.substr(path.size() + 2);
    };
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    const std::size_t count = good.net.parameter_count();
    const std::vector<float> zeros(count);
    std::vector<float> numbers(count);
    const std::string nothing = "nothing was written: tensor ";

    Run run;
    run.net.parameters()[784 * 12] = nan;
    CHECK(error(run, 1) == nothing + "\"0.bias\": expected finite numbers, found NaN at index 0");
    run = good;
    numbers.back() = infinity;
    restore(run.adam, 1, numbers, zeros);
    CHECK(error(run, 1) == nothing + "\"exp_avg.2.bias\": expected finite numbers, found infinity at index 9");
    restore(run.adam, 1, zeros, numbers);
    CHECK(error(run, 1) == nothing + "\"exp_avg_sq.2.bias\": expected finite numbers, found infinity at index 9");
    numbers.back() = -1;
    restore(run.adam, 1, zeros, numbers);
    CHECK(error(run, 1) == "exp_avg_sq: expected squares, found a negative number");
    nib::Adagrad<float> adagrad{run.net};
    const std::span<const float> sums[] = {numbers};
    adagrad.restore(1, sums);
    CHECK(support::error_of([&] { nib::save_checkpoint(run.net, adagrad, run.rng, 1, path); }) ==
          path + ": sum: expected squares, found a negative number");
    restore(run.adam, (std::uint64_t{1} << 53) + 1, zeros, zeros);
    CHECK(support::contains(error(run, 1), "steps: expected a number of steps"));
    CHECK(support::contains(error(good, -1), "epochs: expected a number of epochs, found -1"));
    CHECK(support::contains(error(good, std::numeric_limits<int>::max()), "epochs: expected a number of epochs"));
}

TEST_CASE("a checkpoint keeps a record of the run, which is checked when it is written and when it is read") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    CHECK(nib::checkpoint_record(path).empty());
    const nib::StringMap record{{"batch", "15"}, {"empty", ""}, {"epochs", "4"}, {"words", "größer, 'kleiner'"}};
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path, record);
    CHECK(nib::checkpoint_record(path) == record);
    CHECK(nib::open_safetensors(path).metadata().at("run.batch") == "15");
    CHECK(nib::load_checkpoint(run.net, run.adam, run.rng, path) == 1);

    const auto error = [&](const nib::StringMap& odd) {
        const std::string before = nib::read_file(path);
        const std::string text =
            support::error_of([&] { nib::save_checkpoint(run.net, run.adam, run.rng, 1, path, odd); });
        CHECK((nib::read_file(path) == before));
        nib::StringMap metadata = metadata_of(run);
        for (const auto& [name, value] : odd) metadata["run." + name] = value;
        const std::string other = directory.path("other");
        nib::save_safetensors(other, {}, metadata);
        const std::string reading = support::error_of([&] { return nib::checkpoint_record(other); });
        REQUIRE(text.starts_with(path));
        REQUIRE(reading.starts_with(other));
        CHECK(text.substr(path.size()) == reading.substr(other.size()));
        return text.substr(path.size());
    };
    const std::string expected = ": record of the run: expected ";
    CHECK(error({{"", "x"}}) == expected + "names of 1 to 100 printable bytes, found '' of 0");
    CHECK(error({{"a\nb", "x"}}) == expected + "names of 1 to 100 printable bytes, found 'a?b' of 3");
    CHECK(support::contains(error({{std::string(101, 'n'), "x"}}), "of 101"));
    CHECK(error({{"a", "\x1b[2J"}}) ==
          expected + "values of at most 10000 printable bytes, found '?[2J' of 4 under 'a'");
    CHECK(support::contains(error({{"a", std::string(10'001, 'v')}}), "of 10001 under 'a'"));
    nib::StringMap many;
    for (int i = 0; i < 101; ++i) many[std::to_string(i)] = "";
    CHECK(error(many) == expected + "at most 100 entries, found 101");
    const std::string none = directory.write("none", "x");
    CHECK(support::contains(support::error_of([&] { return nib::checkpoint_record(none); }), "byte 0"));
}

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

TEST_CASE("the checkpoint of another optimiser, or of another network, is refused and changes nothing") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const Run before = run;
    nib::save_checkpoint(run.net, nib::Sgd<float>{run.net}, run.rng, 1, path);
    CHECK(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }) ==
          path + ": is the checkpoint of a run with the optimiser 'Sgd', expected one with 'Adam'");
    using Tanh = nib::Sequential<nib::Dense<784, 12>, nib::Tanh, nib::Dense<12, 10>, nib::LogSoftmax>;
    const Tanh tanh{run.rng};
    run = before;
    nib::save_checkpoint(tanh, nib::Adam<float>{tanh}, run.rng, 1, path);
    CHECK(support::contains(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }),
                            path + ": is of another network: the file has Tanh after \"0\", the network has ReLU"));
    CHECK(std::ranges::equal(run.net.parameters(), before.net.parameters()));
    CHECK(run.rng.state() == before.rng.state());
}

TEST_CASE("checkpoints of version 0.1, whose optimiser is Adam and unnamed, are read") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> ones(run.net.parameter_count(), 1.0f);
    restore(run.adam, 5, ones, ones);
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    nib::TensorFile file = nib::open_safetensors(path);
    nib::StringMap metadata = metadata_of(run);
    metadata["layers"] = "Linear(784, 12), ReLU, Linear(12, 10), LogSoftmax";
    metadata["nib_version"] = "0.1.0";
    REQUIRE(!metadata.contains("optimizer"));
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
    for (const nib::TensorInfo& tensor : file.tensors()) bytes.push_back(file.bytes(tensor));
    for (std::size_t i = 0; i < bytes.size(); ++i)
        tensors.push_back({file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, bytes[i]});
    nib::save_safetensors(directory.path("old"), tensors, metadata);
    Run again;
    CHECK(nib::load_checkpoint(again.net, again.adam, again.rng, directory.path("old")) == 1);
    CHECK(again.adam.steps() == 5);
    CHECK(std::ranges::equal(again.adam.state(1), ones));
    nib::Sgd<float> sgd{again.net};
    CHECK(support::error_of([&] { return nib::load_checkpoint(again.net, sgd, again.rng, directory.path("old")); }) ==
          directory.path("old") + ": is the checkpoint of a run with the optimiser 'Adam', expected one with 'Sgd'");
}
