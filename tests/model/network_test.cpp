#include <nib/model/network.hpp>

#include "../support.hpp"

namespace {

struct NoNetwork {
    using scalar_type = float;
    std::span<float> parameters() { return {}; }
};

}  // namespace

static_assert(!nib::Network<NoNetwork>);
static_assert(!nib::Network<int>);

TEST_CASE("a type that only has parameters is no Network") { CHECK(!nib::Network<NoNetwork>); }
