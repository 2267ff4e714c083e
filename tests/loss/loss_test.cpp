#include <nib/loss/loss.hpp>

#include <nib/loss/cross_entropy.hpp>
#include <nib/loss/mse.hpp>
#include <nib/loss/nll.hpp>

#include "../reference.hpp"

#include <cmath>
#include <span>

namespace {

struct NoLoss {
    template <class T>
    using Targets = std::span<const int>;
};

// The one of loss.hpp's comment.
struct AbsoluteLoss {
    template <class T>
    using Targets = nib::MatrixView<const T>;
    template <class T>
    static double value(nib::MatrixView<const T> y, nib::MatrixView<const T> targets) {
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) sum += std::abs(y.data()[i] - targets.data()[i]);
        return sum / static_cast<double>(y.size());
    }
    template <class T>
    static void gradient(nib::MatrixView<const T> y, nib::MatrixView<const T> targets, nib::MatrixView<T> dy) {
        for (std::size_t i = 0; i < y.size(); ++i)
            dy.data()[i] = (y.data()[i] < targets.data()[i] ? T{-1} : T{1}) / static_cast<T>(y.size());
    }
};

}  // namespace

TEST_CASE_TEMPLATE("nib's losses say what their targets are and what they need", T, float, double) {
    static_assert(nib::Loss<nib::NllLoss, T> && nib::Loss<nib::CrossEntropyLoss, T> && nib::Loss<nib::MseLoss, T>);
    static_assert(!nib::Loss<NoLoss, T> && !nib::Loss<int, T>);
    static_assert(nib::has_class_targets<nib::NllLoss, T> && nib::has_class_targets<nib::CrossEntropyLoss, T>);
    static_assert(!nib::has_class_targets<nib::MseLoss, T>);
    static_assert(nib::needs_log_probabilities<nib::NllLoss>);
    static_assert(!nib::needs_log_probabilities<nib::CrossEntropyLoss> && !nib::needs_log_probabilities<nib::MseLoss>);
}

TEST_CASE("the loss that the documentation shows is one, and right") {
    static_assert(nib::Loss<AbsoluteLoss, double> && !nib::needs_log_probabilities<AbsoluteLoss>);
    nib::Rng rng{5};
    nib::Matrix<double> y = reference::random_matrix<double>(4, 3, rng), dy(4, 3);
    const nib::Matrix<double> targets = reference::random_matrix<double>(4, 3, rng);
    AbsoluteLoss::gradient<double>(y, targets, dy);
    const auto loss = [&] { return AbsoluteLoss::value<double>(y, targets); };
    CHECK(reference::gradient_error(y.values(), dy.values(), loss) < 1e-7);
}
