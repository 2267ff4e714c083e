#include <nib/model/model_file.hpp>

#include "../support.hpp"

#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elementwise.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>

namespace {

using Small = nib::Sequential<nib::Dense<3, 4>, nib::ReLU, nib::Dense<4, 2>, nib::LogSoftmax>;

template <class T>
struct Numbers {
    std::string name;
    std::vector<std::size_t> shape;
    std::vector<T> values;
};

// A safetensors file with these tensors.
template <class T>
void write_model(const std::string& path, const std::vector<Numbers<T>>& all) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
    bytes.reserve(all.size());
    for (const auto& numbers : all) {
        bytes.push_back(nib::tensor_bytes<T>(numbers.values));
        tensors.push_back(
            {numbers.name, sizeof(T) == 4 ? nib::Dtype::f32 : nib::Dtype::f64, numbers.shape, bytes.back()});
    }
    nib::save_safetensors(path, tensors);
}

std::vector<Numbers<float>> small_model() {
    return {{"0.weight", {4, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
            {"0.bias", {4}, {-1, -2, -3, -4}},
            {"2.weight", {2, 4}, {21, 22, 23, 24, 25, 26, 27, 28}},
            {"2.bias", {2}, {-5, -6}}};
}

}  // namespace

TEST_CASE("a saved network is loaded with the same bits, into a Sequential and into an Mlp") {
    const support::TemporaryDirectory directory;
    nib::Rng rng{21};
    const Small net{rng};
    const std::string path = directory.path("model.safetensors");
    nib::save(net, path);
    Small again;
    nib::load(again, path);
    CHECK(std::ranges::equal(net.parameters(), again.parameters()));
    const nib::Mlp mlp = nib::load_mlp(path);
    CHECK(std::ranges::equal(mlp.widths(), std::vector<std::size_t>{3, 4, 2}));
    CHECK(std::ranges::equal(net.parameters(), mlp.parameters()));
}

TEST_CASE("a network is loaded from a file that is open, with the same bits, and stays as it was where that fails") {
    const support::TemporaryDirectory directory;
    nib::Rng rng{23};
    const Small net{rng};
    const std::string path = directory.path("model.safetensors");
    nib::save(net, path);
    nib::TensorFile file = nib::open_safetensors(path);
    Small again;
    nib::load(again, file);
    CHECK(std::ranges::equal(net.parameters(), again.parameters()));
    nib::BasicMlp<double> wider{{3, 5, 2}, rng};
    const nib::BasicMlp<double> before = wider;
    CHECK(support::contains(support::error_of([&] { nib::load(wider, file); }),
                            path + ": does not fit the network: \"0.weight\": expected shape [5, 3], found [4, 3]"));
    CHECK(std::ranges::equal(wider.parameters(), before.parameters()));
}

TEST_CASE("files have PyTorch's layout: a weight is [out, in], row-major") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model.safetensors");
    write_model(path, small_model());
    Small net;
    nib::load(net, path);
    // In memory [in, out]: the first row holds the first input's weights for the four outputs.
    CHECK(std::ranges::equal(net.parameters().first(4), std::vector<float>{1, 4, 7, 10}));
    CHECK(std::ranges::equal(net.parameters().subspan(12, 4), std::vector<float>{-1, -2, -3, -4}));

    nib::save(net, path);
    auto file = nib::open_safetensors(path);
    CHECK(nib::values<float>(file, file.at("0.weight")) == small_model()[0].values);
    CHECK(file.at("2.weight").shape == std::vector<std::size_t>{2, 4});
}

