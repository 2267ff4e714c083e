#include <nib/core/atomic.hpp>

#include <doctest/doctest.h>

#include <thread>

TEST_CASE("no change by another thread is lost") {
    nib::Atomic<unsigned> sum{5};
    const auto count = [&] {
        for (int i = 0; i < 10'000; ++i) sum.add(2);
        for (int i = 0; i < 10'000; ++i) sum.subtract_release(1);
    };
    std::thread other{count};
    count();
    other.join();
    CHECK(sum.load() == 20'005);
    CHECK(sum.load_acquire() == 20'005);
    sum.store_relaxed(3);
    CHECK(sum.load_relaxed() == 3);
}
