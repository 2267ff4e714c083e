// Writes a trained network as a C++ header of constants, for programs without files, without a heap, on small machines.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"

#include <nib/nib.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Options {
    std::string model;
    std::string header;
    std::string name = "model";
    std::string data;
    bool int8 = false;
};

bool is_keyword(std::string_view name) {
    constexpr std::string_view keywords =
        " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t"
        " char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr"
        " constinit continue decltype default delete do double dynamic_cast else enum explicit export extern"
        " false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr"
        " operator or or_eq private protected public register reinterpret_cast requires return short signed"
        " sizeof static static_assert static_cast struct switch template this thread_local throw true try"
        " typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq ";
    return keywords.find(std::string(" ").append(name).append(" ")) != std::string_view::npos;
}

// Names with "::" between them, none of which belongs to the language or to somebody else.
bool is_namespace(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (;;) {
        const std::size_t colons = name.find("::");
        const std::string_view part = name.substr(0, colons);
        if (part.empty() || is_digit(part[0]) || is_keyword(part) || part == "std" || part == "nib" ||
            part.find("__") != std::string_view::npos)
            return false;
        for (const char c : part)
            if (!is_letter(c) && !is_digit(c)) return false;
        if (colons == std::string_view::npos) return true;
        name.remove_prefix(colons + 2);
    }
}

std::string spelling(std::integral auto value) { return std::to_string(value); }

// Exact, in hexadecimal.
std::string spelling(float value) {
    char buffer[64];
    const bool negative = value < 0 || (value == 0 && 1 / value < 0);
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, negative ? -value : value, std::chars_format::hex);
    static_cast<void>(error);  // the buffer is long enough for any
    return (negative ? "-0x" : "0x") + std::string(buffer, end) + "f";
}

// An array of constants.
template <class T>
std::string array(const std::string& type, const std::string& name, std::span<const T> values) {
    std::string text = "inline constexpr " + type + " " + name + "[" + std::to_string(values.size()) + "] = {";
    std::size_t column = 120;
    for (const T value : values) {
        const std::string word = spelling(value) + ",";
        const bool next_line = column + 1 + word.size() > 120;
        text += next_line ? "\n    " : " ";
        text += word;
        column = (next_line ? 4 : column + 1) + word.size();
    }
    return text + "\n};\n";
}

std::string widths_text(const nib::Mlp& net) {
    std::string text;
    for (const std::size_t width : net.widths()) nib::append_to_list(text, "-", std::to_string(width));
    return text;
}

// The layers and numbers of the network as it is.
std::string float_network(const nib::Mlp& net) {
    std::string layers;
    for (std::size_t i = 0; i + 1 < net.widths().size(); ++i)
        layers += "    nib::Dense<" + std::to_string(net.widths()[i]) + ", " + std::to_string(net.widths()[i + 1]) +
                  (i + 2 < net.widths().size() ? ">, nib::ReLU,\n" : ">, nib::LogSoftmax>;\n");
    return "using Network = nib::Sequential<\n" + layers + "\n" + "alignas(nib::cache_line) " +
           array<float>("float", "parameters", net.parameters()) +
           "\n// The logarithms of the classes' probabilities.\n"
           "inline std::array<float, output_size> log_probabilities(std::span<const float, input_size> x) {\n"
           "    return Network::apply(parameters, x);\n"
           "}\n";
}

