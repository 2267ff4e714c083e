// save_header(net, path): a trained network as a C++ header of constants, for programs without files and without a
// heap.
//
//   nib::save_header(net, "digits.hpp", {.name = "digits"});  // an Mlp, or to_mlp(net) of a Sequential
//   nib::save_header(nib::quantize(net, train), "digits.hpp", {.name = "digits"});  // in 8-bit integers
//
// What includes the header finds in that namespace:
//
//   input_size, output_size   features that go in and come out
//   predict(x)                the most likely class, for x: std::span<const float, input_size>
//   log_probabilities(x)      std::array<float, output_size>; called outputs(x) where no LogSoftmax ends the network
//
// The header needs nib's headers, and no heap, file, exception or RTTI. A network in 8-bit integers gives the same bits
// as the Int8Mlp; a float network gives those of the Mlp where both are compiled with the same flags.
#pragma once

#include <nib/core/config.hpp>
#include <nib/model/int8.hpp>
#include <nib/model/mlp.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

struct HeaderOptions {
    std::string name = "model";  // of the namespace; "a::b" is one within another
};

// Why HeaderOptions::name cannot be `name`: the language, the compiler, the standard library, common macros or nib have
// it, or it is no name of C++. "" where it can.
[[nodiscard]] std::string namespace_problem(std::string_view name);

// Fails, in a message that starts with `subject`, unless the outputs are finite for inputs from 0 to 1, and all
// parameters and buffers are. The functions below check that themselves; a program that quantises first can find out
// earlier.
void check_embeddable(const Mlp& net, const std::string& subject);

// The text of the header. Fails on a name that has a problem, on outputs that are not finite, and on layers that are
// not nib's own with their default numbers.
[[nodiscard]] std::string header_text(const Mlp& net, const HeaderOptions& options = {});
[[nodiscard]] std::string header_text(const Int8Mlp& net, const HeaderOptions& options = {});

// Writes it, and returns the size of its constants in bytes. Fails when the file cannot be written, too; what stood at
// `path` is then still there.
std::size_t save_header(const Mlp& net, const std::string& path, const HeaderOptions& options = {});
std::size_t save_header(const Int8Mlp& net, const std::string& path, const HeaderOptions& options = {});

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/core/text.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/kernels/detail/int8.hpp>
#include <nib/model/detail/cpp_names.hpp>
#include <nib/model/detail/sequential_text.hpp>
#include <nib/model/workspace.hpp>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

inline std::string concatenated(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) text += part;
    return text;
}

inline std::string literal(std::integral auto value) { return std::to_string(value); }

// Exact, in hexadecimal. `value` is finite.
inline std::string literal(float value) {
    char buffer[64];
    const bool negative = value < 0 || (value == 0 && 1 / value < 0);
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, negative ? -value : value, std::chars_format::hex);
    static_cast<void>(error);  // the buffer is long enough for any
    return concatenated({negative ? "-0x" : "0x", {buffer, static_cast<std::size_t>(end - buffer)}, "f"});
}

// The definition of an array of constants, in lines of at most 120 columns.
template <class T>
std::string array_text(std::string_view type, std::string_view name, ArrayView<T> values) {
    constexpr std::size_t line = 120;
    std::string text =
        concatenated({"inline constexpr ", type, " ", name, "[", std::to_string(values.size()), "] = {"});
    std::size_t column = line;
    for (const T value : values) {
        const std::string word = literal(value);
        const bool starts_line = column + 2 + word.size() > line;
        text += starts_line ? "\n    " : " ";
        text += word;
        text += ',';
        column = (starts_line ? 4 : column + 1) + word.size() + 1;
    }
    return text + "\n};\n";
}

inline constexpr std::string_view log_probabilities_comment = "\n// The logarithms of the classes' probabilities.\n";

// What is different in the headers of different networks.
struct HeaderParts {
    std::vector<std::size_t> widths;
    std::string_view kind;      // behind the widths in the header's first line
    std::string includes;       // lines
    std::string network;        // the constants, and the function that gives the outputs
    std::string_view function;  // the name of that
};

