// The program embed: headers that compile and answer as the network does.
#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/data/mnist.hpp>
#include <nib/io/file.hpp>
#include <nib/io/tensor.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/int8.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/predict.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using namespace programs;

namespace {

// All of nib's layers, with numbers that no new network has.
nib::Mlp network_of_all_layers() {
    using namespace nib;
    using Activations =
        LayerList<LeakyReLU<>, PReLU, ELU<>, GELU, GELUTanh, SiLU, Sigmoid, Tanh, Softplus, ReLU,
                  Residual<Dense<8, 3>, Dropout<0.5>, Residual<Softmax>, Residual<Dropout<0.1>>, Dense<3, 8>>>;
    Rng rng{5};
    Mlp net{{6, 8, 10},
            rng,
            {.activation = Activations{},
             .norm = LayerList<BatchNorm, LayerNorm>{},
             .dropout = 0.2,
             .input = Standardize{}}};
    for (float& number : net.parameters()) number += static_cast<float>(rng.uniform(0, 0.1));
    for (float& number : net.buffers()) number += static_cast<float>(rng.uniform(0, 0.1));
    return net;
}

}  // namespace

TEST_CASE("embed's headers compile without exceptions and RTTI, and give the network's outputs") {
    const TemporaryDirectory folder;
    CHECK(results("embed", {world().model(), folder.path("float.hpp"), "--name", "digits::plain"}) ==
          "784-16-10: 50920 bytes of constants\n");
    CHECK(results("embed", {world().model(), folder.path("int8.hpp"), "--name", "little", "--int8", "--data",
                            world().data()}) == "784-16-10: 12917 bytes of constants\n");
    CHECK(files_in(folder.path()) == Words{"float.hpp", "int8.hpp"});
    const nib::Mlp all = network_of_all_layers();
    nib::save(all, folder.path("all"));
    CHECK(results("embed", {folder.path("all"), folder.path("all.hpp"), "--name", "all"}) ==
          "6-8-10: 1064 bytes of constants\n");
    CHECK(contains(nib::read_file(folder.path("all.hpp")),
                   "    nib::Residual<nib::Dense<8, 3>, nib::Residual<nib::"
                   "Softmax>, nib::Residual<nib::Dropout<0>>, nib::Dense<3, 8>>,\n"));
    // Reads examples, writes a float answer, ten outputs, and the same of the other networks.
    const std::string source = folder.write("main.cpp", R"(
#include "float.hpp"
#include "int8.hpp"
#include "all.hpp"
#include <cstdio>
static_assert(digits::plain::input_size == 784 && little::output_size == 10);
static_assert(digits::plain::parameters[0] != 0 && little::layers[1].rows == 16);
int main() {
    static float x[784];
    while (std::fread(x, sizeof x, 1, stdin) == 1) {
        const auto write = [](int answer, const auto& outputs) {
            const float number = static_cast<float>(answer);
            std::fwrite(&number, sizeof number, 1, stdout);
            std::fwrite(outputs.data(), sizeof outputs, 1, stdout);
        };
        write(digits::plain::predict(x), digits::plain::log_probabilities(x));
        write(little::predict(x), little::log_probabilities(x));
        const std::span<const float, 6> few{x + 400, 6};
        write(all::predict(few), all::log_probabilities(few));
    }
}
)");
    const std::string program = folder.path("program");
    REQUIRE(std::system((quoted(NIB_TEST_COMPILER) +
                         " -std=c++20 -O2 -DNDEBUG -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wconversion "
                         "-Wshadow -Werror -I" +
                         quoted(NIB_TEST_INCLUDE) + " " + quoted(source) + " -o " + quoted(program))
                            .c_str()) == 0);

    const nib::Mlp net = nib::load_mlp(world().model());
    const nib::Int8Mlp small = nib::quantize(net, nib::load_mnist(world().data(), nib::Split::train));
    const nib::Dataset test = nib::load_mnist(world().data(), nib::Split::test);
    std::vector<float> pixels(test.pixels.size()), expected;
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(test.pixels[i]) / 255;
    for (std::size_t i = 0; i < test.size(); ++i) {
        const std::span<const float> x = std::span{pixels}.subspan(i * 784, 784);
        const auto append = [&](int answer, const std::vector<float>& outputs) {
            expected.push_back(static_cast<float>(answer));
            expected.insert(expected.end(), outputs.begin(), outputs.end());
        };
        append(nib::predict(net, x), net(x));
        append(nib::predict(small, x), small(x));
        const std::span<const float> few = x.subspan(400, 6);
        append(nib::predict(all, few), all(few));
    }
    const auto bytes = nib::bytes_of(std::span<const float>{pixels});
    folder.write("in", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    REQUIRE(std::system(
                (quoted(program) + " <" + quoted(folder.path("in")) + " >" + quoted(folder.path("out"))).c_str()) == 0);
    const std::string out = nib::read_file(folder.path("out"));
    std::vector<float> found(expected.size());
    REQUIRE(out.size() == found.size() * sizeof(float));
    std::memcpy(found.data(), out.data(), out.size());
#if defined(__OPTIMIZE__)
    constexpr float tolerance = 0;
#else
    constexpr float tolerance =
        0.1f;  // the last bits differ, and with them a calibrated range, and with that some steps
#endif
    float distance = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (tolerance > 0 && i % 11 == 0) continue;  // an answer may differ where two are almost equal
        distance = std::max(distance, std::abs(found[i] - expected[i]));
    }
    CHECK(distance <= tolerance);
}

TEST_CASE("embed writes the header whole or not at all") {
    const TemporaryDirectory folder;
    const std::string header = folder.write("header.hpp", "mine");
    const std::string model = folder.write("model", "");
    CHECK(refusal("embed", {model, header}) ==
          model + ": byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one");
    const std::string empty = folder.path("empty");
    std::filesystem::create_directory(empty);
    CHECK(
        refusal("embed", {world().model(), header, "--int8", "--data", empty}).starts_with(empty + ": expected train"));
    CHECK(nib::read_file(header) == "mine");
    const std::string missing = folder.path("missing/header.hpp");
    CHECK(refusal("embed", {world().model(), missing}) == missing + ": cannot write: No such file or directory");
    CHECK(files_in(folder.path()) == Words{"empty", "header.hpp", "model"});
}
