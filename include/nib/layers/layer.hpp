// The Layer concept: what a struct must have to stand in a network.
//
// A layer is a description: it owns nothing, and all that it does is static. The network keeps the parameters, and
// hands each layer its part of them in a Pass. nib's own layers are written in the same way. An activation is shorter
// still: see layers/elementwise.hpp. One with parameters of its own:
//
//   struct Scale {  // y = a x, with an a for each feature
//       static constexpr std::size_t parameter_count(nib::LayerShape shape) { return shape.in; }
//
//       template <class T>
//       static void initialize(std::span<T> a, nib::LayerShape, nib::Rng&) {
//           for (T& factor : a) factor = 1;
//       }
//       template <class T>
//       static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
//           for (std::size_t i = 0; i < x.rows(); ++i)
//               for (std::size_t j = 0; j < x.cols(); ++j) y(i, j) = pass.parameters[j] * x(i, j);
//       }
//       template <class T>
//       static void backward_input(const nib::Pass<T>& pass, nib::MatrixView<const T>, nib::MatrixView<const T>,
//                                  nib::MatrixView<const T> dy, nib::MatrixView<T> dx) {
//           for (std::size_t i = 0; i < dx.rows(); ++i)
//               for (std::size_t j = 0; j < dx.cols(); ++j) dx(i, j) = pass.parameters[j] * dy(i, j);
//       }
//       template <class T>
//       static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T> x, nib::MatrixView<const T> dy,
//                                      nib::ParameterGradient<T>& gradient) {
//           for (T& value : gradient.values) value = 0;
//           for (std::size_t i = 0; i < x.rows(); ++i)
//               for (std::size_t j = 0; j < x.cols(); ++j) gradient.values[j] += x(i, j) * dy(i, j);
//       }
//   };
//
//   forward             fills y from x; one example a row
//   backward_input      fills dx, the gradient of the loss with respect to x, from x, y and dy, the gradient with
//                       respect to y. It is not called where no layer before this one has parameters.
//   parameter_gradient  fills gradient.values, the gradient with respect to the parameters, or declares parts of it as
//                       products (ParameterGradient::add_product). It is given all rows of the batch at once.
//   initialize          fills the parameters of a new network
//
// Matrices do not overlap unless runs_in_place says so. Outputs are not zeroed between steps: assign, or set them to 0
// before +=. Functions whose work threads share must not throw.
//
// All further members are optional. Counts are constants or constexpr functions of the layer's shape:
//
//   input_size, output_size   features that go in and come out; without them y has the shape of x
//   parameter_count           0 without it
//   buffer_count              numbers that are saved but not trained, in pass.buffers. Such a layer has
//                             initialize_buffers(std::span<T> buffers, LayerShape), and, where it takes them from what
//                             it trains on, statistics_count and update_buffers(std::span<const T> statistics,
//                             std::span<T> buffers): a training pass leaves pass.statistics, which become buffers
//                             once the loss is known to be finite.
//   check_ready               a function (std::span<const T> buffers) that fails while the buffers have yet to be
//                             computed from data; fit calls it for a network's first layer
//   kept_per_row              numbers in pass.kept for each row of x, from forward to the backward functions
//   scratch_per_row           numbers in pass.scratch for each row of x, within one call
//   operations_per_row        floating-point operations of forward, for sharing the work among threads;
//                             without it twice the number of parameters
//   sharing                   Sharing::rows without it: each row of y depends on one row of x
//   backward_reads_input      whether backward_input reads x: true without it; else x may be anything there
//   backward_reads_output     the same for y
//   runs_in_place             false without it; whether y may be x, and dx be dy
//   accepts_sparse            whether forward and parameter_gradient take x as a kernels::InputView<T>, which may be a
//                             sparse matrix where the layer is a network's first
//   gives_log_probabilities   whether y are logarithms of probabilities
//   gives_probabilities       whether y are probabilities
//   only_in_training          whether it is the identity in inference, as dropout is
//   keeps_largest             `using keeps_largest = L;` in L, which is not inherited. It promises: where the largest
//                             number of a row of x is finite and exceeds each other one, which may be -infinity, by at
//                             least 32 std::numeric_limits<T>::epsilon(), the one largest number of y is in its place,
//                             and no y is NaN. predict of one example may then leave out such a last layer.
//   setting                   a double that is not static: each layer of an Mlp has its own value, passed to it as
//                             pass.setting (DropoutOfAnyRate). Such a layer cannot stand in a Sequential.
//
// For layers that others derive from, as Dense<784, 64> does from DenseOfAnySize:
//
//   self                 `using self = L;` in L: what derives from L may have functions of its own, and so does not
//                        inherit Sharing::elements, Sharing::outputs and the following. What derives from L and has a
//                        self of its own does inherit them, and answers for each.
//   runs_as              a layer that has all of L's functions, so that they are compiled once for layers of all sizes
//   forward_row          forward for a single row, where that is faster
//
// For files and for people:
//
//   name()               what it is called in model files; without it, its number in the network
//   tensors(LayerShape)  its parameters and buffers in model files, as a vector of LayerTensor; without it they are
//                        "parameters" and "buffers". The network puts the layer's name before theirs.
//   description(LayerShape), or description()  without it the struct's name and sizes: "Linear(784, 64)". Files list it
//                        to tell networks apart: put into it whatever changes what the layer computes, such as template
//                        arguments. With a setting: description(LayerShape, double setting)
//   operators(LayerShape), or operators()      what the layer computes, as elementary operations (core/operator.hpp)
//                        in the order in which they run; without it the layer cannot be exported. "x" is what goes into
//                        the layer and "y" what comes out; other names are those of its tensors, of values in between,
//                        or "skipped" (what a residual connection adds). An empty list is a layer that does nothing in
//                        inference. (In nib's own layers it is a template, which only programs that
//                        call it compile.)
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/operator.hpp>
#include <nib/core/random.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace nib::inline NIB_ABI {

