#include <nib/data/split.hpp>

#include "../support.hpp"

#include <nib/data/augmentation.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

using nib::Dataset;
using nib::Examples;
using nib::Matrix;
using nib::Rng;
using nib::Subset;
using support::error_of;

// Images of 2 x 3 pixels, whose classes are 0 for `rare` of them and 1, 2 for the others.
Dataset images(std::size_t count, std::size_t rare) {
    Dataset data{.rows = 2, .cols = 3, .pixels = {}, .labels = {}, .name = "images"};
    Rng rng{5};
    for (std::size_t i = 0; i < count; ++i) {
        for (int k = 0; k < 6; ++k) data.pixels.push_back(static_cast<std::uint8_t>(rng.below(3) * rng.below(120)));
        data.labels.push_back(i < rare ? 0 : 1 + static_cast<int>(i % 2));
    }
    return data;
}

std::vector<std::size_t> class_counts(const Subset<Dataset>& some) {
    std::vector<std::size_t> counts(3);
    for (std::size_t i = 0; i < some.size(); ++i) ++counts[static_cast<std::size_t>(target_of(some, i))];
    return counts;
}

using Net = nib::Sequential<nib::Dense<6, 3>, nib::LogSoftmax>;

}  // namespace

TEST_CASE("the parts hold each example once, in a random order that the generator fixes") {
    const Dataset data = images(101, 20);
    for (const bool stratify : {false, true}) {
        Rng rng{7}, same{7};
        const auto parts = nib::split(data, 0.8, rng, {.stratify = stratify});
        CHECK(parts.train.size() == 81);
        CHECK(parts.validation.size() == 20);
        std::vector<std::uint32_t> all = parts.train.indices();
        all.insert(all.end(), parts.validation.indices().begin(), parts.validation.indices().end());
        CHECK_FALSE(std::is_sorted(all.begin(), all.end()));
        std::sort(all.begin(), all.end());
        bool once = all.size() == 101;
        for (std::size_t i = 0; i < all.size(); ++i) once = once && all[i] == i;
        CHECK(once);
        CHECK(nib::split(data, 0.8, same, {.stratify = stratify}).train.indices() == parts.train.indices());
        CHECK(nib::split(data, 0.8, rng, {.stratify = stratify}).train.indices() != parts.train.indices());
    }
}

TEST_CASE("stratified, each class has its share to within one example") {
    const Dataset data = images(100, 10);
    Rng rng{1};
    for (const double part : {0.5, 0.75, 0.8, 0.97}) {
        CAPTURE(part);
        const auto parts = nib::split(data, part, rng, {.stratify = true});
        const std::size_t of_class[] = {10, 45, 45};
        const auto counts = class_counts(parts.train);
        for (std::size_t c = 0; c < 3; ++c)
            CHECK(std::abs(static_cast<double>(counts[c]) - part * static_cast<double>(of_class[c])) <= 1);
        CHECK(parts.train.size() == static_cast<std::size_t>(std::lround(100 * part)));
    }
    // Many rare classes beside a common one.
    const Matrix<float> x(300, 1);
    std::vector<int> classes(300);
    for (int i = 0; i < 200; ++i) classes[static_cast<std::size_t>(i)] = 1 + i / 2;
    for (const double part : {0.25, 0.5, 0.8}) {
        CAPTURE(part);
        const auto parts = nib::split(Examples{x, classes}, part, rng, {.stratify = true});
        std::vector<double> found(101);
        for (std::size_t i = 0; i < parts.train.size(); ++i)
            found[static_cast<std::size_t>(target_of(parts.train, i))] += 1;
        CHECK(parts.train.size() == static_cast<std::size_t>(std::lround(300 * part)));
        CHECK(std::abs(found[0] - 100 * part) <= 1);
        CHECK(std::all_of(found.begin() + 1, found.end(), [&](double n) { return std::abs(n - 2 * part) <= 1; }));
    }
}

TEST_CASE("neither part is empty, and what cannot be split is refused") {
    const Dataset two = images(2, 1);
    Rng rng{1};
    CHECK(nib::split(two, 0.01, rng).train.size() == 1);
    CHECK(nib::split(two, 0.99, rng).validation.size() == 1);
    const Dataset one = images(1, 1);
    CHECK(error_of([&] { return nib::split(one, 0.5, rng); }) == "split: expected at least 2 examples, found 1");
    for (const double part : {0.0, 1.0, 80.0, std::nan("")})
        CHECK(support::contains(error_of([&] { return nib::split(two, part, rng); }),
                                "split: expected a part between 0 and 1, found "));
    const Matrix<float> x(4, 1);
    CHECK(error_of([&] {
              return nib::split(Examples{x, x}, 0.5, rng, {.stratify = true});
          }) == "split: expected classes to stratify by, the data have rows of targets");
    CHECK(error_of([&] {
              return Subset{two, {0, 2}};
          }) == "Subset: expected indices below 2, the number of examples, found 2");
}

