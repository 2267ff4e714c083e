#include <nib/model/detail/match_tensors.hpp>

#include "../../support.hpp"

#include <nib/io/tensor_file.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

using support::contains;
using support::error_of;

namespace {

using Shape = std::vector<std::size_t>;
using Named = std::vector<std::pair<std::string, Shape>>;

const std::vector<std::byte> zeros(4096);

// A file of float32 tensors, each of which repeats one number.
nib::TensorFile file_of(const Named& tensors, nib::Dtype dtype = nib::Dtype::f32) {
    std::vector<nib::TensorInfo> infos;
    for (const auto& [name, shape] : tensors) infos.push_back({name, dtype, shape, Shape(shape.size())});
    return {nib::ByteSource{zeros, "f"}, "test", std::move(infos)};
}

std::vector<nib::LayerTensor> network_of(const Named& tensors) {
    std::vector<nib::LayerTensor> infos;
    for (const auto& [name, shape] : tensors) infos.push_back({.name = name, .shape = shape});
    return infos;
}

// The tensors of dense layers: NAME.weight [out, in], NAME.bias [out].
Named dense(const std::vector<std::string>& names, const Shape& widths) {
    Named tensors;
    for (std::size_t i = 0; i < names.size(); ++i) {
        tensors.emplace_back(names[i] + ".weight", Shape{widths[i + 1], widths[i]});
        tensors.emplace_back(names[i] + ".bias", Shape{widths[i + 1]});
    }
    return tensors;
}

// The file's name for each of the network's weights, or the error.
std::string matched(const Named& tensors, const std::vector<nib::LayerTensor>& network) {
    std::string names;
    const nib::TensorFile file = file_of(tensors);
    const std::string error = error_of([&] {
        const auto found = nib::detail::match_tensors(file, network);
        REQUIRE(found.size() == network.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            CHECK(found[i]->shape == network[i].shape);
            // A bias comes from the layer that its weight comes from.
            if (i % 2 == 1)
                CHECK(found[i]->name == found[i - 1]->name.substr(0, found[i - 1]->name.rfind('.')) + ".bias");
            else
                nib::append_to_list(names, " ", found[i]->name.substr(0, found[i]->name.rfind('.')));
        }
        return 0;
    });
    return error.empty() ? names : error;
}

const Shape digit_widths{9, 4, 4, 4, 2};
const std::vector<nib::LayerTensor> digits = network_of(dense({"0", "2", "4", "6"}, digit_widths));

}  // namespace

TEST_CASE("names have a natural order") {
    using nib::detail::natural_less;
    CHECK(natural_less("2.weight", "10.weight"));
    CHECK_FALSE(natural_less("10", "2"));
    CHECK(natural_less("fc1", "fc2"));
    CHECK(natural_less("fc9", "fc10"));
    CHECK(natural_less("a", "ab"));
    CHECK_FALSE(natural_less("fc1", "fc1"));
    CHECK(natural_less("layer1.9", "layer2.1"));
    CHECK_FALSE(natural_less("fc01", "fc1"));
    CHECK_FALSE(natural_less("fc1", "fc01"));
    CHECK(natural_less("fc99999999999999999999998", "fc99999999999999999999999"));
}

TEST_CASE("numbers order names that are the same but for them") {
    using nib::detail::numbers_order;
    CHECK(numbers_order("2", "10"));
    CHECK(numbers_order("fc1", "fc2"));
    CHECK(numbers_order("block1.fc2", "block2.fc1"));
    CHECK_FALSE(numbers_order("fc1", "fc1"));
    CHECK_FALSE(numbers_order("fc1", "fc01"));
    CHECK_FALSE(numbers_order("0", "fc1"));
    CHECK_FALSE(numbers_order("encoder", "decoder"));
    CHECK_FALSE(numbers_order("fc1", "fc1a"));
    CHECK_FALSE(numbers_order("fc", "fc1"));
    CHECK_FALSE(numbers_order("", ""));
}

TEST_CASE("exact names come first, whatever their order") {
    Named shuffled = dense({"0", "2", "4", "6"}, digit_widths);
    std::swap(shuffled[0], shuffled[7]);
    std::swap(shuffled[2], shuffled[4]);
    CHECK(matched(shuffled, digits) == "0 2 4 6");
    // Names without any order, in a file that has them exactly.
    const Shape same{3, 3, 3};
    CHECK(matched(dense({"b", "a"}, same), network_of(dense({"a", "b"}, same))) == "a b");
}

TEST_CASE("what all names begin with is left out") {
    const auto with = [](const std::string& prefix) {
        return dense({prefix + "0", prefix + "2", prefix + "4", prefix + "6"}, digit_widths);
    };
    CHECK(matched(with("module."), digits) == "module.0 module.2 module.4 module.6");
    CHECK(matched(with("model.net."), digits) == "model.net.0 model.net.2 model.net.4 model.net.6");
    // Where the network has the prefix, too, and the file's names have no order.
    const Shape same{3, 3, 3};
    CHECK(matched(dense({"module.x", "module.y"}, same), network_of(dense({"y", "x"}, same))) == "module.y module.x");
    CHECK(matched(dense({"m.x", "m.y"}, same), network_of(dense({"m.y", "m.x"}, same))) == "m.y m.x");
    // One name without it.
    Named mixed = with("module.");
    mixed[0].first = "0.weight";
    CHECK(contains(matched(mixed, digits), "missing \"0.bias\" [4]; missing \"2.weight\""));
}

