#include <nib/model/int8.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/predict.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit.hpp>

#include <cmath>

namespace {

static_assert(nib::InferenceNetwork<nib::Int8Mlp> && !nib::Network<nib::Int8Mlp>);

// The arithmetic as int8.hpp tells it, with the obvious loops and the standard library's rounding.
std::vector<float> naive_logits(const nib::Int8Mlp& net, std::span<const float> example) {
    const auto steps_of = [](float x, float factor, int low, int high) {
        const float product = x * factor;
        if (product <= static_cast<float>(low)) return low;
        return product >= static_cast<float>(high) ? high : static_cast<int>(std::lround(product));
    };
    const auto layers = net.layers();
    const int zero_point = layers[0].zero_point;
    std::vector<int> x;
    for (const float value : example)
        x.push_back(steps_of(value, 1 / layers[0].input_scale, -zero_point, 255 - zero_point));
    for (std::size_t n = 0;; ++n) {
        const nib::Int8Dense& layer = layers[n];
        std::vector<int> hidden;
        std::vector<float> logits;
        for (std::size_t o = 0; o < layer.out; ++o) {
            std::int64_t sum = layer.biases[o];
            for (std::size_t i = 0; i < layer.in; ++i)
                sum += x[i] * layer.weights[i / 2 * layer.out * 2 + o * 2 + i % 2];
            REQUIRE(std::abs(sum) <= std::numeric_limits<std::int32_t>::max());
            double scale = static_cast<double>(layer.weight_scales[o]) * static_cast<double>(layer.input_scale);
            if (n + 1 < layers.size()) {
                scale /= static_cast<double>(layers[n + 1].input_scale);
                hidden.push_back(steps_of(static_cast<float>(sum), static_cast<float>(scale), 0, 255));
            } else {
                logits.push_back(static_cast<float>(sum) * static_cast<float>(scale));
            }
        }
        if (n + 1 == layers.size()) return logits;
        x = hidden;
    }
}

bool equal(std::span<const float> a, std::span<const float> b) { return reference::same_bits(a, b); }

// The weight of input i for output o.
int weight(const nib::Int8Dense& layer, std::size_t i, std::size_t o) {
    return layer.weights[i / 2 * layer.out * 2 + o * 2 + i % 2];
}

}  // namespace

TEST_CASE(
    "logits are those of the naive loops to the bit: every instruction set, one or many, listed or not, threads") {
    nib::Rng rng{31};
    nib::ThreadPool pool{3};
    for (const std::vector<std::size_t>& widths :
         {std::vector<std::size_t>{5, 3}, {784, 64, 64, 10}, {33, 130, 17, 9}, {1, 1, 1}}) {
        const nib::Mlp net{widths, rng};
        for (const bool negative : {false, true}) {
            nib::Matrix<float> x = reference::random_matrix<float>(200, widths[0], rng, 0.8);
            for (float& value : x.values())
                if (!negative && value < 0) value = -value;
            const std::vector<int> classes(x.rows());
            const nib::Int8Mlp small = nib::quantize(net, nib::Examples{x, classes});
            CHECK((small.layers()[0].zero_point > 0) == negative);
            x(0, 0) = 1000;  // outside of what it was calibrated on
            x(1, 0) = -1000;
            std::vector<std::vector<float>> expected;
            for (std::size_t i = 0; i < x.rows(); ++i) expected.push_back(naive_logits(small, x.row(i)));
            std::vector<nib::kernels::SparseRow<float>> lists(x.rows());
            std::vector<nib::kernels::Nonzero<float>> entries(nib::kernels::sparse_capacity(x.rows(), x.cols()));
            const auto listed = nib::kernels::find_nonzeros<float>(x.view(), {lists.data(), entries.data()});
            if (x.cols() == 784) REQUIRE(listed.is_sparse());  // a few columns may look dense at first
            reference::for_each_isa([&](nib::Isa) {
                nib::Workspace<float> workspace, with_threads{&pool};
                const nib::Matrix<float> batch = [&] {
                    const auto y = small.forward(x, workspace);
                    nib::Matrix<float> copy(y.rows(), y.cols());
                    std::ranges::copy(y.values(), copy.values().begin());
                    return copy;
                }();
                CHECK(equal(small.forward(listed, workspace).values(), batch.values()));
                CHECK(equal(small.forward(x, with_threads).values(), batch.values()));
                for (std::size_t i = 0; i < x.rows(); ++i) {
                    CHECK(equal(small.logits(x.row(i)), expected[i]));
                    CHECK(equal(small(x.row(i)), batch.row(i)));
                }
            });
        }
    }
}

