// Loss: what training minimises. Any struct with these members is one; they may be static:
//
//   template <class T> using Targets        std::span<const int>, a class for each example, or MatrixView<const T>, a
//                                           row of numbers for each
//   value(y, targets) -> double             the mean over the batch. y: the network's outputs, [B, C] with B >= 1
//   gradient(y, targets, dy)                dy: the gradient of value() with respect to y, [B, C]
//
// Options are members, as in nib::HuberLoss{.delta = 0.5}. Optional:
//
//   check_options(outputs)                  fails where the options do not suit a network of so many outputs
//   Reduction reduction                     where it is Reduction::sum, value() is a sum and no mean
//   value(y, targets, weights = {}), gradient(y, targets, dy, weights = {})
//                                           weights: std::span<const T>, a weight for each example, or none. A loss
//                                           without these cannot be trained with weights of examples.
//
// A simpler gradient through a last layer that the loss knows, used where the network ends in it; and whether y must be
// logarithms of probabilities, so that training refuses a network that does not end in them:
//
//   using Through = LogSoftmax;
//   gradient_through(y, targets, dx)        dx: the gradient with respect to the input of that layer, whose output is
//                                           y; with weights = {}, if gradient takes them
//   static constexpr bool needs_log_probabilities = true;
//
// Or whether it takes the softmax or the sigmoid of y itself, so that training refuses a network that ends in
// probabilities:
//
//   static constexpr bool needs_logits = true;
//
// A loss of one's own, the mean of log(cosh(y - targets)):
//
//   struct LogCoshLoss {
//       template <class T> using Targets = nib::MatrixView<const T>;
//       template <class T>
//       static double value(nib::MatrixView<const T> y, nib::MatrixView<const T> targets) {
//           double sum = 0;
//           for (std::size_t i = 0; i < y.size(); ++i) sum += std::log(std::cosh(y.data()[i] - targets.data()[i]));
//           return sum / static_cast<double>(y.size());
//       }
//       template <class T>
//       static void gradient(nib::MatrixView<const T> y, nib::MatrixView<const T> targets, nib::MatrixView<T> dy) {
//           for (std::size_t i = 0; i < y.size(); ++i)
//               dy.data()[i] = std::tanh(y.data()[i] - targets.data()[i]) / static_cast<T>(y.size());
//       }
//   };
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/loss/reduction.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

