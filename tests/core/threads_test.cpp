#include <nib/core/threads.hpp>

#include "../support.hpp"

#include <atomic>
#include <cstddef>
#include <vector>

TEST_CASE("each part runs once, however many there are and however often") {
    for (const std::size_t threads : std::vector<std::size_t>{1, 2, 3, 7}) {
        nib::ThreadPool pool{threads};
        CHECK(pool.size() == threads);
        for (std::size_t parts = 1; parts <= threads; ++parts) {
            std::vector<int> calls(threads);
            for (int round = 0; round < 200; ++round) pool.run(parts, [&](std::size_t part) { ++calls[part]; });
            for (std::size_t part = 0; part < threads; ++part) CHECK(calls[part] == (part < parts ? 200 : 0));
        }
    }
}

TEST_CASE("the parts run at the same time") {
    nib::ThreadPool pool{3};
    std::atomic<int> arrived{0};
    // Each waits for the others: one after the other they would wait for ever.
    pool.run(3, [&](std::size_t) {
        ++arrived;
        while (arrived.load() < 3) {
        }
    });
    CHECK(arrived.load() == 3);
}

TEST_CASE("a part can wait for what another one has done, also with more threads than cores") {
    nib::ThreadPool pool{8};
    std::vector<int> order;
    nib::Atomic<std::size_t> done{0};
    for (int round = 0; round < 20; ++round) {
        order.clear();
        done.store_relaxed(0);
        pool.run(8, [&](std::size_t part) {
            const std::size_t place = 7 - part;
            pool.wait_for(done, place);
            order.push_back(static_cast<int>(part));
            done.store_release(place + 1);
        });
        CHECK(order == std::vector<int>{7, 6, 5, 4, 3, 2, 1, 0});
    }
}

TEST_CASE("a pool sleeps and wakes") {
    nib::ThreadPool pool{2};
    std::atomic<int> calls{0};
    for (int round = 0; round < 3; ++round) {
        // Long enough for the other thread to stop looking for work.
        for (std::atomic<int> wait{0}; wait.load() < 10'000'000;) ++wait;
        pool.run(2, [&](std::size_t) { ++calls; });
    }
    CHECK(calls.load() == 6);
}

TEST_CASE("a pool that was never used ends, as does one of one thread") {
    nib::ThreadPool unused{4};
    nib::ThreadPool one{1};
    int calls = 0;
    one.run(1, [&](std::size_t) { ++calls; });
    CHECK(calls == 1);
}

TEST_CASE("no threads are an error") {
    CHECK(support::error_of([] { nib::ThreadPool pool{0}; }) == "ThreadPool: expected at least 1 thread, found 0");
}
