#include <nib/core/threads.hpp>

#include "../support.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if NIB_FORK
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#endif

namespace {

// Runs a part on each thread of the pool; none returns before all are there. How many runs of the same pool there were
// at that time, at most.
class Rendezvous {
public:
    explicit Rendezvous(nib::ThreadPool& pool) : pool_{pool} {}

    void meet() {
        std::atomic<std::size_t> arrived{0};
        pool_.parallel_for(pool_.size(), [&](std::size_t part) {
            if (part == 0) note(++running_);
            ++arrived;
            while (arrived.load() < pool_.size()) std::this_thread::yield();
            if (part == 0) --running_;
        });
        met_ += static_cast<int>(arrived.load() == pool_.size());
    }
    int met() const { return met_.load(); }
    int most_at_once() const { return most_.load(); }

private:
    void note(int running) {
        if (running > most_.load()) most_.store(running);
    }

    nib::ThreadPool& pool_;
    std::atomic<int> running_{0};
    std::atomic<int> most_{0};
    std::atomic<int> met_{0};
};

#if NIB_FORK

// What f() returns in a child, its exit status; 1000 and the signal where one ended it, as one does that hangs.
template <class F>
int in_child(const F& f) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        ::_exit(f());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

// 0 where each of a run's parts ran, and all at the same time.
int meets(nib::ThreadPool& pool) {
    Rendezvous rendezvous{pool};
    rendezvous.meet();
    return rendezvous.met() == 1 ? 0 : 1;
}

#endif

}  // namespace

TEST_CASE("each part runs once, however many there are and however often") {
    for (const std::size_t threads : std::vector<std::size_t>{1, 2, 3, 7}) {
        nib::ThreadPool pool{threads};
        CHECK(pool.size() == threads);
        for (std::size_t parts = 1; parts <= threads; ++parts) {
            std::vector<int> calls(threads);
            for (int round = 0; round < 200; ++round)
                pool.parallel_for(parts, [&](std::size_t part) { ++calls[part]; });
            for (std::size_t part = 0; part < threads; ++part) CHECK(calls[part] == (part < parts ? 200 : 0));
        }
    }
}

TEST_CASE("the parts run at the same time") {
    nib::ThreadPool pool{3};
    std::atomic<int> arrived{0};
    // Each waits for the others: one after the other they would wait for ever.
    pool.parallel_for(3, [&](std::size_t) {
        ++arrived;
        while (arrived.load() < 3) {
        }
    });
    CHECK(arrived.load() == 3);
}

TEST_CASE("a pool sleeps and wakes") {
    nib::ThreadPool pool{2};
    std::atomic<int> calls{0};
    for (int round = 0; round < 3; ++round) {
        // Long enough for the other thread to stop looking for work.
        for (std::atomic<int> wait{0}; wait.load() < 10'000'000;) ++wait;
        pool.parallel_for(2, [&](std::size_t) { ++calls; });
    }
    CHECK(calls.load() == 6);
}

TEST_CASE("a pool is awake while its threads work, and not once they sleep") {
    nib::ThreadPool pool{2};
    for (int round = 0; round < 3; ++round) {
        while (pool.is_awake()) std::this_thread::yield();
        std::atomic<bool> works{false}, seen{false}, awake{false};
        pool.parallel_for(2, [&](std::size_t part) {
            if (part == 1) {
                works = true;
                while (!seen) std::this_thread::yield();
            } else {
                while (!works) std::this_thread::yield();
                awake = pool.is_awake();
                seen = true;
            }
        });
        CHECK(awake);
    }
}

TEST_CASE("a pool that was never used ends, as does one of one thread") {
    nib::ThreadPool unused{4};
    nib::ThreadPool one{1};
    int calls = 0;
    one.parallel_for(1, [&](std::size_t) { ++calls; });
    CHECK(calls == 1);
}

