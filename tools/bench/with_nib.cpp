// The jobs with nib.
#include "job.hpp"

#include <nib/nib.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace {

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;

void print_batch(const char* key, const nib::Mlp& net, const nib::Matrix<float>& images, nib::ThreadPool& pool) {
    nib::Workspace<float> workspace{&pool};
    static_cast<void>(nib::predict(net, images, workspace));  // the first pass allocates
    bench::print_passes(key, 1e3, [&] {
        const auto classes = nib::predict(net, images, workspace);
        return std::accumulate(classes.begin(), classes.end(), 0);
    });
}

void print_one(const char* key, const Digits& net, const nib::Matrix<float>& images) {
    bench::print_passes(key, 1e6 / static_cast<double>(images.rows()), [&] {
        int sum = 0;
        for (std::size_t i = 0; i < images.rows(); ++i) sum += nib::predict(net, images.row(i));
        return sum;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments = bench::arguments(argc, argv, 2);
    const auto train = nib::load_mnist(arguments.mnist, nib::Split::train);
    const auto test = nib::load_mnist(arguments.mnist, nib::Split::test);

    nib::Rng rng{arguments.seed};
    nib::Mlp net{{arguments.job.widths.begin(), arguments.job.widths.end()}, rng};
    nib::Adam adam{net};
    const nib::FitOptions options{.epochs = arguments.epochs,
                                  .batch_size = static_cast<std::size_t>(arguments.job.batch),
                                  .threads = static_cast<std::size_t>(arguments.threads)};
    nib::fit(net, adam, train, options, rng,
             [](const nib::EpochReport& epoch) { bench::print("epoch_seconds", epoch.seconds); });
    bench::print("accuracy", nib::accuracy(net, test));
    bench::print_peak_memory();

    nib::Matrix<float> images(test.size(), test.input_size());
    for (std::size_t i = 0; i < test.size(); ++i) nib::copy_example<float>(test, i, images.row(i));
    nib::Matrix<float> dense = images;
    for (float& pixel : dense.values()) pixel = 0.25f + pixel / 2;
    nib::ThreadPool pool{static_cast<std::size_t>(arguments.threads)};
    print_batch("batch_ms", net, images, pool);
    print_batch("dense_batch_ms", net, dense, pool);
    if (arguments.job_name != "A") return 0;
    Digits digits;
    std::copy(net.parameters().begin(), net.parameters().end(), digits.parameters().begin());
    print_one("one_us", digits, images);
    print_one("dense_one_us", digits, dense);
}