TEST_CASE("weights and biases are within half a step of the network's, each output's largest weight is 127 steps") {
    nib::Rng rng{32};
    const nib::Mlp net{{9, 4}, rng};
    const nib::Int8Mlp small{net, {.lowest_input = -1, .highest_input = 2, .highest = {}}};
    const nib::Int8Dense& layer = small.layers()[0];
    CHECK(layer.input_scale == 3.0f / 255);
    CHECK(layer.zero_point == 85);
    for (std::size_t o = 0; o < 4; ++o) {
        int largest = 0;
        const double scale = static_cast<double>(layer.weight_scales[o]);
        for (std::size_t i = 0; i < 9; ++i) {
            largest = std::max(largest, std::abs(weight(layer, i, o)));
            const double exact = static_cast<double>(net.parameters()[i * 4 + o]);
            CHECK(std::abs(weight(layer, i, o) * scale - exact) <= scale * 0.5000001);
        }
        CHECK(largest == 127);
        const double step = scale * static_cast<double>(layer.input_scale);
        CHECK(std::abs(layer.biases[o] * step - static_cast<double>(net.parameters()[36 + o])) <= step * 0.5000001);
    }
}

TEST_CASE("outputs without weights, biases without measure, layers that never fire") {
    nib::Mlp net{{2, 3, 2}};
    const auto p = net.parameters();
    p[0] = 1e-9f;  // of output 0, whose bias is 1: it takes the scale, and the weight rounds to 0
    p[6] = 1;
    p[7] = 3e38f;  // a bias alone, and the largest
    p[8] = 0;      // nothing at all
    const nib::Int8Mlp small{net, {.lowest_input = 0, .highest_input = 1, .highest = {0}}};
    const nib::Int8Dense& layer = small.layers()[0];
    CHECK(weight(layer, 0, 0) == 0);
    CHECK(std::abs(layer.biases[0] - nib::kernels::int8_most_bias) <= 32);
    CHECK(std::abs(layer.biases[1] - nib::kernels::int8_most_bias) <= 32);
    CHECK(layer.biases[2] == 0);
    CHECK(layer.weight_scales[2] == 0);
    CHECK(small.layers()[1].input_scale == 1);
    const std::vector<float> x{1, 1};
    CHECK(small.logits(x) == std::vector<float>{0, 0});
    CHECK(small(x)[0] == doctest::Approx(std::log(0.5)));
}

TEST_CASE("the widest layer that cannot overflow is taken, one more input is refused") {
    constexpr std::size_t most = nib::kernels::int8_most_rows;
    nib::Mlp net{{most, 2}};
    std::ranges::fill(net.parameters().first(most), -1.0f);
    std::ranges::fill(net.parameters().subspan(most, most), -1.0f);
    net.parameters()[2 * most] = net.parameters()[2 * most + 1] = -8288;  // 2^28 steps are 8289
    const nib::Int8Calibration calibration{.lowest_input = 0, .highest_input = 1, .highest = {}};
    const nib::Int8Mlp small{net, calibration};
    const std::vector<float> ones(most, 1);
    reference::for_each_isa([&](nib::Isa) { CHECK(equal(small.logits(ones), naive_logits(small, ones))); });
    CHECK(static_cast<double>(small.logits(ones)[0]) == doctest::Approx(-8288.0 - most).epsilon(1e-6));
    CHECK(support::error_of([&] {
              return nib::Int8Mlp{nib::Mlp{{most + 1, 2}}, calibration};
          }) == "int8: layer 1: expected at most 58022 inputs, whose sums cannot overflow 32 bits, found 58023");
}

