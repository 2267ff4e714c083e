#include "digit_data.hpp"

#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace examples {

nib::Dataset synthetic_test_digits() { return nib::synthetic_digits(10'000, 0x7e57'd161'7500'0000); }

nib::Dataset training_digits(const std::string& folder, std::size_t synthetic, std::uint64_t seed,
                             nib::Executor& executor) {
    if (folder.empty()) {
        if (synthetic == 0) synthetic = synthetic_training_digits;
        std::fprintf(stderr, "no --data: training on %zu synthetic digits, testing on 10000 others\n", synthetic);
        return nib::synthetic_digits(synthetic, seed, &executor);
    }
    nib::Dataset digits = nib::load_mnist(folder, nib::Split::train);
    if (synthetic > 0) nib::append(digits, nib::synthetic_digits(synthetic, seed, &executor));
    return digits;
}

nib::Dataset test_digits(const std::string& folder) {
    return folder.empty() ? synthetic_test_digits() : nib::load_mnist(folder, nib::Split::test);
}

}  // namespace examples
