// Optimizer<T, Method>: moves a network's parameters by their gradients. nib::Adam (optim/adam.hpp) and nib::Sgd are
// such, and an optimiser of your own is a Method: its options, and a rule (kernels/update.hpp) made of them for each
// step.
//
//   struct SignSgdMethod {  // p -= learning_rate sign(g)
//       struct Options {
//           double learning_rate = 1e-3;
//       };
//       static constexpr const char* name = "SignSgd";
//
//       template <class T>
//       struct Rule {
//           static constexpr std::size_t state_count = 0;
//           T learning_rate;
//
//           template <class V>
//           void operator()(V& parameter, const V& gradient, V* /*state*/) const {
//               parameter -= learning_rate * where(gradient > 0, 1, where(gradient < 0, -1, 0));
//           }
//       };
//       template <class T>
//       static Rule<T> rule(const Options& options, std::uint64_t /*step*/) {  // step 1, 2, …
//           if (!(options.learning_rate >= 0)) nib::fail("SignSgd: expected a learning rate of at least 0");
//           return {static_cast<T>(options.learning_rate)};
//       }
//   };
//
//   nib::Optimizer<float, SignSgdMethod> optimizer{net, {.learning_rate = 0.01}};
//   optimizer.step(net, gradients(net, batch));
//
// A rule with states names them for checkpoints, as PyTorch does: static constexpr const char* state_names[] =
// {"momentum_buffer"}. States are 0 at first. Options may change between steps, as schedules change learning_rate;
// rule() is where they are checked.
//
// States are flat arrays in the order of the network's parameters, kept by position, not by an
// address: the network may be moved or copied between steps.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/kernels/update.hpp>
#include <nib/model/network.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace nib::inline NIB_ABI {

template <class T, class Method>
class Optimizer {
    using Rule = decltype(Method::template rule<T>(typename Method::Options{}, std::uint64_t{1}));

public:
    using Options = typename Method::Options;
    static constexpr std::size_t state_count = Rule::state_count;

    template <Network Net>
    explicit Optimizer(const Net& net, const Options& options = {}) : Optimizer{net.parameters().size(), options} {}
    // For so many parameters.
    explicit Optimizer(std::size_t parameters, const Options& options = {}) : options_{options}, size_{parameters} {
        static_cast<void>(Method::template rule<T>(options_, 1));  // may fail
        for (std::size_t s = 0; s < state_count; ++s) states_[s].resize(size_);
    }

    // Moves the parameters of `net` against their gradients.
    template <Network Net>
    void step(Net& net, const Gradient<T>& gradient) {
        step(net.parameters(), gradient);
    }
    void step(std::span<T> parameters, const Gradient<T>& gradient) {
        const Rule rule = next_rule(parameters.size(), gradient.size());
        gradient.for_each_block(
            [&](std::size_t offset, std::span<const T> block) {
                kernels::update<Rule, T>(rule, block.size(), parameters.data() + offset, block.data(),
                                         StatesFrom{*this, offset}.data);
            },
            [&](std::size_t offset, const kernels::SparseProductRows<T>& rows) {
                kernels::update<Rule, T>(rule, rows, parameters.data() + offset, StatesFrom{*this, offset}.data);
            });
    }
    // The same for gradients in an array, which are ordered as the parameters are.
    template <Network Net>
    void step(Net& net, std::span<const T> gradients) {
        step(net.parameters(), gradients);
    }
    void step(std::span<T> parameters, std::span<const T> gradients) {
        const Rule rule = next_rule(parameters.size(), gradients.size());
        kernels::update<Rule, T>(rule, parameters.size(), parameters.data(), gradients.data(),
                                 StatesFrom{*this, 0}.data);
    }

    // May be changed between steps.
    Options& options() { return options_; }
    const Options& options() const { return options_; }

    // How many steps were taken.
    std::uint64_t steps() const { return steps_; }
    // One number for each parameter, in their order.
    std::span<const T> state(std::size_t index) const {
        assert(index < state_count);
        return {states_[index].data(), states_[index].size()};
    }
    // Goes on where another optimiser's steps() and states were taken.
    void restore(std::uint64_t steps, std::span<const std::span<const T>> states) {
        if (states.size() != state_count)
            fail(std::string(Method::name) + ": keeps " + std::to_string(state_count) + " states, got " +
                 std::to_string(states.size()));
        for (const std::span<const T> state : states)
            if (state.size() != size())
                fail(std::string(Method::name) + ": made for " + std::to_string(size()) +
                     " parameters, got a state of " + std::to_string(state.size()));
        steps_ = steps;
        for (std::size_t s = 0; s < state_count; ++s) copy_values(states[s].data(), size(), states_[s].data());
    }

    static constexpr const char* name() { return Method::name; }
    // state_count names.
    static constexpr std::span<const char* const> state_names() {
        if constexpr (state_count == 0) {
            return {};
        } else {
            static_assert(std::span{Method::state_names}.size() == state_count, "nib: a method names each state");
            return Method::state_names;
        }
    }

private:
    static constexpr std::size_t array_size = state_count == 0 ? 1 : state_count;

    struct StatesFrom {
        StatesFrom(Optimizer& optimizer, std::size_t offset) {
            for (std::size_t s = 0; s < state_count; ++s) data[s] = optimizer.states_[s].data() + offset;
        }
        T* data[array_size] = {};
    };

    // How many parameters it was made for; 0 where it was moved from.
    std::size_t size() const { return state_count > 0 ? states_[0].size() : size_; }

    // Counts the step.
    Rule next_rule(std::size_t parameters, std::size_t gradients) {
        if (parameters != size() || gradients != size())
            fail(std::string(Method::name) + ": made for " + std::to_string(size()) + " parameters, got " +
                 std::to_string(parameters) + " and " + std::to_string(gradients) + " gradients");
        const Rule rule = Method::template rule<T>(options_, steps_ + 1);
        ++steps_;
        return rule;
    }

    Options options_;
    std::size_t size_;
    std::uint64_t steps_ = 0;
    AlignedVector<T> states_[array_size];
};

}  // namespace nib::inline NIB_ABI