inline std::string header_text(const HeaderParts& parts, const std::string& name) {
    if (const std::string problem = namespace_problem(name); !problem.empty()) fail("save_header: " + problem);
    std::string widths;
    for (const std::size_t width : parts.widths) append_to_list(widths, "-", std::to_string(width));
    return concatenated(
        {"// The network ", widths, parts.kind, ", written by nib " NIB_VERSION_STRING " (model/embed.hpp).\n",
         "//\n"
         "// It needs nib's headers, and no heap, file, exception or RTTI: compile with -fno-exceptions -fno-rtti\n"
         "// -DNDEBUG where they are not to be had.\n"
         "#pragma once\n\n",
         parts.includes,
         "\n#include <array>\n#include <cstddef>\n#include <cstdint>\n#include <span>\n\n"
         "namespace ",
         name,
         " {\n\n// clang-format off\ninline constexpr std::size_t input_size = ", std::to_string(parts.widths.front()),
         ";\ninline constexpr std::size_t output_size = ", std::to_string(parts.widths.back()), ";\n\n", parts.network,
         "\n// The most likely class, the first one of equals.\n"
         "inline int predict(std::span<const float, input_size> x) {\n"
         "    const std::array<float, output_size> y = ",
         parts.function,
         "(x);\n"
         "    std::size_t best = 0;\n"
         "    for (std::size_t i = 1; i < output_size; ++i)\n"
         "        if (y[best] < y[i]) best = i;\n"
         "    return static_cast<int>(best);\n"
         "}\n"
         "// clang-format on\n\n}  // namespace ",
         name, "\n"});
}

// The headers of nib that a float network of these layers needs, as lines.
inline std::string include_lines(const std::vector<std::string>& layer_headers) {
    std::vector<std::string> paths{"model/sequential"};
    for (const std::string& header : layer_headers) paths.push_back("layers/" + header);
    sort_values(paths.data(), paths.size(), [](const std::string& a, const std::string& b) { return a < b; });
    std::string text;
    for (std::size_t i = 0; i < paths.size(); ++i)
        if (i == 0 || paths[i] != paths[i - 1]) text += concatenated({"#include <nib/", paths[i], ".hpp>\n"});
    return text;
}

inline std::size_t constants_size(const Mlp& net) {
    return (net.parameters().size() + net.buffers().size()) * sizeof(float);
}
inline std::size_t constants_size(const Int8Mlp& net) { return net.size_bytes(); }

template <class Net>
std::size_t save_header(const Net& net, const std::string& path, const HeaderOptions& options) {
    const std::string text = nib::header_text(net, options);
    AtomicFile file{path};
    file.write(bytes_of(text));
    file.commit();
    return constants_size(net);
}

}  // namespace detail

NIB_API std::string namespace_problem(std::string_view name) {
    const std::string expected = "expected a C++ name, found " + format_quoted(name);
    std::string_view rest = name;
    for (bool outermost = true;; outermost = false) {
        const std::size_t colons = rest.find("::");
        const std::string_view part = rest.substr(0, colons);
        if (!detail::is_identifier(part)) return expected;
        const std::string_view problem = detail::namespace_name_problem(part, outermost);
        if (!problem.empty()) return detail::concatenated({expected, problem});
        if (colons == std::string_view::npos) return "";
        rest.remove_prefix(colons + 2);
    }
}

NIB_API void check_embeddable(const Mlp& net, const std::string& subject) {
    constexpr std::size_t examples = 16;
    Matrix<float> inputs(examples, net.input_size());
    Rng rng{1};
    for (float& input : inputs.view().values()) input = static_cast<float>(rng.uniform());
    for (float& input : inputs.view().row(0)) input = 0;
    for (float& input : inputs.view().row(1)) input = 1;
    Workspace<float> workspace;
    for (const float output : net.forward(inputs.view(), workspace).values())
        if (!is_finite(output))
            fail(subject +
                 ": expected finite outputs for inputs from 0 to 1; the network's weights are too large to compute "
                 "with");
    for (const std::span<const float> numbers : {net.parameters(), net.buffers()})
        for (const float number : numbers)
            if (!is_finite(number)) fail(subject + ": expected finite parameters and buffers");
}

