// Learns to squeeze digits through 32 numbers and to draw them again, and draws digits above what became of them.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/paths.hpp"
#include "common/picture.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/nib.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string data;
    std::size_t synthetic = 0;
    int epochs = 5;
    std::size_t threads = 1;
    std::uint64_t seed = 42;
    std::string save;
    std::string png;
};

// clang-format off
using Autoencoder = nib::Sequential<
    nib::Dense<784, 128>, nib::ReLU,
    nib::Dense<128, 32>, nib::ReLU,
    nib::Dense<32, 128>, nib::ReLU,
    nib::Dense<128, 784>>;  // logits: the loss knows the sigmoid behind them
// clang-format on

// The first test digits, and below each what the network makes of it.
examples::Picture draw(const Autoencoder& net, const nib::Dataset& test) {
    constexpr int columns = 16, pairs = 4, side = 28, scale = 2;
    examples::Picture picture{columns * side * scale, pairs * 2 * side * scale + (pairs - 1) * 8,
                              examples::PixelFormat::grey, examples::white};
    std::vector<float> image(side * side);
    std::vector<std::uint8_t> drawn(image.size());
    for (std::size_t i = 0; i < columns * pairs && i < test.size(); ++i) {
        nib::copy_example<float>(test, i, image);
        const auto logits = net(image);
        for (std::size_t k = 0; k < drawn.size(); ++k)
            drawn[k] = static_cast<std::uint8_t>(255 / (1 + std::exp(-logits[k])) + 0.5f);
        const int left = static_cast<int>(i % columns) * side * scale;
        const int top = static_cast<int>(i / columns) * (2 * side * scale + 8);
        examples::draw_image(picture, left, top, test.image(i), side, side, scale);
        examples::draw_image(picture, left, top + side * scale, drawn, side, side, scale);
    }
    return picture;
}

void autoencoder(const Options& options) {
    nib::ThreadPool pool{options.threads};
    const nib::Dataset training = examples::training_digits(options.data, options.synthetic, options.seed, pool);
    const nib::Dataset test = examples::test_digits(options.data);
    nib::Rng rng{options.seed};
    Autoencoder net{rng};
    nib::Adam adam{net, {.learning_rate = 1e-3}};
    const nib::BceWithLogitsLoss loss;
    nib::fit(net, adam, nib::Autoencoding{training},
             {.epochs = options.epochs, .batch_size = 64, .threads = options.threads}, rng, loss,
             [&](const nib::EpochReport& epoch) {
                 std::printf("epoch %d loss %s test %s seconds %s\n", epoch.epoch,
                             nib::format_fixed(epoch.loss, 4).c_str(),
                             nib::format_fixed(nib::evaluate(net, nib::Autoencoding{test}, loss).loss, 4).c_str(),
                             nib::format_fixed(epoch.seconds, 2).c_str());
                 examples::check_output();
             });
    if (!options.save.empty()) nib::save_as(net, options.save);
    if (!options.png.empty()) examples::write_png(draw(net, test), options.png);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"autoencoder", "Squeezes digits through 32 numbers and draws them again."};
    line.option("--data", "DIR", "folder of MNIST's four IDX files; without it, synthetic digits", options.data);
    line.option("--synthetic", "N", "adds N synthetic digits; without --data, trains on N of them instead of 60000",
                options.synthetic, 0, 10'000'000);
    line.option("--epochs", "N", "times through the training images", options.epochs, 1, 1'000'000);
    line.option("--threads", "N", "at most, for batches large enough to gain", options.threads, 1, 256);
    line.option("--seed", "N", "of initialisation, shuffling and synthetic digits", options.seed, 0, UINT64_MAX);
    line.option("--save", "FILE", "writes the trained network", options.save);
    line.option("--png", "FILE", "writes test digits, and below each what the network makes of it", options.png);
    return line.run(argc, argv, [&] {
        examples::check_outputs(examples::data_files(options.data), {{"--save", options.save}, {"--png", options.png}});
        examples::check_save(options.save);
        if (!options.png.empty()) nib::check_writable(options.png);
        autoencoder(options);
    });
}
