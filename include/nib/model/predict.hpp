// predict: the most likely class.  probabilities: how likely each class is.  top_k: the k most likely classes.  For one
// example, an image, or a batch of examples.
//
//   const nib::Image image = nib::rasterize(drawing);
//   for (const auto& [digit, probability] : nib::top_k(net, image, 3)) std::printf("%d %.4f\n", digit, probability);
//
// The forms for one example run on the stack for a Sequential: no heap, no locks. Others take a Workspace: calls in a
// loop then allocate only their result, if at all. An image's bytes are scaled to [0, 1] as those of a Dataset are, in
// memory that is allocated for that.
//
// Inputs must be finite, which is not checked. NaN inputs make outputs NaN; infinite inputs and overflow may. NaN
// counts as larger than all numbers, as in PyTorch: the class is that of the first NaN output, and the first score of
// top_k is NaN, so that a program can check it. (A network that ends in LogSoftmax then gives NaN for all
// probabilities, and class 0. With -ffast-math any class may result.) A network in 8-bit integers clamps inputs to its
// range; NaN becomes the lowest value.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/image.hpp>
#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/elementwise.hpp>
#include <nib/kernels/detail/scale_bytes.hpp>
#include <nib/model/detail/argmax.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace nib::inline NIB_ABI {

// A class, and how likely it is: its probability where the network gives that or its logarithm, else its output.
template <class T>
struct ScoredClass {
    int label = 0;
    T score = 0;
};

// The pixels of an Image, or those of an image in a Dataset. Non-owning.
class Pixels {
public:
    Pixels(const Image& image) : bytes_{image.pixels.data(), image.pixels.size()} {}
    Pixels(std::span<const std::uint8_t> bytes) : bytes_{bytes} {}
    std::span<const std::uint8_t> bytes() const { return bytes_; }

private:
    std::span<const std::uint8_t> bytes_;
};

namespace detail {

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
    if (features != net.input_size()) fail_features(net.input_size(), features);
}

template <InferenceNetwork Net>
void check_probabilities(const Net& net) {
    if (net.gives_log_probabilities()) return;
    if constexpr (requires { net.view(); })
        if (net.view().steps.back().gives_probabilities) return;
    fail(
        "probabilities: expected a log-softmax or a softmax as the last layer; the outputs are neither probabilities "
        "nor their logarithms");
}

// From the outputs of a network that gives probabilities or their logarithms. `to` is `outputs`, or elsewhere.
template <InferenceNetwork Net, class T>
void to_probabilities(const Net& net, std::span<const T> outputs, std::span<T> to) {
    if (net.gives_log_probabilities())
        kernels::scaled_exponentials<T>(outputs, T{1}, to);
    else if (to.data() != outputs.data())
        copy_values(outputs.data(), outputs.size(), to.data());
}

// The outputs for one example; they lie in the workspace.
template <InferenceNetwork Net>
auto outputs_of(const Net& net, std::span<const typename Net::scalar_type> example,
                Workspace<typename Net::scalar_type>& workspace) {
    using T = typename Net::scalar_type;
    check_features(net, example.size());
    return net.forward(MatrixView<const T>{example.data(), 1, example.size()}, workspace).row(0);
}

template <InferenceNetwork Net>
auto scaled_pixels(const Net& net, const Pixels& image) {
    using T = typename Net::scalar_type;
    check_features(net, image.bytes().size());
    std::vector<T> values(image.bytes().size());
    kernels::scale_bytes<T>(image.bytes(), values);
    return values;
}

template <InferenceNetwork Net>
void check_k(const Net& net, std::size_t k) {
    if (k < 1 || k > net.output_size())
        fail({"top_k: expected k from 1 to ", net.output_size(), ", the network's outputs, found ", k});
}

// The best.size() largest outputs, at most as many as there are: a heap of the best so far, the least likely on top.
template <class T>
void find_largest(std::span<const T> outputs, std::span<ScoredClass<T>> best) {
    const auto is_less_likely = [](const ScoredClass<T>& a, const ScoredClass<T>& b) { return is_likelier(b, a); };
    const auto candidate = [&](std::size_t i) { return ScoredClass<T>{static_cast<int>(i), outputs[i]}; };
    const std::size_t k = best.size();
    for (std::size_t i = 0; i < k; ++i) best[i] = candidate(i);
    sort_values(best.data(), k, is_less_likely);
    for (std::size_t i = k; i < outputs.size(); ++i) {
        const ScoredClass<T> next = candidate(i);
        if (!is_likelier(next, best[0])) continue;
        std::size_t hole = 0;
        for (std::size_t child; (child = 2 * hole + 1) < k; hole = child) {
            if (child + 1 < k && is_less_likely(best[child + 1], best[child])) ++child;
            if (!is_less_likely(best[child], next)) break;
            best[hole] = best[child];
        }
        best[hole] = next;
    }
    sort_values(best.data(), k, is_likelier<T>);
}

