// What a checkpoint holds beside the network: the optimiser's states, and a TrainingState as tensors and metadata
// (train/checkpoint.hpp says under which names).
#pragma once

#include <nib/core/random.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/model_file.hpp>
#include <nib/optim/optimizer.hpp>
#include <nib/train/history.hpp>
#include <nib/train/training_state.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI::detail {

inline constexpr const char* history_name = "training_history";
inline constexpr std::size_t history_columns = 6;

// An optimiser's numbers, whatever its method.
template <class T>
struct OptimizerStates {
    std::string name;
    std::span<const char* const> state_names;
    std::uint64_t steps = 0;
    std::vector<std::span<const T>> states;
};

template <class T, class Method>
OptimizerStates<T> states_of(const Optimizer<T, Method>& optimizer) {
    OptimizerStates<T> result{optimizer.name(), optimizer.state_names(), optimizer.steps(), {}};
    for (std::size_t i = 0; i < result.state_names.size(); ++i) result.states.push_back(optimizer.state(i));
    return result;
}

// Numbers of a checkpoint beside the network's own, under names that begin with `prefix`: one for each parameter, and
// for each buffer where it has such.
template <class T>
struct CheckpointPart {
    std::string prefix;
    bool has_buffers = false;
    NetworkCopy<T> numbers = {};
};

// What a file holds, before anything takes it.
template <class T>
struct LoadedCheckpoint {
    int epochs = 0;
    std::uint64_t steps = 0;
    Rng::State random;
    NetworkCopy<T> network;
    std::vector<CheckpointPart<T>> parts;  // the optimiser's states, and then those of a TrainingState
};

// The same on its way to a file.
template <class T>
struct SavedPart {
    std::string prefix;
    bool has_buffers = false;
    NetworkNumbers<const T> numbers;
};
template <class T>
struct SavedState {
    std::vector<SavedPart<T>> parts;
    StringMap metadata;
    std::vector<double> history;
};

// What both saving and loading ask of a state, but for whose numbers it holds.
void check_state(const std::string& path, const History& history, int best_epoch, bool has_best,
                 const PlateauState& plateau);
template <class T>
SavedState<T> saved_state(const TrainingState<T>& state, const std::string& path);
template <class T>
TrainingState<T> loaded_state(LoadedCheckpoint<T>& loaded, TensorFile& file);

}  // namespace nib::inline NIB_ABI::detail

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/safetensors.hpp>

#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace nib::inline NIB_ABI::detail {

template <class Number>
Number checkpoint_number(const TensorFile& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
        fail({file.path(), ": expected a checkpoint with ", key, " in its metadata, found none"});
    const std::optional<Number> number = parse_number<Number>(found->second);
    if (!number)
        fail({file.path(), ": metadata: ", key, ": expected a ", std::is_integral_v<Number> ? "whole " : "",
              "number, found ", format_quoted(found->second)});
    return *number;
}

template <class T>
SavedState<T> saved_state(const TrainingState<T>& state, const std::string& path) {
    check_state(path, state.history, state.best_epoch, !state.best.empty(), state.plateau);
    SavedState<T> result;
    if (state.average.updates() > 0) {
        result.parts.push_back({"state.average.", false, {state.average.values(), {}}});
        result.metadata["averaged_steps"] = std::to_string(state.average.updates());
    }
    const auto add = [&](const char* prefix, const NetworkCopy<T>& copy) {
        if (!copy.empty())
            result.parts.push_back(
                {prefix,
                 true,
                 {{copy.parameters.data(), copy.parameters.size()}, {copy.buffers.data(), copy.buffers.size()}}});
    };
    add("state.best.", state.best);
    add("state.training.", state.training);
    result.metadata["best_epoch"] = std::to_string(state.best_epoch);
    if (is_finite(state.plateau.best)) result.metadata["plateau_best"] = format_shortest(state.plateau.best);
    result.metadata["plateau_factor"] = format_shortest(state.plateau.factor);
    result.metadata["plateau_bad_epochs"] = std::to_string(state.plateau.bad_epochs);
    result.metadata["plateau_cooldown"] = std::to_string(state.plateau.cooldown);
    for (const EpochReport& report : state.history) {
        constexpr double none = std::numeric_limits<double>::quiet_NaN();
        append_values(
            result.history,
            std::vector<double>{static_cast<double>(report.epoch), report.loss, report.seconds, report.learning_rate,
                                report.validation_loss.value_or(none), report.validation_accuracy.value_or(none)});
    }
    return result;
}

