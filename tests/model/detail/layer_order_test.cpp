#include <nib/model/detail/layer_order.hpp>

#include "../../support.hpp"

#include <nib/io/tensor_file.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using nib::detail::DenseShape;

namespace {

const std::vector<std::byte> zeros(4096);

// The names in the order in which the layers run, or the error.
std::string ordered(const std::vector<DenseShape>& shapes) {
    nib::detail::List<DenseShape> layers = support::list_of(shapes);
    std::vector<nib::TensorInfo> tensors;
    for (const DenseShape& layer : layers) {
        tensors.push_back({layer.name + ".weight", nib::Dtype::f32, {layer.out, layer.in}, {0, 0}});
        tensors.push_back({layer.name + ".bias", nib::Dtype::f32, {layer.out}, {0}});
    }
    const nib::TensorFile file{nib::ByteSource{zeros, "f"}, "test", std::move(tensors)};
    const std::string error = support::error_of([&] {
        nib::detail::order_layers(file, layers);
        return 0;
    });
    if (!error.empty()) return error;
    std::string names;
    for (const DenseShape& layer : layers) nib::append_to_list(names, " ", layer.name);
    return names;
}

std::string either(const std::string& a, const std::string& b, const std::string& orders) {
    return "f: cannot tell which layer comes first, \"" + a + "\" or \"" + b + "\": their sizes allow either (" +
           orders + "), and their names differ in more than numbers; expected the network's names, or numbered ones";
}

}  // namespace

TEST_CASE("numbers in names are the order") {
    CHECK(ordered({{"fc10", 3, 3}, {"fc2", 3, 3}, {"fc1", 9, 3}}) == "fc1 fc2 fc10");
    CHECK(ordered({{"fc1", 3, 3}}) == "fc1");
    // Sizes that would allow another order.
    CHECK(ordered({{"fc3", 2, 1}, {"fc2", 1, 2}, {"fc1", 2, 1}}) == "fc1 fc2 fc3");
    // Where the sizes contradict them, nothing is guessed.
    CHECK(ordered({{"layers.2", 9, 4}, {"layers.0", 4, 3}, {"layers.4", 3, 2}}) ==
          "f: expected dense layers, each of which takes what the one before it gives: \"layers.2.weight\" takes 9 "
          "features, \"layers.0.weight\" before it gives 3; number them in the order in which they run");
}

TEST_CASE("with other names the sizes are, where the layers chain in one way only") {
    CHECK(ordered({{"input", 9, 4}, {"hidden", 4, 3}, {"output", 3, 2}}) == "input hidden output");
    CHECK(ordered({{"l1", 9, 4}, {"l2", 4, 3}, {"head", 3, 2}}) == "l1 l2 head");
    CHECK(ordered({{"b", 1, 2}, {"a", 3, 1}}) == "a b");
    CHECK(ordered({{"output", 4, 2}, {"hidden1", 4, 4}, {"hidden2", 4, 4}, {"input", 9, 4}}) ==
          "input hidden1 hidden2 output");
    CHECK(ordered({{"fc_in", 9, 4},
                   {"blocks.0.fc", 4, 4},
                   {"blocks.1.fc", 4, 4},
                   {"blocks.10.fc", 4, 4},
                   {"blocks.9.fc", 4, 4},
                   {"classifier", 4, 2}}) == "fc_in blocks.0.fc blocks.1.fc blocks.9.fc blocks.10.fc classifier");
    // Through a size that comes twice.
    CHECK(ordered({{"encode", 9, 3}, {"squeeze", 3, 1}, {"widen", 1, 3}, {"classify", 3, 2}}) ==
          "encode squeeze widen classify");
    // Only one of two ways keeps the numbers.
    CHECK(ordered({{"start", 9, 3}, {"fc2", 3, 4}, {"back_b", 4, 3}, {"fc1", 3, 5}, {"back_a", 5, 3}, {"end", 3, 2}}) ==
          "start fc1 back_a fc2 back_b end");
    // Thirty hidden layers.
    std::vector<DenseShape> deep{{"output", 4, 2}, {"input", 9, 4}};
    std::string expected = "input";
    for (int i = 0; i < 30; ++i) {
        deep.push_back({"hidden" + std::to_string(i), 4, 4});
        expected += " hidden" + std::to_string(i);
    }
    CHECK(ordered(deep) == expected + " output");
}

