// Adam (Kingma & Ba 2015, Algorithm 1), as torch.optim.Adam.
//
//   g = g + weight_decay p
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p -= learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)      t = 1, 2, … counts calls of step()
//
// state(0) is m, "exp_avg"; state(1) is v, "exp_avg_sq". (Weight decay that is not divided by the root of v is AdamW's,
// optim/adamw.hpp.)
#pragma once

#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct AdamOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;     // in [0, 1)
    double beta2 = 0.999;   // in [0, 1)
    double epsilon = 1e-8;  // at least 2.8e-17 for float, so that squares of gradients that vanish do not count
    double weight_decay = 0;
};

// The bias corrections are folded in: with mhat = m / (1 - beta1^t) and vhat = v / (1 - beta2^t),
//   p -= lr mhat / (sqrt(vhat) + eps)   is   p -= step_size m / (sqrt(v) + epsilon)
// for step_size = lr sqrt(1 - beta2^t) / (1 - beta1^t) and epsilon = eps sqrt(1 - beta2^t).
template <class T>
struct AdamRule {
    static constexpr std::size_t state_count = 2;
    static constexpr std::size_t resting_state = 0;
    static constexpr bool divides_by_roots = true;
    T one_minus_beta1;
    T one_minus_beta2;
    T step_size;
    T epsilon;
    T smallest_mean;
    T smallest_square;

    // m and v are written as m + (1 - beta1) (g - m), so that each sum has one product, which fma fuses with it.
    template <class V>
    void average(const V& gradient, V& mean, V& square) const {
        mean = fma(one_minus_beta1, gradient - mean, mean);
        mean = (mean + smallest_mean) - smallest_mean;
        square = fma(one_minus_beta2, fma(gradient, gradient, -square), square);
        square = (square + smallest_square) - smallest_square;
    }
    template <class V>
    void operator()(V& parameter, const V& gradient, V* state) const {
        average(gradient, state[0], state[1]);
        parameter -= over_root(step_size * state[0], state[1], epsilon);
    }
};

namespace detail {

// weight_decay aside.
template <class T>
AdamRule<T> adam_rule(const char* optimizer, const AdamOptions& options, std::uint64_t step);

}  // namespace detail

struct AdamMethod {
    using Options = AdamOptions;
    static constexpr const char* name = "Adam";
    static constexpr const char* state_names[] = {"exp_avg", "exp_avg_sq"};
    static constexpr bool decays_gradients = true;

    template <class T>
    static AdamRule<T> rule(const Options& options, std::uint64_t step) {
        return detail::adam_rule<T>(name, options, step);
    }
};

template <class T>
class Adam : public Optimizer<T, AdamMethod> {
public:
    using Optimizer<T, AdamMethod>::Optimizer;
};

template <Network Net>
explicit Adam(const Net&, AdamOptions = {}) -> Adam<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/math.hpp>

namespace nib::inline NIB_ABI {

template <class T>
AdamRule<T> detail::adam_rule(const char* optimizer, const AdamOptions& options, std::uint64_t step) {
    check_option(optimizer, "a learning rate of at least 0", options.learning_rate);
    check_option(optimizer, "betas in [0, 1)", options.beta1, 0, 1);
    check_option(optimizer, "betas in [0, 1)", options.beta2, 0, 1);
    check_epsilon(optimizer, options.epsilon, sizeof(T) == 4);
    const auto t = static_cast<double>(step);
    const double correction1 = 1 - power(options.beta1, t);
    const double correction2 = square_root(1 - power(options.beta2, t));
    return {.one_minus_beta1 = static_cast<T>(1 - options.beta1),
            .one_minus_beta2 = static_cast<T>(1 - options.beta2),
            .step_size = static_cast<T>(options.learning_rate * correction2 / correction1),
            .epsilon = static_cast<T>(options.epsilon * correction2),
            .smallest_mean = smallest_mean<T>(options.epsilon),
            .smallest_square = smallest_square<T>(options.epsilon)};
}

}  // namespace nib::inline NIB_ABI

#endif
