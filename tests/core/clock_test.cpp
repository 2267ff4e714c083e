#include <nib/core/clock.hpp>

#include <doctest/doctest.h>

TEST_CASE("a stopwatch starts at nothing and never goes back") {
    const nib::Stopwatch stopwatch;
    double last = 0;
    for (int i = 0; i < 1000; ++i) {
        const double seconds = stopwatch.seconds();
        CHECK(seconds >= last);
        last = seconds;
    }
    CHECK(last < 60);
    while (stopwatch.seconds() < last + 1e-3) {
    }  // it moves
}
