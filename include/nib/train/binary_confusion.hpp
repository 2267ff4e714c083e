// BinaryConfusion: what ConfusionMatrix is for classes, for outputs that each answer yes or no on their own, as
// BceWithLogitsLoss trains them: accuracy, precision, recall and F1 of each column of outputs.
//
//   nib::BinaryConfusion confusion;
//   nib::measure(net, test, confusion);
//   std::printf("accuracy %.4f  F1 %.4f\n", confusion.column(0).accuracy(), confusion.column(0).f1(1));
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/train/metrics.hpp>

#include <cassert>
#include <cstddef>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

class BinaryConfusion {
public:
    // An output above the threshold says yes, NaN no: 0 for logits, 0.5 for probabilities.
    explicit BinaryConfusion(double threshold) : threshold_{threshold} {}
    BinaryConfusion() : BinaryConfusion{0} {}

    // Rows of as many columns as the first time. A target above 0.5 is a yes. Fails where sizes differ.
    template <class M, class N>
    void add(const M& outputs, const N& targets) {
        if (columns_.empty()) columns_.resize(outputs.cols(), ConfusionMatrix{2});
        if (outputs.rows() != targets.rows() || outputs.cols() != targets.cols() || outputs.cols() != columns_.size())
            fail({"BinaryConfusion: expected ", columns_.size(),
                  " outputs and as many targets for each example, found ", outputs.cols(), " for ", outputs.rows(),
                  " and ", targets.cols(), " for ", targets.rows()});
        for (std::size_t i = 0; i < outputs.rows(); ++i)
            for (std::size_t j = 0; j < outputs.cols(); ++j)
                columns_[j].add(static_cast<double>(targets(i, j)) > 0.5 ? 1 : 0,
                                static_cast<double>(outputs(i, j)) > threshold_ ? 1 : 0);
    }

    std::size_t columns() const { return columns_.size(); }
    // Class 0 is no, class 1 yes.
    const ConfusionMatrix& column(std::size_t index) const {
        assert(index < columns());
        return columns_[index];
    }

private:
    double threshold_;
    std::vector<ConfusionMatrix> columns_;
};

}  // namespace nib::inline NIB_ABI
