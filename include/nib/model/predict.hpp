// predict: the most likely class.  probabilities: how likely each class is.  For one example or a batch of them.
//
// The forms for one example run on the stack for a Sequential: no heap, no locks. The forms for a batch take an
// optional Workspace, so that calls in a loop allocate only their result.
//
// Inputs must be finite; nothing checks that. One that is NaN makes the outputs NaN, and so may one that is infinite,
// or numbers that overflow on the way. Then the probabilities are NaN, and the class is 0, since no output compares as
// larger than the first: whoever cannot vouch for the inputs looks at the probabilities. A network in 8-bit integers
// takes NaN for the lowest input of its range, and what is outside of the range for the nearest in it.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/kernels/elementwise.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#if defined(NIB_TEMPLATE)
#include <nib/model/mlp.hpp>
#endif

namespace nib::inline NIB_ABI {

// A class, and how likely it is: its probability where the network gives logarithms of probabilities, else its output.
template <class T>
struct ScoredClass {
    int label = 0;
    T score = 0;
};

namespace detail {

// The index of the largest value, the first one if there are several. NaN is larger than all numbers.
template <class T>
int argmax(std::span<const T> values) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        if (values[i] <= values[best]) continue;
        if (values[best] != values[best]) break;
        best = i;
    }
    return static_cast<int>(best);
}

// Whether `a` comes before `b` in that order.
template <class T>
bool is_likelier(const ScoredClass<T>& a, const ScoredClass<T>& b) {
    const bool a_is_nan = a.score != a.score, b_is_nan = b.score != b.score;
    if (a_is_nan || b_is_nan) return a_is_nan && (!b_is_nan || a.label < b.label);
    return b.score < a.score || (a.score == b.score && a.label < b.label);
}

template <InferenceNetwork Net>
void check_not_moved(const Net& net) {
    if constexpr (requires { typename std::bool_constant<(Net::parameter_count() > 0)>; }) {
        if (net.parameters().size() != Net::parameter_count()) fail_moved_from();
    } else if constexpr (requires { net.view(); }) {
        check_network(net.view());
    }
}

template <InferenceNetwork Net>
void check_features(const Net& net, std::size_t features) {
    check_not_moved(net);
    if (features != net.input_size()) fail(wrong_features(net.input_size(), features));
}

template <InferenceNetwork Net>
void check_log_probabilities(const Net& net) {
    if (!net.gives_log_probabilities())
        fail("probabilities: the outputs are not log-probabilities; expected a log-softmax as the last layer");
}

// Calls f(first, outputs) for the outputs of examples first, first + 1, …, piece by piece: however many examples there
// are, what lies between the layers stays in the cache.
template <InferenceNetwork Net, class F>
void for_each_piece(const Net& net, const kernels::InputView<typename Net::scalar_type>& examples,
                    Workspace<typename Net::scalar_type>& workspace, const F& f) {
    const std::size_t threads = workspace.executor() != nullptr ? workspace.executor()->size() : 1;
    const std::size_t most = 128 * threads;
    for (std::size_t first = 0; first < examples.rows(); first += most)
        f(first, net.forward(examples.middle_rows(first, smaller(most, examples.rows() - first)), workspace));
}

}  // namespace detail

// The class of one example of net.input_size() numbers.
template <InferenceNetwork Net>
[[nodiscard]] int predict(const Net& net, std::span<const typename Net::scalar_type> example) {
    detail::check_features(net, example.size());
    const auto outputs = net(example);
    return detail::argmax<typename Net::scalar_type>(outputs);
}

// The probabilities of one example's classes: std::array for a Sequential, std::vector for an Mlp. They add up to 1.
template <InferenceNetwork Net>
[[nodiscard]] auto probabilities(const Net& net, std::span<const typename Net::scalar_type> example) {
    detail::check_features(net, example.size());
    detail::check_log_probabilities(net);
    auto outputs = net(example);
    using T = typename Net::scalar_type;
    kernels::scaled_exponentials<T>(outputs, T{1}, outputs);
    return outputs;
}

// The classes of a batch, examples [B, net.input_size()].
template <InferenceNetwork Net>
[[nodiscard]] std::vector<int> predict(const Net& net, const kernels::InputView<typename Net::scalar_type>& examples,
                                       Workspace<typename Net::scalar_type>& workspace) {
    using T = typename Net::scalar_type;
    detail::check_features(net, examples.cols());
    std::vector<int> classes(examples.rows());
    detail::for_each_piece(net, examples, workspace, [&](std::size_t first, MatrixView<const T> outputs) {
        for (std::size_t i = 0; i < outputs.rows(); ++i) classes[first + i] = detail::argmax<T>(outputs.row(i));
    });
    return classes;
}
template <InferenceNetwork Net>
[[nodiscard]] std::vector<int> predict(const Net& net, const kernels::InputView<typename Net::scalar_type>& examples) {
    Workspace<typename Net::scalar_type> workspace;
    return predict(net, examples, workspace);
}

// The probabilities of a batch: [B, net.output_size()], each row adding up to 1.
template <InferenceNetwork Net>
[[nodiscard]] Matrix<typename Net::scalar_type> probabilities(
    const Net& net, const kernels::InputView<typename Net::scalar_type>& examples,
    Workspace<typename Net::scalar_type>& workspace) {
    using T = typename Net::scalar_type;
    detail::check_features(net, examples.cols());
    detail::check_log_probabilities(net);
    Matrix<T> result(examples.rows(), net.output_size());
    detail::for_each_piece(net, examples, workspace, [&](std::size_t first, MatrixView<const T> outputs) {
        const MatrixView<T> rows = result.view().middle_rows(first, outputs.rows());
        kernels::scaled_exponentials<T>(outputs.values(), T{1}, rows.values());
    });
    return result;
}
template <InferenceNetwork Net>
[[nodiscard]] Matrix<typename Net::scalar_type> probabilities(
    const Net& net, const kernels::InputView<typename Net::scalar_type>& examples) {
    Workspace<typename Net::scalar_type> workspace;
    return probabilities(net, examples, workspace);
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE int predict(const BasicMlp<float>&, std::span<const float>);
NIB_TEMPLATE auto probabilities(const BasicMlp<float>&, std::span<const float>);
NIB_TEMPLATE std::vector<int> predict(const BasicMlp<float>&, const kernels::InputView<float>&, Workspace<float>&);
NIB_TEMPLATE Matrix<float> probabilities(const BasicMlp<float>&, const kernels::InputView<float>&, Workspace<float>&);
NIB_TEMPLATE int predict(const BasicMlp<double>&, std::span<const double>);
NIB_TEMPLATE auto probabilities(const BasicMlp<double>&, std::span<const double>);
NIB_TEMPLATE std::vector<int> predict(const BasicMlp<double>&, const kernels::InputView<double>&, Workspace<double>&);
NIB_TEMPLATE Matrix<double> probabilities(const BasicMlp<double>&, const kernels::InputView<double>&,
                                          Workspace<double>&);
#endif

}  // namespace nib::inline NIB_ABI
