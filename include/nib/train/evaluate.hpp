// evaluate: a network's mean loss on a data set and, for classes, its accuracy and confusion matrix.
// accuracy: the part of the examples that are classified correctly.
// measure: any other metric of the outputs.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/model/predict.hpp>
#include <nib/model/workspace.hpp>
#include <nib/train/metrics.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

namespace nib::inline NIB_ABI {

// The most classes for which evaluate makes a confusion matrix, a table of their square.
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

// What evaluate finds where targets are rows of numbers.
struct LossEvaluation {
    double loss = 0;  // mean over the examples
    std::size_t total = 0;
};

// Fails unless the data fit the network: at least one example, as many features as it takes, every class below the
// number of its outputs, or rows of as many targets as it has outputs.
template <InferenceNetwork Net, class Data>
void check_data(const Net& net, const Data& data) {
    detail::check_not_moved(net);
    detail::check_examples(data, net.input_size(), net.output_size());
}

namespace detail {

// Calls f(outputs, batch) for pieces of the data, so that memory does not grow with it. Fails where check_data does.
template <class Net, class Data, class F>
void for_each_piece(const Net& net, const Data& data, const F& f) {
    using T = typename Net::scalar_type;
    constexpr std::size_t most_rows = 256, most_outputs = std::size_t{1} << 18;
    check_data(net, data);
    Workspace<T> workspace;
    const std::size_t rows = clamped(most_outputs / net.output_size(), std::size_t{1}, most_rows);
    for (const auto& batch : batches<T>(data, rows)) f(net.forward(batch.inputs, workspace), batch);
}

template <class L, class T>
using EvaluationBy = std::conditional_t<std::is_same_v<typename L::template Targets<T>, std::span<const int>>,
                                        Evaluation, LossEvaluation>;

}  // namespace detail

// An Evaluation where the loss's targets are classes, else a LossEvaluation. Gone through in pieces, so that memory
// does not grow with the data, nor with the square of the classes: beyond most_confusion_classes of them there is no
// confusion matrix. Fails where check_data does, where the loss needs logarithms of probabilities and the network gives
// others, and where the data have weights and the loss takes none. With weights of examples or of classes the loss is
// the mean over pieces of the data of their weighted means; accuracy and the confusion matrix know no weights.
template <InferenceNetwork Net, class Data, Loss<typename Net::scalar_type> L = NllLoss>
[[nodiscard]] detail::EvaluationBy<L, typename Net::scalar_type> evaluate(const Net& net, const Data& data,
                                                                          L loss = {}) {
    using T = typename Net::scalar_type;
    detail::EvaluationBy<L, T> result;
    if constexpr (detail::data_suit<Data, T, has_class_targets<L, T>>()) {
        check_data(net, data);
        detail::check_loss(loss, net);
        if constexpr (has_class_targets<L, T>) result = Evaluation{net.output_size()};
        detail::for_each_piece(net, data, [&](MatrixView<const T> outputs, const auto& batch) {
            result.loss += detail::loss_total(loss, detail::loss_value(loss, outputs, batch.targets, batch.weights),
                                              outputs.rows());
            if constexpr (has_class_targets<L, T>)
                for (std::size_t i = 0; i < outputs.rows(); ++i)
                    result.add(batch.targets[i], detail::argmax<T>(outputs.row(i)));
            else
                result.total += outputs.rows();
        });
        result.loss /= static_cast<double>(data.size());
    }
    return result;
}

// The part of the examples that are classified correctly, in [0, 1], for targets that are classes, any number of them.
// Each example counts once, whatever its weight. Fails where check_data does.
template <InferenceNetwork Net, class Data>
[[nodiscard]] double accuracy(const Net& net, const Data& data) {
    using T = typename Net::scalar_type;
    std::size_t correct = 0;
    if constexpr (detail::data_suit<Data, T, true>())
        detail::for_each_piece(net, data, [&](MatrixView<const T> outputs, const auto& batch) {
            for (std::size_t i = 0; i < outputs.rows(); ++i)
                if (detail::argmax<T>(outputs.row(i)) == batch.targets[i]) ++correct;
        });
    return static_cast<double>(correct) / static_cast<double>(data.size());
}

// Adds the outputs for all of the data, and their targets, to metrics. They are gone through in pieces, once for all
// metrics, so that memory does not grow with the data.
//
//   nib::TopKAccuracy top3{3};
//   nib::Calibration calibration;
//   nib::measure(net, test, top3, calibration);
//
// A metric is what has a function add(outputs, targets), outputs a MatrixView<const T>, targets a std::span<const int>
// for classes and else a MatrixView<const T>. Those here are ConfusionMatrix, TopKAccuracy, Calibration
// (train/calibration.hpp) and, for rows of targets, RegressionScores (train/regression.hpp) and BinaryConfusion
// (train/binary_confusion.hpp). Each example counts once, whatever its weight. Fails where check_data does.
template <InferenceNetwork Net, class Data, class... Metrics>
void measure(const Net& net, const Data& data, Metrics&... metrics) {
    using T = typename Net::scalar_type;
    if constexpr (detail::data_suit<Data, T, ClassSource<Data>>()) {
        using Targets = TargetsOf<T, TargetOf<Data, T>>;
        constexpr bool suit = (requires(MatrixView<const T> y, Targets targets) { metrics.add(y, targets); } && ...);
        static_assert(suit, "nib::measure: expected metrics of classes or of rows of targets, as the data have them");
        if constexpr (suit)
            detail::for_each_piece(net, data, [&](MatrixView<const T> outputs, const auto& batch) {
                (metrics.add(outputs, batch.targets), ...);
            });
    }
}

// The part of the data, whose targets are classes, whose class is among the k that the network thinks most likely.
template <InferenceNetwork Net, class Data>
[[nodiscard]] double top_k_accuracy(const Net& net, const Data& data, std::size_t k) {
    TopKAccuracy metric{k};
    measure(net, data, metric);
    return metric.accuracy();
}

inline const ConfusionMatrix& Evaluation::confusion() const {
    if (!has_confusion())
        fail({"Evaluation: expected at most ", most_confusion_classes,
              " classes for a table of which was taken for which, found ", classes_,
              "; loss, correct() and accuracy() are there"});
    return confusion_;
}

}  // namespace nib::inline NIB_ABI
