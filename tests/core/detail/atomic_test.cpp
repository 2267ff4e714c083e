#include <nib/core/detail/atomic.hpp>

#include <doctest/doctest.h>

#include <thread>
#include <vector>

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

TEST_CASE("fetch_add gives each thread a number of its own") {
    nib::Atomic<unsigned> next{0};
    std::vector<int> taken(20'000);
    const auto take = [&] {
        for (int i = 0; i < 10'000; ++i) ++taken[next.fetch_add(1)];
    };
    std::thread other{take};
    take();
    other.join();
    CHECK(taken == std::vector<int>(20'000, 1));
    CHECK(next.fetch_add(3) == 20'000);
    CHECK(next.load() == 20'003);
}