TEST_CASE("a pool serves several threads, one whole run after the other") {
    for (const std::size_t threads : std::vector<std::size_t>{2, 3}) {
        nib::ThreadPool pool{threads};
        Rendezvous rendezvous{pool};
        constexpr int callers = 10, rounds = 50;
        std::vector<std::thread> others;
        for (int caller = 0; caller < callers; ++caller)
            others.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) rendezvous.meet();
            });
        for (std::thread& other : others) other.join();
        CHECK(rendezvous.met() == callers * rounds);
        CHECK(rendezvous.most_at_once() == 1);
    }
}

TEST_CASE("threads that wait long for their turn sleep, and are woken for it") {
    nib::ThreadPool pool{2};
    std::atomic<bool> is_running{false}, may_end{false};
    std::vector<int> served(20);
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        pool.parallel_for(2, [&](std::size_t part) {
            if (part == 0) is_running = true;
            while (part == 0 && !may_end.load()) std::this_thread::yield();
        });
    });
    while (!is_running.load()) std::this_thread::yield();
    for (int& count : served)
        threads.emplace_back([&] {
            pool.parallel_for(2, [&](std::size_t part) {
                if (part == 0) ++count;
            });
        });
    // Long enough for them to stop looking for their turn.
    for (std::atomic<int> wait{0}; wait.load() < 10'000'000;) ++wait;
    may_end = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(served == std::vector<int>(20, 1));
}

TEST_CASE("turns come in the order in which their numbers were taken") {
    nib::detail::Turns turns;
    const std::uint32_t first = turns.take_number(), second = turns.take_number(), third = turns.take_number();
    const auto served = [&] {
        return std::vector<bool>{turns.is_served(first), turns.is_served(second), turns.is_served(third)};
    };
    CHECK(served() == std::vector<bool>{true, false, false});
    turns.end_turn();
    CHECK(served() == std::vector<bool>{false, true, false});
    turns.end_turn();
    CHECK(served() == std::vector<bool>{false, false, true});
    turns.end_turn();
    CHECK(turns.is_served(turns.take_number()));
}

TEST_CASE("a part that runs something on its own pool is told so; on another pool it may") {
    nib::ThreadPool pool{2}, inner{2};
    std::atomic<int> calls{0};
    const auto nested = [&](nib::ThreadPool& other) {
        return support::error_of([&] {
            pool.parallel_for(2, [&](std::size_t part) {
                if (part == 0) other.parallel_for(2, [&](std::size_t) { ++calls; });
            });
            return 0;
        });
    };
    const std::string error = "ThreadPool: a part of a run cannot run anything on the same pool";
    CHECK(nested(pool) == error);
    CHECK(calls.load() == 0);
    CHECK(nested(inner) == "");
    CHECK(calls.load() == 2);

    const auto through_another = [&] {
        pool.parallel_for(2, [&](std::size_t part) {
            if (part == 0)
                inner.parallel_for(2, [&](std::size_t p) {
                    if (p == 0) pool.parallel_for(2, [](std::size_t) {});
                });
        });
        return 0;
    };
    CHECK(support::error_of(through_another) == error);
    CHECK(nested(inner) == "");  // both pools are free again
}

TEST_CASE("a part that throws on the caller's thread leaves the pool as it was") {
    nib::ThreadPool pool{2};
    std::atomic<int> calls{0};
    for (int round = 0; round < 3; ++round)
        CHECK_THROWS_AS(pool.parallel_for(2,
                                          [&](std::size_t part) {
                                              ++calls;
                                              if (part == 0) throw std::logic_error{"a part"};
                                          }),
                        std::logic_error);
    CHECK(calls.load() == 6);
    pool.parallel_for(2, [&](std::size_t) { ++calls; });
    CHECK(calls.load() == 8);
}

TEST_CASE("more parts than threads are an error, and so are none") {
    nib::ThreadPool pool{2};
    for (const std::size_t parts : std::vector<std::size_t>{0, 3})
        CHECK(support::error_of([&] {
                  pool.parallel_for(parts, [](std::size_t) {});
                  return 0;
              }) == "ThreadPool: expected 1 to 2 parts, one for each thread, found " + std::to_string(parts));
}

#if NIB_FORK

