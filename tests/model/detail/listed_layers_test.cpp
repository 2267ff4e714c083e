#include <nib/model/detail/listed_layers.hpp>

#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/model/sequential.hpp>

#include <doctest/doctest.h>

using nib::detail::layers_difference;
using nib::detail::ListedLayer;

namespace {

using Texts = std::vector<std::string_view>;

Texts split_layers(std::string_view list) {
    Texts texts;
    for (const ListedLayer& layer : nib::detail::split_layers(list)) texts.push_back(layer.text);
    return texts;
}

const std::vector<ListedLayer> network{
    {"Linear(3, 4)", "fc1"}, {"ReLU", ""}, {"Linear(4, 2)", "fc2"}, {"LogSoftmax", ""}};

}  // namespace

TEST_CASE("lists are split at commas outside of brackets") {
    CHECK(split_layers("Linear(784, 64), ReLU, Linear(64, 10), LogSoftmax") ==
          Texts{"Linear(784, 64)", "ReLU", "Linear(64, 10)", "LogSoftmax"});
    CHECK(split_layers("Mine(f(1, 2), 3), ReLU") == Texts{"Mine(f(1, 2), 3)", "ReLU"});
    CHECK(split_layers("").empty());
    CHECK(split_layers("A,B),, C") == Texts{"A", "B)", "C"});
    CHECK(split_layers("A(B, C") == Texts{"A(B, C"});
    CHECK(split_layers(")") == Texts{")"});
}

TEST_CASE("a residual block is its start, its layers and its end") {
    CHECK(split_layers("A, Residual(Linear(4, 4), Residual(B), ReLU), C") ==
          Texts{"A", "Residual(", "Linear(4, 4)", "Residual(", "B", ")", "ReLU", ")", "C"});
    CHECK(split_layers("Residual(A") == Texts{"Residual(", "A"});
    using Net = nib::Sequential<nib::Dense<4, 4>, nib::Residual<nib::ReLU, nib::Residual<nib::Dense<4, 4>>, nib::ReLU>,
                                nib::Dense<4, 2>>;
    const std::string text = "Linear(4, 4), Residual(ReLU, Residual(Linear(4, 4)), ReLU), Linear(4, 2)";
    const auto layers = Net{}.layers();
    const auto list = nib::detail::listed(layers);
    CHECK(layers_difference(text, list) == "");
    CHECK(layers_difference("Linear(4, 4), ReLU", list) ==
          "the file has ReLU after \"0\", the network has the start of a residual block");
    CHECK(layers_difference("Linear(4, 4), Residual(ReLU, Residual(Linear(4, 4), Dropout(p=0.1)), Linear(4, 2)",
                            list) == "the file has Linear(4, 2) after its end, the network has ReLU");
}

TEST_CASE("the first difference is told, with its place") {
    CHECK(layers_difference("Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax", network) == "");
    CHECK(layers_difference("Linear(3, 4), Tanh, Linear(4, 2), LogSoftmax", network) ==
          "the file has Tanh after \"fc1\", the network has ReLU");
    CHECK(layers_difference("Linear(3, 4), ReLU, Linear(4, 2)", network) ==
          "the file has nothing after \"fc2\", the network has LogSoftmax");
    CHECK(layers_difference("Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax, Tanh", network) ==
          "the file has Tanh after LogSoftmax, the network has nothing");
    CHECK(layers_difference("Scale(3, 3), Linear(3, 4)", network) ==
          "the file has Scale(3, 3) at the start, the network has Linear(3, 4)");
    CHECK(layers_difference("", network) == "the file has nothing at the start, the network has Linear(3, 4)");
    const std::vector<ListedLayer> leaky{{"LeakyReLU(0.2)", ""}};
    CHECK(layers_difference("LeakyReLU(0.1)", leaky) ==
          "the file has LeakyReLU(0.1) at the start, the network has LeakyReLU(0.2)");
}

TEST_CASE("layers that do nothing when a network is used may be missing on either side") {
    CHECK(layers_difference("Linear(3, 4), ReLU, Dropout(p=0.2), Linear(4, 2), LogSoftmax", network) == "");
    CHECK(layers_difference("Identity, Linear(3, 4), ReLU, Linear(4, 2), LogSoftmax, Dropout(p=0.5)", network) == "");
    const std::vector<ListedLayer> noisy{
        {"Linear(3, 4)", "0"}, {"Noise", "", true}, {"Dropout(p=0.5)", "", true}, {"ReLU", ""}};
    CHECK(layers_difference("Linear(3, 4), ReLU", noisy) == "");
    CHECK(layers_difference("Linear(3, 4), Noise, ReLU, Noise", noisy) == "");
    CHECK(layers_difference("Linear(3, 4), Noise, Tanh", noisy) ==
          "the file has Tanh after \"0\", the network has ReLU");
}

TEST_CASE("only files of nib's list layers") {
    CHECK(nib::detail::listed_layers({{"layers", "ReLU"}, {"nib_version", "0.1"}}) == "ReLU");
    CHECK(nib::detail::listed_layers({{"layers", "12"}}) == "");
    CHECK(nib::detail::listed_layers({{"nib_version", "0.1"}}) == "");
}

TEST_CASE("what is to be trained on is compared exactly") {
    CHECK(layers_difference("Linear(3, 4), ReLU, Dropout(p=0.2), Linear(4, 2), LogSoftmax", network, true) ==
          "the file has Dropout(p=0.2) after ReLU, the network has Linear(4, 2)");
}

TEST_CASE("a layer of a user's that is called as one that does nothing is not passed over") {
    CHECK(layers_difference("Linear(3, 4), ReLU, Dropout(7), Linear(4, 2), LogSoftmax", network) ==
          "the file has Dropout(7) after ReLU, the network has Linear(4, 2)");
}
