#include <nib/data/autoencoding.hpp>

#include "../support.hpp"

#include <nib/core/executor.hpp>
#include <nib/data/split.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

using nib::Autoencoding;
using nib::Dataset;
using nib::Examples;
using nib::Matrix;
using nib::Rng;

// Images of 4 x 4 pixels that two numbers make, most of them 0.
Dataset images(std::size_t count) {
    Dataset data{.rows = 4, .cols = 4, .pixels = {}, .labels = std::vector<int>(count), .name = "images"};
    Rng rng{5};
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t a = rng.below(120), b = rng.below(120);
        for (std::size_t k = 0; k < 16; ++k)
            data.pixels.push_back(static_cast<std::uint8_t>(a * (k % 5 == 1) + b * (k % 6 == 2)));
    }
    return data;
}

Matrix<float> scaled(const Dataset& data) {
    Matrix<float> x(data.size(), data.input_size());
    for (std::size_t i = 0; i < data.size(); ++i) nib::copy_example(data, i, x.row(i));
    return x;
}

std::vector<float> values(nib::MatrixView<const float> matrix) {
    return {matrix.values().begin(), matrix.values().end()};
}

using Net = nib::Sequential<nib::Dense<16, 3>, nib::ReLU, nib::Dense<3, 16>>;

template <class Data>
std::vector<float> trained(const Data& data, std::size_t threads = 1) {
    Rng rng{9};
    Net net{rng};
    nib::Adam adam{net, {.learning_rate = 0.01}};
    nib::fit(net, adam, data, {.epochs = 3, .batch_size = 8, .threads = threads}, rng, nib::MseLoss{});
    return {net.parameters().begin(), net.parameters().end()};
}

}  // namespace

TEST_CASE("targets are the inputs: of images, in [0, 1], of matrices, and of some of them") {
    static_assert(!std::is_constructible_v<Autoencoding<Dataset>, Dataset>);
    static_assert(std::is_constructible_v<Autoencoding<Examples<float>>, Examples<float>>);
    static_assert(!nib::ClassSource<Autoencoding<Dataset>>);
    static_assert(nib::ExampleSource<Autoencoding<Dataset>, double>);
    const Dataset data = images(40);
    const Matrix<float> x = scaled(data);
    auto one_batch = nib::batches(Autoencoding{data}, 40);
    const auto all = one_batch.begin();
    CHECK(all->inputs.is_sparse());
    CHECK(values(all->targets) == values(x));
    const nib::Subset some{Autoencoding{Examples{x, data.labels}}, {6, 2}};
    auto batches = nib::batches(some, 1);
    CHECK(values(batches.begin()->targets) == values(x.view().middle_rows(6, 1)));
    // As they are whatever they are made of; and the loss that is learned from is the one that is evaluated.
    CHECK(trained(Autoencoding{data}) == trained(Examples{x, x}));
    CHECK(trained(Autoencoding{data}, 2) == trained(Examples{x, x}));
    Rng rng{1};
    const Net net{rng};
    CHECK(nib::evaluate(net, Autoencoding{data}, nib::MseLoss{}).loss ==
          nib::evaluate(net, Examples{x, x}, nib::MseLoss{}).loss);
}

TEST_CASE("the targets of a large batch are shared out among what an executor runs, to the same numbers") {
    struct Counting final : nib::Executor {
        std::size_t runs = 0;
        std::size_t size() const override { return 2; }

    private:
        void run_parts(std::size_t parts, Part part, const void* job) override {
            ++runs;
            for (std::size_t i = parts; i > 0; --i) part(job, i - 1);
        }
    };
    const Dataset data = images(6000);
    Counting of_inputs, of_both;
    static_cast<void>(nib::batches(data, 6000, &of_inputs).begin());
    auto shared = nib::batches(Autoencoding{data}, 6000, &of_both);
    auto alone = nib::batches(Autoencoding{data}, 6000);
    CHECK(values(shared.begin()->targets) == values(alone.begin()->targets));
    CHECK(of_inputs.runs == 1);
    CHECK(of_both.runs == 2);
}

TEST_CASE("messages name the data and the example in them") {
    Matrix<float> x(6, 16);
    x(4, 1) = std::numeric_limits<float>::infinity();
    const std::vector<int> classes(6);
    const nib::Subset some{Examples{x, classes}, {1, 4}};
    CHECK(support::contains(support::error_of([&] { return trained(Autoencoding{some}); }),
                            "example 4 of the data has infinity as feature 1"));
    const Dataset data = images(3);
    CHECK(Autoencoding{data}.name == "images");
    // Weights of examples go with them.
    const std::vector<float> weights{1, 2, 3, 4, 5, 6};
    auto batches = nib::batches(Autoencoding{Examples{x, classes}.weighted_by(weights)}, 6);
    CHECK(batches.begin()->weights[4] == 5);
}

TEST_CASE("Autoencoding keeps the examples' weights") {
    const nib::Matrix<float> x(2, 3);
    const std::vector<int> classes(2);
    const std::vector<float> weights{5, 6};
    const nib::Autoencoding data{nib::Examples{x, classes}.weighted_by(weights)};
    CHECK(has_weights(data));
    CHECK(weight_of(data, 1) == 6);
    static_assert(!nib::WeightedSource<nib::Autoencoding<nib::Dataset>>);
}
