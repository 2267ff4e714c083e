// Dense<In, Out>: y = x W + b.  x: [B, In], W: [In, Out], b: [Out], y: [B, Out].  2 B In Out flops.
//
// torch.nn.Linear(In, Out). In memory W is [In, Out], row-major, so that the loops over outputs are contiguous; in
// files it is PyTorch's [Out, In].
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/kernels/detail/accumulate.hpp>
#include <nib/kernels/detail/gemv.hpp>
#include <nib/kernels/matmul.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

// A string as a template argument: nib::Dense<784, 64, "fc1">.
template <std::size_t Size>
struct Name {
    char text[Size] = {};
    consteval Name(const char (&literal)[Size]) { copy_values(literal, Size, text); }
    constexpr std::string_view view() const { return {text, Size - 1}; }
};

// A dense layer whose sizes come with each call.
struct DenseOfAnySize {
    using self = DenseOfAnySize;
    using runs_as = DenseOfAnySize;
    static constexpr std::size_t parameter_count(LayerShape shape) { return shape.in * shape.out + shape.out; }
    static constexpr bool backward_reads_input = false;  // dx = dy W^T needs no x
    static constexpr bool backward_reads_output = false;
    static constexpr bool accepts_sparse = true;
    static constexpr Sharing sharing = Sharing::outputs;

    // Weights and biases uniform in ±1/sqrt(in): what torch.nn.Linear starts from (He et al. 2015 with a = sqrt(5)).
    template <class T>
    static void initialize(std::span<T> parameters, LayerShape shape, Rng& rng) {
        const double bound = 1.0 / square_root(static_cast<double>(shape.in));
        for (T& parameter : parameters) parameter = static_cast<T>(rng.uniform(-bound, bound));
    }

    template <class T>
    static void forward(const Pass<T>& pass, const kernels::InputView<T>& x, MatrixView<T> y) {
        const MatrixView<const T> w = weight(pass, x.cols(), y.cols());
        if (pass.columns.count == 0)
            kernels::matmul<T>(x, w, y, bias(pass, y.cols()));
        else
            kernels::matmul_columns<T>(x, w, y, bias(pass, y.cols()), pass.columns);
    }
    // The same for a single example, without matrix products.
    template <class T>
    static void forward_row(const Pass<T>& pass, const kernels::InputView<T>& x, MatrixView<T> y) {
        kernels::gemv<T>(x, weight(pass, x.cols(), y.cols()), y, bias(pass, y.cols()));
    }

    // dx = dy W^T, whose columns are W's rows.
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> /*x*/, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        const MatrixView<const T> w = weight(pass, dx.cols(), dy.cols());
        if (pass.columns.count == 0)
            kernels::matmul_a_bt<T>(dy, w, dx);
        else
            kernels::matmul_a_bt_columns<T>(dy, w, dx, pass.columns);
    }

    // dW = x^T dy, db = the column sums of dy.
    template <class T>
    static void parameter_gradient(const Pass<T>& /*pass*/, const kernels::InputView<T>& x, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient) {
        kernels::column_sums<T>(dy, gradient.values.data() + x.cols() * dy.cols());  // of the bias, behind W
        gradient.add_product(0, x, dy);                                              // of W, not multiplied out yet
    }

    [[gnu::cold]] static std::vector<LayerTensor> tensors(LayerShape shape);
    [[gnu::cold]] static std::string description(LayerShape shape);
    template <class List = std::vector<Operator>>
    static List operators();

private:
    template <class T>
    static MatrixView<const T> weight(const Pass<T>& pass, std::size_t in, std::size_t out) {
        return {pass.parameters.data(), in, out};
    }
    template <class T>
    static const T* bias(const Pass<T>& pass, std::size_t out) {
        return pass.parameters.data() + (pass.parameters.size() - out);
    }
};

// `LayerName` is its name in model files; without one it is the layer's number, as in torch.nn.Sequential.
template <std::size_t In, std::size_t Out, Name LayerName = "">
struct Dense : DenseOfAnySize {
    static_assert(In > 0 && Out > 0, "Dense: sizes start at 1");

    using self = Dense;  // a layer derived from it has functions of its own
    using runs_as = DenseOfAnySize;
    static constexpr std::size_t input_size = In;
    static constexpr std::size_t output_size = Out;

    static constexpr std::string_view name() { return LayerName.view(); }
};

template <class List>
List DenseOfAnySize::operators() {
    return {{"Gemm", {"x", "weight", "bias"}, {"y"}, {{"transB", 1}}}};
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI {

NIB_API std::vector<LayerTensor> DenseOfAnySize::tensors(LayerShape shape) {
    return {{.name = "weight", .shape = {shape.out, shape.in}, .transposed = true},
            {.name = "bias", .shape = {shape.out}, .offset = shape.in * shape.out}};
}

NIB_API std::string DenseOfAnySize::description(LayerShape shape) {
    return detail::join({"Linear(", shape.in, ", ", shape.out, ")"});
}

}  // namespace nib::inline NIB_ABI

#endif
