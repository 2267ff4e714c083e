#include "digit_data.hpp"

#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace examples {

nib::Dataset synthetic_training_digits(std::uint64_t seed) { return nib::synthetic_digits(60'000, seed); }
nib::Dataset synthetic_test_digits() { return nib::synthetic_digits(10'000, 0x7e57'd161'7500'0000); }

nib::Dataset training_digits(const std::string& folder, std::uint64_t seed) {
    if (!folder.empty()) return nib::load_mnist(folder, nib::Split::train);
    std::fputs("no --data: training on 60,000 synthetic digits, testing on 10,000 others\n", stderr);
    return synthetic_training_digits(seed);
}

nib::Dataset test_digits(const std::string& folder) {
    return folder.empty() ? synthetic_test_digits() : nib::load_mnist(folder, nib::Split::test);
}

}  // namespace examples
