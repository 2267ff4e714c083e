#include <nib/all.hpp>

#include <nib/all.hpp>  // a second time: it must do no harm

#include <cstdint>

std::uint64_t second_unit(std::uint64_t seed);

int main() {
    nib::Rng rng{7};
    return rng() == second_unit(7) ? 0 : 1;
}
