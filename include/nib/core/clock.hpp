// Stopwatch: seconds since it was made, by a clock that nobody sets.
#pragma once

#include <nib/core/config.hpp>

#include <ctime>

#if !defined(CLOCK_MONOTONIC)
#include <chrono>
#endif

namespace nib::inline NIB_ABI {

class Stopwatch {
public:
    double seconds() const { return now() - start_; }

private:
    // Seconds since some moment in the past; to better than a microsecond for a hundred years.
    static double now() {
#if defined(CLOCK_MONOTONIC)
        ::timespec moment{};
        ::clock_gettime(CLOCK_MONOTONIC, &moment);
        return static_cast<double>(moment.tv_sec) + 1e-9 * static_cast<double>(moment.tv_nsec);
#else
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
    }

    double start_ = now();
};

}  // namespace nib::inline NIB_ABI