// The same, scored as top_k promises. The order is that of the outputs: probabilities may be rounded to equal numbers.
template <InferenceNetwork Net, class T>
void find_likeliest(const Net& net, std::span<const T> outputs, std::span<ScoredClass<T>> best) {
    find_largest(outputs, best);
    if (!net.gives_log_probabilities()) return;
    for (ScoredClass<T>& entry : best) kernels::scaled_exponentials<T>({&entry.score, 1}, T{1}, {&entry.score, 1});
}

// How many threads take examples through a network side by side. (One in 8-bit integers, which has no view, shares out
// each piece by itself.)
template <InferenceNetwork Net>
std::size_t thread_count_for(const Net& net, std::size_t examples, const Executor* executor) {
    double operations = 0;
    if constexpr (requires { net.view(); })
        for (const auto& step : net.view().steps) operations += step.operations_per_row;
    return nib::thread_count_for(executor, examples, operations * static_cast<double>(examples));
}

// Calls f(first, outputs) for the outputs of examples first, first + 1, …, piece by piece: however many examples there
// are, what lies between the layers stays in the cache. With an executor, several calls run at the same time.
template <InferenceNetwork Net, class F>
void for_each_piece(const Net& net, const kernels::InputView<typename Net::scalar_type>& examples,
                    Workspace<typename Net::scalar_type>& workspace, const F& f) {
    using T = typename Net::scalar_type;
    constexpr std::size_t piece = 128, whole_tiles = 8;
    Executor* const executor = workspace.executor();
    const auto run = [&](Range rows, std::size_t most, Workspace<T>& own) {
        for (std::size_t done = 0; done < rows.count; done += most) {
            const std::size_t first = rows.first + done;
            f(first, net.forward(examples.middle_rows(first, smaller(most, rows.count - done)), own));
        }
    };
    const std::size_t threads = thread_count_for(net, examples.rows(), executor);
    if (threads == 1)
        return run({0, examples.rows()}, executor != nullptr ? piece * executor->size() : piece, workspace);
    // Each thread has its part of the examples and meets the others once. Allocating may fail, and so is not for
    // threads.
    const std::span<Workspace<T>> own = workspace.of_threads(threads);
    const auto part_of = [&](std::size_t thread) { return chunk(examples.rows(), thread, threads, whole_tiles); };
    if constexpr (requires { net.view(); })
        for (Workspace<T>& each : own)
            reserve_forward<T>(net.view(), smaller(piece, part_of(0).count), examples.is_sparse(), each);
    executor->parallel_for(threads, [&](std::size_t thread) { run(part_of(thread), piece, own[thread]); });
}

}  // namespace detail

// The class of one example of net.input_size() numbers.
template <InferenceNetwork Net>
[[nodiscard]] int predict(const Net& net, std::span<const typename Net::scalar_type> example) {
    detail::check_features(net, example.size());
    if constexpr (requires {
                      requires detail::NamesItself<Net>;
                      Net::argmax(net.parameters(), example, net.buffers());
                  })
        return Net::argmax(net.parameters(), example, net.buffers());
    else
        return detail::argmax<typename Net::scalar_type>(net(example));
}
template <InferenceNetwork Net>
[[nodiscard]] int predict(const Net& net, std::span<const typename Net::scalar_type> example,
                          Workspace<typename Net::scalar_type>& workspace) {
    return detail::argmax<typename Net::scalar_type>(detail::outputs_of(net, example, workspace));
}
template <InferenceNetwork Net>
[[nodiscard]] int predict(const Net& net, const Pixels& image) {
    return predict(net, detail::scaled_pixels(net, image));
}

