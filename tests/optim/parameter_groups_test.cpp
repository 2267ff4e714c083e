#include <nib/optim/parameter_groups.hpp>

#include "../support.hpp"

#include <nib/core/random.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace {

using nib::Range;
using nib::detail::ParameterPieces;

std::vector<std::pair<std::size_t, std::size_t>> pairs(const std::vector<Range>& ranges) {
    std::vector<std::pair<std::size_t, std::size_t>> result;
    for (const Range range : ranges) result.push_back({range.first, range.count});
    return result;
}

std::string text(const ParameterPieces& pieces, std::size_t first, std::size_t end) {
    std::string result;
    pieces.for_each(first, end, [&](std::size_t from, std::size_t to, std::size_t group) {
        result += std::to_string(from) + "-" + std::to_string(to) + ":" + std::to_string(group) + " ";
    });
    return result;
}

}  // namespace

TEST_CASE("parameters are found by their names, and buffers are none") {
    using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
    const nib::Sequential<nib::Dense<3, 2>, nib::BatchNorm, nib::Dense<2, 2, "head">, nib::ReLU> net;
    CHECK(pairs(nib::parameters_named(net, "bias")) == Pairs{{6, 2}, {10, 2}, {16, 2}});
    CHECK(pairs(nib::parameters_named(net, "head.bias")) == Pairs{{16, 2}});
    CHECK(pairs(nib::layer_parameters(net, "1")) == Pairs{{8, 2}, {10, 2}});
    CHECK(pairs(nib::layer_parameters(net, "head")) == Pairs{{12, 4}, {16, 2}});
    for (const char* const name : {"ias", "running_mean", "head", ""})
        CHECK(support::error_of([&] { return nib::parameters_named(net, name); }) ==
              "parameters_named: the network has no parameters that are called '" + std::string(name) + "'");
    for (const char* const name : {"hea", "head.bias", "3", ""})
        CHECK(support::error_of([&] { return nib::layer_parameters(net, name); }) ==
              "layer_parameters: the network has no layer with parameters that is called '" + std::string(name) + "'");
}

TEST_CASE("pieces of parameters know their groups") {
    ParameterPieces pieces;
    CHECK(pieces.empty());
    CHECK(pieces.any_moves(0, 10));
    const std::vector<Range> one{{2, 3}, {7, 1}}, two{{5, 2}}, over{{4, 3}}, frozen{{6, 4}, {0, 1}, {3, 0}};
    pieces.add("Sgd", 10, one, 1);
    CHECK(text(pieces, 0, 10) == "0-2:0 2-5:1 5-7:0 7-8:1 8-10:0 ");
    CHECK(text(pieces, 3, 6) == "3-5:1 5-6:0 ");
    CHECK(support::error_of([&] { pieces.add("Sgd", 10, over, 2); }) ==
          "Sgd: expected parameters that are in no group yet, found parameter 4 in group 1");
    pieces.add("Sgd", 10, two, 2);
    pieces.freeze("Sgd", 10, frozen, true);
    CHECK(text(pieces, 0, 10) == "1-2:0 2-4:1 4-5:1 5-6:2 ");
    CHECK(pieces.any_moves(5, 10));
    CHECK(!pieces.any_moves(6, 10));
    CHECK(pieces.only(5, 6)->group == 2);
    CHECK(pieces.only(6, 7)->is_frozen);
    CHECK(pieces.only(5, 7) == nullptr);
    pieces.freeze("Sgd", 10, two, false);
    CHECK(text(pieces, 4, 10) == "4-5:1 5-6:2 6-7:2 ");
    for (const Range range : {Range{10, 1}, Range{11, 0}, Range{0, 11}, Range{1, static_cast<std::size_t>(-1)}})
        CHECK(support::error_of([&] {
                  pieces.freeze("Sgd", 10, {&range, 1}, true);
              }).starts_with("Sgd: made for 10 parameters, found a group of "));
}