TEST_CASE("a subset keeps a copy of views, and takes no temporary of other data") {
    static_assert(std::is_constructible_v<Subset<Examples<float>>, Examples<float>, std::vector<std::uint32_t>>);
    static_assert(std::is_constructible_v<Subset<Dataset>, const Dataset&, std::vector<std::uint32_t>>);
    static_assert(!std::is_constructible_v<Subset<Dataset>, Dataset, std::vector<std::uint32_t>>);
    static_assert(nib::ExampleSource<Subset<Examples<double, double>>, double>);
    static_assert(!nib::ExampleSource<Subset<Examples<double, double>>, float>);
    static_assert(nib::RandomExampleSource<Subset<nib::Augmented>, float>);
    Matrix<double> x(3, 1), y(3, 2);
    y(2, 1) = 4;
    const Subset some{Examples{x, y}, {2}};
    const Subset some_of_them{some, {0}};
    auto batches = nib::batches(some_of_them, 1);
    CHECK(batches.begin()->targets(0, 1) == 4);
    CHECK(some_of_them.original_index(0) == 2);
    // Weights of examples go with them.
    CHECK(nib::batches(some, 1).begin()->weights.empty());
    const std::vector<double> weights{1, 2, 3};
    auto weighted = nib::batches(Subset{Examples{x, y}.weighted_by(weights), {2, 0}}, 2);
    CHECK(weighted.begin()->weights[0] == 3);
    CHECK(weighted.begin()->weights[1] == 1);
}

TEST_CASE("a network learns from a subset as from a copy of it, to the bit, with augmented and sparse inputs too") {
    const Dataset data = images(90, 30);
    Rng rng{3};
    const auto parts = nib::split(data, 0.6, rng);
    Dataset copy{.rows = 2, .cols = 3, .pixels = {}, .labels = {}, .name = ""};
    for (const std::uint32_t index : parts.train.indices()) {
        for (const std::uint8_t pixel : data.image(index)) copy.pixels.push_back(pixel);
        copy.labels.push_back(data.labels[index]);
    }
    const auto trained = [](const auto& source) {
        Rng same{9};
        Net net{same};
        nib::Sgd sgd{net, {.learning_rate = 0.5}};
        nib::fit(net, sgd, source, {.epochs = 3, .batch_size = 8, .threads = 2}, same);
        return std::vector<float>(net.parameters().begin(), net.parameters().end());
    };
    CHECK(trained(parts.train) == trained(copy));
    const nib::Augmented augmented{data}, augmented_copy{copy};
    CHECK(trained(Subset{augmented, parts.train.indices()}) == trained(augmented_copy));
    Net net{rng};
    CHECK(nib::evaluate(net, parts.train).loss == nib::evaluate(net, copy).loss);
    CHECK(nib::accuracy(net, parts.train) == nib::accuracy(net, copy));
}

TEST_CASE("messages name examples by their numbers in the whole data") {
    Dataset data = images(5, 1);
    Rng rng{1};
    Net net{rng};
    data.labels[3] = 7;
    CHECK(error_of([&] {
              return nib::accuracy(net, Subset{data, {4, 3}});
          }) == "images: expected classes below 3, the network's outputs, found 7 at example 3");
    Matrix<float> x(6, 6);
    const std::vector<int> classes(6);
    x(4, 1) = std::numeric_limits<float>::infinity();
    nib::Sgd sgd{net, {}};
    CHECK(support::contains(error_of([&] {
                                nib::fit(net, sgd, Subset{Examples{x, classes}, {2, 4, 5}}, {.epochs = 1}, rng);
                                return 0;
                            }),
                            "example 4 of the data has infinity as feature 1"));
}

TEST_CASE("a subset's examples keep their weights") {
    const Matrix<float> x(4, 1);
    const std::vector<int> classes(4);
    const std::vector<float> weights{1, 2, 3, 4};
    const Subset some{Examples{x, classes}.weighted_by(weights), {3, 1}};
    auto range = nib::batches(some, 2);
    const auto batch = *range.begin();
    CHECK(std::vector<float>(batch.weights.begin(), batch.weights.end()) == std::vector<float>{4, 2});
    CHECK_FALSE(has_weights(Subset{Examples{x, classes}, {3, 1}}));
    static_assert(!nib::WeightedSource<Subset<Dataset>>);
}
