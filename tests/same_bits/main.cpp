// Trains a little on numbers that come from the generator alone, and prints a hash of the parameters' bits. Built
// twice, for any machine and for this one: both must print the same.
#include <nib/model/mlp.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/fit.hpp>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    nib::Rng rng{5};
    nib::Matrix<float> x(300, 50);
    std::vector<int> classes(x.rows());
    for (std::size_t i = 0; i < x.rows(); ++i) {
        classes[i] = static_cast<int>(rng.below(7));
        for (float& value : x.row(i))
            value = rng.uniform() < 0.7 ? 0.0f : static_cast<float>(rng.normal() + classes[i]);
    }
    nib::Mlp net{{50, 33, 17, 7}, rng};
    nib::Adam adam{net};
    nib::fit(net, adam, nib::Examples{x, classes}, {.epochs = 3, .batch_size = 13}, rng);
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const float parameter : net.parameters())
        hash = (hash ^ std::bit_cast<std::uint32_t>(parameter)) * 1099511628211u;
    std::printf("%016llx\n", static_cast<unsigned long long>(hash));
}
