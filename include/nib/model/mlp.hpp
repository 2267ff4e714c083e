// Mlp: a dense network whose sizes are known when the program runs: dense layers with ReLU between them, log-softmax at
// the end. The twin of a Sequential of the same sizes: the same kernels, the same initialisation, the same bits.
//
//   nib::Mlp net{{784, 512, 256, 10}, rng};
//
// Memory is allocated when it is made and, by workspaces, in the first passes; net(x) allocates its result.
#pragma once

#include <nib/core/storage.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

template <class T>
class BasicMlp {
public:
    using scalar_type = T;

    // All parameters 0: a network to load a model into. `widths` are the features that go in, those between the layers,
    // and those that come out: at least two numbers, all at least 1.
    explicit BasicMlp(std::vector<std::size_t> widths);

    // Weights and biases initialised as torch.nn.Linear is.
    BasicMlp(std::vector<std::size_t> widths, Rng& rng);

    std::size_t input_size() const { return widths_.front(); }
    std::size_t output_size() const { return widths_.back(); }
    std::size_t parameter_count() const { return offsets_.back(); }
    static constexpr bool ends_in_log_softmax() { return true; }
    std::span<const std::size_t> widths() const { return {widths_.data(), widths_.size()}; }

    std::span<T> parameters() { return {parameters_.data(), parameters_.size()}; }
    std::span<const T> parameters() const { return {parameters_.data(), parameters_.size()}; }

    // The outputs for one example of input_size() numbers.
    std::vector<T> operator()(std::span<const T> x) const;

    // The outputs [B, output_size()] for x [B, input_size()], which it fails without; they lie in the workspace until
    // its next use, and so must x until a backward pass, and what is done with its gradients, has used it.
    MatrixView<const T> forward(const kernels::Inputs<T>& x, Workspace<T>& workspace) const;

    // After forward: gradients of the loss by all parameters, from dy, its gradient by the outputs or by the logits.
    [[nodiscard]] Gradient<T> backward(MatrixView<const T> dy, BackwardFrom from, Workspace<T>& workspace,
                                       std::span<T> room) const;

    // The names of the dense layers in model files: "0", "2", "4", …, or what the file called them that it was loaded
    // from.
    std::span<const std::string> layer_names() const { return {names_.data(), names_.size()}; }
    void set_layer_names(std::vector<std::string> names);

    std::vector<ParameterTensor> tensors() const;

private:
    std::size_t layer_count() const { return widths_.size() - 1; }
    std::size_t in(std::size_t layer) const { return widths_[layer]; }
    std::size_t out(std::size_t layer) const { return widths_[layer + 1]; }

    // What comes out of dense layer i, after its ReLU; number layer_count() is the log-softmax of the last one's.
    MatrixView<T> activation(Workspace<T>& workspace, std::size_t i, std::size_t rows) const;
    // The gradient by what comes out of dense layer i, before its ReLU.
    MatrixView<T> gradient(Workspace<T>& workspace, std::size_t i, std::size_t rows) const;

    kernels::Activation activation_of(std::size_t i) const;

    // Through layer first_layer and all after it, for some rows of x.
    void forward_rows(const kernels::Inputs<T>& x, Workspace<T>& workspace, std::size_t first, std::size_t count,
                      std::size_t first_layer) const;

    // The gradients by what lies between the layers, for the rows of dy, the first of which is row number `first`.
    void backward_rows(MatrixView<const T> dy, Workspace<T>& workspace, std::size_t rows, std::size_t first) const;

    // Floating-point operations for one example: of the layers after the first, and of all.
    double operations_after_first() const { return 2 * static_cast<double>(parameter_count() - in(0) * out(0)); }
    double operations(const kernels::Inputs<T>& x) const;

    template <class U>
    std::span<U> part(std::span<U> all, std::size_t layer) const;
    template <class U>
    DenseParameters<U> layer(std::span<U> all, std::size_t layer) const;

