#include "digit_data.hpp"

#include "printable.hpp"

#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

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

nib::Dataset calibration_digits(const std::string& folder) {
    std::error_code ignored;
    for (const char* const name : {"/train-images-idx3-ubyte", "/train-images.idx3-ubyte"})
        if (!folder.empty() && std::filesystem::exists(folder + name, ignored))
            return nib::load_mnist(folder, nib::Split::train);
    std::fprintf(stderr, "%s: calibrating on synthetic digits\n",
                 folder.empty() ? "no --data" : (printable(folder) + ": no training images").c_str());
    return nib::synthetic_digits(1000, 0xca11'b7a7'e000'0000);
}

}  // namespace examples
