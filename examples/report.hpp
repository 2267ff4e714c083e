// What train and evaluate print and draw of a network's answers.
#pragma once

#include "picture.hpp"

#include <nib/core/text.hpp>
#include <nib/data/batches.hpp>
#include <nib/model/predict.hpp>
#include <nib/train/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace examples {

inline std::string accuracy_text(std::size_t correct, std::size_t total) {
    const double accuracy = static_cast<double>(correct) / static_cast<double>(total);
    return "accuracy " + nib::fixed(accuracy, 4) + " (" + std::to_string(correct) + "/" + std::to_string(total) + ")";
}

// Both programs' last line.
inline void print_test_accuracy(const nib::Evaluation& evaluation) {
    std::printf("test %s\n", accuracy_text(evaluation.correct(), evaluation.total()).c_str());
}

inline void print_classes(const nib::ConfusionMatrix& confusion) {
    std::puts("class examples precision recall");
    for (int c = 0; c < static_cast<int>(confusion.classes()); ++c)
        std::printf("%5d %8zu %9s %6s\n", c, confusion.of_class(c), nib::fixed(confusion.precision(c), 4).c_str(),
                    nib::fixed(confusion.recall(c), 4).c_str());
}

// Truth in rows, answers in columns.
inline void print_confusion(const nib::ConfusionMatrix& confusion) {
    const int count = static_cast<int>(confusion.classes());
    std::printf("truth");
    for (int answer = 0; answer < count; ++answer) std::printf(" %5d", answer);
    for (int truth = 0; truth < count; ++truth) {
        std::printf("\n%5d", truth);
        for (int answer = 0; answer < count; ++answer) std::printf(" %5zu", confusion.count(truth, answer));
    }
    std::printf("\n");
}

// Makes a folder where there is none, so that one that cannot be written shows before an hour of training.
inline void make_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::error_code ignored;  // `error` keeps the reason
    if (!std::filesystem::is_directory(folder, ignored))
        nib::fail(folder + ": cannot make a folder" + (error ? ": " + error.message() : std::string()));
    nib::check_writable(folder + "/samples.png");
}

// samples.png: the first 60 test images, and mistakes.png: the 60 mistakes that the network was surest of; each with
// its answer and, where that is wrong, the truth.
template <nib::Network Net>
void write_report(const Net& net, const nib::Dataset& test, const std::string& folder) {
    constexpr std::size_t shown = 60;
    struct Answer {
        std::size_t index;
        int answer;
        float probability;
    };
    std::vector<Answer> samples, mistakes;
    nib::Workspace<float> workspace;
    std::size_t index = 0;
    for (const auto& batch : nib::batches(test, 256)) {
        const auto probabilities = nib::probabilities(net, batch.inputs, workspace);
        for (std::size_t i = 0; i < batch.targets.size(); ++i, ++index) {
            const auto row = probabilities.row(i);
            const auto best = std::max_element(row.begin(), row.end());
            const Answer answer{index, static_cast<int>(best - row.begin()), *best};
            if (samples.size() < shown) samples.push_back(answer);
            if (answer.answer != batch.targets[i]) mistakes.push_back(answer);
        }
    }
    std::stable_sort(mistakes.begin(), mistakes.end(),
                     [](const Answer& a, const Answer& b) { return a.probability > b.probability; });
    mistakes.resize(std::min(mistakes.size(), shown));

    const auto draw = [&](const std::vector<Answer>& answers, const std::string& name) {
        std::vector<CaptionedImage> images;
        for (const Answer& answer : answers) {
            const int truth = test.labels[answer.index];
            const bool right = answer.answer == truth;
            images.push_back({.pixels = test.image(answer.index),
                              .caption = std::to_string(answer.answer) +
                                         (right ? std::string() : " (is " + std::to_string(truth) + ")"),
                              .verdict = right ? Verdict::right : Verdict::wrong});
        }
        write_png(contact_sheet(images, static_cast<int>(test.rows), static_cast<int>(test.cols), 3, 10),
                  folder + "/" + name);
    };
    draw(samples, "samples.png");
    draw(mistakes, "mistakes.png");
}

}  // namespace examples
