#include <nib/model/detail/layer_catalogue.hpp>

#include "../../support.hpp"

#include <nib/core/random.hpp>
#include <nib/model/layer_texts.hpp>

#include <string>
#include <string_view>

namespace {

// What a file lists, as the network made of it does; `most` is how many numbers the file's largest tensor has.
std::string built(std::string_view list, std::size_t most = 1000) {
    return nib::layers_text(nib::detail::listed_layout<float>(list, "net", most).infos());
}

std::string refusal(std::string_view list, std::size_t most = 1000) {
    return support::error_of([&] { return built(list, most); });
}

const std::string no_mlp =
    ", which load_mlp cannot build; expected layers of nib's with their default numbers, which fit each other "
    "(load(net, path) takes the file into a Sequential or an Mlp of its layers)";

}  // namespace

TEST_CASE("each of the catalogue's layers is built from its text") {
    for (const char* const layer :
         {"ReLU", "LeakyReLU(negative_slope=0.01)", "PReLU", "ELU(alpha=1)", "GELU", "GELU(approximate=tanh)", "SiLU",
          "Sigmoid", "Tanh", "Softplus", "Softmax", "LogSoftmax", "BatchNorm1d(4)", "LayerNorm(4)", "Standardize(4)",
          "Dropout(p=0)", "Dropout(p=0.015625)", "Dropout(p=0.9)"}) {
        CAPTURE(layer);
        const std::string list = std::string("Linear(3, 4), ") + layer + ", Residual(" + layer + "), Linear(4, 2)";
        CHECK(built(list) == list);
    }
    CHECK(built("Identity, Linear(3, 4)") == "Dropout(p=0), Linear(3, 4)");
}

TEST_CASE("blocks are numbered as in torch.nn.Sequential") {
    const auto layout = nib::detail::listed_layout<double>(
        "Tanh, Linear(3, 4), Residual(Linear(4, 2), Residual(ReLU, Linear(2, 2)), Linear(2, 4)), Linear(4, 1)", "net",
        100);
    CHECK(layout.widths == std::vector<std::size_t>{3, 4, 1});
    std::string names;
    for (const nib::LayerInfo& layer : layout.infos()) names += layer.name + " ";
    CHECK(names == "0 1 2.0 2.1.0 2.1.1 2.1 2.2 2 3 ");
}

TEST_CASE("any other list is refused, with the way out") {
    CHECK(refusal("Linear(3, 4), Swish, Linear(4, 2)") == "net: the file has Swish after Linear(3, 4)" + no_mlp);
    CHECK(refusal("LeakyReLU(negative_slope=0.2), Linear(3, 4)") ==
          "net: the file has LeakyReLU(negative_slope=0.2) at the start" + no_mlp);
    CHECK(refusal("Linear(1, 1), ReLU\n)") == "net: the file has ReLU?) after Linear(1, 1)" + no_mlp);
    CHECK(refusal("ReLU") == "net: expected dense layers, the file lists none");
    CHECK(refusal("Linear(1, 1), Residual(ReLU") == "net: the file's list of layers ends within a residual block");
    CHECK(refusal("Linear(30, 40)", 1200) == "");
    CHECK(refusal("Linear(30, 40)", 1199) == "net: the file has Linear(30, 40) at the start" + no_mlp);
    std::string deep = "Linear(1, 1), ";
    for (int i = 0; i < 17; ++i) deep += "Residual(";
    for (const std::string_view list : std::initializer_list<std::string_view>{
             "Linear(1, 0)", "Linear(1, 18446744073709551615)", "Linear(1,1)", "Linear(", "Linear(1, 1), Linear(2, 1)",
             "Linear(1, 1), BatchNorm1d(2)", "Dropout(p=1), Linear(1, 1)", "Linear(1, 1), Dropout(p=nan)",
             "Linear(1, 1), Dropout(p=0.50)", "Linear(1, 1), Dropout(p=", "Linear(1, 1), Dropout(p=)",
             "Residual(), Linear(1, 1)", ")", "Residual(Linear(1, 2)), Linear(1, 1)", "Linear(1, 1), ReLU(1)", deep})
        CHECK(refusal(list).ends_with(no_mlp));
}

TEST_CASE("damaged lists are refused, or are those of a network") {
    const std::string whole =
        "Dropout(p=0.5), Residual(Tanh), Linear(3, 4), BatchNorm1d(4), Residual(ReLU, Residual(Linear(4, 4))), Tanh";
    nib::Rng rng{7};
    int built_ones = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string list = whole;
        for (int changes = 0; changes < 1 + i % 3; ++changes) {
            const std::size_t at = rng.below(list.size() + 1), count = rng.below(12);
            if (rng.below(2) == 0)
                list.erase(at, count);
            else
                list.insert(at, whole, rng.below(whole.size()), count);
        }
        std::string text;
        const std::string error = support::error_of([&] { return text = built(list); });
        if (error.empty()) {
            ++built_ones;
            CHECK(built(text) == text);
        } else {
            CHECK(error.starts_with("net: "));
        }
    }
    CHECK(built_ones > 100);
    CHECK(built_ones < 2900);
}
