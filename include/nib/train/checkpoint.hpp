// Checkpoints: a training run in a file, so that it can go on after the program has ended, to the same bits.
//
// A safetensors file: the parameters and buffers under the network's own names, the optimiser's states under
// STATE.NAME (Adam's under exp_avg.NAME and exp_avg_sq.NAME); in the metadata what save writes, the optimiser's name
// and steps, the epochs that are done, the generator's state, and under run.NAME what the program wants to know of the
// run (its options, its data) when it goes on. With a TrainingState also its averaged, best and own parameters under
// state.average.NAME, state.best.NAME and state.training.NAME; training_history, a row for each epoch (epoch, loss,
// seconds, learning rate, validation loss and accuracy, NaN where there is none); and the rest of it in the metadata.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/random.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/optimizer.hpp>
#include <nib/train/detail/checkpoint_state.hpp>
#include <nib/train/training_state.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

template <class T>
void write_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                      const OptimizerStates<T>& optimizer, const Rng& rng, int epochs_done, const StringMap& record,
                      const std::string& path, const SavedState<T>& state = {});
// What the file has of a TrainingState is read too, if `with_state`.
template <class T>
LoadedCheckpoint<T> read_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                                    const OptimizerStates<T>& optimizer, TensorFile& file, bool with_state);

template <class Net, class T, class Method>
int take_checkpoint(Net& net, Optimizer<T, Method>& optimizer, Rng& rng, const LoadedCheckpoint<T>& loaded) {
    std::vector<std::span<const T>> states;
    for (std::size_t i = 0; i < optimizer.state_names().size(); ++i) {
        const AlignedVector<T>& state = loaded.parts[i].numbers.parameters;
        states.push_back({state.data(), state.size()});
    }
    optimizer.restore(loaded.steps, states);  // fails before it changes anything, if at all
    loaded.network.put(net.parameters(), net.buffers());
    rng = Rng{loaded.random};
    return loaded.epochs;
}

}  // namespace detail

// Written as save writes: the file before it is whole until this one is. `record` says what the run is, by names of
// the caller's; load_checkpoint does not look at it, checkpoint_record reads it. At most 100 entries; names of 1 to 100
// bytes and values of at most 10,000, all UTF-8 without control characters.
// Fails, and leaves the file before it as it was, where it cannot be written, on such a record, and on what
// load_checkpoint would refuse: numbers that are not finite, squares below 0, a negative number of epochs.
template <Network Net, class T, class Method>
void save_checkpoint(const Net& net, const Optimizer<T, Method>& optimizer, const Rng& rng, int epochs_done,
                     const std::string& path, const StringMap& record = {}) {
    detail::write_checkpoint<T>(net.layers(), {net.parameters(), net.buffers()}, detail::states_of(optimizer), rng,
                                epochs_done, record, path);
}

// The same of a run whose fit has a state, in on_epoch or when fit has returned: state.epochs() are done.
template <Network Net, class T, class Method>
void save_checkpoint(const Net& net, const Optimizer<T, Method>& optimizer, const Rng& rng,
                     const TrainingState<T>& state, const std::string& path, const StringMap& record = {}) {
    detail::write_checkpoint<T>(net.layers(), {net.parameters(), net.buffers()}, detail::states_of(optimizer), rng,
                                state.epochs(), record, path, detail::saved_state(state, path));
}

// Returns how many epochs were done. Fails, and leaves all three as they were, on a file that is no checkpoint, one of
// another network or another optimiser, or one with a TrainingState.
template <Network Net, class T, class Method>
[[nodiscard]] int load_checkpoint(Net& net, Optimizer<T, Method>& optimizer, Rng& rng, const std::string& path) {
    TensorFile file = open_safetensors(path);
    return detail::take_checkpoint(net, optimizer, rng,
                                   detail::read_checkpoint<T>(net.layers(), {net.parameters(), net.buffers()},
                                                              detail::states_of(optimizer), file, false));
}
// The same with its state, a new one where the checkpoint has none.
template <Network Net, class T, class Method>
[[nodiscard]] int load_checkpoint(Net& net, Optimizer<T, Method>& optimizer, Rng& rng, TrainingState<T>& state,
                                  const std::string& path) {
    TensorFile file = open_safetensors(path);
    detail::LoadedCheckpoint<T> loaded = detail::read_checkpoint<T>(net.layers(), {net.parameters(), net.buffers()},
                                                                    detail::states_of(optimizer), file, true);
    TrainingState<T> loaded_state = detail::loaded_state(loaded, file);
    const int epochs = detail::take_checkpoint(net, optimizer, rng, loaded);
    state = std::move(loaded_state);
    return epochs;
}

