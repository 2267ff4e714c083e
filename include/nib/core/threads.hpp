// ThreadPool: threads that wait for work, the caller's among them.
//
//   nib::ThreadPool pool{2};
//   nib::Gradients gradients{net, nib::NllLoss{}, &pool};
//
// Results are the same to the bit for every number of threads: they share out outputs, never sums.
#pragma once

#include <nib/core/atomic.hpp>
#include <nib/core/executor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#if NIB_PTHREADS
#include <pthread.h>
#include <sched.h>
#else
#include <condition_variable>
#include <mutex>
#include <thread>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// Where threads sleep until something has happened.
class Bell {
public:
    Bell() = default;
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
#if NIB_PTHREADS
    ~Bell() {
        pthread_cond_destroy(&condition_);
        pthread_mutex_destroy(&mutex_);
    }
#endif

    // Sleeps until happened() is true, which is asked again after each ring().
    template <class Happened>
    void sleep_until(Happened happened) {
        lock();
        sleepers_.add(1);
        while (!happened()) wait();
        sleepers_.add(static_cast<std::size_t>(-1));
        unlock();
    }

    // Called after it has happened. Either this sees the sleeper, or the sleeper, who is counted first, sees that it
    // has happened.
    void ring() {
        if (sleepers_.load() == 0) return;
        lock();
        wake_all();
        unlock();
    }

private:
#if NIB_PTHREADS
    void lock() { pthread_mutex_lock(&mutex_); }
    void unlock() { pthread_mutex_unlock(&mutex_); }
    void wait() { pthread_cond_wait(&condition_, &mutex_); }
    void wake_all() { pthread_cond_broadcast(&condition_); }

    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
#else
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }
    void wait() { condition_.wait(mutex_); }
    void wake_all() { condition_.notify_all(); }

    std::mutex mutex_;
    std::condition_variable_any condition_;
#endif
    Atomic<std::size_t> sleepers_{0};
};

}  // namespace detail

class ThreadPool final : public Executor {
public:
    // `threads` counts the caller's own: 1 starts none. Fails on 0, and where the system gives no more threads.
    explicit ThreadPool(std::size_t threads);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    std::size_t size() const override { return started_ + 1; }

    void yield() override;

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

    static void work(Worker& worker);

    void run_parts(std::size_t parts, Part part, const void* job) override;

    void begin_round(std::size_t parts, Part part, const void* job);

    // The part that is none ends the threads.
    void stop();

    static bool start(Worker& worker);

    std::vector<Worker> workers_;
    std::size_t started_ = 0;
    std::size_t parts_ = 0;
    Part part_ = nullptr;
    const void* job_ = nullptr;
    Atomic<std::uint32_t> round_{0};
    Atomic<std::size_t> unfinished_{0};
    detail::Bell bell_;
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

#include <string>

namespace nib::inline NIB_ABI {

NIB_API ThreadPool::ThreadPool(std::size_t threads) {
    if (threads == 0) fail("ThreadPool: expected at least 1 thread, found 0");
    workers_ = std::vector<Worker>(threads - 1);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        workers_[i].pool = this;
        workers_[i].number = i + 1;
    }
    for (; started_ + 1 < threads; ++started_)
        if (!start(workers_[started_])) {
            stop();
            fail("ThreadPool: expected " + std::to_string(threads) + " threads, the system gave " +
                 std::to_string(started_ + 1));
        }
}

NIB_API ThreadPool::~ThreadPool() { stop(); }

NIB_API void ThreadPool::yield() {
#if NIB_PTHREADS
    sched_yield();
#else
    std::this_thread::yield();
#endif
}

NIB_API void ThreadPool::work(Worker& worker) {
    ThreadPool& pool = *worker.pool;
    std::uint32_t seen = 0;
    for (;;) {
        for (int spin = 0; spin < spins_before_sleep && pool.round_.load_acquire() == seen; ++spin) pause();
        if (pool.round_.load_acquire() == seen) pool.bell_.sleep_until([&] { return pool.round_.load() != seen; });
        seen = pool.round_.load_acquire();
        if (pool.part_ == nullptr) return;
        if (worker.number < pool.parts_) pool.part_(pool.job_, worker.number);
        pool.unfinished_.subtract_release(1);
    }
}

NIB_API void ThreadPool::run_parts(std::size_t parts, Part part, const void* job) {
    begin_round(parts, part, job);
    part(job, 0);
    for (int spin = 0; unfinished_.load_acquire() != 0; ++spin) spin < spins_before_yield ? pause() : yield();
}

NIB_API void ThreadPool::begin_round(std::size_t parts, Part part, const void* job) {
    parts_ = parts;
    part_ = part;
    job_ = job;
    unfinished_.store_relaxed(started_);
    round_.add(1);
    bell_.ring();
}

NIB_API void ThreadPool::stop() {
    begin_round(0, nullptr, nullptr);
    for (std::size_t i = 0; i < started_; ++i) {
#if NIB_PTHREADS
        pthread_join(workers_[i].thread, nullptr);
#else
        workers_[i].thread.join();
#endif
    }
}

NIB_API bool ThreadPool::start(Worker& worker) {
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

}  // namespace nib::inline NIB_ABI

#endif