TEST_CASE("a file written from PyTorch's state_dict loads, and an Mlp keeps its names") {
    const nib::Mlp net = nib::load_mlp(support::fixture("trace_init.safetensors"));
    CHECK(std::ranges::equal(net.widths(), std::vector<std::size_t>{784, 64, 64, 64, 10}));
    CHECK(net.layer_names()[3] == "fc4");
    CHECK(net.parameter_count() == 59'210);
    const support::TemporaryDirectory directory;
    nib::save(net, directory.path("again"));
    auto before = nib::open_safetensors(support::fixture("trace_init.safetensors"));
    auto after = nib::open_safetensors(directory.path("again"));
    for (const nib::TensorInfo& tensor : before.tensors())
        CHECK((before.bytes(tensor) == after.bytes(after.at(tensor.name))));
}

TEST_CASE("F64 numbers are rounded into a float network, F32 ones are exact in a double network") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    write_model<double>(path, {{"0.weight", {1, 2}, {0.1, 0.2}}, {"0.bias", {1}, {0.3}}});
    nib::Sequential<nib::Dense<2, 1>> net;
    nib::load(net, path);
    CHECK(net.parameters()[0] == 0.1f);
    nib::BasicSequential<double, nib::Dense<2, 1>> exact;
    nib::load(exact, path);
    CHECK(exact.parameters()[1] == 0.2);
    nib::save(net, path);
    nib::load(exact, path);
    CHECK(exact.parameters()[0] == static_cast<double>(0.1f));
}

TEST_CASE("all tensors that do not fit are listed in one error, and the network stays as it was") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    auto model = small_model();
    model[0].name = "fc1.weight";
    model[2].shape = {4, 2};
    write_model(path, model);
    nib::Rng rng{22};
    Small net{rng};
    const Small before = net;
    CHECK(support::error_of([&] { nib::load(net, path); }) ==
          path +
              ": does not fit the network: missing \"0.weight\" [4, 3]; \"2.weight\": expected shape [2, 4], found "
              "[4, 2]; unexpected \"fc1.weight\" [4, 3]");
    CHECK(std::ranges::equal(net.parameters(), before.parameters()));
}

TEST_CASE("numbers that are not finite are refused with their place, and the network stays as it was") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    nib::Rng rng{23};
    Small net{rng};
    const Small before = net;
    auto model = small_model();
    model[2].values[5] = std::numeric_limits<float>::quiet_NaN();
    write_model(path, model);
    CHECK(support::error_of([&] { nib::load(net, path); }) ==
          path + ": \"2.weight\": expected finite numbers, found NaN at index 5");
    CHECK(support::contains(support::error_of([&] { return nib::load_mlp(path); }), "found NaN at index 5"));
    model[2].values[5] = -std::numeric_limits<float>::infinity();
    write_model(path, model);
    CHECK(support::contains(support::error_of([&] { nib::load(net, path); }), "found infinity at index 5"));
    write_model<double>(path, {{"0.weight", {1, 1}, {1e300}}, {"0.bias", {1}, {0}}});
    nib::Sequential<nib::Dense<1, 1>> tiny;
    CHECK(support::contains(support::error_of([&] { nib::load(tiny, path); }), "too large"));
    CHECK(std::ranges::equal(net.parameters(), before.parameters()));
}

TEST_CASE("integers are no parameters, and all of them are named") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    const std::vector<std::int64_t> ones{1, 1};
    const auto bytes = nib::tensor_bytes<std::int64_t>(ones);
    const std::vector<nib::Tensor> tensors{{"0.weight", nib::Dtype::i64, {1, 1}, std::span{bytes}.first(8)},
                                           {"0.bias", nib::Dtype::i32, {1}, std::span{bytes}.last(4)}};
    nib::save_safetensors(path, tensors);
    const std::string expected =
        path +
        ": does not fit the network: \"0.weight\" is int64, expected floating-point numbers (float16, bfloat16, "
        "float32 or float64); \"0.bias\" is int32, expected floating-point numbers (float16, bfloat16, float32 or "
        "float64)";
    CHECK(support::error_of([&] { return nib::load_mlp(path); }) == expected);
    nib::Sequential<nib::Dense<1, 1>> net;
    CHECK(support::error_of([&] { nib::load(net, path); }) == expected);
}

TEST_CASE("layers are ordered as people count") {
    const support::TemporaryDirectory directory;
    std::vector<Numbers<float>> model;
    for (std::size_t i = 0; i < 12; ++i) {  // widths 1, 2, …, 13
        model.push_back({std::to_string(2 * i) + ".weight", {i + 2, i + 1}, std::vector<float>((i + 1) * (i + 2))});
        model.push_back({std::to_string(2 * i) + ".bias", {i + 2}, std::vector<float>(i + 2)});
    }
    write_model(directory.path("deep"), model);
    CHECK(nib::load_mlp(directory.path("deep")).widths().back() == 13);
}

