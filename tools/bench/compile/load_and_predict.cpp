// Loads a safetensors file and predicts, without the readers of other formats.
#include <nib/io/safetensors.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/load.hpp>
#include <nib/model/sequential.hpp>

#include <cstdio>

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;

int main(int argc, char** argv) try {
    if (argc != 2) return 2;
    nib::Rng rng{42};
    Digits net{rng};
    nib::TensorFile file = nib::open_safetensors(argv[1]);
    nib::load(net, file);
    float image[784] = {};
    for (int c = 0, i = 0; i < 784 && (c = std::getchar()) != EOF; ++i) image[i] = static_cast<float>(c) / 255;
    for (const float log_probability : net(image)) std::printf("%g\n", static_cast<double>(log_probability));
} catch (const nib::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
