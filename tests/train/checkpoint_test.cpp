#include <nib/train/checkpoint.hpp>

#include "../support.hpp"

#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/strings.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adagrad.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

// A network, its optimiser and its generator, as a training program has them.
struct Run {
    nib::Rng rng{61};
    nib::Mlp net{{784, 12, 10}, rng};
    nib::Adam<float> adam{net};
};

// Adam's two states.
void restore(nib::Adam<float>& adam, std::uint64_t steps, std::span<const float> means,
             std::span<const float> squares) {
    const std::span<const float> states[] = {means, squares};
    adam.restore(steps, states);
}

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
    CHECK(std::ranges::equal(adam.state(1), whole.adam.state(1)));
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
    restore(run.adam, 77, zeros, zeros);
    nib::save_checkpoint(run.net, run.adam, run.rng, 3, path);
    nib::StringMap expected = metadata_of(run);
    expected["format"] = "pt";
    expected["nib_version"] = NIB_VERSION_STRING;
    expected["layers"] = "Linear(784, 12), ReLU, Linear(12, 10), LogSoftmax";
    expected["optimizer"] = "Adam";
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
    const std::vector<float> means(run.net.parameter_count());
    std::vector<float> squares(run.net.parameter_count(), 1.0f);
    restore(run.adam, 1, means, squares);
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    std::string bytes = nib::read_file(path);
    bytes.back() = static_cast<char>(bytes.back() ^ '\x80');  // the sign of the last square
    directory.write("checkpoint", bytes);
    CHECK(support::contains(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }),
                            "found a negative number"));
}

TEST_CASE("what load_checkpoint would refuse is not saved, and the file before stays") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    const Run good;
    nib::save_checkpoint(good.net, good.adam, good.rng, 1, path);
    const std::string before = nib::read_file(path);
    const auto error = [&](const Run& run, int epochs) {
        const std::string text =
            support::error_of([&] { nib::save_checkpoint(run.net, run.adam, run.rng, epochs, path); });
        CHECK((nib::read_file(path) == before));
        REQUIRE(text.starts_with(path + ": "));
        return text.substr(path.size() + 2);
    };
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    const std::size_t count = good.net.parameter_count();
    const std::vector<float> zeros(count);
    std::vector<float> numbers(count);
    const std::string nothing = "nothing was written: tensor ";

    Run run;
    run.net.parameters()[784 * 12] = nan;
    CHECK(error(run, 1) == nothing + "\"0.bias\": expected finite numbers, found NaN at index 0");
    run = good;
    numbers.back() = infinity;
    restore(run.adam, 1, numbers, zeros);
    CHECK(error(run, 1) == nothing + "\"exp_avg.2.bias\": expected finite numbers, found infinity at index 9");
    restore(run.adam, 1, zeros, numbers);
    CHECK(error(run, 1) == nothing + "\"exp_avg_sq.2.bias\": expected finite numbers, found infinity at index 9");
    numbers.back() = -1;
    restore(run.adam, 1, zeros, numbers);
    CHECK(error(run, 1) == "exp_avg_sq: expected squares, found a negative number");
    nib::Adagrad<float> adagrad{run.net};
    const std::span<const float> sums[] = {numbers};
    adagrad.restore(1, sums);
    CHECK(support::error_of([&] { nib::save_checkpoint(run.net, adagrad, run.rng, 1, path); }) ==
          path + ": sum: expected squares, found a negative number");
    restore(run.adam, (std::uint64_t{1} << 53) + 1, zeros, zeros);
    CHECK(support::contains(error(run, 1), "steps: expected a number of steps"));
    CHECK(support::contains(error(good, -1), "epochs: expected a number of epochs, found -1"));
    CHECK(support::contains(error(good, std::numeric_limits<int>::max()), "epochs: expected a number of epochs"));
}

