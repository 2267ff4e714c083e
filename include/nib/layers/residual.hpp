// Residual<Layers...>: y = x + layers(x) (He et al. 2015, "Deep Residual Learning").  x, y: [B, F].
//
// A network takes it apart: its layers are layers of the network, followed by a ResidualSum.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/detail/accumulate.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// y = x + what went into the residual block: pass.skipped.
struct ResidualSum {
    static constexpr bool backward_reads_input = false;
    static constexpr bool backward_reads_output = false;
    static constexpr bool runs_in_place = true;

    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        if (x.data() != y.data()) copy_values(x.data(), x.size(), y.data());
        kernels::add<T>(pass.skipped.values(), y.values());
    }
    // The gradient with respect to x. That with respect to `skipped` is dy too; it is added where the block begins.
    template <class T>
    static void backward_input(const Pass<T>& /*pass*/, MatrixView<const T> /*x*/, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        if (dy.data() != dx.data()) copy_values(dy.data(), dy.size(), dx.data());
    }

    template <class List = std::vector<Operator>>
    static List operators() {
        return {{"Add", {"skipped", "x"}, {"y"}}};
    }
};

// The block's layers must give as many features as go in.
template <class... Layers>
struct Residual {
    static_assert(sizeof...(Layers) > 0, "Residual: expected at least one layer");
    using block = LayerList<Layers...>;
    using block_end = ResidualSum;
};

}  // namespace nib::inline NIB_ABI
