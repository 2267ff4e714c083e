#include <nib/model/network.hpp>

#include "../support.hpp"

namespace {

struct NoNetwork {
    using scalar_type = float;
    std::span<float> parameters() { return {}; }
};

}  // namespace

// What predicts and has no parameters, as a quantised network.
struct OnlyPredicts {
    using scalar_type = float;
    std::size_t input_size() const { return 1; }
    std::size_t output_size() const { return 1; }
    bool gives_log_probabilities() const { return false; }
    nib::MatrixView<const float> forward(const nib::kernels::InputView<float>&, nib::Workspace<float>&) const {
        return {};
    }
};

static_assert(nib::InferenceNetwork<OnlyPredicts> && !nib::Network<OnlyPredicts>);
static_assert(!nib::InferenceNetwork<NoNetwork>);
static_assert(!nib::Network<NoNetwork>);
static_assert(!nib::Network<int>);

TEST_CASE("a type that only has parameters is no Network") { CHECK(!nib::Network<NoNetwork>); }
