// Writes a trained network as a C++ header of constants, for programs without files, without a heap, on small machines.
#include "common/command_line.hpp"
#include "common/digit_data.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"

#include <nib/all.hpp>

#include <algorithm>
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

// Whether `name` is one of `words`, which have a space before and behind each.
bool is_one_of(std::string_view words, std::string_view name) {
    return words.find(std::string(" ").append(name).append(" ")) != std::string_view::npos;
}

constexpr std::string_view keywords =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t"
    " char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr"
    " constinit continue decltype default delete do double dynamic_cast else enum explicit export extern"
    " false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr"
    " operator or or_eq private protected public register reinterpret_cast requires return short signed"
    " sizeof static static_assert static_cast struct switch template this thread_local throw true try"
    " typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq ";

// Common macros of the standard's, POSIX's, Windows' and microcontrollers' headers, and of compilers.
constexpr std::string_view macros =
    " assert errno stdin stdout stderr offsetof setjmp va_start va_arg va_end va_copy signbit isnan isinf isfinite"
    " isnormal isgreater isless isunordered fpclassify complex imaginary I NULL EOF NAN INFINITY HUGE_VAL TRUE FALSE"
    " BUFSIZ RAND_MAX CHAR_BIT CHAR_MAX INT_MAX INT_MIN LONG_MAX PATH_MAX DBL_MAX FLT_MAX FLT_EPSILON M_PI EDOM ERANGE"
    " SIGINT SIGTERM linux unix i386 min max near far small interface ERROR IN OUT OPTIONAL CONST VOID DEBUG NDEBUG"
    " major minor makedev check B0 B1 F_CPU PI HIGH LOW INPUT OUTPUT bit abs round radians degrees sq ";

// Functions and types of C's headers, which stand outside of all namespaces.
constexpr std::string_view c_names =
    " abort acos acosh asin asinh atan atan2 atanh atexit atof atoi atol atoll bsearch calloc cbrt ceil clock clock_t"
    " copysign cos cosh ctime div div_t exit exp exp2 expm1 fabs fclose fdim fflush fgetc fgets floor fma fmax fmin "
    "fmod"
    " fopen fpos_t fprintf fputc fputs fread free frexp fscanf fseek ftell fwrite gamma getc getchar getenv gets gmtime"
    " hypot ilogb index int8_t int16_t int32_t int64_t intmax_t intptr_t j0 j1 jn labs ldexp ldiv lgamma localeconv"
    " localtime log log10 log1p log2 logb lrint lround malloc max_align_t mblen memchr memcmp memcpy memmove memset"
    " mktime modf nan nearbyint nextafter perror pow printf ptrdiff_t putc putchar puts qsort raise rand random read"
    " realloc remainder remove remquo rename rewind rindex rint scalbn scanf select setlocale signal sin sinh size_t"
    " snprintf sprintf sqrt srand sscanf strcat strchr strcmp strcpy strlen strncpy strstr strtod strtol system tan "
    "tanh"
    " tgamma time time_t tm tmpfile trunc uint8_t uint16_t uint32_t uint64_t uintmax_t uintptr_t ungetc vprintf wait"
    " write y0 y1 yn ";

