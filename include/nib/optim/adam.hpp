// Adam (Kingma & Ba 2015, Algorithm 1), as torch.optim.Adam without weight decay.
//
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p -= learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)      t = 1, 2, … counts calls of step()
//
// state(0) is m, "exp_avg"; state(1) is v, "exp_avg_sq".
#pragma once

#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace nib::inline NIB_ABI {

struct AdamOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;     // in [0, 1)
    double beta2 = 0.999;   // in [0, 1)
    double epsilon = 1e-8;  // at least 2.8e-17 for float, so that squares of gradients that vanish do not count
};

struct AdamMethod {
    using Options = AdamOptions;
    static constexpr const char* name = "Adam";
    static constexpr const char* state_names[] = {"exp_avg", "exp_avg_sq"};

    // The bias corrections are folded in: with mhat = m / (1 - beta1^t) and vhat = v / (1 - beta2^t),
    //   p -= lr mhat / (sqrt(vhat) + eps)   is   p -= step_size m / (sqrt(v) + epsilon)
    // for step_size = lr sqrt(1 - beta2^t) / (1 - beta1^t) and epsilon = eps sqrt(1 - beta2^t).
    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 2;
        T one_minus_beta1;
        T one_minus_beta2;
        T step_size;
        T epsilon;
        T smallest_mean;
        T smallest_square;

        // m and v are written as m + (1 - beta1) (g - m), so that each sum has one product, which fma fuses with it.
        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            V &mean = state[0], &square = state[1];
            mean = fma(one_minus_beta1, gradient - mean, mean);
            mean = (mean + smallest_mean) - smallest_mean;
            square = fma(one_minus_beta2, fma(gradient, gradient, -square), square);
            square = (square + smallest_square) - smallest_square;
            parameter -= step_size * mean / (sqrt(square) + epsilon);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step);
};

template <class T>
class Adam : public Optimizer<T, AdamMethod> {
public:
    using Optimizer<T, AdamMethod>::Optimizer;
};

template <Network Net>
explicit Adam(const Net&) -> Adam<typename Net::scalar_type>;
template <Network Net>
explicit Adam(const Net&, AdamOptions) -> Adam<typename Net::scalar_type>;

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE class Optimizer<float, AdamMethod>;
NIB_TEMPLATE class Optimizer<double, AdamMethod>;
#endif

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/math.hpp>

namespace nib::inline NIB_ABI {

template <class T>
AdamMethod::Rule<T> AdamMethod::rule(const Options& options, std::uint64_t step) {
    const auto in_range = [](double value, double high) { return value >= 0 && value < high; };
    if (!in_range(options.learning_rate, 1e30)) fail("Adam: expected a learning rate of at least 0");
    if (!in_range(options.beta1, 1) || !in_range(options.beta2, 1)) fail("Adam: expected betas in [0, 1)");
    if (!(options.epsilon > 0)) fail("Adam: expected an epsilon above 0");
    if (options.epsilon < 256 * square_root(static_cast<double>((std::numeric_limits<T>::min)())))
        fail(sizeof(T) == 4 ? "Adam: expected an epsilon of at least 2.8e-17, or a network of double"
                            : "Adam: expected an epsilon of at least 3.9e-152");
    const auto t = static_cast<double>(step);
    const double correction1 = 1 - power(options.beta1, t);
    const double correction2 = square_root(1 - power(options.beta2, t));
    // Adding these to a moment and taking them off again rounds small moments to multiples of a smallest one, and
    // changes others by at most one unit in the last place. A mean that gets no more gradients (of a unit that has
    // died) would else decay into subnormal numbers and stay there for ever, and operations on these are slow. The
    // smallest square is 2^10 times the smallest normal number; the smallest mean is another 2^23 times that, because
    // its product with the learning rate should be normal too. Both are far below what an epsilon of 1e-12 lets count;
    // with a smaller one nothing is rounded.
    constexpr T square = (std::numeric_limits<T>::min)() / std::numeric_limits<T>::epsilon() * 1024;
    const bool rounds = options.epsilon >= 1e-12;
    return {.one_minus_beta1 = static_cast<T>(1 - options.beta1),
            .one_minus_beta2 = static_cast<T>(1 - options.beta2),
            .step_size = static_cast<T>(options.learning_rate * correction2 / correction1),
            .epsilon = static_cast<T>(options.epsilon * correction2),
            .smallest_mean = rounds ? square * 8'388'608 : T{0},
            .smallest_square = rounds ? square : T{0}};
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE AdamMethod::Rule<float> AdamMethod::rule(const Options&, std::uint64_t);
NIB_TEMPLATE AdamMethod::Rule<double> AdamMethod::rule(const Options&, std::uint64_t);
#endif

}  // namespace nib::inline NIB_ABI

#endif
