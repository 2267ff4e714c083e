// Model files, good and bad, in the programs that read them.
#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/data/mnist.hpp>
#include <nib/io/file.hpp>
#include <nib/io/tensor.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elementwise.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using namespace programs;
using namespace std::string_literals;

namespace {

// `text` with the only `old_part` in it replaced by `new_part` of the same length.
std::string with(std::string text, const std::string& old_part, const std::string& new_part) {
    const std::size_t place = text.find(old_part);
    REQUIRE(place != std::string::npos);
    REQUIRE(old_part.size() == new_part.size());
    return text.replace(place, old_part.size(), new_part);
}

}  // namespace

TEST_CASE("a model in PyTorch's format does what the same one in safetensors does") {
    const TemporaryDirectory folder;
    const std::string safe = folder.path("model.safetensors");
    const std::string torch = folder.path("model.pth");
    const Words trained = lines_of(results("train", train_arguments({"--save", torch})));
    results("train", train_arguments({"--save", safe}));
    CHECK(nib::read_file(torch).starts_with("PK"));
    for (const std::string& model : {torch, safe})
        CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).back() == trained.back());
    const std::string strokes = folder.write("line.log", upright_line);
    CHECK(results("recognize", {torch, strokes}) == results("recognize", {safe, strokes}));
}

namespace {

// A layer of a user.
struct Swish : nib::Elementwise<Swish> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    }
};

}  // namespace

TEST_CASE("a model file is run with the layers that it lists, or not at all") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model.safetensors"), out = folder.path("out");
    nib::Rng rng{4};
    using nib::Dense, nib::LogSoftmax;
    nib::Sequential<Dense<784, 16>, nib::BatchNorm, nib::Tanh, nib::Dropout<0.1>, Dense<16, 10>, LogSoftmax> net{rng};
    nib::Adam adam{net};
    nib::fit(net, adam, nib::load_mnist(world().data(), nib::Split::train), {.epochs = 2, .batch_size = 20}, rng);
    nib::save(net, model);
    const double accuracy = nib::accuracy(net, nib::load_mnist(world().data(), nib::Split::test));
    const std::string last = lines_of(results("evaluate", {model, "--data", world().data()})).back();
    CHECK(last == "test " + accuracy_line(static_cast<std::size_t>(std::lround(accuracy * test_count)), test_count));
    CHECK(results("export_onnx", {model, out}) ==
          "Linear(784, 16), BatchNorm1d(16), Tanh, Dropout(p=0.1), Linear(16, 10), LogSoftmax\n");
    CHECK(results("embed", {model, out}) == "784-16-10: 51176 bytes of constants\n");
    CHECK(
        contains(nib::read_file(out), "nib::Dense<784, 16>,\n    nib::BatchNorm,\n    nib::Tanh,\n    nib::Dense<16"));
    CHECK(contains(refusal("embed", {model, out, "--int8", "--data", world().data()}), "int8: expected dense layers"));

    nib::save(nib::Sequential<Dense<784, 16>, Swish, Dense<16, 10>, LogSoftmax>{rng}, model);
    const std::string drawings = folder.write("log", "1 1 0\n2 2 0.1\n");
    const std::string expected = model + ": the file has Swish after Linear(784, 16), which load_mlp cannot build";
    CHECK(refusal("evaluate", {model, "--data", world().data()}).starts_with(expected));
    CHECK(refusal("recognize", {model, drawings}).starts_with(expected));
    CHECK(refusal("embed", {model, out}).starts_with(expected));
    CHECK(refusal("export_onnx", {model, out}).starts_with(expected));

    nib::save(nib::Sequential<Dense<784, 16>, nib::ReLU, Dense<16, 10>>{rng}, model);
    const std::string logits =
        model + ": expected a network that ends in LogSoftmax, found Linear(784, 16), ReLU, Linear(16, 10)";
    CHECK(refusal("evaluate", {model, "--data", world().data()}) == logits);
    CHECK(refusal("recognize", {model, drawings}) == logits);
}

