#include <nib/model/embed.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/data/examples.hpp>
#include <nib/io/file.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/tanh.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

using support::contains;
using support::error_of;

// The words between the braces of the array of that name.
std::vector<std::string> array_in(const std::string& text, const std::string& name) {
    std::size_t from = text.find(" " + name + "[");
    REQUIRE(from != std::string::npos);
    from = text.find('{', from) + 1;
    std::vector<std::string> words(1);
    for (; text.at(from) != '}'; ++from) {
        if (text[from] == ',') words.emplace_back();
        if (text[from] != ',' && text[from] != ' ' && text[from] != '\n') words.back() += text[from];
    }
    words.pop_back();  // behind the last comma
    return words;
}

std::vector<float> floats_in(const std::string& text, const std::string& name) {
    std::vector<float> numbers;
    for (const std::string& word : array_in(text, name)) {
        CHECK(word.ends_with('f'));
        numbers.push_back(std::strtof(word.c_str(), nullptr));
    }
    return numbers;
}

bool has_bits(const std::vector<float>& found, std::span<const float> expected) {
    return reference::same_bits(std::span<const float>{found}, expected);
}

template <class Number>
std::vector<std::string> words_of(const std::vector<Number>& numbers) {
    std::vector<std::string> words;
    for (const Number number : numbers) words.push_back(std::to_string(number));
    return words;
}

nib::Mlp classifier(std::uint64_t seed = 3) {
    nib::Rng rng{seed};
    return nib::Mlp{{7, 5, 3}, rng};
}

nib::Int8Mlp quantized(const nib::Mlp& net) {
    nib::Rng rng{4};
    const nib::Matrix<float> x = reference::random_matrix<float>(20, net.input_size(), rng);
    const std::vector<int> classes(20);
    return nib::quantize(net, nib::Examples{x, classes});
}

}  // namespace

TEST_CASE("the header of a float network has its layers, and its parameters to the last bit") {
    nib::Mlp net = classifier();
    net.parameters()[0] = -0.0f;
    net.parameters()[1] = 0.1f;
    net.parameters()[2] = 1e-45f;
    net.parameters()[3] = -3e38f;
    const std::string text = nib::header_text(net, {.name = "digits::plain"});
    CHECK(text.starts_with("// The network 7-5-3, written by nib " NIB_VERSION_STRING " (model/embed.hpp).\n"));
    CHECK(contains(text,
                   "\n#pragma once\n\n#include <nib/layers/dense.hpp>\n#include <nib/layers/log_softmax.hpp>\n"
                   "#include <nib/layers/relu.hpp>\n#include <nib/model/sequential.hpp>\n"));
    CHECK(contains(text, "\nnamespace digits::plain {\n"));
    CHECK(text.ends_with("\n}  // namespace digits::plain\n"));
    CHECK(contains(text, "input_size = 7;\ninline constexpr std::size_t output_size = 3;\n"));
    CHECK(contains(text,
                   "using Network = nib::Sequential<\n    nib::Dense<7, 5>,\n    nib::ReLU,\n    nib::Dense<5, 3>,"
                   "\n    nib::LogSoftmax>;\n"));
    CHECK(contains(text,
                   " log_probabilities(std::span<const float, input_size> x) {\n"
                   "    return Network::apply(parameters, x);\n"));
    CHECK(contains(text, "[58] = {\n    -0x0p+0f, 0x1.99999ap-4f, 0x"));
    CHECK(has_bits(floats_in(text, "parameters"), net.parameters()));
    CHECK_FALSE(contains(text, "buffers"));
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = text.find('\n', start);
        CHECK(end - start <= 120);
        start = end + 1;
    }
}

TEST_CASE("buffers, blocks and outputs that are no log-probabilities have their place in the header") {
    nib::Rng rng{5};
    const nib::Mlp net{
        {4, 4, 2}, rng, {.activation = nib::Residual<nib::Tanh>{}, .norm = nib::BatchNorm{}, .output = {}}};
    const std::string text = nib::header_text(net);
    CHECK(contains(text, "\nnamespace model {\n"));
    CHECK(contains(text, "    nib::BatchNorm,\n    nib::Residual<nib::Tanh>,\n    nib::Dense<4, 2>>;\n"));
    CHECK(contains(text,
                   " outputs(std::span<const float, input_size> x) {\n"
                   "    return Network::apply(parameters, x, buffers);\n"));
    CHECK(contains(text, "> y = outputs(x);\n"));
    CHECK_FALSE(contains(text, "logarithms"));
    CHECK(has_bits(floats_in(text, "buffers"), net.buffers()));
}

