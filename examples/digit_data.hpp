// The digits that the examples learn from and are tested on: MNIST's files where the user has them, nib's own synthetic
// digits where not.
#pragma once

#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace examples {

inline constexpr std::size_t classes = 10;

// As many as MNIST has. The test digits are the same for every seed that training may use, and none of them.
inline nib::Dataset synthetic_training_digits(std::uint64_t seed) { return nib::synthetic_digits(60'000, seed); }
inline nib::Dataset synthetic_test_digits() { return nib::synthetic_digits(10'000, 0x7e57'd161'7500'0000); }

inline nib::Dataset training_digits(const std::string& folder, std::uint64_t seed) {
    if (!folder.empty()) return nib::load_mnist(folder, nib::Split::train);
    std::fputs("no --data: training on 60,000 synthetic digits, testing on 10,000 others\n", stderr);
    return synthetic_training_digits(seed);
}

inline nib::Dataset test_digits(const std::string& folder) {
    return folder.empty() ? synthetic_test_digits() : nib::load_mnist(folder, nib::Split::test);
}

}  // namespace examples
