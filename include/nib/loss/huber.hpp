// HuberLoss: half the squared error up to delta, linear in the error beyond it, and so less sensitive to outliers;
// torch.nn.HuberLoss.
//
//   loss = 1/(B C) sum of e^2 / 2 where |e| < delta, else delta (|e| - delta / 2)     e = y - targets: [B, C]
//
// Other reductions and weights of examples: loss/reduction.hpp.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/text.hpp>
#include <nib/loss/reduction.hpp>

#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI {

namespace detail {

void check_huber_delta(double delta);

}  // namespace detail

struct HuberLoss {
    double delta = 1;  // > 0
    Reduction reduction = Reduction::mean;

    template <class T>
    using Targets = MatrixView<const T>;

    template <class T>
    double value(MatrixView<const T> y, MatrixView<const T> targets, std::span<const T> weights = {}) const {
        return detail::reduced_sum(reduction, y, targets, weights, [d = delta](double output, double target) {
            const double error = magnitude(output - target), slope = smaller(error, d);
            return slope * (error - slope / 2);
        });
    }

    // dy = (y - targets) / (B C), where y - targets is held within [-delta, delta].
    template <class T>
    void gradient(MatrixView<const T> y, MatrixView<const T> targets, MatrixView<T> dy,
                  std::span<const T> weights = {}) const {
        const T d = static_cast<T>(delta);
        detail::reduced_gradient(reduction, y, targets, dy, weights,
                                 [d](T output, T target, T scale) { return scale * clamped(output - target, -d, d); });
    }

    // Fails where delta is not above 0.
    void check_options(std::size_t /*outputs*/) const { detail::check_huber_delta(delta); }
};

}  // namespace nib::inline NIB_ABI

namespace nib::inline NIB_ABI::detail {

inline void check_huber_delta(double delta) {
    if (!is_finite(delta) || !(delta > 0))
        fail({"HuberLoss: expected a finite delta above 0, found ", format_shortest(delta)});
}

}  // namespace nib::inline NIB_ABI::detail