TEST_CASE("layers with other names are taken in their natural order") {
    CHECK(matched(dense({"fc1", "fc2", "fc3", "fc4"}, digit_widths), digits) == "fc1 fc2 fc3 fc4");
    Named reversed = dense({"fc1", "fc2", "fc3", "fc4"}, digit_widths);
    std::swap(reversed[0], reversed[6]);
    std::swap(reversed[1], reversed[7]);
    CHECK(matched(reversed, digits) == "fc1 fc2 fc3 fc4");
    CHECK(matched(dense({"net.8", "net.9", "net.10", "net.11"}, digit_widths), digits) == "net.8 net.9 net.10 net.11");
    // Some names are the network's, but mean other layers.
    CHECK(matched(dense({"0", "1", "2", "3"}, digit_widths), digits) == "0 1 2 3");
    CHECK(matched(dense({"0", "2", "4", "6"}, digit_widths),
                  network_of(dense({"fc1", "fc2", "fc3", "fc4"}, digit_widths))) == "0 2 4 6");
}

TEST_CASE("a layer that is the only one of its shapes needs no number") {
    CHECK(matched(dense({"input", "hidden1", "hidden2", "output"}, digit_widths), digits) ==
          "input hidden1 hidden2 output");
    CHECK(matched(dense({"encoder", "decoder"}, {9, 4, 2}), network_of(dense({"0", "2"}, {9, 4, 2}))) ==
          "encoder decoder");
}

TEST_CASE("layers that could be exchanged and have no order are refused and named") {
    CHECK(matched(dense({"a", "0", "fc1", "z"}, digit_widths), digits) ==
          "f: cannot tell which layer comes first, \"0\" or \"fc1\": they have the same shapes, and their names differ "
          "in more than numbers; expected the network's names, or numbered ones");
    CHECK(contains(matched(dense({"encoder", "decoder"}, {3, 3, 3}), network_of(dense({"0", "2"}, {3, 3, 3}))),
                   "\"decoder\" or \"encoder\": they have the same shapes"));
    CHECK(contains(matched(dense({"fc1", "fc01"}, {3, 3, 3}), network_of(dense({"0", "2"}, {3, 3, 3}))),
                   "cannot tell which layer comes first"));
    CHECK(
        contains(matched(dense({"fc1", "fc2", "out"}, {3, 3, 3, 3}), network_of(dense({"0", "2", "4"}, {3, 3, 3, 3}))),
                 "\"fc2\" or \"out\""));
}

TEST_CASE("numbers that contradict the shapes are no order") {
    CHECK(contains(matched(dense({"fc2", "fc1"}, {9, 4, 2}), network_of(dense({"0", "2"}, {9, 4, 2}))),
                   "does not fit the network: missing \"0.weight\" [4, 9]"));
}

TEST_CASE("a network's layers run in its own order, not in that of their names") {
    CHECK(matched(dense({"fc1", "fc2", "fc3"}, {3, 3, 3, 3}), network_of(dense({"z", "b", "a"}, {3, 3, 3, 3}))) ==
          "fc1 fc2 fc3");
    // Eleven layers: "10" is after "2" in the file, and behind all others in the network.
    std::vector<std::string> theirs, ours;
    std::string expected;
    for (int i = 0; i < 11; ++i) {
        theirs.push_back("fc" + std::to_string(i));
        ours.push_back(std::to_string(2 * i));
        nib::append_to_list(expected, " ", theirs.back());
    }
    CHECK(matched(dense(theirs, Shape(12, 3)), network_of(dense(ours, Shape(12, 3)))) == expected);
}

TEST_CASE("all that is missing, unexpected or of another shape or type is in one error") {
    Named tensors = dense({"0", "2", "4", "6"}, digit_widths);
    tensors[0].first = "fc1.weight";
    tensors[3].second = {5};
    tensors.emplace_back("steps", Shape{});
    CHECK(matched(tensors, digits) ==
          "f: does not fit the network: missing \"0.weight\" [4, 9]; \"2.bias\": expected shape [4], found [5]; "
          "unexpected \"fc1.weight\" [4, 9]; unexpected \"steps\" []");
    const nib::TensorFile integers = file_of(dense({"module.0"}, {1, 1}), nib::Dtype::i64);
    CHECK(error_of([&] {
              return nib::detail::match_tensors(integers, network_of(dense({"0"}, {1, 1})));
          }) ==
          "f: does not fit the network: \"module.0.weight\" is int64, expected floating-point numbers (float16, "
          "bfloat16, float32 or float64); \"module.0.bias\" is int64, expected floating-point numbers (float16, "
          "bfloat16, float32 or float64)");
    CHECK(matched({}, network_of({{"a", {1}}})) == "f: does not fit the network: missing \"a\" [1]");
    CHECK(matched({{"a", {1}}}, {}) == "f: does not fit the network: unexpected \"a\" [1]");
    // A layer more, a tensor more in a layer, a tensor less.
    CHECK(contains(matched(dense({"fc1", "fc2", "fc3"}, {3, 3, 3, 3}), network_of(dense({"0", "2"}, {3, 3, 3}))),
                   "unexpected \"fc3.bias\" [3]"));
    CHECK(contains(matched({{"fc.weight", {1, 1}}, {"fc.scale", {1}}}, network_of(dense({"0"}, {1, 1}))),
                   "missing \"0.bias\" [1]; unexpected \"fc.weight\" [1, 1]; unexpected \"fc.scale\" [1]"));
}

TEST_CASE("an error stays short, and a hostile name takes no long time") {
    Named many;
    for (int i = 0; i < 20000; ++i) many.emplace_back("x" + std::to_string(i) + ".weight", Shape{1});
    const std::string error = matched(many, digits);
    CHECK(error.size() < 10000);
    CHECK(contains(error, "; and 19908 more"));
    std::string dots;
    for (int i = 0; i < 200000; ++i) dots += "a.";
    CHECK(contains(matched({{dots, {1}}}, digits), "missing"));
}
