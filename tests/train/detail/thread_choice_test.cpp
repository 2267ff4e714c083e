#include <nib/train/detail/thread_choice.hpp>

#include <nib/core/threads.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace {

using nib::detail::ThreadChoice;

// An executor of so many threads that runs nothing.
struct Threads final : nib::Executor {
    explicit Threads(std::size_t count) : threads{count} {}
    std::size_t size() const override { return threads; }
    bool is_awake() const override { return awake; }
    void run_parts(std::size_t, Part, const void*) override {}
    std::size_t threads;
    bool awake = false;
};

// Training whose steps take a time on one thread, and on all of them another.
struct Machine {
    double on_one = 1;
    double on_all = 0.6;
    Threads all{2};
    ThreadChoice choice{all};
    std::size_t size_before = choice.size();

    // The time of so many steps. The first one after a change takes four times as long.
    double train(int steps) {
        double total = 0;
        for (int i = 0; i < steps; ++i) {
            const double usual = choice.size() == 1 ? on_one : on_all;
            const double time = choice.size() == size_before ? usual : 4 * usual;
            size_before = choice.size();
            choice.add(time);
            total += time;
        }
        return total;
    }
};

}  // namespace

TEST_CASE("threads that gain are used") {
    Machine machine;
    CHECK(machine.choice.size() == 2);
    CHECK(machine.train(2000) < 1.03 * 2000 * 0.6);
    CHECK(machine.choice.size() == 2);
}

TEST_CASE("threads that lose are given up, and cost little from then on") {
    Machine machine{.on_all = 1.7};
    machine.train(100);
    CHECK(machine.choice.size() == 1);
    CHECK(machine.train(5000) < 1.03 * 5000);
}

TEST_CASE("a change of the machine is noticed both ways") {
    Machine machine;
    machine.train(3000);
    REQUIRE(machine.choice.size() == 2);
    machine.on_all = 1.7;
    machine.train(100);
    CHECK(machine.choice.size() == 1);
    machine.train(3000);
    machine.on_all = 0.6;
    machine.train(600);
    CHECK(machine.choice.size() == 2);
}

TEST_CASE("a trial of one thread beside many ends with the first step that shows it to be slower") {
    Machine machine{.on_all = 1.0 / 16, .all = Threads{16}};
    CHECK(machine.train(20000) < 1.05 * 20000 / 16);
}

TEST_CASE("single steps that something else has delayed decide nothing") {
    Machine machine;
    for (int i = 0; i < 300; ++i) {
        machine.train(5);
        machine.choice.add(50);
    }
    CHECK(machine.choice.size() == 2);
}

TEST_CASE("one thread has no choice") {
    Machine machine{.all = Threads{1}};
    machine.train(1000);
    CHECK(machine.choice.size() == 1);
}

TEST_CASE("it is awake where the executor is") {
    Threads threads{2};
    const ThreadChoice choice{threads};
    CHECK(!choice.is_awake());
    threads.awake = true;
    CHECK(choice.is_awake());
}

TEST_CASE("it runs all parts on the executor") {
    nib::ThreadPool pool{2};
    ThreadChoice choice{pool};
    std::array<std::atomic<int>, 2> calls{};
    choice.parallel_for(2, [&](std::size_t part) { ++calls[part]; });
    CHECK(calls[0] == 1);
    CHECK(calls[1] == 1);
}
