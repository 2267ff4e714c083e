// The example of a user's own numbers in examples/training.md: compiled, run, and compared with the page.
#include <nib/nib.hpp>

#include <cstdio>
#include <vector>

int main() {
    nib::Matrix<float> x(200, 2);  // 200 examples of two features
    std::vector<int> classes(200);
    nib::Rng rng{7};
    for (std::size_t i = 0; i < x.rows(); ++i) {
        x(i, 0) = static_cast<float>(rng.normal());
        x(i, 1) = static_cast<float>(rng.normal());
        classes[i] = x(i, 0) * x(i, 1) > 0 ? 1 : 0;
    }

    nib::Mlp net{{2, 16, 2}, rng};
    nib::Adam adam{net, {.learning_rate = 0.01}};
    nib::fit(net, adam, nib::Examples{x, classes}, {.epochs = 100, .batch_size = 20}, rng);

    const std::vector<float> point{1.5f, 2.0f};
    std::printf("class %d, probability %.2f\n", nib::predict(net, point), nib::probabilities(net, point)[1]);
    nib::save(net, "quadrants.safetensors");
}
