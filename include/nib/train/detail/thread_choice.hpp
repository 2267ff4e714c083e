// Whether training gains by several threads, found out as it goes.
#pragma once

#include <nib/core/executor.hpp>

#include <cstddef>
#include <limits>

namespace nib::inline NIB_ABI::detail {

// An executor that runs on all threads of another one, or on the caller alone, whichever is faster just now. At each
// step a thread fetches the parameters that others have changed. Where their cores do not share a cache, that takes
// longer than sharing the work saves; and the host of a virtual machine moves cores about. Every now and then, and when
// steps have become slower, a few of them are tried the other way. Results do not depend on it.
class ThreadChoice final : public Executor {
public:
    explicit ThreadChoice(Executor& all) : all_{all} {}

    std::size_t size() const override { return on_all_ ? all_.size() : 1; }
    bool is_awake() const override { return all_.is_awake(); }

    // After each step: how long it took, in whatever unit, by example where batches differ in size.
    void add(double time);

private:
    // Of so many steps the shortest counts; what else the machine does only makes some longer.
    static constexpr int window = 32;
    // The first steps of a trial fetch what the other way has left in other caches. It ends early where it is slower.
    static constexpr int ignored = 2, tried = 4;
    static constexpr double slower = 1.2;
    // Steps from one trial to the next, so many times as many after each that changed nothing. That all threads have
    // become slower is noticed without a trial; that they have become faster than one is not.
    static constexpr int shortest_wait = window, longest_wait_on_one = 512, longest_wait_on_all = 8192;
    static constexpr int longer_on_one = 4, longer_on_all = 16;
    static constexpr double never = (std::numeric_limits<double>::max)();

    void run_parts(std::size_t parts, Part part, const void* job) override {
        all_.parallel_for(parts, [part, job](std::size_t i) { part(job, i); });
    }
    void start(bool on_all, bool is_trial, double expected);

    Executor& all_;
    bool on_all_ = true;
    bool is_trial_ = false;
    int steps_ = 0;  // since the choice or the trial began
    int wait_ = shortest_wait;
    double shortest_ = never;  // of this window or trial
    double expected_ = never;  // the shortest since the choice was made; in a trial, before it
};

}  // namespace nib::inline NIB_ABI::detail

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>

namespace nib::inline NIB_ABI::detail {

NIB_API void ThreadChoice::add(double time) {
    if (all_.size() == 1) return;
    ++steps_;
    if (is_trial_ && steps_ <= ignored) return;
    shortest_ = smaller(shortest_, time);
    if (is_trial_) {
        if (steps_ < ignored + tried && time <= slower * expected_) return;
        if (shortest_ < expected_) {
            wait_ = shortest_wait;
            return start(on_all_, false, shortest_);
        }
        wait_ = on_all_ ? smaller(longer_on_one * wait_, longest_wait_on_one)  // all were tried beside one
                        : smaller(longer_on_all * wait_, longest_wait_on_all);
        return start(!on_all_, false, expected_);
    }
    if (steps_ % window != 0) return;
    if (steps_ >= wait_ || shortest_ > slower * expected_) return start(!on_all_, true, shortest_);
    expected_ = smaller(expected_, shortest_);
    shortest_ = never;
}

NIB_API void ThreadChoice::start(bool on_all, bool is_trial, double expected) {
    on_all_ = on_all;
    is_trial_ = is_trial;
    expected_ = expected;
    steps_ = 0;
    shortest_ = never;
}

}  // namespace nib::inline NIB_ABI::detail

#endif
