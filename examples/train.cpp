// Trains a dense network on handwritten digits, tests it after each epoch, and saves it.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/fit_choices.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"
#include "common/printable.hpp"
#include "common/progress_line.hpp"
#include "common/recipe.hpp"
#include "common/report.hpp"
#include "common/run_record.hpp"

#include <nib/ink.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/nib.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Options {
    std::string data;
    std::size_t synthetic = 0;
    bool augment = false;
    nib::FitOptions fit;
    double learning_rate = 1e-3;
    examples::FitChoices choices;
    std::string recipe;
    std::uint64_t seed = 42;
    std::vector<std::size_t> hidden{64, 64, 64};
    std::string save;
    std::string checkpoint;
    std::string resume;
    std::string report;
};

// What is wrong with the options shows before any work.
void check_options(const Options& options) {
    examples::check_run_files(options.data, options.resume, options.save, options.checkpoint, options.choices.history,
                              options.report);
    examples::check_save(options.save);
    if (!options.checkpoint.empty()) nib::check_writable(options.checkpoint);
    if (!options.report.empty()) examples::make_folder(options.report);
}

// What is trained, and on what.
struct Run {
    nib::Dataset training, validation, test;
    nib::StringMap record;
    nib::Rng rng;
    nib::Mlp net;
    std::string notes;                // of what was taken over from a checkpoint
    nib::Evaluation evaluation = {};  // on the test images
    std::vector<examples::EpochResult> epochs = {};
};

Run prepare(Options& options, examples::CommandLine& line, const examples::Interrupts& interrupts) {
    const std::size_t synthetic =
        options.data.empty() && options.synthetic == 0 ? examples::synthetic_training_digits : options.synthetic;
    examples::TakenOver before;
    if (!options.resume.empty()) before = examples::take_over_run(line, options.resume, synthetic);
    examples::check_choices(options.choices, options.fit);
    nib::ThreadPool pool{options.fit.threads};
    nib::Dataset training = examples::training_digits(options.data, options.synthetic, options.seed, pool);
    nib::Dataset test = examples::test_digits(options.data);
    interrupts.check();
    nib::StringMap record;
    if (!options.resume.empty() || !options.checkpoint.empty())
        record = examples::run_record(line, training, synthetic);
    examples::check_same_images(before.record, record, options.resume);
    nib::Dataset validation = examples::take_aside(training, options.choices.validation, options.seed);
    options.fit.schedule = examples::schedule_of(options.choices, options.fit.epochs, options.augment);

    std::vector<std::size_t> widths{training.input_size()};
    widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
    widths.push_back(examples::classes);
    if (before.record.contains("hidden")) examples::check_holds(options.resume, widths);
    nib::Rng rng{options.seed};
    nib::Mlp net{widths, rng, {.dropout = options.choices.dropout}};
    return {.training = std::move(training),
            .validation = std::move(validation),
            .test = std::move(test),
            .record = std::move(record),
            .rng = rng,
            .net = std::move(net),
            .notes = before.notes};
}