TEST_CASE("layers of any names are ordered by their sizes, where these chain in one way only") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    const std::vector<Numbers<float>> model = {{"output_fc.weight", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}},
                                               {"output_fc.bias", {4}, {1, 2, 3, 4}},
                                               {"input_fc.weight", {3, 1}, {1, 2, 3}},
                                               {"input_fc.bias", {3}, {4, 5, 6}},
                                               {"hidden_fc.weight", {2, 3}, {1, 2, 3, 4, 5, 6}},
                                               {"hidden_fc.bias", {2}, {8, 9}}};
    write_model(path, model);
    const nib::Mlp net = nib::load_mlp(path);
    const std::vector<std::string> names{"input_fc", "hidden_fc", "output_fc"};
    CHECK(std::ranges::equal(net.layer_names(), names));
    CHECK(std::ranges::equal(net.parameters(), std::vector<float>{1, 2, 3, 4, 5, 6, 1, 4, 2, 5, 3, 6, 8,
                                                                  9, 1, 3, 5, 7, 2, 4, 6, 8, 1, 2, 3, 4}));
    nib::Sequential<nib::Dense<1, 3>, nib::ReLU, nib::Dense<3, 2>, nib::ReLU, nib::Dense<2, 4>> same;
    nib::load(same, path);
    CHECK(std::ranges::equal(net.parameters(), same.parameters()));
    nib::save(net, path);
    CHECK(std::ranges::equal(nib::load_mlp(path).layer_names(), names));
}

TEST_CASE("half-precision numbers are converted exactly") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    const std::vector<std::uint16_t> halfs{0x3c00, 0xc100}, bfloats{0x3e80};
    const auto half_bytes = nib::tensor_bytes<std::uint16_t>(halfs),
               bfloat_bytes = nib::tensor_bytes<std::uint16_t>(bfloats);
    const std::vector<nib::Tensor> tensors{{"0.weight", nib::Dtype::f16, {1, 2}, half_bytes},
                                           {"0.bias", nib::Dtype::bf16, {1}, bfloat_bytes}};
    nib::save_safetensors(path, tensors);
    nib::Sequential<nib::Dense<2, 1>> net;
    nib::load(net, path);
    CHECK(std::ranges::equal(net.parameters(), std::vector<float>{1, -2.5f, 0.25f}));
    nib::BasicSequential<double, nib::Dense<2, 1>> exact;
    nib::load(exact, path);
    CHECK(std::ranges::equal(exact.parameters(), std::vector<double>{1, -2.5, 0.25}));
}

TEST_CASE("a saved file says what it holds") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model.safetensors");
    nib::Rng rng{24};
    nib::save(Small{rng}, path);
    CHECK(nib::open_safetensors(path).metadata() ==
          nib::StringMap{{"format", "pt"},
                         {"nib_version", NIB_VERSION_STRING},
                         {"layers", "Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax"}});
    const nib::Mlp mlp{{3, 4, 2}, rng};
    nib::save(mlp, path, {.steps = 123});
    CHECK(nib::open_safetensors(path).metadata() ==
          nib::StringMap{{"format", "pt"},
                         {"nib_version", NIB_VERSION_STRING},
                         {"layers", "Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax"},
                         {"steps", "123"}});
    CHECK(nib::load_mlp(path).parameter_count() == mlp.parameter_count());
}

