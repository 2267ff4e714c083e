// Checkpoints: a training run in a file, so that it can go on after the program has ended, to the same bits.
//
// A safetensors file: the parameters and buffers under the network's own names, the optimiser's states under
// STATE.NAME (Adam's under exp_avg.NAME and exp_avg_sq.NAME); in the metadata what save writes, the optimiser's name
// and steps, the epochs that are done, the generator's state, and under run.NAME what the program wants to know of the
// run (its options, its data) when it goes on.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/random.hpp>
#include <nib/core/storage.hpp>
#include <nib/io/strings.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

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

// What a file holds, before anything takes it.
template <class T>
struct LoadedCheckpoint {
    int epochs = 0;
    std::uint64_t steps = 0;
    Rng::State random;
    AlignedVector<T> parameters, buffers;
    std::vector<AlignedVector<T>> states;
};

template <class T>
void write_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                      const OptimizerStates<T>& optimizer, const Rng& rng, int epochs_done, const StringMap& record,
                      const std::string& path);
template <class T>
LoadedCheckpoint<T> read_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                                    const OptimizerStates<T>& optimizer, const std::string& path);

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

// Returns how many epochs were done. Fails, and leaves all three as they were, on a file that is no checkpoint, or one
// of another network or another optimiser.
template <Network Net, class T, class Method>
[[nodiscard]] int load_checkpoint(Net& net, Optimizer<T, Method>& optimizer, Rng& rng, const std::string& path) {
    const detail::LoadedCheckpoint<T> loaded =
        detail::read_checkpoint<T>(net.layers(), {net.parameters(), net.buffers()}, detail::states_of(optimizer), path);
    std::vector<std::span<const T>> states;
    for (const AlignedVector<T>& state : loaded.states) states.push_back({state.data(), state.size()});
    optimizer.restore(loaded.steps, states);  // fails before it changes anything, if at all
    copy_values(loaded.parameters.data(), loaded.parameters.size(), net.parameters().data());
    copy_values(loaded.buffers.data(), loaded.buffers.size(), net.buffers().data());
    rng = Rng{loaded.random};
    return loaded.epochs;
}

// The record that the checkpoint was saved with; empty where there was none. Reads no tensor. Fails on a file that is
// no safetensors file, and on a record that save_checkpoint would refuse.
[[nodiscard]] NIB_API StringMap checkpoint_record(const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/match_tensors.hpp>

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr std::string_view record_prefix = "run.";

inline std::string random_state_key(std::size_t word) { return "random_state_" + std::to_string(word); }

inline void check_record(const StringMap& record, const std::string& path) {
    constexpr std::size_t most_entries = 100, longest_name = 100, longest_value = 10'000;
    const auto refuse = [&](const std::string& expected, const std::string& found) {
        fail(path + ": record of the run: expected " + expected + ", found " + found);
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
                   in_quotes(name) + " of " + std::to_string(name.size()));
        if (value.size() > longest_value || !is_plain(value))
            refuse("values of at most " + std::to_string(longest_value) + " printable bytes",
                   in_quotes(value) + " of " + std::to_string(value.size()) + " under " + in_quotes(name));
    }
}

template <class Integer>
Integer checkpoint_number(const TensorFile& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
        fail(file.path() + ": expected a checkpoint with " + key + " in its metadata, found none");
    const std::optional<Integer> number = parse_number<Integer>(found->second);
    if (!number)
        fail(file.path() + ": metadata: " + key + ": expected a whole number, found " + in_quotes(found->second));
    return *number;
}

// What both saving and loading ask of a run.
inline void check_run(const std::string& path, int epochs, std::uint64_t steps, const Rng::State& state) {
    if (epochs < 0 || epochs == (std::numeric_limits<int>::max)())
        fail(path + ": metadata: epochs: expected a number of epochs, found " + std::to_string(epochs));
    if (steps > std::uint64_t{1} << 53)
        fail(path + ": metadata: steps: expected a number of steps, found " + std::to_string(steps));
    if (state == Rng::State{}) fail(path + ": metadata: expected a generator's state, found one that is all zero");
}