template <class Optimizer>
void learn(Run& run, Optimizer optimizer, Options& options, const examples::Interrupts& interrupts,
           examples::LastCheckpoint& last) {
    nib::TrainingState<float> state;
    if (!options.resume.empty()) {
        const int done = nib::load_checkpoint(run.net, optimizer, run.rng, state, options.resume);
        std::fputs(run.notes.c_str(), stderr);
        if (done >= options.fit.epochs)
            std::fprintf(stderr, "%s: %d epochs are done: --epochs %d leaves none\n",
                         examples::printable(options.resume).c_str(), done, options.fit.epochs);
        options.fit.first_epoch = done + 1;
        last.set(options.resume, done);
    }

    nib::check_data(run.net, run.training);  // so that a bad label shows before anything is printed
    run.evaluation = nib::evaluate(run.net, run.test);
    std::printf("initial accuracy %s\n", nib::format_fixed(run.evaluation.accuracy(), 4).c_str());
    examples::check_output();

    examples::ProgressLine progress;
    const auto on_epoch = [&](const nib::EpochReport& epoch) {
        if (!options.checkpoint.empty()) {
            nib::save_checkpoint(run.net, optimizer, run.rng, state, options.checkpoint, run.record);
            last.set(options.checkpoint, epoch.epoch);
        }
        if (!options.choices.history.empty()) nib::save_history(state.history, options.choices.history);
        run.evaluation = nib::evaluate(run.net, run.test);
        run.epochs.push_back({epoch, run.evaluation.loss, run.evaluation.accuracy()});
        progress.clear();
        std::printf("epoch %d loss %s accuracy %s seconds %s\n", epoch.epoch, nib::format_fixed(epoch.loss, 4).c_str(),
                    nib::format_fixed(run.evaluation.accuracy(), 4).c_str(),
                    nib::format_fixed(epoch.seconds, 2).c_str());
        examples::check_output();
    };
    const auto on_progress = [&](const nib::Progress& done) {
        interrupts.check();
        progress(done);
    };
    const auto fit = [&](const auto& images) {
        if (run.validation.size() == 0)
            return nib::fit(run.net, optimizer, images, options.fit, run.rng, state, on_epoch, on_progress);
        return nib::fit(run.net, optimizer, images, options.fit, run.rng, nib::Validation{run.validation}, state,
                        on_epoch, on_progress);
    };
    try {
        const nib::FitResult result = options.augment ? fit(nib::Augmented{run.training}) : fit(run.training);
        if (options.fit.patience > 0 && !state.best.empty()) {
            progress.clear();
            std::fprintf(stderr, "the network is that of epoch %d, which was best on the images of --validation\n",
                         result.best_epoch);
            run.evaluation = nib::evaluate(run.net, run.test);
        }
    } catch (const examples::Interrupted&) {
        progress.clear();
        throw;
    } catch (const std::runtime_error& error) {
        progress.clear();
        nib::fail(std::string(error.what()) + "; " + last.advice(true));
    }
    if (!options.save.empty()) nib::save_as(run.net, options.save, {.steps = optimizer.steps()});
}

void train(Options& options, examples::CommandLine& line, const examples::Interrupts& interrupts,
           examples::LastCheckpoint& last) {
    std::fputs(examples::take_recipe(line, options.recipe).c_str(), stderr);
    check_options(options);
    Run run = prepare(options, line, interrupts);
    const double rate = options.learning_rate, decay = options.choices.weight_decay;
    if (decay > 0)
        learn(run, nib::AdamW{run.net, {.learning_rate = rate, .weight_decay = decay}}, options, interrupts, last);
    else
        learn(run, nib::Adam{run.net, {.learning_rate = rate}}, options, interrupts, last);
    if (!options.report.empty()) {
        examples::RunTexts texts{"Training of a network", examples::facts_of(run.net, run.test), run.epochs};
        texts.facts.push_back({"options", examples::options_text(line)});
        examples::write_report(run.net, run.test, run.evaluation, texts, options.report);
    }
    examples::print_test_accuracy(run.evaluation);
}

// Says how to go on where it is interrupted.
void train(Options& options, examples::CommandLine& line) {
    const examples::Interrupts interrupts;
    examples::LastCheckpoint last{line};
    try {
        train(options, line, interrupts, last);
    } catch (const examples::Interrupted& error) {
        throw examples::Interrupted(error.signal(), std::string(error.what()) + ": " + last.advice(false));
    }
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
    line.option("--lr", "X", "Adam's learning rate", options.learning_rate, 0, 1e6);
    line.option("--seed", "N", "of initialisation, shuffling and synthetic digits", options.seed, 0, UINT64_MAX);
    line.option("--hidden", "N,N,...", "widths of the hidden layers", options.hidden, 1, 65'536);
    examples::add_options(line, options.choices, options.fit);
    examples::add_recipe(line, options.recipe);
    line.option("--threads", "N", "at most, for batches large enough to gain", options.fit.threads, 1, 256);
    line.option(
        "--save", "FILE",
        "writes the trained network: PyTorch's format in .pth and .pt, NumPy's in .npz, safetensors in all others",
        options.save);
    line.option("--checkpoint", "FILE", "writes all that --resume needs after each epoch", options.checkpoint);
    line.option("--resume", "FILE",
                "goes on from a checkpoint, with its options; --data and --synthetic as they were, --lr, --epochs and "
                "--patience may change",
                options.resume);
    line.option("--report", "DIR", "writes report.html, and samples.png and mistakes.png: test images and answers",
                options.report);
    return line.run(argc, argv, [&] { train(options, line); });
}