// The features that go into a layer and come out of it.
struct LayerShape {
    std::size_t in = 0;
    std::size_t out = 0;
};

// How threads may split a layer's work.
enum class Sharing : unsigned char {
    rows,      // by rows of x
    columns,   // by pass.columns: column j of y depends on column j of x alone
    none,      // not at all
    elements,  // in any way: each number of y depends on the one of x in its place alone, and on no parameters
    outputs,   // by rows, or by pass.columns: of y in forward, of dx in backward_input. Each depends on whole rows.
};

// What a layer is handed beside its inputs and outputs.
template <class T>
struct Pass {
    Pass() {}  // not constexpr: GCC would clear all of it by an instruction that is slow to start

    std::span<const T> parameters;
    std::span<const T> buffers;
    std::span<T> statistics;      // [statistics_count] of this batch, from forward to update_buffers
    std::span<T> kept;            // [rows of x, kept_per_row]
    std::span<T> scratch;         // [rows of x, scratch_per_row]
    MatrixView<const T> skipped;  // of a residual connection: what is added to x
    Range columns = {0, 0};       // those to be written; with Sharing::outputs none means all
    double setting = 0;           // the layer's own, where it has one
    bool training = false;        // or inference
    std::uint64_t key = 0;        // of random layers: differs for each layer, step and epoch
    std::uint64_t first_row = 0;  // the number of x's first row in the epoch
};

// Parameters [offset, offset + x.cols() * dy.cols()) are a matrix [x.cols(), dy.cols()] whose gradient is x^T dy.
template <class T>
struct DeferredProduct {
    std::size_t offset = 0;
    kernels::InputView<T> x;  // [B, In]
    MatrixView<const T> dy;   // [B, Out]

    std::size_t rows() const { return x.cols(); }
    std::size_t cols() const { return dy.cols(); }
    std::size_t end() const { return offset + rows() * cols(); }
};

// Where the gradient with respect to a layer's parameters goes.
template <class T>
struct ParameterGradient {
    std::span<T> values;  // [parameter_count]; products need not be filled in
    std::size_t offset;   // of the first among the network's
    detail::List<DeferredProduct<T>>& products;

    // Declares that the gradient of the layer's parameters [first, first + x.cols() * dy.cols()) is x^T dy, which the
    // optimiser computes block by block. x and dy must stay unchanged until the next pass. Call it for later parameters
    // first.
    void add_product(std::size_t first, const kernels::InputView<T>& x, MatrixView<const T> dy) const {
        assert(first + x.cols() * dy.cols() <= values.size());
        products.push_back({.offset = offset + first, .x = x, .dy = dy});
    }
};

// One tensor of a model file, and where its numbers lie among a network's parameters or buffers.
struct LayerTensor {
    std::string name;                // as PyTorch calls it: "weight" in a layer, "0.weight" in a network
    std::vector<std::size_t> shape;  // as PyTorch has it: a dense layer's weight is [out, in]
    std::size_t offset = 0;          // of the first number
    bool transposed = false;         // in memory the first dimension is the last: [in, out]
    bool is_buffer = false;          // one of the buffers

