// Recognises drawn digits: one line a drawing, with the digit, its probability, the runner-up and its probability.
#include "common/command_line.hpp"
#include "common/report.hpp"
#include "common/stroke_options.hpp"

#include <nib/nib.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::vector<std::string> files;
    std::string format;
};

// The side of the square images that the network takes.
std::size_t image_side(const nib::Mlp& net, const std::string& model) {
    const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(net.input_size()))));
    if (side * side != net.input_size() || side < 8 || side > 1024)
        nib::fail(model + ": expected a network that takes square images, 8x8 to 1024x1024, found one that takes " +
                  std::to_string(net.input_size()) + " features");
    return side;
}

struct Score {
    std::size_t correct = 0;
    std::size_t labelled = 0;
};

void recognize_drawing(const nib::Mlp& net, const nib::Drawing& drawing, std::size_t side, Score& score) {
    const nib::Image image = nib::rasterize(drawing, {.size = side});
    std::vector<float> inputs(image.pixels.size());
    nib::kernels::scale_bytes<float>(image.pixels, inputs);
    const auto probabilities = nib::probabilities(net, inputs);
    std::vector<int> order(probabilities.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    const auto probability = [&](int c) { return probabilities[static_cast<std::size_t>(c)]; };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return probability(a) > probability(b); });

    std::string line;
    for (const int c : std::span{order}.first(std::min<std::size_t>(order.size(), 2)))
        nib::append_to_list(line, " ", std::to_string(c) + " " + nib::fixed(static_cast<double>(probability(c)), 4));
    std::puts(line.c_str());
    if (drawing.label.empty()) return;
    ++score.labelled;
    score.correct += drawing.label == std::to_string(order[0]) ? 1 : 0;
}

void recognize(const Options& options) {
    const nib::Mlp net = nib::load_mlp(options.model);
    const std::size_t side = image_side(net, options.model);
    std::vector<nib::Drawing> drawings;  // of all files, so that a bad one shows before anything is printed
    for (const std::string& file : options.files)
        for (nib::Drawing& drawing : nib::load_drawings(file, examples::stroke_format(options.format)))
            drawings.push_back(std::move(drawing));

    Score score;
    for (const nib::Drawing& drawing : drawings) recognize_drawing(net, drawing, side, score);
    if (score.labelled > 0) std::puts(examples::accuracy_text(score.correct, score.labelled).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"recognize",
                               "Recognises drawn digits. A line a drawing: the digit, its probability, the runner-up, "
                               "its probability. A last line has the accuracy where the drawings carry labels."};
    line.argument("MODEL", "a dense network for square images (safetensors)", options.model);
    line.arguments("FILE", "stroke files", options.files);
    examples::add_format_option(line, options.format);
    return line.run(argc, argv, [&] { recognize(options); });
}
