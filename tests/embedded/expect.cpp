// Run on the host: expect MODEL DIR writes DIR/float/expected.hpp and DIR/int8/expected.hpp, ten images and what the
// host answers: the network as it is loaded, and DIR/int8/model.hpp. The images are MNIST's where a third argument
// names its folder, synthetic digits where not.
#include "int8/model.hpp"

#include <nib/all.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>

namespace {

constexpr std::size_t images = 10;
constexpr std::size_t image_size = model::input_size;

std::array<float, image_size> numbers_of(const nib::Dataset& digits, std::size_t index) {
    std::array<float, image_size> numbers;
    for (std::size_t k = 0; k < image_size; ++k) numbers[k] = static_cast<float>(digits.image(index)[k]) / 255.0f;
    return numbers;
}

// answer(x) gives the log-probabilities, exact(x) what must be equal to the bit.
template <class Answer, class Exact>
void write(const std::string& path, const nib::Dataset& digits, const Answer& answer, const Exact& exact) {
    std::string pixels, labels, answers, bits, outputs;
    for (std::size_t i = 0; i < images; ++i) {
        const auto x = numbers_of(digits, i);
        const auto log_probabilities = answer(x);
        std::size_t best = 0;
        for (std::size_t k = 1; k < model::output_size; ++k)
            if (log_probabilities[best] < log_probabilities[k]) best = k;
        const auto list = [](const auto& values) {
            std::string text = "    {";
            for (const auto value : values) text += std::to_string(value) + ", ";
            return text + "},\n";
        };
        pixels += list(digits.image(i));
        labels += std::to_string(digits.labels[i]) + ", ";
        answers += std::to_string(best) + ", ";
        const auto bits_of = [&](const auto& numbers) {
            std::vector<std::uint32_t> all;
            for (const float number : numbers) all.push_back(std::bit_cast<std::uint32_t>(number));
            return list(all);
        };
        bits += bits_of(exact(x));
        outputs += bits_of(log_probabilities);
    }
    nib::AtomicFile file{path};
    file.write(
        "#pragma once\n#include <cstddef>\n#include <cstdint>\nnamespace expected {\n"
        "inline constexpr std::size_t images = 10, image_size = 784, classes = 10;\n"
        "inline constexpr std::uint8_t pixels[10][784] = {\n" +
        pixels + "};\ninline constexpr int labels[10] = {" + labels + "};\ninline constexpr int answers[10] = {" +
        answers + "};\ninline constexpr std::uint32_t bits[10][10] = {\n" + bits +
        "};\ninline constexpr std::uint32_t outputs[10][10] = {\n" + outputs + "};\n}\n");
    file.commit();
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) return 2;
    const nib::Mlp net = nib::load_mlp(argv[1]);
    const std::string folder = argv[2];
    const nib::Dataset digits =
        argc > 3 ? nib::load_mnist(argv[3], nib::Split::test) : nib::synthetic_digits(images, 0x7e57'd161'7500'0000);
    const auto loaded = [&](std::span<const float> x) { return net(x); };
    write(folder + "/float/expected.hpp", digits, loaded, loaded);
    write(folder + "/int8/expected.hpp", digits, model::log_probabilities,
          [](const std::array<float, image_size>& x) { return model::network.logits(x); });
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
