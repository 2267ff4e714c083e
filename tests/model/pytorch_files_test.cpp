// Files that PyTorch wrote, in networks of nib: its accuracy, its log-probabilities, its numbers in all types and
// layouts.
#include <nib/all.hpp>

#include "../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace {

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
using Last = nib::Sequential<nib::Dense<64, 10>>;
using ExactLast = nib::BasicSequential<double, nib::Dense<64, 10>>;

template <class Net>
double accuracy_and_worst_difference(const Net& net, const std::string& data, double& worst) {
    const auto test = nib::load_mnist(data + "/mnist", nib::Split::test);
    const auto expected = nib::load_npy<float>(data + "/torch/logprobs.npy");
    REQUIRE(expected.shape == std::vector<std::size_t>{256, 10});
    nib::Matrix<float> x(256, 784);
    for (std::size_t i = 0; i < 256; ++i) nib::copy_example<float>(test, i, x.row(i));
    nib::Workspace<float> workspace;
    const auto outputs = net.forward(x, workspace);
    worst = 0;
    for (std::size_t i = 0; i < expected.values.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(outputs.data()[i] - expected.values[i])));
    return nib::accuracy(net, test);
}

// The parameters of fc4 that PyTorch wrote as float32 arrays, where a network has them: [64, 10], then the biases.
std::vector<float> last_layer(const std::string& torch) {
    const auto weight = nib::load_npy<float>(torch + "/fc4_weight.npy");
    const auto bias = nib::load_npy<float>(torch + "/fc4_bias.npy");
    REQUIRE(weight.shape == std::vector<std::size_t>{10, 64});
    std::vector<float> parameters(640);
    for (std::size_t out = 0; out < 10; ++out)
        for (std::size_t in = 0; in < 64; ++in) parameters[in * 10 + out] = weight.values[out * 64 + in];
    parameters.insert(parameters.end(), bias.values.begin(), bias.values.end());
    return parameters;
}

template <class Net>
auto loaded(const std::string& path) {
    Net net;
    nib::load(net, path);
    return std::vector(net.parameters().begin(), net.parameters().end());
}

// x with `digits` binary digits, ties to even.
float rounded(float x, int digits) {
    int exponent = 0;
    const double mantissa = std::frexp(static_cast<double>(x), &exponent);
    return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(mantissa, digits)), exponent - digits));
}

}  // namespace

TEST_CASE("a model that PyTorch trained has PyTorch's accuracy and log-probabilities") {
    const auto data = support::real_data("");
    if (!data) return;
    const std::string path = *data + "/torch/handwrite_model.pth";
    double worst = 0;
    Digits net;
    nib::load(net, path);  // its layers are fc1 ... fc4 in the file, 0, 2, 4 and 6 here
    CHECK(nib::format_fixed(accuracy_and_worst_difference(net, *data, worst), 4) == "0.9480");
    CHECK(worst <= 2e-5);
    MESSAGE("largest difference of a log-probability from PyTorch's: " << worst);

    const nib::Mlp mlp = nib::load_mlp(path);
    CHECK(std::ranges::equal(mlp.parameters(), net.parameters()));
    CHECK(mlp.layer_names()[3] == "fc4");
}

TEST_CASE("parameters of each type and layout arrive in float and double networks") {
    const auto torch = support::real_data("torch");
    if (!torch) return;
    const std::string variants = *torch + "/variants/";
    const std::vector<float> expected = last_layer(*torch);
    const std::vector<double> exact(expected.begin(), expected.end());

    for (const char* name : {"double.pth", "column_major.pth", "checkpoint_dict.pth"}) {
        CAPTURE(name);
        CHECK((loaded<Last>(variants + name) == expected));
        CHECK((loaded<ExactLast>(variants + name) == exact));
    }
    for (const auto& coarser : {std::pair{"half.pth", 11}, std::pair{"bfloat16.pth", 8}}) {
        const auto& [name, digits] = coarser;
        CAPTURE(coarser.first);
        std::vector<float> coarse;
        for (const float value : expected) coarse.push_back(rounded(value, digits));
        CHECK((loaded<Last>(variants + name) == coarse));
        CHECK((loaded<ExactLast>(variants + name) == std::vector<double>(coarse.begin(), coarse.end())));
    }

    using Rows = nib::Sequential<nib::Dense<64, 3>>;
    std::vector<float> rows;  // outputs 2 to 4
    for (std::size_t in = 0; in < 64; ++in)
        for (std::size_t out = 2; out < 5; ++out) rows.push_back(expected[in * 10 + out]);
    rows.insert(rows.end(), expected.begin() + 642, expected.begin() + 645);
    CHECK((loaded<Rows>(variants + "sliced_storage.pth") == rows));
}

TEST_CASE("a double is rounded into a float network, and kept in a double one") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("double.pth");
    nib::Rng rng{25};
    const ExactLast net{rng};
    nib::save_torch(net, path);
    CHECK(std::ranges::equal(loaded<ExactLast>(path), net.parameters()));
    const auto floats = loaded<Last>(path);
    std::size_t inexact = 0;
    for (std::size_t i = 0; i < floats.size(); ++i) {
        CHECK(floats[i] == static_cast<float>(net.parameters()[i]));
        if (static_cast<double>(floats[i]) != net.parameters()[i]) ++inexact;
    }
    CHECK(inexact > 600);
}

TEST_CASE("files that are no state_dict of numbers are refused, and the network stays as it was") {
    const auto torch = support::real_data("torch");
    if (!torch) return;
    nib::Rng rng{26};
    Last net{rng};
    const Last before = net;
    for (const char* name : {"legacy.pth", "malicious.pth", "whole_module.pth"}) {
        CAPTURE(name);
        const std::string path = *torch + "/variants/" + name;
        const std::string error = support::error_of([&] { return nib::load(net, path), 0; });
        CHECK(error.starts_with(path + ": "));
        CHECK(std::ranges::equal(net.parameters(), before.parameters()));
    }
}

TEST_CASE("a batch norm that PyTorch trained gives PyTorch's outputs") {
    using Net = nib::Sequential<nib::Dense<4, 5>, nib::BatchNorm, nib::Tanh, nib::Dense<5, 3>>;
    Net net;
    nib::load(net, support::fixture("torch_batch_norm.pth"));
    nib::TensorFile data = nib::open_npz(support::fixture("torch_batch_norm.npz"));
    const std::vector<float> x = nib::values<float>(data, data.at("x")), y = nib::values<float>(data, data.at("y"));
    const auto check = [&](const auto& network) {
        nib::Workspace<float> workspace;
        const auto outputs = network.forward(nib::MatrixView<const float>{x.data(), 6, 4}, workspace);
        REQUIRE(outputs.size() == y.size());
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(outputs.data()[i] - y[i]) < 1e-6f);
    };
    check(net);
    // And through each of nib's files.
    const support::TemporaryDirectory folder;
    for (const char* const name : {"net.pth", "net.safetensors", "net.npz"}) {
        nib::save_as(net, folder.path(name));
        Net again;
        nib::load(again, folder.path(name));
        check(again);
    }
    check(nib::load_mlp(folder.path("net.safetensors")));
    CHECK(support::contains(support::error_of([&] { return nib::load_mlp(folder.path("net.pth")); }),
                            "expected dense layers"));
}
