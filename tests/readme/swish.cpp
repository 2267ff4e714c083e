// The README's example of an activation of one's own: compiled, trained, and compared with its text.
#include <nib/ink.hpp>
#include <nib/nib.hpp>

#include <cstdio>

struct Swish : nib::Elementwise<Swish> {  // y = x * sigmoid(x)
    static auto value(const auto& x) { return x * sigmoid(x); }
    static auto derivative(const auto& x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }
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
