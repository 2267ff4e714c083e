#include <nib/loss/mse.hpp>

#include "../reference.hpp"

#include <cstddef>

using nib::Matrix;
using nib::MseLoss;

TEST_CASE_TEMPLATE("MseLoss averages over all numbers, as torch.nn.MSELoss does", T, float, double) {
    Matrix<T> y(2, 3), targets(2, 3), dy(2, 3);
    const T errors[] = {1, -2, 0, 0.5, 3, -1};
    for (std::size_t i = 0; i < 6; ++i) {
        targets.values()[i] = static_cast<T>(i);
        y.values()[i] = targets.values()[i] + errors[i];
    }
    CHECK(MseLoss{}.value<T>(y, targets) == doctest::Approx((1 + 4 + 0.25 + 9 + 1) / 6).epsilon(1e-15));
    MseLoss{}.gradient<T>(y, targets, dy);
    for (std::size_t i = 0; i < 6; ++i)
        CHECK(static_cast<double>(dy.values()[i]) == doctest::Approx(static_cast<double>(errors[i]) / 3).epsilon(1e-6));
}

TEST_CASE("central differences confirm the gradient of MseLoss") {
    nib::Rng rng{1};
    for (const std::size_t rows : reference::Sizes{1, 2, 15}) {
        Matrix<double> y = reference::random_matrix<double>(rows, 7, rng), dy(rows, 7);
        const Matrix<double> targets = reference::random_matrix<double>(rows, 7, rng);
        MseLoss{}.gradient<double>(y, targets, dy);
        const auto loss = [&] { return MseLoss{}.value<double>(y, targets); };
        CHECK(reference::gradient_error(y.values(), dy.values(), loss) < 1e-7);
    }
}

TEST_CASE("MseLoss adds up in double, so that a large batch in float loses nothing") {
    Matrix<float> y(200'000, 1), targets(200'000, 1);
    for (float& value : y.values()) value = 0.1f;
    CHECK(MseLoss{}.value<float>(y, targets) ==
          doctest::Approx(static_cast<double>(0.1f) * static_cast<double>(0.1f)).epsilon(1e-9));
}
