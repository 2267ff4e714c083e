// Gradients: a forward pass, the loss and a backward pass over one batch.
//
//   nib::Gradients gradients{net, nib::NllLoss{}};
//   adam.step(net, gradients(net, batch));
//
// It owns the scratch memory and refers to no network: a struct that holds a network, its optimiser and its gradients
// can be moved and swapped. After the first batch of the largest size nothing is allocated (but see Workspace).
#pragma once

#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

template <Network Net, class LossFunction>
class MovedLoss;

// Fails where all are 0: hidden layers of such a network learn nothing.
template <class T>
void check_initialized(std::span<const T> parameters) {
    for (const T parameter : parameters)
        if (parameter != T{0}) return;
    if (!parameters.empty())
        fail(
            "all parameters of the network are 0, from which hidden layers learn nothing: initialise it with a "
            "generator, as in `Net net{rng}`, or load a model (allow_zero_parameters allows it)");
}

// A class for each example (int) or a row of numbers (T).
template <class L, class T>
using LossTarget = std::conditional_t<has_class_targets<L, T>, int, T>;

}  // namespace detail

template <Network Net, Loss<typename Net::scalar_type> LossFunction = NllLoss>
class Gradients {
public:
    using T = typename Net::scalar_type;
    using Batch = nib::Batch<T, detail::LossTarget<LossFunction, T>>;

    // With an executor, such as a ThreadPool, large batches are shared out among its threads. Fails,
    // or does not compile, where the network does not suit the loss: where that needs logarithms of probabilities or
    // logits and is given others, and where a softmax is over one output. Fails where the loss's options do not suit
    // the network.
    explicit Gradients(const Net& net, LossFunction loss = {}, Executor* executor = nullptr)
        : loss_function_(std::move(loss)), buffer_(net.parameters().size()), workspace_{executor} {
        detail::check_network(net.view());
        detail::check_loss(loss_function_, net);
    }

    // The gradients of the batch's loss, in the order of net.parameters(); valid until the next call, and as long
    // as the batch is. Fails on a batch that does not fit the network or is empty or has weights that the loss does not
    // take, on a network that was moved from, and, the first time, on one whose parameters are all 0.
    //
    // Updates the network's buffers (running means), if the loss and the stored gradients are finite.
    DeferredGradient<T> operator()(Net& net, const Batch& batch) {
        const DeferredGradient<T> gradient = of_const(net, batch);
        if (!net.buffers().empty() && is_finite(loss_) && gradient.rest_is_finite())
            commit_buffers<T>(net.view().steps, workspace_, net.buffers());
        return gradient;
    }
    // The same for a network without buffers.
    DeferredGradient<T> operator()(const Net& net, const Batch& batch) {
        if constexpr (requires { typename std::bool_constant<Net::buffer_count() == 0>; })
            static_assert(Net::buffer_count() == 0, "nib: training changes this network's buffers: it cannot be const");
        else if (!net.buffers().empty())
            fail("Gradients: training changes the network's buffers: it cannot be const");
        return of_const(net, batch);
    }
    template <class Other, class Target>
    void operator()(const Net&, const nib::Batch<Other, Target>&) {
        detail::batch_suits<Other, Target, T, has_class_targets<LossFunction, T>>();
    }

    // The loss of the last batch, a mean unless the loss says otherwise, before any step that its gradients led to.
    double loss() const { return loss_; }

    // Allows networks whose parameters are all 0.
    void allow_zero_parameters() { is_checked_ = true; }

private:
    template <Network, class>
    friend class detail::MovedLoss;

    DeferredGradient<T> of_const(const Net& net, const Batch& batch);

    [[no_unique_address]] LossFunction loss_function_;
    double loss_ = 0;
    bool is_checked_ = false;       // whether the parameters were found not to be all 0
    std::uint64_t unshuffled_ = 0;  // batches without a key so far
    AlignedVector<T> buffer_;
    Scratch<T> output_gradient_;
    Workspace<T> workspace_;
};

template <Network Net, Loss<typename Net::scalar_type> LossFunction>
auto Gradients<Net, LossFunction>::of_const(const Net& net, const Batch& batch) -> DeferredGradient<T> {
    detail::check_network(net.view());
    detail::check_batch(batch, net.input_size(), net.output_size());
    if (!is_checked_) detail::check_initialized<T>(net.parameters());
    is_checked_ = true;
    detail::check_loss(loss_function_, net);
    buffer_.resize(net.parameters().size());  // an Mlp may have become one of other widths
    // Dropout's mask differs from batch to batch by this key, which is counted where the batches were not shuffled.
    const std::uint64_t key = batch.key != 0 ? batch.key + batch.step : ++unshuffled_;
    const NetworkView<T> view = net.view();
    const MatrixView<const T> outputs =
        run_forward<T>(view, batch.inputs, workspace_, TrainingPass{true, key, batch.first_row});
    const ScopedFlushSubnormals flush;
    loss_ = detail::loss_value(loss_function_, outputs, batch.targets, batch.weights);
    const MatrixView<T> dy{output_gradient_.buffer(outputs.size()), outputs.rows(), outputs.cols()};
    std::size_t last = view.steps.size() - 1;
    bool is_through = false;  // whether dy is the gradient by the inputs of the last layer
    if constexpr (requires { loss_function_.gradient_through(outputs, batch.targets, dy); }) {
        is_through = last > 0 && view.steps[last].layer == layer_id<typename LossFunction::Through>;
        if (is_through) detail::loss_gradient_through(loss_function_, outputs, batch.targets, dy, batch.weights);
    }
    if (is_through)
        --last;
    else
        detail::loss_gradient(loss_function_, outputs, batch.targets, dy, batch.weights);
    return run_backward<T>(view, dy, last, workspace_, {buffer_.data(), buffer_.size()});
}

}  // namespace nib::inline NIB_ABI