// The probabilities of one example's classes: std::array for a Sequential, std::vector for an Mlp. They add up to 1.
// Fails unless the network ends in a layer that gives probabilities or their logarithms: Softmax or LogSoftmax.
template <InferenceNetwork Net>
[[nodiscard]] auto probabilities(const Net& net, std::span<const typename Net::scalar_type> example) {
    detail::check_features(net, example.size());
    detail::check_probabilities(net);
    auto outputs = net(example);
    using T = typename Net::scalar_type;
    detail::to_probabilities<Net, T>(net, outputs, outputs);
    return outputs;
}
template <InferenceNetwork Net>
[[nodiscard]] auto probabilities(const Net& net, const Pixels& image) {
    return probabilities(net, detail::scaled_pixels(net, image));
}
// They lie in the workspace until its next use.
template <InferenceNetwork Net>
[[nodiscard]] auto probabilities(const Net& net, std::span<const typename Net::scalar_type> example,
                                 Workspace<typename Net::scalar_type>& workspace) {
    using T = typename Net::scalar_type;
    detail::check_probabilities(net);
    const std::span<const T> outputs = detail::outputs_of(net, example, workspace);
    const std::span<T> result{workspace.scratch(outputs.size()), outputs.size()};
    detail::to_probabilities<Net, T>(net, outputs, result);
    return std::span<const T>{result};
}

// The `best.size()` most likely classes of one example, the most likely first, and of equally likely ones the lower
// class. Fails where those are none, or more than there are.
template <InferenceNetwork Net>
void top_k(const Net& net, std::span<const typename Net::scalar_type> example,
           std::span<ScoredClass<typename Net::scalar_type>> best) {
    using T = typename Net::scalar_type;
    detail::check_features(net, example.size());
    detail::check_k(net, best.size());
    const auto outputs = net(example);
    detail::find_likeliest(net, std::span<const T>{outputs}, best);
}
template <InferenceNetwork Net>
void top_k(const Net& net, std::span<const typename Net::scalar_type> example,
           std::span<ScoredClass<typename Net::scalar_type>> best, Workspace<typename Net::scalar_type>& workspace) {
    detail::check_k(net, best.size());
    detail::find_likeliest(net, detail::outputs_of(net, example, workspace), best);
}
// The same, in memory of their own.
template <InferenceNetwork Net>
[[nodiscard]] std::vector<ScoredClass<typename Net::scalar_type>> top_k(
    const Net& net, std::span<const typename Net::scalar_type> example, std::size_t k) {
    detail::check_k(net, k);
    std::vector<ScoredClass<typename Net::scalar_type>> best(k);
    top_k(net, example, best);
    return best;
}
template <InferenceNetwork Net>
[[nodiscard]] std::vector<ScoredClass<typename Net::scalar_type>> top_k(const Net& net, const Pixels& image,
                                                                        std::size_t k) {
    return top_k(net, detail::scaled_pixels(net, image), k);
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
    detail::check_probabilities(net);
    Matrix<T> result(examples.rows(), net.output_size());
    detail::for_each_piece(net, examples, workspace, [&](std::size_t first, MatrixView<const T> outputs) {
        const MatrixView<T> rows = result.view().middle_rows(first, outputs.rows());
        detail::to_probabilities<Net, T>(net, outputs.values(), rows.values());
    });
    return result;
}
template <InferenceNetwork Net>
[[nodiscard]] Matrix<typename Net::scalar_type> probabilities(
    const Net& net, const kernels::InputView<typename Net::scalar_type>& examples) {
    Workspace<typename Net::scalar_type> workspace;
    return probabilities(net, examples, workspace);
}

// The k most likely classes of each example of a batch: [B, k].
template <InferenceNetwork Net>
[[nodiscard]] Matrix<ScoredClass<typename Net::scalar_type>> top_k(
    const Net& net, const kernels::InputView<typename Net::scalar_type>& examples, std::size_t k,
    Workspace<typename Net::scalar_type>& workspace) {
    using T = typename Net::scalar_type;
    detail::check_features(net, examples.cols());
    detail::check_k(net, k);
    Matrix<ScoredClass<T>> result(examples.rows(), k);
    detail::for_each_piece(net, examples, workspace, [&](std::size_t first, MatrixView<const T> outputs) {
        for (std::size_t i = 0; i < outputs.rows(); ++i)
            detail::find_likeliest(net, outputs.row(i), result.row(first + i));
    });
    return result;
}
template <InferenceNetwork Net>
[[nodiscard]] Matrix<ScoredClass<typename Net::scalar_type>> top_k(
    const Net& net, const kernels::InputView<typename Net::scalar_type>& examples, std::size_t k) {
    Workspace<typename Net::scalar_type> workspace;
    return top_k(net, examples, k, workspace);
}

}  // namespace nib::inline NIB_ABI
