// Recognises drawn digits: one line a drawing, with the digit, its probability, the runner-up and its probability.
#include "common/command_line.hpp"
#include "common/digit_network.hpp"
#include "common/drawing_files.hpp"
#include "common/paths.hpp"
#include "common/picture.hpp"
#include "common/report.hpp"

#include <nib/ink.hpp>
#include <nib/nib.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::vector<std::string> files;
    examples::StrokeOptions strokes;
    std::string png;
    std::optional<double> reject;
};

using Candidate = nib::ScoredClass<float>;

struct Answer {
    Candidate best;
    Candidate second;
};

// "7 0.9981".
std::string text_of(const Candidate& candidate, const std::string& name) {
    return name + " " + nib::format_fixed(static_cast<double>(candidate.score), 4);
}

// Fails where the network has no answer, because numbers on the way to it are too large.
Answer answer_of(const nib::Mlp& net, const nib::Image& image, const Options& options) {
    const std::vector<Candidate> best = nib::top_k(net, image, 2);
    if (!nib::is_finite(best[0].score)) examples::fail_without_answer(options.model);
    return {best[0], best[1]};
}

// What is printed for the answer: the digit, or ? where it is too improbable.
std::string answer_text(const Answer& answer, const Options& options) {
    const bool answered = !options.reject || static_cast<double>(answer.best.score) >= *options.reject;
    return answered ? std::to_string(answer.best.label) : "?";
}

// The image with the answer below it, and the label where that is another.
void write_answer(const nib::Image& image, const std::string& label, const Answer& given, const std::string& answer,
                  const std::string& path) {
    const bool right = answer == label;
    std::string caption = text_of(given.best, answer);
    if (!right && examples::is_plain(label)) caption += " (is " + label + ")";
    const auto verdict = label.empty() || answer == "?" ? examples::Verdict::none
                         : right                        ? examples::Verdict::right
                                                        : examples::Verdict::wrong;
    const examples::CaptionedImage captioned{image.pixels, caption, verdict};
    const int side = static_cast<int>(image.rows);
    const int scale = std::max(168 / side, 1);
    examples::write_png(examples::contact_sheet({&captioned, 1}, side, side, scale, 1), path);
}

struct Score {
    std::size_t answered = 0;
    std::size_t labelled = 0;  // of the answered ones
    std::size_t correct = 0;

    void count(const std::string& answer, const std::string& label) {
        if (answer == "?") return;
        ++answered;
        if (label.empty()) return;
        ++labelled;
        if (label == answer) ++correct;
    }
};

void recognize(const Options& options) {
    if (options.reject && *options.reject >= 1)
        throw examples::UsageError("--reject: expected a probability below 1, found 1");
    examples::check_png_folder(options.files, options.png);
    if (!options.png.empty()) examples::make_folder(options.png);
    nib::TensorFile file = nib::open_tensors(options.model);
    const nib::Mlp net = examples::load_digit_network(file);
    const auto passes = options.png.empty() ? examples::Passes::one : examples::Passes::two;
    examples::DrawingFiles files{options.files,
                                 options.strokes,
                                 {.size = examples::image_side(net.input_size())},
                                 examples::Pictures::read,
                                 passes};

    // Nothing is printed or written before all files are known to be good.
    std::vector<Answer> answers;
    std::string lines;
    Score score;
    files.for_each([&](const nib::Image& image, const std::string& label) {
        const Answer& answer = answers.emplace_back(answer_of(net, image, options));
        const std::string text = answer_text(answer, options);
        score.count(text, label);
        lines.append(text_of(answer.best, text)).append(" ");
        lines.append(text_of(answer.second, std::to_string(answer.second.label))).append("\n");
    });
    if (!options.png.empty()) {
        std::size_t number = 0;
        files.for_each([&](const nib::Image& image, const std::string& label) {
            const Answer& answer = answers.at(number++);
            write_answer(image, label, answer, answer_text(answer, options),
                         options.png + "/" + examples::png_name(number, label));
        });
    }
    std::fputs(lines.c_str(), stdout);
    if (options.reject) std::puts(examples::share_text("coverage", score.answered, answers.size()).c_str());
    if (score.labelled > 0) std::puts(examples::accuracy_text(score.correct, score.labelled).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"recognize",
                               "Recognises drawn digits. A line a drawing: the digit, its probability, the runner-up, "
                               "its probability. A last line has the accuracy where the drawings carry labels."};
    line.argument(
        "MODEL",
        "a dense network that tells ten digits apart in square images (safetensors, PyTorch's .pth or NumPy's .npz)",
        options.model);
    line.arguments("FILE",
                   "stroke files, and pictures of one digit each (PNG, JPEG, BMP, PGM, PPM, PBM), which carry no label",
                   options.files);
    examples::add_stroke_options(line, options.strokes);
    line.option("--png", "DIR", "writes 00001-LABEL.png, ...: what the network saw, and its answer", options.png);
    line.option("--reject", "P",
                "prints ? for a digit less probable than P, below 1; a line with the coverage comes before the "
                "accuracy, which is that of the answers",
                options.reject, 0, 1);
    return line.run(argc, argv, [&] { recognize(options); });
}
