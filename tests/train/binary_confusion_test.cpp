#include <nib/train/binary_confusion.hpp>

#include "../support.hpp"

#include <nib/model/mlp.hpp>
#include <nib/train/evaluate.hpp>

#include <cmath>

TEST_CASE("each column of outputs has a confusion matrix of yes and no") {
    nib::Matrix<float> x(5, 2), y(5, 2);
    // Column 0: yes right twice, a false yes, a missed yes, a no. Column 1: always no, right but for one.
    const float outputs[] = {1, -1, 2, -1, 0.5f, -1, -3, -1, -2, 0}, targets[] = {1, 0, 1, 0, 0, 0, 1, 0, 0, 1};
    for (std::size_t i = 0; i < 10; ++i) {
        x.data()[i] = outputs[i];
        y.data()[i] = targets[i];
    }
    nib::Mlp net{{2, 2}, {.output = {}}};
    net.parameters()[0] = net.parameters()[3] = 1;  // gives what it takes
    nib::BinaryConfusion confusion;
    nib::measure(net, nib::Examples{x, y}, confusion);
    REQUIRE(confusion.columns() == 2);
    const nib::ConfusionMatrix &first = confusion.column(0), &second = confusion.column(1);
    CHECK(first.accuracy() == doctest::Approx(0.6));
    CHECK(first.precision(1) == doctest::Approx(2.0 / 3));
    CHECK(first.recall(1) == doctest::Approx(2.0 / 3));
    CHECK(first.f1(1) == doctest::Approx(2.0 / 3));
    CHECK(first.count(0, 1) == 1);
    CHECK(second.accuracy() == doctest::Approx(0.8));
    CHECK(second.f1(1) == 0);

    nib::BinaryConfusion of_probabilities{0.75};
    of_probabilities.add(x.view(), y.view());
    CHECK(of_probabilities.column(0).accuracy() == doctest::Approx(0.8));
    x(0, 0) = std::nanf("");
    of_probabilities.add(x, y);
    CHECK(of_probabilities.column(0).count(1, 0) == 3);
    CHECK(support::error_of([&] { return of_probabilities.add(x, nib::Matrix<float>(5, 1)), 0; }) ==
          "BinaryConfusion: expected 2 outputs and as many targets for each example, found 2 for 5 and 1 for 5");
    CHECK(support::error_of([&] { return of_probabilities.add(nib::Matrix<float>(5, 1), y), 0; }) != "");
}
