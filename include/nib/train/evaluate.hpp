// evaluate: a network's mean loss and confusion matrix on a data set.  accuracy: the part of it that is recognised.
#pragma once

#include <nib/core/config.hpp>
#include <nib/data/batches.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/model/predict.hpp>
#include <nib/train/metrics.hpp>

#include <cstddef>
#include <string_view>

#if defined(NIB_TEMPLATE)
#include <nib/model/mlp.hpp>
#endif

namespace nib::inline NIB_ABI {

struct Evaluation {
    double loss = 0;  // mean over the examples
    ConfusionMatrix confusion;

    std::size_t correct() const { return confusion.correct(); }
    std::size_t total() const { return confusion.total(); }
    double accuracy() const { return confusion.accuracy(); }
};

namespace detail {

// `name` is the data's, and may be empty.
NIB_API void check_sizes(std::string_view name, std::size_t examples, std::size_t features, std::size_t expected);
[[noreturn]] NIB_API void fail_class(std::string_view name, std::size_t example, int target, std::size_t outputs);

}  // namespace detail

// Fails unless the data fit the network: at least one example, as many features as it takes, every class below the
// number of its outputs.
template <InferenceNetwork Net, class Data>
void check_data(const Net& net, const Data& data) {
    std::string_view name;
    if constexpr (requires { data.name; }) name = data.name;
    detail::check_sizes(name, data.size(), data.input_size(), net.input_size());
    for (std::size_t i = 0; i < data.size(); ++i) {
        const int target = target_of(data, i);
        if (target < 0 || static_cast<std::size_t>(target) >= net.output_size())
            detail::fail_class(name, i, target, net.output_size());
    }
}

// Gone through in pieces, so that memory does not grow with the data. Fails where check_data does.
template <InferenceNetwork Net, class Data, class Loss = NllLoss>
[[nodiscard]] Evaluation evaluate(const Net& net, const Data& data, Loss loss = {}) {
    using T = typename Net::scalar_type;
    constexpr std::size_t piece = 256;
    check_data(net, data);
    Evaluation result{.loss = 0, .confusion = ConfusionMatrix{net.output_size()}};
    Workspace<T> workspace;
    for (const auto& batch : batches<T>(data, piece)) {
        const MatrixView<const T> outputs = net.forward(batch.inputs, workspace);
        result.loss += loss.value(outputs, batch.targets) * static_cast<double>(outputs.rows());
        for (std::size_t i = 0; i < outputs.rows(); ++i)
            result.confusion.add(batch.targets[i], detail::argmax<T>(outputs.row(i)));
    }
    result.loss /= static_cast<double>(data.size());
    return result;
}

// In [0, 1].
template <InferenceNetwork Net, class Data>
[[nodiscard]] double accuracy(const Net& net, const Data& data) {
    return evaluate(net, data).accuracy();
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void check_data(const BasicMlp<float>&, const Dataset&);
NIB_TEMPLATE Evaluation evaluate(const BasicMlp<float>&, const Dataset&, NllLoss);
NIB_TEMPLATE void check_data(const BasicMlp<double>&, const Dataset&);
NIB_TEMPLATE Evaluation evaluate(const BasicMlp<double>&, const Dataset&, NllLoss);
#endif

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

#include <string>

namespace nib::inline NIB_ABI::detail {

inline std::string data_label(std::string_view name) { return name.empty() ? "the data" : std::string(name); }

NIB_API void check_sizes(std::string_view name, std::size_t examples, std::size_t features, std::size_t expected) {
    if (examples == 0) fail(data_label(name) + ": expected at least one example, found none");
    if (features != expected)
        fail(data_label(name) + ": expected examples of " + std::to_string(expected) +
             " features, as the network takes, found " + std::to_string(features));
}

NIB_API void fail_class(std::string_view name, std::size_t example, int target, std::size_t outputs) {
    fail(data_label(name) + ": expected classes below " + std::to_string(outputs) + ", the network's outputs, found " +
         std::to_string(target) + " at example " + std::to_string(example));
}

}  // namespace nib::inline NIB_ABI::detail

#endif
