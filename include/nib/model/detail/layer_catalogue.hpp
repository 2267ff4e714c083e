// The layers of an Mlp from a model file's list of them: "Linear(784, 512), BatchNorm1d(512), ReLU, Dropout(p=0.2), …".
//
// Known are dense layers, Dropout of any probability, nib's other layers with their default numbers, and residual
// blocks of all these. In header-only programs they are compiled where a file is loaded by load_mlp, and not elsewhere.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/detail/listed_layers.hpp>
#include <nib/model/mlp.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// The layout that `list` says. `path` is for messages, `most_numbers` how many the file holds: no dense layer has more.
// Fails on any other layer, on layers that do not fit each other, and on a list without dense layers.
template <class T>
MlpLayout<T> listed_layout(std::string_view list, const std::string& path, std::size_t most_numbers);

using CataloguedLayers = LayerList<ReLU, LeakyReLU<>, PReLU, ELU<>, GELU, GELUTanh, SiLU, Sigmoid, Tanh, Softplus,
                                   Softmax, LogSoftmax, BatchNorm, LayerNorm, Standardize>;

// More layers than anyone has: what reads them may take the square of their number.
inline constexpr std::size_t most_mlp_layers = 10'000;

// Reads a list word by word.
template <class T>
class LayoutReader {
public:
    LayoutReader(std::string_view list, const std::string& path, std::size_t most_numbers)
        : words_{split_layers(list)}, path_{path}, most_numbers_{most_numbers} {}

    MlpLayout<T> read() {
        if (words_.size() > most_mlp_layers)
            fail(path_ + ": expected at most " + std::to_string(most_mlp_layers) + " layers, found " +
                 std::to_string(words_.size()));
        // Nothing that stands before the first dense layer changes how many features there are.
        for (word_ = 0; word_ < words_.size() && features_ == 0; ++word_)
            if (is_dense()) features_ = dense_shape().in;
        MlpLayout<T> layout;
        layout.widths = {features_};
        for (word_ = 0; word_ < words_.size(); ++word_) read_word(layout);
        if (!blocks_.empty()) fail(path_ + ": the file's list of layers ends within a residual block");
        if (layout.widths.size() < 2) fail(path_ + ": expected dense layers, the file lists none");
        return layout;
    }

private:
    // A residual block whose end is still to come.
    struct Block {
        std::size_t first;     // of its layers
        std::size_t features;  // that go in
        std::string number;
        std::size_t count = 0;  // of its layers, blocks as one each
    };
    static constexpr std::size_t most_blocks = 16;

    std::string_view word() const { return words_[word_].text; }
    bool is_dense() const { return word().starts_with("Linear("); }

    [[noreturn]] void refuse() const {
        fail(path_ + ": the file has " + word_text(word()) +
             (word_ == 0 ? " at the start" : " after " + word_text(words_[word_ - 1].text)) +
             ", which load_mlp cannot build; expected layers of nib's with their default numbers, which fit each other "
             "(load(net, path) takes the file into a Sequential or an Mlp of its layers)");
    }

    void read_word(MlpLayout<T>& layout) {
        if (word() == block_start) {
            if (blocks_.size() == most_blocks) refuse();
            std::string number = blocks_.empty() ? "" : next_number();
            blocks_.push_back({others_.layers.size(), features_, std::move(number)});
        } else if (word() == block_end && !blocks_.empty()) {
            const Block block = std::move(blocks_.back());
            blocks_.pop_back();
            const std::size_t span = others_.layers.size() - block.first;
            if (span == 0 || features_ != block.features) refuse();
            others_.layers.push_back(mlp_layer<T, ResidualSum>(block.number, span));
        } else if (is_dense()) {
            const LayerShape shape = dense_shape();
            if (shape.in != features_) refuse();
            features_ = shape.out;
            if (blocks_.empty()) return layout.add_dense(shape.out);
            others_.layers.push_back(mlp_layer<T, DenseOfAnySize>(next_number(), 0));
            others_.layers.back().out = shape.out;
        } else {
            others_.layers.push_back(catalogued());
            if (!blocks_.empty()) others_.layers.back().number = next_number();
        }
        if (!blocks_.empty()) return;
        others_.count = 1;
        layout.add(std::exchange(others_, {}));
    }

    // Of a layer in the innermost block, behind the number of the outermost one.
    std::string next_number() { return blocks_.back().number + "." + std::to_string(blocks_.back().count++); }

    LayerShape dense_shape() const {
        std::string_view text = word();
        text.remove_prefix(smaller(text.find('(') + 1, text.size()));
        const std::size_t comma = smaller(text.find(','), text.size());
        const auto in = parse_number<std::size_t>(text.substr(0, comma));
        const auto out = parse_number<std::size_t>(
            text.substr(smaller(comma + 2, text.size()), smaller(text.find(')'), text.size()) - comma - 2));
        std::size_t weights = 0;
        if (!in || !out || *in == 0 || *out == 0 || !multiply_sizes(*in, *out, weights) || weights > most_numbers_ ||
            word() != DenseOfAnySize::description({*in, *out}))
            refuse();
        return {*in, *out};
    }

    MlpLayer<T> catalogued() const {
        constexpr std::string_view dropout = "Dropout(p=";
        MlpLayers<T> found;
        if (word() == "Identity") found = DropoutOfAnyRate{0};
        if (word().starts_with(dropout) && word().ends_with(')')) {
            const auto p = parse_number<double>(word().substr(dropout.size(), word().size() - dropout.size() - 1));
            if (p && *p >= 0 && *p < 1 && word() == dropout_description(*p)) found = DropoutOfAnyRate{*p};
        }
        const LayerShape shape{features_, features_};
        [&]<class... Layers>(LayerList<Layers...>) {
            const auto compare = [&]<class L>(std::type_identity<L>) {
                if (found.count == 0 && word() == layer_text(layer_facts<L>, shape, 0)) found = L{};
            };
            (compare(std::type_identity<Layers>{}), ...);
        }(CataloguedLayers{});
        if (found.count == 0) refuse();
        return std::move(found.layers[0]);
    }

    List<ListedLayer> words_;
    const std::string& path_;
    std::size_t most_numbers_;
    std::size_t word_ = 0;
    std::size_t features_ = 0;  // that go into the next layer
    std::vector<Block> blocks_;
    MlpLayers<T> others_;  // not in the layout yet
};

template <class T>
MlpLayout<T> listed_layout(std::string_view list, const std::string& path, std::size_t most_numbers) {
    return LayoutReader<T>{list, path, most_numbers}.read();
}

}  // namespace nib::inline NIB_ABI::detail
