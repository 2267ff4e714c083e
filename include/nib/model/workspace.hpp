// Workspace: what a forward and a backward pass scribble on.
//
// Made once, given to every pass, used by one thread at a time. It grows in the first passes to what the largest batch
// needs, and allocates nothing after that. A backward pass reads what the forward pass before it left here.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/core/storage.hpp>
#include <nib/kernels/sparse.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nib::inline NIB_ABI {

template <class T>
class Workspace {
public:
    Workspace() = default;
    Workspace(Workspace&&) = default;
    Workspace& operator=(Workspace&&) = default;

    // The output of layer number `layer`.
    MatrixView<T> activation(std::size_t layer, std::size_t rows, std::size_t cols) {
        if (layer >= activations_.size()) activations_.resize(layer + 1);
        return shaped(activations_[layer], rows, cols);
    }

    // Gradients by activations: layer n uses number n % 2 as its dy and writes the other one.
    MatrixView<T> gradient(std::size_t number, std::size_t rows, std::size_t cols) {
        return shaped(gradients_[number % 2], rows, cols);
    }

    // The forward pass's inputs, with lists of their non-zeros where these pay. x stays where it is, and must do so
    // until the backward pass.
    const kernels::Inputs<T>& find_nonzeros(MatrixView<const T> x) {
        const std::size_t capacity = kernels::sparse_capacity(x.rows(), x.cols());
        if (starts_.size() < x.rows() + 1) starts_.resize(x.rows() + 1);
        if (columns_.size() < capacity) {
            columns_.resize(capacity);
            values_.resize(capacity);
        }
        inputs_ = kernels::find_nonzeros<T>(x, {starts_.data(), columns_.data(), values_.data()});
        return inputs_;
    }
    void keep_inputs(MatrixView<const T> x) { inputs_ = x; }
    const kernels::Inputs<T>& inputs() const { return inputs_; }

private:
    static MatrixView<T> shaped(AlignedVector<T>& storage, std::size_t rows, std::size_t cols) {
        if (storage.size() < rows * cols) storage.resize(rows * cols);
        return {storage.data(), rows, cols};
    }

    std::vector<AlignedVector<T>> activations_;
    std::array<AlignedVector<T>, 2> gradients_;
    kernels::Inputs<T> inputs_;
    std::vector<std::size_t> starts_;
    std::vector<std::uint32_t> columns_;
    AlignedVector<T> values_;
};

}  // namespace nib::inline NIB_ABI
