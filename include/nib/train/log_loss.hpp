// log_loss: the mean of -log(p) of the right classes' probabilities, as scikit-learn's. For a network's logits or
// logarithms of probabilities evaluate gives it without a detour, by CrossEntropyLoss or NllLoss.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/matrix.hpp>
#include <nib/train/metrics.hpp>

#include <cstddef>
#include <limits>
#include <span>

namespace nib::inline NIB_ABI {

// probabilities: a Matrix or a MatrixView [B, C], each row adding up to 1; B classes. Probabilities are clipped to [e,
// 1 - e] first, e the distance from 1 to the next T, so that the loss stays finite where one is 0. Fails on other sizes
// and classes.
template <class M>
[[nodiscard]] double log_loss(const M& probabilities, std::span<const int> targets) {
    using T = typename M::value_type;
    detail::check_targets<T>("log_loss", probabilities, targets);
    constexpr auto least = static_cast<double>(std::numeric_limits<T>::epsilon());
    double sum = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const auto p = static_cast<double>(probabilities(i, static_cast<std::size_t>(targets[i])));
        sum -= logarithm(clamped(p, least, 1 - least));
    }
    return targets.empty() ? 0 : sum / static_cast<double>(targets.size());
}

}  // namespace nib::inline NIB_ABI
