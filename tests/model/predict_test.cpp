#include <nib/model/predict.hpp>

#include "../support.hpp"

#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using Small = nib::Sequential<nib::Dense<2, 3>, nib::LogSoftmax>;

// Logits x0, x1 and 0.
template <class Net>
void make_identity(Net& net) {
    std::ranges::fill(net.parameters(), 0.0f);
    net.parameters()[0] = 1;
    net.parameters()[4] = 1;
}

}  // namespace

TEST_CASE_TEMPLATE("predict gives the most likely class, probabilities what softmax says", Net, Small, nib::Mlp) {
    auto net = [] {
        if constexpr (std::is_same_v<Net, nib::Mlp>)
            return nib::Mlp{{2, 3}};
        else
            return Net{};
    }();
    make_identity(net);
    CHECK(nib::predict(net, std::vector<float>{2, 1}) == 0);
    CHECK(nib::predict(net, std::vector<float>{1, 2}) == 1);
    CHECK(nib::predict(net, std::vector<float>{-1, -2}) == 2);
    CHECK(nib::predict(net, std::vector<float>{1, 1}) == 0);  // the first of equals

    const auto p = nib::probabilities(net, std::vector<float>{2, 1});
    const double sum = std::exp(2.0) + std::exp(1.0) + 1;
    CHECK(static_cast<double>(p[0]) == doctest::Approx(std::exp(2.0) / sum).epsilon(1e-6));
    CHECK(static_cast<double>(p[2]) == doctest::Approx(1 / sum).epsilon(1e-6));

    nib::Matrix<float> batch(3, 2);
    batch(0, 0) = 2;
    batch(1, 1) = 2;
    batch(2, 0) = batch(2, 1) = -1;
    CHECK(nib::predict(net, batch) == std::vector<int>{0, 1, 2});
    const auto all = nib::probabilities(net, batch);
    REQUIRE(all.rows() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto one = nib::probabilities(net, batch.row(i));
        CHECK(std::ranges::equal(one, all.row(i)));
        CHECK(static_cast<double>(all(i, 0) + all(i, 1) + all(i, 2)) == doctest::Approx(1).epsilon(1e-6));
    }
}

TEST_CASE("an example of the wrong size is an error that names both sizes") {
    const Small net;
    CHECK(support::error_of([&] { return nib::predict(net, std::vector<float>(3)); }) ==
          "the network takes 2 features, the example has 3");
    CHECK(support::error_of([&] { return nib::predict(net, nib::Matrix<float>(4, 5)); }) ==
          "the network takes 2 features, the example has 5");
}

TEST_CASE("probabilities need a network that gives their logarithms") {
    const nib::Sequential<nib::Dense<2, 3>> net;
    CHECK(support::error_of([&] { return nib::probabilities(net, std::vector<float>(2)); }) ==
          "probabilities: the outputs are not log-probabilities; expected a log-softmax as the last layer");
    CHECK(nib::predict(net, std::vector<float>(2)) == 0);
}

TEST_CASE_TEMPLATE("inputs that are not finite give class 0 and probabilities that are NaN", Net, Small, nib::Mlp) {
    auto net = [] {
        nib::Rng rng{1};
        if constexpr (std::is_same_v<Net, nib::Mlp>)
            return nib::Mlp{{2, 5, 3}, rng};
        else
            return Net{rng};
    }();
    net.parameters().back() = 10;  // of the last class's bias: it is the most likely one
    const std::vector<float> good{0.5f, 0.25f};
    REQUIRE(nib::predict(net, good) == 2);
    const float nan = std::nanf(""), infinite = std::numeric_limits<float>::infinity();
    for (const std::vector<float>& bad :
         {std::vector{nan, 0.0f}, std::vector{0.0f, nan}, std::vector{nan, nan}, std::vector{infinite, -infinite}}) {
        CAPTURE(bad);
        CHECK(nib::predict(net, bad) == 0);
        for (const float p : nib::probabilities(net, bad)) CHECK(std::isnan(p));
        nib::Matrix<float> batch(40, 2);  // more rows than a tile has; every third is bad
        for (std::size_t i = 0; i < batch.rows(); ++i)
            std::ranges::copy(i % 3 == 0 ? bad : good, batch.view().row(i).begin());
        const auto classes = nib::predict(net, batch.view());
        const auto p = nib::probabilities(net, batch.view());
        for (std::size_t i = 0; i < batch.rows(); ++i) {
            CHECK(classes[i] == (i % 3 == 0 ? 0 : 2));
            CHECK(std::isnan(p.view()(i, 1)) == (i % 3 == 0));
        }
    }
}
