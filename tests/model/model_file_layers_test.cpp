// Model files and the layers that they list: what is loaded into which network, and what load_mlp builds.
#include <nib/model/model_file.hpp>

#include "../support.hpp"

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
#include <nib/model/model_formats.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using Small = nib::Sequential<nib::Dense<3, 4>, nib::ReLU, nib::Dense<4, 2>, nib::LogSoftmax>;

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
        nib::save_as(net, folder.path(name));
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

TEST_CASE_TEMPLATE("buffers are saved and loaded beside the parameters, under PyTorch's names", T, float, double) {
    const support::TemporaryDirectory folder;
    using Net = nib::BasicSequential<T, nib::Dense<3, 4>, nib::BatchNorm, nib::ReLU, nib::Dense<4, 2>>;
    const Net net = scrambled<Net>();
    REQUIRE(net.buffers().size() == 8);
    for (const char* const name : {"m.safetensors", "m.pth", "m.npz"}) {
        const std::string path = folder.path(name);
        nib::save_as(net, path);
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
    CHECK(support::error_of([&] { nib::save_torch(broken, folder.path("m.pth")); }) ==
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

TEST_CASE("layers within blocks are not taken for layers one behind the other") {
    const support::TemporaryDirectory folder;
    nib::Rng rng{32};
    const nib::Sequential<nib::Dense<3, 4>, nib::Residual<nib::Dense<4, 4>, nib::ReLU>, nib::Dense<4, 2>> net{rng};
    nib::save_torch(net, folder.path("m.pth"));  // has no list of layers
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
