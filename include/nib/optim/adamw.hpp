// AdamW (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization"), as torch.optim.AdamW.
//
//   p -= learning_rate weight_decay p, and then as Adam without weight decay (optim/adam.hpp)
//
// state(0) is "exp_avg", state(1) "exp_avg_sq".
#pragma once

#include <nib/optim/adam.hpp>
#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct AdamWOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;     // in [0, 1)
    double beta2 = 0.999;   // in [0, 1)
    double epsilon = 1e-8;  // as Adam's
    double weight_decay = 1e-2;
};

struct AdamWMethod {
    using Options = AdamWOptions;
    static constexpr const char* name = "AdamW";
    static constexpr const char* state_names[] = {"exp_avg", "exp_avg_sq"};

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 2;
        static constexpr bool divides_by_roots = true;
        AdamRule<T> adam;
        T decay;  // learning_rate weight_decay

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            parameter = fma(-decay, parameter, parameter);
            adam(parameter, gradient, state);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step) {
        detail::check_option(name, "a weight decay of at least 0", options.weight_decay);
        const AdamOptions adam{options.learning_rate, options.beta1, options.beta2, options.epsilon, 0};
        return {detail::adam_rule<T>(name, adam, step), static_cast<T>(options.learning_rate * options.weight_decay)};
    }
};

template <class T>
class AdamW : public Optimizer<T, AdamWMethod> {
public:
    using Optimizer<T, AdamWMethod>::Optimizer;
};

template <Network Net>
explicit AdamW(const Net&, AdamWOptions = {}) -> AdamW<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI
