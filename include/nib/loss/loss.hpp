// Loss: what training minimises. Any struct with these members is one:
//
//   template <class T> using Targets        std::span<const int>, a class for each example, or MatrixView<const T>, a
//                                           row of numbers for each
//   value(y, targets) -> double             the mean over the batch. y: the network's outputs, [B, C] with B >= 1
//   gradient(y, targets, dy)                dy: the gradient of value() by y, [B, C]
//
// Optional: a simpler gradient through a last layer that the loss knows, used where the network ends in it; and whether
// y must be logarithms of probabilities, so that training refuses a network that does not end in them.
//
//   using Through = LogSoftmax;
//   gradient_through(y, targets, dx)        dx: the gradient by the input of that layer, whose output is y
//   static constexpr bool needs_log_probabilities = true;
//
// A loss of one's own, the mean absolute error:
//
//   struct AbsoluteLoss {
//       template <class T> using Targets = nib::MatrixView<const T>;
//       template <class T>
//       static double value(nib::MatrixView<const T> y, nib::MatrixView<const T> targets) {
//           double sum = 0;
//           for (std::size_t i = 0; i < y.size(); ++i) sum += std::abs(y.data()[i] - targets.data()[i]);
//           return sum / static_cast<double>(y.size());
//       }
//       template <class T>
//       static void gradient(nib::MatrixView<const T> y, nib::MatrixView<const T> targets, nib::MatrixView<T> dy) {
//           for (std::size_t i = 0; i < y.size(); ++i)
//               dy.data()[i] = (y.data()[i] < targets.data()[i] ? T{-1} : T{1}) / static_cast<T>(y.size());
//       }
//   };
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>

#include <concepts>
#include <cstddef>
#include <span>
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

// Whether a loss makes sense for logarithms of probabilities alone.
template <class L>
inline constexpr bool needs_log_probabilities = [] {
    if constexpr (requires { L::needs_log_probabilities; })
        return L::needs_log_probabilities;
    else
        return false;
}();

namespace detail {

// Fails, or does not compile, where the loss needs logarithms of probabilities and the network gives others.
template <class L, class Net>
void check_loss(const Net& net) {
    if constexpr (needs_log_probabilities<L>) {
        if constexpr (requires { typename std::bool_constant<Net::gives_log_probabilities()>; })
            static_assert(Net::gives_log_probabilities(),
                          "nib: the loss expects logarithms of probabilities: end the network in nib::LogSoftmax, or "
                          "give a loss that takes its outputs as they are, such as nib::CrossEntropyLoss{}");
        else if (!net.gives_log_probabilities())
            fail(
                "the loss expects logarithms of probabilities: end the network in a LogSoftmax, or give a loss that "
                "takes its outputs as they are, such as nib::CrossEntropyLoss{}");
    }
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
