// Adam (Kingma & Ba 2015, Algorithm 1), as torch.optim.Adam without weight decay.
//
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p -= learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)      t = 1, 2, … counts calls of step()
//
// m and v are two flat arrays in the order of the network's parameters, and belong to the optimiser, not to an address:
// the network may be moved or copied between steps.
#pragma once

#include <nib/core/storage.hpp>
#include <nib/kernels/adam.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

struct AdamOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;     // in [0, 1)
    double beta2 = 0.999;   // in [0, 1)
    double epsilon = 1e-8;  // > 0
};

template <class T>
class Adam {
public:
    template <Network Net>
    explicit Adam(const Net& net, AdamOptions options = {}) : Adam{net.parameters().size(), options} {}

    // Moves the parameters of `net` against their gradients.
    template <Network Net>
    void step(Net& net, const Gradient<T>& gradient) {
        step(net.parameters(), gradient);
    }
    void step(std::span<T> parameters, const Gradient<T>& gradient);
    // The same for gradients in an array, which are ordered as the parameters are.
    template <Network Net>
    void step(Net& net, std::span<const T> gradients) {
        step(net.parameters(), gradients);
    }
    void step(std::span<T> parameters, std::span<const T> gradients);

    // How many steps were taken.
    std::uint64_t steps() const { return steps_; }
    // m and v, in the order of the parameters.
    std::span<const T> means() const { return means_; }
    std::span<const T> squares() const { return squares_; }
    // Goes on where another optimiser's steps(), means() and squares() were taken.
    void restore(std::uint64_t steps, std::span<const T> means, std::span<const T> squares);
    // May be changed between steps: a learning-rate schedule does.
    AdamOptions& options() { return options_; }
    const AdamOptions& options() const { return options_; }

private:
    Adam(std::size_t parameters, AdamOptions options);

    void check_sizes(std::size_t parameters, std::size_t gradients) const;

    // Counts the step, and folds its bias corrections into the scalars.
    kernels::AdamScalars<T> next_step();

    AdamOptions options_;
    std::uint64_t steps_ = 0;
    AlignedVector<T> means_;
    AlignedVector<T> squares_;
};

template <Network Net>
explicit Adam(const Net&) -> Adam<typename Net::scalar_type>;
template <Network Net>
explicit Adam(const Net&, AdamOptions) -> Adam<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/math.hpp>

#include <string>

namespace nib::inline NIB_ABI {

template <class T>
void Adam<T>::step(std::span<T> parameters, const Gradient<T>& gradient) {
    check_sizes(parameters.size(), gradient.size());
    const kernels::AdamScalars<T> scalars = next_step();
    gradient.for_each_block(
        [&](std::size_t offset, std::span<const T> block) {
            kernels::adam_step<T>(block.size(), parameters.data() + offset, block.data(), means_.data() + offset,
                                  squares_.data() + offset, scalars);
        },
        [&](std::size_t offset, const kernels::SparseGradientRows<T>& rows) {
            kernels::adam_step(rows, parameters.data() + offset, means_.data() + offset, squares_.data() + offset,
                               scalars);
        });
}

template <class T>
void Adam<T>::step(std::span<T> parameters, std::span<const T> gradients) {
    check_sizes(parameters.size(), gradients.size());
    kernels::adam_step<T>(parameters.size(), parameters.data(), gradients.data(), means_.data(), squares_.data(),
                          next_step());
}

template <class T>
void Adam<T>::restore(std::uint64_t steps, std::span<const T> means, std::span<const T> squares) {
    if (means.size() != means_.size() || squares.size() != squares_.size())
        fail("Adam: made for " + std::to_string(means_.size()) + " parameters, got " + std::to_string(means.size()) +
             " means and " + std::to_string(squares.size()) + " squares");
    steps_ = steps;
    copy_values(means.data(), means.size(), means_.data());
    copy_values(squares.data(), squares.size(), squares_.data());
}

template <class T>
Adam<T>::Adam(std::size_t parameters, AdamOptions options)
    : options_{options}, means_(parameters), squares_(parameters) {
    const auto in_range = [](double value, double high) { return value >= 0 && value < high; };
    if (!in_range(options.learning_rate, 1e30)) fail("Adam: expected a learning rate of at least 0");
    if (!in_range(options.beta1, 1) || !in_range(options.beta2, 1)) fail("Adam: expected betas in [0, 1)");
    if (!(options.epsilon > 0)) fail("Adam: expected an epsilon above 0");
}

template <class T>
void Adam<T>::check_sizes(std::size_t parameters, std::size_t gradients) const {
    if (parameters != means_.size() || gradients != means_.size())
        fail("Adam: made for " + std::to_string(means_.size()) + " parameters, got " + std::to_string(parameters) +
             " and " + std::to_string(gradients) + " gradients");
}

template <class T>
kernels::AdamScalars<T> Adam<T>::next_step() {
    const auto t = static_cast<double>(++steps_);
    const double correction1 = 1 - power(options_.beta1, t);
    const double correction2 = square_root(1 - power(options_.beta2, t));
    return {.one_minus_beta1 = static_cast<T>(1 - options_.beta1),
            .one_minus_beta2 = static_cast<T>(1 - options_.beta2),
            .step_size = static_cast<T>(options_.learning_rate * correction2 / correction1),
            .epsilon = static_cast<T>(options_.epsilon * correction2)};
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Adam<float>;
NIB_TEMPLATE class Adam<double>;
#endif

}  // namespace nib::inline NIB_ABI

#endif
