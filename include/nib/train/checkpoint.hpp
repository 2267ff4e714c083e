// Checkpoints: a training run in a file, so that it can go on after the program has ended, to the same bits.
//
// A safetensors file: the parameters under the network's own names, Adam's m and v under exp_avg.NAME and
// exp_avg_sq.NAME; in the metadata what save writes, the epochs that are done, Adam's steps and the generator's state.
#pragma once

#include <nib/core/random.hpp>
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
                      const Rng& rng, int epochs_done, const std::string& layers, const std::string& path);
template <class T>
int read_checkpoint(const std::vector<ParameterTensor>& infos, std::span<T> parameters, Adam<T>& adam, Rng& rng,
                    const std::string& path);

}  // namespace detail

// Written as save writes: the file before it is whole until this one is.
template <Network Net, class T>
void save_checkpoint(const Net& net, const Adam<T>& adam, const Rng& rng, int epochs_done, const std::string& path) {
    detail::write_checkpoint<T>(net.tensors(), net.parameters(), adam, rng, epochs_done, detail::layer_list_of(net),
                                path);
}

// Returns how many epochs were done. Fails, and leaves all three as they were, on a file that is no checkpoint or one
// of another network.
template <Network Net, class T>
[[nodiscard]] int load_checkpoint(Net& net, Adam<T>& adam, Rng& rng, const std::string& path) {
    return detail::read_checkpoint<T>(net.tensors(), net.parameters(), adam, rng, path);
}

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
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr const char* means_prefix = "exp_avg.";
inline constexpr const char* squares_prefix = "exp_avg_sq.";

inline std::string random_state_key(std::size_t word) { return "random_state_" + std::to_string(word); }

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

// What save_checkpoint and load_checkpoint do, whatever the network.
template <class T>
void write_checkpoint(const std::vector<ParameterTensor>& infos, std::span<const T> parameters, const Adam<T>& adam,
                      const Rng& rng, int epochs_done, const std::string& layers, const std::string& path) {
    StringMap metadata = network_metadata(layers);
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
    if (epochs < 0 || epochs == (std::numeric_limits<int>::max)())
        fail(path + ": metadata: epochs: expected a number of epochs, found " + std::to_string(epochs));
    const auto steps = checkpoint_number<std::uint64_t>(file, "steps");
    if (steps > std::uint64_t{1} << 53)
        fail(path + ": metadata: steps: expected a number of steps, found " + std::to_string(steps));
    Rng::State state;
    for (std::size_t i = 0; i < state.size(); ++i)
        state[i] = checkpoint_number<std::uint64_t>(file, random_state_key(i));
    if (state == Rng::State{}) fail(path + ": metadata: expected a generator's state, found one that is all zero");

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
    for (const T square : squares)
        if (square < T{0}) fail(path + ": exp_avg_sq: expected squares, found a negative number");

    adam.restore(steps, means, squares);  // fails before it changes anything, if at all
    copy_values(loaded.data(), loaded.size(), parameters.data());
    rng = Rng{state};
    return epochs;
}

}  // namespace detail

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<ParameterTensor>&, std::span<const float>,
                                           const Adam<float>&, const Rng&, int, const std::string&, const std::string&);
NIB_TEMPLATE int detail::read_checkpoint(const std::vector<ParameterTensor>&, std::span<float>, Adam<float>&, Rng&,
                                         const std::string&);
NIB_TEMPLATE void detail::write_checkpoint(const std::vector<ParameterTensor>&, std::span<const double>,
                                           const Adam<double>&, const Rng&, int, const std::string&,
                                           const std::string&);
NIB_TEMPLATE int detail::read_checkpoint(const std::vector<ParameterTensor>&, std::span<double>, Adam<double>&, Rng&,
                                         const std::string&);
#endif

}  // namespace nib::inline NIB_ABI

#endif
