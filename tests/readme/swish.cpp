// The README's example of an activation of one's own: compiled, and compared with its text.
#include <nib/ink.hpp>
#include <nib/nib.hpp>

#include <cstdio>

// y = x * sigmoid(x)
struct Swish : nib::Elementwise<Swish> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        const V s = sigmoid(x);
        return s + x * s * (1 - s);
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
