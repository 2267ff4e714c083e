// Constant: a number as a template argument, LeakyReLU<0.01>. (Not all compilers take a double.)
//
//   template <nib::Constant Slope>
//   struct Layer { static constexpr double slope = Slope.value(); };
#pragma once

#include <nib/core/config.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace nib::inline NIB_ABI {

struct Constant {
    std::uint64_t bits = 0;  // of the double

    template <class Number>
    requires std::is_arithmetic_v<Number>
    consteval Constant(Number number) : bits{std::bit_cast<std::uint64_t>(static_cast<double>(number))} {}
    constexpr double value() const { return std::bit_cast<double>(bits); }
};

}  // namespace nib::inline NIB_ABI
