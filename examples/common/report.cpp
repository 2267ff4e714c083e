#include "report.hpp"

#include "interrupt.hpp"
#include "picture.hpp"

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/model/layer_texts.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

std::string share_text(const std::string& name, std::size_t part, std::size_t total) {
    const double share = static_cast<double>(part) / static_cast<double>(total);
    return name + " " + nib::format_fixed(share, 4) + " (" + std::to_string(part) + "/" + std::to_string(total) + ")";
}

std::string accuracy_text(std::size_t correct, std::size_t total) { return share_text("accuracy", correct, total); }

void print_test_accuracy(const nib::Evaluation& evaluation) {
    std::printf("test %s\n", accuracy_text(evaluation.correct(), evaluation.total()).c_str());
}

void print_classes(const nib::ConfusionMatrix& confusion) {
    std::puts("class examples precision recall");
    for (int c = 0; c < static_cast<int>(confusion.classes()); ++c)
        std::printf("%5d %8zu %9s %6s\n", c, confusion.of_class(c),
                    nib::format_fixed(confusion.precision(c), 4).c_str(),
                    nib::format_fixed(confusion.recall(c), 4).c_str());
}

void print_confusion(const nib::ConfusionMatrix& confusion) {
    const int count = static_cast<int>(confusion.classes());
    std::printf("truth");
    for (int answer = 0; answer < count; ++answer) std::printf(" %5d", answer);
    for (int truth = 0; truth < count; ++truth) {
        std::printf("\n%5d", truth);
        for (int answer = 0; answer < count; ++answer) std::printf(" %5zu", confusion.count(truth, answer));
    }
    std::printf("\n");
}

void make_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::error_code ignored;  // `error` keeps the reason
    if (!std::filesystem::is_directory(folder, ignored))
        nib::fail(folder + ": cannot make a folder" + (error ? ": " + error.message() : std::string()));
    nib::check_writable(folder + "/samples.png");
}

void Answers::add(nib::MatrixView<const float> log_probabilities, std::span<const int> targets) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const std::span<const float> row = log_probabilities.row(i);
        const auto best = std::max_element(row.begin(), row.end());
        const Answer answer{seen_++, static_cast<int>(best - row.begin()), std::min(std::exp(*best), 1.0f)};
        const bool right = answer.answer == targets[i];
        if (samples.size() < shown) samples.push_back(answer);
        if (!right) mistakes.push_back(answer);
        if (std::isfinite(answer.probability)) calibration.add(static_cast<double>(answer.probability), right);
    }
}

nib::MatrixView<const float> weights_of_images(const std::vector<nib::LayerTensor>& tensors,
                                               std::span<const float> parameters, std::size_t pixels) {
    for (const nib::LayerTensor& tensor : tensors) {
        if (tensor.is_buffer) continue;
        if (!tensor.transposed || tensor.shape.size() != 2 || tensor.shape[1] != pixels) break;
        return {parameters.data() + tensor.offset, pixels, tensor.shape[0]};
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> facts_of(const nib::Mlp& net, const nib::Dataset& test) {
    return {{"network", nib::layers_text(net.layers())},
            {"parameters", std::to_string(net.parameter_count())},
            {"test images", std::to_string(test.size()) + (test.name.empty() ? "" : ", " + test.name)}};
}

namespace {

Picture image_of(const nib::Dataset& test, std::size_t index) {
    const int rows = static_cast<int>(test.rows), cols = static_cast<int>(test.cols);
    Picture picture{cols, rows, PixelFormat::grey, white};
    draw_image(picture, 0, 0, test.image(index), rows, cols, 1);
    return picture;
}

// From orange over white to blue, which all eyes tell apart; white is 0, and the largest weight of the unit is full.
Picture weights_of_unit(nib::MatrixView<const float> weights, std::size_t unit, std::size_t rows, std::size_t cols) {
    float largest = 0;
    for (std::size_t i = 0; i < weights.rows(); ++i) largest = std::max(largest, std::abs(weights(i, unit)));
    Picture picture{static_cast<int>(cols), static_cast<int>(rows), PixelFormat::rgb, white};
    constexpr Color blue{0, 72, 140}, orange{200, 80, 0};
    for (std::size_t i = 0; i < weights.rows() && largest > 0; ++i) {
        const float part = weights(i, unit) / largest;
        const Color end = part > 0 ? blue : orange;
        const auto mixed = [&](std::uint8_t channel) {
            return static_cast<std::uint8_t>(255.0f - std::abs(part) * (255.0f - static_cast<float>(channel)));
        };
        picture.set(static_cast<int>(i % cols), static_cast<int>(i / cols),
                    Color{mixed(end.red), mixed(end.green), mixed(end.blue)});
    }
    return picture;
}

}  // namespace

void draw_report(const nib::Dataset& test, const nib::Evaluation& evaluation, double top3_accuracy, Answers answers,
                 nib::MatrixView<const float> weights, const RunTexts& run, const std::string& folder) {
    std::stable_sort(answers.mistakes.begin(), answers.mistakes.end(),
                     [](const Answer& a, const Answer& b) { return a.probability > b.probability; });
    answers.mistakes.resize(std::min(answers.mistakes.size(), shown));

    ReportPage page{run.title, run.facts, run.epochs, evaluation, {}, answers.calibration, {}, {}, {}};
    if (evaluation.classes() > 3) page.top3_accuracy = top3_accuracy;
    const auto draw = [&](const std::vector<Answer>& some, const std::string& name, std::vector<PageImage>& on_page) {
        std::vector<CaptionedImage> images;
        for (const Answer& answer : some) {
            const int truth = test.labels[answer.index];
            const bool right = answer.answer == truth;
            const std::string is = right ? std::string() : "is " + std::to_string(truth);
            const Verdict verdict = right ? Verdict::right : Verdict::wrong;
            images.push_back({.pixels = test.image(answer.index),
                              .caption = std::to_string(answer.answer) + (right ? is : " (" + is + ")"),
                              .verdict = verdict});
            on_page.push_back({.picture = image_of(test, answer.index),
                               .caption = std::to_string(answer.answer) + (right ? is : ", " + is),
                               .note = nib::format_fixed(static_cast<double>(answer.probability), 4),
                               .verdict = verdict});
        }
        write_png(contact_sheet(images, static_cast<int>(test.rows), static_cast<int>(test.cols), 3, 10),
                  folder + "/" + name);
    };
    draw(answers.samples, "samples.png", page.samples);
    draw(answers.mistakes, "mistakes.png", page.mistakes);
    for (std::size_t unit = 0; unit < std::min(weights.cols(), shown); ++unit)
        page.weights.push_back(
            {.picture = weights_of_unit(weights, unit, test.rows, test.cols), .caption = std::to_string(unit)});

    const std::string text = html(page);
    write_whole([&] {
        nib::AtomicFile file{folder + "/report.html"};
        file.write(text);
        file.commit();
    });
}

}  // namespace examples
