// Optimizer<T, Method>: moves a network's parameters by their gradients. nib::Adam (optim/adam.hpp) and nib::Sgd are
// such, and an optimiser of your own is a Method: its options, and a rule made of them for each step. The rule says how
// one SIMD vector V of parameters moves by its gradients (kernels/lanes.hpp lists the functions of vectors), and how
// many states it keeps for each parameter. It is compiled for every instruction set, and runs over arrays, or takes
// gradients from registers while a product computes them.
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
// The states of these parameters are state[0], state[1], …, 0 at first:
//
//   state[0] = momentum * state[0] + gradient;
//
// A method whose rule has some names them for checkpoints, as PyTorch does:
//
//   static constexpr const char* state_names[] = {"momentum_buffer"};
//
// Options may change between steps; rule() is where they are checked. Mark a long operator() [[gnu::always_inline]]:
// else Clang compiles it once, for the build's instruction set.
//
// A rule that divides by roots calls over_root, and says static constexpr bool divides_by_roots = true: it is compiled
// once more then, for CPUs whose divider is slow, where quotients come from multiply-adds.
//
// A rule that does nothing to a parameter without a gradient once one of its states is 0 may say which, static
// constexpr std::size_t resting_state = 0: where that state and the gradient are 0, and the other states are finite and
// not negative, it must leave the parameter as it is, and that state 0. Weights of inputs that were 0 for long then
// rest, and cost little.
//
// A rule need not know of weight decay. Where the method says static constexpr bool decays_gradients = true, and its
// options have a weight_decay, weight_decay times the parameters is added to their gradients before the rule sees them
// (an L2 penalty, as torch.optim.Adam has it).
//
// Some parameters may have options of their own, and others may be left as they are:
//
//   nib::AdamW optimizer{net};
//   nib::AdamWOptions no_decay = optimizer.options();
//   no_decay.weight_decay = 0;
//   optimizer.add_group(nib::parameters_named(net, "bias"), no_decay);
//   optimizer.freeze(nib::layer_parameters(net, "0"));
//
// States are flat arrays in the order of the network's parameters, kept by position, not by an
// address: the network may be moved or copied between steps.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/kernels/detail/update.hpp>
#include <nib/model/network.hpp>
#include <nib/optim/parameter_groups.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Fails unless low <= value < high.
void check_option(const char* optimizer, const char* expected, double value, double low = 0, double high = 1e30);
// Fails on an epsilon that is no number to add to roots of squared gradients, and on one so small that squares of
// gradients that count beside it vanish.
void check_epsilon(const char* optimizer, double epsilon, bool is_float);

// To add this to an average of squares and to take it off again rounds small ones to multiples of it, and changes
// others by at most one unit in the last place. An average that gets no more gradients (of a unit that has died) would
// else decay into subnormal numbers and stay there for ever, and operations on these are slow. It is 2^10 times the
// smallest normal number divided by the precision; that for an average of gradients is another 2^23 times that, because
// its product with the learning rate should be normal too. Both are far below what an epsilon of 1e-12 lets count; with
// a smaller one nothing is rounded.
template <class T>
constexpr T smallest_square(double epsilon) {
    using Limits = std::numeric_limits<T>;
    return epsilon >= 1e-12 ? (Limits::min)() / Limits::epsilon() * 1024 : T{0};
}
template <class T>
constexpr T smallest_mean(double epsilon) {
    return smallest_square<T>(epsilon) * 8'388'608;
}

template <class Method>
constexpr bool decays_gradients_of() {
    if constexpr (requires { Method::decays_gradients; })
        return Method::decays_gradients;
    else
        return false;
}

