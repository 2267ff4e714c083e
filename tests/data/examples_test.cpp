#include <nib/data/examples.hpp>

#include "../support.hpp"

#include <span>
#include <type_traits>
#include <utility>
#include <vector>

using nib::Dataset;
using nib::Examples;
using nib::Matrix;

TEST_CASE("Examples is made from a matrix, a view, and classes of any kind") {
    Matrix<float> inputs(2, 3);
    std::vector<int> classes{4, 5};
    static_assert(std::is_same_v<decltype(Examples{inputs, classes}), Examples<float>>);
    static_assert(std::is_same_v<decltype(Examples{inputs.view(), std::span<const int>{classes}}), Examples<float>>);
    static_assert(std::is_same_v<decltype(Examples{std::as_const(inputs).view(), classes}), Examples<float>>);
    const Examples examples{inputs, classes};
    inputs(1, 2) = 9;
    CHECK(examples.inputs(1, 2) == 9);
    const Matrix<double> doubles(2, 3), targets(2, 1);
    static_assert(std::is_same_v<decltype(Examples{doubles, targets}), Examples<double, double>>);
    static_assert(std::is_same_v<decltype(Examples{doubles.view(), targets.view()}), Examples<double, double>>);
    static_assert(std::is_same_v<decltype(Examples{inputs, inputs.view()}), Examples<float, float>>);
    static_assert(!std::is_constructible_v<Examples<double, double>, Matrix<double>, const Matrix<double>&>);
    static_assert(!std::is_constructible_v<Examples<double, double>, const Matrix<double>&, Matrix<double>>);
    static_assert(!std::is_constructible_v<Examples<float>, Matrix<float>, std::vector<int>&>);
    static_assert(!std::is_constructible_v<Examples<float>, Matrix<float>&, std::vector<int>>);
    static_assert(!std::is_constructible_v<Examples<float>, Matrix<float>, std::vector<int>>);
    static_assert(nib::ExampleSource<Examples<double, double>, double>);
    static_assert(!nib::ExampleSource<Examples<double, double>, float>);
    static_assert(nib::ExampleSource<Dataset, float>);
    static_assert(nib::ExampleSource<Dataset, double>);
    static_assert(nib::ExampleSource<Examples<double>, double>);
    static_assert(!nib::ExampleSource<Examples<double>, float>);
    static_assert(!nib::ExampleSource<std::vector<int>, float>);
}

TEST_CASE("Examples refuses another number of classes than of rows") {
    const Matrix<float> inputs(5, 3);
    const std::vector<int> four(4), six(6);
    CHECK(support::error_of([&] {
              Examples{inputs, four};
          }) == "Examples: expected a class for each of 5 rows, found 4");
    CHECK(support::error_of([&] {
              Examples{inputs, six};
          }) == "Examples: expected a class for each of 5 rows, found 6");
    const Matrix<float> targets(4, 2);
    CHECK(support::error_of([&] {
              Examples{inputs, targets};
          }) == "Examples: expected a row of targets for each of 5 rows, found 4");
}

TEST_CASE("targets may be one column in a vector") {
    const Matrix<float> inputs(3, 2);
    std::vector<float> column{1, 2, 3};
    const Examples examples{inputs, column};
    static_assert(std::is_same_v<decltype(Examples{inputs, column}), Examples<float, float>>);
    static_assert(std::is_same_v<decltype(Examples{inputs, std::span<const float>{column}}), Examples<float, float>>);
    CHECK(examples.size() == 3);
    CHECK(target_size(examples) == 1);
    column[2] = 9;
    CHECK(examples.targets(2, 0) == 9);
    column.pop_back();
    CHECK(support::error_of([&] {
              Examples{inputs, column};
          }) == "Examples: expected a row of targets for each of 3 rows, found 2");
    using OfFloats = Examples<float, float>;
    static_assert(!std::is_constructible_v<OfFloats, const Matrix<float>&, std::vector<float>>);
    static_assert(!std::is_constructible_v<OfFloats, Matrix<float>, std::vector<float>&>);
    static_assert(!std::is_constructible_v<OfFloats, Matrix<float>, std::vector<float>>);
    static_assert(!std::is_constructible_v<Examples<float>, const Matrix<float>&, std::vector<float>&>);
}

template <class Weights>
concept takes_weights = requires(const Examples<double, double>& examples, Weights&& weights) {
    examples.weighted_by(static_cast<Weights&&>(weights));
};

TEST_CASE("Examples have no weights, or as many as rows") {
    const Matrix<double> inputs(3, 2), targets(3, 1);
    const std::vector<double> three{1, 2, 3}, two{1, 2};
    const Examples examples{inputs, targets};
    CHECK_FALSE(has_weights(examples));
    CHECK(has_weights(examples.weighted_by(three)));
    CHECK(weight_of(examples.weighted_by(three), 2) == 3);
    static_assert(nib::WeightedSource<Examples<float>> && !nib::WeightedSource<Dataset>);
    static_assert(takes_weights<const std::vector<double>&> &&
                  !takes_weights<std::vector<double>>);  // it would be gone
    CHECK(support::error_of([&] { return examples.weighted_by(two); }) ==
          "Examples: expected a weight for each of 3 rows, found 2");
}
