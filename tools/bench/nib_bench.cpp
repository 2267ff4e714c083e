// nib-bench: how fast each kernel and each network is, and how near to what the core can do.
//
//   nib-bench [--benchmark_filter=REGEX] [--benchmark_repetitions=N] [the other options of Google Benchmark]
//
// Names are LEVEL/WHAT/SHAPE; the level is the best one of this machine, or a lower one that NIB_CPU=sse2|avx2|avx512
// names. Products are BATCHxINxOUT. The counter GFLOP/s counts a multiply-add as two operations, and those with zero
// inputs, which need not be done, not at all. of_peak is GFLOP/s divided by the fastest multiply-adds in registers that
// were measured at the start. ns_each is the time of one example. All data are random, or digits that nib draws, most
// of whose pixels are zero. One thread, and its CPU time.
#include "fma_peak.hpp"

#include <nib/all.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace {

using nib::Matrix;
using nib::MatrixView;

double peak = 0;  // GFLOP/s in float on the active level
std::string level;

constexpr std::size_t batches[] = {1, 15, 128, 1024, 10000};

struct Shape {
    std::size_t in;
    std::size_t out;
};
constexpr Shape layers[] = {{784, 64}, {64, 64}, {64, 10}, {784, 800}};

// Not zero, so that nothing is skipped, and small, so that nothing overflows.
Matrix<float> random_matrix(std::size_t rows, std::size_t cols) {
    nib::Rng rng{rows * 1000 + cols};
    Matrix<float> matrix(rows, cols);
    for (float& value : matrix.values()) value = static_cast<float>(rng.uniform(0.01, 0.1));
    return matrix;
}

// 60,000 images as large in memory as MNIST: 2,000 drawn digits, again and again.
const nib::Dataset& digits() {
    static const nib::Dataset data = [] {
        nib::Dataset drawn = nib::synthetic_digits(2000, 1);
        drawn.pixels.reserve(30 * drawn.pixels.size());
        const auto pixels = drawn.pixels;
        const auto labels = drawn.labels;
        for (int copy = 1; copy < 30; ++copy) {
            drawn.pixels.insert(drawn.pixels.end(), pixels.begin(), pixels.end());
            drawn.labels.insert(drawn.labels.end(), labels.begin(), labels.end());
        }
        return drawn;
    }();
    return data;
}

// The first `rows` drawn digits; as dense ones, each pixel x is 0.25 + x / 2.
Matrix<float> digit_rows(std::size_t rows, bool dense = false) {
    Matrix<float> images(rows, digits().input_size());
    for (std::size_t i = 0; i < rows; ++i) nib::copy_example<float>(digits(), i, images.row(i));
    if (dense)
        for (float& pixel : images.values()) pixel = 0.25f + pixel / 2;
    return images;
}

double nonzeros(const Matrix<float>& x) {
    const auto zeros = std::count(x.values().begin(), x.values().end(), 0.0f);
    return static_cast<double>(x.size()) - static_cast<double>(zeros);
}

// Runs `body` as often as Google Benchmark asks for, and returns the seconds that one run took.
template <class Body>
double seconds_each(benchmark::State& state, const Body& body) {
    body();  // the first run allocates and fills the caches
    const double start = bench::cpu_seconds();
    for (auto _ : state) {
        body();
        benchmark::ClobberMemory();
    }
    return (bench::cpu_seconds() - start) / static_cast<double>(state.iterations());
}

void count_flops(benchmark::State& state, double flops, double seconds) {
    const double rate = flops / seconds * 1e-9;
    state.counters["GFLOP/s"] = rate;
    state.counters["of_peak"] = rate / peak;
}

void count_examples(benchmark::State& state, std::size_t examples, double seconds) {
    state.counters["ns_each"] = seconds / static_cast<double>(examples) * 1e9;
}

template <class Body>
void measure_flops(benchmark::State& state, double flops, const Body& body) {
    count_flops(state, flops, seconds_each(state, body));
}

template <class Body>
void measure_bytes(benchmark::State& state, double bytes, const Body& body) {
    state.counters["GB/s"] = bytes / seconds_each(state, body) * 1e-9;
}

