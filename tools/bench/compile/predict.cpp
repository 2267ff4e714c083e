// Predicts, and does nothing else: what a program pays that has its parameters elsewhere.
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>

#include <cstdio>

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;

int main() {
    nib::Rng rng{42};
    const Digits net{rng};
    float image[784] = {};
    for (int c = 0, i = 0; i < 784 && (c = std::getchar()) != EOF; ++i) image[i] = static_cast<float>(c) / 255;
    for (const float log_probability : net(image)) std::printf("%g\n", static_cast<double>(log_probability));
}