    std::size_t size() const {
        std::size_t product = 1;
        for (const std::size_t length : shape) product *= length;
        return product;
    }
    // The index in a file, [out, in], of the number that is at `place` in memory.
    std::size_t index_in_file(std::size_t place) const {
        return transposed ? place % shape[0] * (size() / shape[0]) + place / shape[0] : place;
    }
};

// A layer that states its sizes; the others keep the shape of their input.
template <class L>
concept SizedLayer = requires {
    { L::input_size } -> std::convertible_to<std::size_t>;
    { L::output_size } -> std::convertible_to<std::size_t>;
};

template <class... Layers>
struct LayerList {};

// A group of layers that a network takes apart: those of L::block, a LayerList, followed by L::block_end, which is
// handed what went into the first of them as pass.skipped. Its gradient with respect to `skipped` is taken to be dy, as
// that of a sum is.
template <class L>
concept LayerBlock = requires {
    typename L::block;
    typename L::block_end;
};

namespace detail {

// A layer's count of that name, for a shape; 0 where it has none.
#define NIB_LAYER_COUNT(count)                                                 \
    template <class L>                                                         \
    constexpr std::size_t count##_of([[maybe_unused]] LayerShape shape) {      \
        if constexpr (requires { static_cast<std::size_t>(L::count(shape)); }) \
            return static_cast<std::size_t>(L::count(shape));                  \
        else if constexpr (requires { static_cast<std::size_t>(L::count); })   \
            return static_cast<std::size_t>(L::count);                         \
        else                                                                   \
            return 0;                                                          \
    }
NIB_LAYER_COUNT(parameter_count)
NIB_LAYER_COUNT(buffer_count)
NIB_LAYER_COUNT(statistics_count)
NIB_LAYER_COUNT(kept_per_row)
NIB_LAYER_COUNT(scratch_per_row)
#undef NIB_LAYER_COUNT

// A layer's trait of that name, or `otherwise`.
#define NIB_LAYER_TRAIT(type, trait, otherwise) \
    template <class L>                          \
    constexpr type trait##_of() {               \
        if constexpr (requires { L::trait; })   \
            return L::trait;                    \
        else                                    \
            return otherwise;                   \
    }
NIB_LAYER_TRAIT(Sharing, sharing, Sharing::rows)
NIB_LAYER_TRAIT(bool, backward_reads_input, true)
NIB_LAYER_TRAIT(bool, backward_reads_output, true)
NIB_LAYER_TRAIT(bool, runs_in_place, false)
NIB_LAYER_TRAIT(bool, accepts_sparse, false)
NIB_LAYER_TRAIT(bool, gives_log_probabilities, false)
NIB_LAYER_TRAIT(bool, gives_probabilities, false)
NIB_LAYER_TRAIT(bool, only_in_training, false)
#undef NIB_LAYER_TRAIT

template <class L>
constexpr double operations_per_row_of(LayerShape shape) {
    if constexpr (requires { static_cast<double>(L::operations_per_row(shape)); })
        return static_cast<double>(L::operations_per_row(shape));
    else if constexpr (requires { static_cast<double>(L::operations_per_row); })
        return static_cast<double>(L::operations_per_row);
    else
        return 2 * static_cast<double>(parameter_count_of<L>(shape));
}

template <class L>
concept HasSetting = requires(const L& layer) {
    { layer.setting } -> std::convertible_to<double>;
};

// The shape of a layer behind `features` features.
template <class L>
constexpr LayerShape shape_behind(std::size_t features) {
    if constexpr (SizedLayer<L>)
        return {static_cast<std::size_t>(L::input_size), static_cast<std::size_t>(L::output_size)};
    else
        return {features, features};
}

template <class T, class L>
using LayerInput = std::conditional_t<accepts_sparse_of<L>(), kernels::InputView<T>, MatrixView<const T>>;

}  // namespace detail

template <class L, class T = float>
concept Layer = requires(const Pass<T>& pass, detail::LayerInput<T, L> x, MatrixView<const T> in, MatrixView<T> out) {
    L::forward(pass, x, out);
    L::backward_input(pass, in, in, in, out);
}
&&(detail::parameter_count_of<L>(detail::shape_behind<L>(1)) == 0 ||
   requires(const Pass<T>& pass, detail::LayerInput<T, L> x, MatrixView<const T> dy, ParameterGradient<T>& gradient,
            std::span<T> parameters, Rng& rng) {
       L::parameter_gradient(pass, x, dy, gradient);
       L::initialize(parameters, LayerShape{}, rng);
   });

}  // namespace nib::inline NIB_ABI