TEST_CASE("what cannot be quantised is refused") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto refusal = [](const nib::Mlp& net, const nib::Int8Calibration& calibration) {
        return support::error_of([&] { return nib::Int8Mlp{net, calibration}; });
    };
    nib::Mlp net{{2, 3, 2}};
    CHECK(refusal(net, {.lowest_input = 0, .highest_input = 1, .highest = {}}) ==
          "int8: expected the ranges of 1 hidden layers, found 0");
    const std::string range = "expected inputs of a finite range around 0";
    CHECK(refusal(net, {.lowest_input = 0, .highest_input = infinity, .highest = {1}}) == "int8: layer 1: " + range);
    CHECK(refusal(net, {.lowest_input = 1, .highest_input = 2, .highest = {1}}) == "int8: layer 1: " + range);
    CHECK(refusal(net, {.lowest_input = 0, .highest_input = 1, .highest = {-1}}) == "int8: layer 2: " + range);
    CHECK(refusal(net, {.lowest_input = 0, .highest_input = 1e-45f, .highest = {1}}) ==
          "int8: layer 1: expected a scale of inputs above 0, and finite");
    net.parameters()[12] = std::numeric_limits<float>::quiet_NaN();
    CHECK(refusal(net, {.lowest_input = 0, .highest_input = 1, .highest = {1}}) ==
          "int8: layer 2: expected finite weights and biases");
    const nib::Matrix<float> none(0, 2);
    const std::vector<int> no_classes;
    CHECK(support::error_of([&] {
              return nib::quantize(nib::Mlp{{2, 2}}, nib::Examples{none, no_classes});
          }) == "calibrate: expected at least one example, found none");
}

TEST_CASE("dropout changes nothing") {
    nib::Rng one{36}, two{36};
    const nib::Mlp net{{6, 5, 4, 3}, one};
    const nib::Mlp noisy{{6, 5, 4, 3}, two, {.dropout = 0.5}};
    const nib::Matrix<float> x = reference::random_matrix<float>(30, 6, one);
    const std::vector<int> classes(30);
    const nib::Int8Mlp small = nib::quantize(net, nib::Examples{x, classes});
    const nib::Int8Mlp noisy_small = nib::quantize(noisy, nib::Examples{x, classes});
    for (std::size_t i = 0; i < x.rows(); ++i) CHECK(equal(small.logits(x.row(i)), noisy_small.logits(x.row(i))));
}

TEST_CASE("a network of other layers is refused, when it is calibrated and when it is quantised") {
    nib::Rng rng{35};
    const nib::Matrix<float> x = reference::random_matrix<float>(30, 6, rng);
    const std::vector<int> classes(30);
    const std::string expected = "int8: expected dense layers with ReLU between them and LogSoftmax at the end, found ";
    const std::string way_out = "; such a network predicts in float alone";
    const auto check = [&](const nib::MlpOptions& options, const std::string& found) {
        const nib::Mlp net{{6, 5, 3}, rng, options};
        CHECK(support::error_of([&] {
                  return nib::quantize(net, nib::Examples{x, classes});
              }) == expected + found + way_out);
        CHECK(support::error_of([&] { return nib::Int8Mlp{net, {.highest = {1}}}; }) == expected + found + way_out);
    };
    check({.activation = nib::Tanh{}}, "Tanh after Linear(6, 5)");
    check({.activation = nib::GELU{}, .dropout = 0.5}, "GELU after Linear(6, 5)");
    check({.activation = nib::LeakyReLU<>{}}, "LeakyReLU(negative_slope=0.01) after Linear(6, 5)");
    check({.norm = nib::BatchNorm{}}, "BatchNorm1d(5) after Linear(6, 5)");
    check({.norm = nib::LayerNorm{}}, "LayerNorm(5) after Linear(6, 5)");
    check({.input = nib::Standardize{}}, "Standardize(6) at the start");
    check({.activation = nib::Residual<nib::ReLU>{}}, "the end of a residual block after ReLU");
    check({.output = {}}, "nothing after Linear(5, 3)");
    check({.output = nib::Softmax{}}, "Softmax after Linear(5, 3)");
    check({.activation = {}}, "Linear(5, 3) after Linear(6, 5)");
    check({.output = nib::ReLU{}}, "nothing after ReLU");
}

