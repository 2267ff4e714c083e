// What train and evaluate print and draw of a network's answers.
#pragma once

#include "report_page.hpp"

#include <nib/core/matrix.hpp>
#include <nib/data/dataset.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/network.hpp>
#include <nib/train/calibration.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/metrics.hpp>

#include <cstddef>
#include <span>
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

// The first `shown` answers, all mistakes, and how well probabilities and mistakes agree; a metric for nib::measure.
inline constexpr std::size_t shown = 60;
struct Answers {
    std::vector<Answer> samples;
    std::vector<Answer> mistakes;
    nib::Calibration calibration;

    void add(nib::MatrixView<const float> log_probabilities, std::span<const int> targets);

private:
    std::size_t seen_ = 0;
};

// Of a network's parameters, those of the first layer, [pixels, units]; empty where it is none of images.
nib::MatrixView<const float> weights_of_images(const std::vector<nib::LayerTensor>& tensors,
                                               std::span<const float> parameters, std::size_t pixels);

// What a report says beside the answers: its title, facts about the run, and the run's epochs.
struct RunTexts {
    std::string title;
    std::vector<std::pair<std::string, std::string>> facts;
    std::vector<EpochResult> epochs = {};
};

// What the network is, and the test images.
std::vector<std::pair<std::string, std::string>> facts_of(const nib::Mlp& net, const nib::Dataset& test);

// Writes report.html, and as pictures samples.png and mistakes.png: test images, each with its answer and, where that
// is wrong, the truth; of the mistakes the `shown` that the network was surest of.
void draw_report(const nib::Dataset& test, const nib::Evaluation& evaluation, double top3_accuracy, Answers answers,
                 nib::MatrixView<const float> weights, const RunTexts& run, const std::string& folder);

// The same of a network that gives logarithms of probabilities, and of its evaluation on the test images.
template <nib::InferenceNetwork Net>
void write_report(const Net& net, const nib::Dataset& test, const nib::Evaluation& evaluation, const RunTexts& run,
                  const std::string& folder) {
    Answers answers;
    nib::TopKAccuracy top3{3};
    nib::measure(net, test, answers, top3);
    nib::MatrixView<const float> weights;
    if constexpr (nib::Network<Net>) weights = weights_of_images(net.tensors(), net.parameters(), test.input_size());
    draw_report(test, evaluation, top3.accuracy(), std::move(answers), weights, run, folder);
}

}  // namespace examples
