#include <nib/loss/loss.hpp>

#include <nib/loss/bce_with_logits.hpp>
#include <nib/loss/cross_entropy.hpp>
#include <nib/loss/huber.hpp>
#include <nib/loss/kl_div.hpp>
#include <nib/loss/l1.hpp>
#include <nib/loss/mse.hpp>
#include <nib/loss/nll.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

struct NoLoss {
    template <class T>
    using Targets = std::span<const int>;
};

// The one of loss.hpp's comment.
struct LogCoshLoss {
    template <class T>
    using Targets = nib::MatrixView<const T>;
    template <class T>
    static double value(nib::MatrixView<const T> y, nib::MatrixView<const T> targets) {
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) sum += std::log(std::cosh(y.data()[i] - targets.data()[i]));
        return sum / static_cast<double>(y.size());
    }
    template <class T>
    static void gradient(nib::MatrixView<const T> y, nib::MatrixView<const T> targets, nib::MatrixView<T> dy) {
        for (std::size_t i = 0; i < y.size(); ++i)
            dy.data()[i] = std::tanh(y.data()[i] - targets.data()[i]) / static_cast<T>(y.size());
    }
};

}  // namespace

TEST_CASE_TEMPLATE("nib's losses say what their targets are and what they need", T, float, double) {
    static_assert(nib::Loss<nib::NllLoss, T> && nib::Loss<nib::CrossEntropyLoss, T> && nib::Loss<nib::MseLoss, T>);
    static_assert(nib::Loss<nib::L1Loss, T> && nib::Loss<nib::HuberLoss, T> && nib::Loss<nib::KlDivLoss, T> &&
                  nib::Loss<nib::BceWithLogitsLoss, T>);
    static_assert(!nib::Loss<NoLoss, T> && !nib::Loss<int, T>);
    static_assert(nib::has_class_targets<nib::NllLoss, T> && nib::has_class_targets<nib::CrossEntropyLoss, T>);
    static_assert(!nib::has_class_targets<nib::MseLoss, T>);
    static_assert(nib::needs_log_probabilities<nib::NllLoss> && nib::needs_log_probabilities<nib::KlDivLoss>);
    static_assert(!nib::needs_log_probabilities<nib::CrossEntropyLoss> && !nib::needs_log_probabilities<nib::MseLoss>);
    static_assert(nib::needs_logits<nib::CrossEntropyLoss> && nib::needs_logits<nib::BceWithLogitsLoss>);
    static_assert(!nib::needs_logits<nib::NllLoss> && !nib::needs_logits<nib::MseLoss>);
}

TEST_CASE("the loss that the documentation shows is one, and right") {
    static_assert(nib::Loss<LogCoshLoss, double> && !nib::needs_log_probabilities<LogCoshLoss>);
    nib::Rng rng{5};
    nib::Matrix<double> y = reference::random_matrix<double>(4, 3, rng), dy(4, 3);
    const nib::Matrix<double> targets = reference::random_matrix<double>(4, 3, rng);
    LogCoshLoss::gradient<double>(y, targets, dy);
    const auto loss = [&] { return LogCoshLoss::value<double>(y, targets); };
    CHECK(reference::gradient_error(y.values(), dy.values(), loss) < 1e-7);
}

TEST_CASE("a loss is handed weights of examples where it takes them, and is an error where it does not") {
    nib::Rng rng{6};
    const nib::Matrix<double> y = reference::random_matrix<double>(2, 3, rng);
    const nib::Matrix<double> targets = reference::random_matrix<double>(2, 3, rng);
    nib::Matrix<double> dy(2, 3), expected(2, 3);
    const std::vector<double> two{1, 3};
    const nib::MatrixView<const double> outputs = y, t = targets;
    const std::span<const double> weights = two, none;
    CHECK(nib::detail::loss_value(nib::MseLoss{}, outputs, t, weights) == nib::MseLoss{}.value(outputs, t, weights));
    nib::detail::loss_gradient(nib::MseLoss{}, outputs, t, dy.view(), weights);
    nib::MseLoss{}.gradient(outputs, t, expected.view(), weights);
    CHECK(reference::same_bits(dy, expected));
    CHECK(nib::detail::loss_value(LogCoshLoss{}, outputs, t, none) == LogCoshLoss::value(outputs, t));
    const std::string error =
        "expected a loss that takes weights of examples, such as nib::CrossEntropyLoss{}, as there are some";
    CHECK(support::error_of([&] { return nib::detail::loss_value(LogCoshLoss{}, outputs, t, weights); }) == error);
    CHECK(support::error_of([&] { nib::detail::loss_gradient(LogCoshLoss{}, outputs, t, dy.view(), weights); }) ==
          error);
}

TEST_CASE("a total of batches counts means by their examples, and sums as they are") {
    CHECK(nib::detail::loss_total(nib::MseLoss{}, 2, 3) == 6);
    CHECK(nib::detail::loss_total(nib::MseLoss{.reduction = nib::Reduction::batchmean}, 2, 3) == 6);
    CHECK(nib::detail::loss_total(nib::MseLoss{.reduction = nib::Reduction::sum}, 2, 3) == 2);
    CHECK(nib::detail::loss_total(LogCoshLoss{}, 2, 3) == 6);
}