TEST_CASE("the header of a network in 8-bit integers has the numbers of each layer") {
    const nib::Int8Mlp net = quantized(classifier());
    const std::string text = nib::header_text(net, {.name = "little"});
    CHECK(text.starts_with("// The network 7-5-3, in 8-bit integers, written by nib "));
    CHECK(contains(text, "\n#pragma once\n\n#include <nib/model/int8_view.hpp>\n\n#include <array>\n"));
    CHECK(contains(text, "    {7, 5, weights0, biases0, scales0},\n    {5, 3, weights1, biases1, scales1},\n};\n"));
    CHECK(contains(text, "nib::Int8View<input_size, output_size, 7> network{{0x"));
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string number = std::to_string(i);
        CHECK(array_in(text, "weights" + number) == words_of(net.layers()[i].weights));
        CHECK(array_in(text, "biases" + number) == words_of(net.layers()[i].biases));
        CHECK(has_bits(floats_in(text, "scales" + number), {net.kernel_layer(i).scales, net.layers()[i].out}));
    }
}

TEST_CASE("save_header writes the text and tells the size of the constants") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("net.hpp");
    const nib::Mlp net = classifier();
    CHECK(nib::save_header(net, path, {.name = "a"}) == 58 * sizeof(float));
    CHECK(nib::read_file(path) == nib::header_text(net, {.name = "a"}));
    const nib::Int8Mlp small = quantized(net);
    CHECK(nib::save_header(small, path) == small.size_bytes());
    CHECK(nib::read_file(path) == nib::header_text(small));
    CHECK(error_of([&] { nib::save_header(net, folder.path("none/net.hpp")); }).ends_with("No such file or directory"));
}

TEST_CASE("what would be no header is refused, and leaves what stood there") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("net.hpp", "before");
    nib::Mlp net = classifier();
    CHECK(error_of([&] { nib::save_header(net, path, {.name = "int"}); }) ==
          "save_header: expected a C++ name, found 'int', a word of the language");
    CHECK(error_of([&] { static_cast<void>(nib::header_text(quantized(net), {.name = "a b"})); }) ==
          "save_header: expected a C++ name, found 'a b'");
    nib::Rng rng{1};
    CHECK(error_of([&] {
              nib::save_header(nib::Mlp{{2, 3}, rng, {.activation = nib::LeakyReLU<0.3>{}, .output = nib::ELU<2.0>{}}},
                               path);
          }) == "save_header: cannot write ELU(alpha=2); expected layers of nib's");
    for (float& parameter : net.parameters()) parameter = 3e38f;
    CHECK(error_of([&] { nib::check_embeddable(net, "digits.safetensors"); }) ==
          "digits.safetensors: expected finite outputs for inputs from 0 to 1; the network's weights are too large to "
          "compute with");
    CHECK(error_of([&] { nib::save_header(net, path); }).starts_with("save_header: expected finite outputs"));
    // A bias that a ReLU takes for 0.
    net = classifier();
    net.parameters()[35] = -std::numeric_limits<float>::infinity();
    CHECK(error_of([&] { nib::save_header(net, path); }) == "save_header: expected finite parameters and buffers");
    CHECK(nib::read_file(path) == "before");
}

TEST_CASE("a namespace's name is none that somebody else has") {
    for (const char* name : {"digits", "a::b::c", "Digits_2", "stdlib", "a::nib2", "a::log"})
        CHECK(nib::namespace_problem(name) == "");
    for (const char* name : {"", "2nd", "a-b", "a::", "::a", "a:b", "a b", "a::2"})
        CHECK(nib::namespace_problem(name) == "expected a C++ name, found " + nib::format_quoted(name));
    CHECK(nib::namespace_problem("log") ==
          "expected a C++ name, found 'log', which is a function or type of C's headers");
    CHECK(nib::namespace_problem("a::errno") ==
          "expected a C++ name, found 'a::errno', which is a macro in common "
          "headers");
}