TEST_CASE("a file that is no chain of dense layers is refused, and says why") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    const auto error_for = [&](const std::vector<Numbers<float>>& model) {
        write_model(path, model);
        return support::error_of([&] { return nib::load_mlp(path); });
    };
    CHECK(support::contains(error_for({}), "found none"));
    CHECK(support::contains(error_for({{"conv.weight", {1, 1, 1}, {0}}}), "found \"conv.weight\" [1, 1, 1]"));
    CHECK(support::contains(error_for({{"0.weight", {1, 1}, {0}}}), "\"0.bias\" is missing"));
    CHECK(support::contains(error_for({{"0.weight", {2, 1}, {0, 0}}, {"0.bias", {1}, {0}}}),
                            "found \"0.bias\" [1] beside \"0.weight\" [2, 1]"));
    CHECK(support::contains(error_for({{"0.weight", {1, 1}, {0}}, {"0.bias", {1}, {0}}, {"1.bias", {1}, {0}}}),
                            "a bias without a weight"));
    CHECK(support::contains(error_for({{"fc1.weight", {2, 1}, {0, 0}},
                                       {"fc1.bias", {2}, {0, 0}},
                                       {"fc2.weight", {1, 3}, {0, 0, 0}},
                                       {"fc2.bias", {1}, {0}}}),
                            "\"fc2.weight\" takes 3 features, \"fc1.weight\" before it gives 2"));
    CHECK(support::contains(error_for({{"0.weight", {0, 3}, {}}, {"0.bias", {0}, {}}}), "found an empty one"));
}

TEST_CASE("a file whose layers' order cannot be told makes no Mlp") {
    const support::TemporaryDirectory directory;
    const std::string path = directory.path("model");
    using Widths = std::vector<std::pair<std::string, std::pair<std::size_t, std::size_t>>>;
    const auto error_for = [&](const Widths& layers) {
        std::vector<Numbers<float>> model;
        for (const auto& [name, sizes] : layers) {
            const auto [in, out] = sizes;
            model.push_back({name + ".weight", {out, in}, std::vector<float>(in * out)});
            model.push_back({name + ".bias", {out}, std::vector<float>(out)});
        }
        write_model(path, model);
        return support::error_of([&] { return nib::load_mlp(path); });
    };
    CHECK(error_for({{"fc1", {5, 3}}, {"fc2", {3, 3}}, {"fc3", {3, 3}}, {"out", {3, 2}}}).empty());
    CHECK(error_for({{"fc1", {3, 3}}, {"fc2", {3, 3}}, {"fc10", {3, 3}}}).empty());
    CHECK(error_for({{"0", {3, 3}}, {"fc1", {3, 3}}}) ==
          path +
              ": cannot tell which layer comes first, \"0\" or \"fc1\": they have the same shapes, and their names "
              "differ in more than numbers; expected the network's names, or numbered ones");
    // Either of the two may come first: the sizes fit in both orders.
    CHECK(support::contains(error_for({{"encoder", {5, 3}}, {"decoder", {3, 5}}}),
                            "\"decoder\" or \"encoder\": their sizes allow either"));
}

TEST_CASE("a model that is missing, empty, or cannot be written is an error that names the file") {
    const support::TemporaryDirectory directory;
    Small net;
    CHECK(support::contains(support::error_of([&] { nib::load(net, directory.path("none")); }), "none: cannot open"));
    CHECK(support::contains(support::error_of([&] { nib::load(net, directory.write("empty", "")); }), "empty: byte 0"));
    CHECK(support::contains(support::error_of([&] { nib::save(net, directory.path("no/where")); }), "cannot write"));
    CHECK(support::contains(support::error_of([&] { nib::save(net, directory.path()); }), "cannot write"));
}

TEST_CASE_TEMPLATE("numbers that load would refuse are not saved, in any format, and the file before stays", T, float,
                   double) {
    const support::TemporaryDirectory directory;
    nib::Rng rng{1};
    nib::BasicMlp<T> net{{3, 2, 4}, rng};
    for (const char* const name : {"m.safetensors", "m.pth", "m.npz", "m"}) {
        const std::string path = directory.path(name);
        nib::save(net, path);
        const std::string before = nib::read_file(path);
        nib::BasicMlp<T> broken = net;
        broken.parameters()[1] = std::numeric_limits<T>::quiet_NaN();  // from input 0 to unit 1
        CHECK(support::error_of([&] { nib::save(broken, path); }) ==
              path + ": nothing was written: tensor \"0.weight\": expected finite numbers, found NaN at index 3");
        broken.parameters()[1] = 0;
        broken.parameters().back() = -std::numeric_limits<T>::infinity();
        CHECK(support::error_of([&] { nib::save(broken, path); }) ==
              path + ": nothing was written: tensor \"2.bias\": expected finite numbers, found infinity at index 3");
        CHECK((nib::read_file(path) == before));
        broken.parameters().back() = -std::numeric_limits<T>::max();
        nib::save(broken, path);
        CHECK((nib::load_mlp<T>(path).parameters().back() == -std::numeric_limits<T>::max()));
    }
    CHECK(std::ranges::distance(std::filesystem::directory_iterator(directory.path())) == 4);
}

