// AMSGrad (Reddi, Kale & Kumar 2018, "On the Convergence of Adam and Beyond"), as torch.optim.Adam with amsgrad=True:
// Adam that divides by the root of the largest v so far.
//
// state(0) is "exp_avg", state(1) "exp_avg_sq", state(2) the largest, "max_exp_avg_sq".
#pragma once

#include <nib/optim/adam.hpp>
#include <nib/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI {

struct AmsgradMethod {
    using Options = AdamOptions;
    static constexpr const char* name = "Amsgrad";
    static constexpr const char* state_names[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    static constexpr bool decays_gradients = true;

    template <class T>
    struct Rule {
        static constexpr std::size_t state_count = 3;
        static constexpr std::size_t resting_state = 0;
        static constexpr bool divides_by_roots = true;
        AdamRule<T> adam;

        template <class V>
        void operator()(V& parameter, const V& gradient, V* state) const {
            adam.average(gradient, state[0], state[1]);
            state[2] = larger(state[1], state[2]);
            parameter -= over_root(adam.step_size * state[0], state[2], adam.epsilon);
        }
    };

    template <class T>
    static Rule<T> rule(const Options& options, std::uint64_t step) {
        return {detail::adam_rule<T>(name, options, step)};
    }
};

template <class T>
class Amsgrad : public Optimizer<T, AmsgradMethod> {
public:
    using Optimizer<T, AmsgradMethod>::Optimizer;
};

template <Network Net>
explicit Amsgrad(const Net&, AdamOptions = {}) -> Amsgrad<typename Net::scalar_type>;

}  // namespace nib::inline NIB_ABI
