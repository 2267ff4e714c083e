// LeakyReLU<Slope>: y = x where x > 0, else Slope x, element by element; torch.nn.LeakyReLU (Maas et al. 2013).
// x, y: [B, F] for any F. Slope is at least 0. The derivative at 0 is Slope, as in PyTorch.
//
//   nib::Sequential<nib::Dense<784, 64>, nib::LeakyReLU<>, nib::Dense<64, 10>, nib::LogSoftmax>
#pragma once

#include <nib/core/detail/constant.hpp>
#include <nib/core/text.hpp>
#include <nib/layers/elementwise.hpp>

#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

template <Constant Slope = 0.01>
struct LeakyReLU : Elementwise<LeakyReLU<Slope>> {
    static_assert(Slope.value() >= 0, "LeakyReLU: expected a slope of at least 0");

    template <class V>
    static V value(const V& x) {
        return where(x > 0, x, Slope.value() * x);
    }
    template <class V>
    static V derivative_from_output(const V& y) {
        return where(y > 0, 1, Slope.value());
    }

    static std::string description() { return "LeakyReLU(negative_slope=" + format_shortest(Slope.value()) + ")"; }
    static std::vector<Operator> operators() { return {{"LeakyRelu", {"x"}, {"y"}, {{"alpha", Slope.value()}}}}; }
};

}  // namespace nib::inline NIB_ABI
