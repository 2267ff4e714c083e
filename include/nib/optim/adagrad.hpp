// Adagrad (Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods"), as torch.optim.Adagrad.
//
//   g = g + weight_decay p
//   s = s + g^2                                  s = initial_accumulator_value + g^2 where s was 0
//   p -= learning_rate / (1 + (t - 1) lr_decay) g / (sqrt(s) + epsilon)            t = 1, 2, … counts calls of step()
//
// state(0) is s, "sum".
#pragma once

#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct AdagradOptions {
    double learning_rate = 1e-2;
    double lr_decay = 0;
    double weight_decay = 0;
    double initial_accumulator_value = 0;
    double epsilon = 1e-10;  // at least 2.8e-17 for float
};

struct AdagradMethod {
    using Options = AdagradOptions;
    static constexpr const char* name = "Adagrad";
    static constexpr const char* state_names[] = {"sum"};
    static constexpr bool decays_gradients = true;

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 1;
        static constexpr bool divides_by_roots = true;
        T learning_rate;
        T initial;  // of states that are 0 still, as those of parameters that were frozen
        T epsilon;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            state[0] = fma(gradient, gradient, where(state[0] == 0, initial, state[0]));
            parameter = fma(-learning_rate, over_root(gradient, state[0], epsilon), parameter);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step) {
        detail::check_option(name, "a learning rate of at least 0", options.learning_rate);
        detail::check_option(name, "an lr_decay of at least 0", options.lr_decay);
        detail::check_option(name, "an initial_accumulator_value of at least 0", options.initial_accumulator_value);
        detail::check_epsilon(name, options.epsilon, sizeof(T) == 4);
        const double rate = options.learning_rate / (1 + static_cast<double>(step - 1) * options.lr_decay);
        return {.learning_rate = static_cast<T>(rate),
                .initial = static_cast<T>(options.initial_accumulator_value),
                .epsilon = static_cast<T>(options.epsilon)};
    }
};

template <class T>
class Adagrad : public Optimizer<T, AdagradMethod> {
public:
    using Optimizer<T, AdagradMethod>::Optimizer;
};

template <Network Net>
explicit Adagrad(const Net&, AdagradOptions = {}) -> Adagrad<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI
