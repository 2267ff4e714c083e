// The digits that the examples learn from and are tested on: MNIST's files where the user has them, nib's own synthetic
// digits where not.
#pragma once

#include <nib/core/executor.hpp>
#include <nib/data/dataset.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

inline constexpr std::size_t classes = 10;

// 60,000 for training and 10,000 for tests, as many as MNIST has. The test digits are the same for every seed that
// training may use, and none of them.
inline constexpr std::size_t synthetic_training_digits = 60'000;
nib::Dataset synthetic_test_digits();

// MNIST's in `folder` and `synthetic` synthetic ones. Where the folder is empty, synthetic ones alone, 60,000 unless
// `synthetic` says otherwise, and training_digits says so.
nib::Dataset training_digits(const std::string& folder, std::size_t synthetic, std::uint64_t seed,
                             nib::Executor& executor);
nib::Dataset test_digits(const std::string& folder);

// What a network of 8-bit integers is calibrated on, never test images: MNIST's training images in `folder`; where it
// is empty or has none, synthetic digits, and calibration_digits says so.
nib::Dataset calibration_digits(const std::string& folder);

}  // namespace examples
