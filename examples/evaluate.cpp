// Tests a trained network: accuracy, precision and recall of each class, and the confusion matrix.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/paths.hpp"
#include "common/report.hpp"

#include <nib/model/int8.hpp>
#include <nib/nib.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::string data;
    std::string report;
    bool int8 = false;
};

// A table of more is too wide to read.
constexpr std::size_t most_printed_classes = 100;

// Fails where the loss is not finite, because numbers on the way to it are too large.
template <nib::InferenceNetwork Net>
nib::Evaluation checked_evaluation(const Net& net, const nib::Dataset& test, const Options& options) {
    nib::Evaluation evaluation = nib::evaluate(net, test);
    if (!nib::is_finite(evaluation.loss))
        nib::fail(options.model +
                  ": expected answers with a finite loss; the network's weights are too large to compute with");
    return evaluation;
}

// Prints the results but for the last line.
template <nib::InferenceNetwork Net>
nib::Evaluation print_evaluation(const Net& net, const nib::Dataset& test, const Options& options,
                                 const examples::RunTexts& texts) {
    const nib::Evaluation evaluation = checked_evaluation(net, test, options);
    std::printf("loss %s\n\n", nib::format_fixed(evaluation.loss, 4).c_str());
    if (evaluation.classes() <= most_printed_classes) {
        examples::print_classes(evaluation.confusion());
        std::printf("\n");
        examples::print_confusion(evaluation.confusion());
        std::printf("\n");
    } else {
        std::fprintf(stderr, "%s: has %zu classes: tables of them are printed up to %zu\n", options.model.c_str(),
                     evaluation.classes(), most_printed_classes);
    }
    if (!options.report.empty()) examples::write_report(net, test, evaluation, texts, options.report);
    return evaluation;
}

// The same of the network in 8-bit integers, and how both compare.
nib::Evaluation evaluate_int8(const nib::Mlp& net, const nib::Dataset& test, const Options& options,
                              examples::RunTexts texts) {
    const nib::Evaluation before = checked_evaluation(net, test, options);
    const nib::Int8Mlp small = nib::quantize(net, examples::calibration_digits(options.data));
    texts.facts.push_back({"computed in", "8-bit integers"});
    const nib::Evaluation evaluation = print_evaluation(small, test, options, texts);
    const std::size_t float_bytes = net.parameter_count() * sizeof(float), int8_bytes = small.size_bytes();
    std::printf("float %s %zu bytes\n", examples::accuracy_text(before.correct(), before.total()).c_str(), float_bytes);
    std::printf("int8 %s %zu bytes\n", examples::accuracy_text(evaluation.correct(), evaluation.total()).c_str(),
                int8_bytes);
    const double ratio = static_cast<double>(float_bytes) / static_cast<double>(int8_bytes);
    std::printf("%s times smaller\n\n", nib::format_fixed(ratio, 2).c_str());
    return evaluation;
}

void evaluate(const Options& options) {
    std::vector<examples::NamedPath> inputs = examples::data_files(options.data);
    inputs.push_back({"MODEL", options.model});
    examples::check_outputs(inputs, examples::report_files(options.report));
    const std::size_t features = nib::mlp_widths(options.model).front();
    if (!options.report.empty()) examples::make_folder(options.report);
    if (options.data.empty()) std::fputs("no --data: testing on 10,000 synthetic digits\n", stderr);
    const nib::Dataset test = examples::test_digits(options.data);
    // Before the network's numbers are read, of which there may be any number.
    if (features != test.input_size())
        nib::fail(options.model + ": expected a network that takes " + std::to_string(test.input_size()) +
                  " features, as the test images have, found one that takes " + std::to_string(features));
    const nib::Mlp net = nib::load_mlp(options.model);
    if (!net.gives_log_probabilities())
        nib::fail(options.model + ": expected a network that ends in LogSoftmax, found " +
                  nib::layers_text(net.layers()));

    const examples::RunTexts texts{.title = "Test of " + options.model, .facts = examples::facts_of(net, test)};
    examples::print_test_accuracy(options.int8 ? evaluate_int8(net, test, options, texts)
                                               : print_evaluation(net, test, options, texts));
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"evaluate", "Tests a trained network on handwritten digits."};
    line.argument("MODEL", "a dense network (safetensors, PyTorch's .pth or NumPy's .npz)", options.model);
    line.option("--data", "DIR", "folder of MNIST's IDX files; without it, synthetic digits", options.data);
    line.option("--report", "DIR", "writes report.html, and samples.png and mistakes.png: test images and answers",
                options.report);
    line.flag("--int8", "tests the network in 8-bit integers, calibrated on training images, and compares",
              options.int8);
    return line.run(argc, argv, [&] { evaluate(options); });
}