template <class Body>
void measure_examples(benchmark::State& state, std::size_t examples, const Body& body) {
    count_examples(state, examples, seconds_each(state, body));
}

template <class Run>
void add(const std::string& name, const Run& run) {
    benchmark::RegisterBenchmark((level + "/" + name).c_str(), run);
}

std::string shape_name(std::size_t batch, Shape shape) {
    return std::to_string(batch) + "x" + std::to_string(shape.in) + "x" + std::to_string(shape.out);
}

void add_products(std::size_t batch, Shape shape) {
    const double flops = 2.0 * static_cast<double>(batch * shape.in * shape.out);
    const std::string name = shape_name(batch, shape);
    add("matmul/" + name, [=](benchmark::State& state) {
        const auto x = random_matrix(batch, shape.in), w = random_matrix(shape.in, shape.out);
        const auto bias = random_matrix(1, shape.out);
        Matrix<float> y(batch, shape.out);
        measure_flops(state, flops, [&] { nib::kernels::matmul<float>(x, w.view(), y.view(), bias.data()); });
    });
    add("weight_gradient/" + name, [=](benchmark::State& state) {
        const auto x = random_matrix(batch, shape.in), dy = random_matrix(batch, shape.out);
        Matrix<float> dw(shape.in, shape.out);
        measure_flops(state, flops, [&] { nib::kernels::matmul_at_b<float>(x, dy.view(), dw.view()); });
    });
    add("input_gradient/" + name, [=](benchmark::State& state) {
        const auto dy = random_matrix(batch, shape.out), w = random_matrix(shape.in, shape.out);
        Matrix<float> dx(batch, shape.in);
        measure_flops(state, flops, [&] { nib::kernels::matmul_a_bt<float>(dy.view(), w.view(), dx.view()); });
    });
}

// The first layer on digits that nib draws, most of whose pixels are zero.
void add_sparse_products(std::size_t batch, Shape shape) {
    const std::string name = shape_name(batch, shape);
    const auto flops = [=](const Matrix<float>& x) { return 2 * nonzeros(x) * static_cast<double>(shape.out); };
    add("sparse_matmul/" + name, [=](benchmark::State& state) {
        const auto x = digit_rows(batch), w = random_matrix(shape.in, shape.out);
        const auto bias = random_matrix(1, shape.out);
        Matrix<float> y(batch, shape.out);
        nib::Workspace<float> workspace;
        workspace.begin(x, true, {});
        const auto& inputs = workspace.inputs();
        measure_flops(state, flops(x), [&] { nib::kernels::matmul<float>(inputs, w.view(), y.view(), bias.data()); });
    });
    add("sparse_weight_gradient/" + name, [=](benchmark::State& state) {
        const auto x = digit_rows(batch), dy = random_matrix(batch, shape.out);
        Matrix<float> dw(shape.in, shape.out);
        nib::Workspace<float> workspace;
        workspace.begin(x, true, {});
        const auto& inputs = workspace.inputs();
        measure_flops(state, flops(x), [&] { nib::kernels::matmul_at_b<float>(inputs, dy.view(), dw.view()); });
    });
}

void add_find_nonzeros(std::size_t batch) {
    add("find_nonzeros/" + std::to_string(batch), [=](benchmark::State& state) {
        const auto x = digit_rows(batch);
        nib::Workspace<float> workspace;
        measure_examples(state, batch, [&] {
            workspace.begin(x, true, {});
            benchmark::DoNotOptimize(workspace.inputs());
        });
    });
}

void add_adam(std::size_t count) {
    add("adam_step/" + std::to_string(count), [=](benchmark::State& state) {
        auto parameters = random_matrix(1, count), means = random_matrix(1, count), squares = random_matrix(1, count);
        const auto gradients = random_matrix(1, count);
        const double bytes = 7.0 * sizeof(float) * static_cast<double>(count);  // four arrays read, three written
        measure_bytes(state, bytes, [&] {
            float* const states[] = {means.data(), squares.data()};
            const auto rule = nib::AdamMethod::rule<float>({}, 1000);
            nib::kernels::update(rule, count, parameters.data(), gradients.data(), states);
        });
    });
}

