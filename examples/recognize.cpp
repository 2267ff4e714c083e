// Recognises drawn digits: one line a drawing, with the digit, its probability, the runner-up and its probability.
#include "common/command_line.hpp"
#include "common/picture.hpp"
#include "common/read_picture.hpp"
#include "common/report.hpp"
#include "common/stroke_options.hpp"

#include <nib/nib.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::vector<std::string> files;
    examples::StrokeOptions format;
    std::string png;
    std::optional<double> reject;
};

// A drawing as the network sees it.
struct Drawn {
    nib::Image image;
    std::string label;
};

// The side of the square images that the network takes.
std::size_t image_side(const nib::Mlp& net, const std::string& model) {
    const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(net.input_size()))));
    if (side * side != net.input_size() || side < 8 || side > 1024)
        nib::fail(model + ": expected a network that takes square images, 8x8 to 1024x1024, found one that takes " +
                  std::to_string(net.input_size()) + " features");
    return side;
}

nib::Image normalized_picture(const std::string& file, std::size_t side) {
    const nib::Image picture = examples::read_picture(file);
    try {
        return nib::normalize_image(picture, {.size = side});
    } catch (const nib::Error& error) {
        nib::fail(file + ": " + error.what());
    }
}

// Of all files, so that a bad one shows before anything is printed.
std::vector<Drawn> read_all(const Options& options, std::size_t side) {
    std::vector<Drawn> all;
    for (const std::string& file : options.files) {
        if (examples::is_picture_file(file)) {
            all.push_back({normalized_picture(file, side), ""});
            continue;
        }
        nib::for_each_drawing(file, examples::stroke_format(options.format), [&](nib::Drawing&& drawing) {
            all.push_back({nib::rasterize(drawing, {.size = side}), std::move(drawing.label)});
        });
    }
    return all;
}

struct Candidate {
    int digit;
    double probability;

    std::string text() const { return std::to_string(digit) + " " + nib::fixed(probability, 4); }
};

// The most probable first.
std::vector<Candidate> candidates(const nib::Mlp& net, const nib::Image& image) {
    std::vector<float> inputs(image.pixels.size());
    nib::kernels::scale_bytes<float>(image.pixels, inputs);
    std::vector<Candidate> result;
    for (const float probability : nib::probabilities(net, inputs))
        result.push_back({static_cast<int>(result.size()), static_cast<double>(probability)});
    std::stable_sort(result.begin(), result.end(),
                     [](const Candidate& a, const Candidate& b) { return a.probability > b.probability; });
    return result;
}

// The image with the answer below it, and the label where that is another.
void write_answer(const Drawn& drawn, const std::string& answer, double probability, const std::string& path) {
    const bool right = answer == drawn.label;
    std::string caption = answer + " " + nib::fixed(probability, 4);
    if (!right && examples::is_plain(drawn.label)) caption += " (is " + drawn.label + ")";
    const auto verdict = drawn.label.empty() || answer == "?" ? examples::Verdict::none
                         : right                              ? examples::Verdict::right
                                                              : examples::Verdict::wrong;
    const examples::CaptionedImage image{drawn.image.pixels, caption, verdict};
    const int side = static_cast<int>(drawn.image.rows);
    const int scale = std::max(168 / side, 1);
    examples::write_png(examples::contact_sheet({&image, 1}, side, side, scale, 1), path);
}

struct Score {
    std::size_t drawings = 0;
    std::size_t answered = 0;
    std::size_t labelled = 0;  // of the answered ones
    std::size_t correct = 0;
};

void recognize_drawing(const nib::Mlp& net, const Drawn& drawn, const Options& options, Score& score) {
    const std::vector<Candidate> order = candidates(net, drawn.image);
    const bool answered = !options.reject || order[0].probability >= *options.reject;
    const std::string answer = answered ? std::to_string(order[0].digit) : "?";
    std::string line = answer;
    line.append(" ").append(nib::fixed(order[0].probability, 4));
    if (order.size() > 1) line.append(" ").append(order[1].text());
    std::puts(line.c_str());

    ++score.drawings;
    if (!options.png.empty())
        write_answer(drawn, answer, order[0].probability,
                     options.png + "/" + examples::png_name(score.drawings, drawn.label));
    if (!answered) return;
    ++score.answered;
    if (drawn.label.empty()) return;
    ++score.labelled;
    score.correct += drawn.label == answer ? 1 : 0;
}

void recognize(const Options& options) {
    if (options.reject && *options.reject >= 1)
        throw examples::UsageError("--reject: expected a probability below 1, found 1");
    if (!options.png.empty()) examples::make_folder(options.png);
    const nib::Mlp net = nib::load_mlp(options.model);
    const std::size_t side = image_side(net, options.model);
    const std::vector<Drawn> all = read_all(options, side);

    Score score;
    for (const Drawn& drawn : all) recognize_drawing(net, drawn, options, score);
    if (options.reject) std::puts(examples::share_text("coverage", score.answered, score.drawings).c_str());
    if (score.labelled > 0) std::puts(examples::accuracy_text(score.correct, score.labelled).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"recognize",
                               "Recognises drawn digits. A line a drawing: the digit, its probability, the runner-up, "
                               "its probability. A last line has the accuracy where the drawings carry labels."};
    line.argument("MODEL", "a dense network for square images (safetensors, PyTorch's .pth or NumPy's .npz)",
                  options.model);
    line.arguments("FILE",
                   "stroke files, and pictures of one digit each (PNG, JPEG, BMP, PGM, PPM, PBM), which carry no label",
                   options.files);
    examples::add_format_option(line, options.format);
    line.option("--png", "DIR", "writes 00001-LABEL.png, ...: what the network saw, and its answer", options.png);
    line.option("--reject", "P",
                "prints ? for a digit less probable than P, below 1; a line with the coverage comes before the "
                "accuracy, which is that of the answers",
                options.reject, 0, 1);
    return line.run(argc, argv, [&] { recognize(options); });
}
