#include <nib/train/evaluate.hpp>

#include "../support.hpp"

#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>

namespace {

// Logits x and 0: class 0 where x > 0.
nib::Mlp sign_network() {
    nib::Mlp net{{1, 2}};
    net.parameters()[0] = 1;
    return net;
}

}  // namespace

TEST_CASE("evaluate gives the mean loss and the confusion matrix, whatever the pieces it works in") {
    const nib::Mlp net = sign_network();
    constexpr std::size_t count = 1000;  // four pieces, the last one short
    nib::Matrix<float> x(count, 1);
    std::vector<int> classes(count);
    double loss = 0;
    std::size_t correct = 0;
    nib::Rng rng{31};
    for (std::size_t i = 0; i < count; ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-2, 2));
        classes[i] = static_cast<int>(rng.below(2));
        const double logit = classes[i] == 0 ? static_cast<double>(x(i, 0)) : -static_cast<double>(x(i, 0));
        loss += std::log1p(std::exp(-logit));
        correct += logit > 0 ? 1 : 0;
    }
    const auto result = nib::evaluate(net, nib::Examples{x, classes});
    CHECK(result.loss == doctest::Approx(loss / count).epsilon(1e-6));
    CHECK(result.correct() == correct);
    CHECK(result.total() == count);
    CHECK(nib::accuracy(net, nib::Examples{x, classes}) == static_cast<double>(correct) / count);
    CHECK(result.confusion.count(0, 0) + result.confusion.count(1, 1) == correct);
}

TEST_CASE("data that do not fit the network are refused, and the message names them") {
    const nib::Mlp net = sign_network();
    nib::Dataset data;
    data.rows = data.cols = 1;
    data.name = "some-images";
    CHECK(support::error_of([&] { return nib::evaluate(net, data); }) ==
          "some-images: expected at least one example, found none");
    data.pixels = {0, 255, 0};
    data.labels = {0, 1, 2};
    CHECK(support::error_of([&] { return nib::evaluate(net, data); }) ==
          "some-images: expected classes below 2, the network's outputs, found 2 at example 2");
    data.labels = {0, 1, -1};
    CHECK(support::contains(support::error_of([&] { return nib::evaluate(net, data); }), "found -1 at example 2"));
    const nib::Mlp wide{{784, 2}};
    CHECK(support::error_of([&] { return nib::evaluate(wide, data); }) ==
          "some-images: expected examples of 784 features, as the network takes, found 1");
    const nib::Matrix<float> x(1, 3);
    const std::vector<int> one{0};
    CHECK(support::error_of([&] {
              return nib::evaluate(net, nib::Examples{x, one});
          }) == "the data: expected examples of 1 features, as the network takes, found 3");
}