TEST_CASE("the widths of a network are told without its numbers") {
    const support::TemporaryDirectory folder;
    std::vector<Numbers<float>> model = small_model();
    model[0].values[5] = std::numeric_limits<float>::quiet_NaN();  // which load_mlp refuses
    write_model(folder.path("model"), model);
    CHECK(nib::mlp_widths(folder.path("model")) == std::vector<std::size_t>{3, 4, 2});
    const std::string other = folder.write("other", "words");
    CHECK(support::error_of([&] { return nib::mlp_widths(other).size(); }) ==
          support::error_of([&] { return nib::load_mlp(other).input_size(); }));
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

// What refuses to load the network's file into another, after the path.
template <class To, class From>
std::string refusal_of(const From& from, To to = {}) {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("net.safetensors");
    nib::save(from, path);
    const std::vector<float> before{to.parameters().begin(), to.parameters().end()};
    const std::string error = support::error_of([&] { nib::load(to, path); });
    if (!error.empty()) {
        CHECK(std::ranges::equal(before, to.parameters()));
        REQUIRE(error.starts_with(path + ": "));
        return error.substr(path.size() + 2);
    }
    CHECK(std::ranges::equal(from.parameters(), to.parameters()));
    return "";
}

template <class Net>
std::string mlp_refusal_of(const Net& net) {
    const support::TemporaryDirectory folder;
    nib::save(net, folder.path("net"));
    const std::string error = support::error_of([&] { return nib::load_mlp(folder.path("net")); });
    CHECK(error == support::error_of([&] { return nib::mlp_widths(folder.path("net")); }));
    return error.empty() ? error : error.substr(folder.path("net").size() + 2);
}

// Trains a few steps by hand, so that parameters and buffers are none that a new network has.
template <class Net>
Net scrambled() {
    nib::Rng rng{31};
    Net net{rng};
    for (auto& number : net.parameters()) number += static_cast<typename Net::scalar_type>(rng.uniform(0.1, 0.3));
    for (auto& number : net.buffers()) number += static_cast<typename Net::scalar_type>(rng.uniform(0.1, 0.3));
    return net;
}

// The outputs of both networks for a few inputs are the same to the bit.
template <class A, class B>
void check_same_outputs(const A& a, const B& b) {
    nib::Rng rng{32};
    nib::Matrix<float> x(5, a.input_size());
    for (float& value : x.values()) value = static_cast<float>(rng.uniform(-1, 1));
    nib::Workspace<float> one, two;
    CHECK(std::ranges::equal(a.forward(x, one).values(), b.forward(x, two).values()));
}

}  // namespace

TEST_CASE("a file is never loaded into a network of other layers") {
    using nib::Dense, nib::ReLU, nib::Tanh, nib::LogSoftmax;
    const auto net = scrambled<nib::Sequential<Dense<3, 4>, Tanh, Dense<4, 2>, LogSoftmax>>();
    const std::string way_out =
        " (where that is meant, turn it into a file without a list of layers, .pth or .npz: inspect FILE --save OTHER)";
    CHECK(refusal_of<nib::Sequential<Dense<3, 4>, Tanh, Dense<4, 2>, LogSoftmax>>(net) == "");
    CHECK(refusal_of<Small>(net) ==
          "is of another network: the file has Tanh after \"0\", the network has ReLU" + way_out);
    CHECK(refusal_of(net, nib::Mlp{{3, 4, 2}}) ==
          "is of another network: the file has Tanh after \"0\", the network has ReLU" + way_out);
    CHECK(refusal_of<nib::Sequential<Dense<3, 4>, Tanh, Dense<4, 2>>>(net) ==
          "is of another network: the file has LogSoftmax after \"2\", the network has nothing" + way_out);
    CHECK(refusal_of<nib::Sequential<Dense<3, 4>, Dense<4, 2>, LogSoftmax>>(net) ==
          "is of another network: the file has Tanh after \"0\", the network has Linear(4, 2)" + way_out);
    // Shapes are told first, as in files without a list.
    CHECK(refusal_of<nib::Sequential<Dense<3, 5>, ReLU, Dense<5, 2>>>(net).starts_with("does not fit the network: "));
}

