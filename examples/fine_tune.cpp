// Teaches a network that knows the ten digits another task with few examples: whether a digit is 5 or more. Its hidden
// layers are kept, and at first only a new last layer is trained; then all of it, slowly.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/paths.hpp"

#include <nib/nib.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::string data;
    std::size_t examples = 500;
    int epochs = 10;
    std::uint64_t seed = 42;
    std::string save;
};

// Dense layers with ReLU between them; the last is called so in its files.
std::string last_layer(const nib::Mlp& net) { return net.layers()[net.layers().size() - 2].name; }

// The network in the file, but for its last layer, which is new and has two outputs.
nib::Mlp with_new_last_layer(const std::string& path, nib::Rng& rng) {
    const nib::Mlp digits = nib::load_mlp(path);
    std::vector<std::size_t> widths = nib::mlp_widths(path);
    if (nib::layers_text(digits.layers()) != nib::layers_text(nib::Mlp{widths, rng}.layers()))
        nib::fail(path + ": expected dense layers with ReLU between them");
    widths.back() = 2;
    nib::Mlp net{widths, rng};
    // Parameters lie in the order of the layers.
    const std::size_t kept = nib::layer_parameters(net, last_layer(net))[0].first;
    nib::copy_values(digits.parameters().data(), kept, net.parameters().data());
    return net;
}

// The first ones, whose labels become 0 for digits below 5 and 1 for the others.
nib::Dataset large_or_small(nib::Dataset digits, std::size_t count) {
    digits.labels.resize(std::min(count, digits.size()));
    for (int& label : digits.labels) label = label >= 5 ? 1 : 0;
    return digits;
}

void fine_tune(const Options& options) {
    nib::Rng rng{options.seed};
    nib::Mlp net = with_new_last_layer(options.model, rng);
    nib::ThreadPool pool{1};
    const std::size_t drawn = options.data.empty() ? options.examples : 0;
    const nib::Dataset training =
        large_or_small(examples::training_digits(options.data, drawn, options.seed, pool), options.examples);
    const nib::Dataset test = large_or_small(examples::test_digits(options.data), SIZE_MAX);
    const auto print_accuracy = [&](const char* what, const nib::Mlp& tested) {
        std::printf("%s %s\n", what, nib::format_fixed(nib::accuracy(tested, test), 4).c_str());
        examples::check_output();
    };

    nib::Mlp fresh{{net.input_size(), 64, 64, 64, 2}, rng};
    nib::Adam fresh_adam{fresh};
    nib::fit(fresh, fresh_adam, training, {.epochs = 2 * options.epochs}, rng);
    print_accuracy("from scratch", fresh);

    nib::Adam adam{net};
    const nib::Range all{0, net.parameters().size()};
    adam.freeze({&all, 1});
    adam.unfreeze(nib::layer_parameters(net, last_layer(net)));
    nib::fit(net, adam, training, {.epochs = options.epochs}, rng);
    print_accuracy("last layer", net);

    adam.unfreeze({&all, 1});
    adam.options().learning_rate /= 5;
    nib::fit(net, adam, training, {.epochs = options.epochs}, rng);
    print_accuracy("all layers", net);
    if (!options.save.empty()) nib::save_as(net, options.save);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"fine_tune", "Teaches a network that knows digits whether one is 5 or more."};
    line.argument("MODEL", "a dense network of ten digits, such as train saves", options.model);
    line.option("--data", "DIR", "folder of MNIST's four IDX files; without it, synthetic digits", options.data);
    line.option("--examples", "N", "how many digits to learn from", options.examples, 1, 10'000'000);
    line.option("--epochs", "N", "times through them for the last layer, and again for all", options.epochs, 1,
                1'000'000);
    line.option("--seed", "N", "of the new layer, shuffling and synthetic digits", options.seed, 0, UINT64_MAX);
    line.option("--save", "FILE", "writes the network", options.save);
    return line.run(argc, argv, [&] {
        std::vector<examples::NamedPath> inputs = examples::data_files(options.data);
        inputs.push_back({"MODEL", options.model});
        examples::check_outputs(inputs, {{"--save", options.save}});
        examples::check_save(options.save);
        fine_tune(options);
    });
}