// Throws unless `name` is a name, or names with "::" between them, that a namespace of the user's own can have: none
// of the language's, the compiler's, the standard library's or nib's.
void check_namespace(const std::string& name) {
    const auto refuse = [&](const std::string& why) {
        throw examples::UsageError("--name: expected a C++ name, found " + nib::format_quoted(name) + why);
    };
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::string_view rest = name;
    for (bool outermost = true;; outermost = false) {
        const std::size_t colons = rest.find("::");
        const std::string_view part = rest.substr(0, colons);
        if (part.empty() || is_digit(part[0])) refuse("");
        for (const char c : part)
            if (!is_letter(c) && !is_digit(c)) refuse("");
        if (is_one_of(keywords, part)) refuse(", a word of the language");
        if (part[0] == '_' || part.find("__") != std::string_view::npos)
            refuse(": names that start with an underscore or hold two in a row belong to the compiler");
        if (is_one_of(macros, part)) refuse(", which is a macro in common headers");
        const bool numbered_std =
            part.starts_with("std") && part.find_first_not_of("0123456789", 3) == std::string_view::npos;
        if (numbered_std || part == "nib" || part == "posix") refuse(": that namespace is somebody else's");
        if (outermost && is_one_of(c_names, part)) refuse(", which is a function or type of C's headers");
        if (colons == std::string_view::npos) return;
        rest.remove_prefix(colons + 2);
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

// A layer as it stands in a Sequential, and the header that has it.
struct LayerType {
    nib::LayerId layer;
    const char* type;
    const char* header;
};

constexpr LayerType layer_types[] = {
    {nib::layer_id<nib::ReLU>, "nib::ReLU", "relu"},
    {nib::layer_id<nib::LeakyReLU<>>, "nib::LeakyReLU<>", "leaky_relu"},
    {nib::layer_id<nib::PReLU>, "nib::PReLU", "prelu"},
    {nib::layer_id<nib::ELU<>>, "nib::ELU<>", "elu"},
    {nib::layer_id<nib::GELU>, "nib::GELU", "gelu"},
    {nib::layer_id<nib::GELUTanh>, "nib::GELUTanh", "gelu"},
    {nib::layer_id<nib::SiLU>, "nib::SiLU", "silu"},
    {nib::layer_id<nib::Sigmoid>, "nib::Sigmoid", "sigmoid"},
    {nib::layer_id<nib::Tanh>, "nib::Tanh", "tanh"},
    {nib::layer_id<nib::Softplus>, "nib::Softplus", "softplus"},
    {nib::layer_id<nib::Softmax>, "nib::Softmax", "softmax"},
    {nib::layer_id<nib::LogSoftmax>, "nib::LogSoftmax", "log_softmax"},
    {nib::layer_id<nib::BatchNorm>, "nib::BatchNorm", "batch_norm"},
    {nib::layer_id<nib::LayerNorm>, "nib::LayerNorm", "layer_norm"},
    {nib::layer_id<nib::Standardize>, "nib::Standardize", "standardize"},
};

// A network's layers as they stand in a Sequential, without those that do nothing but in training.
struct NetworkType {
    std::vector<std::string> layers;
    std::vector<std::string> headers;  // that have them

    explicit NetworkType(const nib::Mlp& net) {
        const std::vector<nib::LayerInfo> infos = net.layers();
        std::vector<std::size_t> first;  // the number of the network's layer with which each of `layers` begins
        for (std::size_t i = 0; i < infos.size(); ++i) {
            if (infos[i].only_in_training) continue;
            std::size_t begin = i;
            std::string text = type_of(infos[i]);
            if (infos[i].skip != nib::no_skip) {
                begin = infos[i].skip;
                std::size_t block = layers.size();
                while (block > 0 && first[block - 1] >= begin) --block;
                for (std::size_t k = block; k < layers.size(); ++k) text += (k > block ? ", " : "") + layers[k];
                if (block == layers.size()) {
                    text += "nib::Dropout<0>";  // a block of nothing gives twice what it takes
                    headers.push_back("dropout");
                }
                text += ">";
                layers.resize(block);
                first.resize(block);
            }
            layers.push_back(std::move(text));
            first.push_back(begin);
        }
    }

private:
    std::string type_of(const nib::LayerInfo& layer) {
        if (layer.layer == nib::layer_id<nib::DenseOfAnySize>) {
            headers.push_back("dense");
            return "nib::Dense<" + std::to_string(layer.shape.in) + ", " + std::to_string(layer.shape.out) + ">";
        }
        if (layer.skip != nib::no_skip) {
            headers.push_back("residual");
            return "nib::Residual<";
        }
        for (const LayerType& known : layer_types) {
            if (known.layer != layer.layer) continue;
            headers.push_back(known.header);
            return known.type;
        }
        nib::fail("embed: cannot write " + layer.text + "; expected layers of nib's");
    }
};

// What the header's function returns, and is called.
std::string outputs_name(const nib::Mlp& net) {
    return net.gives_log_probabilities() ? "log_probabilities" : "outputs";
}

// The layers and numbers of the network as it is.
std::string float_network(const nib::Mlp& net) {
    std::string layers;
    for (const std::string& layer : NetworkType{net}.layers) nib::append_to_list(layers, ",\n", "    " + layer);
    const bool has_buffers = !net.buffers().empty();
    return "using Network = nib::Sequential<\n" + layers + ">;\n\n" + "alignas(nib::cache_line) " +
           array<float>("float", "parameters", net.parameters()) +
           (has_buffers ? array<float>("float", "buffers", net.buffers()) : "") +
           (net.gives_log_probabilities() ? "\n// The logarithms of the classes' probabilities.\n" : "\n") +
           "inline std::array<float, output_size> " + outputs_name(net) +
           "(std::span<const float, input_size> x) {\n"
           "    return Network::apply(parameters, x" +
           (has_buffers ? ", buffers" : "") + ");\n}\n";
}

// The headers of nib that the float network needs.
std::string float_includes(const nib::Mlp& net) {
    std::vector<std::string> headers = NetworkType{net}.headers;
    for (std::string& header : headers) header = "nib/layers/" + header + ".hpp";
    headers.push_back("nib/model/sequential.hpp");
    std::sort(headers.begin(), headers.end());
    headers.erase(std::unique(headers.begin(), headers.end()), headers.end());
    std::string text;
    for (const std::string& header : headers) text += "#include <" + header + ">\n";
    return text;
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
    return arrays + "inline constexpr nib::kernels::Int8Matrix layers[] = {\n" + layers +
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
    const std::string includes = options.int8 ? "#include <nib/model/int8_view.hpp>\n" : float_includes(net);
    return "// The network " + widths_text(net) + kind + ", as nib " NIB_VERSION_STRING "'s program embed wrote it.\n" +
           "//\n"
           "// It needs nib's headers, and no heap, file, exception or RTTI: compile with -fno-exceptions -fno-rtti\n"
           "// -DNDEBUG where they are not to be had.\n"
           "#pragma once\n\n" +
           includes +
           "\n#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <span>\n\n"
           "namespace " +
           options.name +
           " {\n\n// clang-format off\ninline constexpr std::size_t input_size = " + std::to_string(net.input_size()) +
           ";\ninline constexpr std::size_t output_size = " + std::to_string(net.output_size()) + ";\n\n" + network +
           "\n// The most likely class, the first one of equals.\n"
           "inline int predict(std::span<const float, input_size> x) {\n"
           "    const std::array<float, output_size> y = " +
           outputs_name(net) +
           "(x);\n"
           "    std::size_t best = 0;\n"
           "    for (std::size_t i = 1; i < output_size; ++i)\n"
           "        if (y[best] < y[i]) best = i;\n"
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
    check_namespace(options.name);
    std::vector<examples::NamedPath> inputs = examples::data_files(options.data);
    inputs.push_back({"MODEL", options.model});
    examples::check_outputs(inputs, {{"HEADER", options.header}});
    const nib::Mlp net = nib::load_mlp(options.model);
    check_outputs(net, options.model);
    nib::check_writable(options.header);
    std::size_t bytes = (net.parameters().size() + net.buffers().size()) * sizeof(float);
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
    examples::write_whole([&] {
        nib::AtomicFile file{options.header};
        file.write(header_text(options, net, network));
        file.commit();
    });
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