TEST_CASE("a child uses the pool of its parent, which goes on with it") {
    nib::ThreadPool pool{3}, unused{3}, one{1};
    CHECK(meets(pool) == 0);
    const auto use_and_end = [&] {
        for (int round = 0; round < 100; ++round)
            if (meets(pool) != 0) return 1;
        if (pool.size() != 3 || meets(unused) != 0 || meets(one) != 0) return 2;
        pool.~ThreadPool();
        return 7;
    };
    for (int round = 0; round < 3; ++round) {
        CHECK(in_child(use_and_end) == 7);
        CHECK(meets(pool) == 0);
    }
    CHECK(in_child([&] { return in_child(use_and_end); }) == 7);
    // A grandchild whose parent has used the pool.
    CHECK(in_child([&] { return meets(pool) == 0 ? in_child(use_and_end) : 1; }) == 7);
    CHECK(meets(pool) == 0);
}

TEST_CASE("a child ends a pool that it has not used, its threads asleep or at work") {
    for (const bool asleep : {false, true}) {
        nib::ThreadPool pool{3};
        CHECK(meets(pool) == 0);
        for (std::atomic<int> wait{0}; asleep && wait.load() < 10'000'000;) ++wait;
        CHECK(in_child([&] {
                  pool.~ThreadPool();
                  return 7;
              }) == 7);
        CHECK(meets(pool) == 0);
    }
}

TEST_CASE("a child uses a pool that other threads were using") {
    nib::ThreadPool pool{2};
    std::atomic<bool> end{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i)
        others.emplace_back([&] {
            while (!end.load()) wrong += meets(pool);
        });
    for (int round = 0; round < 30; ++round)
        CHECK(in_child([&] {
                  int in_threads[3] = {1, 1, 1};
                  std::vector<std::thread> threads;
                  for (int& status : in_threads) threads.emplace_back([&] { status = meets(pool); });
                  for (std::thread& thread : threads) thread.join();
                  if (in_threads[0] + in_threads[1] + in_threads[2] != 0) return 1;
                  pool.~ThreadPool();
                  return 7;
              }) == 7);
    end = true;
    for (std::thread& other : others) other.join();
    CHECK(wrong.load() == 0);
    CHECK(meets(pool) == 0);
}

TEST_CASE("a part that forks leaves the child with a run that fails, and a pool that works") {
    nib::ThreadPool pool{2};
    pid_t child = -1;
    const std::string error = support::error_of([&] {
        pool.parallel_for(2, [&](std::size_t part) {
            if (part == 0) child = ::fork();
            // Longer than the child needs to find out, unless its copy of the other thread was done.
            for (std::atomic<int> wait{0}; part == 1 && wait.load() < 30'000'000;) ++wait;
        });
        return 0;
    });
    if (child == 0) {
        ::alarm(60);
        ::_exit(error == "ThreadPool: a part of a run has forked, and the child has none of the run's other threads" &&
                        meets(pool) == 0
                    ? 7
                    : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(error == "");
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(meets(pool) == 0);
}

// Sanitizers need addresses of their own, without a bound.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NO_BOUND_ON_ADDRESSES
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_BOUND_ON_ADDRESSES
#endif
#if !defined(NO_BOUND_ON_ADDRESSES)
TEST_CASE("a child without room for threads says so, and uses the pool once there is") {
    nib::ThreadPool pool{64};
    CHECK(in_child([&] {
              const nib::ThreadPool other{64};  // takes the stacks that the parent's threads have left
              rlimit before{};
              ::getrlimit(RLIMIT_AS, &before);
              rlimit little = before;
              little.rlim_cur = 1;
              ::setrlimit(RLIMIT_AS, &little);
              const std::string error = support::error_of([&] { return meets(pool); });
              ::setrlimit(RLIMIT_AS, &before);
              if (!error.starts_with("ThreadPool: expected 64 threads in a process that was forked, the system gave "))
                  return 1;
              return meets(pool) == 0 ? 7 : 2;
          }) == 7);
}
#endif

#endif

TEST_CASE("no threads are an error") {
    CHECK(support::error_of([] { nib::ThreadPool pool{0}; }) == "ThreadPool: expected at least 1 thread, found 0");
}
