// The jobs with nib.
#include "job.hpp"

#include <nib/nib.hpp>

#include <algorithm>

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const bench::Job job = bench::job_named(argv[1]);
    const auto train = nib::load_mnist(argv[2], nib::Split::train);
    const auto test = nib::load_mnist(argv[2], nib::Split::test);
    const int epochs = std::atoi(argv[3]);

    nib::Rng rng{std::strtoull(argv[4], nullptr, 10)};
    nib::Mlp net{{job.widths.begin(), job.widths.end()}, rng};
    nib::Adam adam{net};
    nib::fit(net, adam, train, {.epochs = epochs, .batch_size = static_cast<std::size_t>(job.batch)}, rng,
             [](const nib::EpochReport& epoch) { bench::print("epoch_seconds", epoch.seconds); });
    bench::print("accuracy", nib::accuracy(net, test));
    bench::print_peak_memory();

    nib::Matrix<float> images(test.size(), test.input_size());
    for (std::size_t i = 0; i < test.size(); ++i) nib::copy_example<float>(test, i, images.row(i));
    nib::Workspace<float> workspace;
    static_cast<void>(nib::predict(net, images, workspace));  // the first pass allocates
    for (int round = 0; round < 7; ++round) {
        const bench::Stopwatch watch;
        const auto classes = nib::predict(net, images, workspace);
        bench::print("batch_ms", watch.seconds() * 1e3);
        if (classes[0] != 7) std::printf("first_class %d\n", classes[0]);
    }
    if (std::string(argv[1]) != "A") return 0;

    using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                                   nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
    Digits digits;
    std::copy(net.parameters().begin(), net.parameters().end(), digits.parameters().begin());
    for (int round = 0; round < 7; ++round) {
        const bench::Stopwatch watch;
        int sum = 0;
        for (std::size_t i = 0; i < images.rows(); ++i) sum += nib::predict(digits, images.row(i));
        bench::print("one_us", watch.seconds() * 1e6 / static_cast<double>(images.rows()));
        if (sum == 0) std::puts("all_zero 1");
    }
}
