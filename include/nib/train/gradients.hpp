// Gradients: a forward pass, the loss and a backward pass over one batch.
//
//   nib::Gradients gradients{net, nib::NllLoss{}};
//   adam.step(net, gradients(batch));
//
// It owns the scratch memory, and refers to the network, which must stay where it is. After the first batch of the
// largest size nothing is allocated (but see Workspace).
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/data/batches.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string>

#if defined(NIB_TEMPLATE)
#include <nib/model/mlp.hpp>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// Fails unless the batch fits the network: the number of features, and every class below the number of outputs.
template <Network Net, class T>
void check_batch(const Net& net, const Batch<T>& batch) {
    if (batch.inputs.cols() != net.input_size())
        fail("the network takes " + std::to_string(net.input_size()) + " features, the batch has " +
             std::to_string(batch.inputs.cols()));
    if (batch.inputs.rows() != batch.targets.size())
        fail("the batch has " + std::to_string(batch.inputs.rows()) + " examples and " +
             std::to_string(batch.targets.size()) + " classes");
    for (std::size_t i = 0; i < batch.targets.size(); ++i)
        if (batch.targets[i] < 0 || static_cast<std::size_t>(batch.targets[i]) >= net.output_size())
            fail("the network has " + std::to_string(net.output_size()) + " outputs, example " + std::to_string(i) +
                 " of the batch is of class " + std::to_string(batch.targets[i]));
}

}  // namespace detail

template <Network Net, class Loss = NllLoss>
class Gradients {
public:
    using T = typename Net::scalar_type;

    // Batches that are large enough to gain are shared out among what the executor, a ThreadPool for one, runs.
    explicit Gradients(const Net& net, Loss loss = {}, Executor* executor = nullptr)
        : net_{&net}, loss_function_{loss}, room_(net.parameters().size()), workspace_{executor, Parameters::trained} {}
    explicit Gradients(const Net&& net, Loss loss = {}, Executor* executor = nullptr) = delete;  // it would be gone

    // The gradients of the batch's mean loss, in the order of net.parameters(); valid until the next call, and as long
    // as the batch is. Fails on a batch that does not fit the network, or is empty.
    Gradient<T> operator()(const Batch<T>& batch);

    // The mean loss of the last batch, before any step that its gradients led to.
    double loss() const { return loss_; }

private:
    const Net* net_;
    [[no_unique_address]] Loss loss_function_;
    double loss_ = 0;
    AlignedVector<T> room_;
    Scratch<T> output_gradient_;
    Workspace<T> workspace_;
};

template <Network Net, class Loss>
auto Gradients<Net, Loss>::operator()(const Batch<T>& batch) -> Gradient<T> {
    if (batch.targets.empty()) fail("Gradients: the batch is empty");
    detail::check_batch(*net_, batch);
    room_.resize(net_->parameters().size());  // an Mlp may have become one of other widths
    const MatrixView<const T> outputs = net_->forward(batch.inputs, workspace_);
    loss_ = loss_function_.value(outputs, batch.targets);
    const MatrixView<T> dy{output_gradient_.room(outputs.size()), outputs.rows(), outputs.cols()};
    if constexpr (requires { loss_function_.gradient_before_log_softmax(outputs, batch.targets, dy); }) {
        if (net_->ends_in_log_softmax()) {
            loss_function_.gradient_before_log_softmax(outputs, batch.targets, dy);
            return net_->backward(dy, BackwardFrom::logits, workspace_, room_);
        }
    }
    loss_function_.gradient(outputs, batch.targets, dy);
    return net_->backward(dy, BackwardFrom::outputs, workspace_, room_);
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Gradients<BasicMlp<float>>;
NIB_TEMPLATE class Gradients<BasicMlp<double>>;
#endif

}  // namespace nib::inline NIB_ABI