    std::vector<std::size_t> widths_;
    std::vector<std::size_t> offsets_;
    std::vector<std::string> names_;
    AlignedVector<T> parameters_;
};

using Mlp = BasicMlp<float>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/layers/log_softmax.hpp>

#include <cassert>
#include <utility>

namespace nib::inline NIB_ABI {

template <class T>
BasicMlp<T>::BasicMlp(std::vector<std::size_t> widths) : widths_{std::move(widths)} {
    if (widths_.size() < 2) fail("Mlp: expected at least 2 widths, found " + std::to_string(widths_.size()));
    offsets_.push_back(0);
    for (std::size_t i = 0; i < layer_count(); ++i) {
        if (in(i) == 0 || out(i) == 0) fail("Mlp: expected widths of at least 1, found 0");
        std::size_t weights = 0;
        constexpr std::size_t most = static_cast<std::size_t>(-1) / sizeof(T) / 4;
        if (!multiply_sizes(in(i), out(i), weights) || weights > most - smaller(most, offsets_.back() + out(i)))
            fail("Mlp: a layer from " + std::to_string(in(i)) + " to " + std::to_string(out(i)) +
                 " features has more parameters than memory has places");
        offsets_.push_back(offsets_.back() + DenseParameters<T>::count(in(i), out(i)));
        names_.push_back(std::to_string(2 * i));  // as in torch.nn.Sequential, where ReLUs count too
    }
    parameters_.resize(offsets_.back());
}

template <class T>
std::vector<ParameterTensor> BasicMlp<T>::tensors() const {
    std::vector<ParameterTensor> result;
    for (std::size_t i = 0; i < layer_count(); ++i)
        detail::dense_describe(names_[i], in(i), out(i), offsets_[i], result);
    return result;
}

template <class T>
BasicMlp<T>::BasicMlp(std::vector<std::size_t> widths, Rng& rng) : BasicMlp{std::move(widths)} {
    for (std::size_t i = 0; i < layer_count(); ++i) detail::dense_initialize(part(parameters(), i), in(i), rng);
}

template <class T>
std::vector<T> BasicMlp<T>::operator()(std::span<const T> x) const {
    Workspace<T> workspace;
    const auto outputs = forward(MatrixView<const T>{x.data(), 1, x.size()}, workspace);
    return {outputs.data(), outputs.data() + outputs.size()};
}

template <class T>
MatrixView<const T> BasicMlp<T>::forward(const kernels::Inputs<T>& x, Workspace<T>& workspace) const {
    if (x.cols() != input_size()) fail(detail::wrong_features(input_size(), x.cols()));
    const kernels::Inputs<T>& inputs = workspace.find_nonzeros(x);
    for (std::size_t i = 0; i <= layer_count(); ++i) activation(workspace, i, x.rows());
    const bool first_done = workspace.relay_inputs(layer(parameters(), 0).weight, activation(workspace, 0, x.rows()),
                                                   {layer(parameters(), 0).bias.data(), activation_of(0)});
    const double operations_per_row = first_done ? operations_after_first() : operations(inputs);
    workspace.share_rows(x.rows(), operations_per_row, [&](std::size_t first, std::size_t count) {
        forward_rows(inputs, workspace, first, count, first_done ? 1 : 0);
    });
    return activation(workspace, layer_count(), x.rows());
}

template <class T>
Gradient<T> BasicMlp<T>::backward(MatrixView<const T> dy, BackwardFrom from, Workspace<T>& workspace,
                                  std::span<T> room) const {
    assert(dy.cols() == output_size() && room.size() == parameter_count());
    const std::size_t rows = dy.rows();
    if (from == BackwardFrom::outputs) {
        const MatrixView<const T> y = activation(workspace, layer_count(), rows);
        const MatrixView<T> dx = gradient(workspace, layer_count() - 1, rows);
        LogSoftmax::backward<T>({}, {}, y, dy, dx, {});
        dy = dx;
    }
    for (std::size_t i = 0; i + 1 < layer_count(); ++i) gradient(workspace, i, rows);
    workspace.share_rows(rows, 2 * operations_after_first(), [&](std::size_t first, std::size_t count) {
        backward_rows(dy.middle_rows(first, count), workspace, rows, first);
    });
    workspace.begin_gradient();
    for (std::size_t i = layer_count(); i-- > 0;) {
        const MatrixView<const T> dlogits = i + 1 < layer_count() ? gradient(workspace, i, rows) : dy;
        kernels::column_sums<T>(dlogits, layer(room, i).bias.data());
        const kernels::Inputs<T> x =
            i > 0 ? MatrixView<const T>{activation(workspace, i - 1, rows)} : workspace.inputs();
        workspace.add_product({.offset = offsets_[i], .x = x, .dy = dlogits});
    }
    return workspace.gradient_of(room);
}

template <class T>
void BasicMlp<T>::set_layer_names(std::vector<std::string> names) {
    if (names.size() != layer_count())
        fail("Mlp: expected " + std::to_string(layer_count()) + " layer names, found " + std::to_string(names.size()));
    names_ = std::move(names);
}

template <class T>
MatrixView<T> BasicMlp<T>::activation(Workspace<T>& workspace, std::size_t i, std::size_t rows) const {
    return workspace.activation(i, rows, out(smaller(i, layer_count() - 1)));
}

template <class T>
MatrixView<T> BasicMlp<T>::gradient(Workspace<T>& workspace, std::size_t i, std::size_t rows) const {
    return workspace.gradient(i, rows, out(i));
}

template <class T>
kernels::Activation BasicMlp<T>::activation_of(std::size_t i) const {
    return i + 1 < layer_count() ? kernels::Activation::relu : kernels::Activation::none;
}

template <class T>
void BasicMlp<T>::forward_rows(const kernels::Inputs<T>& x, Workspace<T>& workspace, std::size_t first,
                               std::size_t count, std::size_t first_layer) const {
    const auto outputs = [&](std::size_t i) { return activation(workspace, i, x.rows()).middle_rows(first, count); };
    kernels::Inputs<T> inputs = x.middle_rows(first, count);
    if (first_layer > 0) inputs = MatrixView<const T>{outputs(first_layer - 1)};
    const std::size_t last = layer_count() - 1;
    for (std::size_t i = first_layer; i <= last; ++i) {
        detail::dense_forward<T>(layer(parameters(), i), inputs, outputs(i), activation_of(i));
        inputs = MatrixView<const T>{outputs(i)};
    }
    LogSoftmax::forward<T>({}, inputs.matrix(), activation(workspace, last + 1, x.rows()).middle_rows(first, count));
}

template <class T>
void BasicMlp<T>::backward_rows(MatrixView<const T> dy, Workspace<T>& workspace, std::size_t rows,
                                std::size_t first) const {
    for (std::size_t i = layer_count(); i-- > 1;) {
        const MatrixView<const T> x = activation(workspace, i - 1, rows).middle_rows(first, dy.rows());
        const MatrixView<T> dx = gradient(workspace, i - 1, rows).middle_rows(first, dy.rows());
        kernels::matmul_input_gradient<T>(dy, layer(parameters(), i).weight, dx, x.data());
        dy = dx;
    }
}

template <class T>
double BasicMlp<T>::operations(const kernels::Inputs<T>& x) const {
    return operations_after_first() + 2 * x.nonzeros_per_row() * static_cast<double>(out(0));
}

template <class T>
template <class U>
std::span<U> BasicMlp<T>::part(std::span<U> all, std::size_t layer) const {
    return all.subspan(offsets_[layer], offsets_[layer + 1] - offsets_[layer]);
}

template <class T>
template <class U>
DenseParameters<U> BasicMlp<T>::layer(std::span<U> all, std::size_t layer) const {
    return {part(all, layer), in(layer), out(layer)};
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class BasicMlp<float>;
NIB_TEMPLATE class BasicMlp<double>;
#endif

}  // namespace nib::inline NIB_ABI

#endif
