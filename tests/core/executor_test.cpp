#include <nib/core/executor.hpp>

#include "../support.hpp"

#include <cstddef>
#include <vector>

namespace {

// Runs the parts one after the other, and notes how many there were.
class InTurns final : public nib::Executor {
public:
    explicit InTurns(std::size_t size) : size_{size} {}
    std::size_t size() const override { return size_; }
    bool is_awake() const override { return awake; }
    std::size_t parts = 0;
    bool awake = false;

private:
    void run_parts(std::size_t count, Part part, const void* job) override {
        parts = count;
        for (std::size_t i = 0; i < count; ++i) part(job, i);
    }
    std::size_t size_;
};

}  // namespace

TEST_CASE("an executor is given each part once; a job of one part does not reach it") {
    InTurns executor{3};
    std::vector<int> calls(3);
    executor.parallel_for(3, [&](std::size_t part) { ++calls[part]; });
    CHECK(calls == std::vector<int>{1, 1, 1});
    CHECK(executor.parts == 3);
    executor.parts = 0;
    executor.parallel_for(1, [&](std::size_t part) { ++calls[part]; });
    CHECK(calls == std::vector<int>{2, 1, 1});
    CHECK(executor.parts == 0);
}

TEST_CASE("shares cover everything once, in steps") {
    for (std::size_t count = 0; count < 70; ++count)
        for (std::size_t parts = 1; parts < 9; ++parts)
            for (const std::size_t step : {std::size_t{1}, std::size_t{8}}) {
                std::size_t next = 0;
                for (std::size_t part = 0; part < parts; ++part) {
                    const nib::Range range = nib::chunk(count, part, parts, step);
                    CHECK(range.first == next);
                    CHECK(range.first + range.count <= count);
                    if (range.first + range.count < count) CHECK(range.count % step == 0);
                    next += range.count;
                }
                CHECK(next == count);
            }
}

TEST_CASE("little work stays in one part, much work on many rows takes all") {
    InTurns four{4};
    CHECK(nib::thread_count_for(nullptr, 1000, 1e12) == 1);
    CHECK(nib::thread_count_for(&four, 1000, 0) == 1);
    CHECK(nib::thread_count_for(&four, 1000, 2.5e6) == 1);
    CHECK(nib::thread_count_for(&four, 1000, 1e12) == 4);
    CHECK(nib::thread_count_for(&four, 15, 1e12) == 1);
    for (const bool awake : {false, true}) {
        four.awake = awake;
        CHECK(nib::thread_count_for(&four, 1000, 1e6) == 1);
        CHECK(nib::thread_count_for(&four, 1000, 3e6) == (awake ? 3 : 1));
        std::size_t last = 1;
        for (double work = 1; work < 1e9; work *= 1.1) {
            const std::size_t parts = nib::thread_count_for(&four, 1000, work);
            CHECK(parts >= last);
            last = parts;
        }
    }
}