// The same in 8-bit integers.
std::string int8_network(const nib::Int8Mlp& net) {
    std::string arrays, layers;
    for (std::size_t i = 0; i < net.layers().size(); ++i) {
        const nib::Int8Dense& layer = net.layers()[i];
        const std::string number = std::to_string(i);
        const std::span<const float> scales{net.kernel_layer(i).scales, layer.out};
        arrays += array<std::int8_t>("std::int8_t", "weights" + number, layer.weights) +
                  array<std::int32_t>("std::int32_t", "biases" + number, layer.biases) +
                  array<float>("float", "scales" + number, scales);
        layers += "    {" + std::to_string(layer.in) + ", " + std::to_string(layer.out) + ", weights" + number +
                  ", biases" + number + ", scales" + number + "},\n";
    }
    const nib::kernels::Int8Range range = net.input_range();
    return arrays + "inline constexpr nib::kernels::Int8Layer layers[] = {\n" + layers +
           "};\n"
           "inline constexpr nib::Int8View<input_size, output_size, " +
           std::to_string(net.widest()) + "> network{{" + spelling(range.steps_per_unit) + ", " +
           std::to_string(range.zero_point) +
           "}, layers};\n"
           "\n// The logarithms of the classes' probabilities.\n"
           "inline std::array<float, output_size> log_probabilities(std::span<const float, input_size> x) {\n"
           "    return network(x);\n"
           "}\n";
}

std::string header_text(const Options& options, const nib::Mlp& net, const std::string& network) {
    const std::string kind = options.int8 ? ", in 8-bit integers" : "";
    const std::string include = options.int8 ? "nib/model/int8_view.hpp" : "nib/model/sequential.hpp";
    return "// The network " + widths_text(net) + kind + ", as nib " NIB_VERSION_STRING "'s program embed wrote it.\n" +
           "//\n"
           "// It needs nib's headers, and no heap, file, exception or RTTI: compile with -fno-exceptions -fno-rtti\n"
           "// -DNDEBUG where they are not to be had.\n"
           "#pragma once\n\n#include <" +
           include +
           ">\n\n#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <span>\n\n"
           "namespace " +
           options.name +
           " {\n\n// clang-format off\ninline constexpr std::size_t input_size = " + std::to_string(net.input_size()) +
           ";\ninline constexpr std::size_t output_size = " + std::to_string(net.output_size()) + ";\n\n" + network +
           "\n// The most likely class, the first one of equals.\n"
           "inline int predict(std::span<const float, input_size> x) {\n"
           "    const std::array<float, output_size> outputs = log_probabilities(x);\n"
           "    std::size_t best = 0;\n"
           "    for (std::size_t i = 1; i < output_size; ++i)\n"
           "        if (outputs[best] < outputs[i]) best = i;\n"
           "    return static_cast<int>(best);\n"
           "}\n"
           "// clang-format on\n\n}  // namespace " +
           options.name + "\n";
}

// Fails where the network's outputs are not finite for inputs from 0 to 1: its header would be of no use.
void check_outputs(const nib::Mlp& net, const std::string& model) {
    constexpr std::size_t examples = 16;
    nib::Matrix<float> inputs(examples, net.input_size());
    nib::Rng rng{1};
    for (float& input : inputs.view().values()) input = static_cast<float>(rng.uniform());
    for (float& input : inputs.view().row(0)) input = 0;
    for (float& input : inputs.view().row(1)) input = 1;
    nib::Workspace<float> workspace;
    for (const float output : net.forward(inputs.view(), workspace).values())
        if (!nib::is_finite(output))
            nib::fail(model +
                      ": expected finite outputs for inputs from 0 to 1; the network's weights are too large to "
                      "compute with");
}

void embed(const Options& options) {
    if (!options.data.empty() && !options.int8) throw examples::UsageError("--data is for --int8");
    if (!is_namespace(options.name))
        throw examples::UsageError("--name: expected a C++ name, found " + nib::in_quotes(options.name));
    const nib::Mlp net = nib::load_mlp(options.model);
    check_outputs(net, options.model);
    nib::AtomicFile file{options.header};
    std::size_t bytes = net.parameter_count() * sizeof(float);
    std::string network;
    if (options.int8) {
        const nib::Dataset examples =
            options.data.empty() ? examples::calibration_digits("") : nib::load_mnist(options.data, nib::Split::train);
        nib::check_data(net, examples);
        const nib::Int8Mlp small = nib::quantize(net, examples);
        bytes = small.size_bytes();
        network = int8_network(small);
    } else {
        network = float_network(net);
    }
    file.write(header_text(options, net, network));
    file.commit();
    std::printf("%s: %zu bytes of constants\n", widths_text(net).c_str(), bytes);
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
