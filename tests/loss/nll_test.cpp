#include <nib/loss/nll.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace {

using nib::Matrix;
using nib::NllLoss;

// From PyTorch:
//   z = torch.tensor([[1, 2, -1], [0.5, -1, 2]], dtype=torch.float64, requires_grad=True)
//   y = torch.log_softmax(z, 1); y.retain_grad()
//   loss = torch.nn.NLLLoss()(y, torch.tensor([2, 0])); loss.backward()
//   print(loss.item(), y, y.grad, z.grad)
const std::vector<int> targets{2, 0};
constexpr double loss = 2.5451617567126714;
constexpr double log_probabilities[2][3] = {{-1.34901221676818639, -0.34901221676818633, -3.34901221676818617},
                                            {-1.74131129665715711, -3.24131129665715711, -0.24131129665715703}};
constexpr double gradient_by_y[2][3] = {{0, 0, -0.5}, {-0.5, 0, 0}};
constexpr double gradient_by_z[2][3] = {{0.12974823017120957, 0.35269225634912060, -0.48244048652033011},
                                        {-0.41235480392998164, 0.01955628663534372, 0.39279851729463794}};

template <class T>
Matrix<T> matrix_of(const double (&numbers)[2][3]) {
    Matrix<T> matrix(2, 3);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) matrix(i, j) = static_cast<T>(numbers[i][j]);
    return matrix;
}

template <class T>
void check_close(const Matrix<T>& a, const Matrix<T>& b) {
    const double bound = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (std::size_t i = 0; i < a.size(); ++i)
        CHECK(std::abs(static_cast<double>(a.values()[i] - b.values()[i])) < bound);
}

template <class T>
Matrix<T> log_softmax(const Matrix<T>& x) {
    Matrix<T> y(x.rows(), x.cols());
    nib::log_softmax<T>(x, y);
    return y;
}

}  // namespace

TEST_CASE_TEMPLATE("NllLoss gives the loss and the gradients of torch.nn.NLLLoss", T, float, double) {
    const Matrix<T> y = matrix_of<T>(log_probabilities);
    CHECK(NllLoss{}.value<T>(y, targets) ==
          doctest::Approx(loss).epsilon(static_cast<double>(std::numeric_limits<T>::epsilon())));
    Matrix<T> dy = matrix_of<T>(log_probabilities), dx = dy;
    NllLoss{}.gradient<T>(y, targets, dy);
    check_close(dy, matrix_of<T>(gradient_by_y));
    NllLoss{}.gradient_through<T>(y, targets, dx);
    check_close(dx, matrix_of<T>(gradient_by_z));
}

TEST_CASE("NllLoss is the mean over the batch") {
    Matrix<double> y(3, 2);
    for (std::size_t i = 0; i < y.size(); ++i) y.values()[i] = -static_cast<double>(i);
    CHECK(NllLoss{}.value<double>(y, std::vector<int>{0, 0, 0}) == doctest::Approx((0 + 2 + 4) / 3.0));
    CHECK(NllLoss{}.value<double>(y, std::vector<int>{1, 0, 1}) == doctest::Approx((1 + 2 + 5) / 3.0));
    CHECK(NllLoss{}.value<double>(y.view().middle_rows(1, 1), std::vector<int>{1}) == 3);
}

TEST_CASE("NllLoss adds up in double, so that a large batch in float loses nothing") {
    const std::size_t rows = 200'000;
    Matrix<float> y(rows, 1);
    for (float& value : y.values()) value = -0.1f;
    CHECK(NllLoss{}.value<float>(y, std::vector<int>(rows)) ==
          doctest::Approx(static_cast<double>(0.1f)).epsilon(1e-9));
}

TEST_CASE("central differences confirm both gradients of NllLoss") {
    nib::Rng rng{1};
    for (const std::size_t rows : reference::Sizes{1, 2, 15}) {
        Matrix<double> x = reference::random_matrix<double>(rows, 10, rng);
        std::vector<int> classes(rows);
        for (int& target : classes) target = static_cast<int>(rng.below(10));

        Matrix<double> y = log_softmax(x);
        Matrix<double> dx(rows, 10), dy(rows, 10);
        NllLoss{}.gradient<double>(y, classes, dy);
        NllLoss{}.gradient_through<double>(y, classes, dx);
        const auto loss_of_y = [&] { return NllLoss{}.value<double>(y, classes); };
        const auto loss_of_x = [&] { return NllLoss{}.value<double>(log_softmax(x), classes); };
        CHECK(reference::gradient_error(y.values(), dy.values(), loss_of_y) < 1e-7);
        CHECK(reference::gradient_error(x.values(), dx.values(), loss_of_x) < 1e-7);
    }
}

TEST_CASE_TEMPLATE("the gradient before log-softmax stays finite where a class has no probability", T, float, double) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    Matrix<T> y(1, 2), dx(1, 2);
    y(0, 1) = -infinity;
    CHECK(NllLoss{}.value<T>(y, std::vector<int>{1}) == std::numeric_limits<double>::infinity());
    NllLoss{}.gradient_through<T>(y, std::vector<int>{1}, dx);
    CHECK(dx(0, 0) == 1);
    CHECK(dx(0, 1) == -1);
}
