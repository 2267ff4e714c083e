// Int8Dense: a dense layer of an Int8Mlp (model/int8.hpp).
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// A weight w stands for w weight_scales[o], an input byte q for (q - zero_point) input_scale, a bias b for
// b weight_scales[o] input_scale.
struct Int8Dense {
    std::size_t in = 0;
    std::size_t out = 0;
    float input_scale = 1;
    int zero_point = 0;                // in [0, 255]; after a ReLU 0
    std::vector<std::int8_t> weights;  // [(in + 1) / 2, out, 2]: inputs in pairs, a 0 beside the last of an odd number
    std::vector<std::int32_t> biases;  // [out]
    std::vector<float> weight_scales;  // [out]
    std::string name;                  // in model files
};

}  // namespace nib::inline NIB_ABI
