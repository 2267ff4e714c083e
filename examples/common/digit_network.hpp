// The networks that read drawn digits: ten classes, square images.
#pragma once

#include <nib/core/error.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace examples {

inline constexpr std::size_t digit_classes = 10;

// The rows of a square image of so many pixels, or about as many where no square has them.
inline std::size_t image_side(std::size_t pixels) {
    return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
}

// The network of a file. Fails where it is not one that tells ten digits apart in square images.
inline nib::Mlp load_digit_network(nib::TensorFile& file) {
    // Before the numbers are read, of which there may be any number.
    const std::vector<std::size_t> widths = nib::mlp_widths(file);
    const std::size_t inputs = widths.front(), outputs = widths.back();
    const std::string expected = file.path() + ": expected a network that takes square images, 8x8 to 1024x1024, ";
    const std::size_t side = image_side(inputs);
    if (side * side != inputs || side < 8 || side > 1024)
        nib::fail(expected + "found one that takes " + std::to_string(inputs) + " features");
    if (outputs != digit_classes)
        nib::fail(expected + "and has 10 outputs, one for each digit; found one of " + std::to_string(outputs));
    nib::Mlp net = nib::load_mlp(file);
    if (!net.gives_log_probabilities())
        nib::fail(file.path() + ": expected a network that ends in LogSoftmax, found " +
                  nib::layers_text(net.layers()));
    return net;
}

// Where the network has no answer, because numbers on the way to it are too large.
[[noreturn]] inline void fail_without_answer(const std::string& model) {
    nib::fail(model +
              ": expected an answer with finite probabilities; the network's weights are too large to compute with");
}

}  // namespace examples
