// Learns a curve from points that are scattered around it, and draws both.
#include "common/command_line.hpp"
#include "common/picture.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/nib.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace {

struct Options {
    std::size_t points = 400;
    double noise = 0.1;
    int epochs = 200;
    std::uint64_t seed = 42;
    std::string png;
};

constexpr float left_end = -2, right_end = 2;

float curve(float x) { return std::sin(3 * x); }

// The points in grey, the curve that they are scattered around in blue, what the network gives in red.
template <class Net>
examples::Picture draw(const Net& net, const nib::Matrix<float>& x, const nib::Matrix<float>& y) {
    constexpr int width = 800, height = 400;
    constexpr float highest = 1.6f;
    examples::Picture picture{width, height, examples::PixelFormat::rgb, examples::white};
    const auto dot = [&](float at, float value, int size, examples::Color color) {
        const float column = (at - left_end) / (right_end - left_end) * width;
        const float row = (highest - value) / (2 * highest) * height;
        picture.fill(static_cast<int>(column) - size / 2, static_cast<int>(row) - size / 2, size, size, color);
    };
    for (std::size_t i = 0; i < x.rows(); ++i) dot(x(i, 0), y(i, 0), 3, {160, 160, 160});
    constexpr int steps = 4 * width;
    for (int i = 0; i < steps; ++i) {
        const float at = left_end + (right_end - left_end) * static_cast<float>(i) / steps;
        dot(at, curve(at), 2, {60, 110, 220});
        dot(at, net({&at, 1})[0], 2, {210, 30, 30});
    }
    examples::draw_text(picture, 10, 10, "points", {160, 160, 160}, 2);
    examples::draw_text(picture, 10, 30, "sin(3 x)", {60, 110, 220}, 2);
    examples::draw_text(picture, 10, 50, "network", {210, 30, 30}, 2);
    return picture;
}

void regression(const Options& options) {
    if (!options.png.empty()) nib::check_writable(options.png);
    nib::Rng rng{options.seed};
    nib::Matrix<float> x(options.points, 1), y(options.points, 1);
    for (std::size_t i = 0; i < options.points; ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(left_end, right_end));
        y(i, 0) = curve(x(i, 0)) + static_cast<float>(options.noise * rng.normal());
    }
    const auto parts = nib::split(nib::Examples{x, y}, 0.8, rng);

    nib::Mlp net{{1, 64, 64, 1}, rng, {.activation = nib::Tanh{}, .output = {}}};
    nib::Adam adam{net, {.learning_rate = 0.01}};
    nib::fit(net, adam, parts.train,
             {.epochs = options.epochs, .batch_size = 20, .schedule = nib::CosineAnnealingLR{.eta_min = 0.01}}, rng,
             nib::MseLoss{}, nib::Validation{parts.validation}, [](const nib::EpochReport& epoch) {
                 if (epoch.epoch % 20 == 0)
                     std::printf("epoch %d loss %s validation %s\n", epoch.epoch,
                                 nib::format_fixed(epoch.loss, 4).c_str(),
                                 nib::format_fixed(*epoch.validation_loss, 4).c_str());
             });

    double sum = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) sum += std::pow(net(x.row(i))[0] - curve(x(i, 0)), 2);
    if (!options.png.empty()) examples::write_png(draw(net, x, y), options.png);
    std::printf("distance from the curve %s\n",
                nib::format_fixed(std::sqrt(sum / static_cast<double>(x.rows())), 4).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"regression", "Learns y = sin(3 x) from points that are scattered around it."};
    line.option("--points", "N", "how many", options.points, 10, 1'000'000);
    line.option("--noise", "X", "standard deviation of the points from the curve", options.noise, 0, 10);
    line.option("--epochs", "N", "times through the points", options.epochs, 1, 1'000'000);
    line.option("--seed", "N", "of points, initialisation and shuffling", options.seed, 0, UINT64_MAX);
    line.option("--png", "FILE", "writes a picture of the points and of what was learned", options.png);
    return line.run(argc, argv, [&] { regression(options); });
}
