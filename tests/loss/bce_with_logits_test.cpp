#include <nib/loss/bce_with_logits.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <limits>
#include <vector>

using nib::BceWithLogitsLoss;
using nib::Matrix;

TEST_CASE_TEMPLATE("BceWithLogitsLoss is -log of the answers' probabilities, of any number of them", T, float, double) {
    nib::Rng rng{1};
    const double bound = sizeof(T) == 4 ? 1e-6 : 1e-14;
    reference::for_each_isa([&](nib::Isa) {
        for (const std::size_t cols : reference::Sizes{1, 7, 255, 256, 257, 1000})
            for (const bool has_pos_weight : {false, true}) {
                CAPTURE(cols);
                Matrix<T> y = reference::random_matrix<T>(3, cols, rng), t = reference::random_matrix<T>(3, cols, rng);
                reference::Guarded<T> dy(3, cols);
                BceWithLogitsLoss loss;
                for (std::size_t c = 0; has_pos_weight && c < cols; ++c)
                    loss.pos_weight.push_back(0.5 + static_cast<double>(c % 5));
                double sum = 0, worst = 0;
                std::vector<double> slopes;
                for (std::size_t i = 0; i < y.size(); ++i) {
                    y.values()[i] *= 5;
                    t.values()[i] = std::abs(t.values()[i]);
                    const double target = static_cast<double>(t.values()[i]);
                    const double p = has_pos_weight ? loss.pos_weight[i % cols] : 1;
                    const double yes = 1 / (1 + std::exp(-static_cast<double>(y.values()[i])));
                    sum -= p * target * std::log(yes) + (1 - target) * std::log(1 - yes);
                    slopes.push_back((1 - target) * yes - p * target * (1 - yes));
                }
                const double count = static_cast<double>(y.size());
                CHECK(loss.template value<T>(y, t) == doctest::Approx(sum / count).epsilon(bound));
                loss.template gradient<T>(y, t, dy.view());
                for (std::size_t i = 0; i < y.size(); ++i)
                    worst = std::max(worst, std::abs(static_cast<double>(dy.values()[i]) * count - slopes[i]));
                CHECK(worst < 5 * bound);
                CHECK(dy.margins_untouched());
            }
    });
}

TEST_CASE_TEMPLATE("BceWithLogitsLoss is right for the largest logits and for the smallest losses", T, float, double) {
    Matrix<T> y(1, 1), t(1, 1), dy(1, 1);
    const auto at = [&](T logit, T target) {
        y(0, 0) = logit;
        t(0, 0) = target;
        BceWithLogitsLoss{}.gradient<T>(y, t, dy);
        return BceWithLogitsLoss{}.value<T>(y, t);
    };
    const T large = (std::numeric_limits<T>::max)();
    CHECK(at(large, 1) == 0);
    CHECK(dy(0, 0) == 0);
    CHECK(at(large, 0) == static_cast<double>(large));
    CHECK(dy(0, 0) == 1);
    CHECK(at(-large, 1) == static_cast<double>(large));
    CHECK(dy(0, 0) == -1);
    CHECK(at(-large, 0) == 0);
    CHECK(at(40, 1) == doctest::Approx(std::exp(-40.0)).epsilon(1e-5));
}

TEST_CASE("a pos_weight of another size, or that is not above 0, is an error") {
    const auto error = [](std::vector<double> pos_weight) {
        return support::error_of([&] { BceWithLogitsLoss{.pos_weight = pos_weight}.check_options(2); });
    };
    CHECK(error({}) == "");
    CHECK(error({1, 2}) == "");
    CHECK(error({1}) ==
          "BceWithLogitsLoss: expected 2 numbers as pos_weight, one for each of the network's outputs, found 1");
    CHECK(error({1, 0}) == "BceWithLogitsLoss: expected finite numbers above 0 as pos_weight, found 0");
}
