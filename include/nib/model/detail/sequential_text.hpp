// An Mlp's layers as a program spells them: "nib::Dense<784, 64>", "nib::ReLU", "nib::Residual<nib::Dense<64, 64>>".
#pragma once

#include <nib/core/error.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/detail/step.hpp>
#include <nib/model/layer_info.hpp>
#include <nib/model/mlp.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// A layer as it stands in a Sequential, and the header of layers/ that has it.
struct LayerSpelling {
    LayerId layer;
    const char* type;
    const char* header;
};

inline constexpr LayerSpelling layer_spellings[] = {
    {layer_id<ReLU>, "nib::ReLU", "relu"},
    {layer_id<LeakyReLU<>>, "nib::LeakyReLU<>", "leaky_relu"},
    {layer_id<PReLU>, "nib::PReLU", "prelu"},
    {layer_id<ELU<>>, "nib::ELU<>", "elu"},
    {layer_id<GELU>, "nib::GELU", "gelu"},
    {layer_id<GELUTanh>, "nib::GELUTanh", "gelu"},
    {layer_id<SiLU>, "nib::SiLU", "silu"},
    {layer_id<Sigmoid>, "nib::Sigmoid", "sigmoid"},
    {layer_id<Tanh>, "nib::Tanh", "tanh"},
    {layer_id<Softplus>, "nib::Softplus", "softplus"},
    {layer_id<Softmax>, "nib::Softmax", "softmax"},
    {layer_id<LogSoftmax>, "nib::LogSoftmax", "log_softmax"},
    {layer_id<BatchNorm>, "nib::BatchNorm", "batch_norm"},
    {layer_id<LayerNorm>, "nib::LayerNorm", "layer_norm"},
    {layer_id<Standardize>, "nib::Standardize", "standardize"},
};

// The layers in their order, without those that do nothing in inference; a residual block is one of them. Fails on
// layers that are not nib's, or not with their default numbers.
class SequentialText {
public:
    explicit SequentialText(const Mlp& net) {
        const std::vector<LayerInfo> infos = net.layers();
        for (std::size_t i = 0; i < infos.size(); ++i) {
            if (infos[i].only_in_training) continue;
            if (infos[i].skip != no_skip) {
                end_block(infos[i].skip);
            } else {
                const bool is_dense = net.steps()[i].forward == &StepFunctions<float, DenseOfAnySize>::forward;
                layers_.push_back(is_dense ? dense_spelling(infos[i].shape) : spelling(infos[i]));
                first_.push_back(i);
            }
        }
    }

    const std::vector<std::string>& layers() const { return layers_; }
    // The headers of layers/ that have them, unsorted.
    const std::vector<std::string>& headers() const { return headers_; }

private:
    // What has been added since the network's layer `begin` becomes one residual block.
    void end_block(std::size_t begin) {
        headers_.push_back("residual");
        std::size_t block = layers_.size();
        while (block > 0 && first_[block - 1] >= begin) --block;
        std::string text = "nib::Residual<";
        for (std::size_t i = block; i < layers_.size(); ++i) {
            if (i > block) text += ", ";
            text += layers_[i];
        }
        if (block == layers_.size()) {
            text += "nib::Dropout<0>";  // a block of nothing gives twice what it takes
            headers_.push_back("dropout");
        }
        text += ">";
        layers_.resize(block);
        first_.resize(block);
        layers_.push_back(std::move(text));
        first_.push_back(begin);
    }

    std::string dense_spelling(LayerShape shape) {
        headers_.push_back("dense");
        std::string text = "nib::Dense<";
        text.append(std::to_string(shape.in)).append(", ").append(std::to_string(shape.out));
        return text + ">";
    }

    std::string spelling(const LayerInfo& layer) {
        for (const LayerSpelling& known : layer_spellings) {
            if (known.layer != layer.layer) continue;
            headers_.push_back(known.header);
            return known.type;
        }
        fail("save_header: cannot write " + layer.text + "; expected layers of nib's");
    }

    std::vector<std::string> layers_;
    std::vector<std::string> headers_;
    std::vector<std::size_t> first_;  // the network's layer with which each of layers_ begins
};

}  // namespace nib::inline NIB_ABI::detail