NIB_API std::string header_text(const Mlp& net, const HeaderOptions& options) {
    check_embeddable(net, "save_header");
    const detail::SequentialText spelled{net};
    std::string layers;
    for (const std::string& layer : spelled.layers()) append_to_list(layers, ",\n", "    " + layer);
    const bool has_buffers = !net.buffers().empty();
    const bool ends_in_log_softmax = net.gives_log_probabilities();
    detail::HeaderParts parts{.widths{net.widths().begin(), net.widths().end()},
                              .kind = "",
                              .includes = detail::include_lines(spelled.headers()),
                              .network = "",
                              .function = ends_in_log_softmax ? "log_probabilities" : "outputs"};
    parts.network = detail::concatenated(
        {"using Network = nib::Sequential<\n", layers, ">;\n\nalignas(nib::cache_line) ",
         detail::array_text<float>("float", "parameters", net.parameters()),
         has_buffers ? detail::array_text<float>("float", "buffers", net.buffers()) : "",
         ends_in_log_softmax ? detail::log_probabilities_comment : "\n", "inline std::array<float, output_size> ",
         parts.function, "(std::span<const float, input_size> x) {\n    return Network::apply(parameters, x",
         has_buffers ? ", buffers" : "", ");\n}\n"});
    return detail::header_text(parts, options.name);
}

NIB_API std::string header_text(const Int8Mlp& net, const HeaderOptions& options) {
    detail::HeaderParts parts{.widths{net.input_size()},
                              .kind = ", in 8-bit integers",
                              .includes = "#include <nib/model/int8_view.hpp>\n",
                              .network = "",
                              .function = "log_probabilities"};
    std::string layers;
    for (std::size_t i = 0; i < net.layers().size(); ++i) {
        const Int8Dense& layer = net.layers()[i];
        const detail::ArrayView<float> scales{net.kernel_layer(i).scales, layer.out};
        const std::string number = std::to_string(i);
        const auto append = [&](const char* type, const char* name, auto values) {
            parts.network += detail::array_text(type, name + number, values);
        };
        append("std::int8_t", "weights", detail::ArrayView<std::int8_t>{layer.weights});
        append("std::int32_t", "biases", detail::ArrayView<std::int32_t>{layer.biases});
        append("float", "scales", scales);
        layers += detail::concatenated({"    {", std::to_string(layer.in), ", ", std::to_string(layer.out), ", weights",
                                        number, ", biases", number, ", scales", number, "},\n"});
        parts.widths.push_back(layer.out);
    }
    const kernels::Int8Range range = net.input_range();
    parts.network += detail::concatenated(
        {"inline constexpr nib::kernels::Int8Matrix layers[] = {\n", layers,
         "};\ninline constexpr nib::Int8View<input_size, output_size, ", std::to_string(net.widest()), "> network{{",
         detail::literal(range.steps_per_unit), ", ", std::to_string(range.zero_point), "}, layers};\n",
         detail::log_probabilities_comment,
         "inline std::array<float, output_size> log_probabilities(std::span<const float, input_size> x) {\n"
         "    return network(x);\n"
         "}\n"});
    return detail::header_text(parts, options.name);
}

NIB_API std::size_t save_header(const Mlp& net, const std::string& path, const HeaderOptions& options) {
    return detail::save_header(net, path, options);
}
NIB_API std::size_t save_header(const Int8Mlp& net, const std::string& path, const HeaderOptions& options) {
    return detail::save_header(net, path, options);
}

}  // namespace nib::inline NIB_ABI

#endif
