// Stochastic gradient descent with momentum, as torch.optim.SGD.
//
//   g = g + weight_decay p
//   b = momentum b + (1 - dampening) g           b = g at the first step, and without momentum
//   p -= learning_rate b                         with nesterov p -= learning_rate (g + momentum b)
//
// state(0) is b, "momentum_buffer".
#pragma once

#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct SgdOptions {
    double learning_rate = 1e-3;
    double momentum = 0;    // >= 0
    double dampening = 0;   // of the momentum
    bool nesterov = false;  // needs a momentum above 0, and no dampening
    double weight_decay = 0;
};

struct SgdMethod {
    using Options = SgdOptions;
    static constexpr const char* name = "Sgd";
    static constexpr const char* state_names[] = {"momentum_buffer"};

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 1;
        T learning_rate;
        T weight_decay;
        T momentum;         // 0 at the first step
        T gradient_factor;  // 1 - dampening
        T step_momentum;    // the step is step_momentum b + step_gradient g
        T step_gradient;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            const V g = fma(weight_decay, parameter, gradient);
            state[0] = fma(momentum, state[0], gradient_factor * g);
            parameter = fma(-learning_rate, fma(step_momentum, state[0], step_gradient * g), parameter);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step);
};

template <class T>
class Sgd : public Optimizer<T, SgdMethod> {
public:
    using Optimizer<T, SgdMethod>::Optimizer;
};

template <Network Net>
explicit Sgd(const Net&, SgdOptions = {}) -> Sgd<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI {

template <class T>
SgdMethod::Rule<T> SgdMethod::rule(const Options& options, std::uint64_t step) {
    detail::check_option(name, "a learning rate of at least 0", options.learning_rate);
    detail::check_option(name, "a momentum of at least 0", options.momentum);
    detail::check_option(name, "a weight decay of at least 0", options.weight_decay);
    detail::check_option(name, "a finite dampening", options.dampening, -1e30);
    if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
        fail("Sgd: Nesterov's momentum needs a momentum above 0, and no dampening");
    const bool starts = step == 1 || options.momentum == 0;
    return {.learning_rate = static_cast<T>(options.learning_rate),
            .weight_decay = static_cast<T>(options.weight_decay),
            .momentum = static_cast<T>(starts ? 0 : options.momentum),
            .gradient_factor = static_cast<T>(starts ? 1 : 1 - options.dampening),
            .step_momentum = static_cast<T>(options.nesterov ? options.momentum : 1),
            .step_gradient = static_cast<T>(options.nesterov ? 1 : 0)};
}

}  // namespace nib::inline NIB_ABI

#endif