// The record that the checkpoint was saved with; empty where there was none. Reads no tensor. Fails on a file that is
// no safetensors file, and on a record that save_checkpoint would refuse.
[[nodiscard]] StringMap checkpoint_record(const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/tensor.hpp>
#include <nib/model/detail/match_tensors.hpp>

#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::string_view record_prefix = "run.";

inline std::string random_state_key(std::size_t word) { return "random_state_" + std::to_string(word); }

inline void check_record(const StringMap& record, const std::string& path) {
    constexpr std::size_t most_entries = 100, longest_name = 100, longest_value = 10'000;
    const auto refuse = [&](const std::string& expected, const std::string& found) {
        fail({path, ": record of the run: expected ", expected, ", found ", found});
    };
    const auto is_plain = [](std::string_view text) {
        for (const char c : text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
        return true;
    };
    if (record.size() > most_entries)
        refuse("at most " + std::to_string(most_entries) + " entries", std::to_string(record.size()));
    for (const auto& [name, value] : record) {
        if (name.empty() || name.size() > longest_name || !is_plain(name))
            refuse("names of 1 to " + std::to_string(longest_name) + " printable bytes",
                   format_quoted(name) + " of " + std::to_string(name.size()));
        if (value.size() > longest_value || !is_plain(value))
            refuse("values of at most " + std::to_string(longest_value) + " printable bytes",
                   format_quoted(value) + " of " + std::to_string(value.size()) + " under " + format_quoted(name));
    }
}

// What both saving and loading ask of a run.
inline void check_run(const std::string& path, int epochs, std::uint64_t steps, const Rng::State& state) {
    if (epochs < 0 || epochs == (std::numeric_limits<int>::max)())
        fail({path, ": metadata: epochs: expected a number of epochs, found ", epochs});
    if (steps > std::uint64_t{1} << 53) fail({path, ": metadata: steps: expected a number of steps, found ", steps});
    if (state == Rng::State{}) fail({path, ": metadata: expected a generator's state, found one that is all zero"});
}

// States of these names are sums or means of squares.
template <class T>
void check_squares(std::string_view optimizer, std::string_view name, std::span<const T> squares,
                   const std::string& path) {
    if (!name.ends_with("_sq") && name != "square_avg" && !(optimizer == "Adagrad" && name == "sum")) return;
    for (const T square : squares)
        if (square < T{0}) fail({path, ": ", name, ": expected squares, found a negative number"});
}

// Of the parameters alone: what an optimiser's states are ordered as.
inline std::vector<LayerTensor> trained_tensors(const std::vector<LayerTensor>& tensors) {
    std::vector<LayerTensor> result;
    for (const LayerTensor& tensor : tensors)
        if (!tensor.is_buffer) result.push_back(tensor);
    return result;
}

template <class T>
void write_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                      const OptimizerStates<T>& optimizer, const Rng& rng, int epochs_done, const StringMap& record,
                      const std::string& path, const SavedState<T>& state) {
    const std::vector<LayerTensor> tensors = tensors_of(layers), trained = trained_tensors(tensors);
    check_run(path, epochs_done, optimizer.steps, rng.state());
    check_record(record, path);
    check_finite(tensors, numbers, "", path);
    // At most the network, and as much again for each part; and the history.
    TensorList list{tensors.size() * (1 + optimizer.states.size() + state.parts.size()) + 1};
    append_tensors<T>(tensors, numbers, "", list);
    const auto append = [&](const SavedPart<T>& part) {
        const std::vector<LayerTensor>& of_part = part.has_buffers ? tensors : trained;
        check_finite<T>(of_part, part.numbers, part.prefix, path);
        append_tensors<T>(of_part, part.numbers, part.prefix, list);
    };
    for (std::size_t i = 0; i < optimizer.states.size(); ++i) {
        append({std::string(optimizer.state_names[i]) + ".", false, {optimizer.states[i], {}}});
        check_squares(optimizer.name, optimizer.state_names[i], optimizer.states[i], path);
    }
    for (const SavedPart<T>& part : state.parts) append(part);
    if (!state.history.empty()) {
        Tensor& history = list.append(tensor_bytes<double>(state.history));
        history.name = history_name;
        history.dtype = Dtype::f64;
        history.shape = {state.history.size() / history_columns, history_columns};
    }
    StringMap metadata = network_metadata(layers);
    for (const auto& [name, value] : state.metadata) metadata[name] = value;
    for (const auto& [name, value] : record) metadata[std::string(record_prefix) + name] = value;
    metadata["epochs"] = std::to_string(epochs_done);
    metadata["optimizer"] = optimizer.name;
    metadata["steps"] = std::to_string(optimizer.steps);
    for (std::size_t i = 0; i < rng.state().size(); ++i) metadata[random_state_key(i)] = std::to_string(rng.state()[i]);
    save_safetensors(path, list.tensors(), metadata);
}

template <class T>
LoadedCheckpoint<T> read_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                                    const OptimizerStates<T>& optimizer, TensorFile& file, bool with_state) {
    const std::string& path = file.path();
    LoadedCheckpoint<T> loaded;
    loaded.epochs = checkpoint_number<int>(file, "epochs");
    loaded.steps = checkpoint_number<std::uint64_t>(file, "steps");
    for (std::size_t i = 0; i < loaded.random.size(); ++i)
        loaded.random[i] = checkpoint_number<std::uint64_t>(file, random_state_key(i));
    check_run(path, loaded.epochs, loaded.steps, loaded.random);
    // Version 0.1 had none but Adam, and did not name it.
    const auto* const named = file.metadata().find("optimizer");
    const std::string name = named == file.metadata().end() ? "Adam" : named->second;
    if (name != optimizer.name)
        fail({path, ": is the checkpoint of a run with the optimiser ", format_quoted(name), ", expected one with ",
              format_quoted(optimizer.name)});
    if (!with_state && file.metadata().contains("best_epoch"))
        fail({path, ": is the checkpoint of a run with a nib::TrainingState, expected one without: load it with one"});

    const std::vector<LayerTensor> tensors = tensors_of(layers), trained = trained_tensors(tensors);
    for (const char* const state : optimizer.state_names) loaded.parts.push_back({std::string(state) + ".", false});
    if (with_state)
        for (const char* const prefix : {"state.average.", "state.best.", "state.training."})
            if (!trained.empty() && file.find(prefix + trained[0].name) != nullptr)
                loaded.parts.push_back({prefix, std::string_view(prefix) != "state.average."});
    const auto tensors_of_part = [&](const CheckpointPart<T>& part) -> const std::vector<LayerTensor>& {
        return part.has_buffers ? tensors : trained;
    };
    std::vector<LayerTensor> wanted = tensors;
    for (const CheckpointPart<T>& part : loaded.parts)
        for (LayerTensor info : tensors_of_part(part)) {
            info.name = part.prefix + info.name;
            wanted.push_back(std::move(info));
        }
    if (const TensorInfo* const history = with_state ? file.find(history_name) : nullptr) {
        const std::size_t rows = history->shape.empty() ? 0 : history->shape[0];
        wanted.push_back({.name = history_name, .shape = {rows, history_columns}});
    }
    const List<const TensorInfo*> found = match_by_name(file, wanted);
    check_match(file, wanted, found);
    check_layers(file, layers, true);
    for (const TensorInfo* const tensor : found)
        if (tensor->name != history_name) check_numbers<T>(file, *tensor);
    const auto read = [&](const std::vector<LayerTensor>& infos, const std::string& prefix, NetworkCopy<T>& to,
                          std::size_t buffers) {
        to.parameters.resize(numbers.parameters.size());
        to.buffers.resize(buffers);
        read_tensors<T>(file, infos, match_by_name(file, infos, prefix),
                        {{to.parameters.data(), to.parameters.size()}, {to.buffers.data(), to.buffers.size()}});
    };
    read(tensors, "", loaded.network, numbers.buffers.size());
    for (CheckpointPart<T>& part : loaded.parts) {
        read(tensors_of_part(part), part.prefix, part.numbers, part.has_buffers ? numbers.buffers.size() : 0);
        const std::string_view prefix = part.prefix;
        check_squares<T>(optimizer.name, prefix.substr(0, prefix.size() - 1),
                         {part.numbers.parameters.data(), part.numbers.parameters.size()}, path);
    }
    return loaded;
}

}  // namespace detail

NIB_API StringMap checkpoint_record(const std::string& path) {
    const TensorFile file = open_safetensors(path);
    detail::List<StringMap::Entry> entries;
    for (const auto& [key, value] : file.metadata())
        if (key.starts_with(detail::record_prefix))
            entries.push_back({key.substr(detail::record_prefix.size()), value});
    StringMap record{std::move(entries)};
    detail::check_record(record, path);
    return record;
}

}  // namespace nib::inline NIB_ABI

#endif
