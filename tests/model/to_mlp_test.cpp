#include <nib/model/to_mlp.hpp>

#include "../reference.hpp"

#include <nib/layers/dropout.hpp>

#include <string>
#include <vector>

namespace {

using nib::Dense, nib::LogSoftmax, nib::ReLU;

}  // namespace

TEST_CASE("the Mlp of a Sequential has its widths, parameters, names and outputs") {
    nib::Rng rng{33};
    const nib::Sequential<Dense<6, 5, "fc1">, ReLU, Dense<5, 3>, LogSoftmax> net{rng};
    const nib::Mlp mlp = nib::to_mlp(net);
    const auto widths = mlp.widths();
    CHECK(std::vector<std::size_t>(widths.begin(), widths.end()) == std::vector<std::size_t>{6, 5, 3});
    CHECK(reference::same_bits(mlp.parameters(), net.parameters()));
    CHECK(mlp.layer_names() == std::vector<std::string>{"fc1", "2"});
    const nib::Matrix<float> x = reference::random_matrix<float>(1, 6, rng);
    const auto outputs = net(std::span<const float, 6>{x.row(0).data(), 6});
    const std::vector<float> expected(outputs.begin(), outputs.end());
    CHECK(mlp(x.row(0)) == expected);
}

TEST_CASE("dropout is left out, and counts in the names of the layers behind it") {
    nib::Rng rng{36};
    const nib::BasicSequential<double, Dense<6, 5>, ReLU, nib::Dropout<0.5>, Dense<5, 3>, LogSoftmax> net{rng};
    const nib::BasicMlp<double> mlp = nib::to_mlp(net);
    CHECK(mlp.layers().size() == 4);
    CHECK(reference::same_bits(mlp.parameters(), net.parameters()));
    CHECK(mlp.layer_names() == std::vector<std::string>{"0", "3"});
}
