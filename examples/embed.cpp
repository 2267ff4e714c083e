// Writes a trained network as a C++ header of constants, for programs without files, without a heap, on small machines.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"

#include <nib/all.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::string header;
    std::string name = "model";
    std::string data;
    bool int8 = false;
};

void check_usage(const Options& options) {
    if (!options.data.empty() && !options.int8) throw examples::UsageError("--data is for --int8");
    const std::string problem = nib::namespace_problem(options.name);
    if (!problem.empty()) throw examples::UsageError("--name: " + problem);
    std::vector<examples::NamedPath> inputs = examples::data_files(options.data);
    inputs.push_back({"MODEL", options.model});
    examples::check_outputs(inputs, {{"HEADER", options.header}});
}

// MNIST's training images where there is a folder of them, else synthetic digits.
nib::Int8Mlp quantize(const nib::Mlp& net, const std::string& folder) {
    const nib::Dataset digits =
        folder.empty() ? examples::calibration_digits("") : nib::load_mnist(folder, nib::Split::train);
    nib::check_data(net, digits);
    return nib::quantize(net, digits);
}

template <class Net>
std::size_t save_header(const Net& net, const Options& options) {
    std::size_t bytes = 0;
    examples::write_whole([&] { bytes = nib::save_header(net, options.header, {.name = options.name}); });
    return bytes;
}

void embed(const Options& options) {
    check_usage(options);
    const nib::Mlp net = nib::load_mlp(options.model);
    nib::check_embeddable(net, options.model);
    nib::check_writable(options.header);
    const std::size_t bytes =
        options.int8 ? save_header(quantize(net, options.data), options) : save_header(net, options);
    std::string widths;
    for (const std::size_t width : net.widths()) nib::append_to_list(widths, "-", std::to_string(width));
    std::printf("%s: %zu bytes of constants\n", widths.c_str(), bytes);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"embed", "Writes a trained network as a C++ header of constants."};
    line.argument("MODEL", "a dense network (safetensors, PyTorch's .pth or NumPy's .npz)", options.model);
    line.argument("HEADER", "the header to write", options.header);
    line.option("--name", "NAME", "the namespace that the header puts it in", options.name);
    line.flag("--int8", "in 8-bit integers, a quarter of the size", options.int8);
    line.option("--data", "DIR",
                "MNIST's files, whose training images --int8 is calibrated on; without it, synthetic digits",
                options.data);
    return line.run(argc, argv, [&] { embed(options); });
}
