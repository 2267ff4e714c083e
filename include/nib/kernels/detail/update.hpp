// Runs an optimiser's rule (optim/optimizer.hpp says what one is) over arrays, compiled for every instruction set: over
// gradients in an array, or over those that a product has in registers while it computes them.
#pragma once

#include <nib/core/detail/flush_subnormals.hpp>
#include <nib/kernels/detail/sparse_matmul_transposed.hpp>
#include <nib/kernels/lanes.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

template <class Rule>
concept DividesByRoots = requires {
    Rule::divides_by_roots;
};

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

    // Roots and quotients share one unit, slower than all else here. So with AVX-512 one root in so many, of vectors
    // that follow each other, is made of multiply-adds beside it (compiled by GCC). One in two takes longer than none.
    static constexpr std::size_t multiplied_root = 4;
    using Mixed = Lanes<Avx512, float>;  // whose roots come from both units
    template <class V>
    static constexpr bool multiplies_roots = NIB_X86_INSTRUCTIONS != 0 && std::same_as<V, Mixed>&& DividesByRoots<Rule>;

    // Parameters i, i + 1, …, the vector number `v` of some.
    template <class V>
    NIB_ALWAYS_INLINE void move(std::size_t i, const V& gradient, std::size_t count, std::size_t v) const {
        if constexpr (multiplies_roots<V>)
            if (v % multiplied_root == multiplied_root - 1)
                return move(i, Lanes<Avx512MultipliedRoots, T>{gradient.vector}, count, v);
        V parameter = V::load(parameters + i, count), state[states_size];
        for (std::size_t s = 0; s < Rule::state_count; ++s) state[s] = V::load(states[s] + i, count);
        rule(parameter, gradient, state);
        parameter.store(parameters + i, count);
        for (std::size_t s = 0; s < Rule::state_count; ++s) state[s].store(states[s] + i, count);
    }

    // `size` parameters from `first` on.
    template <class V>
    NIB_ALWAYS_INLINE static void run(const Update* shared, std::size_t first, const T* gradients, std::size_t size) {
        const Update update = *shared;  // in registers: no store can change it
        // Other threads may have read these parameters. Prefetching for writing takes their cache lines back early, or
        // each store would wait for that.
        constexpr std::uintptr_t prefetch_bytes = 4096;
        const auto step = [=](std::size_t i, std::size_t count, std::size_t v) NIB_LAMBDA_ALWAYS_INLINE {
            if (count == V::size)
                prefetch_to_write(reinterpret_cast<std::uintptr_t>(update.parameters + first + i) + prefetch_bytes);
            update.move(first + i, V::load(gradients + i, count), count, v);
        };
        std::size_t i = 0;
        if constexpr (multiplies_roots<V>) {
            for (; i + multiplied_root * V::size <= size; i += multiplied_root * V::size) {
                NIB_UNROLL
                for (std::size_t v = 0; v < multiplied_root; ++v) step(i + v * V::size, V::size, v);
            }
        }
        for_each_vector<V, 1>(
            size - i, [=](std::size_t k, std::size_t count) NIB_LAMBDA_ALWAYS_INLINE { step(i + k, count, 0); });
    }
};

// Updates the parameters by gradients that multiply_by_column holds in registers.
template <class Rule, class T>
struct UpdateByColumn {
    Update<Rule, T> update;

    template <class Level, class V>
    NIB_ALWAYS_INLINE void operator()(std::size_t offset, const V& gradient, std::size_t count, std::size_t v) const {
        update.move(offset, Lanes<Level, T>{gradient}, count, v);
    }

