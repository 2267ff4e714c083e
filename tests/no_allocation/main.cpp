// Training and inference allocate nothing after their first step, and a model file is read in little
// memory: every way to ask the C library for memory is counted, in this program and in the libraries below it.
#include <nib/all.hpp>

#include "../support.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

// glibc's own functions, behind the names that a program may replace.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> bytes{0};  // that these asked for, freed or not

void count(std::size_t size) {
    ++allocations;
    bytes += size;
}

}  // namespace

extern "C" {
void* malloc(std::size_t size) {
    count(size);
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
    count(size);
    return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    *memory = memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
}

namespace {

using Small = nib::Sequential<nib::Dense<784, 32>, nib::ReLU, nib::Dense<32, 10>, nib::LogSoftmax>;

// 300 images: `zeros` of their pixels are 0.
nib::Dataset images(double zeros) {
    nib::Dataset data;
    data.rows = data.cols = 28;
    nib::Rng rng{1};
    for (std::size_t i = 0; i < 300; ++i) {
        data.labels.push_back(static_cast<std::uint8_t>(i % 10));
        for (std::size_t k = 0; k < 784; ++k)
            data.pixels.push_back(rng.uniform() < zeros ? std::uint8_t{0} : static_cast<std::uint8_t>(rng.below(256)));
    }
    return data;
}

nib::Matrix<float> floats(const nib::Dataset& data) {
    nib::Matrix<float> x(data.size(), data.input_size());
    for (std::size_t i = 0; i < data.size(); ++i) nib::copy_example<float>(data, i, x.row(i));
    return x;
}

// The allocations of an epoch's steps after its first.
template <class Net, class Data>
std::size_t training_allocations(Net& net, const Data& data, std::size_t threads) {
    nib::Rng rng{2};
    nib::Adam adam{net};
    adam.add_group(nib::parameters_named(net, "bias"), {.weight_decay = 0.1});
    nib::ThreadPool pool{threads};
    nib::Gradients gradients{net, nib::NllLoss{}, &pool};
    std::size_t before = 0;
    bool first = true;
    for (const auto& batch : nib::batches(data, 128, rng)) {
        adam.step(net, gradients(net, batch));
        if (first) before = allocations;
        first = false;
    }
    return allocations - before;
}

}  // namespace

TEST_CASE("the counter counts") {
    void* (*volatile allocate)(std::size_t) = std::malloc;  // which the compiler may not leave out
    const std::size_t before = allocations;
    std::free(allocate(1));
    CHECK(allocations == before + 1);
    CHECK(nib::Matrix<float>(10, 10).size() == 100);
    CHECK(allocations == before + 2);
}

TEST_CASE("training allocates nothing after the first step") {
    nib::Rng rng{3};
    for (const double zeros : {0.8, 0.1}) {
        CAPTURE(zeros);
        const nib::Dataset data = images(zeros);
        const nib::Matrix<float> x = floats(data);
        const std::vector<int> classes(data.labels.begin(), data.labels.end());
        const std::vector<float> weights(classes.size(), 0.5f);
        const nib::Examples examples = nib::Examples{x, classes}.weighted_by(weights);
        for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
            CAPTURE(threads);
            Small small{rng};
            CHECK(training_allocations(small, data, threads) == 0);
            CHECK(training_allocations(small, examples, threads) == 0);
            // Large enough for two threads.
            nib::Mlp large{{784, 600, 10}, rng};
            CHECK(training_allocations(large, data, threads) == 0);
            CHECK(training_allocations(large, examples, threads) == 0);
            nib::Mlp all{{784, 60, 10},
                         rng,
                         {.activation = nib::LeakyReLU<>{},
                          .norm = nib::BatchNorm{},
                          .dropout = 0.2,
                          .input = nib::Standardize{},
                          .output = nib::LayerList<nib::LayerNorm, nib::LogSoftmax>{}}};
            CHECK(training_allocations(all, examples, threads) == 0);
        }
    }
}

TEST_CASE("one example through a Sequential allocates nothing, from the first on") {
    nib::Rng rng{4};
    const Small net{rng};
    for (const double zeros : {0.8, 0.1}) {
        const nib::Matrix<float> x = floats(images(zeros));
        const std::size_t before = allocations;
        int sum = 0;
        for (std::size_t i = 0; i < x.rows(); ++i) sum += nib::predict(net, x.row(i));
        const auto probabilities = nib::probabilities(net, x.row(0));
        nib::ScoredClass<float> best[3];
        nib::top_k(net, x.row(0), best);
        sum += best[0].label;
        CHECK(allocations == before);
        CHECK(sum >= 0);
        CHECK(probabilities[0] > 0);
    }
}

TEST_CASE("batches through a network allocate nothing after the first, and predictions only their result") {
    nib::Rng rng{5};
    const nib::Mlp net{{784, 400, 10}, rng};
    nib::ThreadPool pool{2};
    for (const double zeros : {0.8, 0.1}) {
        const nib::Matrix<float> x = floats(images(zeros));
        for (nib::Executor* const executor :
             {static_cast<nib::Executor*>(nullptr), static_cast<nib::Executor*>(&pool)}) {
            nib::Workspace<float> workspace{executor};
            net.forward(x, workspace);
            std::size_t before = allocations;
            for (int i = 0; i < 3; ++i) net.forward(x, workspace);
            CHECK(allocations == before);
            static_cast<void>(nib::predict(net, x, workspace));
            before = allocations;
            static_cast<void>(nib::predict(net, x, workspace));
            CHECK(allocations == before + 1);
            // One example: not even that.
            nib::ScoredClass<float> best[3];
            for (int i = 0; i < 2; ++i) {
                before = allocations;
                best[0].label = nib::predict(net, x.row(0), workspace);
                static_cast<void>(nib::probabilities(net, x.row(0), workspace));
                nib::top_k(net, x.row(0), best, workspace);
                static_cast<void>(net(x.row(0), workspace));
            }
            CHECK(allocations == before);
        }
    }
}

TEST_CASE("a model is loaded in little memory, however large its file is") {
    const support::TemporaryDirectory folder;
    nib::Rng rng{3};
    nib::Mlp net{{500, 4000, 10}, rng};
    for (const char* const name : {"model.safetensors", "model.pth", "model.npz"}) {
        const std::string path = folder.path(name);
        nib::save_as(net, path);
        REQUIRE(std::filesystem::file_size(path) > 8'000'000);
        const std::size_t before = bytes;
        nib::load(net, path);
        CHECK(bytes - before < 400'000);
    }
}

TEST_CASE("batches through a network in 8-bit integers allocate nothing after the first") {
    nib::Rng rng{6};
    nib::ThreadPool pool{2};
    for (const double zeros : {0.8, 0.1}) {
        const nib::Dataset data = images(zeros);
        const nib::Int8Mlp net = nib::quantize(nib::Mlp{{784, 400, 10}, rng}, data);
        const nib::Matrix<float> x = floats(data);
        nib::Workspace<float> workspace{&pool};
        net.forward(x, workspace);
        const std::size_t before = allocations;
        for (int i = 0; i < 3; ++i) net.forward(x, workspace);
        CHECK(allocations == before);
    }
}
