// The classic digit network on MNIST: trained, tested and saved.
#include <nib/nib.hpp>

#include <cstdio>
#include <string_view>

// clang-format off
using Digits = nib::Sequential<
    nib::Dense<784, 64>, nib::ReLU,
    nib::Dense<64, 64>, nib::ReLU,
    nib::Dense<64, 64>, nib::ReLU,
    nib::Dense<64, 10>, nib::LogSoftmax>;
// clang-format on

int main(int argc, char** argv) try {
    if (argc != 2 || argv[1][0] == '-') {
        const bool help = argc == 2 && argv[1] == std::string_view{"--help"};
        std::fprintf(help ? stdout : stderr, "usage: digits DIR, a folder of MNIST's four files\n");
        return help ? 0 : 2;
    }
    const auto train = nib::load_mnist(argv[1], nib::Split::train);
    const auto test = nib::load_mnist(argv[1], nib::Split::test);

    nib::Rng rng{42};
    Digits net{rng};  // initialised as torch.nn.Linear is
    nib::Adam adam{net, {.learning_rate = 1e-3}};
    nib::Gradients gradients{net, nib::NllLoss{}};  // owns the scratch memory

    for (int epoch = 1; epoch <= 4; ++epoch) {
        for (const auto& batch : nib::batches(train, 15, rng)) adam.step(net, gradients(net, batch));
        std::printf("epoch %d  accuracy %.4f\n", epoch, nib::accuracy(net, test));
        if (std::fflush(stdout) != 0) nib::fail("cannot write to standard output");
    }
    nib::save(net, "digits.safetensors");
} catch (const std::exception& error) {
    std::fprintf(stderr, "digits: %s\n", error.what());
    return 1;
}
