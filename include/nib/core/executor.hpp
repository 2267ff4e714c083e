// Executor: what runs the parts of a job at the same time, if anything does. ThreadPool is one; a program with a pool
// of its own can write another. Passes know only this, so that inference needs no thread header.
//
// Where several threads use one executor, its run_parts() is called by several at once. It may let them wait for each
// other or serve them side by side.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/algorithm.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI {

class Executor {
public:
    // How many parts can run at the same time: at least 1.
    virtual std::size_t size() const = 0;

    // Whether parts would start at once, because no thread has to be woken: then small jobs are shared too.
    virtual bool is_awake() const { return false; }

    // Calls f(0), …, f(parts - 1), 1 <= parts <= size(), at the same time where it can, and returns when all have
    // returned. f must not throw, fork, or run anything on this executor; no part may wait for another.
    //
    // Cold, so that the compiler does not guess that the executor is a ThreadPool, and put what that does into each
    // caller, also in programs that have none.
    template <class F>
    [[gnu::cold, gnu::noinline]] void parallel_for(std::size_t parts, const F& f) {
        if (parts == 1) return f(std::size_t{0});
        run_parts(
            parts, [](const void* job, std::size_t part) { (*static_cast<const F*>(job))(part); }, &f);
    }

protected:
    using Part = void (*)(const void* job, std::size_t part);

    ~Executor() = default;

private:
    virtual void run_parts(std::size_t parts, Part part, const void* job) = 0;
};

// A range of things that are done together.
struct Range {
    std::size_t first;
    std::size_t count;
};

// Chunk number `part` of `parts` into which `count` things are divided; the sizes of all but the last are multiples of
// `step`.
constexpr Range chunk(std::size_t count, std::size_t part, std::size_t parts, std::size_t step = 1) {
    const std::size_t each = (count + parts - 1) / parts;
    const std::size_t size = (each + step - 1) / step * step;
    const std::size_t first = smaller(part * size, count);
    return {first, smaller(size, count - first)};
}

// How many threads a job on a batch of `rows` examples gets, of so many floating-point operations in all. Waking a
// thread and waiting for it takes time, in which the caller could have done much of a small job. With few rows,
// fetching the parameters that another thread has changed takes longer than several threads save.
inline std::size_t thread_count_for(const Executor* executor, std::size_t rows, double operations) {
    constexpr std::size_t fewest_rows = 64;
    constexpr double least_awake = 1e6, least_asleep = 4e6;
    if (executor == nullptr || rows < fewest_rows || operations < 2 * least_awake) return 1;
    const double least = executor->is_awake() ? least_awake : least_asleep;
    if (operations < 2 * least) return 1;
    const double most = static_cast<double>(executor->size());
    return static_cast<std::size_t>(smaller(most, operations / least));
}

}  // namespace nib::inline NIB_ABI
