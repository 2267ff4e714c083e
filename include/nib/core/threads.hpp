// ThreadPool: threads that wait for work, the caller's among them.
//
//   nib::ThreadPool pool{2};
//   nib::Gradients gradients{net, nib::NllLoss{}, &pool};
//
// Results are the same to the bit for every number of threads: they share out outputs, never sums.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/executor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#if NIB_PTHREADS
#include <pthread.h>
#include <sched.h>
#else
#include <thread>
#endif

namespace nib::inline NIB_ABI {

class ThreadPool final : public Executor {
public:
    // `threads` counts the caller's own: 1 starts none. Fails on 0, and where the system gives no more threads.
    explicit ThreadPool(std::size_t threads) {
        if (threads == 0) fail("ThreadPool: expected at least 1 thread, found 0");
        workers_.reserve(threads - 1);
        for (std::size_t i = 1; i < threads; ++i) workers_.push_back({.pool = this, .number = i});
        for (; started_ + 1 < threads; ++started_)
            if (!start(workers_[started_])) {
                stop();
                fail("ThreadPool: expected " + std::to_string(threads) + " threads, the system gave " +
                     std::to_string(started_ + 1));
            }
    }
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool() { stop(); }

    std::size_t size() const override { return started_ + 1; }

private:
    struct Worker {
        ThreadPool* pool = nullptr;
        std::size_t number = 0;
#if NIB_PTHREADS
        pthread_t thread{};
#else
        std::thread thread{};
#endif
    };

    // Looked for by spinning at first: a training step has work again within microseconds, and to wake a thread that
    // sleeps takes tens of them.
    static constexpr int spins_before_sleep = 20'000;
    static constexpr int spins_before_yield = 2'000;

    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    static void yield() {
#if NIB_PTHREADS
        sched_yield();
#else
        std::this_thread::yield();
#endif
    }

    static void work(Worker& worker) {
        ThreadPool& pool = *worker.pool;
        std::uint32_t seen = 0;
        for (;;) {
            for (int spin = 0; pool.round_.load(std::memory_order_acquire) == seen; ++spin)
                spin < spins_before_sleep ? pause() : pool.round_.wait(seen, std::memory_order_acquire);
            seen = pool.round_.load(std::memory_order_acquire);
            if (pool.part_ == nullptr) return;
            if (worker.number < pool.parts_) pool.part_(pool.job_, worker.number);
            pool.unfinished_.fetch_sub(1, std::memory_order_release);
        }
    }

    void run_parts(std::size_t parts, Part part, const void* job) override {
        begin_round(parts, part, job);
        part(job, 0);
        for (int spin = 0; unfinished_.load(std::memory_order_acquire) != 0; ++spin)
            spin < spins_before_yield ? pause() : yield();
    }

    void begin_round(std::size_t parts, Part part, const void* job) {
        parts_ = parts;
        part_ = part;
        job_ = job;
        unfinished_.store(started_, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
    }

    // The part that is none ends the threads.
    void stop() {
        begin_round(0, nullptr, nullptr);
        for (std::size_t i = 0; i < started_; ++i) {
#if NIB_PTHREADS
            pthread_join(workers_[i].thread, nullptr);
#else
            workers_[i].thread.join();
#endif
        }
    }

    static bool start(Worker& worker) {
#if NIB_PTHREADS
        const auto main = [](void* argument) -> void* {
            work(*static_cast<Worker*>(argument));
            return nullptr;
        };
        return pthread_create(&worker.thread, nullptr, main, &worker) == 0;
#else
        worker.thread = std::thread{[&worker] { work(worker); }};
        return true;
#endif
    }

    std::vector<Worker> workers_;
    std::size_t started_ = 0;
    std::size_t parts_ = 0;
    Part part_ = nullptr;
    const void* job_ = nullptr;
    std::atomic<std::uint32_t> round_{0};
    std::atomic<std::size_t> unfinished_{0};
};

}  // namespace nib::inline NIB_ABI
