// Checkpoints: a training run in a file, so that it can go on after the program has ended, to the same bits.
//
// A safetensors file: the parameters under the network's own names, Adam's m and v under exp_avg.NAME and
// exp_avg_sq.NAME; in the metadata what save writes, the epochs that are done, Adam's steps, the generator's state, and
// under run.NAME what the program wants to know of the run (its options, its data) when it goes on.
#pragma once

#include <nib/core/random.hpp>
#include <nib/io/strings.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/adam.hpp>

#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

template <class T>
void write_checkpoint(const std::vector<ParameterTensor>& infos, std::span<const T> parameters, const Adam<T>& adam,
                      const Rng& rng, int epochs_done, const std::string& layers, const StringMap& record,
                      const std::string& path);
template <class T>
int read_checkpoint(const std::vector<ParameterTensor>& infos, std::span<T> parameters, Adam<T>& adam, Rng& rng,
                    const std::string& path);

}  // namespace detail

// Written as save writes: the file before it is whole until this one is. `record` says what the run is, by names of
// the caller's; load_checkpoint does not look at it, checkpoint_record reads it. At most 100 entries; names of 1 to 100
// bytes and values of at most 10,000, all UTF-8 without control characters.
// Fails, and leaves the file before it as it was, where it cannot be written, on such a record, and on what
// load_checkpoint would refuse: numbers that are not finite, squares below 0, a negative number of epochs.
template <Network Net, class T>
void save_checkpoint(const Net& net, const Adam<T>& adam, const Rng& rng, int epochs_done, const std::string& path,
                     const StringMap& record = {}) {
    detail::write_checkpoint<T>(net.tensors(), net.parameters(), adam, rng, epochs_done, detail::layer_list_of(net),
                                record, path);
}

// Returns how many epochs were done. Fails, and leaves all three as they were, on a file that is no checkpoint or one
// of another network.
template <Network Net, class T>
[[nodiscard]] int load_checkpoint(Net& net, Adam<T>& adam, Rng& rng, const std::string& path) {
    return detail::read_checkpoint<T>(net.tensors(), net.parameters(), adam, rng, path);
}

// The record that the checkpoint was saved with; empty where there was none. Reads no tensor. Fails on a file that is
// no safetensors file, and on a record that save_checkpoint would refuse.
[[nodiscard]] NIB_API StringMap checkpoint_record(const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/core/text.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/match_tensors.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr const char* means_prefix = "exp_avg.";
inline constexpr const char* squares_prefix = "exp_avg_sq.";

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

template <class T>
void check_squares(std::span<const T> squares, const std::string& path) {
    for (const T square : squares)
        if (square < T{0}) fail(path + ": exp_avg_sq: expected squares, found a negative number");
}

// What save_checkpoint and load_checkpoint do, whatever the network.
template <class T>
void write_checkpoint(const std::vector<ParameterTensor>& infos, std::span<const T> parameters, const Adam<T>& adam,
                      const Rng& rng, int epochs_done, const std::string& layers, const StringMap& record,
                      const std::string& path) {
    check_run(path, epochs_done, adam.steps(), rng.state());
    check_record(record, path);
    check_finite(infos, parameters, "", path);
    check_finite(infos, adam.means(), means_prefix, path);
    check_finite(infos, adam.squares(), squares_prefix, path);
    check_squares(adam.squares(), path);
    StringMap metadata = network_metadata(layers);
    for (const auto& [name, value] : record) metadata[std::string(record_prefix) + name] = value;
    TensorList list;
    append_tensors<T>(infos, parameters, "", list);
    append_tensors<T>(infos, adam.means(), means_prefix, list);
    append_tensors<T>(infos, adam.squares(), squares_prefix, list);
    metadata["epochs"] = std::to_string(epochs_done);
    metadata["steps"] = std::to_string(adam.steps());
    for (std::size_t i = 0; i < rng.state().size(); ++i) metadata[random_state_key(i)] = std::to_string(rng.state()[i]);
    save_safetensors(path, {list.tensors.data(), list.tensors.size()}, metadata);
}

template <class T>
int read_checkpoint(const std::vector<ParameterTensor>& infos, std::span<T> parameters, Adam<T>& adam, Rng& rng,
                    const std::string& path) {
    TensorFile file = open_safetensors(path);
    const int epochs = checkpoint_number<int>(file, "epochs");
    const auto steps = checkpoint_number<std::uint64_t>(file, "steps");
    Rng::State state;
    for (std::size_t i = 0; i < state.size(); ++i)
        state[i] = checkpoint_number<std::uint64_t>(file, random_state_key(i));
    check_run(path, epochs, steps, state);

    std::vector<ParameterTensor> wanted;
    for (const char* const prefix : {"", means_prefix, squares_prefix})
        for (ParameterTensor info : infos) {
            info.name = prefix + info.name;
            wanted.push_back(std::move(info));
        }
    const std::vector<const TensorInfo*> found = match_by_name(file, wanted);
    check_match(file, wanted, found);
    for (const TensorInfo* const tensor : found) check_numbers<T>(file, *tensor);
    // Read before anything changes, because Adam takes both at once.
    const auto read = [&](const char* prefix) {
        AlignedVector<T> numbers(parameters.size());
        read_tensors<T>(file, infos, match_by_name(file, infos, prefix), {numbers.data(), numbers.size()});
        return numbers;
    };
    const auto loaded = read(""), means = read(means_prefix), squares = read(squares_prefix);
    check_squares<T>({squares.data(), squares.size()}, path);

    adam.restore(steps, means, squares);  // fails before it changes anything, if at all
    copy_values(loaded.data(), loaded.size(), parameters.data());
    rng = Rng{state};
    return epochs;
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
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<ParameterTensor>&, std::span<const float>,
                                           const Adam<float>&, const Rng&, int, const std::string&, const StringMap&,
                                           const std::string&);
NIB_TEMPLATE int detail::read_checkpoint(const std::vector<ParameterTensor>&, std::span<float>, Adam<float>&, Rng&,
                                         const std::string&);
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<ParameterTensor>&, std::span<const double>,
                                           const Adam<double>&, const Rng&, int, const std::string&, const StringMap&,
                                           const std::string&);
NIB_TEMPLATE int detail::read_checkpoint(const std::vector<ParameterTensor>&, std::span<double>, Adam<double>&, Rng&,
                                         const std::string&);
#endif

}  // namespace nib::inline NIB_ABI

#endif
