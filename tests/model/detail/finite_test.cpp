#include <nib/model/detail/finite.hpp>

#include "../../support.hpp"

#include <nib/model/mlp.hpp>

#include <limits>

TEST_CASE("what is not finite is named as a model file has it") {
    nib::Mlp net{{3, 2, 4}};
    const auto text = [&](const std::string& prefix) {
        return nib::detail::not_finite_text<float>(net.tensors(), net.parameters(), prefix);
    };
    CHECK(text("") == "");
    const auto tensors = net.tensors();
    REQUIRE(tensors.size() == 4);
    for (const nib::LayerTensor& tensor : tensors) {
        // The tensor's last number but one, which is at another place in memory where the tensor is transposed.
        const std::size_t in_file = tensor.size() - 2;
        std::size_t in_memory = in_file;
        if (tensor.transposed) {
            const std::size_t out = in_file / tensor.shape[1], in = in_file % tensor.shape[1];
            in_memory = in * tensor.shape[0] + out;
        }
        nib::Mlp broken = net;
        broken.parameters()[tensor.offset + in_memory] = std::numeric_limits<float>::quiet_NaN();
        CHECK(nib::detail::not_finite_text<float>(tensors, broken.parameters(), "m.") ==
              "\"m." + tensor.name + "\": expected finite numbers, found NaN at index " + std::to_string(in_file));
    }
    net.parameters()[0] = -std::numeric_limits<float>::infinity();
    CHECK(text("") == "\"0.weight\": expected finite numbers, found infinity at index 0");
    CHECK(nib::detail::not_finite_text<float>({}, net.parameters()) ==
          "parameters: expected finite numbers, found infinity at index 0");
}
