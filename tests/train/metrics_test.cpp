#include <nib/train/metrics.hpp>

#include "../support.hpp"

#include <string>
#include <vector>

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

TEST_CASE("a confusion matrix as text has a line for each truth and a column for each answer") {
    nib::ConfusionMatrix confusion{2};
    for (int i = 0; i < 1234; ++i) confusion.add(0, 0);
    confusion.add(0, 1);
    confusion.add(1, 1);
    CHECK(confusion.text() ==
          "      0  1\n"
          "0  1234  1\n"
          "1     0  1\n");
    CHECK(confusion.text(std::vector<std::string>{"on", "gr\xc3\xbcn"}) ==
          "        on  gr\xc3\xbcn\n"
          "on    1234     1\n"
          "gr\xc3\xbcn     0     1\n");
    CHECK(support::error_of([&] { return confusion.text(std::vector<std::string>{"a"}); }) ==
          "ConfusionMatrix: expected a name for each of 2 classes, found 1");
}

TEST_CASE("averages over classes are scikit-learn's") {
    // The example of scikit-learn's manual for precision_score, recall_score and f1_score, and a class 3 that never
    // occurs, which counts nowhere.
    const std::vector<int> truth{0, 1, 2, 0, 1, 2}, predicted{0, 2, 1, 0, 0, 1};
    nib::ConfusionMatrix confusion{4};
    nib::Matrix<float> outputs(6, 4);
    for (std::size_t i = 0; i < 6; ++i) outputs(i, static_cast<std::size_t>(predicted[i])) = 1;
    confusion.add(outputs, truth);
    const double per_class[][3] = {{2.0 / 3, 1, 0.8}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
    for (int c = 0; c < 4; ++c) {
        CHECK(confusion.precision(c) == doctest::Approx(per_class[c][0]));
        CHECK(confusion.recall(c) == doctest::Approx(per_class[c][1]));
        CHECK(confusion.f1(c) == doctest::Approx(per_class[c][2]));
    }
    using nib::Average;
    CHECK(confusion.precision(Average::macro) == doctest::Approx(2.0 / 9));
    CHECK(confusion.recall(Average::macro) == doctest::Approx(1.0 / 3));
    CHECK(confusion.f1(Average::macro) == doctest::Approx(0.8 / 3));
    for (const double micro :
         {confusion.precision(Average::micro), confusion.recall(Average::micro), confusion.f1(Average::micro)})
        CHECK(micro == doctest::Approx(1.0 / 3));
    confusion.add(0, 0);  // so that the classes weigh 3, 2 and 2
    CHECK(confusion.precision(Average::weighted) == doctest::Approx(3 * 0.75 / 7));
    CHECK(confusion.recall(Average::weighted) == doctest::Approx(3.0 / 7));
    CHECK(confusion.f1(Average::weighted) == doctest::Approx(3 * (6.0 / 7) / 7));
    CHECK(nib::ConfusionMatrix{2}.f1(Average::weighted) == 0);

    CHECK(support::error_of([&] { return confusion.add(nib::Matrix<float>(6, 3), truth), 0; }) ==
          "ConfusionMatrix: expected 4 outputs, one for each class, found 3");
    CHECK(support::error_of([&] { return confusion.add(nib::Matrix<float>(5, 4), truth), 0; }) ==
          "ConfusionMatrix: expected a class for each of 5 rows of outputs, found 6");
    CHECK(support::error_of([&] { return confusion.add(nib::Matrix<float>(1, 4), std::vector<int>{4}), 0; }) != "");
}

TEST_CASE("top-k accuracy: the right class is among the k largest outputs, of equals the lower class first") {
    const double scores[] = {0.5, 0.2, 0.2, 0.3, 0.4, 0.2,
                             0.2, 0.4, 0.3, 0.7, 0.2, 0.1};  // as in scikit-learn's manual
    nib::Matrix<double> outputs(4, 3);
    for (std::size_t i = 0; i < outputs.size(); ++i) outputs.data()[i] = scores[i];
    const auto accuracy = [&](std::size_t k, const std::vector<int>& truth) {
        nib::TopKAccuracy metric{k};
        metric.add(outputs.view(), truth);
        CHECK(metric.total() == 4);
        return metric.accuracy();
    };
    const std::vector<int> truth{0, 1, 2, 2};
    CHECK(accuracy(1, truth) == 0.5);
    CHECK(accuracy(2, truth) == 0.75);
    CHECK(accuracy(3, truth) == 1);
    CHECK(accuracy(100, truth) == 1);
    CHECK(accuracy(2, {1, 1, 1, 1}) == 1);
    CHECK(accuracy(2, {2, 1, 1, 1}) == 0.75);
    CHECK(nib::TopKAccuracy{1}.accuracy() == 0);
    CHECK(support::error_of([] { return nib::TopKAccuracy{0}; }) == "TopKAccuracy: expected k of at least 1, found 0");
}
