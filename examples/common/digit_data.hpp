// The digits that the examples learn from and are tested on: MNIST's files where the user has them, nib's own synthetic
// digits where not.
#pragma once

#include <nib/data/dataset.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

inline constexpr std::size_t classes = 10;

// As many as MNIST has. The test digits are the same for every seed that training may use, and none of them.
nib::Dataset synthetic_training_digits(std::uint64_t seed);
nib::Dataset synthetic_test_digits();

// MNIST's in `folder`; synthetic ones where that is empty, and training_digits says so.
nib::Dataset training_digits(const std::string& folder, std::uint64_t seed);
nib::Dataset test_digits(const std::string& folder);

}  // namespace examples
