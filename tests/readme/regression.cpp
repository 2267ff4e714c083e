// The example of a regression in examples/training.md: compiled, run, and compared with the page.
#include <nib/nib.hpp>

#include <cmath>
#include <cstdio>

int main() {
    nib::Matrix<float> x(400, 1), y(400, 1);  // y = sin(3 x)
    nib::Rng rng{3};
    for (std::size_t i = 0; i < x.rows(); ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-1, 1));
        y(i, 0) = std::sin(3 * x(i, 0));
    }

    nib::Mlp net{{1, 32, 32, 1}, rng, {.activation = nib::Tanh{}, .output = {}}};
    nib::Sgd sgd{net, {.learning_rate = 0.05, .momentum = 0.9}};
    nib::fit(net, sgd, nib::Examples{x, y}, {.epochs = 200, .batch_size = 20}, rng, nib::MseLoss{});

    const double loss = nib::evaluate(net, nib::Examples{x, y}, nib::MseLoss{}).loss;
    std::printf("mean squared error %.6f\n", loss);
    return loss < 1e-3 ? 0 : 1;
}
