#include <nib/kernels/detail/scale_bytes.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using reference::Guarded;

}  // namespace

TEST_CASE_TEMPLATE("scale_bytes makes of each byte what dividing by 255 makes", T, float, double) {
    std::vector<std::uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    reference::for_each_isa([&](nib::Isa) {
        std::vector<T> values(256);
        kernels::scale_bytes<T>(bytes, values);
        for (std::size_t i = 0; i < 256; ++i) CHECK(values[i] == static_cast<T>(i) / T{255});
        CHECK(values[0] == 0);
        CHECK(values[255] == 1);
    });
}

TEST_CASE_TEMPLATE("scale_bytes takes any number of bytes, runs of zeros or not", T, float, double) {
    nib::Rng rng{3};
    for (std::size_t size = 0; size <= 100; ++size) {
        CAPTURE(size);
        std::vector<std::uint8_t> bytes(size);
        if (size > 0 && size % 3 != 0) bytes[rng.below(size)] = 200;
        if (size > 40) bytes[size - 1] = 1;
        reference::for_each_isa([&](nib::Isa) {
            Guarded<T> values(1, size);
            kernels::scale_bytes<T>(bytes, values.view().values());
            for (std::size_t i = 0; i < size; ++i) CHECK(values.values()[i] == static_cast<T>(bytes[i]) / T{255});
            CHECK(values.margins_untouched());
        });
    }
}