TEST_CASE("a model file that is broken or holds another network is named, with what is wrong") {
    const TemporaryDirectory folder;
    const std::string model = nib::read_file(world().model());
    const std::string nan = "\0\0\xc0\x7f"s;
    const std::string infinity = "\0\0\x80\xff"s;
    const std::string unfit = "does not fit the network: ";  // that the file's list of layers makes
    const std::size_t data = 8 + static_cast<std::size_t>(nib::load_number<std::uint64_t>(
                                     std::as_bytes(std::span{model}).data(), std::endian::little));
    const auto at = [&](const std::string& key) {
        return "byte " + std::to_string(model.find(key) + key.size()) + ": ";
    };
    const std::vector<BadInput> bad_models{
        {"", "byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one"},
        {model.substr(0, 7), "byte 0: expected the 8 bytes of a safetensors header's length, the file holds 7"},
        {model.substr(0, 20),
         "byte 0: the header declares " + std::to_string(data - 8) + " bytes, the file holds 12 after it"},
        {model.substr(0, model.size() - 1),
         at("\"2.weight\":") + "tensor \"2.weight\": data_offsets [50280, 50920] lie outside the 50919 bytes of data"},
        {model + "x",
         "byte " + std::to_string(model.size()) + ": expected the file's end at data offset 50920, found it at 50921"},
        {"a text, not a model",
         "expected tensors in a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found one that starts with "
         "'a text, '"},
        {with(model, "{\"__", "[\"__"), "byte 8: expected a safetensors header that starts with '{', found '['"},
        {with(model, "F32", "I32"),
         unfit + "\"0.bias\" is int32, expected floating-point numbers (float16, bfloat16, float32 "
                 "or "
                 "float64)"},
        {with(model, "F32", "XXX"), at("\"0.bias\":") + "tensor \"0.bias\": dtype 'XXX' is not known"},
        {with(model, "0.weight", "0.weighs"),
         unfit + "missing \"0.weight\" [16, 784]; unexpected \"0.weighs\" [16, 784]"},
        {with(model, "0.weight", "1.weight"),
         unfit + "missing \"0.weight\" [16, 784]; unexpected \"1.weight\" [16, 784]"},
        {with(model, "[16,784]", "[784,16]"), unfit + "\"0.weight\": expected shape [16, 784], found [784, 16]"},
        {with(model, "[16,784]", "[16,785]"),
         at("\"0.weight\":") +
             "tensor \"0.weight\": shape [16, 785] of F32 takes 50240 bytes, data_offsets [64, 50240] hold "
             "50176"},
        {with(model, "[10,16]", "[16,10]"), unfit + "\"2.weight\": expected shape [10, 16], found [16, 10]"},
        {model.substr(0, model.size() - 4) + nan, "\"2.weight\": expected finite numbers, found NaN at index 159"},
        {model.substr(0, model.size() - 8) + infinity + model.substr(model.size() - 4),
         "\"2.weight\": expected finite numbers, found infinity at index 158"},
    };
    const std::string strokes = folder.write("line.log", upright_line);
    for (const BadInput& bad : bad_models) {
        const std::string file = folder.write("model", bad.content);
        const std::string message = file + ": " + bad.message;
        CHECK(refusal("evaluate", {file, "--data", world().data()}) == message);
        CHECK(refusal("recognize", {file, strokes}) == message);
    }
    const std::string missing = folder.path("missing");
    CHECK(refusal("evaluate", {missing}) == missing + ": cannot open: No such file or directory");
    CHECK(refusal("recognize", {missing, strokes}) == missing + ": cannot open: No such file or directory");
    CHECK(refusal("train", train_arguments({"--resume", missing})) ==
          missing + ": cannot open: No such file or directory");
    CHECK(refusal("train", train_arguments({"--resume", world().model()})).starts_with(world().model() + ": "));
}

TEST_CASE("a network whose answers are not finite, or that is no classifier of ten digits, is refused") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("line.log", upright_line);
    const std::string model = folder.path("model");
    const std::string header = folder.path("model.hpp");
    for (const std::uint64_t seed : {1u, 2u}) {
        nib::Rng rng{seed};
        nib::Mlp net{{784, 8, 10}, rng};
        for (float& parameter : net.parameters()) parameter = rng.uniform() < 0.5 ? 3e38f : -3e38f;
        nib::save(net, model);
        const std::string advice = "; the network's weights are too large to compute with";
        CHECK(refusal("recognize", {model, strokes}) ==
              model + ": expected an answer with finite probabilities" + advice);
        CHECK(refusal("recognize", {model, strokes, "--png", folder.path("png")}) ==
              model + ": expected an answer with finite probabilities" + advice);
        CHECK(files_in(folder.path("png")).empty());
        for (const Words& words : {Words{model}, Words{model, "--int8"}}) {
            Words arguments{"--data", world().data()};
            arguments.insert(arguments.end(), words.begin(), words.end());
            CHECK(refusal("evaluate", arguments) == model + ": expected answers with a finite loss" + advice);
            Words embedding = words;
            embedding.insert(embedding.begin() + 1, header);
            CHECK(refusal("embed", embedding) == model + ": expected finite outputs for inputs from 0 to 1" + advice);
        }
    }
    CHECK(!std::filesystem::exists(header));
    for (const std::size_t outputs : {1u, 9u, 784u}) {
        nib::Rng rng{1};
        nib::save(nib::Mlp{{784, outputs}, rng}, model);
        CHECK(refusal("recognize", {model, strokes}) ==
              model +
                  ": expected a network that takes square images, 8x8 to 1024x1024, and has 10 outputs, one for each "
                  "digit; found one of " +
                  std::to_string(outputs));
    }
}
