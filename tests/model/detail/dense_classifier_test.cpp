#include <nib/model/detail/dense_classifier.hpp>

#include <doctest/doctest.h>

#include <nib/layers/dropout.hpp>
#include <nib/layers/tanh.hpp>

#include <vector>

namespace {

using nib::Dense, nib::Dropout, nib::LogSoftmax, nib::ReLU;
using Kind = nib::detail::LayerKind;

constexpr auto dense = Kind::dense, relu = Kind::relu, end = Kind::log_softmax, other = Kind::other;
constexpr auto identity = Kind::identity;
constexpr std::size_t none = static_cast<std::size_t>(-1);

std::size_t misfit(const std::vector<Kind>& kinds) { return nib::detail::first_misfit(kinds.data(), kinds.size()); }

template <class... Layers>
constexpr bool fits = nib::detail::is_dense_classifier(typename nib::detail::Flat<nib::LayerList<Layers...>>::type{});

static_assert(fits<Dense<3, 2>, LogSoftmax>);
static_assert(fits<Dense<3, 4, "fc1">, Dropout<0.5>, ReLU, Dense<4, 2>, LogSoftmax>);
static_assert(!fits<Dense<3, 4>, nib::Tanh, Dense<4, 2>, LogSoftmax>);
static_assert(!fits<Dense<3, 4>, ReLU, Dense<4, 2>>);

}  // namespace

TEST_CASE("the first layer that does not fit is found") {
    CHECK(misfit({dense, end}) == none);
    CHECK(misfit({dense, relu, dense, end}) == none);
    CHECK(misfit({identity, dense, relu, identity, dense, end, identity}) == none);
    CHECK(misfit({}) == 0);
    CHECK(misfit({relu, dense, end}) == 0);
    CHECK(misfit({end}) == 0);
    CHECK(misfit({dense, dense, end}) == 1);
    CHECK(misfit({dense, other, dense, end}) == 1);
    CHECK(misfit({dense, relu, relu, dense, end}) == 2);
    CHECK(misfit({dense, relu, end}) == 2);
    CHECK(misfit({dense, end, dense, end}) == 2);
}

TEST_CASE("layers that are missing at the end have the number behind the last one") {
    CHECK(misfit({dense}) == 1);
    CHECK(misfit({dense, identity}) == 2);
    CHECK(misfit({dense, relu}) == 2);
    CHECK(misfit({dense, relu, dense}) == 3);
}
