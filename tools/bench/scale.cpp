// How nib's speed grows with batch and width: 784-W-W-10, inputs without zeros.
//
//   scale THREADS
//
// Prints lines `training|inference WIDTH BATCH SECONDS FLOPS`: of one example, in a training step (forward, backward,
// Adam) or in inference, and the operations of its products (a multiply-add is two); and a line `peak GFLOPS`, what
// multiply-adds in registers reach on one core. The time of one thread is its CPU time, so that others on the core do
// not count; that of several is wall time. scale.py runs it and makes tables of it.
#include "fma_peak.hpp"

#include <nib/nib.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

constexpr std::size_t most_examples = 4096;

struct Data {
    nib::Matrix<float> inputs{most_examples, 784};
    std::vector<int> targets = std::vector<int>(most_examples);

    Data() {
        nib::Rng rng{1};
        for (float& value : inputs.values()) value = static_cast<float>(rng.uniform(0.1, 1.0));
        for (int& target : targets) target = static_cast<int>(rng.below(10));
    }
    nib::Batch<float> first(std::size_t count) const {
        return {inputs.view().middle_rows(0, count), std::span{targets}.first(count)};
    }
};

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of one run, over so many that 10 ms pass.
template <class Run>
double seconds_each(int threads, const Run& run) {
    run();  // allocates, fills the caches
    const auto now = threads == 1 ? bench::cpu_seconds : wall_seconds;
    const double start = now();
    int runs = 0;
    do {
        run();
        ++runs;
    } while (now() - start < 0.01);
    return (now() - start) / runs;
}

void measure(int threads, std::size_t width, const Data& data) {
    nib::Rng rng{1};
    nib::Mlp net{{784, width, width, 10}, rng};
    nib::Adam adam{net, {.learning_rate = 1e-6}};
    nib::ThreadPool pool{static_cast<std::size_t>(threads)};
    nib::Gradients gradients{net, nib::NllLoss{}, &pool};
    nib::Workspace<float> workspace{&pool};
    const double first_layer = 2.0 * 784 * static_cast<double>(width);
    const double inference = first_layer + 2.0 * static_cast<double>(width * (width + 10));
    const double training = 3 * inference - first_layer;  // before the first layer no gradient is wanted

    for (std::size_t count = 1; count <= most_examples; count *= 2) {
        const auto batch = data.first(count);
        const auto print = [&](const char* what, double seconds, double flops) {
            std::printf("%s %zu %zu %.6g %.6g\n", what, width, count, seconds / static_cast<double>(count), flops);
        };
        print("training", seconds_each(threads, [&] { adam.step(net, gradients(net, batch)); }), training);
        print("inference", seconds_each(threads, [&] { return nib::predict(net, batch.inputs, workspace); }),
              inference);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc == 2 ? std::atoi(argv[1]) : 0;
    if (threads < 1 || threads > 2) {
        std::fprintf(stderr, "usage: scale THREADS, which is 1 or 2\n");
        return 2;
    }
    std::printf("peak %.6g\n", bench::fma_peak<float>());
    const Data data;
    for (std::size_t width = 64; width <= 2048; width *= 2) measure(threads, width, data);
}