template <class T>
TrainingState<T> loaded_state(LoadedCheckpoint<T>& loaded, TensorFile& file) {
    TrainingState<T> state;
    if (!file.metadata().contains("best_epoch")) return state;
    state.best_epoch = checkpoint_number<int>(file, "best_epoch");
    if (file.metadata().contains("plateau_best")) state.plateau.best = checkpoint_number<double>(file, "plateau_best");
    state.plateau.factor = checkpoint_number<double>(file, "plateau_factor");
    state.plateau.bad_epochs = checkpoint_number<int>(file, "plateau_bad_epochs");
    state.plateau.cooldown = checkpoint_number<int>(file, "plateau_cooldown");
    if (const TensorInfo* const info = file.find(history_name)) {
        const std::vector<double> rows = values<double>(file, *info);
        const auto if_finite = [](double number) { return is_finite(number) ? std::optional{number} : std::nullopt; };
        for (std::size_t i = 0; i + history_columns <= rows.size(); i += history_columns) {
            const double* const row = rows.data() + i;
            const bool in_range = is_finite(row[0]) && row[0] >= 1 && row[0] < 2147483647;
            const int epoch = in_range ? static_cast<int>(row[0]) : 0;
            state.history.push_back({.epoch = epoch == row[0] ? epoch : 0,
                                     .loss = row[1],
                                     .seconds = row[2],
                                     .learning_rate = row[3],
                                     .validation_loss = if_finite(row[4]),
                                     .validation_accuracy = if_finite(row[5])});
        }
    }
    for (CheckpointPart<T>& part : loaded.parts) {
        if (part.prefix == "state.best.") state.best = std::move(part.numbers);
        if (part.prefix == "state.training.") state.training = std::move(part.numbers);
        if (part.prefix != "state.average.") continue;
        const auto steps = checkpoint_number<std::uint64_t>(file, "averaged_steps");
        if (steps == 0 || steps > std::uint64_t{1} << 53)
            fail({file.path(), ": metadata: averaged_steps: expected a number of steps, found ", steps});
        state.average.restore(steps, {part.numbers.parameters.data(), part.numbers.parameters.size()});
    }
    check_state(file.path(), state.history, state.best_epoch, !state.best.empty(), state.plateau);
    if (!state.history.empty() && state.epochs() != loaded.epochs)
        fail({file.path(), ": expected a history of the ", loaded.epochs,
              " epochs that are done, found one that ends with epoch ", state.epochs()});
    return state;
}

NIB_API void check_state(const std::string& path, const History& history, int best_epoch, bool has_best,
                         const PlateauState& plateau) {
    const auto refuse = [&](const std::string& what) { fail({path, ": state of the run: expected ", what}); };
    int last = 0;
    bool knows_best = best_epoch == 0 && !has_best;
    for (const EpochReport& report : history) {
        const double accuracy = report.validation_accuracy.value_or(0);
        if (report.epoch <= last) refuse("epochs in ascending order, found " + std::to_string(report.epoch));
        if (!is_finite(report.loss) || !is_finite(report.seconds) || !is_finite(report.learning_rate) ||
            !is_finite(report.validation_loss.value_or(0)) || !(accuracy >= 0 && accuracy <= 1))
            refuse("finite numbers, and accuracies in [0, 1], found others in epoch " + std::to_string(report.epoch));
        last = report.epoch;
        knows_best = knows_best || (report.epoch == best_epoch && report.validation_loss.has_value());
    }
    if (!knows_best)
        refuse("a best epoch with a validation loss in its history, found epoch " + std::to_string(best_epoch));
    constexpr int most = (std::numeric_limits<int>::max)();  // one more is counted
    const bool has_best_loss = is_finite(plateau.best) || plateau.best == std::numeric_limits<double>::infinity();
    const bool is_plateau = has_best_loss && is_finite(plateau.factor) && plateau.factor >= 0 && plateau.factor <= 1 &&
                            plateau.bad_epochs >= 0 && plateau.bad_epochs < most && plateau.cooldown >= 0;
    if (!is_plateau) refuse("a plateau's best loss, factor in [0, 1] and counts of epochs, found others");
}

}  // namespace nib::inline NIB_ABI::detail

#endif
