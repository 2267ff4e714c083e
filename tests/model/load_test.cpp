// A program that reads one format alone: load.hpp and that format's header are all that it includes.
#include <nib/model/load.hpp>

#include "../support.hpp"

#include <nib/io/safetensors.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using support::contains;
using support::error_of;

namespace {

using Net = nib::Sequential<nib::Dense<2, 1>, nib::ReLU>;

// A file of weight [1, 2] and bias [1] of a layer called `name`.
nib::TensorFile file_of(const std::string& path, const std::string& name, std::vector<float> numbers) {
    const std::vector<std::byte> bytes = nib::tensor_bytes(std::span<const float>(numbers));
    const std::span<const std::byte> all = bytes;
    const std::vector<nib::Tensor> tensors{{name + ".weight", nib::Dtype::f32, {1, 2}, all.first(8)},
                                           {name + ".bias", nib::Dtype::f32, {1}, all.subspan(8)}};
    nib::save_safetensors(path, tensors);
    return nib::open_safetensors(path);
}

}  // namespace

TEST_CASE("the tensors of an open file become a network's numbers") {
    const support::TemporaryDirectory folder;
    nib::TensorFile file = file_of(folder.path("a"), "fc", {2, 3, 4});
    Net net;
    nib::load(net, file);
    CHECK(std::vector<float>(net.parameters().begin(), net.parameters().end()) == std::vector<float>{2, 3, 4});
    CHECK(net(std::vector<float>{1, 10})[0] == 36);
}

TEST_CASE("a file that does not fit leaves the network as it was") {
    const support::TemporaryDirectory folder;
    nib::TensorFile file = file_of(folder.path("a"), "0", {2, 3, 4});
    nib::Sequential<nib::Dense<1, 2>> other;
    CHECK(contains(error_of([&] { nib::load(other, file); }), "expected shape [2, 1], found [1, 2]"));
    nib::TensorFile bad = file_of(folder.path("b"), "0", {2, 3, std::numeric_limits<float>::infinity()});
    Net net;
    CHECK(contains(error_of([&] { nib::load(net, bad); }), "expected finite numbers"));
    for (const float parameter : net.parameters()) CHECK(parameter == 0);
}