TEST_CASE("dense layers of an option are quantised, too") {
    nib::Rng one{37}, two{37};
    const nib::Mlp net{{6, 5, 5, 3}, one};
    const nib::Mlp other{{6, 5, 3}, two, {.activation = nib::LayerList<nib::ReLU, nib::Dense<5, 5>, nib::ReLU>{}}};
    const nib::Matrix<float> x = reference::random_matrix<float>(30, 6, one);
    const std::vector<int> classes(30);
    const nib::Int8Mlp small = nib::quantize(net, nib::Examples{x, classes});
    const nib::Int8Mlp other_small = nib::quantize(other, nib::Examples{x, classes});
    for (std::size_t i = 0; i < x.rows(); ++i) CHECK(equal(small.logits(x.row(i)), other_small.logits(x.row(i))));
    CHECK(other_small.layers()[1].name == "2");
}

TEST_CASE("layers that do not fit, and numbers out of their ranges, are refused") {
    const nib::Mlp net{{2, 3, 2}};
    const nib::Int8Mlp good{net, {.lowest_input = 0, .highest_input = 1, .highest = {1}}};
    const std::vector<nib::Int8Dense> layers(good.layers().begin(), good.layers().end());
    const auto refusal = [&](auto change) {
        std::vector<nib::Int8Dense> changed = layers;
        change(changed);
        return support::error_of([&] { return nib::Int8Mlp{changed}; });
    };
    using Layers = std::vector<nib::Int8Dense>;
    CHECK(refusal([](Layers&) {}) == "");
    CHECK(refusal([](Layers& l) { l.clear(); }) == "int8: expected at least one layer, found none");
    CHECK(refusal([](Layers& l) { l.erase(l.begin()), l.push_back(l[0]); }) ==
          "int8: layer 2: takes 3 features, the layer before it gives 2");
    CHECK(refusal([](Layers& l) { l[0].in = 0; }) == "int8: layer 1: expected sizes of at least 1, found 0");
    CHECK(refusal([](Layers& l) { l[1].weights.pop_back(); }) ==
          "int8: layer 2: expected the weights, biases and scales of 3 to 2 features, found others");
    CHECK(refusal([](Layers& l) { l[1].weights[0] = -128; }) ==
          "int8: layer 2: expected weights of at least -127, found -128");
    CHECK(refusal([](Layers& l) { l[0].biases[1] = -(1 << 28) - 1; }) ==
          "int8: layer 1: expected biases of at most 268435456, found -268435457");
    CHECK(refusal([](Layers& l) { l[0].zero_point = 256; }) ==
          "int8: layer 1: expected a zero point in [0, 255], found 256");
    CHECK(refusal([](Layers& l) { l[1].zero_point = 1; }) == "int8: layer 2: expected a zero point of 0, found 1");
    CHECK(refusal([](Layers& l) { l[0].weight_scales[0] = -1; }) ==
          "int8: layer 1: expected finite scales, none below 0");
    CHECK(refusal([](Layers& l) { l[1].input_scale = 0; }) ==
          "int8: layer 2: expected a scale of inputs above 0, and finite");
}

