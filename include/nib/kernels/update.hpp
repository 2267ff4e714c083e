// Optimisers as rules: how one vector of parameters (kernels/lanes.hpp) moves by its gradients, and how many numbers
// an optimiser keeps for each parameter. A rule is compiled for every instruction set and runs over flat arrays, or
// over gradients that are made on the way:
//
//   template <class T>
//   struct Momentum {
//       static constexpr std::size_t state_count = 1;
//       T learning_rate, momentum;
//
//       template <class V>
//       void operator()(V& parameter, const V& gradient, V* state) const {
//           state[0] = momentum * state[0] + gradient;
//           parameter -= learning_rate * state[0];
//       }
//   };
//
// A long operator() is best marked [[gnu::always_inline]]: Clang would else compile it once, for the build's own
// instruction set. optim/optimizer.hpp makes an optimiser of a rule.
#pragma once

#include <nib/core/flush_subnormals.hpp>
#include <nib/kernels/lanes.hpp>
#include <nib/kernels/sparse_matmul_transposed.hpp>

#include <cstddef>
#include <cstdint>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// A rule and the arrays that it runs over.
template <class Rule, class T>
struct Update {
    static constexpr std::size_t states_size = Rule::state_count == 0 ? 1 : Rule::state_count;

    Rule rule;
    T* parameters;
    T* states[states_size];

    Update(const Rule& moves, T* first, T* const* arrays) : rule{moves}, parameters{first} {
        for (std::size_t s = 0; s < Rule::state_count; ++s) states[s] = arrays[s];
    }

    // Parameters i, i + 1, …
    template <class V>
    NIB_ALWAYS_INLINE void move(std::size_t i, const V& gradient, std::size_t count = V::size) const {
        V parameter = V::load(parameters + i, count), state[states_size];
        for (std::size_t s = 0; s < Rule::state_count; ++s) state[s] = V::load(states[s] + i, count);
        rule(parameter, gradient, state);
        parameter.store(parameters + i, count);
        for (std::size_t s = 0; s < Rule::state_count; ++s) state[s].store(states[s] + i, count);
    }

    template <class V>
    NIB_ALWAYS_INLINE static void run(Update update, const T* gradients, std::size_t size) {
        // Parameters that other threads have read are no longer this one's alone, and each store would wait until they
        // are.
        constexpr std::uintptr_t ahead = 1024;
        for_each_vector<V, 1>(size, [=](std::size_t i, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE {
            if (count == V::size) prefetch_to_write(reinterpret_cast<std::uintptr_t>(update.parameters + i) + ahead);
            update.move(i, V::load(gradients + i, count), count);
        });
    }
};

// What multiply_by_column does with gradients that would be stored in c.
template <class Rule, class T>
struct UpdateByColumn {
    Update<Rule, T> update;
    const T* c;

    template <class Level, class V>
    NIB_ALWAYS_INLINE void operator()(const T* place, const V& gradient) const {
        update.move(static_cast<std::size_t>(place - c), Lanes<Level, T, sizeof(V)>{gradient});
    }

    template <class V>
    NIB_ALWAYS_INLINE static void run(UpdateByColumn use, SparseProductRows<T> rows) {
        if constexpr (is_tuned<typename V::level>) multiply_by_column<typename V::level>(rows, false, use);
    }
};

}  // namespace detail

// Moves `count` parameters by their gradients. `states` are Rule::state_count arrays, each as long. None overlap.
// Subnormal numbers count as 0 (core/flush_subnormals.hpp).
template <class Rule, class T>
void update(const Rule& rule, std::size_t count, T* parameters, const T* gradients, T* const* states) {
    const ScopedFlushSubnormals scope;
    using Update = detail::Update<Rule, T>;
    run_lanes<Update, T>(Update{rule, parameters, states}, gradients, count);
}

// The same to the bit (but under -ffast-math) for a matrix of parameters whose gradients are such rows: parameters and
// states are those of the first row on. What is left in rows.c is not specified.
template <class Rule, class T>
void update(const Rule& rule, const SparseProductRows<T>& rows, T* parameters, T* const* states) {
    const ScopedFlushSubnormals scope;
    // With so many columns the gradients go from registers into the rule, and are made while it waits for square roots
    // and divisions. For fewer, the lists by column that this takes cost more than it saves; more are multiplied out in
    // blocks of columns, and the states of a block are too far apart.
    const std::size_t row_bytes = rows.c.cols() * sizeof(T);
    using ByColumn = detail::UpdateByColumn<Rule, T>;
    if (row_bytes >= 256 && row_bytes < 512 && runs_tuned())
        return run_lanes<ByColumn, T>(ByColumn{{rule, parameters, states}, rows.c.data()}, rows);
    sparse_matmul_at_b_rows(rows);
    update<Rule, T>(rule, rows.c.size(), parameters, rows.c.data(), states);
}

}  // namespace nib::inline NIB_ABI::kernels