TEST_CASE("a file without a list of layers is loaded by its shapes, into whatever network has them") {
    const support::TemporaryDirectory folder;
    const auto net = scrambled<nib::Sequential<nib::Dense<3, 4>, nib::Tanh, nib::Dense<4, 2>>>();
    for (const char* const name : {"net.pth", "net.npz"}) {
        nib::save(net, folder.path(name));
        Small small;
        nib::load(small, folder.path(name));
        CHECK(std::ranges::equal(small.parameters(), net.parameters()));
        CHECK(nib::layers_text(nib::load_mlp(folder.path(name)).layers()) ==
              "Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax");
    }
    // Nor does a list count that is not nib's.
    const auto bytes = nib::tensor_bytes<float>(std::vector<float>{1, 2});
    const std::vector<nib::Tensor> tensors{{"0.weight", nib::Dtype::f32, {1, 1}, std::span{bytes}.first(4)},
                                           {"0.bias", nib::Dtype::f32, {1}, std::span{bytes}.last(4)}};
    nib::save_safetensors(folder.path("other"), tensors, {{"layers", "1"}});
    nib::Sequential<nib::Dense<1, 1>, nib::Tanh> tiny;
    nib::load(tiny, folder.path("other"));
    CHECK(tiny.parameters()[1] == 2);
}

TEST_CASE("dropout may be in the file or in the network alone") {
    using nib::Dense, nib::ReLU, nib::LogSoftmax;
    using Noisy = nib::Sequential<Dense<3, 4, "a">, ReLU, nib::Dropout<0.25>, Dense<4, 2, "b">, LogSoftmax>;
    using Quiet = nib::Sequential<Dense<3, 4, "a">, ReLU, Dense<4, 2, "b">, LogSoftmax>;
    CHECK(refusal_of<Quiet>(scrambled<Noisy>()) == "");
    CHECK(refusal_of<Noisy>(scrambled<Quiet>()) == "");
    CHECK(refusal_of<nib::Sequential<Dense<3, 4>, ReLU, nib::Dropout<0.5>, Dense<4, 2>, LogSoftmax>>(
              scrambled<Small>()) == "");
}

TEST_CASE("load_mlp builds what the file lists, where it knows the layers") {
    using namespace nib;
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("net");
    const auto check = [&](const auto& net, const std::string& layers) {
        save(net, path);
        const Mlp mlp = load_mlp(path);
        CHECK(layers_text(mlp.layers()) == layers);
        CHECK(layers_text(net.layers()) == layers);
        check_same_outputs(net, mlp);
        CHECK(std::ranges::equal(mlp.buffers(), net.buffers()));
        const auto tensors = net.tensors(), own = mlp.tensors();
        REQUIRE(tensors.size() == own.size());
        for (std::size_t i = 0; i < own.size(); ++i) CHECK(own[i].name == tensors[i].name);
        CHECK(mlp_widths(path).front() == net.input_size());
        // What it writes is loaded again.
        save(mlp, path);
        check_same_outputs(net, load_mlp(path));
    };
    check(scrambled<Sequential<Dense<3, 4>, Tanh, Dense<4, 5>, Dense<5, 2>>>(),
          "Linear(3, 4), Tanh, Linear(4, 5), Linear(5, 2)");
    check(scrambled<Sequential<Dense<3, 4, "z">, Dropout<0.125>, BatchNorm, ReLU, Dropout<0.1>, Dense<4, 2, "a">,
                               LogSoftmax>>(),
          "Linear(3, 4), Dropout(p=0.125), BatchNorm1d(4), ReLU, Dropout(p=0.1), Linear(4, 2), LogSoftmax");
    check(scrambled<Sequential<BatchNorm, Dense<3, 4>, Residual<Dense<4, 2>, Residual<ReLU, Dense<2, 2>>, Dense<2, 4>>,
                               Residual<Tanh>, Dense<4, 5>>>(),
          "BatchNorm1d(3), Linear(3, 4), Residual(Linear(4, 2), Residual(ReLU, Linear(2, 2)), Linear(2, 4)), "
          "Residual(Tanh), Linear(4, 5)");
    check(scrambled<Sequential<Residual<Dense<3, 3>>, Dense<3, 3>>>(), "Residual(Linear(3, 3)), Linear(3, 3)");
}

