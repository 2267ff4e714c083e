// Trains a dense network on handwritten digits, tests it after each epoch, and saves it.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/paths.hpp"
#include "common/printable.hpp"
#include "common/report.hpp"

#include <nib/nib.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace {

struct Options {
    std::string data;
    std::size_t synthetic = 0;
    bool augment = false;
    nib::FitOptions fit;
    nib::AdamOptions adam;
    std::uint64_t seed = 42;
    std::vector<std::size_t> hidden{64, 64, 64};
    std::string save;
    std::string checkpoint;
    std::string resume;
    std::string report;
};

bool is_terminal(std::FILE* file) {
#if __has_include(<unistd.h>)
    return ::isatty(::fileno(file)) != 0;
#else
    return false;
#endif
}

// Rewrites one line of a terminal, ten times a second.
class ProgressLine {
public:
    void operator()(const nib::Progress& progress) {
        if (!on_ || progress.seconds < next_) return;
        std::fprintf(stderr, "\r%s\033[K", nib::progress_line(progress).c_str());
        std::fflush(stderr);
        next_ = progress.seconds + 0.1;
    }
    void clear() const {
        if (on_) std::fputs("\r\033[K", stderr);
    }

private:
    bool on_ = is_terminal(stderr);
    double next_ = 0;
};

void train(Options options) {
    for (const char* const ending : {".npy", ".onnx"})
        if (options.save.ends_with(ending))
            throw examples::UsageError("--save: a network goes to .safetensors, .pth, .pt or .npz, not to " +
                                       std::string(ending));
    examples::check_run_files(options.data, options.resume, options.save, options.checkpoint, options.report);
    for (const std::string& path : {options.save, options.checkpoint})
        if (!path.empty()) nib::check_writable(path);
    if (!options.report.empty()) examples::make_folder(options.report);
    nib::ThreadPool pool{options.fit.threads};
    const nib::Dataset training = examples::training_digits(options.data, options.synthetic, options.seed, pool);
    const nib::Dataset test = examples::test_digits(options.data);

    std::vector<std::size_t> widths{training.input_size()};
    widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
    widths.push_back(examples::classes);
    nib::Rng rng{options.seed};
    nib::Mlp net{widths, rng};
    nib::Adam adam{net, options.adam};
    if (!options.resume.empty()) {
        const int done = nib::load_checkpoint(net, adam, rng, options.resume);
        if (done >= options.fit.epochs)
            std::fprintf(stderr, "%s: %d epochs are done: --epochs %d leaves none\n",
                         examples::printable(options.resume).c_str(), done, options.fit.epochs);
        options.fit.first_epoch = done + 1;
    }

    nib::check_data(net, training);  // so that a bad label shows before anything is printed
    nib::Evaluation evaluation = nib::evaluate(net, test);
    std::printf("initial accuracy %s\n", nib::fixed(evaluation.accuracy(), 4).c_str());
    std::fflush(stdout);

    ProgressLine progress;
    const auto on_epoch = [&](const nib::EpochReport& epoch) {
        evaluation = nib::evaluate(net, test);
        progress.clear();
        std::printf("epoch %d loss %s accuracy %s seconds %s\n", epoch.epoch, nib::fixed(epoch.loss, 4).c_str(),
                    nib::fixed(evaluation.accuracy(), 4).c_str(), nib::fixed(epoch.seconds, 2).c_str());
        std::fflush(stdout);
        if (!options.checkpoint.empty()) nib::save_checkpoint(net, adam, rng, epoch.epoch, options.checkpoint);
    };
    if (options.augment) {
        options.fit.schedule = nib::Schedule::warmup_cosine;
        nib::fit(net, adam, nib::Augmented{training}, options.fit, rng, on_epoch, progress);
    } else {
        nib::fit(net, adam, training, options.fit, rng, on_epoch, progress);
    }

    if (!options.save.empty()) nib::save(net, options.save, {.steps = adam.steps()});
    if (!options.report.empty()) examples::write_report(net, test, options.report);
    examples::print_test_accuracy(evaluation);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"train", "Trains a dense network on handwritten digits."};
    line.option("--data", "DIR", "folder of MNIST's four IDX files; without it, synthetic digits", options.data);
    line.option("--synthetic", "N", "adds N synthetic digits; without --data, trains on N of them instead of 60000",
                options.synthetic, 0, 10'000'000);
    line.flag("--augment",
              "changes each image anew in each epoch (turns, bends, thickens ...), with a warm-up and a "
              "slow end of the learning rate: for 10 epochs and more",
              options.augment);
    line.option("--epochs", "N", "times through the training images", options.fit.epochs, 1, 1'000'000);
    line.option("--batch", "N", "images in a step", options.fit.batch_size, 1, 1'000'000);
    line.option("--lr", "X", "Adam's learning rate", options.adam.learning_rate, 0, 1e6);
    line.option("--seed", "N", "of initialisation, shuffling and synthetic digits", options.seed, 0, UINT64_MAX);
    line.option("--hidden", "N,N,...", "widths of the hidden layers", options.hidden, 1, 65'536);
    line.option("--threads", "N", "at most, for batches large enough to gain", options.fit.threads, 1, 256);
    line.option(
        "--save", "FILE",
        "writes the trained network: PyTorch's format in .pth and .pt, NumPy's in .npz, safetensors in all others",
        options.save);
    line.option("--checkpoint", "FILE", "writes all that --resume needs after each epoch", options.checkpoint);
    line.option("--resume", "FILE", "goes on from a checkpoint; the other options as they were", options.resume);
    line.option("--report", "DIR", "writes samples.png and mistakes.png: test images and answers", options.report);
    return line.run(argc, argv, [&] { train(options); });
}