float sum_of(std::span<const float> numbers) {
    float sum = 0;
    nib::kernels::dispatch([&sum, numbers](auto isa) NIB_LAMBDA_ALWAYS_INLINE {
        using V = nib::kernels::Lanes<decltype(isa), float>;
        V sums[4] = {V{0}, V{0}, V{0}, V{0}};
        for (std::size_t i = 0; i + 4 * V::size <= numbers.size(); i += 4 * V::size) {
            NIB_UNROLL
            for (std::size_t k = 0; k < 4; ++k) sums[k] += V::load(numbers.data() + i + k * V::size);
        }
        for (std::size_t i = numbers.size() / (4 * V::size) * (4 * V::size); i + V::size <= numbers.size();
             i += V::size)
            sums[0] += V::load(numbers.data() + i);
        sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])).vector[0];
    });
    return sum;
}

// What one example without zeros has to read: all parameters of a network, from wherever so many bytes stay, and, if
// `images`, one of 10,000 images, from where these stay: beyond the second-level cache.
void add_read(std::size_t count, bool images = false) {
    add("read/" + std::to_string(count) + (images ? "+image" : ""), [=](benchmark::State& state) {
        const auto numbers = random_matrix(1, count);
        const auto rows = random_matrix(images ? 10000 : 1, 784);
        std::size_t next = 0;
        const std::size_t bytes = sizeof(float) * (count + (images ? rows.cols() : 0));
        measure_bytes(state, static_cast<double>(bytes), [&] {
            benchmark::DoNotOptimize(sum_of(numbers.values()));
            if (images) benchmark::DoNotOptimize(sum_of(rows.row(next++ % rows.rows())));
        });
    });
}

void add_log_softmax(std::size_t batch) {
    add("log_softmax/" + std::to_string(batch) + "x10", [=](benchmark::State& state) {
        const auto x = random_matrix(batch, 10);
        Matrix<float> y(batch, 10);
        measure_examples(state, batch, [&] { nib::log_softmax<float>(x.view(), y.view()); });
    });
}

// An epoch of shuffled batches, gathered and not used.
void add_gather(std::size_t batch_size) {
    add("gather/" + std::to_string(batch_size), [=](benchmark::State& state) {
        nib::Rng rng{1};
        measure_examples(state, digits().size(), [&] {
            for (const auto& batch : nib::batches(digits(), batch_size, rng))
                benchmark::DoNotOptimize(batch.inputs.rows());
        });
    });
}

using Widths = std::vector<std::size_t>;

std::string network_name(const char* what, bool dense, const Widths& widths, std::size_t batch_size) {
    std::string name = std::string(what).append(dense ? "_without_zeros/" : "/").append(std::to_string(widths[0]));
    for (std::size_t i = 1; i < widths.size(); ++i) name.append("-").append(std::to_string(widths[i]));
    return name.append("/").append(std::to_string(batch_size));
}

double first_layer_flops(const Widths& widths, const Matrix<float>& x) {
    return 2 * nonzeros(x) * static_cast<double>(widths[1]);
}
// Of all examples in x.
double forward_flops(const Widths& widths, const Matrix<float>& x) {
    double flops = first_layer_flops(widths, x);
    for (std::size_t i = 1; i + 1 < widths.size(); ++i)
        flops += 2.0 * static_cast<double>(x.rows() * widths[i] * widths[i + 1]);
    return flops;
}
// Three products a layer, two for the first one, before which no gradient is wanted.
double training_flops(const Widths& widths, const Matrix<float>& x) {
    return 3 * forward_flops(widths, x) - first_layer_flops(widths, x);
}

void add_training_step(const Widths& widths, std::size_t batch_size, bool dense) {
    add(network_name("training_step", dense, widths, batch_size), [=](benchmark::State& state) {
        nib::Rng rng{1};
        nib::Mlp net{widths, rng};
        nib::Adam adam{net, {.learning_rate = 1e-6}};
        nib::Gradients gradients{net, nib::NllLoss{}};
        const auto images = digit_rows(batch_size, dense);
        const nib::Batch<float> batch{images, std::span{digits().labels}.first(batch_size)};
        const double seconds = seconds_each(state, [&] { adam.step(net, gradients(net, batch)); });
        count_flops(state, training_flops(widths, images), seconds);
        count_examples(state, batch_size, seconds);
    });
}

