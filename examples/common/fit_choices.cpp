#include "fit_choices.hpp"

#include <nib/core/error.hpp>
#include <nib/core/random.hpp>
#include <nib/io/atomic_file.hpp>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

namespace examples {

void add_options(CommandLine& line, FitChoices& choices, nib::FitOptions& fit) {
    line.option("--weight-decay", "X", "above 0: with AdamW, which draws weights towards 0", choices.weight_decay, 0,
                1);
    line.option("--dropout", "X", "part of each hidden layer's outputs that are left out in a step", choices.dropout, 0,
                0.99);
    line.option("--schedule", "WORD",
                "of the learning rate: constant, step, exponential, cosine, one-cycle, plateau or warmup-cosine; "
                "without it constant, with --augment warmup-cosine",
                choices.schedule,
                {"constant", "step", "exponential", "cosine", "one-cycle", "plateau", "warmup-cosine"});
    line.option("--ema", "X", "above 0: the network is an average over steps that decays by this, such as 0.999",
                fit.ema_decay, 0, 0.999999);
    line.option("--validation", "N", "keeps N training images aside, for --schedule plateau, --patience and --history",
                choices.validation, 0, 10'000'000);
    line.option("--patience", "N",
                "above 0: ends after N epochs without a better loss on the images of --validation, with the network "
                "that was best",
                fit.patience, 0, 1'000'000);
    line.option("--history", "FILE", "writes losses, accuracies and rates of all epochs, as CSV", choices.history);
}

void check_choices(const FitChoices& choices, const nib::FitOptions& fit) {
    if (fit.patience > 0 && choices.validation == 0)
        throw UsageError("--patience: expected images that it looks at, --validation N");
    if (!choices.history.empty()) nib::check_writable(choices.history);
}

nib::Schedule schedule_of(const FitChoices& choices, int epochs, bool augment) {
    const std::string word = !choices.schedule.empty() ? choices.schedule : augment ? "warmup-cosine" : "constant";
    if (word == "step") return nib::StepLR{.step_size = std::max(epochs / 3, 1)};
    if (word == "exponential") return nib::ExponentialLR{};
    if (word == "cosine") return nib::CosineAnnealingLR{};
    if (word == "one-cycle") return nib::OneCycleLR{};
    if (word == "plateau") return nib::ReduceLROnPlateau{.factor = 0.5, .patience = 2};
    if (word == "warmup-cosine") return nib::WarmupCosine{};
    return {};
}

nib::Dataset take_aside(nib::Dataset& images, std::size_t count, std::uint64_t seed) {
    if (count == 0) return {};
    if (count >= images.size())
        nib::fail("--validation: expected fewer than the " + std::to_string(images.size()) +
                  " training images, found " + std::to_string(count));
    std::vector<std::uint32_t> order(images.size());
    std::iota(order.begin(), order.end(), 0U);
    nib::Rng rng = nib::Rng::stream(seed, 0x5e7a51de);  // no stream that draws anything else
    rng.shuffle(std::span{order});
    std::vector<bool> is_aside(images.size());
    for (std::size_t i = 0; i < count; ++i) is_aside[order[i]] = true;
    nib::Dataset aside{images.rows, images.cols, {}, {}, images.name}, rest = aside;
    for (std::size_t i = 0; i < images.size(); ++i) {
        nib::Dataset& part = is_aside[i] ? aside : rest;
        part.pixels.insert(part.pixels.end(), images.image(i).begin(), images.image(i).end());
        part.labels.push_back(images.labels[i]);
    }
    images = std::move(rest);
    return aside;
}

}  // namespace examples
