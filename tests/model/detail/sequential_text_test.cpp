#include <nib/model/detail/sequential_text.hpp>

#include "../../support.hpp"

#include <nib/layers/dropout.hpp>
#include <nib/layers/residual.hpp>
#include <nib/model/detail/layer_catalogue.hpp>
#include <nib/model/mlp.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using nib::detail::SequentialText;
using Words = std::vector<std::string>;

SequentialText text_of(const nib::MlpOptions& options) { return SequentialText{nib::Mlp{{4, 4, 2}, options}}; }

// The layers of an option, which stand between the two dense ones.
Words middle_of(const nib::MlpLayers<float>& option) {
    const Words layers = text_of({.activation = option, .output = {}}).layers();
    REQUIRE(layers.size() >= 2);
    CHECK(layers.front() == "nib::Dense<4, 4>");
    CHECK(layers.back() == "nib::Dense<4, 2>");
    return {layers.begin() + 1, layers.end() - 1};
}

}  // namespace

TEST_CASE("layers are spelled as in a Sequential, without those of training") {
    const SequentialText text = text_of({.dropout = 0.5});
    CHECK(text.layers() == Words{"nib::Dense<4, 4>", "nib::ReLU", "nib::Dense<4, 2>", "nib::LogSoftmax"});
    CHECK(text.headers() == Words{"dense", "relu", "dense", "log_softmax"});
}

TEST_CASE("blocks are one layer, also within each other and empty ones") {
    using namespace nib;
    CHECK(middle_of(Residual<ReLU, Dense<4, 4>>{}) == Words{"nib::Residual<nib::ReLU, nib::Dense<4, 4>>"});
    CHECK(middle_of(Residual<Tanh, Residual<Residual<ReLU>, ReLU>>{}) ==
          Words{"nib::Residual<nib::Tanh, nib::Residual<nib::Residual<nib::ReLU>, nib::ReLU>>"});
    CHECK(middle_of(LayerList<Residual<Dropout<0.5>>, ReLU>{}) == Words{"nib::Residual<nib::Dropout<0>>", "nib::ReLU"});
}

TEST_CASE("every layer that load_mlp knows has a spelling, and a header that is there") {
    [&]<class... Layers>(nib::LayerList<Layers...>) {
        for (const Words& layers : {middle_of(Layers{})...}) CHECK(layers.size() == 1);
        const SequentialText all =
            text_of({.activation = nib::LayerList<Layers..., nib::Residual<nib::Dropout<0.5>>>{}});
        CHECK(all.headers().size() >= sizeof...(Layers));
        for (const std::string& header : all.headers()) {
            CAPTURE(header);
            CHECK(std::filesystem::exists(support::fixture("../../include/nib/layers/" + header + ".hpp")));
        }
    }(nib::detail::CataloguedLayers{});
}

TEST_CASE("layers with numbers of their own are refused") {
    CHECK(support::error_of([] { text_of({.activation = nib::LeakyReLU<0.3>{}}); }) ==
          "save_header: cannot write LeakyReLU(negative_slope=0.3); expected layers of nib's");
}
