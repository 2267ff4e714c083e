// In which order the dense layers of a file run, which no file says.
//
//   1. Names that differ in nothing but numbers say it ("fc2" before "fc10"); the sizes must agree.
//   2. With other names the sizes do, where the layers can be chained in one way only: each takes what the one before
//      it gives. Names that differ in nothing but numbers keep their order. Where there are several ways, or too many
//      to try, that is an error.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/detail/match_tensors.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

struct DenseShape {
    std::string name;
    std::size_t in = 0;
    std::size_t out = 0;
};

// Tries the ways to chain layers, until two are found. Layers are known by their place in `layers`, which are in the
// natural order of their names.
class LayerChains {
public:
    using Chain = std::vector<std::size_t>;

    // Makes at most `most_tries` tries of a layer in a place.
    explicit LayerChains(ArrayView<DenseShape> layers, std::size_t most_tries = 1'000'000)
        : layers_{layers},
          tries_left_{layers.size() > most_layers ? 0 : most_tries},
          used_(layers.size()),
          predecessor_(layers.size(), none) {
        find_predecessors();
        sort_by_input();
        if (tries_left_ > 0) extend(start_, start_ == 0 && !has_start_ ? layers_.size() : group_end_[start_]);
    }

    // At most two.
    const List<Chain>& found() const { return found_; }
    // Whether not all could be tried.
    bool gave_up() const { return tries_left_ == 0; }

private:
    static constexpr std::size_t most_layers = 1000;  // a try of one goes as deep as there are layers
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    // A name with each of its numbers as one sign.
    static std::string without_numbers(std::string_view name) {
        std::string text;
        while (!name.empty()) {
            if (starts_with_digit(name)) {
                take_digits(name);
                text += '0';
            } else {
                text += name[0];
                name.remove_prefix(1);
            }
        }
        return text;
    }

    // For each layer the last one that comes before it by number.
    void find_predecessors() {
        struct Place {
            std::string name;
            std::size_t layer;
        };
        List<Place> places;
        for (std::size_t i = 0; i < layers_.size(); ++i) places.push_back({without_numbers(layers_[i].name), i});
        sort_records(places.data(), places.size(), [](const Place& a, const Place& b) {
            return a.name != b.name ? a.name < b.name : a.layer < b.layer;
        });
        for (std::size_t i = 1; i < places.size(); ++i)
            if (numbers_order(layers_[places[i - 1].layer].name, layers_[places[i].layer].name))
                predecessor_[places[i].layer] = places[i - 1].layer;
    }

    // Groups the layers by what they take. A chain begins with a size that is taken more often than it is given, if
    // there is such a size.
    void sort_by_input() {
        std::vector<std::size_t> given;
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            by_input_.push_back(i);
            given.push_back(layers_[i].out);
        }
        sort_records(by_input_.data(), by_input_.size(), [&](std::size_t a, std::size_t b) {
            return layers_[a].in != layers_[b].in ? layers_[a].in < layers_[b].in : a < b;
        });
        sort_records(given.data(), given.size(), [](std::size_t a, std::size_t b) { return a < b; });
        std::size_t place = 0;
        for (std::size_t begin = 0; begin < by_input_.size(); begin = group_end_.size()) {
            const std::size_t size = layers_[by_input_[begin]].in;
            std::size_t end = begin, count = 0;
            while (end < by_input_.size() && layers_[by_input_[end]].in == size) ++end;
            while (place < given.size() && given[place] < size) ++place;
            for (; place < given.size() && given[place] == size; ++place) ++count;
            if (end - begin > count) {
                start_ = begin;
                has_start_ = true;
            }
            while (group_end_.size() < end) group_end_.push_back(end);
        }
    }

    // The first in by_input_ that takes `size`; the end where there is none.
    std::size_t first_taking(std::size_t size) const {
        std::size_t begin = 0, end = by_input_.size();
        while (begin < end) {
            const std::size_t middle = begin + (end - begin) / 2;
            if (layers_[by_input_[middle]].in < size)
                begin = middle + 1;
            else
                end = middle;
        }
        return begin < by_input_.size() && layers_[by_input_[begin]].in == size ? begin : by_input_.size();
    }

    // Tries those of by_input_ from `begin` to `end` behind chain_.
    void extend(std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end && found_.size() < 2 && tries_left_ > 0; ++i) {
            --tries_left_;
            const std::size_t layer = by_input_[i];
            if (used_[layer] || (predecessor_[layer] != none && !used_[predecessor_[layer]])) continue;
            used_[layer] = true;
            chain_.push_back(layer);
            const std::size_t next = first_taking(layers_[layer].out);
            if (chain_.size() == layers_.size())
                found_.push_back(chain_);
            else if (next < by_input_.size())
                extend(next, group_end_[next]);
            chain_.pop_back();
            used_[layer] = false;
        }
    }

    ArrayView<DenseShape> layers_;
    std::size_t tries_left_;
    std::vector<std::uint8_t> used_;
    std::vector<std::size_t> predecessor_;
    std::vector<std::size_t> by_input_;   // layers
    std::vector<std::size_t> group_end_;  // for each in by_input_: where those that take as much end
    std::size_t start_ = 0;               // in by_input_
    bool has_start_ = false;
    Chain chain_;
    List<Chain> found_;
};

