#include <nib/model/model_file.hpp>

#include "../support.hpp"

#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/tensor.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/model_formats.hpp>
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

TEST_CASE("an Mlp is made of bytes in memory, and of a file that is open") {
    const support::TemporaryDirectory directory;
    write_model(directory.path("model"), small_model());
    const std::string bytes = nib::read_file(directory.path("model"));
    nib::TensorFile file = nib::parse_tensors(nib::bytes_of(bytes), "dropped");
    CHECK(nib::mlp_widths(file) == std::vector<std::size_t>{3, 4, 2});
    CHECK(std::ranges::equal(nib::load_mlp(file).parameters(), nib::load_mlp(directory.path("model")).parameters()));
    CHECK(nib::load_mlp<double>(file).parameters()[1] == 4);

    std::vector<Numbers<float>> broken = small_model();
    broken[1].name = "1.bias";
    write_model(directory.path("model"), broken);
    const std::string others = nib::read_file(directory.path("model"));
    nib::TensorFile wrong = nib::parse_tensors(nib::bytes_of(others), "dropped");
    CHECK(support::error_of([&] { return nib::load_mlp(wrong).input_size(); }).starts_with("dropped: expected dense"));
    CHECK(support::error_of([&] { return nib::mlp_widths(wrong).size(); }).starts_with("dropped: expected dense"));
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
        nib::save_as(net, path);
        const std::string before = nib::read_file(path);
        nib::BasicMlp<T> broken = net;
        broken.parameters()[1] = std::numeric_limits<T>::quiet_NaN();  // from input 0 to unit 1
        CHECK(support::error_of([&] { nib::save_as(broken, path); }) ==
              path + ": nothing was written: tensor \"0.weight\": expected finite numbers, found NaN at index 3");
        broken.parameters()[1] = 0;
        broken.parameters().back() = -std::numeric_limits<T>::infinity();
        CHECK(support::error_of([&] { nib::save_as(broken, path); }) ==
              path + ": nothing was written: tensor \"2.bias\": expected finite numbers, found infinity at index 3");
        CHECK((nib::read_file(path) == before));
        broken.parameters().back() = -std::numeric_limits<T>::max();
        nib::save_as(broken, path);
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
