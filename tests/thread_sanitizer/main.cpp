// Two threads train and predict on one ThreadPool, with the same bits as one after the other without it. Built with the
// thread sanitizer, which ends the program with a report where they share what they should not.
//     nib_thread_sanitizer ROUNDS
#include <nib/core/threads.hpp>
#include <nib/data/batches.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/predict.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/gradients.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <thread>
#include <vector>

namespace {

// The pool as an executor of a program's own, which counts what is run on it.
class Counted final : public nib::Executor {
public:
    explicit Counted(nib::ThreadPool& pool) : pool_{pool} {}
    std::size_t size() const override { return pool_.size(); }
    std::size_t runs() const { return runs_.load(); }

private:
    void run_parts(std::size_t parts, Part part, const void* job) override {
        runs_.add(1);
        pool_.parallel_for(parts, [&](std::size_t number) { part(job, number); });
    }

    nib::ThreadPool& pool_;
    nib::Atomic<std::size_t> runs_{0};
};

class Hash {  // FNV-1a
public:
    void add(std::uint32_t bits) { value_ = (value_ ^ bits) * 1099511628211u; }
    void add(std::span<const float> values) {
        for (const float value : values) add(std::bit_cast<std::uint32_t>(value));
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 14695981039346656037u;
};

// One round is a step of training on lists of non-zeros, one on a full matrix, and the classes of a batch:
// shares of rows, blocks of a gradient and shares of a batch.
class Work {
public:
    Work(std::uint64_t seed, nib::Executor* executor)
        : executor_{executor},
          rng_{seed},
          net_{{inputs, 320, 4}, rng_},
          adam_{net_},
          gradients_{net_, nib::NllLoss{}, executor},
          workspace_{executor},
          sparse_{random(0.8)},
          full_{random(0)} {
        for (std::size_t i = 0; i < rows; ++i) classes_.push_back(static_cast<int>(rng_.below(4)));
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    // A hash of what has come out.
    std::uint64_t round() {
        Hash hash;
        for (const nib::Matrix<float>* const x : {&sparse_, &full_})
            for (const auto& batch : nib::batches<float>(nib::Examples{*x, classes_}, rows, rng_, executor_)) {
                adam_.step(net_, gradients_(net_, batch));
                const float loss = static_cast<float>(gradients_.loss());
                hash.add({&loss, 1});
            }
        hash.add(net_.parameters());
        for (const int found : nib::predict(net_, full_, workspace_)) hash.add(static_cast<std::uint32_t>(found));
        hash.add(nib::probabilities(net_, sparse_, workspace_).values());
        for (const std::uint8_t pixel : nib::synthetic_digits(4, 7, executor_).pixels) hash.add(pixel);
        return hash.value();
    }

private:
    static constexpr std::size_t inputs = 512, rows = 200;

    nib::Matrix<float> random(double zeros) {
        nib::Matrix<float> x(rows, inputs);
        for (float& value : x.values()) value = rng_.uniform() < zeros ? 0.0f : static_cast<float>(rng_.normal());
        return x;
    }

    nib::Executor* executor_;
    nib::Rng rng_;
    nib::Mlp net_;
    nib::Adam<float> adam_;
    nib::Gradients<nib::Mlp> gradients_;
    nib::Workspace<float> workspace_;
    nib::Matrix<float> sparse_;
    nib::Matrix<float> full_;
    std::vector<int> classes_;
};

using Hashes = std::vector<std::uint64_t>;

void work(std::uint64_t seed, nib::Executor* executor, Hashes& hashes) {
    Work work{seed, executor};
    for (std::uint64_t& hash : hashes) hash = work.round();
}

}  // namespace

int main(int argc, char** argv) {
    const long rounds = argc == 2 ? std::strtol(argv[1], nullptr, 10) : 0;
    if (rounds < 1) {
        std::fputs("usage: nib_thread_sanitizer ROUNDS\n", stderr);
        return 2;
    }
    const Hashes none(static_cast<std::size_t>(rounds));
    Hashes expected[2] = {none, none}, found[2] = {none, none};
    nib::ThreadPool pool{2};
    Counted counted{pool};
    std::thread other{[&] { work(1, &counted, found[1]); }};
    work(0, &counted, found[0]);
    other.join();
    for (std::uint64_t seed = 0; seed < 2; ++seed) work(seed, nullptr, expected[seed]);
    for (std::size_t thread = 0; thread < 2; ++thread)
        for (std::size_t round = 0; round < none.size(); ++round)
            if (found[thread][round] != expected[thread][round]) {
                std::printf("thread %zu, round %zu: other bits than alone\n", thread, round);
                return 1;
            }
    // A round has two batches, a forward and a backward pass on each, two predictions and the digits.
    if (counted.runs() < 9 * 2 * none.size()) {
        std::printf("expected 18 runs on the pool in each round, found %zu in %ld: too little work to be shared out\n",
                    counted.runs(), rounds);
        return 1;
    }
    std::printf("%ld rounds in each of two threads: the same bits as alone; %zu runs\n", rounds, counted.runs());
    return 0;
}