// States of these names are sums of squares.
template <class T>
void check_squares(std::string_view name, std::span<const T> squares, const std::string& path) {
    if (!name.ends_with("_sq")) return;
    for (const T square : squares)
        if (square < T{0}) fail(path + ": " + std::string(name) + ": expected squares, found a negative number");
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
                      const std::string& path) {
    const std::vector<LayerTensor> tensors = tensors_of(layers), trained = trained_tensors(tensors);
    check_run(path, epochs_done, optimizer.steps, rng.state());
    check_record(record, path);
    check_finite(tensors, numbers, "", path);
    TensorList list;
    append_tensors<T>(tensors, numbers, "", list);
    for (std::size_t i = 0; i < optimizer.states.size(); ++i) {
        const std::string prefix = std::string(optimizer.state_names[i]) + ".";
        check_finite<T>(trained, {optimizer.states[i], {}}, prefix, path);
        check_squares(optimizer.state_names[i], optimizer.states[i], path);
        append_tensors<T>(trained, {optimizer.states[i], {}}, prefix, list);
    }
    StringMap metadata = network_metadata(layers);
    for (const auto& [name, value] : record) metadata[std::string(record_prefix) + name] = value;
    metadata["epochs"] = std::to_string(epochs_done);
    metadata["optimizer"] = optimizer.name;
    metadata["steps"] = std::to_string(optimizer.steps);
    for (std::size_t i = 0; i < rng.state().size(); ++i) metadata[random_state_key(i)] = std::to_string(rng.state()[i]);
    save_safetensors(path, {list.tensors.data(), list.tensors.size()}, metadata);
}

template <class T>
LoadedCheckpoint<T> read_checkpoint(const std::vector<LayerInfo>& layers, const NetworkNumbers<const T>& numbers,
                                    const OptimizerStates<T>& optimizer, const std::string& path) {
    TensorFile file = open_safetensors(path);
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
        fail(path + ": is the checkpoint of a run with the optimiser " + in_quotes(name) + ", expected one with " +
             in_quotes(optimizer.name));

    const std::vector<LayerTensor> tensors = tensors_of(layers), trained = trained_tensors(tensors);
    std::vector<LayerTensor> wanted = tensors;
    for (const char* const state : optimizer.state_names)
        for (LayerTensor info : trained) {
            info.name = std::string(state) + "." + info.name;
            wanted.push_back(std::move(info));
        }
    const std::vector<const TensorInfo*> found = match_by_name(file, wanted);
    check_match(file, wanted, found);
    check_layers(file, layers, true);
    for (const TensorInfo* const tensor : found) check_numbers<T>(file, *tensor);
    const auto view = [](AlignedVector<T>& values) { return std::span<T>{values.data(), values.size()}; };
    loaded.parameters.resize(numbers.parameters.size());
    loaded.buffers.resize(numbers.buffers.size());
    read_tensors<T>(file, tensors, match_by_name(file, tensors), {view(loaded.parameters), view(loaded.buffers)});
    for (const char* const state : optimizer.state_names) {
        AlignedVector<T>& values = loaded.states.emplace_back(numbers.parameters.size());
        read_tensors<T>(file, trained, match_by_name(file, trained, std::string(state) + "."), {view(values), {}});
        check_squares<T>(state, view(values), path);
    }
    return loaded;
}

}  // namespace detail

NIB_API StringMap checkpoint_record(const std::string& path) {
    const TensorFile file = open_safetensors(path);
    std::vector<StringMap::Entry> entries;
    for (const auto& [key, value] : file.metadata())
        if (key.starts_with(detail::record_prefix))
            entries.push_back({key.substr(detail::record_prefix.size()), value});
    StringMap record{std::move(entries)};
    detail::check_record(record, path);
    return record;
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<LayerInfo>&, const NetworkNumbers<const float>&,
                                           const OptimizerStates<float>&, const Rng&, int, const StringMap&,
                                           const std::string&);
NIB_TEMPLATE detail::LoadedCheckpoint<float> detail::read_checkpoint(const std::vector<LayerInfo>&,
                                                                     const NetworkNumbers<const float>&,
                                                                     const OptimizerStates<float>&, const std::string&);
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<LayerInfo>&, const NetworkNumbers<const double>&,
                                           const OptimizerStates<double>&, const Rng&, int, const StringMap&,
                                           const std::string&);
NIB_TEMPLATE detail::LoadedCheckpoint<double> detail::read_checkpoint(const std::vector<LayerInfo>&,
                                                                      const NetworkNumbers<const double>&,
                                                                      const OptimizerStates<double>&,
                                                                      const std::string&);
#endif

}  // namespace nib::inline NIB_ABI

#endif