TEST_CASE("where they chain in several ways, these are listed") {
    CHECK(ordered({{"encoder", 5, 3}, {"decoder", 3, 5}}) ==
          either("decoder", "encoder", "\"decoder\", \"encoder\" or \"encoder\", \"decoder\""));
    CHECK(
        ordered({{"in", 9, 3}, {"a", 3, 4}, {"b", 4, 3}, {"c", 3, 5}, {"d", 5, 3}, {"out", 3, 2}}) ==
        either("a", "c", "\"in\", \"a\", \"b\", \"c\", \"d\", \"out\" or \"in\", \"c\", \"d\", \"a\", \"b\", \"out\""));
    // Alike.
    CHECK(support::contains(ordered({{"fc1", 3, 3}, {"fc2", 3, 3}, {"out", 3, 3}}),
                            "\"fc2\" or \"out\": they have the same shapes"));
    CHECK(support::contains(ordered({{"input", 9, 4}, {"a", 4, 4}, {"b", 4, 4}, {"output", 4, 2}}),
                            "\"a\" or \"b\": they have the same shapes"));
    // In the natural order of their names one could be taken that is not the only one.
    CHECK(support::contains(ordered({{"encoder1", 7, 5}, {"encoder2", 5, 3}, {"decoder1", 3, 5}, {"decoder2", 5, 7}}),
                            "their sizes allow either"));
}

TEST_CASE("where they do not chain, they are listed") {
    CHECK(ordered({{"a", 1, 2}, {"b", 3, 4}}) ==
          "f: expected dense layers, each of which takes what the one before it gives: found no such order of "
          "\"a.weight\" [2, 1], \"b.weight\" [4, 3]");
    // Numbers that contradict the sizes.
    CHECK(support::contains(ordered({{"fc2", 9, 4}, {"fc1", 4, 3}, {"head", 3, 2}}), "found no such order"));
    CHECK(support::contains(ordered({{"fc1", 9, 4}, {"fc01", 4, 9}, {"x", 9, 9}}), "their sizes allow either"));
}

TEST_CASE("hostile files take no long time") {
    // Thousands of layers that are alike, numbered or not.
    std::vector<DenseShape> many;
    for (int i = 0; i < 20000; ++i) many.push_back({"fc" + std::to_string(i), 3, 3});
    CHECK(ordered(many).starts_with("fc0 fc1 fc2 "));
    many.push_back({"out", 3, 2});
    CHECK(ordered(many) ==
          "f: cannot tell in which order 20001 dense layers run: there are too many ways to try; expected names that "
          "differ in numbers alone");
    // Loops through one size, and no way to end.
    std::vector<DenseShape> loops{{"in", 1000, 1}};
    for (std::size_t i = 0; i < 400; ++i) {
        loops.push_back({"out" + std::string(i, 'x'), 1, i + 2});
        loops.push_back({"back" + std::string(i, 'x'), i + 2, 1});
    }
    const std::vector<DenseShape> apart{{"there", 2000, 3000}, {"again", 3000, 2000}};
    loops.insert(loops.end(), apart.begin(), apart.end());
    CHECK(support::contains(ordered(loops), "there are too many ways to try"));
    std::vector<DenseShape> few(loops.begin(), loops.begin() + 9);
    few.insert(few.end(), apart.begin(), apart.end());
    CHECK(support::contains(ordered(few), "found no such order"));
    const nib::detail::LayerChains chains{few, 10};
    CHECK(chains.gave_up());
    CHECK(chains.found().empty());
}
