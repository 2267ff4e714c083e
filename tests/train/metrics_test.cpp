#include <nib/train/metrics.hpp>

#include "../support.hpp"

TEST_CASE("a confusion matrix gives accuracy, precision and recall") {
    nib::ConfusionMatrix confusion{3};
    // truth 0: three right; truth 1: one right, two taken for 0; truth 2 never seen.
    for (int i = 0; i < 3; ++i) confusion.add(0, 0);
    confusion.add(1, 1);
    confusion.add(1, 0);
    confusion.add(1, 0);
    CHECK(confusion.total() == 6);
    CHECK(confusion.correct() == 4);
    CHECK(confusion.count(1, 0) == 2);
    CHECK(confusion.of_class(1) == 3);
    CHECK(confusion.predicted(0) == 5);
    CHECK(confusion.accuracy() == doctest::Approx(4.0 / 6));
    CHECK(confusion.precision(0) == doctest::Approx(3.0 / 5));
    CHECK(confusion.recall(0) == 1);
    CHECK(confusion.precision(1) == 1);
    CHECK(confusion.recall(1) == doctest::Approx(1.0 / 3));
}

TEST_CASE("what there is none of has precision, recall and accuracy 0, not NaN") {
    nib::ConfusionMatrix confusion{2};
    CHECK(confusion.accuracy() == 0);
    CHECK(confusion.precision(1) == 0);
    CHECK(confusion.recall(1) == 0);
}
