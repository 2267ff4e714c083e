// RMSprop (Hinton 2012, lecture 6e of "Neural Networks for Machine Learning"; centered: Graves 2013, "Generating
// Sequences With Recurrent Neural Networks"), as torch.optim.RMSprop.
//
//   g = g + weight_decay p
//   v = alpha v + (1 - alpha) g^2
//   a = alpha a + (1 - alpha) g                       where it is centered, else 0
//   b = momentum b + g / (sqrt(v - a^2) + epsilon)
//   p -= learning_rate b
//
// state(0) is v, "square_avg"; state(1) is b, "momentum_buffer"; state(2) is a, "grad_avg". All three are kept,
// whatever the options.
#pragma once

#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct RmsPropOptions {
    double learning_rate = 1e-2;
    double alpha = 0.99;    // in [0, 1)
    double epsilon = 1e-8;  // at least 2.8e-17 for float
    double momentum = 0;
    bool centered = false;
    double weight_decay = 0;
};

struct RmsPropMethod {
    using Options = RmsPropOptions;
    static constexpr const char* name = "RmsProp";
    static constexpr const char* state_names[] = {"square_avg", "momentum_buffer", "grad_avg"};
    static constexpr bool decays_gradients = true;

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 3;
        static constexpr bool divides_by_roots = true;
        T learning_rate;
        T square_part;  // 1 - alpha
        T mean_part;    // the same where it is centered, else 0
        T momentum;
        T epsilon;
        T smallest_square;
        T smallest_mean;

        // Clang would not inline so long a function, and then compile it for the build's own instruction set.
        template <class V>
        NIB_ALWAYS_INLINE void operator()(V& parameter, const V& gradient, V* state) const {
            V &square = state[0], &buffer = state[1], &mean = state[2];
            square = fma(square_part, fma(gradient, gradient, -square), square);
            square = (square + smallest_square) - smallest_square;
            mean = fma(mean_part, gradient - mean, mean);
            mean = (mean + smallest_mean) - smallest_mean;
            const V variance = larger(fma(-mean, mean, square), 0);
            buffer = fma(momentum, buffer, over_root(gradient, variance, epsilon));
            buffer = (buffer + smallest_mean) - smallest_mean;
            parameter = fma(-learning_rate, buffer, parameter);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t /*step*/) {
        detail::check_option(name, "a learning rate of at least 0", options.learning_rate);
        detail::check_option(name, "an alpha in [0, 1)", options.alpha, 0, 1);
        detail::check_option(name, "a momentum of at least 0", options.momentum);
        detail::check_epsilon(name, options.epsilon, sizeof(T) == 4);
        return {.learning_rate = static_cast<T>(options.learning_rate),
                .square_part = static_cast<T>(1 - options.alpha),
                .mean_part = static_cast<T>(options.centered ? 1 - options.alpha : 0),
                .momentum = static_cast<T>(options.momentum),
                .epsilon = static_cast<T>(options.epsilon),
                .smallest_square = detail::smallest_square<T>(options.epsilon),
                .smallest_mean = detail::smallest_mean<T>(options.epsilon)};
    }
};

template <class T>
class RmsProp : public Optimizer<T, RmsPropMethod> {
public:
    using Optimizer<T, RmsPropMethod>::Optimizer;
};

template <Network Net>
explicit RmsProp(const Net&, RmsPropOptions = {}) -> RmsProp<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI
