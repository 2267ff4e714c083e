// Recognises ten digits on the board, with the network of model.hpp, and compares with what the host answers.
#include "board.hpp"

#include <bit>
#include <cstdint>

#include "expected.hpp"
#include "model.hpp"

namespace {

float pixels[model::input_size];

float distance(float a, float b) { return a < b ? b - a : a - b; }

}  // namespace

int board::run() {
    static_assert(model::input_size == expected::image_size && model::output_size == expected::classes);
    std::size_t right = 0, same_answers = 0, same_bits = 0;
    float largest_distance = 0;
    for (std::size_t i = 0; i < expected::images; ++i) {
        for (std::size_t k = 0; k < model::input_size; ++k)
            pixels[k] = static_cast<float>(expected::pixels[i][k]) / 255.0f;
        const int answer = model::predict(pixels);
        right += answer == expected::labels[i];
        same_answers += answer == expected::answers[i];
        const auto outputs = model::log_probabilities(pixels);
#ifdef INT8
        const auto numbers = model::network.logits(pixels);
#else
        const auto& numbers = outputs;
#endif
        for (std::size_t k = 0; k < model::output_size; ++k) {
            same_bits += std::bit_cast<std::uint32_t>(numbers[k]) == expected::bits[i][k];
            const float apart = distance(outputs[k], std::bit_cast<float>(expected::outputs[i][k]));
            if (!(apart <= largest_distance)) largest_distance = apart;
        }
    }
    const auto line = [](const char* what, std::size_t number, std::size_t of) {
        board::print(what);
        board::print(number);
        board::print(" of ");
        board::print(of);
        board::print("\n");
    };
    constexpr std::size_t outputs = expected::images * model::output_size;
    line("  right:                   ", right, expected::images);
    line("  same answers as host:    ", same_answers, expected::images);
    line("  same outputs to the bit: ", same_bits, outputs);
    line("  stack:                   ", board::stack_used(), 65536);
#ifdef INT8
    const bool exact = same_bits == outputs;
#else
    const bool exact = true;
#endif
    return right + 2 >= expected::images && same_answers == expected::images && exact && largest_distance < 1e-4f ? 0
                                                                                                                  : 1;
}
