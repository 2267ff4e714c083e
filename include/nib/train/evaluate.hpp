// evaluate: a network's mean loss, accuracy and, where that is of a sensible size, confusion matrix on a data set.
// accuracy: the part of it that is recognised.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/config.hpp>
#include <nib/core/matrix.hpp>
#include <nib/data/batches.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/model/predict.hpp>
#include <nib/model/workspace.hpp>
#include <nib/train/metrics.hpp>

#include <cstddef>
#include <span>
#include <string_view>

#if defined(NIB_TEMPLATE)
#include <nib/model/mlp.hpp>
#endif

namespace nib::inline NIB_ABI {

// The most classes of which evaluate counts how often each was taken for each: a table of classes squared.
inline constexpr std::size_t most_confusion_classes = 1024;

class Evaluation {
public:
    double loss = 0;  // mean over the examples

    std::size_t correct() const { return correct_; }
    std::size_t total() const { return total_; }
    // In [0, 1]; 0 where there are no examples.
    double accuracy() const { return total_ == 0 ? 0 : static_cast<double>(correct_) / static_cast<double>(total_); }

    // The network's outputs.
    std::size_t classes() const { return classes_; }
    // Whether there is a confusion matrix: up to most_confusion_classes classes.
    bool has_confusion() const { return confusion_.classes() == classes_; }
    // Fails where there is none.
    const ConfusionMatrix& confusion() const;

    // An evaluation of a network with so many outputs, without any example.
    Evaluation() = default;
    explicit Evaluation(std::size_t classes)
        : classes_{classes}, confusion_{classes <= most_confusion_classes ? classes : 0} {}
    void add(int truth, int prediction) {
        ++total_;
        if (truth == prediction) ++correct_;
        if (has_confusion()) confusion_.add(truth, prediction);
    }

private:
    std::size_t correct_ = 0;
    std::size_t total_ = 0;
    std::size_t classes_ = 0;
    ConfusionMatrix confusion_{0};
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

namespace detail {

// Calls f(outputs, targets) for pieces of the data, so that memory does not grow with it. Fails where check_data does.
template <class Net, class Data, class F>
void for_each_piece(const Net& net, const Data& data, const F& f) {
    using T = typename Net::scalar_type;
    constexpr std::size_t most_rows = 256, most_outputs = std::size_t{1} << 18;
    check_data(net, data);
    Workspace<T> workspace;
    const std::size_t rows = clamped(most_outputs / net.output_size(), std::size_t{1}, most_rows);
    for (const auto& batch : batches<T>(data, rows)) f(net.forward(batch.inputs, workspace), batch.targets);
}

}  // namespace detail

// Gone through in pieces, so that memory does not grow with the data, nor with the square of the classes: beyond
// most_confusion_classes of them there is no confusion matrix. Fails where check_data does.
template <InferenceNetwork Net, class Data, class Loss = NllLoss>
[[nodiscard]] Evaluation evaluate(const Net& net, const Data& data, Loss loss = {}) {
    using T = typename Net::scalar_type;
    Evaluation result{net.output_size()};
    detail::for_each_piece(net, data, [&](MatrixView<const T> outputs, std::span<const int> targets) {
        result.loss += loss.value(outputs, targets) * static_cast<double>(outputs.rows());
        for (std::size_t i = 0; i < outputs.rows(); ++i) result.add(targets[i], detail::argmax<T>(outputs.row(i)));
    });
    result.loss /= static_cast<double>(data.size());
    return result;
}

// The part of the data that is recognised, in [0, 1]. Counts, and so takes any number of classes. Fails where
// check_data does.
template <InferenceNetwork Net, class Data>
[[nodiscard]] double accuracy(const Net& net, const Data& data) {
    using T = typename Net::scalar_type;
    std::size_t correct = 0;
    detail::for_each_piece(net, data, [&](MatrixView<const T> outputs, std::span<const int> targets) {
        for (std::size_t i = 0; i < outputs.rows(); ++i)
            if (detail::argmax<T>(outputs.row(i)) == targets[i]) ++correct;
    });
    return static_cast<double>(correct) / static_cast<double>(data.size());
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void check_data(const BasicMlp<float>&, const Dataset&);
NIB_TEMPLATE Evaluation evaluate(const BasicMlp<float>&, const Dataset&, NllLoss);
NIB_TEMPLATE double accuracy(const BasicMlp<float>&, const Dataset&);
NIB_TEMPLATE void check_data(const BasicMlp<double>&, const Dataset&);
NIB_TEMPLATE Evaluation evaluate(const BasicMlp<double>&, const Dataset&, NllLoss);
NIB_TEMPLATE double accuracy(const BasicMlp<double>&, const Dataset&);
#endif

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

#include <string>

namespace nib::inline NIB_ABI {

NIB_API const ConfusionMatrix& Evaluation::confusion() const {
    if (!has_confusion())
        fail("Evaluation: expected at most " + std::to_string(most_confusion_classes) +
             " classes for a table of which was taken for which, found " + std::to_string(classes_) +
             "; loss, correct() and accuracy() are there");
    return confusion_;
}

namespace detail {

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

}  // namespace detail

}  // namespace nib::inline NIB_ABI

#endif