// to[i] = gradients[i] + weight_decay parameters[i]
template <class T>
void decay_gradients(T weight_decay, const T* __restrict parameters, const T* __restrict gradients, std::size_t count,
                     T* __restrict to) {
    constexpr std::size_t piece = 64;  // of constant length: vector instructions
    std::size_t i = 0;
    for (; i + piece <= count; i += piece)
        for (std::size_t k = i; k < i + piece; ++k) to[k] = gradients[k] + weight_decay * parameters[k];
    for (; i < count; ++i) to[i] = gradients[i] + weight_decay * parameters[i];
}

}  // namespace detail

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
        static_cast<void>(move_by(options_));  // may fail
        for (std::size_t s = 0; s < state_count; ++s) states_[s].resize(size_);
    }

    // Moves the parameters of `net` against their gradients.
    template <Network Net>
    void step(Net& net, const DeferredGradient<T>& gradient) {
        step(net.parameters(), gradient);
    }
    void step(std::span<T> parameters, const DeferredGradient<T>& gradient) {
        gradient.visit(Step{*this, next_move(parameters.size(), gradient.size()), parameters.data()});
    }
    // The same for gradients in an array, which are ordered as the parameters are.
    template <Network Net>
    void step(Net& net, std::span<const T> gradients) {
        step(net.parameters(), gradients);
    }
    void step(std::span<T> parameters, std::span<const T> gradients) {
        move(next_move(parameters.size(), gradients.size()), parameters.data(), 0, gradients);
    }

    // May be changed between steps.
    Options& options() { return options_; }
    const Options& options() const { return options_; }

    // Gives some parameters options of their own; all others have options(). Returns the group's number: 1, 2, ….
    // Fails on parameters that another group has, and on what rule() refuses.
    std::size_t add_group(std::span<const Range> parameters, const Options& options) {
        const Move first = move_by(options);
        groups_.reserve(groups_.size() + 1);
        pieces_.add(name(), size(), parameters, groups_.size() + 1);
        groups_.push_back({options, first});
        return groups_.size();
    }
    // Those of a group.
    Options& options(std::size_t group) { return group == 0 ? options_ : groups_[group - 1].options; }
    const Options& options(std::size_t group) const { return group == 0 ? options_ : groups_[group - 1].options; }

    // Leaves some parameters and their states as they are at each step, in whatever group; their gradients are not even
    // multiplied out. steps() goes on for them too. Buffers, such as BatchNorm's running means, still move.
    void freeze(std::span<const Range> parameters) { pieces_.freeze(name(), size(), parameters, true); }
    void unfreeze(std::span<const Range> parameters) { pieces_.freeze(name(), size(), parameters, false); }

    // From the next step on, the learning rates of all groups count `factor` times; options() stay as they are. This is
    // how fit follows a schedule.
    void scale_learning_rate(double factor) requires requires(Options& options) { options.learning_rate; }
    { rate_factor_ = factor; }

    // The number of steps taken.
    std::uint64_t steps() const { return steps_; }
    // One number for each parameter, in their order.
    std::span<const T> state(std::size_t index) const {
        assert(index < state_count);
        return {states_[index].data(), states_[index].size()};
    }
    // Continues from another optimiser's steps() and states.
    void restore(std::uint64_t steps, std::span<const std::span<const T>> states) {
        if (states.size() != state_count) fail({Method::name, ": keeps ", state_count, " states, got ", states.size()});
        for (const std::span<const T> state : states)
            if (state.size() != size())
                fail({Method::name, ": made for ", size(), " parameters, got a state of ", state.size()});
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

    // How parameters move at a step.
    struct Move {
        Rule rule;
        T weight_decay;  // of their gradients
    };
    struct Group {
        Options options;
        Move move;
    };

    // One step, as blocks of gradients come.
    class Step final : public GradientVisitor<T> {
    public:
        Step(Optimizer& optimizer, const Move& default_move, T* parameters)
            : optimizer_{optimizer}, default_move_{default_move}, parameters_{parameters} {}

        bool wants(std::size_t first, std::size_t end) const override {
            return optimizer_.pieces_.empty() || optimizer_.pieces_.any_moves(first, end);
        }
        [[gnu::noinline]] void take(std::size_t offset, std::span<const T> block) const override {
            optimizer_.move(default_move_, parameters_, offset, block);
        }
        [[gnu::noinline]] void take_product(std::size_t offset,
                                            const kernels::SparseProductRows<T>& rows) const override {
            const Move* const all = optimizer_.move_of_all(default_move_, offset, offset + rows.c.size());
            if (all == nullptr || all->weight_decay != 0) return GradientVisitor<T>::take_product(offset, rows);
            kernels::update<Rule, T>(all->rule, rows, parameters_ + offset, StatesFrom{optimizer_, offset}.data);
        }

    private:
        Optimizer& optimizer_;
        Move default_move_;
        T* parameters_;
    };

    // How many parameters it was made for; 0 where it was moved from.
    std::size_t size() const { return state_count > 0 ? states_[0].size() : size_; }

    // At the next step.
    Move move_by(Options options) const {
        if constexpr (requires { options.learning_rate; })
            if (rate_factor_ != 1)
                options.learning_rate =
                    static_cast<decltype(options.learning_rate)>(options.learning_rate * rate_factor_);
        const Rule rule = Method::template rule<T>(options, steps_ + 1);
        if constexpr (detail::decays_gradients_of<Method>()) {
            detail::check_option(name(), "a weight decay of at least 0", options.weight_decay);
            return {rule, static_cast<T>(options.weight_decay)};
        } else {
            return {rule, T{0}};
        }
    }

    // Of what is in no other group. Counts the step.
    Move next_move(std::size_t parameters, std::size_t gradients) {
        if (parameters != size() || gradients != size())
            fail({Method::name, ": made for ", size(), " parameters, got ", parameters, " and ", gradients,
                  " gradients"});
        const Move default_move = move_by(options_);
        for (Group& group : groups_) group.move = move_by(group.options);
        ++steps_;
        return default_move;
    }

    const Move& move_of(const Move& default_move, std::size_t group) const {
        return group == 0 ? default_move : groups_[group - 1].move;
    }
    // How all parameters in [first, end) move; null where not all do, or not in the same way.
    const Move* move_of_all(const Move& default_move, std::size_t first, std::size_t end) const {
        if (pieces_.empty()) return &default_move;
        const auto* const piece = pieces_.only(first, end);
        return piece == nullptr || piece->is_frozen ? nullptr : &move_of(default_move, piece->group);
    }

    // Those from `offset` on.
    void move(const Move& default_move, T* parameters, std::size_t offset, std::span<const T> gradients) {
        if (pieces_.empty()) return move(default_move, parameters, gradients.data(), offset, gradients.size());
        pieces_.for_each(offset, offset + gradients.size(), [&](std::size_t first, std::size_t end, std::size_t group) {
            move(move_of(default_move, group), parameters, gradients.data() + (first - offset), first, end - first);
        });
    }
    void move(const Move& by, T* parameters, const T* gradients, std::size_t offset, std::size_t count) {
        if (by.weight_decay == 0)
            return kernels::update<Rule, T>(by.rule, count, parameters + offset, gradients,
                                            StatesFrom{*this, offset}.data);
        if constexpr (detail::decays_gradients_of<Method>()) {
            const ScopedFlushSubnormals flush;
            T decayed[1024];
            for (std::size_t i = 0; i < count; i += std::size(decayed)) {
                const std::size_t some = smaller(std::size(decayed), count - i);
                detail::decay_gradients(by.weight_decay, parameters + offset + i, gradients + i, some, decayed);
                kernels::update<Rule, T>(by.rule, some, parameters + offset + i, decayed,
                                         StatesFrom{*this, offset + i}.data);
            }
        }
    }

    Options options_;
    std::size_t size_;
    std::uint64_t steps_ = 0;
    double rate_factor_ = 1;
    AlignedVector<T> states_[array_size];
    detail::ParameterPieces pieces_;
    std::vector<Group> groups_;
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

namespace nib::inline NIB_ABI::detail {

NIB_API void check_option(const char* optimizer, const char* expected, double value, double low, double high) {
    if (!(value >= low && value < high)) fail({optimizer, ": expected ", expected});
}

NIB_API void check_epsilon(const char* optimizer, double epsilon, bool is_float) {
    if (!(epsilon > 0)) fail({optimizer, ": expected an epsilon above 0"});
    if (!(epsilon < 1e37)) fail({optimizer, ": expected an epsilon below 1e37"});  // as over_root takes
    // 256 times the root of the smallest normal number.
    if (epsilon < (is_float ? 0x1p-55 : 0x1p-503))
        fail({optimizer, is_float ? ": expected an epsilon of at least 2.8e-17, or a network of double"
                                  : ": expected an epsilon of at least 3.9e-152"});
}

}  // namespace nib::inline NIB_ABI::detail

#endif