// "fc1", "fc2"
inline std::string layer_names(ArrayView<DenseShape> layers, const std::vector<std::size_t>& order) {
    constexpr std::size_t listed = 8;
    std::string text;
    for (std::size_t i = 0; i < order.size() && i < listed; ++i)
        append_to_list(text, ", ", tensor_label(layers[order[i]].name));
    return order.size() > listed ? text + ", ..." : text;
}

// Puts layers into the order in which they run. Each is NAME.weight and NAME.bias of `file`.
inline void order_layers(const TensorFile& file, List<DenseShape>& layers) {
    sort_records(layers.data(), layers.size(),
                 [](const DenseShape& a, const DenseShape& b) { return natural_less(a.name, b.name); });
    bool numbered = true;
    for (std::size_t i = 1; i < layers.size(); ++i)
        numbered = numbered && numbers_order(layers[i - 1].name, layers[i].name);
    if (numbered) {
        for (std::size_t i = 1; i < layers.size(); ++i)
            if (layers[i - 1].out != layers[i].in)
                fail({file.path(), ": expected dense layers, each of which takes what the one before it gives: ",
                      tensor_label(layers[i].name + ".weight"), " takes ", layers[i].in, " features, ",
                      tensor_label(layers[i - 1].name + ".weight"), " before it gives ", layers[i - 1].out,
                      "; number them in the order in which they run"});
        return;
    }
    check_order(file);
    const LayerChains chains{layers};
    const List<LayerChains::Chain>& found = chains.found();
    if (found.size() > 1) {
        std::size_t i = 0;
        while (found[0][i] == found[1][i]) ++i;
        fail_without_order(file, layers[found[0][i]].name, layers[found[1][i]].name,
                           "their sizes allow either (" + layer_names(layers, found[0]) + " or " +
                               layer_names(layers, found[1]) + ")");
    }
    if (chains.gave_up())
        fail({file.path(), ": cannot tell in which order ", layers.size(),
              " dense layers run: there are too many ways to try; expected names that differ in numbers alone"});
    if (found.empty()) {
        std::string list;
        constexpr std::size_t listed = 8;
        for (std::size_t i = 0; i < layers.size() && i < listed; ++i)
            append_to_list(list, ", ", tensor_text(layers[i].name + ".weight", {layers[i].out, layers[i].in}));
        fail({file.path(),
              ": expected dense layers, each of which takes what the one before it gives: found no "
              "such order of ",
              list, (layers.size() > listed ? ", ..." : "")});
    }
    List<DenseShape> ordered;
    for (const std::size_t i : found[0]) ordered.push_back(std::move(layers[i]));
    layers = std::move(ordered);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