namespace nib::inline NIB_ABI {

template <class L, class T>
concept Loss = requires(const L& loss, MatrixView<const T> y, typename L::template Targets<T> targets,
                        MatrixView<T> dy) {
    { loss.value(y, targets) } -> std::same_as<double>;
    loss.gradient(y, targets, dy);
};

// Whether a loss's targets are classes.
template <class L, class T>
inline constexpr bool has_class_targets = requires {
    requires std::is_same_v<typename L::template Targets<T>, std::span<const int>>;
};

// Whether a loss makes sense for logarithms of probabilities alone, and whether it makes none for probabilities.
template <class L>
inline constexpr bool needs_log_probabilities = [] {
    if constexpr (requires { L::needs_log_probabilities; })
        return L::needs_log_probabilities;
    else
        return false;
}();
template <class L>
inline constexpr bool needs_logits = [] {
    if constexpr (requires { L::needs_logits; })
        return L::needs_logits;
    else
        return false;
}();

namespace detail {

[[noreturn]] void fail_one_output(bool probabilities);
[[noreturn]] void fail_probabilities();
[[noreturn]] void fail_not_log_probabilities();

// Fails, or does not compile, where a softmax is over one output, which is constant, where the loss needs logarithms of
// probabilities and the network gives others, and where it needs logits and the network gives probabilities. Fails
// where the loss's options do not suit the network.
template <class L, class Net>
void check_loss(const L& loss, const Net& net) {
    constexpr bool refuses_probabilities = needs_log_probabilities<L> || needs_logits<L>;
    if constexpr (requires { typename std::bool_constant<Net::steps().empty()>; }) {
        constexpr bool logarithms = Net::gives_log_probabilities();
        constexpr bool probabilities = Net::steps().back().gives_probabilities;
        static_assert(Net::output_size() > 1 || !(logarithms || probabilities),
                      "nib: a LogSoftmax over one output is always 0, and a Softmax 1: end the network before it");
        static_assert(!probabilities || !refuses_probabilities,
                      "nib: the network ends in Softmax: end it in nib::LogSoftmax for nib::NllLoss, or in nothing for "
                      "nib::CrossEntropyLoss");
        static_assert(logarithms || probabilities || !needs_log_probabilities<L>,
                      "nib: the loss expects logarithms of probabilities: end the network in nib::LogSoftmax, or "
                      "give a loss that takes its outputs as they are, such as nib::CrossEntropyLoss{}");
    } else {
        const bool logarithms = net.gives_log_probabilities();
        bool probabilities = false;
        if constexpr (requires { net.view(); }) probabilities = net.view().steps.back().gives_probabilities;
        if (net.output_size() == 1 && (logarithms || probabilities)) fail_one_output(probabilities);
        if (probabilities && refuses_probabilities) fail_probabilities();
        if (!logarithms && needs_log_probabilities<L>) fail_not_log_probabilities();
    }
    if constexpr (requires { loss.check_options(net.output_size()); }) loss.check_options(net.output_size());
}

void check_no_weights(bool none);

// The members of a loss, with weights of examples where it takes them. Fail where there are weights and it takes none.
template <class L, class T, class Targets>
double loss_value(const L& loss, MatrixView<const T> y, const Targets& targets, std::span<const T> weights) {
    if constexpr (requires { loss.value(y, targets, weights); }) {
        return loss.value(y, targets, weights);
    } else {
        check_no_weights(weights.empty());
        return loss.value(y, targets);
    }
}
template <class L, class T, class Targets>
void loss_gradient(const L& loss, MatrixView<const T> y, const Targets& targets, MatrixView<T> dy,
                   std::span<const T> weights) {
    if constexpr (requires { loss.gradient(y, targets, dy, weights); }) {
        loss.gradient(y, targets, dy, weights);
    } else {
        check_no_weights(weights.empty());
        loss.gradient(y, targets, dy);
    }
}
template <class L, class T, class Targets>
void loss_gradient_through(const L& loss, MatrixView<const T> y, const Targets& targets, MatrixView<T> dx,
                           std::span<const T> weights) {
    if constexpr (requires { loss.gradient_through(y, targets, dx, weights); }) {
        loss.gradient_through(y, targets, dx, weights);
    } else {
        check_no_weights(weights.empty());
        loss.gradient_through(y, targets, dx);
    }
}

template <class L>
bool is_sum(const L& loss) {
    if constexpr (requires { loss.reduction == Reduction::sum; })
        return loss.reduction == Reduction::sum;
    else
        return false;
}

// What a batch's value adds to a total that is divided by the number of examples. (Means of batches count by their
// examples, whatever the weights of these.)
template <class L>
double loss_total(const L& loss, double value, std::size_t examples) {
    return is_sum(loss) ? value : value * static_cast<double>(examples);
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI

namespace nib::inline NIB_ABI::detail {

inline void fail_one_output(bool probabilities) {
    fail({"the network ends in ", probabilities ? "Softmax" : "LogSoftmax", " over one output, which is always ",
          probabilities ? "1" : "0", ": give the Mlp {.output = {}}"});
}

inline void fail_probabilities() {
    fail("the network ends in Softmax: end it in LogSoftmax for NllLoss, or in nothing for CrossEntropyLoss");
}

inline void fail_not_log_probabilities() {
    fail(
        "the loss expects logarithms of probabilities: end the network in a LogSoftmax, or give a loss that takes its "
        "outputs as they are, such as nib::CrossEntropyLoss{}");
}

inline void check_no_weights(bool none) {
    if (!none)
        fail("expected a loss that takes weights of examples, such as nib::CrossEntropyLoss{}, as there are some");
}

}  // namespace nib::inline NIB_ABI::detail