TEST_CASE("load_mlp refuses what it cannot build, and says the way out") {
    using namespace nib;
    const std::string no_mlp =
        ", which load_mlp cannot build; expected layers of nib's with their default numbers, which fit each other "
        "(load(net, path) takes the file into a Sequential or an Mlp of its layers)";
    CHECK(mlp_refusal_of(scrambled<Sequential<Dense<3, 4>, Swish, Dense<4, 2>>>()) ==
          "the file has Swish after Linear(3, 4)" + no_mlp);
    CHECK(mlp_refusal_of(scrambled<Sequential<Swish, Dense<3, 4>>>()) == "the file has Swish at the start" + no_mlp);
    // Lists that are not their tensors'.
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("net");
    const auto bytes = tensor_bytes<float>(std::vector<float>{1, 2});
    const std::vector<Tensor> tensors{{"0.weight", Dtype::f32, {1, 1}, std::span{bytes}.first(4)},
                                      {"0.bias", Dtype::f32, {1}, std::span{bytes}.last(4)}};
    const auto refusal = [&](const std::string& list) {
        save_safetensors(path, tensors, {{"layers", list}, {"nib_version", "0.1"}});
        const std::string error = support::error_of([&] { return load_mlp(path); });
        REQUIRE(error.starts_with(path + ": "));
        CHECK(error == support::error_of([&] { return mlp_widths(path).size(); }));
        return error.substr(path.size() + 2);
    };
    CHECK(refusal("Dropout(p=0.5)") == "expected dense layers, the file lists none");
    CHECK(refusal("Linear(1, 1), Linear(1, 1)").starts_with("does not fit the network: missing \"1.weight\""));
    CHECK(refusal("Linear(1, 1), BatchNorm1d(1)").starts_with("does not fit the network: missing \"1.weight\""));
    CHECK(refusal("Linear(1, 2)") == "the file has Linear(1, 2) at the start" + no_mlp);
}

TEST_CASE("files of version 0.1 are read") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("old");
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
    for (const auto& numbers : small_model()) bytes.push_back(nib::tensor_bytes<float>(numbers.values));
    for (std::size_t i = 0; i < bytes.size(); ++i)
        tensors.push_back({small_model()[i].name, nib::Dtype::f32, small_model()[i].shape, bytes[i]});
    nib::save_safetensors(path, tensors,
                          {{"format", "pt"},
                           {"nib_version", "0.1.0"},
                           {"layers", "Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax"},
                           {"steps", "16000"}});
    Small net;
    nib::load(net, path);
    CHECK(net.parameters()[1] == 4);
    CHECK(std::ranges::equal(nib::load_mlp(path).parameters(), net.parameters()));
}

TEST_CASE_TEMPLATE("buffers are saved and loaded beside the parameters, under PyTorch's names", T, float, double) {
    const support::TemporaryDirectory folder;
    using Net = nib::BasicSequential<T, nib::Dense<3, 4>, nib::BatchNorm, nib::ReLU, nib::Dense<4, 2>>;
    const Net net = scrambled<Net>();
    REQUIRE(net.buffers().size() == 8);
    for (const char* const name : {"m.safetensors", "m.pth", "m.npz"}) {
        const std::string path = folder.path(name);
        nib::save(net, path);
        Net again;
        nib::load(again, path);
        CHECK(std::ranges::equal(again.parameters(), net.parameters()));
        CHECK(std::ranges::equal(again.buffers(), net.buffers()));
        auto file = nib::open_tensors(path);
        CHECK(file.tensors().size() == 8);
        for (const char* const tensor : {"1.weight", "1.bias", "1.running_mean", "1.running_var"})
            CHECK(file.at(tensor).shape == std::vector<std::size_t>{4});
        CHECK(nib::values<T>(file, file.at("1.running_var")) ==
              std::vector<T>(net.buffers().begin() + 4, net.buffers().end()));
    }
    Net broken = net;
    broken.buffers()[5] = std::numeric_limits<T>::infinity();
    CHECK(support::error_of([&] { nib::save(broken, folder.path("m.pth")); }) ==
          folder.path("m.pth") +
              ": nothing was written: tensor \"1.running_var\": expected finite numbers, found infinity at index 1");
}