TEST_CASE("a Sequential is quantised as the Mlp of the same sizes, and keeps its names") {
    using Net = nib::Sequential<nib::Dense<6, 5, "fc1">, nib::ReLU, nib::Dense<5, 3>, nib::LogSoftmax>;
    nib::Rng rng{33};
    const Net net{rng};
    const nib::Mlp twin = nib::to_mlp(net);
    const nib::Matrix<float> x = reference::random_matrix<float>(30, 6, rng);
    const std::vector<int> classes(30);
    const nib::Int8Mlp small = nib::quantize(net, nib::Examples{x, classes});
    const nib::Int8Mlp small_twin = nib::quantize(twin, nib::Examples{x, classes});
    CHECK(small.layers()[0].name == "fc1");
    for (std::size_t i = 0; i < x.rows(); ++i) CHECK(equal(small.logits(x.row(i)), small_twin.logits(x.row(i))));
}

TEST_CASE("calibration takes the ranges of the inputs and of what comes out of each ReLU") {
    nib::Mlp net{{1, 2, 2}};
    net.parameters()[0] = 2;  // 2 x + 1 and -x
    net.parameters()[1] = -1;
    net.parameters()[2] = 1;
    nib::Matrix<float> x(3, 1);
    x(0, 0) = -3;
    x(1, 0) = 0.5f;
    x(2, 0) = 4;
    const std::vector<int> classes(3);
    const nib::Examples data{x, classes};
    const nib::Int8Calibration all = nib::calibrate(net, data);
    CHECK(all.lowest_input == -3);
    CHECK(all.highest_input == 4);
    CHECK(all.highest == std::vector<float>{9});
    const nib::Int8Calibration first = nib::calibrate(net, data, 1);
    CHECK(first.highest_input == 0);
    CHECK(first.highest == std::vector<float>{3});
}

TEST_CASE("a copy stands alone, and examples of another size are refused") {
    nib::Rng rng{34};
    const std::vector<float> x{1, 2, 3};
    const auto make = [&] {
        return nib::Int8Mlp{nib::Mlp{{3, 8, 2}, rng}, {.lowest_input = 0, .highest_input = 3, .highest = {2}}};
    };
    nib::Int8Mlp net = make();
    const std::vector<float> before = net.logits(x);
    const nib::Int8Mlp copy = net;
    net = make();
    CHECK(equal(copy.logits(x), before));
    CHECK(!equal(net.logits(x), before));
    CHECK(support::error_of([&] { return net(std::vector<float>(4)); }) ==
          "the network takes 3 features, the example has 4");
    CHECK(support::error_of([&] { return nib::predict(net, std::vector<float>(4)); }) ==
          "the network takes 3 features, the example has 4");
    CHECK(nib::probabilities(net, x)[0] + nib::probabilities(net, x)[1] == doctest::Approx(1));
}

TEST_CASE("a trained network loses at most 0.3 points of its accuracy and three quarters of its size") {
    nib::Dataset train, test;
    int epochs = 4;
    const auto folder = support::real_data("mnist");
    if (folder && !support::sanitized) {
        train = nib::load_mnist(*folder, nib::Split::train);
        test = nib::load_mnist(*folder, nib::Split::test);
        epochs = 1;
    } else {
        train = nib::synthetic_digits(support::sanitized ? 4'000 : 10'000, 1);
        test = nib::synthetic_digits(support::sanitized ? 1'000 : 5'000, 2);
    }
    nib::Rng rng{42};
    nib::Mlp net{{784, 64, 64, 64, 10}, rng};
    nib::Adam adam{net};
    nib::fit(net, adam, train, {.epochs = epochs, .batch_size = 15}, rng);
    const nib::Int8Mlp small = nib::quantize(net, train);
    const double before = nib::accuracy(net, test);
    CHECK(before > 0.85);
    CHECK(nib::accuracy(small, test) >= before - 0.003);
    CHECK(static_cast<double>(small.size_bytes()) * 3.5 < static_cast<double>(net.parameter_count() * sizeof(float)));
    CHECK(small.size_bytes() == 784 * 64 + 2 * 64 * 64 + 64 * 10 + 202 * 8 + 5);
}
