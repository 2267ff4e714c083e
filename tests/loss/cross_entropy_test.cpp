#include <nib/loss/cross_entropy.hpp>

#include "../reference.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using nib::CrossEntropyLoss;
using nib::Matrix;

TEST_CASE_TEMPLATE("CrossEntropyLoss is NllLoss of the log-softmax, to the bit", T, float, double) {
    nib::Rng rng{3};
    reference::for_each_isa([&](nib::Isa) {
        for (const std::size_t rows : reference::Sizes{1, 2, 15})
            for (const std::size_t cols : reference::Sizes{1, 2, 10, 63, 64, 65, 200}) {
                CAPTURE(cols);
                Matrix<T> x = reference::random_matrix<T>(rows, cols, rng), y = x, expected = x, dx = x;
                for (T& value : x.values()) value *= 20;
                std::vector<int> classes(rows);
                for (int& target : classes) target = static_cast<int>(rng.below(cols));
                nib::log_softmax<T>(x, y);
                CHECK(CrossEntropyLoss{}.value<T>(x, classes) == nib::NllLoss{}.value<T>(y, classes));
                nib::NllLoss{}.gradient_through<T>(y, classes, expected);
                CrossEntropyLoss{}.gradient<T>(x, classes, dx);
                CHECK(reference::same_bits(dx, expected));
            }
    });
}

TEST_CASE("CrossEntropyLoss is -log of the probability, and its gradient that of central differences") {
    nib::Rng rng{4};
    Matrix<double> x = reference::random_matrix<double>(6, 5, rng), dx(6, 5);
    const std::vector<int> classes{0, 4, 2, 2, 1, 3};
    double sum = 0;
    for (std::size_t b = 0; b < 6; ++b) {
        double total = 0;
        for (const double value : x.row(b)) total += std::exp(value);
        sum -= std::log(std::exp(x(b, static_cast<std::size_t>(classes[b]))) / total);
    }
    const auto loss = [&] { return CrossEntropyLoss{}.value<double>(x, classes); };
    CHECK(loss() == doctest::Approx(sum / 6).epsilon(1e-14));
    CrossEntropyLoss{}.gradient<double>(x, classes, dx);
    CHECK(reference::gradient_error(x.values(), dx.values(), loss) < 1e-7);
}

TEST_CASE_TEMPLATE("CrossEntropyLoss is finite for the largest logits", T, float, double) {
    Matrix<T> x(1, 2), dx(1, 2);
    x(0, 0) = (std::numeric_limits<T>::max)() / 4;
    x(0, 1) = -x(0, 0);
    CHECK(CrossEntropyLoss{}.value<T>(x, std::vector<int>{0}) == 0);
    CHECK(std::isfinite(CrossEntropyLoss{}.value<T>(x, std::vector<int>{1})));
    CrossEntropyLoss{}.gradient<T>(x, std::vector<int>{1}, dx);
    CHECK(dx(0, 0) == 1);
    CHECK(dx(0, 1) == -1);
}
