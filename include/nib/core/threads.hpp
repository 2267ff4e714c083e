// ThreadPool: threads that wait for work, the caller's among them.
//
//   nib::ThreadPool pool{2};
//   nib::Gradients gradients{net, nib::NllLoss{}, &pool};
//
// Results are the same to the bit for every number of threads: they share out outputs, never sums.
//
// One pool serves any number of threads, each with a Workspace or Gradients of its own. Their runs take turns, in the
// order in which they came.
//
// Where there are no threads (NIB_THREADS, core/config.hpp), the parts of a run are run one after the other.
//
// After a fork() the child can use the pool too: its first run there starts the child's own threads. Only a fork() in
// the middle of a run, by one of its parts, leaves the child with a run that fails.
#pragma once

#include <nib/core/detail/atomic.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/executor.hpp>

#include <cstddef>
#include <cstdint>

#if NIB_PTHREADS
#include <pthread.h>
#include <sched.h>
#elif NIB_THREADS
#include <condition_variable>
#include <mutex>
#include <system_error>
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

    bool nobody_sleeps() const { return sleepers_.load() == 0; }

    // Called after it has happened. Either this sees the sleeper, or the sleeper, who is counted first, sees that it
    // has happened.
    void ring() {
        if (nobody_sleeps()) return;
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
#elif NIB_THREADS
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }
    void wait() { condition_.wait(mutex_); }
    void wake_all() { condition_.notify_all(); }

    std::mutex mutex_;
    std::condition_variable_any condition_;
#else
    // Nobody is there who could make it happen, or be woken.
    void lock() {}
    void unlock() {}
    void wait() {}
    void wake_all() {}

#endif
    Atomic<std::size_t> sleepers_{0};
};

// Where threads queue for what one at a time may have.
class Turns {
public:
    // The number of this thread's turn.
    std::uint32_t take_number() { return next_.fetch_add(1); }
    bool is_served(std::uint32_t number) const { return served_.load() == number; }
    void sleep_until_served(std::uint32_t number) {
        bell_of(number).sleep_until([&] { return is_served(number); });
    }
    void end_turn() { bell_of(served_.fetch_add(1) + 1).ring(); }

private:
    // Several, so that few are woken whose turn it is not.
    static constexpr std::size_t bells = 8;
    Bell& bell_of(std::uint32_t number) { return bells_[number % bells]; }

    Atomic<std::uint32_t> next_{0};
    Atomic<std::uint32_t> served_{0};
    Bell bells_[bells];
};

}  // namespace detail

// Fails where a part of a run runs anything on the same pool, and on more parts than size().
class ThreadPool final : public Executor {
public:
    // `threads` counts the caller's own: 1 starts none. Fails on 0, and where the system gives no more threads.
    explicit ThreadPool(std::size_t threads);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    std::size_t size() const override { return workers_.size() + 1; }
    // A thread sleeps when it has looked for work in vain for a while (spins_before_sleep).
    bool is_awake() const override { return NIB_THREADS && bell_.nobody_sleeps(); }

private:
    class Turn;

    struct Worker {
        ThreadPool* pool = nullptr;
        std::size_t number = 0;
#if NIB_PTHREADS
        pthread_t thread{};
#elif NIB_THREADS
        std::thread thread{};
#endif
    };

    // Spins before it sleeps: a training step has work again sooner than a sleeping thread wakes.
    static constexpr int spins_before_sleep = 20'000;
    static constexpr int spins_before_yield = 2'000;
    // A run of another thread takes longer than that to wake one.
    static constexpr int spins_before_turn = 2'000;

    // A moment in a loop that waits, and one in which another thread runs where there are more of them than cores.
    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    static void yield();

    static void work(Worker& worker);

    // Defined in the class: a virtual function that becomes inline later puts the class's table, and all that it calls,
    // into every file that includes this one.
    void run_parts(std::size_t parts, Part part, const void* job) override { run_in_turn(parts, part, job); }
    void run_in_turn(std::size_t parts, Part part, const void* job);

