#include <nib/nib.hpp>

#include <array>
#include <cmath>
#include <cstdio>

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<4, 8>, nib::ReLU, nib::Dense<8, 3>, nib::LogSoftmax> net{rng};

    const std::array<float, 4> x{0.5f, -1.0f, 0.25f, 2.0f};
    const auto log_probabilities = net(x);
    double sum = 0;
    for (const float value : log_probabilities) sum += std::exp(static_cast<double>(value));
    const int predicted = nib::predict(net, x);

    const nib::Mlp mlp{{4, 8, 3}, rng};
    const bool good = std::abs(sum - 1) < 1e-5 && predicted >= 0 && predicted < 3 &&
                      mlp.parameters().size() == net.parameters().size();
    std::printf("class %d, probabilities add up to %.6f: %s\n", predicted, sum, good ? "good" : "bad");
    return good ? 0 : 1;
}