TEST_CASE("a checkpoint keeps a record of the run, which is checked when it is written and when it is read") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    CHECK(nib::checkpoint_record(path).empty());
    const nib::StringMap record{{"batch", "15"}, {"empty", ""}, {"epochs", "4"}, {"words", "größer, 'kleiner'"}};
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path, record);
    CHECK(nib::checkpoint_record(path) == record);
    CHECK(nib::open_safetensors(path).metadata().at("run.batch") == "15");
    CHECK(nib::load_checkpoint(run.net, run.adam, run.rng, path) == 1);

    const auto error = [&](const nib::StringMap& odd) {
        const std::string before = nib::read_file(path);
        const std::string text =
            support::error_of([&] { nib::save_checkpoint(run.net, run.adam, run.rng, 1, path, odd); });
        CHECK((nib::read_file(path) == before));
        nib::StringMap metadata = metadata_of(run);
        for (const auto& [name, value] : odd) metadata["run." + name] = value;
        const std::string other = directory.path("other");
        nib::save_safetensors(other, {}, metadata);
        const std::string reading = support::error_of([&] { return nib::checkpoint_record(other); });
        REQUIRE(text.starts_with(path));
        REQUIRE(reading.starts_with(other));
        CHECK(text.substr(path.size()) == reading.substr(other.size()));
        return text.substr(path.size());
    };
    const std::string expected = ": record of the run: expected ";
    CHECK(error({{"", "x"}}) == expected + "names of 1 to 100 printable bytes, found '' of 0");
    CHECK(error({{"a\nb", "x"}}) == expected + "names of 1 to 100 printable bytes, found 'a?b' of 3");
    CHECK(support::contains(error({{std::string(101, 'n'), "x"}}), "of 101"));
    CHECK(error({{"a", "\x1b[2J"}}) ==
          expected + "values of at most 10000 printable bytes, found '?[2J' of 4 under 'a'");
    CHECK(support::contains(error({{"a", std::string(10'001, 'v')}}), "of 10001 under 'a'"));
    nib::StringMap many;
    for (int i = 0; i < 101; ++i) many[std::to_string(i)] = "";
    CHECK(error(many) == expected + "at most 100 entries, found 101");
    const std::string none = directory.write("none", "x");
    CHECK(support::contains(support::error_of([&] { return nib::checkpoint_record(none); }), "byte 0"));
}

TEST_CASE("the checkpoint of another optimiser, or of another network, is refused and changes nothing") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const Run before = run;
    nib::save_checkpoint(run.net, nib::Sgd<float>{run.net}, run.rng, 1, path);
    CHECK(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }) ==
          path + ": is the checkpoint of a run with the optimiser 'Sgd', expected one with 'Adam'");
    using Tanh = nib::Sequential<nib::Dense<784, 12>, nib::Tanh, nib::Dense<12, 10>, nib::LogSoftmax>;
    const Tanh tanh{run.rng};
    run = before;
    nib::save_checkpoint(tanh, nib::Adam<float>{tanh}, run.rng, 1, path);
    CHECK(support::contains(support::error_of([&] { return nib::load_checkpoint(run.net, run.adam, run.rng, path); }),
                            path + ": is of another network: the file has Tanh after \"0\", the network has ReLU"));
    CHECK(std::ranges::equal(run.net.parameters(), before.net.parameters()));
    CHECK(run.rng.state() == before.rng.state());
}

TEST_CASE("checkpoints of version 0.1, whose optimiser is Adam and unnamed, are read") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("checkpoint");
    Run run;
    const std::vector<float> ones(run.net.parameter_count(), 1.0f);
    restore(run.adam, 5, ones, ones);
    nib::save_checkpoint(run.net, run.adam, run.rng, 1, path);
    nib::TensorFile file = nib::open_safetensors(path);
    nib::StringMap metadata = metadata_of(run);
    metadata["layers"] = "Linear(784, 12), ReLU, Linear(12, 10), LogSoftmax";
    metadata["nib_version"] = "0.1.0";
    REQUIRE(!metadata.contains("optimizer"));
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
    for (const nib::TensorInfo& tensor : file.tensors()) bytes.push_back(file.bytes(tensor));
    for (std::size_t i = 0; i < bytes.size(); ++i)
        tensors.push_back({file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, bytes[i]});
    nib::save_safetensors(directory.path("old"), tensors, metadata);
    Run again;
    CHECK(nib::load_checkpoint(again.net, again.adam, again.rng, directory.path("old")) == 1);
    CHECK(again.adam.steps() == 5);
    CHECK(std::ranges::equal(again.adam.state(1), ones));
    nib::Sgd<float> sgd{again.net};
    CHECK(support::error_of([&] { return nib::load_checkpoint(again.net, sgd, again.rng, directory.path("old")); }) ==
          directory.path("old") + ": is the checkpoint of a run with the optimiser 'Adam', expected one with 'Sgd'");
}
