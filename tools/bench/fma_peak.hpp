// The most that a core can do: fused multiply-adds in registers, nothing loaded, nothing stored. And the clock for it.
#pragma once

#include <nib/kernels/isa.hpp>
#include <nib/kernels/vector.hpp>

#include <algorithm>
#include <cstddef>

#include <time.h>

namespace bench {

// Of this thread: what others do on the same core in the meantime does not count.
inline double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

namespace detail {

// `sums` independent chains s = s * factor + 1, which hide the latency, and fit SSE2's 16 registers beside the two
// operands. Returns the number of floating-point operations.
template <class T>
double run_chains(std::size_t steps, T factor, T& result) {
    constexpr std::size_t sums = 14;
    std::size_t width = 0;
    nib::kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        using V = nib::kernels::Vector<Level, T>;
        width = nib::kernels::lanes<Level, T>;
        const V one = T{1} - V{};
        V s[sums];
        for (std::size_t i = 0; i < sums; ++i) s[i] = static_cast<T>(i) - V{};  // all different: equal ones would merge
        for (std::size_t step = 0; step < steps; ++step) {
            NIB_UNROLL
            for (std::size_t i = 0; i < sums; ++i) {
                V next = one;
                nib::kernels::multiply_add<Level>(next, factor, s[i]);
                s[i] = next;
            }
        }
        for (std::size_t i = 1; i < sums; ++i) s[0] += s[i];
        T lanes[nib::kernels::lanes<Level, T>];
        nib::kernels::store(lanes, s[0]);
        result = lanes[0];
    });
    return 2.0 * static_cast<double>(sums * width * steps);
}

}  // namespace detail

// 1e9 operations a second (a multiply-add is two) of numbers T on the active instruction set, over about a millisecond.
template <class T>
double measure_fma_rate() {
    volatile T factor = T{0.5};
    volatile T sink;
    T result = 0;
    const double start = cpu_seconds();
    const double operations = detail::run_chains<T>(200'000, factor, result);
    const double seconds = cpu_seconds() - start;
    sink = result;
    static_cast<void>(sink);
    return operations / seconds * 1e-9;
}

// The fastest of many such measurements: the core when nobody disturbs it.
template <class T>
double fma_peak() {
    double fastest = 0;
    for (int round = 0; round < 100; ++round) fastest = std::max(fastest, measure_fma_rate<T>());
    return fastest;
}

}  // namespace bench
