// The README's example of an activation of one's own: compiled, trained, and compared with its text.
#include <nib/ink.hpp>
#include <nib/nib.hpp>
#include <nib/train/gradient_check.hpp>

#include <cmath>
#include <cstdio>

struct Softsign : nib::Elementwise<Softsign> {  // y = x / (1 + |x|)
    static auto value(const auto& x) { return x / (1 + abs(x)); }
    static auto derivative(const auto& x) { return 1 / ((1 + abs(x)) * (1 + abs(x))); }
};

using Net = nib::Sequential<nib::Dense<784, 64>, Softsign, nib::Dense<64, 10>, nib::LogSoftmax>;

// The values are those of the formula, and the gradients those of the values.
bool is_softsign() {
    nib::Rng rng{1};
    nib::Matrix<double> x(6, 5), y(6, 5);
    for (double& value : x.values()) value = 8 * rng.uniform() - 4;
    Softsign::forward<double>({}, x.view(), y.view());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double value = x.values()[i];
        if (std::abs(y.values()[i] - value / (1 + std::abs(value))) > 1e-15) return false;
    }
    const nib::BasicSequential<double, nib::Dense<5, 4>, Softsign, nib::Dense<4, 3>, nib::LogSoftmax> net{rng};
    const int classes[] = {0, 1, 2, 2, 1, 0};
    return nib::check_gradients(net, {x, classes}).passed;
}

int main() {
    const auto digits = nib::synthetic_digits(3000, 1);
    nib::Rng rng{1};
    Net net{rng};
    nib::Adam adam{net};
    const double before = nib::accuracy(net, digits);
    nib::fit(net, adam, digits, {.epochs = 5, .batch_size = 15}, rng);
    const double after = nib::accuracy(net, digits);
    std::printf("accuracy %.4f before training, %.4f after\n", before, after);
    return is_softsign() && before < 0.5 && after > 0.9 ? 0 : 1;
}
