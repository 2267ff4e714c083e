#include "report.hpp"

#include "picture.hpp"

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace examples {

std::string share_text(const std::string& name, std::size_t part, std::size_t total) {
    const double share = static_cast<double>(part) / static_cast<double>(total);
    return name + " " + nib::fixed(share, 4) + " (" + std::to_string(part) + "/" + std::to_string(total) + ")";
}

std::string accuracy_text(std::size_t correct, std::size_t total) { return share_text("accuracy", correct, total); }

void print_test_accuracy(const nib::Evaluation& evaluation) {
    std::printf("test %s\n", accuracy_text(evaluation.correct(), evaluation.total()).c_str());
}

void print_classes(const nib::ConfusionMatrix& confusion) {
    std::puts("class examples precision recall");
    for (int c = 0; c < static_cast<int>(confusion.classes()); ++c)
        std::printf("%5d %8zu %9s %6s\n", c, confusion.of_class(c), nib::fixed(confusion.precision(c), 4).c_str(),
                    nib::fixed(confusion.recall(c), 4).c_str());
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

void draw_report(const nib::Dataset& test, const std::vector<Answer>& samples, std::vector<Answer> mistakes,
                 const std::string& folder) {
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
