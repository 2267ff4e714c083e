#include <nib/train/averages.hpp>

#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/sequential.hpp>
#include <nib/train/gradients.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using Net = nib::BasicSequential<double, nib::Dense<40, 30>, nib::Tanh, nib::Dense<30, 3>, nib::LogSoftmax>;

struct Points {
    nib::Matrix<double> x{25, 40};
    std::vector<int> classes = std::vector<int>(25);

    Points() {
        nib::Rng rng{3};
        for (double& value : x.values()) value = rng.normal();
        for (int& target : classes) target = static_cast<int>(rng.below(3));
    }
    nib::Batch<double> batch(std::size_t first, std::size_t count) const {
        return {nib::MatrixView<const double>{x.row(first).data(), count, x.cols()},
                std::span<const int>{classes.data() + first, count}};
    }
};

}  // namespace

TEST_CASE("the averaged gradients of several batches are those of one batch, whatever their sizes and the threads") {
    const Points points;
    nib::Rng rng{4};
    Net net{rng};
    nib::Gradients all{net};
    const std::span<const double> one_batch = all(net, points.batch(0, 25)).multiply_out();
    const std::vector<double> expected(one_batch.begin(), one_batch.end());
    std::vector<double> first;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{3}}) {
        nib::ThreadPool pool{threads};
        nib::Gradients gradients{net, nib::NllLoss{}, &pool};
        nib::GradientAverage<double> average;
        for (int round = 0; round < 2; ++round) {  // after take() it begins anew
            for (const auto& [start, count] : {std::pair{0, 10}, {10, 10}, {20, 5}})
                average.add(
                    gradients(net, points.batch(static_cast<std::size_t>(start), static_cast<std::size_t>(count))),
                    static_cast<std::size_t>(count));
            CHECK(average.batches() == 3);
            const std::span<const double> found = average.take().multiply_out();
            CHECK(average.batches() == 0);
            REQUIRE(found.size() == expected.size());
            for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-15);
            if (first.empty()) first.assign(found.begin(), found.end());
            CHECK(std::ranges::equal(found, first));
        }
    }
    // Of one batch they are its own, to the bit.
    nib::GradientAverage<double> average;
    average.add(all(net, points.batch(0, 25)), 25);
    CHECK(std::ranges::equal(average.take().multiply_out(), expected));

    const nib::Sequential<nib::Dense<2, 1>> small{rng};
    nib::GradientAverage<float> other;
    std::vector<float> values(3);
    nib::ListPositions<float> positions;
    other.add({values, {}, positions}, 1);
    values.resize(4);
    CHECK(support::error_of([&] {
              return other.add({values, {}, positions}, 1), 0;
          }) == "an average of 3 parameters was given 4");
}

TEST_CASE("the average of parameters is that of a loop by hand") {
    nib::Rng rng{5};
    std::vector<double> expected(37);
    nib::ParameterAverage<double> average;
    CHECK(average.values().empty());
    for (int t = 0; t < 200; ++t) {
        std::vector<double> parameters(expected.size());
        for (double& value : parameters) value = rng.normal();
        const double decay = t == 0 ? 0 : std::min(0.9, (1.0 + t) / (10.0 + t));
        for (std::size_t i = 0; i < expected.size(); ++i)
            expected[i] = decay * expected[i] + (1 - decay) * parameters[i];
        average.update(parameters, 0.9);
        CHECK(average.updates() == static_cast<std::uint64_t>(t) + 1);
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(average.values()[i] - expected[i]) < 1e-14);
        if (t == 0) CHECK(std::ranges::equal(average.values(), parameters));
        if (t == 100) {
            nib::ParameterAverage<double> other;
            other.restore(average.updates(), average.values());
            average = other;
        }
    }
    CHECK(support::error_of([&] { return average.update(std::vector<double>(3), 0.9), 0; }) ==
          "an average of 37 parameters was given 3");
}
