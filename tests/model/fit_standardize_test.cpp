#include <nib/model/fit_standardize.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/data/augmentation.hpp>
#include <nib/data/split.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/mlp.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace {

template <class T>
using Net = nib::BasicSequential<T, nib::Standardize, nib::Dense<4, 2>>;

}  // namespace

TEST_CASE_TEMPLATE("features of the data get mean 0 and deviation 1; one that never changes becomes 0", T, float,
                   double) {
    nib::Rng rng{1};
    nib::Matrix<T> x(1000, 4), targets(1000, 2);
    for (std::size_t i = 0; i < x.rows(); ++i) {
        x(i, 0) = static_cast<T>(5 + 0.1 * rng.normal());
        x(i, 1) = static_cast<T>(-1000 + 40 * rng.normal());
        x(i, 2) = static_cast<T>(0.1);
        x(i, 3) = rng.uniform() < 0.9 ? T{0} : static_cast<T>(rng.uniform());
    }
    const std::vector<int> classes(1000);
    Net<T> net{rng};
    const auto check = [&] {
        for (std::size_t j = 0; j < 4; ++j) {
            double mean = 0, variance = 0;
            for (std::size_t i = 0; i < x.rows(); ++i) mean += static_cast<double>(x(i, j)) / 1000;
            for (std::size_t i = 0; i < x.rows(); ++i)
                variance += std::pow(static_cast<double>(x(i, j)) - mean, 2) / 1000;
            const double epsilon = sizeof(T) == 4 ? 1e-6 : 1e-12;
            CHECK(static_cast<double>(net.buffers()[j]) == doctest::Approx(mean).epsilon(epsilon));
            CHECK(static_cast<double>(net.buffers()[4 + j]) ==
                  doctest::Approx(j == 2 ? 1 : std::sqrt(variance)).epsilon(epsilon));
        }
        CHECK(net.buffers()[2] == x(0, 2));
    };
    nib::fit_standardize(net, nib::Examples{x, classes});
    check();
    for (T& number : net.buffers()) number = 7;
    nib::fit_standardize(net, nib::Examples{x, targets});
    check();
    nib::BasicMlp<T> mlp{{4, 3, 2}, rng, {.input = nib::Standardize{}}};
    nib::fit_standardize(mlp, nib::Examples{x, classes});
    CHECK(reference::same_bits<T>(std::as_const(mlp).buffers(), std::as_const(net).buffers()));

    // Mostly zeros, which come as sparse batches.
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t j = 0; j < 3; ++j)
            if (i % 10 != 0 && j != 2) x(i, j) = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) x(i, 2) = 0;
    nib::fit_standardize(net, nib::Examples{x, classes});
    check();
}

TEST_CASE("what cannot be standardised is an error that names it, and changes nothing") {
    nib::Rng rng{2};
    Net<double> net{rng};
    net.buffers()[1] = 3;
    nib::Matrix<double> x = reference::random_matrix<double>(300, 4, rng);
    const std::vector<int> classes(300), none;
    const auto error = [&](auto& network, const auto& data) {
        return support::error_of([&] { return nib::fit_standardize(network, data), 0; });
    };
    x(290, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK(error(net, nib::Examples{x, classes}) ==
          "the data: expected finite numbers, found NaN as feature 2 of example 290");
    const nib::Subset some{nib::Examples{x, classes}, {0, 290}};
    CHECK(error(net, some) == "the data: expected finite numbers, found NaN as feature 2 of example 290");
    x(290, 2) = 1e300;
    CHECK(error(net, nib::Examples{x, classes}) ==
          "the data: feature 2: expected numbers whose squares are finite, found larger ones");
    CHECK(net.buffers()[1] == 3);
    const nib::Matrix<double> wide(300, 5), empty(0, 4);
    CHECK(support::contains(error(net, nib::Examples{wide, classes}), "expected examples of 4 features"));
    CHECK(support::contains(error(net, nib::Examples{empty, none}), "expected at least one example"));
    nib::BasicSequential<double, nib::Dense<4, 2>, nib::Standardize> behind{rng};
    CHECK(error(behind, nib::Examples{wide, classes}) ==
          "fit_standardize: expected a network that begins with Standardize, found Linear(4, 2)");
    nib::BasicMlp<double> mlp{{4, 2}, rng};
    CHECK(support::contains(error(mlp, nib::Examples{x, classes}), "found Linear(4, 2)"));
    const Net<double> elsewhere = std::move(net);
    CHECK(support::contains(error(net, nib::Examples{x, classes}), "moved from"));
}

TEST_CASE("data of mean 0 and deviation 1 tell it these") {
    nib::Rng rng{3};
    nib::Matrix<float> x(2, 1);
    const std::vector<int> classes(2);
    nib::Sequential<nib::Standardize, nib::Dense<1, 2>> net{rng};
    const auto error = [&] {
        return support::error_of([&] { nib::Standardize::check_ready<float>(std::as_const(net).buffers()); });
    };
    CHECK(support::contains(error(), "call fit_standardize(net, data) first"));
    x(0, 0) = -1;
    x(1, 0) = 1;
    nib::fit_standardize(net, nib::Examples{x, classes});
    CHECK((net.buffers()[0] == 0 && net.buffers()[1] == 1));
    CHECK(error() == "");
    for (const float zero : {0.0f, -0.0f}) {
        x(0, 0) = x(1, 0) = zero;
        nib::Sequential<nib::Standardize, nib::Dense<1, 2>> other{rng};
        nib::fit_standardize(net = other, nib::Examples{x, classes});
        CHECK(error() == "");
    }
}