TEST_CASE("PyTorch's count of batches is passed over") {
    const support::TemporaryDirectory folder;
    using Net = nib::Sequential<nib::Dense<3, 2>, nib::BatchNorm>;
    const Net net = scrambled<Net>();
    nib::save(net, folder.path("m.safetensors"));
    auto file = nib::open_safetensors(folder.path("m.safetensors"));
    for (const std::string prefix : {"", "module.", "net.fc"}) {  // the last is told by the order of the layers
        CAPTURE(prefix);
        std::vector<std::vector<std::byte>> bytes;
        std::vector<nib::Tensor> tensors;
        bytes.reserve(7);
        for (const nib::TensorInfo& tensor : file.tensors()) {
            bytes.push_back(file.bytes(tensor));
            tensors.push_back({prefix + tensor.name, tensor.dtype, tensor.shape, bytes.back()});
        }
        bytes.push_back(nib::tensor_bytes<std::int64_t>(std::vector<std::int64_t>{7}));
        tensors.push_back({prefix + "1.num_batches_tracked", nib::Dtype::i64, {}, bytes.back()});
        nib::save_safetensors(folder.path("torch"), tensors);
        Net again;
        nib::load(again, folder.path("torch"));
        CHECK(std::ranges::equal(again.parameters(), net.parameters()));
        CHECK(std::ranges::equal(again.buffers(), net.buffers()));
        tensors.back().name = prefix + "1.count";
        nib::save_safetensors(folder.path("torch"), tensors);
        CHECK(support::contains(support::error_of([&] { nib::load(again, folder.path("torch")); }), "unexpected \""));
    }
}

TEST_CASE("a network that was moved from is not saved over a good file") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("m.safetensors");
    nib::Rng rng{31};
    nib::Mlp net{{3, 4, 2}, rng};
    const nib::Mlp moved = std::move(net);
    nib::save(moved, path);
    CHECK(support::contains(support::error_of([&] {
                                nib::save(net, path);
                                return 0;
                            }),
                            "none at all where it was moved from"));
    CHECK(std::ranges::equal(nib::load_mlp(path).parameters(), moved.parameters()));
}

TEST_CASE("layers within blocks are not taken for layers one behind the other") {
    const support::TemporaryDirectory folder;
    nib::Rng rng{32};
    const nib::Sequential<nib::Dense<3, 4>, nib::Residual<nib::Dense<4, 4>, nib::ReLU>, nib::Dense<4, 2>> net{rng};
    nib::save(net, folder.path("m.pth"));  // has no list of layers
    CHECK(support::contains(support::error_of([&] { return nib::load_mlp(folder.path("m.pth")).input_size(); }),
                            "found \"0\" beside \"1.0\", a layer within a block"));
}

TEST_CASE("a list of more layers than anyone has is refused at once") {
    const support::TemporaryDirectory folder;
    std::string list = "Linear(1, 1)";
    for (int i = 0; i < 10'000; ++i) list += ", ReLU";
    const std::vector<float> one{1};
    const auto bytes = nib::tensor_bytes<float>(one);
    const std::vector<nib::Tensor> tensors{{"0.weight", nib::Dtype::f32, {1, 1}, bytes},
                                           {"0.bias", nib::Dtype::f32, {1}, bytes}};
    nib::save_safetensors(folder.path("m"), tensors, {{"layers", list}, {"nib_version", "0.1.0"}});
    CHECK(support::error_of([&] { return nib::load_mlp(folder.path("m")).input_size(); }) ==
          folder.path("m") + ": expected at most 10000 layers, found 10001");
}