void add_inference(const Widths& widths, std::size_t batch_size, bool dense) {
    add(network_name("inference", dense, widths, batch_size), [=](benchmark::State& state) {
        nib::Rng rng{1};
        const nib::Mlp net{widths, rng};
        nib::Workspace<float> workspace;
        const auto images = digit_rows(batch_size, dense);
        const double seconds = seconds_each(state, [&] {
            const auto classes = nib::predict(net, images, workspace);
            benchmark::DoNotOptimize(classes.data());
        });
        count_flops(state, forward_flops(widths, images), seconds);
        count_examples(state, batch_size, seconds);
    });
}

// One image after the other, each alone and another one than before, on the stack.
void add_inference_of_one(bool dense) {
    using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                                   nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
    const Widths widths{784, 64, 64, 64, 10};
    add(network_name("inference", dense, widths, 1), [=](benchmark::State& state) {
        nib::Rng rng{1};
        const Digits net{rng};
        const auto images = digit_rows(1000, dense);
        std::size_t next = 0;
        const double seconds = seconds_each(state, [&] {
            benchmark::DoNotOptimize(nib::predict(net, images.row(next)));
            next = next + 1 < images.rows() ? next + 1 : 0;
        });
        count_flops(state, forward_flops(widths, images) / static_cast<double>(images.rows()), seconds);
        count_examples(state, 1, seconds);
    });
}

// Images that are made for training: one at a time.
void add_images() {
    add("augmentation/28x28", [](benchmark::State& state) {
        const nib::Augmentation augmentation{28, 28, {.probability = 1}};
        std::vector<std::uint8_t> image(784), scratch(augmentation.scratch_size());
        nib::Rng rng{1};
        std::size_t next = 0;
        const double seconds = seconds_each(state, [&] {
            augmentation(digits().image(next), rng, image, scratch.data());
            benchmark::DoNotOptimize(image.data());
            next = (next + 1) % digits().size();
        });
        count_examples(state, 1, seconds);
    });
    add("synthetic_digits/28x28", [](benchmark::State& state) {
        std::uint64_t seed = 0;
        const double seconds = seconds_each(state, [&] {
            const nib::Dataset drawn = nib::synthetic_digits(100, ++seed);
            benchmark::DoNotOptimize(drawn.pixels.data());
        });
        count_examples(state, 100, seconds);
    });
}

void add_all() {
    for (const Shape shape : layers)
        for (const std::size_t batch : batches) add_products(batch, shape);
    for (const std::size_t n : {256u, 512u, 1024u}) add_products(n, {n, n});
    for (const Shape shape : {Shape{784, 64}, Shape{784, 800}})
        for (const std::size_t batch : batches) add_sparse_products(batch, shape);
    for (const std::size_t batch : {15u, 128u}) add_find_nonzeros(batch);
    for (const std::size_t batch : {15u, 128u}) add_gather(batch);
    for (const std::size_t batch : {1u, 15u, 128u, 10000u}) add_log_softmax(batch);
    for (const std::size_t count : {59210u, 636010u}) add_adam(count);
    for (const std::size_t count : {4096u, 59210u, 636010u}) add_read(count);
    add_read(59210, true);
    add_images();
    const Widths a{784, 64, 64, 64, 10}, b{784, 800, 10};
    for (const bool dense : {false, true}) {
        add_training_step(a, 15, dense);
        add_training_step(b, 128, dense);
        add_inference_of_one(dense);
        add_inference(a, 10000, dense);
        add_inference(b, 10000, dense);
    }
}

const char* active_level() {
    switch (nib::kernels::active_isa()) {
        case nib::Isa::avx512:
            return "avx512";
        case nib::Isa::avx2:
            return "avx2";
        default:
            return "baseline";
    }
}

}  // namespace

int main(int argc, char** argv) {
    level = active_level();
    peak = bench::fma_peak<float>();
    add_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::AddCustomContext("nib", NIB_VERSION_STRING ", level " + level);
    benchmark::AddCustomContext("multiply-adds in registers", std::to_string(peak) + " GFLOP/s");
    benchmark::RunSpecifiedBenchmarks();
}