    // For `threads` of them, beside the caller.
    void begin_round(std::size_t threads, std::size_t parts, Part part, const void* job);

    // Returns when they have done their parts.
    void end_round();

    static bool start(Worker& worker);

    // How many of them started. Where that is not all, these have ended again.
    std::size_t start_all();
    [[noreturn]] void fail_to_start(std::size_t started, const char* where) const;

    // The part that is none ends the first `threads` of them.
    void stop(std::size_t threads);

    // Whether this process is a child of the one that started the threads. They do not exist here, and what they and
    // other threads held when it was made is held for ever.
    bool is_forked() const;
    static std::uint32_t forks_so_far();

    // In such a child: new threads, or an error.
    void renew();
    void forget_threads();

    detail::List<Worker> workers_;
    Atomic<std::uint32_t> forks_;  // as many as there were when the threads were started
    detail::Turns turns_;
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

#include <new>
#include <string>

namespace nib::inline NIB_ABI {

namespace detail {

// The pools whose parts a thread is running, the innermost first.
struct RunningPool {
    const void* pool;
    const RunningPool* outer;
};
inline const RunningPool*& running_pools() {
    NIB_THREAD_LOCAL const RunningPool* innermost = nullptr;
    return innermost;
}

#if NIB_FORK
// How many forks lie between this process and the one that began.
inline constinit Atomic<std::uint32_t> forks{0};
inline constinit Atomic<std::uint32_t> forks_are_counted{0};

// Held by a thread that starts a pool's threads anew.
inline pthread_mutex_t renewing = PTHREAD_MUTEX_INITIALIZER;

// False where the system has no memory for it. Threads that race here count a fork twice, which changes nothing.
inline bool count_further_forks() {
    if (forks_are_counted.load_acquire() != 0) return true;
    const auto in_child = [] {
        forks.add(1);
        pthread_mutex_init(&renewing, nullptr);
    };
    if (pthread_atfork(nullptr, nullptr, in_child) != 0) return false;
    forks_are_counted.store_release(1);
    return true;
}
#endif

}  // namespace detail

// A thread's turn in a pool, from its wait for it to the end of its round.
class ThreadPool::Turn {
public:
    explicit Turn(ThreadPool& pool) : pool_{pool} {
        const std::uint32_t number = pool.turns_.take_number();
        for (int spin = 0; spin < spins_before_turn && !pool.turns_.is_served(number); ++spin) pause();
        if (!pool.turns_.is_served(number)) pool.turns_.sleep_until_served(number);
        detail::running_pools() = &running_;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        pool_.end_round();
        detail::running_pools() = running_.outer;
        if (!pool_.is_forked()) pool_.turns_.end_turn();
    }

private:
    ThreadPool& pool_;
    detail::RunningPool running_{&pool_, detail::running_pools()};
};

NIB_API ThreadPool::ThreadPool(std::size_t threads) : forks_{0} {
    if (threads == 0) fail("ThreadPool: expected at least 1 thread, found 0");
#if NIB_FORK
    if (threads > 1 && !detail::count_further_forks()) fail("ThreadPool: the system has no memory for a fork handler");
#endif
    forks_.store_relaxed(forks_so_far());
    workers_ = detail::List<Worker>(threads - 1);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        workers_[i].pool = this;
        workers_[i].number = i + 1;
    }
    const std::size_t started = start_all();
    if (started < workers_.size()) fail_to_start(started, "");
}

NIB_API ThreadPool::~ThreadPool() { is_forked() ? forget_threads() : stop(workers_.size()); }

inline void ThreadPool::yield() {
#if NIB_PTHREADS
    sched_yield();
#elif NIB_THREADS
    std::this_thread::yield();
#endif
}

inline void ThreadPool::work(Worker& worker) {
    ThreadPool& pool = *worker.pool;
    const detail::RunningPool running{&pool, nullptr};
    detail::running_pools() = &running;
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

NIB_API void ThreadPool::run_in_turn(std::size_t parts, Part part, const void* job) {
    if (parts == 0 || parts > size())
        fail({"ThreadPool: expected 1 to ", size(), " parts, one for each thread, found ", parts});
    for (const detail::RunningPool* running = detail::running_pools(); running != nullptr; running = running->outer)
        if (running->pool == this) fail("ThreadPool: a part of a run cannot run anything on the same pool");
    if (is_forked()) renew();
    {
        const Turn turn{*this};
        begin_round(NIB_THREADS ? workers_.size() : 0, parts, part, job);
        for (std::size_t i = 0; i < (NIB_THREADS ? 1 : parts); ++i) part(job, i);
    }
    if (is_forked()) fail("ThreadPool: a part of a run has forked, and the child has none of the run's other threads");
}

inline void ThreadPool::begin_round(std::size_t threads, std::size_t parts, Part part, const void* job) {
    parts_ = parts;
    part_ = part;
    job_ = job;
    unfinished_.store_relaxed(threads);
    round_.add(1);
    bell_.ring();
}

inline void ThreadPool::end_round() {
    for (int spin = 0; unfinished_.load_acquire() != 0; ++spin) {
        if (spin < spins_before_yield) {
            pause();
        } else {
            if (is_forked()) return;
            yield();
        }
    }
}

inline bool ThreadPool::start(Worker& worker) {
#if NIB_PTHREADS
    const auto main = [](void* argument) -> void* {
        work(*static_cast<Worker*>(argument));
        return nullptr;
    };
    return pthread_create(&worker.thread, nullptr, main, &worker) == 0;
#elif NIB_THREADS
    const auto start_thread = [&] { worker.thread = std::thread{[&worker] { work(worker); }}; };
#if defined(__cpp_exceptions)
    try {
        start_thread();
    } catch (const std::system_error&) {
        return false;
    }
#else
    start_thread();
#endif
    return true;
#else
    static_cast<void>(worker);
    return true;
#endif
}

inline std::size_t ThreadPool::start_all() {
    std::size_t started = 0;
    while (started < workers_.size() && start(workers_[started])) ++started;
    if (started < workers_.size()) stop(started);
    return started;
}

inline void ThreadPool::fail_to_start(std::size_t started, const char* where) const {
    fail({"ThreadPool: expected ", size(), " threads", where, ", the system gave ", started + 1});
}

inline void ThreadPool::stop(std::size_t threads) {
    begin_round(threads, 0, nullptr, nullptr);
    for (std::size_t i = 0; i < threads; ++i) {
#if NIB_PTHREADS
        pthread_join(workers_[i].thread, nullptr);
#elif NIB_THREADS
        workers_[i].thread.join();
#endif
    }
}

inline bool ThreadPool::is_forked() const { return forks_.load_acquire() != forks_so_far(); }

inline std::uint32_t ThreadPool::forks_so_far() {
#if NIB_FORK
    return detail::forks.load_relaxed();
#else
    return 0;
#endif
}

inline void ThreadPool::renew() {
#if NIB_FORK
    pthread_mutex_lock(&detail::renewing);
    std::size_t started = workers_.size();
    if (is_forked()) {  // no other thread was faster
        forget_threads();
        started = start_all();
        if (started == workers_.size()) forks_.store_release(forks_so_far());
    }
    pthread_mutex_unlock(&detail::renewing);
    if (started < workers_.size()) fail_to_start(started, " in a process that was forked");
#endif
}

// Made anew over the old ones: to destroy what others wait for may mean to wait for them.
inline void ThreadPool::forget_threads() {
    ::new (static_cast<void*>(&turns_)) detail::Turns;
    ::new (static_cast<void*>(&bell_)) detail::Bell;
    round_.store_relaxed(0);
}

}  // namespace nib::inline NIB_ABI

#endif
