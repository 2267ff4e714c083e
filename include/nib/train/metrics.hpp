// ConfusionMatrix: how often each class was taken for each; accuracy, precision, recall and F1 follow from it, as
// scikit-learn defines them.  TopKAccuracy: how often the right class is among the k most likely ones.
//
// Both are metrics: measure (train/evaluate.hpp) adds the outputs of a whole data set to them, piece by piece. By hand,
// add(outputs, targets) takes a Matrix or a MatrixView and a class for each row.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/model/predict.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Fails unless there is a class for each row of outputs, below their number.
template <class T>
void check_targets(const char* metric, MatrixView<const T> outputs, std::span<const int> targets) {
    if (outputs.rows() != targets.size())
        fail({metric, ": expected a class for each of ", outputs.rows(), " rows of outputs, found ", targets.size()});
    check_batch_classes(targets, outputs.cols());
}

inline double ratio(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace detail

// How the scores of all classes become one.
enum class Average : unsigned char {
    macro,     // their mean, over the classes that occur as truth or as prediction
    weighted,  // their mean, weighted by how many examples are of the class
    micro,     // of all examples together, which for precision, recall and F1 alike is the accuracy
};

class ConfusionMatrix {
public:
    explicit ConfusionMatrix(std::size_t classes) : classes_{classes}, counts_(classes * classes) {}

    void add(int truth, int prediction) { ++counts_[place(truth, prediction)]; }
    // A row of outputs for each example, the largest of which is the prediction (as in predict).
    template <class M>
    void add(const M& outputs, std::span<const int> targets) {
        using T = typename M::value_type;
        detail::check_targets<T>("ConfusionMatrix", outputs, targets);
        if (outputs.cols() != classes_)
            fail({"ConfusionMatrix: expected ", classes_, " outputs, one for each class, found ", outputs.cols()});
        for (std::size_t i = 0; i < outputs.rows(); ++i) add(targets[i], detail::argmax<T>(outputs.row(i)));
    }

    // Examples of class `truth` that were taken for `prediction`.
    std::size_t count(int truth, int prediction) const { return counts_[place(truth, prediction)]; }
    std::size_t classes() const { return classes_; }

    std::size_t total() const { return sum(counts_.begin(), counts_.end()); }
    std::size_t correct() const {
        std::size_t result = 0;
        for (std::size_t c = 0; c < classes_; ++c) result += counts_[c * classes_ + c];
        return result;
    }
    // Examples of the class, and examples that were taken for it.
    std::size_t of_class(int truth) const {
        const auto row = counts_.begin() + static_cast<std::ptrdiff_t>(place(truth, 0));
        return sum(row, row + static_cast<std::ptrdiff_t>(classes_));
    }
    std::size_t predicted(int prediction) const {
        std::size_t result = 0;
        for (std::size_t t = 0; t < classes_; ++t) result += count(static_cast<int>(t), prediction);
        return result;
    }

    // A table with a line for each class as truth and a column for each as prediction, under their names, or their
    // numbers where there are none. Fails unless there are none or as many as classes.
    //
    //             meadow  shore
    //     meadow      20      1
    //     shore        0     17
    std::string text(std::span<const std::string> class_names = {}) const;

    // In [0, 1]; 0 where there is nothing to divide by.
    double accuracy() const { return detail::ratio(correct(), total()); }
    // The part of the predictions of the class that are right.
    double precision(int label) const { return detail::ratio(count(label, label), predicted(label)); }
    // The part of the class's examples that were recognised.
    double recall(int label) const { return detail::ratio(count(label, label), of_class(label)); }
    // The harmonic mean of both.
    double f1(int label) const { return detail::ratio(2 * count(label, label), predicted(label) + of_class(label)); }

    // Of all classes: precision(nib::Average::macro).
    double precision(Average average) const {
        return averaged(average, [this](int label) { return precision(label); });
    }
    double recall(Average average) const {
        return averaged(average, [this](int label) { return recall(label); });
    }
    double f1(Average average) const {
        return averaged(average, [this](int label) { return f1(label); });
    }

private:
    template <class Score>
    double averaged(Average average, const Score& score) const {
        if (average == Average::micro) return accuracy();
        double sum = 0, weights = 0;
        for (int label = 0; label < static_cast<int>(classes_); ++label) {
            const std::size_t examples = of_class(label);
            if (examples == 0 && predicted(label) == 0) continue;
            const double weight = average == Average::weighted ? static_cast<double>(examples) : 1;
            sum += weight * score(label);
            weights += weight;
        }
        return weights > 0 ? sum / weights : 0;
    }
    template <class Iterator>
    static std::size_t sum(Iterator first, Iterator last) {
        std::size_t result = 0;
        for (; first != last; ++first) result += *first;
        return result;
    }
    std::size_t place(int truth, int prediction) const {
        assert(truth >= 0 && static_cast<std::size_t>(truth) < classes_);
        assert(prediction >= 0 && static_cast<std::size_t>(prediction) < classes_);
        return static_cast<std::size_t>(truth) * classes_ + static_cast<std::size_t>(prediction);
    }

    std::size_t classes_;
    std::vector<std::size_t> counts_;  // [truth, prediction]
};

// In the order of top_k (model/predict.hpp): of equal outputs the lower class counts as more likely, so that with k = 1
// this is accuracy. (scikit-learn prefers the higher one.)
class TopKAccuracy {
public:
    // Fails where k is 0.
    explicit TopKAccuracy(std::size_t k) : k_{k} {
        if (k == 0) fail("TopKAccuracy: expected k of at least 1, found 0");
    }

    template <class M>
    void add(const M& outputs, std::span<const int> targets) {
        using T = typename M::value_type;
        detail::check_targets<T>("TopKAccuracy", outputs, targets);
        for (std::size_t i = 0; i < outputs.rows(); ++i) {
            const std::span<const T> row = outputs.row(i);
            const ScoredClass<T> truth{targets[i], row[static_cast<std::size_t>(targets[i])]};
            std::size_t before = 0;
            for (std::size_t c = 0; c < row.size(); ++c)
                if (detail::is_likelier(ScoredClass<T>{static_cast<int>(c), row[c]}, truth)) ++before;
            if (before < k_) ++correct_;
        }
        total_ += outputs.rows();
    }

    std::size_t correct() const { return correct_; }
    std::size_t total() const { return total_; }
    // In [0, 1]; 0 where there are no examples.
    double accuracy() const { return detail::ratio(correct_, total_); }

private:
    std::size_t k_;
    std::size_t correct_ = 0;
    std::size_t total_ = 0;
};

inline std::string ConfusionMatrix::text(std::span<const std::string> class_names) const {
    if (!class_names.empty() && class_names.size() != classes_)
        fail({"ConfusionMatrix: expected a name for each of ", classes_, " classes, found ", class_names.size()});
    const auto name = [&](std::size_t c) { return class_names.empty() ? std::to_string(c) : class_names[c]; };
    const auto width = [](const std::string& text) {  // in characters of UTF-8
        std::size_t result = 0;
        for (const char byte : text) result += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
        return result;
    };
    const auto blanks = [&](std::size_t columns, const std::string& text) {
        return std::string(columns - width(text), ' ');
    };
    std::size_t first = 0;
    for (std::size_t c = 0; c < classes_; ++c) first = larger(first, width(name(c)));
    std::vector<std::size_t> columns(classes_);
    for (std::size_t c = 0; c < classes_; ++c) {
        columns[c] = width(name(c));
        for (std::size_t t = 0; t < classes_; ++t)
            columns[c] = larger(columns[c], std::to_string(counts_[t * classes_ + c]).size());
    }
    std::string result(first, ' ');
    for (std::size_t c = 0; c < classes_; ++c) result += "  " + blanks(columns[c], name(c)) + name(c);
    result += "\n";
    for (std::size_t t = 0; t < classes_; ++t) {
        result += name(t) + blanks(first, name(t));
        for (std::size_t c = 0; c < classes_; ++c) {
            const std::string count = std::to_string(counts_[t * classes_ + c]);
            result += "  " + blanks(columns[c], count) + count;
        }
        result += "\n";
    }
    return result;
}

}  // namespace nib::inline NIB_ABI
