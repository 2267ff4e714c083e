#include <nib/train/checkpoint.hpp>

#include "../support.hpp"

#include <nib/ink/synthetic.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/model/mlp.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>

namespace {

// A network, its optimiser and its generator, as a training program has them.
struct Run {
    nib::Rng rng{61};
    nib::Mlp net{{784, 12, 10}, rng};
    nib::Adam<float> adam{net};
};

nib::StringMap metadata_of(const Run& run) {
    nib::StringMap metadata{{"epochs", "1"}, {"steps", "5"}};
    for (std::size_t i = 0; i < 4; ++i)
        metadata["random_state_" + std::to_string(i)] = std::to_string(run.rng.state()[i]);
    return metadata;
}

}  // namespace

TEST_CASE("a run that goes on from a checkpoint ends with the bits of one that was never interrupted") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const nib::Dataset digits = nib::synthetic_digits(200, 1);

    Run whole;
    nib::fit(whole.net, whole.adam, digits, {.epochs = 4}, whole.rng, [&](const nib::EpochReport& epoch) {
        if (epoch.epoch == 2) nib::save_checkpoint(whole.net, whole.adam, whole.rng, epoch.epoch, path);
    });

    nib::Rng other{99};
    nib::Mlp net{{784, 12, 10}, other};
    nib::Adam adam{net};
    const int done = nib::load_checkpoint(net, adam, other, path);
    CHECK(done == 2);
    CHECK(adam.steps() == 2 * 14);
    nib::fit(net, adam, digits, {.epochs = 4, .first_epoch = done + 1}, other);
    CHECK(std::ranges::equal(net.parameters(), whole.net.parameters()));
    CHECK(std::ranges::equal(adam.squares(), whole.adam.squares()));
    CHECK(other.state() == whole.rng.state());
}

TEST_CASE("what is no checkpoint of this network is refused, and changes nothing") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const Run before = run;
    const auto error = [&] {
        const std::string text =
            support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); });
        CHECK(std::ranges::equal(run.net.parameters(), before.net.parameters()));
        CHECK(run.rng.state() == before.rng.state());
        CHECK(run.adam.steps() == 0);
        return text;
    };

    nib::save(run.net, path);
    CHECK(error() == path + ": expected a checkpoint with epochs in its metadata, found none");

    nib::Rng rng{62};
    const nib::Mlp other{{784, 13, 10}, rng};
    const nib::Adam other_adam{other};
    nib::save_checkpoint(other, other_adam, rng, 1, path);
    CHECK(support::contains(error(), "\"exp_avg.0.weight\": expected shape [12, 784], found [13, 784]"));

    auto metadata = metadata_of(run);
    const auto error_with = [&](const std::string& key, const std::string& value) {
        auto changed = metadata;
        changed[key] = value;
        nib::save_safetensors(path, {}, changed);
        return error();
    };
    CHECK(support::contains(error_with("steps", "-1"), "steps: expected a whole number, found '-1'"));
    CHECK(support::contains(error_with("epochs", "2147483647"), "expected a number of epochs"));
    CHECK(support::contains(error_with("random_state_2", "x"), "random_state_2"));
    CHECK(support::contains(error_with("epochs", "1"), "missing \"0.weight\""));
    for (std::size_t i = 0; i < 4; ++i) metadata["random_state_" + std::to_string(i)] = "0";
    CHECK(support::contains(error_with("epochs", "1"), "all zero"));
    directory.write("checkpoint", "");
    CHECK(support::contains(error(), "byte 0"));
}

TEST_CASE("a checkpoint says what it holds") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> zeros(run.net.parameter_count());
    run.adam.restore(77, zeros, zeros);
    nib::save_checkpoint(run.net, run.adam, run.rng, 3, path);
    nib::StringMap expected = metadata_of(run);
    expected["format"] = "pt";
    expected["nib_version"] = NIB_VERSION_STRING;
    expected["layers"] = "Linear(784, 12), ReLU, Linear(12, 10), LogSoftmax";
    expected["epochs"] = "3";
    expected["steps"] = "77";
    CHECK(nib::open_safetensors(path).metadata() == expected);
}

TEST_CASE("a checkpoint is no model") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const Run run;
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    CHECK(support::error_of([&] { return nib::load_mlp(path); }) ==
          path + ": expected a network, found the checkpoint of a training run");
}

TEST_CASE("squares that are negative are refused") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> means(run.net.parameter_count()), squares(run.net.parameter_count(), -1.0f);
    run.adam.restore(1, means, squares);
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    CHECK(support::contains(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }),
                            "found a negative number"));
}
