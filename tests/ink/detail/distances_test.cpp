#include <nib/ink/detail/distances.hpp>

#include "../../support.hpp"

#include <nib/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

TEST_CASE("distances are those of a search of all pairs of pixels") {
    nib::Rng rng{1};
    for (const std::size_t rows : {std::size_t{1}, std::size_t{2}, std::size_t{9}, std::size_t{20}})
        for (const std::size_t cols : {std::size_t{1}, std::size_t{3}, std::size_t{17}})
            for (const std::uint64_t one_in : {std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{60}}) {
                std::vector<std::uint8_t> mask(rows * cols);
                for (auto& value : mask) value = rng.below(one_in) == 0 ? 7 : 0;
                mask[rng.below(mask.size())] = 1;
                const auto distances = nib::squared_distances(mask, rows, cols);
                REQUIRE(distances.size() == mask.size());
                for (std::size_t i = 0; i < mask.size(); ++i) {
                    std::int32_t nearest = 1'000'000;
                    for (std::size_t k = 0; k < mask.size(); ++k) {
                        if (mask[k] == 0) continue;
                        const auto dy = static_cast<std::int32_t>(i / cols) - static_cast<std::int32_t>(k / cols);
                        const auto dx = static_cast<std::int32_t>(i % cols) - static_cast<std::int32_t>(k % cols);
                        nearest = std::min(nearest, dx * dx + dy * dy);
                    }
                    CHECK(distances[i] == nearest);
                }
            }
}

TEST_CASE("a mask without a pixel, of another size or too large is refused") {
    const std::vector<std::uint8_t> none(6);
    CHECK(support::error_of([&] { return nib::squared_distances(none, 2, 3); }) ==
          "squared_distances: expected a mask with a pixel, found none");
    CHECK(support::error_of([&] { return nib::squared_distances(none, 2, 2); }) ==
          "squared_distances: expected a mask of at most 16384x16384, found 6 values for 2x2");
    CHECK(support::error_of([&] { return nib::squared_distances(none, 16385, 1); }) ==
          "squared_distances: expected a mask of at most 16384x16384, found 6 values for 16385x1");
}
