#include <nib/all.hpp>

#include <nib/all.hpp>  // a second time: it must do no harm

#include <cstdint>

std::uint64_t second_unit(std::uint64_t seed);

std::uint64_t second_unit(std::uint64_t seed) { return nib::Rng{seed}(); }
