#include <nib/model/detail/quantize_dense.hpp>

#include "../../support.hpp"

#include <string>
#include <vector>

using nib::Int8Dense;
using nib::detail::rounded_within;

namespace {

// Weights [in, out], without biases.
Int8Dense quantized(const std::vector<float>& weights, std::size_t out, const std::vector<float>& biases,
                    float input_scale = 1) {
    return nib::detail::quantize_dense({{weights.data(), weights.size() / out, out}, biases.data()}, input_scale, 0,
                                       "fc");
}

}  // namespace

TEST_CASE("numbers are rounded to the nearest whole number, halves away from zero, and cut off") {
    CHECK(rounded_within(2.4, 127) == 2);
    CHECK(rounded_within(2.5, 127) == 3);
    CHECK(rounded_within(-2.5, 127) == -3);
    CHECK(rounded_within(-2.4, 127) == -2);
    CHECK(rounded_within(0, 127) == 0);
    CHECK(rounded_within(1e30, 127) == 127);
    CHECK(rounded_within(-127.6, 127) == -127);
}

TEST_CASE("the largest weight of an output is 127 steps, and inputs lie in pairs") {
    const Int8Dense layer = quantized({254, 0,       // of input 0
                                       -100, 12.7f,  // 1
                                       2, -6.4f},    // 2
                                      2, {4, 0.5f});
    CHECK(layer.in == 3);
    CHECK(layer.out == 2);
    CHECK(layer.name == "fc");
    CHECK(layer.weight_scales[0] == 2);
    CHECK(layer.weight_scales[1] == doctest::Approx(0.1));
    CHECK(layer.weights == std::vector<std::int8_t>{127, -50, 0, 127, 1, 0, -64, 0});
    CHECK(layer.biases == std::vector<std::int32_t>{2, 5});
}

TEST_CASE("a bias is in steps of weights times inputs") {
    CHECK(quantized({127}, 1, {10}, 0.25f).biases[0] == 40);
    CHECK(quantized({127}, 1, {-10}, 0.25f).biases[0] == -40);
}

TEST_CASE("a bias that is too large for its sum makes the scale") {
    const Int8Dense layer = quantized({1}, 1, {1e9f});
    CHECK(layer.biases[0] == nib::kernels::int8_most_bias);
    CHECK(layer.weights[0] == 0);
    CHECK(layer.weight_scales[0] == doctest::Approx(1e9 / nib::kernels::int8_most_bias));
}

TEST_CASE("an output of zeros stays one") {
    const Int8Dense layer = quantized({0, 0}, 1, {0});
    CHECK(layer.weight_scales[0] == 0);
    CHECK(layer.weights == std::vector<std::int8_t>{0, 0});
    CHECK(layer.biases[0] == 0);
}

TEST_CASE("what the kernels cannot compute is refused, with the layer's number") {
    const Int8Dense good = quantized({1, 2}, 1, {0});
    const auto refusal = [](const Int8Dense& layer, std::size_t number, std::size_t features) {
        return support::error_of([&] { nib::detail::check_int8_dense(layer, number, features); });
    };
    CHECK(refusal(good, 0, 0) == "");
    CHECK(refusal(good, 1, 2) == "");
    CHECK(refusal(good, 1, 3) == "int8: layer 2: takes 2 features, the layer before it gives 3");
    Int8Dense bad = good;
    bad.weights[0] = -128;
    CHECK(refusal(bad, 0, 0) == "int8: layer 1: expected weights of at least -127, found -128");
    bad = good;
    bad.zero_point = 3;
    CHECK(refusal(bad, 0, 0) == "");
    CHECK(refusal(bad, 1, 2) == "int8: layer 2: expected a zero point of 0, found 3");
}
