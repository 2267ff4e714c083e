// ConfusionMatrix: how often each class was taken for each; accuracy, precision and recall follow from it.
#pragma once

#include <nib/core/config.hpp>

#include <cassert>
#include <cstddef>
#include <vector>

namespace nib::inline NIB_ABI {

class ConfusionMatrix {
public:
    explicit ConfusionMatrix(std::size_t classes) : classes_{classes}, counts_(classes * classes) {}

    void add(int truth, int prediction) { ++counts_[place(truth, prediction)]; }

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

    // In [0, 1]; 0 where there is nothing to divide by.
    double accuracy() const { return ratio(correct(), total()); }
    // Of what was taken for the class, the part that is.
    double precision(int label) const { return ratio(count(label, label), predicted(label)); }
    // Of what is of the class, the part that was recognised.
    double recall(int label) const { return ratio(count(label, label), of_class(label)); }

private:
    template <class Iterator>
    static std::size_t sum(Iterator first, Iterator last) {
        std::size_t result = 0;
        for (; first != last; ++first) result += *first;
        return result;
    }
    static double ratio(std::size_t part, std::size_t whole) {
        return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
    }
    std::size_t place(int truth, int prediction) const {
        assert(truth >= 0 && static_cast<std::size_t>(truth) < classes_);
        assert(prediction >= 0 && static_cast<std::size_t>(prediction) < classes_);
        return static_cast<std::size_t>(truth) * classes_ + static_cast<std::size_t>(prediction);
    }

    std::size_t classes_;
    std::vector<std::size_t> counts_;  // [truth, prediction]
};

}  // namespace nib::inline NIB_ABI