    // Parameters offset, offset + 1, …, of Vectors vectors, without a gradient: takes the step where they rest
    // (optim/optimizer.hpp, resting_state); else returns false.
    template <class Level, std::size_t Vectors>
    requires requires { Rule::resting_state; }
    NIB_ALWAYS_INLINE bool rest(std::size_t offset) const {
        static_assert(Rule::resting_state < Rule::state_count);
        using V = Lanes<Level, T>;
        using Integers = typename V::Integers;
        using Integer = typename V::Integer;
        // The first lane decides most cases. Compared as an integer, it does not wait behind divisions.
        if (std::bit_cast<Integer>(update.states[Rule::resting_state][offset]) != 0) return false;
        const auto load = [=](const T* values, std::size_t v)
                              NIB_LAMBDA_ALWAYS_INLINE { return V::load(values + offset + v * V::size); };
        V state[Vectors][Rule::state_count], zeros = 0;
        Integers resting = {}, others = {};
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            for (std::size_t s = 0; s < Rule::state_count; ++s) {
                state[v][s] = load(update.states[s], v);
                const auto bits = reinterpret_cast<Integers>(state[v][s].vector);
                if (s == Rule::resting_state) {
                    resting |= bits;
                } else {
                    others |= bits;
                    zeros += state[v][s] * 0;  // NaN where it is not finite
                }
            }
        }
        const Integers all =
            resting | (others & (std::numeric_limits<Integer>::min)()) | reinterpret_cast<Integers>(zeros.vector);
        std::uint64_t words[sizeof all / 8], any = 0;
        std::memcpy(words, &all, sizeof words);
        for (const std::uint64_t word : words) any |= word;
        if (any != 0) return false;
        NIB_UNROLL
        for (std::size_t v = 0; v < Vectors; ++v) {
            V parameter = load(update.parameters, v);  // stays as it is: the compiler leaves out what is done with it
            update.rule(parameter, V{0}, state[v]);
            for (std::size_t s = 0; s < Rule::state_count; ++s)
                if (s != Rule::resting_state) state[v][s].store(update.states[s] + offset + v * V::size);
        }
        return true;
    }

    template <class V>
    NIB_ALWAYS_INLINE static void run(UpdateByColumn use, SparseProductRows<T> rows, bool accumulate) {
        using Level = typename V::level;
        constexpr std::size_t most = smaller<std::size_t>(256 / Level::vector_bytes, 8);
        if constexpr (is_tuned<Level>) multiply_by_column<Level, most>(rows, accumulate, use);
    }
};

// Kernel::run<V>(arguments…) on the active level.
template <class Kernel, class Rule, class T, class... Arguments>
void run_rule(Arguments... arguments) {
#if NIB_X86_INSTRUCTIONS
    if constexpr (std::same_as<T, float> && DividesByRoots<Rule>)
        if (active_isa() == Isa::avx512 && slow_divider.load_relaxed())
            return loop<Kernel, Lanes<Avx512SlowDivider, T>>(Avx512SlowDivider{}, arguments...);
#endif
    run_lanes<Kernel, T>(arguments...);
}

}  // namespace detail

// Updates `count` parameters by their gradients. `states` are Rule::state_count arrays, each as long. None overlap.
// Subnormal numbers count as 0 (core/detail/flush_subnormals.hpp).
template <class Rule, class T>
void update(const Rule& rule, std::size_t count, T* parameters, const T* gradients, T* const* states) {
    const ScopedFlushSubnormals scope;
    const detail::Update<Rule, T> update{rule, parameters, states};
    detail::run_rule<detail::Update<Rule, T>, Rule, T>(&update, std::size_t{0}, gradients, count);
}

// The same to the bit (but under -ffast-math, and subnormal parameters may stay) for a matrix of parameters whose
// gradients are such rows: parameters and states are those of the first row on. What is left in rows.c is not
// specified.
template <class Rule, class T>
void update(const Rule& rule, const SparseProductRows<T>& rows, T* parameters, T* const* states) {
    const ScopedFlushSubnormals scope;
    // With this many columns the rule takes gradients from registers, and they are computed while it waits for square
    // roots and divisions. With fewer columns, to go by column costs more than that saves; with more, rows of the
    // states are so long that the blocks of columns in which the product is computed are too far apart.
    const std::size_t row_bytes = rows.c.cols() * sizeof(T);
    if (row_bytes >= 256 && row_bytes < 2048 && runs_tuned()) {
        using ByColumn = detail::UpdateByColumn<Rule, T>;
        std::size_t left = rows.a.rows;
        return detail::for_each_part_of_depth(rows, false, [&](const SparseProductRows<T>& part, bool accumulate) {
            left -= part.a.rows;
            if (left > 0) return sparse_matmul_at_b_rows(part, accumulate);
            detail::run_rule<ByColumn, Rule, T>(ByColumn{{rule, parameters, states}}, part, accumulate);
        });
    }
    sparse_matmul_at_b_rows(rows);
    update<Rule, T>(rule, rows.c.size(), parameters, rows.c.data(), states);
}

}  // namespace nib::inline NIB_ABI::kernels
