// What train and evaluate print and draw of a network's answers.
#pragma once

#include <nib/data/batches.hpp>
#include <nib/data/dataset.hpp>
#include <nib/model/predict.hpp>
#include <nib/train/evaluate.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace examples {

// "coverage 0.9000 (9/10)".
std::string share_text(const std::string& name, std::size_t part, std::size_t total);
std::string accuracy_text(std::size_t correct, std::size_t total);

// Both programs' last line.
void print_test_accuracy(const nib::Evaluation& evaluation);

void print_classes(const nib::ConfusionMatrix& confusion);

// Truth in rows, answers in columns.
void print_confusion(const nib::ConfusionMatrix& confusion);

// Makes a folder where there is none, so that one that cannot be written shows before an hour of training.
void make_folder(const std::string& folder);

struct Answer {
    std::size_t index;  // of the test image
    int answer;
    float probability;
};

// samples.png and mistakes.png: test images, each with its answer and, where that is wrong, the truth; of the mistakes
// the `shown` that the network was surest of.
inline constexpr std::size_t shown = 60;
void draw_report(const nib::Dataset& test, const std::vector<Answer>& samples, std::vector<Answer> mistakes,
                 const std::string& folder);

// The same of the first test images and of all mistakes of a network.
template <nib::InferenceNetwork Net>
void write_report(const Net& net, const nib::Dataset& test, const std::string& folder) {
    std::vector<Answer> samples, mistakes;
    nib::Workspace<float> workspace;
    std::size_t index = 0;
    for (const auto& batch : nib::batches(test, 256)) {
        const auto probabilities = nib::probabilities(net, batch.inputs, workspace);
        for (std::size_t i = 0; i < batch.targets.size(); ++i, ++index) {
            const auto row = probabilities.row(i);
            std::size_t best = 0;
            for (std::size_t c = 1; c < row.size(); ++c)
                if (row[best] < row[c]) best = c;
            const Answer answer{index, static_cast<int>(best), row[best]};
            if (samples.size() < shown) samples.push_back(answer);
            if (answer.answer != batch.targets[i]) mistakes.push_back(answer);
        }
    }
    draw_report(test, samples, std::move(mistakes), folder);
}

}  // namespace examples
