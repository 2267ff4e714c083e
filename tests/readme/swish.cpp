// The README's example of a layer of one's own: compiled, and compared with its text.
#include <nib/nib.hpp>

#include <cmath>
#include <cstdio>

// y = x * sigmoid(x)
struct Swish {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T>, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = x.values()[i] / (1 + std::exp(-x.values()[i]));
    }
    template <class T>
    static void backward(std::span<const T>, nib::MatrixView<const T> x, nib::MatrixView<const T> y,
                         nib::MatrixView<const T> dy, nib::MatrixView<T> dx, std::span<T>) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            const T sigmoid = 1 / (1 + std::exp(-x.values()[i]));
            dx.values()[i] = dy.values()[i] * (sigmoid + y.values()[i] * (1 - sigmoid));
        }
    }
};

using Net = nib::Sequential<nib::Dense<784, 64>, Swish, nib::Dense<64, 10>, nib::LogSoftmax>;

int main() {
    const auto digits = nib::synthetic_digits(3000, 1);
    nib::Rng rng{1};
    Net net{rng};
    nib::Adam adam{net};
    const double before = nib::accuracy(net, digits);
    nib::fit(net, adam, digits, {.epochs = 5, .batch_size = 15}, rng);
    const double after = nib::accuracy(net, digits);
    std::printf("accuracy %.4f before training, %.4f after\n", before, after);
    return before < 0.5 && after > 0.9 ? 0 : 1;
}
