#include <nib/model/layer_texts.hpp>

#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/model/sequential.hpp>

#include <doctest/doctest.h>

TEST_CASE("layers are listed in one line, those of a residual block in brackets") {
    using Net = nib::Sequential<nib::Dense<4, 4>, nib::Residual<nib::ReLU, nib::Residual<nib::Dense<4, 4>>, nib::ReLU>,
                                nib::Dense<4, 2>>;
    CHECK(nib::layers_text(Net{}.layers()) ==
          "Linear(4, 4), Residual(ReLU, Residual(Linear(4, 4)), ReLU), Linear(4, 2)");
    CHECK(nib::layers_text({}) == "");
}
