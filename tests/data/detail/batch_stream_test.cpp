#include <nib/data/detail/batch_stream.hpp>

#include "../../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace {

// Ten examples of one number each, of which one cannot be made.
struct Fragile {
    std::size_t broken;
    std::size_t size() const { return 10; }
    std::size_t input_size() const { return 1; }
    friend int target_of(const Fragile&, std::size_t index) { return static_cast<int>(index); }
    friend bool has_weights(const Fragile&) { return true; }
    friend float weight_of(const Fragile&, std::size_t index) { return 10 * static_cast<float>(index); }
    friend void copy_example(const Fragile& data, std::size_t index, std::span<float> to) {
        if (index == data.broken) nib::fail("no such example");
        to[0] = static_cast<float>(index);
    }
};

}  // namespace

TEST_CASE("batches come in order, and errors reach the caller, with a thread beside and without") {
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
        nib::ThreadPool pair{threads};
        std::vector<int> used, done;
        const auto stream = [&](std::size_t broken, int last, bool throws = false) {
            used.clear();
            done.clear();
            const auto batches = nib::batches<float>(Fragile{broken}, 3);
            return nib::detail::BatchStream{batches, pair}.for_each(
                [&](const nib::Batch<float>& batch) {
                    for (std::size_t i = 0; i < batch.size(); ++i) {
                        CHECK(batch.inputs.matrix()(i, 0) == static_cast<float>(batch.targets[i]));
                        CHECK(batch.weights[i] == 10 * static_cast<float>(batch.targets[i]));
                        used.push_back(batch.targets[i]);
                    }
                    if (throws) nib::fail("used up");
                },
                [&](const nib::Batch<float>& batch) {
                    done.push_back(batch.targets[0]);
                    return batch.targets[0] != last;
                });
        };
        CHECK(stream(99, -1));
        CHECK(used == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        CHECK(done == std::vector<int>{0, 3, 6, 9});
        CHECK(!stream(99, 3));
        CHECK(used.size() == 6);
        CHECK(support::error_of([&] { return stream(7, -1); }) == "no such example");
        CHECK(done == std::vector<int>{0, 3});
        CHECK(support::error_of([&] { return stream(0, -1); }) == "no such example");
        CHECK(used.empty());
        CHECK(support::error_of([&] { return stream(99, -1, true); }) == "used up");
        CHECK(done.empty());
    }
}
