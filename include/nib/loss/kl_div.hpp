// KlDivLoss: the Kullback-Leibler divergence of the outputs' probabilities from the targets'; torch.nn.KLDivLoss.
//
//   loss = 1/(B C) sum of t (log(t) - y)     y: [B, C] log-probabilities, t: [B, C] probabilities, 0 log(0) = 0
//
// As in PyTorch the default is the mean over all numbers; Reduction::batchmean is the divergence of an example, on
// average. With log_target the targets are logarithms of probabilities. Weights of examples: loss/reduction.hpp.
#pragma once

#include <nib/core/detail/math.hpp>
#include <nib/core/matrix.hpp>
#include <nib/loss/reduction.hpp>

#include <span>

namespace nib::inline NIB_ABI {

struct KlDivLoss {
    Reduction reduction = Reduction::mean;
    bool log_target = false;

    template <class T>
    using Targets = MatrixView<const T>;
    static constexpr bool needs_log_probabilities = true;

    template <class T>
    double value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights = {}) const {
        return detail::reduced_sum(reduction, y, targets, weights, [this](double output, double target) {
            const double probability = log_target ? exponential(target) : target;
            if (probability == 0) return 0.0;
            return probability * ((log_target ? target : logarithm(target)) - output);
        });
    }

    // dy = -t / (B C).
    template <class T>
    void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const {
        detail::reduced_gradient(reduction, y, targets, dy, weights, [this](T /*output*/, T target, T scale) {
            return -scale * (log_target ? static_cast<T>(exponential(static_cast<double>(target))) : target);
        });
    }
};

}  // namespace nib::inline NIB_ABI
