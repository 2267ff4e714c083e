// Tests a trained network: accuracy, precision and recall of each class, and the confusion matrix.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/report.hpp"

#include <nib/nib.hpp>

#include <cstdio>
#include <string>

namespace {

struct Options {
    std::string model;
    std::string data;
    std::string report;
};

void evaluate(const Options& options) {
    const nib::Mlp net = nib::load_mlp(options.model);
    if (!options.report.empty()) examples::make_folder(options.report);
    if (options.data.empty()) std::fputs("no --data: testing on 10,000 synthetic digits\n", stderr);
    const nib::Dataset test = examples::test_digits(options.data);

    const nib::Evaluation evaluation = nib::evaluate(net, test);
    std::printf("loss %s\n\n", nib::fixed(evaluation.loss, 4).c_str());
    examples::print_classes(evaluation.confusion);
    std::printf("\n");
    examples::print_confusion(evaluation.confusion);
    std::printf("\n");
    if (!options.report.empty()) examples::write_report(net, test, options.report);
    examples::print_test_accuracy(evaluation);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"evaluate", "Tests a trained network on handwritten digits."};
    line.argument("MODEL", "a dense network (safetensors, or PyTorch's .pth)", options.model);
    line.option("--data", "DIR", "folder of MNIST's IDX files; without it, synthetic digits", options.data);
    line.option("--report", "DIR", "writes samples.png and mistakes.png: test images and answers", options.report);
    return line.run(argc, argv, [&] { evaluate(options); });
}
